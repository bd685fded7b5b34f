//! The three tax numbers of an account: which kinds, and what each kind asks for.

use doorstep_accounts::catalog::apiculus::{TAX_SLOTS, TaxType};

use super::reader::Reader;

/// A tax number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tax {
    /// Of which type.
    pub(super) name: String,
    /// The number; empty for a type that needs none.
    pub(super) id: String,
}

/// Reads the slots, of which any may be empty: each with its number.
pub(super) fn read(
    reader: &mut Reader<'_>,
    types: &[TaxType],
) -> [Option<(usize, Tax)>; TAX_SLOTS] {
    let mut taken: Vec<String> = Vec::new();
    let slots = std::array::from_fn(|at| {
        let slot = at + 1;
        let (type_name, id_name) = (format!("tax_type{slot}"), format!("taxation_id{slot}"));
        let name = reader.digits(&type_name);
        let id = reader.digits(&id_name).unwrap_or_default();
        let Some(name) = name else {
            if !id.is_empty() {
                let message = format!("{id_name} needs its type: send {type_name} as well");
                reader.fault(&id_name, "TAX_ID_WITHOUT_TYPE", &message);
            }
            return None;
        };
        let Some(kind) = types.iter().find(|kind| kind.name == name) else {
            let message = format!(
                "{type_name} is not one of the tax_types that signUpHelper lists, letter by letter"
            );
            reader.fault(&type_name, "TAX_TYPE_UNKNOWN", &message);
            return None;
        };
        if taken.contains(&name) {
            let message = format!("{type_name} is in another slot already: send each type once");
            reader.fault(&type_name, "TAX_TYPE_DUPLICATE", &message);
            return None;
        }
        taken.push(name.clone());
        check_id(reader, kind, &id_name, &id);
        Some((slot, Tax { name, id }))
    });
    refuse_further_slots(reader);
    for kind in types.iter().filter(|kind| kind.required && !taken.contains(&kind.name)) {
        let free = (1..=TAX_SLOTS).find(|slot| reader.text(&format!("tax_type{slot}")).is_none());
        let field = format!("tax_type{}", free.unwrap_or(TAX_SLOTS));
        let message = format!("every account needs a tax number of the type {:?}", kind.name);
        reader.fault(&field, "TAX_TYPE_REQUIRED", &message);
    }
    slots
}

fn check_id(reader: &mut Reader<'_>, kind: &TaxType, field: &str, id: &str) {
    let name = &kind.name;
    if id.is_empty() {
        if kind.required {
            let message = format!("{field} is required for the type {name:?}");
            reader.fault(field, "TAX_ID_REQUIRED", &message);
        }
        return;
    }
    let (fits, allowed): (fn(&u8) -> bool, _) = if kind.alphanumeric {
        (u8::is_ascii_alphanumeric, "the letters from A to Z and digits only")
    } else {
        (u8::is_ascii_digit, "digits only")
    };
    let (min, max) = kind.length;
    if !id.bytes().all(|byte| fits(&byte)) {
        let message = format!("{field} takes {allowed} for the type {name:?}");
        reader.fault(field, "TAX_ID_CHARS", &message);
    } else if !(min..=max).contains(&id.len()) {
        let message = format!("{field} must have {min} to {max} characters for the type {name:?}");
        reader.fault(field, "TAX_ID_LENGTH", &message);
    }
}

/// Who sends a fourth would think that it is kept.
fn refuse_further_slots(reader: &mut Reader<'_>) {
    let further: Vec<String> = reader
        .names()
        .filter(|name| {
            let number = name.strip_prefix("tax_type").or(name.strip_prefix("taxation_id"));
            let number = number.and_then(|number| number.parse::<usize>().ok());
            number.is_some_and(|number| number > TAX_SLOTS)
        })
        .map(str::to_owned)
        .collect();
    for name in further.iter().filter(|name| reader.text(name).is_some()).collect::<Vec<_>>() {
        let message = format!("{name} is one too many: an account has at most {TAX_SLOTS}");
        reader.fault(name, "TAX_TYPE_UNKNOWN", &message);
    }
}
