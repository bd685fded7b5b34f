//! The ISO code lists, packed at build time.

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

/// Whether it is an assigned ISO 3166-1 alpha-2 code, in upper case.
pub fn is_country(code: &str) -> bool {
    holds(COUNTRIES, 2, code)
}

/// Whether it is an ISO 4217 currency that people pay in, in upper case.
pub fn is_currency(code: &str) -> bool {
    holds(CURRENCIES, 3, code)
}

/// Whether it is an ISO 639-1 language, in lower case.
pub fn is_language(code: &str) -> bool {
    holds(LANGUAGES, 2, code)
}

/// All country codes, sorted.
pub fn countries() -> impl Iterator<Item = &'static str> {
    each(COUNTRIES, 2)
}

/// All currency codes, sorted.
pub fn currencies() -> impl Iterator<Item = &'static str> {
    each(CURRENCIES, 3)
}

/// All language codes, sorted.
pub fn languages() -> impl Iterator<Item = &'static str> {
    each(LANGUAGES, 2)
}

fn each(packed: &'static str, width: usize) -> impl Iterator<Item = &'static str> {
    (0..packed.len() / width).map(move |at| &packed[at * width..(at + 1) * width])
}

fn holds(packed: &'static str, width: usize, code: &str) -> bool {
    code.len() == width && each(packed, width).any(|other| other == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_what_they_should() {
        assert_eq!(countries().count(), 249);
        assert!(currencies().count() > 140, "{}", currencies().count());
        assert!((180..190).contains(&languages().count()));
        assert!(is_country("GB") && is_currency("EUR") && is_language("cy"));
        assert!(!is_country("gb") && !is_currency("XAU") && !is_language("eng"));
    }
}
