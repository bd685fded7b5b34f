//! `currencies`: what accounts are billed in.

use doorstep_fields::codes::is_currency;

use super::reader::Table;

pub(super) fn read(root: &Table<'_>) -> Vec<String> {
    root.texts("currencies", &(1..=3), |code| {
        if is_currency(code) {
            Ok(())
        } else {
            Err("is not an ISO 4217 currency like \"EUR\"".to_owned())
        }
    })
}
