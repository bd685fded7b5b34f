//! Connections that one look-up leaves to the next.
//!
//! A pool asks each connection that it gets back whether it is still well: a way to the
//! database and back, or on SQLite to another thread and back, after every look-up, which
//! is as long as the look-up itself.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Conn, Read, Store, StoreError, connect::Database, read_only::was_told_since};

/// For how long one stays out of its pool. After that the pool looks at it again, and
/// closes it if it is too old.
const LONGEST: Duration = Duration::from_mins(1);

/// How many at the most. On PostgreSQL there are as many beside them as there are
/// transactions that many requests share: none of these waits for one that lies here.
const MOST: usize = 2;

/// The connections of a store that are kept. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    free: Vec<Lent>,
    /// How many wait for the pools. They get what is given back, so nothing is kept.
    waiting: usize,
    closed: bool,
}

/// A connection for what many requests read together.
#[derive(Debug)]
pub struct Lent {
    read: Read,
    /// When it left its pool.
    since: Instant,
}

/// That somebody waits for a pool.
pub(crate) struct Waiting(Kept);

impl Store {
    /// A connection for what many requests read together. Whoever is done with it, and
    /// whose statements went well, may [`Self::keep`] it.
    pub async fn read_together(&self) -> Result<Lent, StoreError> {
        let _waiting = match self.kept.take() {
            Ok(lent) => return Ok(lent),
            Err(waiting) => waiting,
        };
        let read = match &self.database {
            Database::Sqlite { read, .. } => Read::Sqlite(Box::pin(read.acquire()).await?),
            Database::Postgres { shared, .. } => Read::Postgres(Box::pin(shared.acquire()).await?),
        };
        Ok(Lent { read, since: Instant::now() })
    }

    /// Leaves a connection to the next who reads.
    pub fn keep(&self, lent: Lent) {
        self.kept.keep(lent);
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Ok(match &self.database {
            Database::Sqlite { read, .. } => {
                let _waiting = match self.kept.take() {
                    Ok(Lent { read, .. }) => return Ok(read),
                    Err(waiting) => waiting,
                };
                Read::Sqlite(Box::pin(read.acquire()).await?)
            }
            Database::Postgres { pool, .. } => Read::Postgres(Box::pin(pool.acquire()).await?),
        })
    }
}

impl Kept {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is kept; otherwise the caller is known to wait for a pool, as long as the
    /// other value lives.
    pub(crate) fn take(&self) -> Result<Lent, Waiting> {
        let mut state = self.state();
        while let Some(lent) = state.free.pop() {
            if lent.is_well() {
                return Ok(lent);
            }
        }
        state.waiting += 1;
        Err(Waiting(self.clone()))
    }

    /// The caller waits for a pool.
    pub(crate) fn wait(&self) -> Waiting {
        self.state().waiting += 1;
        Waiting(self.clone())
    }

    /// Keeps one whose last statement went well.
    pub(crate) fn keep(&self, lent: Lent) {
        let mut state = self.state();
        let wanted = state.waiting == 0 && state.free.len() < MOST && !state.closed;
        if wanted && lent.is_well() {
            state.free.push(lent);
        }
    }

    /// Gives all back to their pools, and keeps no more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.free.clear();
    }
}

impl Lent {
    /// The connection, for statements that do not write.
    pub fn conn(&mut self) -> Conn<'_> {
        self.read.conn()
    }

    fn is_well(&self) -> bool {
        let age = self.since.elapsed();
        age < LONGEST && !was_told_since(age)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}
