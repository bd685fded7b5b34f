//! Writes of one kind that come at the same time share a transaction: one wait for the
//! disk, and a dozen statements, for all of them.
//!
//! First they are tried in one way to the database, all or nothing; if that does not go, by
//! statements that find out which of them can be written.
//!
//! It knows nothing of refusals. Whatever stands in a write's way, it is left out,
//! leaves nothing, and is tried on its own when the others are written: as if it had
//! come after them. So there is one place that decides what a caller is told.

use std::{fmt, sync::Arc};

use doorstep_accounts::{
    Clock, Standing, Timestamp,
    limits::{LimitKey, Rate},
};
use doorstep_store::{AtOnce, Conn, LimitsTaken, Store, StoreError, failpoint};

use crate::{
    Context,
    limiter::Charge,
    meter::{Bill, Meter, take_together},
    together::{NotDone, Together},
    writing_thread,
};

/// How often a transaction is begun again, without those who have nothing left of a limit,
/// before each of its members is left to itself.
const TRIES: usize = 3;

/// One of the writes that share a transaction.
pub(crate) trait Shared: Send + Sync + Sized + 'static {
    /// What several of them are called, for the log.
    const NAME: &str;
    /// The failpoints before and after the commit, which may be a part of the message that
    /// writes.
    const PLACES: [&str; 2];

    /// What it counts against.
    fn charges(&self) -> &[Charge];

    /// Looks up in whose way nothing stands; gives their places in the list.
    fn free(
        conn: &mut Conn<'_>,
        all: &[&Self],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<usize>, StoreError>> + Send;

    /// Writes those and takes what they count against, in one way to the database; gives how
    /// the limits stand then. `None`: nothing is written, as somebody came in between or less
    /// is left.
    fn write_at_once(
        at_once: AtOnce,
        all: &[&Self],
        charges: &[(LimitKey, Rate, i64)],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<LimitsTaken>, StoreError>> + Send;

    /// Writes all that can be written, and of the others nothing; gives their places in
    /// the list. `None`: the transaction must be given up.
    fn write_all(
        conn: &mut Conn<'_>,
        all: &[&Self],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<usize>>, StoreError>> + Send;
}

/// What of one kind waits in this process. Cheap to clone.
pub(crate) struct Writes<T>(Together<Arc<T>, Result<Outcome, String>>);

/// What became of a write; the error is that of a commit.
#[derive(Debug, Clone)]
enum Outcome {
    /// It is durable, and this is what is left of the limits.
    Written(Vec<Standing>),
    /// It left nothing, and may be tried alone.
    Alone,
}

impl<T> Clone for Writes<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Writes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Shared> Writes<T> {
    /// Into that database.
    pub(crate) fn new(store: &Store) -> Self {
        Self(Together::at(writing_thread::handle(), store.writers()))
    }

    /// Writes one, with those that come at the same time. `false`: it left nothing, and
    /// is better tried alone.
    pub(crate) async fn write(
        &self,
        context: &Context,
        meter: &Meter,
        one: &Arc<T>,
    ) -> Result<bool, StoreError> {
        let (store, clock) = (context.store.clone(), Arc::clone(&context.clock));
        let work = move |all| write(store.clone(), Arc::clone(&clock), all);
        match self.0.have_done(Arc::clone(one), work).await {
            Ok(Ok(Outcome::Written(standings))) => {
                meter.note_all(standings);
                Ok(true)
            }
            Ok(Ok(Outcome::Alone)) => Ok(false),
            Ok(Err(error)) => Err(StoreError::Shared(error)),
            Err(NotDone::Full) => Err(StoreError::Busy),
            Err(NotDone::BrokenOff) => Err(StoreError::Shared("it broke off".to_owned())),
        }
    }
}

async fn write<T: Shared>(
    store: Store,
    clock: Arc<dyn Clock>,
    all: Vec<Arc<T>>,
) -> Vec<Result<Outcome, String>> {
    let mut outcomes = vec![Ok(Outcome::Alone); all.len()];
    match write_all(&store, &*clock, &all).await {
        Ok(written) => {
            tracing::debug!(
                what = T::NAME,
                together = all.len(),
                written = written.len(),
                "a transaction was shared"
            );
            for (at, standings) in written {
                outcomes[at] = Ok(Outcome::Written(standings));
            }
        }
        // The disk or the connection failed at the very end: nobody knows whether it is
        // written, and to try again could refuse a caller for its own account.
        // And what is too slow would be as slow alone, for longer than the callers wait.
        Err(Broken::AtCommit(error) | Broken::TooSlow(error)) => outcomes.fill(Err(error)),
        // Each of them tries alone, and says what is wrong if it still is.
        Err(Broken::Before(error)) => {
            tracing::debug!(what = T::NAME, error, "a shared transaction was given up");
        }
    }
    outcomes
}

/// How a transaction failed.
enum Broken {
    /// It has left nothing.
    Before(String),
    /// It has left nothing, and the database had all the time that there is.
    TooSlow(String),
    /// It may have been committed.
    AtCommit(String),
}

impl Broken {
    /// Of a commit that the database answered, it is known that nothing was written; not of
    /// one whose answer did not come, or says nothing.
    fn at_commit(error: StoreError) -> Self {
        match error {
            error if error.left_nothing() => Self::Before(chain(&error)),
            StoreError::Unavailable(_) | StoreError::Corrupt { .. } => {
                Self::AtCommit(chain(&error))
            }
            error => error.into(),
        }
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        if error.took_too_long() {
            Self::TooSlow(chain(&error))
        } else {
            Self::Before(chain(&error))
        }
    }
}

/// An error and what it comes of, for the operator.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// What [`write_all`] gives, in one way to the database. `None`: nothing is written.
async fn write_at_once<T: Shared>(
    store: &Store,
    clock: &dyn Clock,
    all: &[Arc<T>],
) -> Result<Option<Vec<(usize, Vec<Standing>)>>, Broken> {
    let members: Vec<&T> = all.iter().map(|one| &**one).collect();
    let mut at_once = store.at_once().await?;
    let places = T::free(&mut at_once.conn(), &members, clock.now()).await?;
    if places.is_empty() {
        at_once.done();
        return Ok(Some(Vec::new()));
    }
    let going: Vec<&T> = places.iter().map(|at| members[*at]).collect();
    let charges: Vec<_> = going.iter().map(|one| one.charges()).collect();
    let (bill, now) = (Bill::of(&charges), clock.now());
    let [before, after] = T::PLACES;
    failpoint::at(before);
    let taken = T::write_at_once(at_once, &going, bill.items(), now).await;
    let Some(taken) = taken.map_err(Broken::at_commit)? else { return Ok(None) };
    failpoint::at(after);
    let missing = |_| Broken::AtCommit("what is left of a limit is not known".to_owned());
    let standings = bill.standings(&charges, taken, now).map_err(missing)?;
    Ok(Some(places.into_iter().zip(standings).collect()))
}

/// The places of those that are written, each with what is left of its limits.
async fn write_all<T: Shared>(
    store: &Store,
    clock: &dyn Clock,
    all: &[Arc<T>],
) -> Result<Vec<(usize, Vec<Standing>)>, Broken> {
    if let Some(written) = write_at_once(store, clock, all).await? {
        return Ok(written);
    }
    let mut places: Vec<usize> = (0..all.len()).collect();
    for _ in 0..TRIES {
        let members: Vec<&T> = places.iter().map(|at| &*all[*at]).collect();
        let mut tx = store.begin_together().await?;
        let mut conn = tx.conn();
        let now = clock.now();
        let Some(written) = T::write_all(&mut conn, &members, now).await? else {
            return Err(Broken::Before("somebody came in between".to_owned()));
        };
        if written.is_empty() {
            return Ok(Vec::new());
        }
        let charges: Vec<_> = written.iter().map(|at| members[*at].charges()).collect();
        match take_together(&mut conn, &charges, now).await? {
            Ok(standings) => {
                let [before, after] = T::PLACES;
                failpoint::at(before);
                tx.commit().await.map_err(Broken::at_commit)?;
                failpoint::at(after);
                let written = written.into_iter().map(|at| places[at]);
                return Ok(written.zip(standings).collect());
            }
            // Nothing is left of these: once more, without whoever counts against them.
            Err(exhausted) => {
                let counts = |charge: &Charge| exhausted.contains(&charge.key);
                places.retain(|at| !all[*at].charges().iter().any(counts));
            }
        }
    }
    Err(Broken::Before("limits are used up".to_owned()))
}
