//! Packs countries, their dial codes and their subdivisions into one table.
//!
//! Names and codes come from the crate that keeps ISO 3166, dial codes from the one
//! that keeps libphonenumber's data. The program carries what it shows and none of
//! their code.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder by the environment"
)]
fn main() {
    let dials: BTreeMap<&str, String> =
        phonenumber::metadata::DATABASE.iter().map(|it| (it.id(), dial_codes(it))).collect();
    let mut countries: Vec<_> = rust_iso3166::ALL.iter().collect();
    countries.sort_by_key(|country| country.alpha2);
    let mut source = String::from("pub(super) static COUNTRIES: &[Country] = &[\n");
    for country in countries {
        let code = country.alpha2;
        let dial = dials.get(code).map_or("", String::as_str);
        let mut subdivisions = rust_iso3166::iso3166_2::SUBDIVISION_COUNTRY_MAP
            .get(code)
            .map(|all| all.to_vec())
            .unwrap_or_default();
        subdivisions.sort_by_key(|subdivision| subdivision.region_code);
        let mut states = String::new();
        for it in subdivisions {
            let (code, name, kind) = (it.region_code, it.name, it.subdivision_type);
            // Writing to a string does not fail.
            let _ = write!(states, "State {{ code: {code:?}, name: {name:?}, kind: {kind:?} }}, ");
        }
        let name = country.name;
        let _ = writeln!(
            source,
            "Country {{ code: {code:?}, name: {name:?}, dial: {dial:?}, states: &[{states}] }},"
        );
    }
    source.push_str("];\n");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join("places.rs"), source).expect("OUT_DIR is writable");
    println!("cargo:rerun-if-changed=build.rs");
}

/// A region's dial codes, with commas between. Of the many regions behind `1` those
/// that have area codes of their own are known by these: `1684`, `1787,1939`.
fn dial_codes(region: &phonenumber::metadata::Metadata) -> String {
    let code = region.country_code().to_string();
    let leading = region.leading_digits().filter(|_| code == "1");
    let areas: Vec<_> = leading
        .iter()
        .flat_map(|leading| leading.as_str().split('|'))
        .flat_map(spelled_out)
        .filter(|area| area.len() == 3)
        .map(|area| format!("{code}{area}"))
        .collect();
    if areas.is_empty() { code } else { areas.join(",") }
}

/// The digits that a pattern of digits and classes stands for: `8[024]9` is 809, 829
/// and 849.
fn spelled_out(pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (choices, after) = match rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((class, after)) => (class, after),
            None => rest.split_at(first.len_utf8()),
        };
        found = found
            .iter()
            .flat_map(|start| choices.chars().map(move |next| format!("{start}{next}")))
            .collect();
        rest = after;
    }
    found
}
