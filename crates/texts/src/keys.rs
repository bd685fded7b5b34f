//! Names for the texts in the widget's code, made when it is built: a text that is not
//! there cannot be named.

use std::fmt::Write as _;

use crate::catalogue::{Catalogue, Part};

/// Sections whose texts are found by where they begin, for their names are somebody else's.
const BY_PLACE: [&str; 2] = ["loader", "field"];

/// The Rust source of `Key`, each with its place in the download. What no code names
/// is said by the compiler.
pub fn keys(part: Part) -> String {
    let english = Catalogue::english();
    let mut named = String::from(
        "/// Names a text by its place in the download.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq)]\n#[repr(u8)]\npub(crate) enum Key {\n",
    );
    let mut places = String::new();
    let mut last = "";
    for (at, (section, name)) in english.keys(part).enumerate() {
        if BY_PLACE.contains(&section) {
            if section != last && section != "loader" {
                let name = section.to_uppercase();
                let _ = writeln!(
                    places,
                    "/// Where the texts of {section}s begin.\nconst {name}: u8 = {at};"
                );
            }
        } else {
            // In the order of the fields' own table.
            let name = match section {
                "fault" | "rule" => format!("fault_{name}"),
                _ => name.to_owned(),
            };
            let _ = writeln!(named, "    {} = {at},", camel(&name));
        }
        last = section;
    }
    named + "}\n" + &places
}

fn camel(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    name.split('_').filter_map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::{camel, keys};
    use crate::Part;

    #[test]
    fn each_text_has_a_name_and_its_place() {
        assert_eq!(camel("done_by_provider"), "DoneByProvider");
        let form = keys(Part::Form);
        assert!(form.contains("    TryAgain = 3,\n"), "{form}");
        assert!(form.contains("    FaultRequired = "), "{form}");
        assert!(form.contains("const FIELD: u8 = "), "{form}");
        assert!(!form.contains("Fname"), "{form}");
        assert!(keys(Part::Order).contains("    TryAgain = 0,\n"));
    }
}
