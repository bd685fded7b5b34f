//! What can be declared: whatever cannot be asked is named at the start, with what to do.

use std::collections::BTreeSet;

use doorstep_fields::{CATALOGUE, Field, MAX_DIGITS, Raw, is_hidden};
use doorstep_texts::language;

use super::{Custom, CustomKind, TEXT_CHARACTERS, fields};

/// More is a questionnaire; and they are labels, which have little room.
const MOST: usize = 20;
/// A name is a label's key, an input's name and a JSON pointer's step.
const NAME_CHARACTERS: usize = 32;
/// As long as a line of the form can be read. A consent takes three lines.
const LABEL_CHARACTERS: usize = 200;
/// What the answer itself may be.
const OPTION_CHARACTERS: usize = 64;
/// A longer list is no choice that somebody makes in passing.
const MOST_OPTIONS: usize = 250;
/// Digits after a point.
const MOST_DECIMALS: usize = 6;

/// Names that mean something else in a sign-up, on its page, or to a browser: a form's inputs hide its own members of
/// the same name.
const TAKEN: &[&str] = &[
    "title",
    "next",
    "constructor",
    "contains",
    "closest",
    "remove",
    "matches",
    "append",
    "prepend",
    "before",
    "after",
    "submit",
    "reset",
    "elements",
    "length",
    "action",
    "method",
    "id",
    "name",
    "part",
    "dir",
    "lang",
    "hidden",
    "user",
    "custom",
    "labels",
    "merge_labels",
    "provider",
    "provider_server",
    "provider_username",
    "token",
    "key",
    "return_to",
    "username",
    "password",
    "claim_code",
    "client",
    "fields",
    "api",
    "id",
    "user_id",
    "access_token",
];

