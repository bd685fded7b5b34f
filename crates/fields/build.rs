//! Packs the code lists of ISO 3166-1, ISO 4217 and ISO 639-1 into three strings.
//!
//! The data comes from the crates that keep it; at run time the widget carries
//! two or three bytes per code instead of those crates' tables of names (a
//! browser has the names already, in `Intl.DisplayNames`).

use std::{collections::BTreeSet, env, fs, path::Path};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder by the environment"
)]
fn main() {
    let countries: BTreeSet<&str> =
        rust_iso3166::ALL.iter().map(|country| country.alpha2).collect();
    let currencies: BTreeSet<&str> = {
        use iso_currency::IntoEnumIterator as _;
        iso_currency::Currency::iter()
            // Codes without a minor or major unit to bill in: metals, funds, tests.
            .filter(|currency| !currency.is_special())
            .map(|currency| currency.code())
            .collect()
    };
    let languages: BTreeSet<&str> =
        isolang::languages().filter_map(|language| language.to_639_1()).collect();

    let list = |name: &str, doc: &str, codes: &BTreeSet<&str>| {
        let packed: String = codes.iter().copied().collect();
        format!("/// {doc}\npub(crate) const {name}: &str = \"{packed}\";\n")
    };
    let source = [
        list("COUNTRIES", "ISO 3166-1 alpha-2, two bytes each, sorted.", &countries),
        list("CURRENCIES", "ISO 4217, three bytes each, sorted.", &currencies),
        list("LANGUAGES", "ISO 639-1, two bytes each, sorted.", &languages),
    ]
    .concat();
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join("codes.rs"), source).expect("OUT_DIR is writable");
    println!("cargo:rerun-if-changed=build.rs");
}
