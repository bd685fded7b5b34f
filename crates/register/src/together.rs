//! Work that is done for many requests in one go.
//!
//! Who needs something puts it into a queue. Whoever works on it takes all that waits
//! there, does it in one transaction, and tells each how it ended. Nobody waits for
//! others to come: while nobody is at work, what comes is begun with at once, alone if
//! it is alone. What comes meanwhile waits for that and goes together.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, time::timeout};

/// Most that is done in one go. Half of the store's widest statement: while one half of
/// what comes at once is written, the other half is read and answered. With all in one
/// go processors and disk took turns (a quarter of the time idle with 64 connections).
const MOST_TOGETHER: usize = 32;
/// Most that may wait. The server lets no more requests in than its settings say, 512
/// by default; where they say more, this is what is left of a bound.
const MOST_WAITING: usize = 2_048;

/// How long one go may take. Each statement is given up after five seconds, and each request
/// after ten, so whoever is waited for longer has nobody left to tell: the network lost
/// the answer, and what comes next must not wait for it as well.
const LONGEST: Duration = Duration::from_secs(10);

/// A queue and those who work it off. Cheap to clone.
pub(crate) struct Together<T, R>(Arc<Shared<T, R>>);

struct Shared<T, R> {
    state: Mutex<State<T, R>>,
    most_at_work: usize,
    /// Where it is worked on, if not beside those who ask.
    place: Option<Handle>,
}

struct State<T, R> {
    waiting: VecDeque<Waiting<T, R>>,
    at_work: usize,
}

struct Waiting<T, R> {
    what: T,
    whom: oneshot::Sender<R>,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotDone {
    /// Too much waits already.
    Full,
    /// Whoever was at it broke off.
    BrokenOff,
}

impl<T, R> Clone for Together<T, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, R> fmt::Debug for Together<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").field("most_at_work", &self.0.most_at_work).finish()
    }
}

impl<T: Send + 'static, R: Send + 'static> Together<T, R> {
    /// With so many at work at a time.
    pub(crate) fn new(most_at_work: usize) -> Self {
        Self::at(None, most_at_work)
    }

    /// With so many at work at a time, at another place than those who ask.
    pub(crate) fn at(place: Option<Handle>, most_at_work: usize) -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), at_work: 0 });
        Self(Arc::new(Shared { state, most_at_work, place }))
    }

    /// Has something done, by `work`, which gives an outcome for each in its order.
    /// Whoever asks and goes away before it is begun with is passed over.
    pub(crate) async fn have_done<W, F>(&self, what: T, work: W) -> Result<R, NotDone>
    where
        W: Fn(Vec<T>) -> F + Send + 'static,
        F: Future<Output = Vec<R>> + Send + 'static,
    {
        let (whom, outcome) = oneshot::channel();
        let begin = {
            let mut state = self.0.state();
            if state.waiting.len() >= MOST_WAITING {
                return Err(NotDone::Full);
            }
            state.waiting.push_back(Waiting { what, whom });
            let begin = state.at_work < self.0.most_at_work && state.is_worth_another();
            state.at_work += usize::from(begin);
            begin
        };
        if begin {
            // A task of its own: the request may be given up, the others' must not be.
            let work = work_off(Arc::clone(&self.0), work);
            match &self.0.place {
                Some(place) => place.spawn(work),
                None => tokio::spawn(work),
            };
        }
        outcome.await.map_err(|_| NotDone::BrokenOff)
    }
}

async fn work_off<T, R, W, F>(shared: Arc<Shared<T, R>>, work: W)
where
    T: Send + 'static,
    R: Send + 'static,
    W: Fn(Vec<T>) -> F + Send,
    F: Future<Output = Vec<R>> + Send + 'static,
{
    loop {
        // Whoever is about to ask comes along: one that is spawned runs before those that
        // are ready.
        tokio::task::yield_now().await;
        let Some((what, whom)) = shared.next() else { return };
        // A panic in there is told to those whom it concerns, and the next go on.
        let Ok(Ok(outcomes)) = tokio::spawn(timeout(LONGEST, work(what))).await else { continue };
        for (outcome, whom) in outcomes.into_iter().zip(whom) {
            // Whoever went away will ask again.
            let _ = whom.send(outcome);
        }
    }
}

