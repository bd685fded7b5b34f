//! The catalogue's fields as schemas: what the form and the server check by
//! [`Field::parse`], in the words of JSON Schema.

use std::fmt::Write as _;

use doorstep_fields::{CATALOGUE, Field, Kind, codes, is_hidden};
use utoipa::openapi::{
    Ref, RefOr, Schema,
    schema::{ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type},
};

/// The name of the countries' schema.
const COUNTRY: &str = "Country";

/// An object with all of the catalogue's fields, and with what another object has; with
/// `complete` those are required without which a sign-up is refused.
pub(super) fn person_with(complete: bool, beside: RefOr<Schema>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = beside else { return beside };
    let own = std::mem::take(&mut object.properties);
    object.properties =
        CATALOGUE.iter().map(|field| (field.name.to_owned(), property(field))).chain(own).collect();
    if complete {
        let required = CATALOGUE.iter().filter(|field| field.required);
        object.required.extend(required.map(|field| field.name.to_owned()));
    }
    Schema::Object(object).into()
}

/// What one field takes. It is never wider than the rule: the longest answer is counted
/// in characters as people see them, of which there are never more than code points.
fn property(field: &Field) -> RefOr<Schema> {
    if field.kind == Kind::Country {
        let built = OneOfBuilder::new().item(Ref::from_schema_name(COUNTRY));
        let built = if field.required { built } else { built.item(null()) };
        return built.title(Some(field.label)).examples([field.example]).into();
    }
    let object = ObjectBuilder::new().title(Some(field.label));
    let object = match field.kind {
        Kind::Flag => object.schema_type(types(Type::Boolean, field)),
        _ => object.schema_type(types(Type::String, field)),
    };
    let object = match field.kind {
        // A country was said above; what an operator declares is in no document that is
        // the same for all.
        Kind::Flag | Kind::Country | Kind::Choice | Kind::Number | Kind::Date | Kind::Consent => {
            return object.into();
        }
        Kind::Text => object.max_length(Some(field.max)).pattern(Some(line(field.required))),
        Kind::Email => {
            object.max_length(Some(field.max)).format(Some(SchemaFormat::Custom("email".into())))
        }
        Kind::Phone => object
            .max_length(Some(field.max))
            .description(Some("7 to 15 digits, with the usual separators"))
            .pattern(Some(r"^\+?([ ().\/-]*[0-9]){7,15}[ ().\/-]*$")),
        Kind::Currency => object
            .description(Some(
                "ISO 4217, in any case; one that we do not know becomes the platform's default",
            ))
            .pattern(Some("^[A-Za-z]{3}$")),
        Kind::Locale => object
            .description(Some("A BCP 47 tag; it is kept as its language (ISO 639-1)"))
            .max_length(Some(field.max))
            .pattern(Some("^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*$")),
    };
    object.examples([field.example]).into()
}

/// Null is no answer, which only a required field refuses.
fn types(own: Type, field: &Field) -> SchemaType {
    if field.required { own.into() } else { SchemaType::Array(vec![own, Type::Null]) }
}

fn null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Null)
}

/// The countries, once for all that name one.
pub(super) fn country() -> (String, RefOr<Schema>) {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("ISO 3166-1 alpha-2; small letters do as well"))
        .enum_values(Some(codes::countries()));
    (COUNTRY.to_owned(), schema.into())
}

/// A line of text in which everything can be seen, by the function that the rule calls;
/// and something of it, if there must be something.
fn line(required: bool) -> String {
    let mut class = String::new();
    let mut hidden = ('\0'..='\u{FFFF}').filter(|it| is_hidden(*it)).peekable();
    while let Some(first) = hidden.next() {
        let mut last = first;
        while let Some(next) = hidden.next_if(|next| *next as u32 == last as u32 + 1) {
            last = next;
        }
        let _ = write!(class, "\\u{:04X}", first as u32);
        if last != first {
            let _ = write!(class, "-\\u{:04X}", last as u32);
        }
    }
    if required {
        format!(r"^[^{class}]*[^\s{class}][^{class}]*$")
    } else {
        format!("^[^{class}]*$")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_text_excludes_what_the_rule_excludes() {
        let pattern = line(false);
        for part in [r"\u0000-\u001F", r"\u200E-\u200F", r"\u2028-\u202E", r"\uFEFF"] {
            assert!(pattern.contains(part), "{part}: {pattern}");
        }
        // Joiners are in names.
        assert!(!pattern.contains("200C") && !pattern.contains("200D"), "{pattern}");
    }
}
