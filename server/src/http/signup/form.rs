//! What is asked and what was answered.

use std::collections::BTreeMap;

use doorstep_accounts::Binding;
use doorstep_fields::{CATALOGUE, Field, Kind, Raw};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value, json};

use super::{
    language::Said,
    page::{Input, Link, Row},
};

/// Fields that are on every form; the rest is the page's or the operator's choice.
const ALWAYS: [&str; 3] = ["fname", "lname", "email"];

/// Answers short enough that two of them share a line where there is room.
const SHORT: [&str; 8] =
    ["fname", "lname", "city", "state", "zip", "country", "currency", "locale"];

/// Languages in which the family's name comes first (CLDR, person names).
const FAMILY_FIRST: [&str; 6] = ["hu", "ja", "ko", "vi", "zh-Hans", "zh-Hant"];

/// What came in a request's body.
#[derive(Default)]
pub(super) struct Posted {
    pub(super) token: String,
    /// The form's own; a page that opens the form has none.
    pub(super) key: Option<String>,
    /// Where the person came from, to go back to.
    pub(super) return_to: String,
    answers: BTreeMap<&'static str, String>,
}

/// Secrets do not print.
impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Posted").finish_non_exhaustive()
    }
}

impl Posted {
    /// Reads a form. An answer that is there twice counts as it was given last; what has no
    /// name of ours is passed over, for panels' forms bring fields of their own.
    pub(super) fn read(body: &[u8], declared: &'static [Field]) -> Self {
        let mut posted = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "token" => value.trim().clone_into(&mut posted.token),
                "key" => posted.key = Some(value),
                "return_to" => posted.return_to = value,
                name => {
                    let own = || declared.iter().find(|field| field.name == name);
                    if let Some(field) = doorstep_fields::field(name).or_else(own) {
                        posted.answers.insert(field.name, value);
                    }
                }
            }
        }
        posted
    }

    /// The request that the widget would send. What the token says is the token's.
    pub(super) fn body(&self, fields: &[&Field], binding: &Binding) -> String {
        let free = fields.iter().filter(|field| !binding.locked.contains_key(field.name));
        let mut custom = Map::new();
        let mut user = Map::new();
        for field in free {
            let Some(answer) = self.answers.get(field.name).filter(|it| !it.is_empty()) else {
                continue;
            };
            let is_declared = doorstep_fields::field(field.name).is_none();
            let group = if is_declared { &mut custom } else { &mut user };
            group.insert(field.name.to_owned(), Value::from(answer.as_str()));
        }
        if !custom.is_empty() {
            user.insert("custom".to_owned(), custom.into());
        }
        json!({ "user": user }).to_string()
    }

    /// What stands in a field: what is fixed, what was typed, what the panel knows.
    fn value(&self, field: &Field, binding: Option<&Binding>) -> String {
        let of = |answers: fn(&Binding) -> &Map<String, Value>| {
            binding.and_then(|binding| answers(binding).get(field.name)).map(text)
        };
        if let Some(value) = of(|it| &it.locked) {
            return known(field, value);
        }
        match self.answers.get(field.name) {
            Some(typed) => known(field, typed.clone()),
            // Once the form was sent, a box without a tick was left so.
            None if self.key.is_some() => String::new(),
            None => of(|it| &it.prefill).map_or(String::new(), |value| known(field, value)),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A list can show only what is on it.
fn known(field: &Field, text: String) -> String {
    match field.kind {
        Kind::Country | Kind::Currency | Kind::Locale | Kind::Choice => {
            let answer = field.parse(Raw::Text(&text)).ok();
            answer.and_then(|it| it.text().map(str::to_owned)).unwrap_or_default()
        }
        _ => text,
    }
}

/// The fields to show, in the catalogue's order. What the panel answered for the person
/// is not kept from them; and what the operator declared is asked in any case.
pub(super) fn shown(
    asked: &str,
    declared: &'static [Field],
    binding: Option<&Binding>,
) -> Vec<&'static Field> {
    let asked: Vec<&str> =
        asked.split([' ', ',', '\n', '\t']).filter(|name| !name.is_empty()).collect();
    let is_locked = |name: &str| binding.is_some_and(|it| it.locked.contains_key(name));
    CATALOGUE
        .iter()
        .filter(|field| {
            ALWAYS.contains(&field.name) || asked.contains(&field.name) || is_locked(field.name)
        })
        .chain(declared)
        .collect()
}

/// The rows, with what is in them and what is wrong with it.
pub(super) fn rows(
    said: &Said<'_>,
    fields: &[&'static Field],
    posted: &Posted,
    binding: Option<&Binding>,
    faults: &[FieldProblem],
) -> Vec<Row> {
    let mut fields = fields.to_vec();
    if FAMILY_FIRST.contains(&said.reader.tag()) {
        // Both are always there, and first.
        fields.swap(0, 1);
    }
    let is_short =
        |at: usize| fields.get(at).is_some_and(|field: &&Field| SHORT.contains(&field.name));
    let mut rows = Vec::with_capacity(fields.len());
    let mut partner = None;
    for (at, field) in fields.iter().enumerate() {
        let is_half = partner == Some(at) || (is_short(at) && is_short(at + 1));
        if is_half && partner != Some(at) {
            partner = Some(at + 1);
        }
        let is_fixed = binding.is_some_and(|it| it.locked.contains_key(field.name));
        let fault = faults.iter().find(|fault| fault.field == field.name);
        let fault = fault.map_or(String::new(), |fault| {
            said.fault(field, &fault.code).unwrap_or_else(|| fault.message.clone())
        });
        rows.push(row(said, field, (posted.value(field, binding), fault), (is_half, is_fixed)));
    }
    rows
}

fn row(
    said: &Said<'_>,
    field: &'static Field,
    (value, fault): (String, String),
    (is_half, is_fixed): (bool, bool),
) -> Row {
    let words = said.words(field);
    let hint = match field.name {
        _ if is_fixed => said.say("form", "set_by_provider"),
        "phone" => said.say("form", "hint_phone"),
        "c_sftp_pass" => said.say("form", "hint_sftp"),
        _ => words.as_ref().map_or("", |words| &words.hint),
    };
    let input = match field.kind {
        Kind::Flag | Kind::Consent => Input::Check(matches!(&*value, "true" | "1" | "on")),
        Kind::Country | Kind::Currency | Kind::Locale => {
            Input::List(said.reader.choices(field.kind))
        }
        Kind::Choice => {
            let names = words.iter().flat_map(|words| words.options.iter().cloned());
            Input::List(field.choices.iter().copied().zip(names).collect())
        }
        Kind::Email => Input::Line("email", "email", "none", "ltr"),
        Kind::Phone => Input::Line("tel", "tel", "none", "ltr"),
        // No `type="number"`, which sends nothing where it is none.
        // Where the keys for numbers lack a minus, none is needed.
        Kind::Number if field.range[0].starts_with(|it: char| it.is_ascii_digit()) => {
            Input::Line("text", "decimal", "none", "ltr")
        }
        Kind::Number => Input::Line("text", "text", "none", "ltr"),
        Kind::Date => Input::Line("date", "text", "none", "ltr"),
        Kind::Text if field.name == "zip" => Input::Line("text", "text", "characters", "auto"),
        Kind::Text => Input::Line("text", "text", "words", "auto"),
    };
    let mut tied = String::new();
    if !fault.is_empty() {
        tied.push_str(" aria-invalid=\"true\"");
    }
    // The fault first, as the more urgent.
    let described = [(&*fault, "fault"), (hint, "hint")];
    let described = described.iter().filter(|(text, _)| !text.is_empty());
    let described: Vec<String> =
        described.map(|(_, what)| format!("doorstep-{}-{what}", field.name)).collect();
    if !described.is_empty() {
        tied = [&*tied, " aria-describedby=\"", &described.join(" "), "\""].concat();
    }
    if field.kind == Kind::Date {
        // Days, which were checked.
        let bounds = [("min", field.range[0]), ("max", field.range[1])];
        for (name, day) in bounds.into_iter().filter(|(_, day)| !day.is_empty()) {
            tied = [&*tied, " ", name, "=\"", day, "\""].concat();
        }
    }
    Row {
        name: field.name,
        label: said.label(field),
        link: words.as_ref().and_then(Link::of),
        class: match (field.kind, is_half) {
            (Kind::Flag | Kind::Consent, _) => " doorstep-switch",
            (_, true) => " doorstep-half",
            (_, false) => "",
        },
        autocomplete: field.autocomplete,
        value,
        hint: hint.to_owned(),
        fault,
        is_required: field.required,
        // A switch is never left out, so nothing about it is optional.
        is_optional: !field.required && field.kind != Kind::Flag && !is_fixed,
        is_fixed,
        input,
        tied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_by_names_and_prints_none_of_it() {
        let posted =
            Posted::read(b"token=+sgn_x+&fname=A&fname=%3Cb%3E&pets=3&key=&locale=de", &[]);
        assert_eq!((posted.token.as_str(), posted.key.as_deref()), ("sgn_x", Some("")));
        let answers: Vec<_> = posted.answers.iter().map(|(name, it)| (*name, &**it)).collect();
        assert_eq!(answers, [("fname", "<b>"), ("locale", "de")]);
        assert_eq!(format!("{posted:?}"), "Posted { .. }");
    }

    #[test]
    fn three_fields_are_always_there_and_the_catalogue_orders_the_rest() {
        let names = |asked| -> Vec<&str> {
            shown(asked, &[], None).iter().map(|field| field.name).collect()
        };
        assert_eq!(names(""), ALWAYS);
        assert_eq!(
            names("country, company_name pets email"),
            ["fname", "lname", "email", "company_name", "country"]
        );
    }
}
