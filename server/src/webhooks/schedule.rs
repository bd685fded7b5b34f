//! How long an event rests after it was sent in vain.

use std::time::Duration;

use doorstep_accounts::Entropy;

/// Longer pauses would outlast the patience of everybody.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// The most that a receiver can ask for: a mistaken value must not silence it for years.
const ASKED: Duration = Duration::from_hours(1);

/// The pauses, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule(Vec<Duration>);

impl Schedule {
    /// Reads pauses like `5s 1m 15m 1h`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let pause = |text: &str| {
            let pause = text.parse::<jiff::SignedDuration>().ok();
            let pause = pause.and_then(|pause| Duration::try_from(pause).ok());
            pause
                .filter(|pause| *pause <= LONGEST && !pause.is_zero())
                .ok_or_else(|| format!("{text:?} is no pause like 5s, 15m or 1h, up to a week"))
        };
        let pauses: Vec<_> = text.split_whitespace().map(pause).collect::<Result<_, _>>()?;
        if pauses.is_empty() {
            return Err("name at least one pause, as in \"5s 1m 15m 1h\"".to_owned());
        }
        Ok(Self(pauses))
    }

    /// The pause after that many failures, in milliseconds: with a random part of up to a
    /// quarter on top, and at least what the receiver asked for.
    pub(crate) fn after(
        &self,
        failures: i64,
        asked: Option<Duration>,
        entropy: &dyn Entropy,
    ) -> i64 {
        let at = usize::try_from(failures.saturating_sub(1)).unwrap_or_default();
        let pause = self.0[at.min(self.0.len() - 1)];
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX / 2);
        let mut random = [0; 2];
        entropy.fill(&mut random);
        let pause = pause + pause / 4 * i64::from(u16::from_le_bytes(random)) / i64::from(u16::MAX);
        let asked = asked.unwrap_or_default().min(ASKED).as_millis();
        pause.max(i64::try_from(asked).unwrap_or_default())
    }
}

/// What `Retry-After` asks for (RFC 9110 §10.2.3): seconds, or a date.
pub(crate) fn retry_after(text: &str, now: doorstep_accounts::Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    let wait = date.as_millisecond().checked_sub(now.0)?;
    Some(Duration::from_millis(u64::try_from(wait).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use doorstep_accounts::Timestamp;

    use super::*;

    struct Bytes(u8);

    impl Entropy for Bytes {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn pauses_follow_the_schedule_and_the_last_stays() {
        let schedule = Schedule::parse("5s 1m 15min 1h").unwrap();
        let (least, most) = (Bytes(0), Bytes(u8::MAX));
        for (failures, pause) in [(1, 5), (2, 60), (3, 900), (4, 3_600), (99, 3_600)] {
            assert_eq!(schedule.after(failures, None, &least), pause * 1_000);
            assert_eq!(schedule.after(failures, None, &most), pause * 1_250);
        }
        let asked = |seconds| schedule.after(1, Some(Duration::from_secs(seconds)), &least);
        assert_eq!((asked(1), asked(30), asked(u64::MAX)), (5_000, 30_000, 3_600_000));
    }

    #[test]
    fn what_is_no_pause_is_named() {
        for text in ["", "  ", "5", "5s soon", "-5s", "0s", "8d 999999h", "1h;2h"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
        assert!(Schedule::parse("5s later").unwrap_err().contains("later"));
    }

    #[test]
    fn receivers_ask_by_seconds_and_by_date() {
        let now = Timestamp(1_700_000_000_000);
        let date = "Tue, 14 Nov 2023 22:13:30 GMT";
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Tue, 14 Nov 2022 22:13:30 GMT", now), None);
        for text in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(text, now), None, "{text}");
        }
    }
}
