//! What a process knows of the limits: the rates, the state of those that it
//! keeps itself, and which keys are known to have nothing left.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use doorstep_accounts::{
    KeyRing, Limit, Rates, Standing,
    limits::{LimitKey, Rate},
};
use hashlink::LruCache;

/// Keys that a process remembers: 100,000 are about 10 MB. When there are more,
/// the one that was not seen for longest is forgotten: a flood of new keys
/// displaces its own, not those that keep coming. What is forgotten of a limit in
/// the database is looked up there again.
const KEYS: usize = 100_000;

/// Pairs of name and address that are remembered as having succeeded: 10,000 are
/// 1 MB, and each of them had a right secret.
const SUCCEEDED: usize = 10_000;
/// For how long: a back end asks for tokens more often than once an hour.
const SUCCEEDED_MICROS: i64 = 3_600_000_000;

/// Holds requests to the limits. Cheap to clone.
#[derive(Clone)]
pub struct Limiter {
    rates: Arc<Rates>,
    state: Arc<State>,
}

struct State {
    /// Theoretical arrival times by this process's own clock, which nobody sets. For
    /// a limit in the database it is one that was true: the true one is no earlier,
    /// so who has nothing left by it has nothing left.
    known: Mutex<LruCache<LimitKey, i64>>,
    /// When a pair of name and address last authenticated, by the same clock.
    succeeded: Mutex<LruCache<LimitKey, i64>>,
    started: Instant,
}

/// One of a limit, for somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    pub(crate) limit: Limit,
    pub(crate) rate: Rate,
    pub(crate) key: LimitKey,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("rates", &self.rates).finish_non_exhaustive()
    }
}

impl Limiter {
    /// With these rates, and nothing used.
    pub fn new(rates: Rates) -> Self {
        let state = State {
            known: Mutex::new(LruCache::new(KEYS)),
            succeeded: Mutex::new(LruCache::new(SUCCEEDED)),
            started: Instant::now(),
        };
        Self { rates: Arc::new(rates), state: Arc::new(state) }
    }

    /// The same with other rates. Where they differ, what was known by the old ones is
    /// forgotten: who had nothing left may have something by the new ones.
    #[must_use]
    pub fn with_rates(&self, rates: Rates) -> Self {
        if rates != *self.rates {
            self.with(LruCache::clear);
        }
        Self { rates: Arc::new(rates), state: Arc::clone(&self.state) }
    }

    /// What would be charged; nothing where the limit is off.
    pub(crate) fn charge(&self, limit: Limit, parts: &[&str], keys: &KeyRing) -> Option<Charge> {
        let rate = self.rates.get(limit)?;
        Some(Charge { limit, rate, key: LimitKey::of(limit, parts, keys) })
    }

    /// Takes one of a limit that the process keeps.
    pub(crate) fn take(&self, charge: &Charge) -> Standing {
        let now = self.now();
        self.with(|known| {
            let tat = known.get(&charge.key).copied().unwrap_or(now);
            match charge.rate.charge(tat, now) {
                Some(next) => {
                    known.insert(charge.key, next);
                    charge.standing(false, next, now)
                }
                None => charge.standing(true, tat, now),
            }
        })
    }

    /// How a key stands of which it is known that nothing is left.
    pub(crate) fn known_refusal(&self, charge: &Charge) -> Option<Standing> {
        let now = self.now();
        let tat = self.with(|known| known.get(&charge.key).copied())?;
        charge.rate.charge(tat, now).is_none().then(|| charge.standing(true, tat, now))
    }

    /// Remembers what the database said, which was committed. Both times are those
    /// of the database, in whole seconds. Of several that are still to come the last is
    /// kept: an answer that was read earlier can be heard of later, and whoever is told by
    /// this when to come back must not find that others have taken more since.
    pub(crate) fn remember(&self, charge: &Charge, tat: i64, then: i64) {
        let now = self.now();
        let tat = now.saturating_add(tat.saturating_sub(then));
        self.with(|known| {
            let to_come = known.get(&charge.key).copied().filter(|known| *known > now);
            known.insert(charge.key, to_come.map_or(tat, |known| known.max(tat)))
        });
    }

    /// Remembers that whoever has this key authenticated.
    pub(crate) fn note_success(&self, key: LimitKey) {
        let now = self.now();
        self.succeeded().insert(key, now);
    }

