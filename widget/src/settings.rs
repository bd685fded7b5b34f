//! What the host's page wants: the options, read once into plain values.

use doorstep_fields::{CATALOGUE, Field};

/// The options as the form needs them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings {
    /// The server's origin; the loader sets it from its own address.
    pub(crate) api: String,
    /// The origin of the page around our frame; empty where the form is part of
    /// the page, for which the browser itself says so.
    pub(crate) embedder: String,
    /// The access token; may come later.
    pub(crate) token: String,
    /// A publishable client, on a page without a back end.
    pub(crate) client: String,
    pub(crate) provider: String,
    pub(crate) provider_server: String,
    pub(crate) provider_username: String,
    /// Optional fields, by name, parted by blanks or commas.
    pub(crate) fields: String,
    /// Those of the operator, for where the page does not say which.
    pub(crate) suggested: String,
    /// `light`, `dark`, or anything else for what the host's page has.
    pub(crate) theme: String,
    /// Of the texts: the name of a catalogue.
    pub(crate) language: String,
    /// BCP 47, for what the browser says itself.
    pub(crate) locale: String,
}

/// Fields that are on every form; the rest is the host's choice.
const ALWAYS: [&str; 3] = ["fname", "lname", "email"];

/// Answers short enough that two of them share a line where there is room.
const SHORT: [&str; 8] =
    ["fname", "lname", "city", "state", "zip", "country", "currency", "locale"];

/// Languages in which the family's name comes first (CLDR, person names).
const FAMILY_FIRST: [&str; 6] = ["hu", "ja", "ko", "vi", "zh-Hans", "zh-Hant"];

/// A field on the form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) field: &'static Field,
    /// Whether it shares its line with a neighbour.
    pub(crate) half: bool,
}

impl Settings {
    /// The fields to show, in the catalogue's order whatever the host's. What the
    /// provider answered for the person is not kept from them.
    pub(crate) fn shown(&self, is_locked: impl Fn(&Field) -> bool) -> Vec<&'static Field> {
        let asked = if self.fields.is_empty() { &self.suggested } else { &self.fields };
        let asked: Vec<&str> = words(asked).collect();
        let mut shown: Vec<&'static Field> = CATALOGUE
            .iter()
            .filter(|field| {
                ALWAYS.contains(&field.name) || asked.contains(&field.name) || is_locked(field)
            })
            .collect();
        if FAMILY_FIRST.contains(&self.language.as_str()) {
            // Both are always there, and first.
            shown.swap(0, 1);
        }
        shown
    }

    /// Names that were asked for and that nobody knows.
    pub(crate) fn unknown(&self) -> Vec<&str> {
        words(&self.fields).filter(|name| doorstep_fields::field(name).is_none()).collect()
    }
}

/// Pairs neighbours that are both short, so that no line is left half empty.
pub(crate) fn place(fields: &[&'static Field]) -> Vec<Placed> {
    let is_short =
        |at: usize| fields.get(at).is_some_and(|field: &&Field| SHORT.contains(&field.name));
    let mut placed: Vec<Placed> = Vec::with_capacity(fields.len());
    while placed.len() < fields.len() {
        let at = placed.len();
        let half = is_short(at) && is_short(at + 1);
        placed.push(Placed { field: fields[at], half });
        if half {
            placed.push(Placed { field: fields[at + 1], half });
        }
    }
    placed
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(fields: &str) -> Settings {
        Settings { fields: fields.to_owned(), ..Settings::default() }
    }

    #[test]
    fn three_fields_are_always_there_and_the_catalogue_orders_the_rest() {
        let names = |fields: &str| -> Vec<&str> {
            asking(fields).shown(|_| false).iter().map(|field| field.name).collect()
        };
        assert_eq!(names(""), ["fname", "lname", "email"]);
        assert_eq!(
            names("country, company_name phone email"),
            ["fname", "lname", "email", "phone", "company_name", "country"]
        );
        assert_eq!(asking("phone pets").unknown(), ["pets"]);
        let suggested = Settings { suggested: "phone".to_owned(), ..Settings::default() };
        assert_eq!(suggested.shown(|_| false).last().unwrap().name, "phone");
        let asked = Settings { fields: "country".to_owned(), ..suggested };
        assert_eq!(asked.shown(|_| false).last().unwrap().name, "country");
        let locked = asking("country").shown(|field| matches!(field.name, "phone" | "email"));
        let locked: Vec<&str> = locked.iter().map(|field| field.name).collect();
        assert_eq!(locked, ["fname", "lname", "email", "phone", "country"]);
    }

    #[test]
    fn where_the_family_comes_first_its_name_does() {
        let hungarian = Settings { language: "hu".to_owned(), ..asking("phone") };
        let names: Vec<&str> = hungarian.shown(|_| false).iter().map(|it| it.name).collect();
        assert_eq!(names, ["lname", "fname", "email", "phone"]);
    }

    #[test]
    fn only_short_neighbours_share_a_line() {
        let halves = |fields: &str| -> Vec<&str> {
            let shown = asking(fields).shown(|_| false);
            place(&shown).iter().filter(|placed| placed.half).map(|it| it.field.name).collect()
        };
        assert_eq!(halves("country"), ["fname", "lname"]);
        assert_eq!(halves("zip country"), ["fname", "lname", "zip", "country"]);
        assert_eq!(halves("city zip country"), ["fname", "lname", "city", "zip"]);
    }
}
