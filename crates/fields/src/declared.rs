//! Fields that the operator declares: choices, numbers, days and consents, each within
//! the bounds that its declaration has.

use std::sync::{Mutex, PoisonError};

use crate::{
    fault::FaultCode,
    field::Field,
    kind::{Answer, Kind, Value, flag},
};

/// Digits of a number together. That many are the same number wherever JSON is read,
/// also where every number is a floating point one (RFC 8259 §6).
pub const MAX_DIGITS: usize = 15;

/// Gives declared fields for as long as the program runs, as the catalogue's are. `key`
/// says everything that is declared: with the same one the fields are made once, so that
/// what is kept grows with the operator's changes and not with every form or request.
pub fn declare(key: String, make: impl FnOnce() -> Vec<Field>) -> &'static [Field] {
    static DECLARED: Mutex<Vec<(String, &'static [Field])>> = Mutex::new(Vec::new());
    let mut declared = DECLARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, same)) = declared.iter().find(|(other, _)| *other == key) {
        return same;
    }
    let fields: &[Field] = make().leak();
    declared.push((key, fields));
    fields
}

impl Field {
    /// Checks trimmed, visible text by what was declared.
    pub(crate) fn parse_declared(&self, text: &str) -> Result<Answer, FaultCode> {
        let value = match self.kind {
            Kind::Consent => return self.consent(flag(text)?),
            Kind::Choice if self.choices.contains(&text) => text.to_owned(),
            Kind::Choice => return Err(FaultCode::UnknownChoice),
            Kind::Date => self.date(text)?,
            _ => self.number(text)?,
        };
        Ok(Answer::of(Value::Text(value)))
    }

    /// A yes, or a no where that will do.
    pub(crate) fn consent(&self, is_given: bool) -> Result<Answer, FaultCode> {
        if self.required && !is_given {
            return Err(FaultCode::ConsentNeeded);
        }
        Ok(Answer::of(Value::Flag(is_given)))
    }

    fn number(&self, text: &str) -> Result<String, FaultCode> {
        let number = scaled(text, self.decimals)
            .ok_or(FaultCode::InvalidNumber { decimals: self.decimals })?;
        let [least, greatest] = self.range;
        let bound = |text| scaled(text, self.decimals);
        if bound(least).is_some_and(|least| number < least) {
            return Err(FaultCode::TooSmall { least });
        }
        if bound(greatest).is_some_and(|greatest| number > greatest) {
            return Err(FaultCode::TooLarge { greatest });
        }
        Ok(plain(number, self.decimals))
    }

    fn date(&self, text: &str) -> Result<String, FaultCode> {
        if !is_day(text) {
            return Err(FaultCode::InvalidDate);
        }
        // Days in this form are in the order of their text.
        let [first, last] = self.range;
        if !first.is_empty() && text < first {
            return Err(FaultCode::TooEarly { first });
        }
        if !last.is_empty() && text > last {
            return Err(FaultCode::TooLate { last });
        }
        Ok(text.to_owned())
    }
}

