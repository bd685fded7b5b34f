//! `[[location]]`: where projects can be.

use std::net::IpAddr;

use super::reader::Table;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// What orders name it by.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Its parts.
    pub regions: Vec<Region>,
}

/// A part of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// What products name it by; no two locations share one.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Where its projects are reached, so that a domain's address can be set while
    /// the project is being made.
    pub load_balancer_ip: Option<IpAddr>,
}

pub(super) fn read(root: &Table<'_>) -> Vec<Location> {
    let (mut found, mut regions) = (Vec::new(), Vec::new());
    for entry in root.tables("location", "name") {
        let mut location = Location {
            id: entry.id(),
            name: entry.required_text("name", 1..=255).unwrap_or_default(),
            regions: Vec::new(),
        };
        for table in entry.tables("region", "name") {
            let region = Region {
                id: table.id(),
                name: table.required_text("name", 1..=255).unwrap_or_default(),
                load_balancer_ip: address(&table),
            };
            table.finish();
            location.regions.push(region.clone());
            regions.push((table, region));
        }
        if location.regions.is_empty() {
            entry
                .fault("has no region, so nothing can be ordered there: write [[location.region]]");
        }
        entry.finish();
        found.push((entry, location));
    }
    super::reader::refuse_twin_ids(&found, |location| location.id);
    super::reader::refuse_twin_ids(&regions, |region| region.id);
    found.into_iter().map(|(_, location)| location).collect()
}

fn address(table: &Table<'_>) -> Option<IpAddr> {
    let text = table.text("load_balancer_ip", 1..=45)?;
    let address = text.parse();
    if address.is_err() {
        table.fault_of("load_balancer_ip", "is not an IP address");
    }
    address.ok()
}
