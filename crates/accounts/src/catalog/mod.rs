//! The catalogue: what the operator offers, as one document in TOML.
//!
//! One file of this folder is one section of the document. [`Catalog::parse`] reads
//! all of it and reports every fault at once, each with the entry that it is in. An
//! empty document is a valid catalogue, which offers nothing.

pub mod apiculus;
mod currencies;
mod decimal;
mod groups;
mod images;
mod locations;
mod products;
mod reader;
mod references;

use std::fmt;

use self::reader::{Faults, Table};
pub use self::{
    apiculus::Apiculus,
    decimal::Decimal,
    groups::{Group, Offer},
    images::{Image, Setting, SettingKind, VALUE_LENGTH, Variant},
    locations::{Location, Region},
    products::Product,
};

/// Everything that the operator offers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The currencies that accounts are billed in (ISO 4217), in the operator's order.
    pub currencies: Vec<String>,
    /// What the Apiculus API asks of new accounts.
    pub apiculus: Apiculus,
    /// Where projects can be.
    pub locations: Vec<Location>,
    /// Sizes of containers, and what they cost.
    pub products: Vec<Product>,
    /// What can run in a container.
    pub images: Vec<Image>,
    /// Who may have what.
    pub groups: Vec<Group>,
}

/// The longest document, in bytes: it is kept in memory by every server, and a
/// thousand products of a kilobyte each fit.
pub const MAX_BYTES: usize = 1024 * 1024;

impl Catalog {
    /// Reads a document. Faults come all together.
    pub fn parse(document: &str) -> Result<Self, CatalogFaults> {
        let (catalog, faults) = read(document)?;
        if faults.is_empty() { Ok(catalog) } else { Err(CatalogFaults(faults)) }
    }

    /// Reads a document that was imported, perhaps by a newer version of this program:
    /// keys that mean nothing here are passed over.
    pub fn from_stored(document: &str) -> Result<Self, CatalogFaults> {
        let (catalog, mut faults) = read(document)?;
        faults.retain(|fault| !fault.is_unknown_key);
        if faults.is_empty() { Ok(catalog) } else { Err(CatalogFaults(faults)) }
    }
}

fn read(document: &str) -> Result<(Catalog, Vec<CatalogFault>), CatalogFaults> {
    let whole = |message: String| {
        let entry = "the document".to_owned();
        CatalogFaults(vec![CatalogFault { entry, message, is_unknown_key: false }])
    };
    if document.len() > MAX_BYTES {
        return Err(whole(format!("is longer than {MAX_BYTES} bytes: leave out what is not used")));
    }
    let table = document.parse::<toml::Table>().map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = document.get(..at).unwrap_or_default().lines().count().max(1);
        whole(format!("is not TOML, line {line}: {}", error.message()))
    })?;
    let faults = Faults::default();
    let root = Table::root(&table, &faults);
    let currencies = currencies::read(&root);
    let apiculus = apiculus::read(&root);
    let products = products::read(&root, &currencies);
    let (locations, images, groups) =
        (locations::read(&root), images::read(&root), groups::read(&root));
    root.finish();
    let catalog = Catalog { currencies, apiculus, locations, products, images, groups };
    references::check(&catalog, &faults);
    Ok((catalog, faults.into_inner()))
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogFault {
    /// Where, as in `apiculus.tax_type 2 "GSTIN"`.
    pub entry: String,
    /// What is wrong and what to do; completes a sentence that begins with the entry.
    pub message: String,
    is_unknown_key: bool,
}

/// Everything that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogFaults(pub Vec<CatalogFault>);

impl fmt::Display for CatalogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.entry, self.message)
    }
}

/// One line for each fault.
impl fmt::Display for CatalogFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for CatalogFaults {}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(document: &str) -> Vec<String> {
        Catalog::parse(document).unwrap_err().0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_empty_document_is_a_catalogue_that_offers_nothing() {
        assert_eq!(Catalog::parse("").unwrap(), Catalog::default());
    }

    #[test]
    fn the_sample_is_a_catalogue() {
        let sample = Catalog::parse(include_str!("../../../../tests/catalog/sample.toml")).unwrap();
        assert_eq!(sample.currencies, ["INR", "RWF", "OMR"]);
        assert_eq!(sample.apiculus.regions, ["noida"]);
        assert_eq!(sample.offer(None).products().count(), 1);
        assert_eq!(sample.images[0].settings[1].kind, SettingKind::Password);
    }

    #[test]
    fn all_faults_come_together_and_name_their_entries() {
        let found = faults(
            "currencies = [\"INR\", \"inr\", 7, \"INR\"]\nproductz = 1\n[apiculus]\nnames = \"any\"\n[apiculus.phone]\nmin = 9\nmax = 8\n",
        );
        assert_eq!(
            found,
            [
                "currencies 2 \"inr\" is not an ISO 4217 currency like \"EUR\"",
                "currencies 3 must be text",
                "currencies 4 \"INR\" is there twice: remove one",
                "apiculus.names must be one of \"strict\", \"lenient\", \"ascii\"",
                "apiculus.phone has a min of 9 above its max of 8: set both",
                "productz is not a key that means something here: remove it, or correct it to one of currencies, apiculus, product, location, image, group",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_line() {
        let found = faults("currencies = []\n\n[apiculus\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("the document is not TOML, line 3: "), "{found:?}");
        assert!(faults(&" ".repeat(MAX_BYTES + 1))[0].contains("longer"));
    }

    #[test]
    fn a_newer_versions_document_is_still_read() {
        let newer = "currencies = [\"EUR\"]\n[invented]\nx = 1\n[apiculus]\ninvented = 2\n";
        assert!(Catalog::parse(newer).is_err());
        assert_eq!(Catalog::from_stored(newer).unwrap().currencies, ["EUR"]);
    }
}
