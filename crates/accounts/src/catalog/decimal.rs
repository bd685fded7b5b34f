//! Decimal numbers that keep their text: a price of `0.10` is told as it was written.

use std::{cmp::Ordering, fmt};

/// A number of at most nine digits before the point and six behind it.
#[derive(Debug, Clone)]
pub struct Decimal {
    text: String,
    micros: i64,
}

const WHOLE_DIGITS: usize = 9;
const PART_DIGITS: usize = 6;

impl Decimal {
    /// Reads a text like `0.0`, `12` or `3.141592`.
    ///
    /// ```
    /// use doorstep_accounts::catalog::Decimal;
    /// assert_eq!(Decimal::parse("0.10").unwrap().to_string(), "0.10");
    /// assert!(Decimal::parse("2.0").unwrap() > Decimal::parse("1.999999").unwrap());
    /// assert_eq!(Decimal::parse("1,5"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str, most: usize| {
            (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(whole, WHOLE_DIGITS) || !is_number(part, PART_DIGITS) {
            return None;
        }
        let micros = format!("{whole}{part:0<PART_DIGITS$}").parse().ok()?;
        Some(Self { text: text.to_owned(), micros })
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self { text: "0.0".to_owned(), micros: 0 }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.micros.partial_cmp(&other.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1.0000001", "1234567890", "१", "1 "]
        {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
        assert_eq!(Decimal::parse("1.5"), Decimal::parse("1.500000"));
        assert!(Decimal::parse("999999999.999999").unwrap() > Decimal::parse("10").unwrap());
    }
}
