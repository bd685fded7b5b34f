//! THE table of background jobs: what kinds there are, and how long each is tried.

use crate::clock::Entropy;

/// Declares the kinds and everything that belongs to each, in one place.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, tries $tries:literal;)+) => {
        /// A kind of job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum JobKind { $($(#[doc = $doc])+ $variant,)+ }

        impl JobKind {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in the database. It never changes once released.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How often it is tried before it is given up.
            pub const fn tries(self) -> i64 {
                match self { $(Self::$variant => $tries,)+ }
            }
        }
    };
}

kinds! {
    /// Bring up the project of an order. With pauses of two seconds, four, eight and so on up to five minutes, ten tries
    /// are a quarter of an hour: long enough for a provisioner to be restarted, short enough that somebody still waits.
    Provision = "provision", tries 10;
    /// Ask by mail whether an address is its user's. Two hundred tries are half a day: mail servers that are down or busy are
    /// so for hours, and who lists senders as unknown wants them to come again. The person can ask for another mail at any time.
    ConfirmEmail = "confirm_email", tries 200;
}

/// How long a job rests after a failure, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// After the first.
    pub first: i64,
    /// After many.
    pub most: i64,
}

impl Pauses {
    /// The pause after that many tries: doubled with each, up to the most, and of that
    /// a random part between half and all, so that what failed together does not come
    /// back together.
    pub fn after(self, tries: i64, entropy: &dyn Entropy) -> i64 {
        let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 40)).unwrap_or_default();
        let whole = self.first.saturating_mul(1_i64 << doublings).clamp(0, self.most);
        let mut random = [0; 2];
        entropy.fill(&mut random);
        let half = whole / 2;
        half + (whole - half) * i64::from(u16::from_le_bytes(random)) / i64::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(u8);

    impl Entropy for Bytes {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn pauses_double_up_to_the_most_and_are_spread_over_half() {
        let pauses = Pauses { first: 2_000, most: 300_000 };
        let (least, most) = (Bytes(0), Bytes(u8::MAX));
        assert_eq!((pauses.after(1, &least), pauses.after(1, &most)), (1_000, 2_000));
        assert_eq!((pauses.after(3, &least), pauses.after(3, &most)), (4_000, 8_000));
        assert_eq!(pauses.after(i64::MAX, &most), 300_000);
        assert_eq!(pauses.after(0, &most), 2_000);
    }

    #[test]
    fn the_table_holds_together() {
        for (at, kind) in JobKind::ALL.iter().enumerate() {
            assert!(JobKind::ALL[..at].iter().all(|other| other.name() != kind.name()));
            assert!(kind.tries() > 0);
        }
    }
}
