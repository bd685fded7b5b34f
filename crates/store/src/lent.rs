//! Connections that are lent to one transaction or look-up after the other.
//!
//! A pool asks each connection that it gets back whether it is still well: a way to the
//! database and back, or on SQLite to another thread and back, which is as long as a
//! look-up itself. And it waits for the answer as long as the network does, a quarter of
//! an hour where packets get lost. Here a connection comes back at once if what it was
//! lent for went well, and is asked, not for long, if it did not or has lain for a while.

use std::{
    fmt,
    io::ErrorKind,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection, Database, PgConnection, Postgres, Sqlite, SqliteConnection};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use crate::{
    many::{Ran, Script},
    read_only::was_told_since,
};

/// After so long a connection is closed in place of being lent again, as pools do:
/// memory that a session gathers in PostgreSQL goes, and a load balancer gets its turn.
const LONGEST: Duration = Duration::from_mins(30);
/// One that nobody needed for so long is closed: many came at once and opened it, and what
/// all servers keep open is a part of the hundred that PostgreSQL has.
const IDLE: Duration = Duration::from_mins(1);
/// How long one may take to say that it is well, or to take back what was begun. The
/// request that it was lent for has failed already, or another waits for it.
const ANSWER: Duration = Duration::from_secs(1);
/// How long to wait before a database that does not let anybody in is asked again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long a close waits for those that are lent: nothing takes longer than a statement
/// may.
const LAST: Duration = Duration::from_secs(6);

/// How a connection is opened.
type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// Lends connections. Cheap to clone.
pub(crate) struct Lender<DB: Lends>(Arc<Shared<DB>>);

struct Shared<DB: Lends> {
    options: Options<DB>,
    /// How many there are, lent or not.
    most: u32,
    /// How long somebody waits for one.
    patience: Duration,
    /// One that nobody used for so long is asked first.
    quiet: Duration,
    places: Arc<Semaphore>,
    /// In the order in which they came back. The last is the first to go: its caches are warm.
    free: Mutex<Vec<Free<DB>>>,
}

struct Free<DB: Database> {
    connection: DB::Connection,
    opened: Instant,
    /// When it came back.
    since: Instant,
}

/// A connection that somebody has. It goes back when it is dropped; what was begun on it
/// and not ended is taken back.
pub(crate) struct Lent<DB: Lends> {
    /// Gone when it is on its way back.
    held: Option<Held<DB>>,
    is_begun: bool,
}

struct Held<DB: Lends> {
    connection: DB::Connection,
    opened: Instant,
    place: OwnedSemaphorePermit,
    lender: Lender<DB>,
}

/// A database whose connections can be lent.
pub(crate) trait Lends: Database + Sized {
    /// Whether there is no network between, which forgets connections and leads to others.
    const IS_NEAR: bool;

    fn run(
        connection: &mut Self::Connection,
        sql: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl Lends for Sqlite {
    const IS_NEAR: bool = true;

    async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        // Kept prepared.
        sqlx::query(sql).execute(connection).await.map(drop)
    }
}

impl Lends for Postgres {
    const IS_NEAR: bool = false;

    async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        // One message, not four.
        sqlx::raw_sql(sql).execute(connection).await.map(drop)
    }
}

impl<DB: Lends> Lender<DB> {
    /// At the most so many, for which nobody waits longer than so long, and of which those
    /// that were quiet for so long are asked first. None is opened before it is needed.
    pub(crate) fn new(
        options: Options<DB>,
        most: u32,
        patience: Duration,
        quiet: Duration,
    ) -> Self {
        let places = Arc::new(Semaphore::new(most as usize));
        Self(Arc::new(Shared { options, most, patience, quiet, places, free: Mutex::default() }))
    }

