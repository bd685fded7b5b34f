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