/// Whoever declares a field is told at once what cannot be asked.
pub(in crate::config) fn validate(all: &[Custom]) -> Result<(), String> {
    if all.len() > MOST {
        return Err(format!(
            "form.custom declares {} fields: at most {MOST} are possible",
            all.len()
        ));
    }
    let mut names = BTreeSet::new();
    for (custom, field) in all.iter().zip(fields(all)) {
        let name = &custom.name;
        check_name(name)?;
        if !names.insert(name) {
            return Err(format!("form.custom.{name} is declared twice: give one another name"));
        }
        custom
            .check(field)
            .map_err(|(member, text)| format!("form.custom.{name}.{member} {text}"))?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = (1..=NAME_CHARACTERS).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    if !fits {
        return Err(format!(
            "form.custom: the name {name:?} is not one: use up to {NAME_CHARACTERS} small letters, digits and underscores, with a letter first"
        ));
    }
    if CATALOGUE.iter().any(|field| field.name == name) {
        return Err(format!(
            "form.custom.{name} has the name of a field that the form knows: ask for that one with form.fields, or choose another name"
        ));
    }
    if TAKEN.contains(&name) {
        return Err(format!(
            "form.custom.{name} has a name that means something else in a sign-up: choose another name"
        ));
    }
    Ok(())
}

/// Which member is wrong, and what is.
type Wrong = (String, String);

fn wrong(member: &str, text: impl Into<String>) -> Wrong {
    (member.to_owned(), text.into())
}

impl Custom {
    fn check(&self, field: &Field) -> Result<(), Wrong> {
        let is = |kind| self.kind == kind;
        for (member, is_there, fits) in [
            ("min", self.min.is_some(), is(CustomKind::Number) || is(CustomKind::Date)),
            ("max", self.max.is_some(), is(CustomKind::Number) || is(CustomKind::Date)),
            ("decimals", self.decimals.is_some(), is(CustomKind::Number)),
            ("min_length", self.min_length.is_some(), is(CustomKind::Text)),
            ("max_length", self.max_length.is_some(), is(CustomKind::Text)),
            ("options", !self.options.is_empty(), is(CustomKind::Choice)),
            ("link", self.link.is_some(), is(CustomKind::Consent)),
        ] {
            if is_there && !fits {
                return Err(wrong(
                    member,
                    format!("is not for kind = {:?}: leave it out", self.kind.name()),
                ));
            }
        }
        words("label", &self.label, LABEL_CHARACTERS)?;
        if !self.hint.is_empty() {
            words("hint", &self.hint, LABEL_CHARACTERS)?;
        }
        let Field { min, max, decimals, .. } = *field;
        if !(1..=TEXT_CHARACTERS).contains(&max) {
            return Err(wrong(
                "max_length",
                format!("{max} is not between 1 and {TEXT_CHARACTERS}"),
            ));
        }
        if min > max {
            return Err(wrong("min_length", format!("{min} is more than max_length, {max}")));
        }
        if decimals > MOST_DECIMALS {
            return Err(wrong("decimals", format!("{decimals} is more than {MOST_DECIMALS}")));
        }
        self.check_options()?;
        self.check_range(field)?;
        self.check_link("label", &self.label, "link", self.link.as_ref())?;
        self.check_texts()
    }

    fn check_options(&self) -> Result<(), Wrong> {
        if self.kind != CustomKind::Choice {
            return Ok(());
        }
        if !(1..=MOST_OPTIONS).contains(&self.options.len()) {
            return Err(wrong("options", format!("must be a list of 1 to {MOST_OPTIONS} choices")));
        }
        let mut values = BTreeSet::new();
        for option in &self.options {
            let member = format!("options: {:?}", option.value());
            words(&member, option.value(), OPTION_CHARACTERS)?;
            words(&member, option.label(), LABEL_CHARACTERS)?;
            if !values.insert(option.value()) {
                return Err(wrong(&member, "is there twice"));
            }
        }
        Ok(())
    }

    /// Bounds are answers by the rule that they bound.
    fn check_range(&self, field: &Field) -> Result<(), Wrong> {
        if !matches!(self.kind, CustomKind::Number | CustomKind::Date) {
            return Ok(());
        }
        let what = if self.kind == CustomKind::Date {
            "a day like \"2026-02-28\"".to_owned()
        } else {
            let (digits, decimals) = (MAX_DIGITS, field.decimals);
            format!("a number of up to {digits} digits, {decimals} of them after the point")
        };
        let unbounded = Field { range: [""; 2], required: false, ..field.clone() };
        let [min, max] = field.range;
        for (member, bound) in [("min", min), ("max", max)] {
            if unbounded.parse(Raw::Text(bound)).is_err() {
                return Err(wrong(member, format!("{bound:?} is not {what}")));
            }
        }
        if !max.is_empty() && field.parse(Raw::Text(max)).is_err() {
            return Err(wrong("min", format!("{min} is above max, {max}")));
        }
        Ok(())
    }

    fn check_link(
        &self,
        member: &str,
        label: &str,
        link_member: &str,
        link: Option<&String>,
    ) -> Result<(), Wrong> {
        if self.kind != CustomKind::Consent {
            return Ok(());
        }
        let Some(link) = link else {
            return if label.contains(['[', ']']) {
                Err(wrong(member, "has brackets, and there is no link to stand in them: add link"))
            } else {
                Ok(())
            };
        };
        let usable = url::Url::parse(link)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        if !usable {
            return Err(wrong(link_member, format!("{link:?} is not an http(s) URL")));
        }
        let parts: Vec<&str> = label.split(['[', ']']).collect();
        let is_marked =
            parts.len() == 3 && label.find('[') < label.find(']') && !parts[1].trim().is_empty();
        if !is_marked {
            return Err(wrong(
                member,
                "must have the link's words in brackets, once: \"I accept the [terms of service]\"",
            ));
        }
        Ok(())
    }

    fn check_texts(&self) -> Result<(), Wrong> {
        for (tag, texts) in &self.texts {
            let member = |name: &str| format!("texts.{tag}{name}");
            if language(tag).is_none() {
                return Err(wrong(&member(""), "is no language of the form"));
            }
            if let Some(label) = &texts.label {
                words(&member(".label"), label, LABEL_CHARACTERS)?;
            }
            if let Some(hint) = &texts.hint {
                words(&member(".hint"), hint, LABEL_CHARACTERS)?;
            }
            for (value, label) in &texts.options {
                if self.options.iter().all(|option| option.value() != value) {
                    let text = "is none of the field's options";
                    return Err(wrong(&member(&format!(".options.{value}")), text));
                }
                words(&member(&format!(".options.{value}")), label, LABEL_CHARACTERS)?;
            }
            let label = texts.label.as_deref().unwrap_or(&self.label);
            let link = texts.link.as_ref().or(self.link.as_ref());
            if texts.link.is_some() && self.kind != CustomKind::Consent {
                return Err(wrong(&member(".link"), "is for kind = \"consent\": leave it out"));
            }
            self.check_link(&member(".label"), label, &member(".link"), link)?;
        }
        Ok(())
    }
}

/// What people read: something, on one line, and nothing that cannot be seen.
fn words(member: &str, text: &str, most: usize) -> Result<(), Wrong> {
    let fits = !text.trim().is_empty()
        && text.trim() == text
        && text.chars().count() <= most
        && !text.chars().any(is_hidden);
    if fits {
        Ok(())
    } else {
        Err(wrong(
            member,
            format!(
                "is not 1 to {most} visible characters on one line, without blanks around them"
            ),
        ))
    }
}
