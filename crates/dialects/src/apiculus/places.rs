//! Countries, their dial codes and their subdivisions (ISO 3166, packed at build time).

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

include!(concat!(env!("OUT_DIR"), "/places.rs"));

/// A country.
#[derive(Debug)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) code: &'static str,
    /// Its English name.
    pub(super) name: &'static str,
    /// Its dial codes, with commas between; empty without any.
    pub(super) dial: &'static str,
    /// Its subdivisions, by code; empty without any.
    pub(super) states: &'static [State],
}

/// A subdivision.
#[derive(Debug)]
pub(super) struct State {
    /// ISO 3166-2 without the country.
    pub(super) code: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What it is, as in `State`.
    pub(super) kind: &'static str,
}

/// What the identifiers of countries begin with. They are opaque to callers, and of
/// ten characters as the vendor's are.
const OBJECT_ID: &str = "ISO3166-";

impl Country {
    /// The country of a code, in upper case.
    pub(super) fn of(code: &str) -> Option<&'static Self> {
        COUNTRIES.iter().find(|country| country.code == code)
    }

    /// The country of an identifier that [`Self::object_id`] gave.
    pub(super) fn of_object(id: &str) -> Option<&'static Self> {
        Self::of(id.strip_prefix(OBJECT_ID)?)
    }

    /// What callers ask for its subdivisions by: never changes.
    pub(super) fn object_id(&self) -> String {
        format!("{OBJECT_ID}{}", self.code)
    }

    /// A subdivision by its code, to the letter, or by its name, with the marks on its
    /// letters or without: ISO has `Karnātaka`, where most people write `Karnataka`.
    pub(super) fn state(&self, sent: &str) -> Option<&'static State> {
        let by_code = self.states.iter().find(|state| state.code == sent);
        let plain = without_marks(sent);
        by_code.or_else(|| self.states.iter().find(|state| without_marks(state.name) == plain))
    }
}

fn without_marks(text: &str) -> String {
    text.nfd().filter(|character| !is_combining_mark(*character)).collect()
}

/// Whether some country has the dial code. Those without any do not make nothing one.
pub(super) fn is_dial_code(digits: &str) -> bool {
    let mut dials = COUNTRIES.iter().flat_map(|country| country.dial.split(','));
    !digits.is_empty() && dials.any(|dial| dial == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_their_codes_and_subdivisions() {
        assert_eq!(COUNTRIES.len(), 249);
        let india = Country::of("IN").unwrap();
        assert_eq!((india.name, india.dial), ("India", "91"));
        assert_eq!(india.state("KA").unwrap().name, "Karnātaka");
        for name in ["KA", "Karnātaka", "Karna\u{304}taka", "Karnataka"] {
            assert_eq!(india.state(name).unwrap().code, "KA", "{name}");
        }
        for name in ["ka", "karnataka", "BY", ""] {
            assert!(india.state(name).is_none(), "{name}");
        }
        assert_eq!(Country::of_object(&india.object_id()).unwrap().code, "IN");
        assert_eq!(india.object_id().len(), 10);
        assert!(Country::of_object("IN").is_none() && Country::of("in").is_none());
        assert!(COUNTRIES.iter().any(|country| country.states.is_empty()));
    }

    #[test]
    fn regions_behind_one_code_have_their_area_codes() {
        let dial = |code| Country::of(code).unwrap().dial;
        assert_eq!(dial("US"), "1");
        assert_eq!(dial("AS"), "1684");
        assert_eq!(dial("PR"), "1787,1939");
        assert_eq!(dial("DO"), "1809,1829,1849");
        for (code, known) in
            [("91", true), ("1", true), ("1939", true), ("999", false), ("", false)]
        {
            assert_eq!(is_dial_code(code), known, "{code}");
        }
    }
}