    /// A connection, in the order of those who ask.
    pub(crate) async fn lend(&self) -> Result<Lent<DB>, sqlx::Error> {
        let Shared { options, patience, places, .. } = &*self.0;
        let find = async {
            let place = Arc::clone(places).acquire_owned().await;
            let place = place.map_err(|_| sqlx::Error::PoolClosed)?;
            let (connection, opened) = match self.rested().await {
                Some(Free { connection, opened, .. }) => (connection, opened),
                // What hardly ever runs is not a part of each request's future.
                None => (Box::pin(open::<DB>(options)).await?, Instant::now()),
            };
            let held = Held { connection, opened, place, lender: self.clone() };
            Ok(Lent { held: Some(held), is_begun: false })
        };
        timeout(*patience, find).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// One that is free and well. What is not is closed.
    async fn rested(&self) -> Option<Free<DB>> {
        loop {
            let mut one = self.free().pop()?;
            let age = one.opened.elapsed();
            if !DB::IS_NEAR && (age >= LONGEST || was_told_since(age)) {
                continue;
            }
            if one.since.elapsed() < self.0.quiet {
                return Some(one);
            }
            match timeout(ANSWER, one.connection.ping()).await {
                Ok(Ok(())) => return Some(one),
                Ok(Err(_)) => {}
                Err(_) => {
                    // The others have lain for longer: a new one will sooner be there.
                    let _closed = std::mem::take(&mut *self.free());
                    return None;
                }
            }
        }
    }

    /// Waits for those that are lent, and closes all.
    pub(crate) async fn close(&self) {
        let Shared { most, places, .. } = &*self.0;
        let _all = timeout(LAST, places.acquire_many(*most)).await;
        places.close();
        let free = std::mem::take(&mut *self.free());
        for Free { connection, .. } in free {
            let _ = timeout(ANSWER, connection.close()).await;
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<Free<DB>>> {
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Lends> Lent<DB> {
    /// Begins a transaction.
    pub(crate) async fn begin(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        // Whoever gives up in the middle does not know how far it came.
        self.is_begun = true;
        DB::run(self, sql).await
    }

    /// Makes durable what was begun.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        DB::run(&mut self, "COMMIT").await?;
        self.is_begun = false;
        self.give_back();
        Ok(())
    }

    /// All went well: the next one may have it as it is.
    pub(crate) fn give_back(mut self) {
        if !self.is_begun
            && let Some(held) = self.held.take()
        {
            held.give_back();
        }
    }
}

impl Lent<Sqlite> {
    /// Runs a transaction that is one message.
    pub(crate) async fn run(mut self, script: Script) -> Result<Ran, sqlx::Error> {
        self.is_begun = true;
        let ran = script.run(&mut self).await?;
        self.is_begun = false;
        self.give_back();
        Ok(ran)
    }
}

impl<DB: Lends> Held<DB> {
    fn give_back(self) {
        let Self { connection, opened, place, lender } = self;
        let mut free = lender.free();
        free.push(Free { connection, opened, since: Instant::now() });
        let idle = free.iter().take_while(|one| one.since.elapsed() >= IDLE).count();
        let idle: Vec<_> = free.drain(..idle).collect();
        drop(free);
        // Closed without holding anybody up.
        drop(idle);
        drop(place);
    }

    /// Brings it into order, if it still answers. Otherwise it is closed.
    async fn mend(mut self, is_begun: bool) {
        let mended = async {
            if is_begun {
                DB::run(&mut self.connection, "ROLLBACK").await
            } else {
                self.connection.ping().await
            }
        };
        if let Ok(Ok(())) = timeout(ANSWER, mended).await {
            self.give_back();
        }
    }
}

impl<DB: Lends> Drop for Lent<DB> {
    fn drop(&mut self) {
        // Nobody says how it went. Where nothing runs that could ask, it is closed.
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(held.mend(self.is_begun));
        }
    }
}

impl<DB: Lends> Deref for Lent<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.held.as_ref().expect(HELD).connection
    }
}

impl<DB: Lends> DerefMut for Lent<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.held.as_mut().expect(HELD).connection
    }
}

/// Opens a connection, once somebody is there to answer: a database that starts again takes
/// a moment, and whoever asks has one.
async fn open<DB: Lends>(options: &Options<DB>) -> Result<DB::Connection, sqlx::Error> {
    loop {
        match DB::Connection::connect_with(options).await {
            Err(sqlx::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {}
            // Too many connections; the database starts or stops.
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("53300" | "57P03")) => {}
            ended => return ended,
        }
        sleep(AGAIN).await;
    }
}

/// Only what takes the value takes it away.
const HELD: &str = "a connection that is lent";

impl<DB: Lends> Clone for Lender<DB> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<DB: Lends> fmt::Debug for Lender<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lender").field("most", &self.0.most).finish_non_exhaustive()
    }
}

impl<DB: Lends> fmt::Debug for Lent<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("is_begun", &self.is_begun).finish_non_exhaustive()
    }
}
