//! THE table of limits: what each counts, by which key, and how much of it there
//! may be; and the arithmetic that all of them share (GCRA).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{keys::KeyRing, secret::hex};

/// Declares the limits and everything that belongs to each, in one place.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, per $per:literal, in $kept:ident,
       $quota:literal / $seconds:literal burst $burst:literal;)+) => {
        /// A limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Limit { $($(#[doc = $doc])+ $variant,)+ }

        impl Limit {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            const COUNT: usize = Self::ALL.len();

            /// Its name: in the settings (`[rates]`), the answers and the metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// By what it counts.
            pub const fn per(self) -> &'static str {
                match self { $(Self::$variant => $per,)+ }
            }

            /// Where its state is kept.
            pub const fn kept(self) -> Kept {
                match self { $(Self::$variant => Kept::$kept,)+ }
            }

            /// How much there may be unless the operator says otherwise.
            pub const fn default_rate(self) -> Rate {
                match self {
                    $(Self::$variant => Rate { quota: $quota, seconds: $seconds, burst: $burst },)+
                }
            }
        }
    };
}

limits! {
    /// Access tokens issued. A panel asks for one per page that it draws with the form on it.
    Token = "token", per "client", in Database, 30 / 60 burst 10;
    /// Accounts made with a plain register token, which may name anybody.
    SignUp = "signup", per "client", in Database, 60 / 60 burst 20;
    /// Accounts made with any token: what many addresses at once can do in a client's name. Half may come at once, for
    /// a provider that brings its customers in.
    SignUpDay = "signup_day", per "client", in Database, 5_000 / 86_400 burst 2_500;
    /// Accounts made with a plain register token on one machine.
    SignUpServer = "signup_server", per "provider server", in Database, 30 / 60 burst 10;
    /// Accounts made with a sign-up token. An office behind one address signs up in turns.
    SignUpAddress = "signup_address", per "address", in Database, 10 / 3_600 burst 5;
    /// Failed authentications of OAuth clients. Ten mistakes at once are a person's, the next are a program's.
    ClientFailure = "client_failure", per "client and address", in Database, 10 / 60 burst 10;
    /// Failed Basic authentications of API credentials. It never locks the account: other addresses are not counted.
    LoginFailure = "login_failure", per "username and address", in Database, 10 / 60 burst 10;
    /// Failed authentications of both kinds, whatever the names: who tries a list of them.
    AddressFailure = "address_failure", per "address", in Database, 100 / 60 burst 50;
    /// Tokens revoked and asked about, codes claimed: a gateway asks for each of its requests, twenty a second.
    OwnToken = "own_token", per "client", in Process, 1_200 / 60 burst 200;
    /// Requests of one caller, whatever comes of them: ten a second are a program's, and cost reads only.
    Caller = "caller", per "credential, client or sign-up token", in Process, 600 / 60 burst 100;
    /// A user's requests that change something. Each is a commit; nobody corrects an address every second.
    Change = "change", per "credential", in Process, 60 / 60 burst 20;
    /// Mails that a user causes: asked for again, or by another address. Whoever has an account can name anybody's address.
    Confirmation = "confirmation", per "user", in Database, 5 / 3_600 burst 3;
    /// Requests of one address, before anything is looked up: fifty a second are a busy panel's back end.
    Address = "address", per "address", in Process, 3_000 / 60 burst 500;
}

/// Where the state of a limit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the database: all servers share it, and a restart forgives nothing.
    Database,
    /// In each process. These limits protect the process, and a write for every
    /// read would cost more than what it guards.
    Process,
}

/// How much there may be.
///
/// No window of `seconds`, wherever it begins, sees more than `quota`. Of these
/// `burst` may come at once; the others come evenly spread over the window, and
/// that is also the rate that can be kept up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    quota: u32,
    seconds: u32,
    burst: u32,
}

