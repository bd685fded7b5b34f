//! Work in the background: takes the jobs that are due, keeps their leases while they
//! run, and gives back or gives up what fails.
//!
//! What each kind does stands in a file of its own, as a [`Work`]; the list of them is
//! in [`Runner::new`]. A job runs at least once, and never twice at a time while the
//! clocks of the servers agree to within a lease. A process that stands still for longer
//! than that may go on with a job that another one has taken over: it finds that it
//! lost the lease when it next renews it, at the latest when it writes the result,
//! which is then not written.

pub(crate) mod answer;
mod confirm_email;
mod directory;
mod provision;
mod webhook;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use doorstep_accounts::{JobKind, Timestamp, secret::random_text};
use doorstep_register::Context;
use doorstep_store::{Lease, StoreError};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use self::{confirm_email::ConfirmEmail, provision::Provision};
use crate::{
    config::{Jobs, Settings},
    failpoint,
    http::chain,
};

/// A future of a [`Work`].
pub(crate) type Working<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is done for jobs of a kind.
pub(crate) trait Work: Send + Sync {
    /// The kind.
    fn kind(&self) -> JobKind;

    /// Does the job. It is dropped at its next `await` when the lease is lost.
    fn run<'a>(&'a self, lease: &'a Lease) -> Working<'a, Result<Ended, Failed>>;

    /// Writes that the job is given up, and buries it, in one transaction. `false`: the
    /// lease is lost.
    fn give_up<'a>(
        &'a self,
        lease: &'a Lease,
        reason: &'a str,
    ) -> Working<'a, Result<bool, Failed>>;
}

/// How a try ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The job is finished or put off, by the transaction that wrote the result.
    Settled,
    /// The lease is lost: nothing was written.
    Lost,
}

/// Why a try failed, for the operator. There is another one, unless it was the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed(pub(crate) String);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(chain(&error))
    }
}

/// How long a look for jobs may take, which is a few statements of five seconds at the most.
/// An answer that the network lost would hold up all jobs, and the end of the server.
const LOOK: Duration = Duration::from_secs(10);

/// What is said of a job whose workers never came back.
const WORKER_LOST: &str = "the worker ended in the middle of it, several times";

/// Works jobs off until it is stopped.
pub(crate) struct Runner {
    context: Context,
    settings: Jobs,
    patience: Duration,
    owner: String,
    works: Vec<Arc<dyn Work>>,
}

impl Runner {
    /// Of all kinds.
    pub(crate) fn new(context: &Context, settings: &Settings) -> Self {
        let provision = Provision::new(context, &settings.provisioning, settings.public_url());
        let provision = provision.map(|provision| Arc::new(provision) as Arc<dyn Work>);
        let confirm = ConfirmEmail::new(context, settings);
        let confirm = confirm.map(|confirm| Arc::new(confirm) as Arc<dyn Work>);
        // Told apart from all other processes, also on other machines.
        let owner = format!("{}-{}", std::process::id(), random_text(8, &*context.entropy));
        Self {
            context: context.clone(),
            settings: settings.jobs.clone(),
            patience: Duration::from_secs(settings.limits.shutdown_seconds),
            owner,
            works: provision.into_iter().chain(confirm).collect(),
        }
    }

