//! What can be wrong with an answer.

use std::fmt;

/// One answer's fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's API name.
    pub field: &'static str,
    /// What is wrong.
    pub code: FaultCode,
}

/// What is wrong, with what a message needs to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCode {
    /// Nothing was given and something must be.
    Required,
    /// More than `max` characters (for an e-mail: octets).
    TooLong {
        /// The greatest length.
        max: usize,
    },
    /// Fewer than `min` characters.
    TooShort {
        /// The least length.
        min: usize,
    },
    /// A control or text-reordering character.
    ControlCharacter,
    /// Not text, or for a flag: not yes or no.
    WrongType,
    /// Not an e-mail address.
    InvalidEmail,
    /// Not a telephone number.
    InvalidPhone,
    /// Not an ISO 3166-1 alpha-2 code.
    UnknownCountry,
    /// Not three letters.
    InvalidCurrency,
    /// Not one of the choices.
    UnknownChoice,
    /// Not a number, or one with too many digits.
    InvalidNumber {
        /// How many digits may stand after the point.
        decimals: usize,
    },
    /// Not a day of the calendar.
    InvalidDate,
    /// Less than the least number.
    TooSmall {
        /// Which is this.
        least: &'static str,
    },
    /// More than the greatest number.
    TooLarge {
        /// Which is this.
        greatest: &'static str,
    },
    /// Before the first day.
    TooEarly {
        /// Which is this.
        first: &'static str,
    },
    /// After the last day.
    TooLate {
        /// Which is this.
        last: &'static str,
    },
    /// Nobody said yes where a yes is needed.
    ConsentNeeded,
}

impl FaultCode {
    /// The stable name, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
            Self::WrongType => "wrong_type",
            Self::InvalidEmail => "invalid_email",
            Self::InvalidPhone => "invalid_phone",
            Self::UnknownCountry => "unknown_country",
            Self::InvalidCurrency => "invalid_currency",
            Self::TooShort { .. } => "too_short",
            Self::UnknownChoice => "unknown_choice",
            Self::InvalidNumber { .. } => "invalid_number",
            Self::InvalidDate => "invalid_date",
            Self::TooSmall { .. } => "too_small",
            Self::TooLarge { .. } => "too_large",
            Self::TooEarly { .. } => "too_early",
            Self::TooLate { .. } => "too_late",
            Self::ConsentNeeded => "consent_needed",
        }
    }
}

/// The English sentence part that follows the field's label.
impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::TooLong { max } => write!(f, "is too long: use at most {max} characters"),
            Self::ControlCharacter => {
                f.write_str("has an invisible control character: remove it or type the text again")
            }
            Self::WrongType => {
                f.write_str("has the wrong type: send text, or true or false for a switch")
            }
            Self::InvalidEmail => f.write_str("is not an e-mail address like name@example.com"),
            Self::InvalidPhone => f.write_str("is not a phone number of 7 to 15 digits"),
            Self::UnknownCountry => f.write_str("is not a two-letter country code like US or DE"),
            Self::InvalidCurrency => f.write_str("is not a three-letter currency code like EUR"),
            Self::TooShort { min } => write!(f, "is too short: use at least {min} characters"),
            Self::UnknownChoice => f.write_str("is none of the choices"),
            Self::InvalidNumber { decimals: 0 } => f.write_str("is not a whole number"),
            Self::InvalidNumber { decimals } => {
                write!(f, "is not a number with at most {decimals} digits after the point")
            }
            Self::InvalidDate => f.write_str("is not a day of the calendar like 2026-02-28"),
            Self::TooSmall { least } => write!(f, "is too small: the least is {least}"),
            Self::TooLarge { greatest } => write!(f, "is too large: the greatest is {greatest}"),
            Self::TooEarly { first } => write!(f, "is too early: the first day is {first}"),
            Self::TooLate { last } => write!(f, "is too late: the last day is {last}"),
            Self::ConsentNeeded => f.write_str("needs a yes: send true"),
        }
    }
}

/// The whole English sentence, as in the flat `errors` array.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = crate::field(self.field).map_or(self.field, |field| field.label);
        write!(f, "{label} {}", self.code)
    }
}