impl Rate {
    /// Reads `<quota>/<window>[ burst <burst>]`: the window is `s`, `min`, `h` or
    /// `day`, with a number before it or not. Without a burst, a third of the quota
    /// may come at once. `off` and `0` are no limit.
    ///
    /// ```
    /// use doorstep_accounts::limits::Rate;
    /// let rate = Rate::parse("30/min burst 10").unwrap().unwrap();
    /// assert_eq!(rate.to_string(), "30/60s burst 10");
    /// assert_eq!(Rate::parse("9/5min").unwrap().unwrap().to_string(), "9/300s burst 3");
    /// assert!(Rate::parse("off").unwrap().is_none());
    /// ```
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let malformed =
            || format!("{text:?} is not of the form \"30/min burst 10\", \"5000/day\" or \"off\"");
        let text = text.trim();
        if matches!(text, "off" | "0") {
            return Ok(None);
        }
        let (rate, burst) = match text.split_once(" burst ") {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (text, None),
        };
        let (quota, window) = rate.split_once('/').ok_or_else(malformed)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| malformed());
        let quota = number(quota)?;
        let window = window.trim();
        let unit_at = window.find(|c: char| !c.is_ascii_digit()).unwrap_or(window.len());
        let (count, unit) = window.split_at(unit_at);
        let unit = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 3_600,
            "day" => 86_400,
            _ => return Err(malformed()),
        };
        let count = if count.is_empty() { 1 } else { number(count)? };
        let seconds = count.checked_mul(unit).filter(|seconds| *seconds <= MAX_SECONDS);
        let burst = burst.map(number).transpose()?.unwrap_or(quota.div_ceil(3));
        match seconds {
            Some(seconds) if seconds > 0 && (1..=quota).contains(&burst) => {
                Ok(Some(Self { quota, seconds, burst }))
            }
            _ => Err(format!(
                "{text:?}: the window must be within 1 second and 31 days, the burst within 1 and the quota"
            )),
        }
    }

    /// Quota and burst times `scale`, and one at the least.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and there is nothing above 4 billion to be limited"
        )]
        let times = |count: u32| ((f64::from(count) * scale).round() as u32).max(1);
        let quota = times(self.quota);
        Self { quota, burst: times(self.burst).min(quota), ..self }
    }

    /// What may come in one window.
    pub const fn quota(self) -> u32 {
        self.quota
    }

    /// The window.
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// GCRA's emission interval: what each of them costs. A burst and one more per
    /// interval make the quota when the window ends.
    const fn interval(self) -> i64 {
        let window = self.seconds as i64 * 1_000_000;
        let spread = (self.quota - self.burst) as i64 + 1;
        (window + spread - 1) / spread
    }

    /// GCRA's tolerance: how far the theoretical arrival time may be ahead.
    const fn tolerance(self) -> i64 {
        self.interval().saturating_mul(self.burst as i64 - 1)
    }

    /// How far it is ahead when nothing is left: the time until all is.
    const fn span(self) -> i64 {
        self.interval().saturating_mul(self.burst as i64)
    }

    /// The numbers with which a conditional write makes the decision.
    pub const fn terms(self, now: i64) -> Terms {
        Terms {
            now,
            interval: self.interval(),
            first: now.saturating_add(self.interval()),
            latest: now.saturating_add(self.tolerance()),
            exhausted: now.saturating_add(self.span()),
            absurd: now.saturating_add(self.span()).saturating_add(CLOCK_STEP),
        }
    }

    /// The decision itself, where no database makes it: the new theoretical arrival
    /// time, or `None` where there is nothing left.
    pub const fn charge(self, tat: i64, now: i64) -> Option<i64> {
        let Terms { interval, first, latest, .. } = self.terms(now);
        if tat > latest {
            None
        } else if tat > now {
            Some(tat.saturating_add(interval))
        } else {
            Some(first)
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s burst {}", self.quota, self.seconds, self.burst)
    }
}

/// A window that is longer than a month is a contract, not a limit.
const MAX_SECONDS: u32 = 31 * 86_400;
/// Clocks of servers differ by less; a clock that is set back by more must not
/// lock anybody out for that long.
const CLOCK_STEP: i64 = 120 * 1_000_000;

/// What a conditional write compares with and writes, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Now.
    pub now: i64,
    /// What is added to a theoretical arrival time that is ahead.
    pub interval: i64,
    /// What replaces one that has passed.
    pub first: i64,
    /// The latest at which there is something left.
    pub latest: i64,
    /// Where nothing is left.
    pub exhausted: i64,
    /// Beyond this, somebody's clock was wrong: it counts as [`Self::exhausted`].
    pub absurd: i64,
}

/// The rate of every limit; none where it is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates([Option<Rate>; Limit::COUNT]);

impl Default for Rates {
    fn default() -> Self {
        let mut rates = [None; Limit::COUNT];
        for limit in Limit::ALL {
            rates[*limit as usize] = Some(limit.default_rate());
        }
        Self(rates)
    }
}

impl Rates {
    /// The rate of a limit, unless it is off.
    pub const fn get(&self, limit: Limit) -> Option<Rate> {
        self.0[limit as usize]
    }

    /// Sets one, or switches it off.
    pub const fn set(&mut self, limit: Limit, rate: Option<Rate>) {
        self.0[limit as usize] = rate;
    }

    /// Every quota and burst times `scale`.
    #[must_use]
    pub fn scaled(&self, scale: f64) -> Self {
        Self(self.0.map(|rate| rate.map(|rate| rate.scaled(scale))))
    }
}

/// Whose share of a limit: a keyed hash, for an address is personal data and a
/// plain hash of one is quickly undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitKey([u8; 16]);

impl LimitKey {
    /// The key of these parts. Each is preceded by its length, so that no two lists
    /// run together into the same text.
    pub fn of(limit: Limit, parts: &[&str], keys: &KeyRing) -> Self {
        let (_, key) = keys.current();
        let mut mac = Hmac::<Sha256>::new_from_slice(&*key)
            .expect("HMAC takes a key of any length (RFC 2104 §2)");
        for part in ["doorstep limit", limit.name()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let hash = mac.finalize().into_bytes();
        let (half, _) = hash.split_first_chunk().expect("SHA-256 gives 32 bytes");
        Self(*half)
    }

    /// The text to store and look up.
    pub fn as_stored(&self) -> String {
        hex(&self.0)
    }
}

/// How somebody stands with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub limit: Limit,
    /// Its rate.
    pub rate: Rate,
    /// Whether this is why a request was refused.
    pub refused: bool,
    /// How far the theoretical arrival time is ahead, in microseconds.
    ahead: i64,
}

