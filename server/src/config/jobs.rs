//! `[jobs]`

use std::time::Duration;

use doorstep_accounts::job::Pauses;
use serde::Deserialize;

/// `[jobs]`: work in the background.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    /// Whether `doorstep serve` works them off. Off, `doorstep work` must run
    /// somewhere.
    pub in_serve: bool,
    /// Jobs of one kind that a process works on at a time. They wait for others most
    /// of the time, so more than there are cores.
    pub at_once: usize,
    /// Milliseconds after which a worker that does not say that it lives is taken for
    /// dead, and its jobs are taken over. It says so three times in that time. Clocks
    /// of servers must differ by less.
    pub lease_millis: i64,
    /// Milliseconds between two looks at the table, when nobody says that there is a
    /// new job: another process may have added it.
    pub poll_millis: u64,
    /// Milliseconds that a job rests after its first failure; doubled with each.
    pub first_pause_millis: i64,
    /// The most of that.
    pub most_pause_millis: i64,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            in_serve: true,
            at_once: 16,
            lease_millis: 30_000,
            poll_millis: 1_000,
            first_pause_millis: 2_000,
            most_pause_millis: 300_000,
        }
    }
}

impl Jobs {
    /// How long failed jobs rest.
    pub(crate) const fn pauses(&self) -> Pauses {
        Pauses { first: self.first_pause_millis, most: self.most_pause_millis }
    }

    /// [`Self::lease_millis`], as this machine measures it.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.lease_millis).unwrap_or_default())
    }

    /// [`Self::most_pause_millis`].
    pub(crate) fn most_pause(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.most_pause_millis).unwrap_or_default())
    }

    /// [`Self::poll_millis`].
    pub(crate) const fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_millis)
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let at_once = i64::try_from(self.at_once).unwrap_or(i64::MAX);
        let poll = i64::try_from(self.poll_millis).unwrap_or(i64::MAX);
        for (name, value, range) in [
            ("at_once", at_once, 1..=1_000),
            // Three renewals must find the time to be written.
            ("lease_millis", self.lease_millis, 300..=3_600_000),
            ("poll_millis", poll, 10..=60_000),
            ("first_pause_millis", self.first_pause_millis, 1..=3_600_000),
            ("most_pause_millis", self.most_pause_millis, 1..=86_400_000),
        ] {
            if !range.contains(&value) {
                return Err(format!(
                    "jobs.{name} {value} is not between {} and {}",
                    range.start(),
                    range.end()
                ));
            }
        }
        Ok(())
    }
}
