//! Sends to one endpoint, as long as it is this process's.

use std::{collections::HashSet, sync::Arc};

use doorstep_accounts::Timestamp;
use doorstep_register::note_gone;
use doorstep_store::{EndpointLease, Outgoing, StoreError};
use reqwest::Client;
use tokio::{task::JoinSet, time::Instant};

use super::{
    Terms,
    send::{Outcome, send},
};
use crate::{failpoint, http::chain};

/// One endpoint, and what is under way to it.
pub(super) struct Sender {
    terms: Arc<Terms>,
    lease: EndpointLease,
    /// Until when requests may begin.
    safe_until: Instant,
    /// When the lease is renewed next.
    renew_at: Instant,
    /// Users whose event is under way, or sent and not noted yet.
    busy: HashSet<i64>,
    requests: JoinSet<(Outgoing, Outcome)>,
    /// What came of requests and is still to be written.
    outcomes: Vec<(Outgoing, Outcome)>,
    /// Until when the receiver wants to be left alone.
    rests_until: Timestamp,
}

impl Sender {
    pub(super) fn new(terms: Arc<Terms>, lease: EndpointLease) -> Self {
        // It was written a moment ago.
        let now = Instant::now();
        let (safe_until, renew_at) = (now + terms.lease, now + terms.lease / 3);
        Self {
            terms,
            lease,
            safe_until,
            renew_at,
            busy: HashSet::new(),
            requests: JoinSet::new(),
            outcomes: Vec::new(),
            rests_until: Timestamp(0),
        }
    }