impl Standing {
    /// With a theoretical arrival time of which `now` is the present.
    pub fn new(limit: Limit, rate: Rate, refused: bool, tat: i64, now: i64) -> Self {
        Self { limit, rate, refused, ahead: tat.saturating_sub(now).max(0) }
    }

    /// How many may come at once now.
    pub fn remaining(&self) -> i64 {
        (self.rate.span() - self.ahead).max(0) / self.rate.interval()
    }

    /// Seconds until the whole burst may come again, rounded up.
    pub fn reset_seconds(&self) -> i64 {
        seconds_up(self.ahead)
    }

    /// Seconds until one more may come, rounded up; one at the least.
    pub fn retry_seconds(&self) -> i64 {
        seconds_up(self.ahead - self.rate.tolerance()).max(1)
    }
}

fn seconds_up(micros: i64) -> i64 {
    micros.max(0).saturating_add(999_999) / 1_000_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::tests::ring;

    #[test]
    fn the_table_holds_together() {
        for (at, limit) in Limit::ALL.iter().enumerate() {
            assert_eq!(*limit as usize, at);
            assert!(Limit::ALL[..at].iter().all(|other| other.name() != limit.name()));
            let rate = limit.default_rate();
            assert_eq!(Rate::parse(&rate.to_string()), Ok(Some(rate)), "{}", limit.name());
        }
    }

    #[test]
    fn rates_are_read_or_refused_with_a_reason() {
        for text in ["", "30", "30/", "/min", "30/week", "-1/min", "3/min burst x", "3/ 1 0s"] {
            assert!(Rate::parse(text).unwrap_err().contains("is not of the form"), "{text:?}");
        }
        for text in ["3/0s", "3/32day", "3/min burst 4", "3/min burst 0", "4000000000/min burst 0"]
        {
            assert!(Rate::parse(text).unwrap_err().contains("must be within"), "{text:?}");
        }
        let rate = Rate::parse("3/2s burst 3").unwrap().unwrap();
        assert_eq!(rate.scaled(100.0).to_string(), "300/2s burst 300");
        assert_eq!(rate.scaled(0.01).to_string(), "1/2s burst 1");
    }

    #[test]
    fn keys_differ_by_limit_and_by_each_part() {
        let key = |limit, parts: &[&str]| LimitKey::of(limit, parts, &ring());
        let one = key(Limit::LoginFailure, &["ab", "c"]);
        assert_eq!(one, key(Limit::LoginFailure, &["ab", "c"]));
        assert_ne!(one, key(Limit::LoginFailure, &["a", "bc"]));
        assert_ne!(one, key(Limit::ClientFailure, &["ab", "c"]));
        assert_eq!(one.as_stored().len(), 32);
    }

    #[test]
    fn a_standing_tells_what_is_left_and_when_there_is_more() {
        let rate = Rate::parse("30/min burst 10").unwrap().unwrap();
        let mut tat = 0;
        for left in (0..10).rev() {
            tat = rate.charge(tat, 1_000).unwrap();
            let standing = Standing::new(Limit::Token, rate, false, tat, 1_000);
            assert_eq!(standing.remaining(), left);
        }
        assert_eq!(rate.charge(tat, 1_000), None);
        let standing = Standing::new(Limit::Token, rate, true, tat, 1_000);
        assert_eq!((standing.retry_seconds(), standing.reset_seconds()), (3, 29));
        // What it says is true.
        assert!(rate.charge(tat, 1_000 + 3_000_000).is_some());
        let after = Standing::new(Limit::Token, rate, false, tat, 1_000 + 29_000_000);
        assert_eq!(after.remaining(), 10);
    }

    proptest! {
        #[test]
        fn no_window_ever_sees_more_than_the_quota(
            quota in 1_u32..40,
            share in 0.0_f64..1.0,
            seconds in 1_u32..100,
            steps in proptest::collection::vec(0_i64..3_000_000, 1..400),
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let burst = ((f64::from(quota) * share) as u32).clamp(1, quota);
            let rate = Rate { quota, seconds, burst };
            let (mut now, mut tat, mut passed) = (0_i64, i64::MIN, Vec::new());
            for step in steps {
                // Half of them at once: bursts are where limits break.
                now += if step % 2 == 0 { 0 } else { step };
                if let Some(next) = rate.charge(tat, now) {
                    tat = next;
                    passed.push(now);
                }
            }
            let window = i64::from(seconds) * 1_000_000;
            for (at, start) in passed.iter().enumerate() {
                let within = passed[at..].iter().take_while(|time| **time < start + window).count();
                prop_assert!(within <= quota as usize, "{within} of {rate}");
            }
        }
    }
}
