//! Requests, counted. The registry of metrics finds each by the text of all its labels,
//! which took as long as a look-up; what was counted before is found by less here.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Histogram};

/// What was counted of each route.
#[derive(Default)]
pub(super) struct Tallies(RwLock<HashMap<String, Tally>>);

struct Tally {
    seconds: Histogram,
    /// By method and status: a handful.
    answers: Vec<((&'static str, u16), Counter)>,
}

impl Tallies {
    /// Counts an answer. Methods and routes are of a list that has an end.
    pub(super) fn count(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(tally) = known.get(route)
            && let Some((_, counter)) = tally.answers.iter().find(|(of, _)| *of == (method, status))
        {
            counter.increment(1);
            tally.seconds.record(took.as_secs_f64());
            return;
        }
        drop(known);
        self.add(method, route, status);
        self.count(method, route, status, took);
    }

    fn add(&self, method: &'static str, route: &str, status: u16) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let tally = known.entry(route.to_owned()).or_insert_with(|| Tally {
            seconds: metrics::histogram!("doorstep_request_seconds", "route" => route.to_owned()),
            answers: Vec::new(),
        });
        if tally.answers.iter().any(|(of, _)| *of == (method, status)) {
            return;
        }
        let counter = metrics::counter!(
            "doorstep_requests_total",
            "method" => method, "route" => route.to_owned(), "status" => status.to_string(),
        );
        tally.answers.push(((method, status), counter));
    }
}

impl std::fmt::Debug for Tallies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tallies").finish_non_exhaustive()
    }
}
