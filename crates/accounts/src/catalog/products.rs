//! `[[product]]`: sizes of containers, and what they cost.

use doorstep_fields::codes::is_currency;

use super::{Decimal, reader::Table};

/// A size that a container can have, in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// What orders name it by.
    pub id: i64,
    /// For people.
    pub name: String,
    /// What one costs for each term.
    pub price: Decimal,
    /// For how long that is the price.
    pub term: String,
    /// In what; the first of the catalogue's currencies unless it says otherwise.
    pub currency: Option<String>,
    /// Processors.
    pub cpu: Decimal,
    /// MB of memory.
    pub memory: i64,
    /// GB of storage.
    pub storage: i64,
    /// GB of traffic.
    pub bandwidth: i64,
    /// GB of backups.
    pub backup: i64,
    /// GB of the machine's own disk.
    pub local_disk: i64,
    /// MB of swap; none means none.
    pub memory_swap: Option<i64>,
    /// How readily it swaps; none means as the system likes.
    pub memory_swappiness: Option<i64>,
    /// The region in which it can be had.
    pub region: i64,
}

/// What the documented contract knows, and what it says of a product without a price.
const TERMS: [(&str, &str); 4] = [("hour", "hour"), ("month", "month"), ("year", "year"), ("", "")];

/// More than any machine has.
const MOST: i64 = 1_000_000_000;

pub(super) fn read(root: &Table<'_>, currencies: &[String]) -> Vec<Product> {
    let mut found = Vec::new();
    for entry in root.tables("product", "name") {
        let size = |key| entry.number(key, 0..=MOST).unwrap_or(0);
        let product = Product {
            id: entry.id(),
            name: entry.required_text("name", 1..=255).unwrap_or_default(),
            price: entry.decimal("price"),
            term: entry.word("term", &TERMS).unwrap_or_default().to_owned(),
            currency: currency(&entry).or_else(|| currencies.first().cloned()),
            cpu: entry.decimal("cpu"),
            memory: size("memory"),
            storage: size("storage"),
            bandwidth: size("bandwidth"),
            backup: size("backup"),
            local_disk: size("local_disk"),
            memory_swap: entry.number("memory_swap", 0..=MOST),
            memory_swappiness: entry.number("memory_swappiness", 0..=100),
            region: entry.required_number("region", 1..=MOST).unwrap_or_default(),
        };
        entry.finish();
        found.push((entry, product));
    }
    super::reader::refuse_twin_ids(&found, |product| product.id);
    found.into_iter().map(|(_, product)| product).collect()
}

fn currency(entry: &Table<'_>) -> Option<String> {
    let code = entry.text("currency", 3..=3)?;
    if !is_currency(&code) {
        entry.fault_of("currency", "is not an ISO 4217 currency like \"EUR\"");
    }
    Some(code)
}