    /// Whether whoever has this key authenticated lately, in this process.
    pub(crate) fn has_succeeded(&self, key: &LimitKey) -> bool {
        let then = self.succeeded().get(key).copied();
        then.is_some_and(|then| self.now().saturating_sub(then) < SUCCEEDED_MICROS)
    }

    fn succeeded(&self) -> std::sync::MutexGuard<'_, LruCache<LimitKey, i64>> {
        self.state.succeeded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        i64::try_from(self.state.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn with<T>(&self, work: impl FnOnce(&mut LruCache<LimitKey, i64>) -> T) -> T {
        // A panic elsewhere leaves a map that is still a map.
        work(&mut self.state.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Charge {
    pub(crate) fn standing(&self, refused: bool, tat: i64, now: i64) -> Standing {
        Standing::new(self.limit, self.rate, refused, tat, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::new([(1, [7; 32])]).unwrap()
    }

    fn limiter(rate: &str) -> Limiter {
        let mut rates = Rates::default();
        for limit in Limit::ALL {
            rates.set(*limit, Rate::parse(rate).unwrap());
        }
        Limiter::new(rates)
    }

    #[test]
    fn each_key_has_its_own_share() {
        let limiter = limiter("3/h burst 3");
        let charge = |who| limiter.charge(Limit::Caller, &[who], &ring()).unwrap();
        for left in [2, 1, 0] {
            let standing = limiter.take(&charge("ada"));
            assert_eq!((standing.refused, standing.remaining()), (false, left));
        }
        assert!(limiter.take(&charge("ada")).refused);
        assert!(limiter.known_refusal(&charge("ada")).is_some());
        assert!(!limiter.take(&charge("bob")).refused);
        assert!(limiter.charge(Limit::Caller, &[], &ring()).is_some());
    }

    #[test]
    fn other_rates_hold_at_once_and_the_same_ones_forget_nothing() {
        let tight = limiter("3/h burst 3");
        let charge = |limiter: &Limiter| limiter.charge(Limit::Caller, &["ada"], &ring()).unwrap();
        while !tight.take(&charge(&tight)).refused {}
        let same = tight.with_rates((*tight.rates).clone());
        assert!(same.take(&charge(&same)).refused);
        let wide = tight.with_rates((*limiter("9/h burst 9").rates).clone());
        assert_eq!(wide.take(&charge(&wide)).remaining(), 8);
    }

    #[test]
    fn what_is_off_is_not_charged() {
        let limiter = limiter("off");
        assert!(limiter.charge(Limit::Token, &["ada"], &ring()).is_none());
    }

    #[test]
    fn what_the_database_said_is_remembered_whatever_its_clock() {
        let limiter = limiter("3/h burst 3");
        let charge = limiter.charge(Limit::Token, &["ada"], &ring()).unwrap();
        assert!(limiter.known_refusal(&charge).is_none());
        let then = 1_700_000_000_000_000;
        limiter.remember(&charge, charge.rate.terms(then).exhausted, then);
        let standing = limiter.known_refusal(&charge).unwrap();
        assert!((3_599..=3_600).contains(&standing.retry_seconds()), "{standing:?}");
    }

    #[test]
    fn an_answer_that_was_read_earlier_does_not_shorten_what_is_known() {
        let limiter = limiter("2/2s burst 2");
        let charge = limiter.charge(Limit::Token, &["ada"], &ring()).unwrap();
        limiter.remember(&charge, 15_000_000, 11_000_000);
        let known = limiter.known_refusal(&charge).unwrap().retry_seconds();
        limiter.remember(&charge, 13_000_000, 10_000_000);
        assert_eq!(limiter.known_refusal(&charge).unwrap().retry_seconds(), known);
    }

    /// T-101: the keys of a million addresses.
    #[test]
    fn memory_is_bounded_and_a_flood_of_keys_does_not_displace_a_busy_one() {
        let limiter = limiter("3/h burst 3");
        let charge = |who: &str| limiter.charge(Limit::Caller, &[who], &ring()).unwrap();
        let busy = charge("busy");
        while !limiter.take(&busy).refused {}
        for at in 0..1_000_000 {
            limiter.take(&charge(&at.to_string()));
            if at % (KEYS / 2) == 0 {
                assert!(limiter.take(&busy).refused, "after {at} others");
            }
        }
        assert_eq!(limiter.with(|known| known.len()), KEYS);
    }
}
