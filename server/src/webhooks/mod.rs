//! Tells endpoints what happened (Standard Webhooks): takes the endpoints that are to be
//! told something, and has a [`Sender`] for each that it got.
//!
//! Every event is sent at least once: what was sent and not noted is sent again. Those of
//! one user are sent to an endpoint one after the other, each when the one before it was
//! taken or given up; those of different users at the same time.

mod schedule;
mod send;
mod sender;
mod watch;

use std::{sync::Arc, time::Duration};

use doorstep_accounts::secret::random_text;
use doorstep_register::Context;
use doorstep_store::{EndpointLease, StoreError};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

pub(crate) use {schedule::Schedule, watch::watch};

use self::sender::Sender;
use crate::{
    config::{Settings, Webhooks},
    http::chain,
    outbound::Outbound,
};

/// The setting that allows addresses which are not public.
pub(crate) const PRIVATE: &str = "webhooks.allow_private";

/// How endpoints are asked.
pub(crate) const fn outbound(settings: &Webhooks) -> Outbound {
    Outbound::new(PRIVATE, settings.allow_private, settings.timeout())
}

/// What every sender works with.
struct Terms {
    context: Context,
    settings: Webhooks,
    schedule: Schedule,
    outbound: Outbound,
    /// How long a lease lasts in which requests may begin; one that was begun in it ends
    /// before the lease that is written does.
    lease: Duration,
    poll: Duration,
    owner: String,
    /// What is due is still sent, and then it is over.
    flush: CancellationToken,
    /// It is over.
    stop: CancellationToken,
}

impl Terms {
    /// Until when a lease lasts that is written now.
    fn lease_end(&self) -> doorstep_accounts::Timestamp {
        let length = (self.lease + self.settings.timeout()).as_millis();
        let length = i64::try_from(length).unwrap_or_default();
        doorstep_accounts::Timestamp(self.context.clock.now().0.saturating_add(length))
    }
}

/// Sends until it is told to stop.
pub(crate) struct Relay {
    terms: Arc<Terms>,
    patience: Duration,
}

impl Relay {
    /// From when `flush` is cancelled, what is due is sent for a while, and no more.
    pub(crate) fn new(context: &Context, settings: &Settings, flush: CancellationToken) -> Self {
        let webhooks = settings.webhooks.clone();
        // Told apart from all other processes, also on other machines.
        let owner = format!("{}-{}", std::process::id(), random_text(8, &*context.entropy));
        let terms = Terms {
            context: context.clone(),
            schedule: webhooks.schedule(),
            outbound: outbound(&webhooks),
            settings: webhooks,
            lease: settings.jobs.lease(),
            poll: settings.jobs.poll(),
            owner,
            flush,
            stop: CancellationToken::new(),
        };
        // As long as requests: a stop takes twice as long at worst, when both hang.
        let patience = Duration::from_secs(settings.limits.shutdown_seconds).min(FLUSH);
        Self { terms: Arc::new(terms), patience }
    }

    /// Runs until it is told to stop and what was due then is sent.
    pub(crate) async fn run(self) {
        let Self { terms, patience } = self;
        let mut added = terms.context.store.deliveries_added();
        let mut senders = JoinSet::new();
        let mut is_last = false;
        loop {
            // Asked before looking, so that the last look sees what was there then.
            is_last = is_last || terms.flush.is_cancelled();
            added.mark_unchanged();
            match take(&terms).await {
                Ok(leases) => {
                    for lease in leases {
                        senders.spawn(Sender::new(Arc::clone(&terms), lease).run());
                    }
                }
                Err(error) => {
                    tracing::warn!(cause = chain(&error), "no webhook can be taken");
                }
            }
            if is_last {
                break;
            }
            tokio::select! {
                () = terms.flush.cancelled() => {}
                () = tokio::time::sleep(terms.poll) => {}
                _ = added.changed() => {}
                Some(ended) = senders.join_next(), if !senders.is_empty() => note_panic(ended),
            }
        }
        let deadline = Instant::now() + patience;
        let rest = async {
            while let Some(ended) = senders.join_next().await {
                note_panic(ended);
            }
        };
        if tokio::time::timeout_at(deadline, rest).await.is_err() {
            terms.stop.cancel();
            while let Some(ended) = senders.join_next().await {
                note_panic(ended);
            }
        }
    }
}

/// The most time that the rest gets when a server stops. Other servers send it, and the
/// next start does.
const FLUSH: Duration = Duration::from_secs(5);

/// Takes the endpoints that nobody has and that are to be told something.
async fn take(terms: &Terms) -> Result<Vec<EndpointLease>, StoreError> {
    let store = &terms.context.store;
    let now = terms.context.clock.now();
    // A look costs nothing; taking would be a commit, whether there is anything or not.
    if !store.read().await?.conn().is_endpoint_waiting(now).await? {
        return Ok(Vec::new());
    }
    let mut tx = store.begin().await?;
    let times = (now, terms.lease_end());
    let leases = tx.conn().lease_endpoints(&terms.owner, times).await?;
    tx.commit().await?;
    Ok(leases)
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        // The panic hook has logged the place. The lease runs out, and somebody goes on.
        tracing::error!("a sender of webhooks panicked");
    }
}
