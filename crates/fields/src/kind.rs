//! The kinds of answers, and the check that each one makes.

use email_address::{EmailAddress, Options};

use crate::{codes, fault::FaultCode};

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of text, kept in NFC.
    Text,
    /// An address in the syntax of RFC 5321, without a display name or a quoted
    /// or literal part; the domain may be an internationalised one.
    Email,
    /// 7 to 15 digits (ITU-T E.164 §6), with the usual separators.
    Phone,
    /// ISO 3166-1 alpha-2, in any case.
    Country,
    /// ISO 4217, in any case. Three letters that are no currency are answered
    /// with the platform's default, as the documented contract does.
    Currency,
    /// A BCP 47 tag, kept as its ISO 639-1 language.
    Locale,
    /// Yes or no.
    Flag,
    /// One of the field's own choices; of a declared field, as all that follow.
    Choice,
    /// A decimal number.
    Number,
    /// A day, as ISO 8601 writes it.
    Date,
    /// Yes, where a yes may be needed.
    Consent,
}

/// An answer as it arrives, before any check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raw<'a> {
    /// Not there, or null.
    Absent,
    /// Text, or a number's text.
    Text(&'a str),
    /// A boolean.
    Flag(bool),
    /// A list or an object: never an answer.
    Other,
}

/// An answer that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text in its canonical form.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

/// What a check found: a value, nothing, or something that had to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The value, if there is one; without one the platform's default applies.
    pub value: Option<Value>,
    /// Whether the value differs in meaning from what was sent, so that the
    /// reply must say so.
    pub substituted: bool,
}

impl Answer {
    /// No answer was given.
    pub const BLANK: Self = Self { value: None, substituted: false };

    /// The value as it was meant.
    pub const fn of(value: Value) -> Self {
        Self { value: Some(value), substituted: false }
    }

    /// The text, if the answer has one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// E.164 allows 15 digits; the shortest subscriber numbers with an area code have 7.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl Kind {
    /// Checks trimmed, non-empty text.
    pub(crate) fn parse(self, text: &str) -> Result<Answer, FaultCode> {
        let value = match self {
            Self::Text => composed(text),
            Self::Email => email(text)?,
            Self::Phone => phone(text)?,
            Self::Country => {
                let code = text.to_ascii_uppercase();
                if !codes::is_country(&code) {
                    return Err(FaultCode::UnknownCountry);
                }
                code
            }
            Self::Currency => {
                let code = text.to_ascii_uppercase();
                if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    return Err(FaultCode::InvalidCurrency);
                }
                if !codes::is_currency(&code) {
                    return Ok(Answer { value: None, substituted: true });
                }
                code
            }
            Self::Locale => return Ok(locale(text)),
            Self::Flag => return Ok(Answer::of(Value::Flag(flag(text)?))),
            // What a field declares of itself decides these: see `declared`.
            Self::Choice | Self::Number | Self::Date | Self::Consent => text.to_owned(),
        };
        Ok(Answer::of(Value::Text(value)))
    }
}

/// Yes or no, as forms and programs write it.
pub(crate) fn flag(text: &str) -> Result<bool, FaultCode> {
    match text {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" | "off" => Ok(false),
        _ => Err(FaultCode::WrongType),
    }
}

/// Letters and their marks as one (NFC), so that a name is the same wherever it was
/// typed.
#[cfg(not(target_family = "wasm"))]
fn composed(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfc().collect()
}

/// The same without the tables, which would be a good part of the widget's weight:
/// what the form sends the server composes.
#[cfg(target_family = "wasm")]
fn composed(text: &str) -> String {
    text.to_owned()
}

fn email(text: &str) -> Result<String, FaultCode> {
    let options =
        Options::default().without_display_text().without_domain_literal().with_required_tld();
    let address =
        EmailAddress::parse_with_options(text, options).map_err(|_| FaultCode::InvalidEmail)?;
    // What the parser takes for a name that a mail server would not.
    let domain = address.domain();
    let is_name = domain.chars().all(|it| it.is_alphanumeric() || matches!(it, '-' | '.'))
        && domain
            .rsplit('.')
            .next()
            .is_some_and(|last| !last.bytes().all(|it| it.is_ascii_digit()));
    if !is_name {
        return Err(FaultCode::InvalidEmail);
    }
    // A quoted local part is legal and undeliverable in practice; it is also the
    // only way to get a blank or a second `@` into an address.
    if address.local_part().starts_with('"') {
        return Err(FaultCode::InvalidEmail);
    }
    Ok(text.to_owned())
}

fn phone(text: &str) -> Result<String, FaultCode> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let only_phone_characters = text.char_indices().all(|(at, character)| match character {
        '+' => at == 0,
        '0'..='9' | ' ' | '-' | '.' | '(' | ')' | '/' => true,
        _ => false,
    });
    if only_phone_characters && PHONE_DIGITS.contains(&digits) {
        Ok(text.to_owned())
    } else {
        Err(FaultCode::InvalidPhone)
    }
}

fn locale(text: &str) -> Answer {
    let language = text.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    if codes::is_language(&language) {
        let substituted = language != text;
        Answer { value: Some(Value::Text(language)), substituted }
    } else {
        Answer { value: None, substituted: true }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, text: &str, expected: &Result<Option<&str>, FaultCode>) {
        let answer = kind.parse(text);
        assert_eq!(&answer.as_ref().map(Answer::text).map_err(Clone::clone), expected, "{text:?}");
    }

    #[test]
    fn emails() {
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(60));
        for good in ["ada@example.com", "a.b+c@exämple.de", "o'hara@mail.example", &long] {
            check(Kind::Email, good, &Ok(Some(good)));
        }
        for bad in [
            "a@b",
            "ada",
            "@example.com",
            "\"a b\"@example.com",
            "a b@example.com",
            "Ada <ada@example.com>",
            "a@[127.0.0.1]",
            "a@@example.com",
            "a@b.com#x",
            "a@1.2.3.4",
        ] {
            check(Kind::Email, bad, &Err(FaultCode::InvalidEmail));
        }
    }

    #[test]
    fn texts_are_composed() {
        check(Kind::Text, "Jose\u{301}", &Ok(Some("Jos\u{e9}")));
        check(Kind::Text, "می\u{200C}خواهم", &Ok(Some("می\u{200C}خواهم")));
    }

    #[test]
    fn phones() {
        for good in ["+44 20 7946 0958", "(020) 7946-0958", "5551234"] {
            check(Kind::Phone, good, &Ok(Some(good)));
        }
        for bad in ["555123", "1234567890123456", "call me", "12+345678"] {
            check(Kind::Phone, bad, &Err(FaultCode::InvalidPhone));
        }
    }

    #[test]
    fn countries_are_strict_and_currencies_and_locales_fall_back() {
        check(Kind::Country, "us", &Ok(Some("US")));
        for bad in ["USA", "XX", "ZZ"] {
            check(Kind::Country, bad, &Err(FaultCode::UnknownCountry));
        }
        check(Kind::Currency, "eur", &Ok(Some("EUR")));
        check(Kind::Currency, "QQQ", &Ok(None));
        check(Kind::Currency, "EU1", &Err(FaultCode::InvalidCurrency));
        check(Kind::Locale, "foo", &Ok(None));
        check(Kind::Locale, "en-US", &Ok(Some("en")));
        check(Kind::Locale, "EN_us", &Ok(Some("en")));
        assert!(Kind::Locale.parse("en-US").unwrap().substituted);
        assert!(!Kind::Locale.parse("en").unwrap().substituted);
    }
}
