//! THE table: one line is one field, in the form, the API and the documents.
//!
//! Names are those of the documented contract (seed "User API"). Order is the
//! order in which a form shows them.

use crate::field::Field;

/// Every field that a person can fill in at sign-up or change afterwards.
pub static CATALOGUE: &[Field] = &[
    // A hundred graphemes: long enough for every name in the languages that we
    // know of, short enough for an invoice line.
    Field::text("fname", "First name")
        .required()
        .max(100)
        .autocomplete("given-name")
        .example("Ada"),
    Field::text("lname", "Last name")
        .required()
        .max(100)
        .autocomplete("family-name")
        .example("Lovelace"),
    Field::email("email", "E-mail").example("ada@example.com"),
    Field::phone("phone", "Phone").example("+44 20 7946 0958"),
    Field::text("company_name", "Company")
        .max(255)
        .autocomplete("organization")
        .example("Analytical Engines"),
    Field::text("address1", "Address")
        .max(255)
        .autocomplete("address-line1")
        .example("12 St James's Square"),
    Field::text("address2", "Address, second line")
        .max(255)
        .autocomplete("address-line2")
        .example("2nd floor"),
    Field::text("city", "City").max(255).autocomplete("address-level2").example("London"),
    Field::text("state", "State or region")
        .max(255)
        .autocomplete("address-level1")
        .example("England"),
    // The longest postal codes in use have ten characters; room for local habits.
    Field::text("zip", "Postal code").max(20).autocomplete("postal-code").example("SW1Y 4LB"),
    Field::country("country", "Country").example("GB"),
    Field::currency("currency", "Currency").example("GBP"),
    Field::locale("locale", "Language").example("en"),
    Field::flag("c_sftp_pass", "Allow SFTP with a password").example("true"),
];

/// The field of that name.
pub fn field(name: &str) -> Option<&'static Field> {
    CATALOGUE.iter().find(|field| field.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Raw;

    #[test]
    fn names_are_unique() {
        for (at, field) in CATALOGUE.iter().enumerate() {
            assert!(CATALOGUE[..at].iter().all(|other| other.name != field.name), "{}", field.name);
        }
    }

    #[test]
    fn every_example_passes_its_own_rule() {
        for field in CATALOGUE {
            let answer = field.parse(Raw::Text(field.example));
            assert!(answer.is_ok_and(|answer| answer.value.is_some()), "{}", field.name);
        }
    }
}
