//! `[webhooks]`

use std::time::Duration;

use serde::Deserialize;

use crate::webhooks::Schedule;

/// `[webhooks]`: endpoints that are told of events (`doorstep webhook`). What is sent, and
/// when, is decided by the processes that work off jobs (`jobs.in_serve`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Whether endpoints may be on this machine or in a private network, also by `http`.
    /// They are told names and e-mail addresses.
    pub allow_private: bool,
    /// Seconds for an answer.
    pub timeout_seconds: u64,
    /// Requests to one endpoint at a time. Events of one user never are under way together.
    pub at_once: usize,
    /// How long an event rests after its first failure, its second and so on; the last
    /// pause is that of all later ones. A random part of up to a quarter comes on top, so
    /// that what failed together does not come back together.
    pub pauses: String,
    /// How often an event is sent before it is given up: with these pauses for about
    /// thirty hours, so that a receiver may be down over a night and a morning.
    pub tries: i64,
    /// Days for which events are kept that nobody is still to be told of: for
    /// `doorstep webhook replay`. What was given up is kept as long.
    pub keep_days: i64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            allow_private: false,
            timeout_seconds: 5,
            at_once: 16,
            pauses: "5s 1m 15m 1h".to_owned(),
            tries: 30,
            keep_days: 30,
        }
    }
}

impl Webhooks {
    /// [`Self::timeout_seconds`].
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// [`Self::pauses`].
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule::parse(&self.pauses).expect("`validate` has read it")
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let timeout = i64::try_from(self.timeout_seconds).unwrap_or(i64::MAX);
        let at_once = i64::try_from(self.at_once).unwrap_or(i64::MAX);
        for (name, value, most) in [
            ("timeout_seconds", timeout, 30),
            ("at_once", at_once, 1_000),
            ("tries", self.tries, 1_000),
            ("keep_days", self.keep_days, 36_500),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("webhooks.{name} {value} is not between 1 and {most}"));
            }
        }
        Schedule::parse(&self.pauses).map_err(|why| format!("webhooks.pauses: {why}")).map(|_| ())
    }
}