impl<T, R> Shared<T, R> {
    fn state(&self) -> MutexGuard<'_, State<T, R>> {
        // A panic elsewhere leaves a queue that is still a queue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that waits, as far as it goes together, and who asked for it. With nothing, or
    /// too little beside others, one is no longer at work: known before anything new can
    /// come into the queue.
    fn next(&self) -> Option<(Vec<T>, Vec<oneshot::Sender<R>>)> {
        let mut state = self.state();
        let (mut what, mut whom) = (Vec::new(), Vec::new());
        state.at_work -= 1;
        if !state.is_worth_another() {
            return None;
        }
        while what.len() < MOST_TOGETHER
            && let Some(next) = state.waiting.pop_front()
        {
            if !next.whom.is_closed() {
                what.push(next.what);
                whom.push(next.whom);
            }
        }
        if what.is_empty() {
            return None;
        }
        state.at_work += 1;
        Some((what, whom))
    }
}

impl<T, R> State<T, R> {
    /// Whether one more has enough to do: anything while nobody is at work, and as much as
    /// goes together beside others. With less they would share it out among them, and each
    /// part costs as much as the whole.
    fn is_worth_another(&self) -> bool {
        self.waiting.len() >= if self.at_work == 0 { 1 } else { MOST_TOGETHER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives each number and in how large a company it came.
    async fn tally(numbers: Vec<u32>) -> Vec<(u32, usize)> {
        tokio::task::yield_now().await;
        assert!(!numbers.contains(&13), "breaks off");
        let together = numbers.len();
        numbers.into_iter().map(|number| (number, together)).collect()
    }

    #[tokio::test]
    async fn who_comes_alone_goes_alone_and_who_comes_meanwhile_goes_together() {
        let together = Together::new(1);
        assert_eq!(together.have_done(1, tally).await, Ok((1, 1)));
        let all = (0..200).map(|number| {
            let together = together.clone();
            tokio::spawn(async move { together.have_done(number, tally).await })
        });
        let all: Vec<_> = all.collect();
        let mut most = 0;
        for (number, done) in all.into_iter().enumerate() {
            match done.await.unwrap() {
                Ok((of, company)) => {
                    assert_eq!(of as usize, number);
                    most = most.max(company);
                }
                // The thirteenth takes those with it who came together with it.
                Err(broken_off) => assert_eq!(broken_off, NotDone::BrokenOff),
            }
        }
        assert!((2..=MOST_TOGETHER).contains(&most), "{most}");
        assert_eq!(together.have_done(2, tally).await, Ok((2, 1)));
    }

    #[tokio::test]
    async fn what_is_written_is_written_in_a_thread_of_its_own() {
        let together = Together::at(crate::writing_thread::handle(), 1);
        let threads = |all: Vec<()>| async move {
            vec![std::thread::current().name().map(str::to_owned); all.len()]
        };
        assert_eq!(together.have_done((), threads).await, Ok(Some("writing".to_owned())));
    }

    #[tokio::test]
    async fn the_queue_has_an_end_and_who_went_away_is_passed_over() {
        let together = Together::new(1);
        let all: Vec<_> = (0..3_000_u32)
            .map(|number| {
                let together = together.clone();
                async move { together.have_done(number, tally).await }
            })
            .collect();
        let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
        let mut full = 0;
        for one in &mut all {
            // Asks, and does not wait.
            let asked = tokio::select! {
                biased;
                done = one => Some(done),
                () = std::future::ready(()) => None,
            };
            full += usize::from(asked == Some(Err(NotDone::Full)));
        }
        assert_eq!(full, 3_000 - MOST_WAITING);
        drop(all);
        // Whoever is at work lets others go first, comes by, and finds nobody who still waits.
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(together.have_done(7, tally).await, Ok((7, 1)));
    }
}