/// A decimal number times ten to the power of `decimals`. A comma does for the point, but
/// not where it could as well part thousands.
fn scaled(text: &str, decimals: usize) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let at = digits.find(['.', ',']);
    let (whole, fraction) = at.map_or((digits, ""), |at| (&digits[..at], &digits[at + 1..]));
    let is_odd = at.is_some_and(|at| {
        fraction.is_empty() || digits.as_bytes()[at] == b',' && fraction.len() > 2
    });
    if whole.is_empty() || is_odd || fraction.len() > decimals {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() + decimals > MAX_DIGITS {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', decimals - fraction.len());
    let mut number = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Some(if is_negative { -number } else { number })
}

/// The shortest way to write it.
fn plain(number: i64, decimals: usize) -> String {
    let mut text = number.unsigned_abs().to_string();
    if decimals > 0 {
        while text.len() <= decimals {
            text.insert(0, '0');
        }
        text.insert(text.len() - decimals, '.');
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if number < 0 {
        text.insert(0, '-');
    }
    text
}

/// Whether it is a day of the calendar that is used everywhere since, reckoned back
/// before: `2026-02-28`.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !has_form {
        return false;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().fold(0_u32, |number, byte| number * 10 + u32::from(byte - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Raw;

    #[expect(clippy::needless_pass_by_value, reason = "a call reads as a row of a table")]
    fn check(field: &Field, text: &str, expected: Result<&str, FaultCode>) {
        let answer = field.parse(Raw::Text(text));
        let kept =
            answer.as_ref().map(|answer| answer.text().unwrap_or_default()).map_err(Clone::clone);
        assert_eq!(kept, expected, "{text:?}");
    }

    fn declared(kind: Kind) -> Field {
        Field::declared("x", "X", kind)
    }

    #[test]
    fn whole_numbers() {
        let field = Field { range: ["1", "250"], ..declared(Kind::Number) };
        for (text, kept) in [("1", "1"), (" 250 ", "250"), ("007", "7")] {
            check(&field, text, Ok(kept));
        }
        check(&field, "0", Err(FaultCode::TooSmall { least: "1" }));
        check(&field, "-5", Err(FaultCode::TooSmall { least: "1" }));
        check(&field, "251", Err(FaultCode::TooLarge { greatest: "250" }));
        for text in [
            "1e999",
            "1e2",
            "NaN",
            "inf",
            "+5",
            "--5",
            "-",
            ".",
            "1.",
            "1.0",
            "1,000",
            "0x10",
            "1 000",
            "٣",
            "１",
            "999999999999999999999999",
            "1_0",
            "5%",
        ] {
            check(&field, text, Err(FaultCode::InvalidNumber { decimals: 0 }));
        }
        let open = declared(Kind::Number);
        check(&open, "-999999999999999", Ok("-999999999999999"));
        check(&open, "1000000000000000", Err(FaultCode::InvalidNumber { decimals: 0 }));
        check(&open, "-0", Ok("0"));
        check(&open, "", Ok(""));
    }

    #[test]
    fn numbers_with_a_point() {
        let field = Field { decimals: 2, range: ["-0.5", "9.75"], ..declared(Kind::Number) };
        for (text, kept) in
            [("0.50", "0.5"), ("1,25", "1.25"), ("-0.5", "-0.5"), ("9.75", "9.75"), ("3.00", "3")]
        {
            check(&field, text, Ok(kept));
        }
        check(&field, "-0.51", Err(FaultCode::TooSmall { least: "-0.5" }));
        check(&field, "9.76", Err(FaultCode::TooLarge { greatest: "9.75" }));
        for text in ["1.255", ".5", "1.2.3", "1,2,3", "1.-2"] {
            check(&field, text, Err(FaultCode::InvalidNumber { decimals: 2 }));
        }
        // It could be a thousand.
        let fine = Field { decimals: 3, ..declared(Kind::Number) };
        check(&fine, "1,000", Err(FaultCode::InvalidNumber { decimals: 3 }));
        check(&fine, "1.000", Ok("1"));
        check(&fine, "0.001", Ok("0.001"));
    }

    #[test]
    fn days() {
        let field = Field { range: ["1900-01-01", "2030-12-31"], ..declared(Kind::Date) };
        for day in ["2024-02-29", "2000-02-29", "1900-01-01", "2030-12-31", "2026-04-30"] {
            check(&field, day, Ok(day));
        }
        check(&field, "1899-12-31", Err(FaultCode::TooEarly { first: "1900-01-01" }));
        check(&field, "2031-01-01", Err(FaultCode::TooLate { last: "2030-12-31" }));
        for text in [
            "2026-02-30",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-04-31",
            "0000-01-01",
            "26-01-01",
            "2026-1-1",
            "2026/01/01",
            "01.02.2026",
            "2026-01-01T00:00",
            "+026-01-01",
            "２０26-01-01",
            "today",
        ] {
            check(&field, text, Err(FaultCode::InvalidDate));
        }
        check(&declared(Kind::Date), "9999-12-31", Ok("9999-12-31"));
    }

    #[test]
    fn choices_are_taken_as_they_are_written() {
        let field = Field { choices: &["starter", "Größer"], ..declared(Kind::Choice) };
        check(&field, "starter", Ok("starter"));
        check(&field, " Größer ", Ok("Größer"));
        for text in ["Starter", "start", "Gro\u{308}ßer", "starter,Größer"] {
            check(&field, text, Err(FaultCode::UnknownChoice));
        }
        check(&field, "", Ok(""));
        check(&field.clone().required(), "", Err(FaultCode::Required));
        check(&field, "starter\u{202E}", Err(FaultCode::ControlCharacter));
    }

    #[test]
    fn a_consent_that_is_needed_is_a_yes() {
        let value = |field: &Field, raw| field.parse(raw).map(|answer| answer.value);
        let (free, needed) = (declared(Kind::Consent), declared(Kind::Consent).required());
        for raw in [Raw::Flag(true), Raw::Text("true"), Raw::Text("on"), Raw::Text(" 1 ")] {
            assert_eq!(value(&free, raw), Ok(Some(Value::Flag(true))));
            assert_eq!(value(&needed, raw), Ok(Some(Value::Flag(true))));
        }
        for raw in [Raw::Flag(false), Raw::Text("false"), Raw::Absent, Raw::Text("")] {
            assert_eq!(value(&needed, raw), Err(FaultCode::ConsentNeeded), "{raw:?}");
        }
        assert_eq!(value(&free, Raw::Flag(false)), Ok(Some(Value::Flag(false))));
        assert_eq!(value(&free, Raw::Absent), Ok(None));
        assert_eq!(value(&needed, Raw::Text("yes please")), Err(FaultCode::WrongType));
        assert_eq!(value(&needed, Raw::Other), Err(FaultCode::WrongType));
        assert_eq!(value(&declared(Kind::Date), Raw::Flag(true)), Err(FaultCode::WrongType));
    }

    #[test]
    fn text_has_a_shortest_and_a_longest() {
        let field = Field { min: 3, max: 5, ..declared(Kind::Text) };
        check(&field, "abc", Ok("abc"));
        check(&field, "ab", Err(FaultCode::TooShort { min: 3 }));
        check(&field, "a\u{301}b\u{301}", Err(FaultCode::TooShort { min: 3 }));
        check(&field, "abcdef", Err(FaultCode::TooLong { max: 5 }));
        check(&field, "", Ok(""));
        check(&field, "a\u{202E}bc", Err(FaultCode::ControlCharacter));
        check(&field, &"a".repeat(100_000), Err(FaultCode::TooLong { max: 5 }));
    }

    #[test]
    fn the_same_declaration_is_kept_once() {
        let declare = |key: &str, kind| declare(key.to_owned(), || vec![declared(kind)]);
        let (one, again) = (declare("days", Kind::Date), declare("days", Kind::Number));
        assert!(std::ptr::eq(one, again));
        assert_eq!(declare("numbers", Kind::Number), [declared(Kind::Number)]);
    }
}