    /// Runs until `stop`, then lets what has begun finish for as long as requests may.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let runner = Arc::new(self);
        let mut kinds = JoinSet::new();
        for work in &runner.works {
            kinds.spawn(Arc::clone(&runner).run_kind(Arc::clone(work), stop.clone()));
        }
        while kinds.join_next().await.is_some() {}
    }

    async fn run_kind(self: Arc<Self>, work: Arc<dyn Work>, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.settings.at_once));
        let mut added = self.context.store.jobs_added();
        let at_once = CancellationToken::new();
        let mut running = JoinSet::new();
        let mut recalled = None;
        while !stop.is_cancelled() {
            added.mark_unchanged();
            if recalled.is_none_or(|then: Instant| then.elapsed() >= self.settings.lease()) {
                recalled = Some(Instant::now());
                let _in_time = timeout(LOOK, self.recall(&*work)).await;
            }
            let taken = timeout(LOOK, self.take(&*work, places.available_permits())).await;
            let taken = taken.unwrap_or(Err(StoreError::Busy));
            let pause = match taken {
                Ok((leases, pause)) => {
                    for lease in leases {
                        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
                        let (runner, work) = (Arc::clone(&self), Arc::clone(&work));
                        let at_once = at_once.clone();
                        running.spawn(async move {
                            runner.work_off(&*work, &lease, at_once).await;
                            drop(place);
                        });
                    }
                    pause
                }
                Err(error) => {
                    tracing::warn!(
                        kind = work.kind().name(),
                        cause = chain(&error),
                        "no job can be taken"
                    );
                    self.settings.poll()
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                _ = added.changed() => {}
                Some(ended) = running.join_next(), if !running.is_empty() => note_panic(ended),
            }
        }
        let rest = async {
            while let Some(ended) = running.join_next().await {
                note_panic(ended);
            }
        };
        if timeout(self.patience, rest).await.is_err() {
            at_once.cancel();
            while let Some(ended) = running.join_next().await {
                note_panic(ended);
            }
        }
    }

    /// Looks for jobs that a clock which was set back would keep waiting. What is not done
    /// now is done a lease later.
    async fn recall(&self, work: &dyn Work) {
        let (now, kind) = (self.context.clock.now(), work.kind());
        let times = (self.settings.lease(), self.settings.most_pause());
        let recalled = async {
            let mut tx = self.context.store.begin().await?;
            let count = tx.conn().recall_jobs(kind, now, times).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(count)
        };
        match recalled.await {
            Ok(0) => {}
            Ok(count) => {
                tracing::warn!(kind = kind.name(), count, "jobs waited for a clock that was ahead");
            }
            Err(error) => {
                tracing::warn!(kind = kind.name(), cause = chain(&error), "no job can be recalled");
            }
        }
    }

    /// Takes jobs that are due; says how long there is nothing more to take.
    async fn take(
        &self,
        work: &dyn Work,
        most: usize,
    ) -> Result<(Vec<Lease>, Duration), StoreError> {
        let poll = self.settings.poll();
        if most == 0 {
            return Ok((Vec::new(), poll));
        }
        // A look costs nothing; taking would be a commit, whether there is anything or not.
        let next = self.context.store.read().await?.conn().next_job(work.kind()).await?;
        let now = self.context.clock.now();
        match next {
            Some(due) if due <= now => {}
            Some(due) => {
                let wait = u64::try_from(due.0 - now.0).unwrap_or_default();
                return Ok((Vec::new(), poll.min(Duration::from_millis(wait))));
            }
            None => return Ok((Vec::new(), poll)),
        }
        let until = self.lease_end(now);
        let mut tx = self.context.store.begin().await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let leases = tx.conn().lease_jobs(work.kind(), &self.owner, (now, until), most).await?;
        tx.commit().await?;
        // What is left over is due now.
        Ok((leases, Duration::ZERO))
    }

    const fn lease_end(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.settings.lease_millis))
    }

    async fn work_off(&self, work: &dyn Work, lease: &Lease, at_once: CancellationToken) {
        failpoint::at("leased");
        let job = lease.job_id.as_str();
        let held = self.hold(lease, self.attempt(work, lease));
        let ended = tokio::select! {
            ended = held => ended,
            () = at_once.cancelled() => {
                self.note(lease, "returned", self.give_back(lease).await);
                return;
            }
        };
        match ended {
            None | Some(Ok(Ended::Lost)) => {
                tracing::warn!(
                    job,
                    fence = lease.fence,
                    "the lease of a job was lost: nothing was written"
                );
                count(lease, "lost");
            }
            Some(Ok(Ended::Settled)) => count(lease, "settled"),
            Some(Err(Failed(reason))) if lease.attempt >= lease.kind.tries() => {
                tracing::error!(job, kind = lease.kind.name(), reason, "a job was given up");
                let buried = work.give_up(lease, &reason).await;
                self.note(lease, "given_up", buried);
            }
            Some(Err(Failed(reason))) => {
                tracing::warn!(
                    job,
                    kind = lease.kind.name(),
                    attempt = lease.attempt,
                    reason,
                    "a job failed and is tried again"
                );
                let returned = self.try_again(lease, &reason).await;
                self.note(lease, "failed", returned);
            }
        }
    }

    async fn attempt(&self, work: &dyn Work, lease: &Lease) -> Result<Ended, Failed> {
        if lease.attempt > lease.kind.tries() {
            // No try ever said that it failed: it takes the worker down.
            return Err(Failed(lease.reason.clone().unwrap_or_else(|| WORKER_LOST.to_owned())));
        }
        work.run(lease).await
    }

    /// Works while the lease is renewed; `None` when it is lost.
    async fn hold<T>(&self, lease: &Lease, working: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = working => Some(done),
            () = self.keep(lease) => None,
        }
    }

    /// Renews the lease until it is lost: to somebody else, or because it could not be
    /// renewed for so long that somebody else may have it. A database that does not answer
    /// is no reason to go on.
    async fn keep(&self, lease: &Lease) {
        let (length, every) = (self.settings.lease(), self.settings.lease() / 3);
        let mut safe_until = Instant::now() + length;
        loop {
            tokio::time::sleep(every).await;
            let asked = Instant::now();
            match tokio::time::timeout_at(safe_until, self.renew(lease)).await {
                Ok(Ok(true)) => safe_until = asked + length,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(error)) => {
                    tracing::warn!(
                        job = lease.job_id,
                        cause = chain(&error),
                        "a lease could not be renewed"
                    );
                    if Instant::now() >= safe_until {
                        return;
                    }
                }
            }
        }
    }

    async fn renew(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut tx = self.context.store.begin().await?;
        let kept = tx.conn().renew_job(lease, self.lease_end(self.context.clock.now())).await?;
        tx.commit().await?;
        Ok(kept)
    }

    async fn try_again(&self, lease: &Lease, reason: &str) -> Result<bool, Failed> {
        let pause = self.settings.pauses().after(lease.attempt, &*self.context.entropy);
        let due = Timestamp(self.context.clock.now().0.saturating_add(pause));
        let mut tx = self.context.store.begin().await?;
        let returned = tx.conn().retry_job(lease, due, reason).await?;
        tx.commit().await?;
        Ok(returned)
    }

    async fn give_back(&self, lease: &Lease) -> Result<bool, Failed> {
        let mut tx = self.context.store.begin().await?;
        let returned = tx.conn().return_job(lease, self.context.clock.now()).await?;
        tx.commit().await?;
        Ok(returned)
    }

    /// Notes what became of a lease. What could not be written is tried again when the
    /// lease has run out.
    fn note(&self, lease: &Lease, outcome: &'static str, written: Result<bool, Failed>) {
        match written {
            Ok(true) => count(lease, outcome),
            Ok(false) => count(lease, "lost"),
            Err(Failed(cause)) => {
                tracing::error!(
                    job = lease.job_id,
                    owner = self.owner,
                    cause,
                    "what became of a job could not be written"
                );
            }
        }
    }
}

fn count(lease: &Lease, outcome: &'static str) {
    metrics::counter!("doorstep_jobs_total", "kind" => lease.kind.name(), "outcome" => outcome)
        .increment(1);
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        // The panic hook has logged the place. The lease runs out, and it is tried again.
        tracing::error!("a job panicked");
    }
}