    /// Sends until there is nothing to be sent, or the lease is lost.
    pub(super) async fn run(mut self) {
        failpoint::at("endpoint");
        let client = match self.terms.outbound.client(self.terms.settings.at_once) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(cause = chain(&error), "no client for webhooks can be made");
                return;
            }
        };
        let stop = self.terms.stop.clone();
        tokio::select! {
            kept = self.work(&client) => if !kept {
                tracing::warn!(
                    endpoint = self.lease.endpoint_id,
                    "the lease of a webhook was lost: others send to it"
                );
                return;
            },
            // What was under way is sent once more, by whoever is next.
            () = stop.cancelled() => {}
        }
        self.requests.abort_all();
        if let Err(error) = self.release().await {
            tracing::warn!(cause = chain(&error), "a webhook could not be given back");
        }
    }

    /// `false`: the lease is lost.
    async fn work(&mut self, client: &Client) -> bool {
        let mut added = self.terms.context.store.deliveries_added();
        let mut quiet_since = Instant::now();
        loop {
            added.mark_unchanged();
            let is_last = self.terms.flush.is_cancelled();
            let kept = match self.write().await {
                Ok(kept) => kept,
                Err(error) => {
                    self.complain(&error, "what became of webhooks could not be written");
                    Instant::now() < self.safe_until
                }
            };
            if !kept {
                return false;
            }
            let began = match self.begin(client).await {
                Ok(began) => began,
                Err(error) => {
                    self.complain(&error, "what is to be sent could not be read");
                    0
                }
            };
            if began > 0 || !self.busy.is_empty() {
                quiet_since = Instant::now();
            } else if is_last || (!self.rests() && quiet_since.elapsed() > self.terms.lease / 4) {
                return true;
            }
            tokio::select! {
                Some(done) = self.requests.join_next(), if !self.requests.is_empty() => {
                    self.note(done);
                    while let Some(done) = self.requests.try_join_next() {
                        self.note(done);
                    }
                }
                () = tokio::time::sleep(self.terms.poll) => {}
                _ = added.changed() => {}
                () = self.terms.flush.cancelled(), if !is_last => {}
            }
        }
    }

    /// Begins what can be begun; says how much that is.
    async fn begin(&mut self, client: &Client) -> Result<usize, StoreError> {
        let now = self.terms.context.clock.now();
        let at_once = self.terms.settings.at_once;
        let places = at_once.saturating_sub(self.busy.len());
        if places == 0 || self.rests() || Instant::now() >= self.safe_until {
            return Ok(0);
        }
        // Those under way are due as well.
        let most = i64::try_from(places + self.busy.len()).unwrap_or(i64::MAX);
        let store = &self.terms.context.store;
        let due = store.read().await?.conn().due_deliveries(&self.lease, now, most).await?;
        let mut began = 0;
        for outgoing in due {
            if began == places || !self.busy.insert(outgoing.user_id) {
                continue;
            }
            began += 1;
            let (terms, client) = (Arc::clone(&self.terms), client.clone());
            let lease = self.lease.clone();
            self.requests.spawn(async move {
                let by = (&terms.outbound, &client);
                let outcome = send(&terms.context, by, &lease, &outgoing).await;
                (outgoing, outcome)
            });
        }
        Ok(began)
    }

    /// Whether the receiver wants to be left alone.
    fn rests(&self) -> bool {
        self.terms.context.clock.now() < self.rests_until
    }

    fn note(&mut self, done: Result<(Outgoing, Outcome), tokio::task::JoinError>) {
        match done {
            Ok((outgoing, outcome)) => self.outcomes.push((outgoing, outcome)),
            // Whose it was is not known any more. The user waits for the next lease.
            Err(error) => tracing::error!(cause = chain(&error), "a webhook was not sent"),
        }
    }

    /// Writes what came of requests, and renews the lease if it is time. `false`: it is
    /// lost, and nothing was written.
    async fn write(&mut self) -> Result<bool, StoreError> {
        let asked = Instant::now();
        if self.outcomes.is_empty() && asked < self.renew_at {
            return Ok(true);
        }
        let terms = Arc::clone(&self.terms);
        let now = terms.context.clock.now();
        let endpoint = self.lease.endpoint_id.clone();
        let mut rests_until = self.rests_until;
        let mut tx = terms.context.store.begin().await?;
        let mut conn = tx.conn();
        if !conn.hold_endpoint(&self.lease, terms.lease_end()).await? {
            return Ok(false);
        }
        for (outgoing, outcome) in &self.outcomes {
            match outcome {
                Outcome::Taken => conn.delivered(&endpoint, &outgoing.event_id).await?,
                Outcome::Gone(reason) => {
                    let due = now;
                    conn.put_off_delivery(&endpoint, outgoing, due, reason).await?;
                    note_gone(&terms.context, &mut conn, &endpoint, reason).await?;
                }
                Outcome::Failed { reason, .. } if outgoing.attempts + 1 >= terms.settings.tries => {
                    conn.bury_delivery(&endpoint, outgoing, reason, now).await?;
                }
                Outcome::Failed { reason, asked } => {
                    let failures = outgoing.attempts + 1;
                    let entropy = &*terms.context.entropy;
                    let pause = terms.schedule.after(failures, *asked, entropy);
                    let due = Timestamp(now.0.saturating_add(pause));
                    if asked.is_some() {
                        rests_until = rests_until.max(due);
                    }
                    conn.put_off_delivery(&endpoint, outgoing, due, reason).await?;
                }
            }
        }
        tx.commit().await?;
        failpoint::at("noted");
        self.safe_until = asked + terms.lease;
        self.renew_at = asked + terms.lease / 3;
        self.rests_until = rests_until;
        for (outgoing, outcome) in std::mem::take(&mut self.outcomes) {
            self.busy.remove(&outgoing.user_id);
            report(&terms, &endpoint, &outgoing, &outcome);
        }
        Ok(true)
    }

    async fn release(&self) -> Result<(), StoreError> {
        let mut tx = self.terms.context.store.begin().await?;
        tx.conn().release_endpoint(&self.lease).await?;
        tx.commit().await
    }

    fn complain(&self, error: &StoreError, what: &str) {
        tracing::warn!(endpoint = self.lease.endpoint_id, cause = chain(error), "{what}");
    }
}

/// Tells the operator.
fn report(terms: &Terms, endpoint: &str, outgoing: &Outgoing, outcome: &Outcome) {
    let Outgoing { event_id: event, kind, .. } = outgoing;
    let attempt = outgoing.attempts + 1;
    let outcome = match outcome {
        Outcome::Taken => "taken",
        Outcome::Gone(reason) => {
            tracing::error!(endpoint, reason, "a webhook is gone and was disabled");
            "gone"
        }
        Outcome::Failed { reason, .. } if attempt >= terms.settings.tries => {
            tracing::error!(endpoint, event, kind, attempt, reason, "an event was given up");
            "given_up"
        }
        Outcome::Failed { reason, .. } => {
            tracing::warn!(endpoint, event, kind, attempt, reason, "an event is sent again later");
            "failed"
        }
    };
    metrics::counter!("doorstep_webhooks_total", "outcome" => outcome).increment(1);
}
