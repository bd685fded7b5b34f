//! The catalogue in force: imported by the operator, followed by every server.

use std::sync::{Arc, Mutex, PoisonError};

use doorstep_accounts::{Catalog, catalog::CatalogFaults};
use doorstep_store::{CatalogVersion, StoreError};

use crate::{
    Context,
    administer::{OperatorError, audit},
};

/// The catalogue as this process read it last. Cheap to clone.
///
/// The database is asked for the version each time, so all servers agree and none has
/// to be told of an import; the document is read when the version is another one.
#[derive(Debug, Clone, Default)]
pub struct LiveCatalog(Arc<Mutex<(i64, Arc<Catalog>)>>);

impl Context {
    /// The catalogue in force; an empty one when none was imported.
    pub async fn catalog(&self) -> Result<Arc<Catalog>, StoreError> {
        let mut read = self.store.read().await?;
        let mut conn = read.conn();
        let version = conn.catalog_version().await?;
        let (known, catalog) = self.live_catalog.get();
        if version == known {
            return Ok(catalog);
        }
        let Some(found) = conn.catalog().await? else { return Ok(Arc::default()) };
        let catalog = Catalog::from_stored(&found.document).map_err(|faults| {
            tracing::error!(version = found.version, %faults, "the catalogue cannot be read");
            StoreError::Corrupt { what: "the catalogue" }
        })?;
        let catalog = Arc::new(catalog);
        self.live_catalog.set(found.version, &catalog);
        Ok(catalog)
    }
}

impl LiveCatalog {
    fn get(&self) -> (i64, Arc<Catalog>) {
        // A panic elsewhere leaves a pair that is still a pair.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// That version, if this process has read it.
    pub(crate) fn of(&self, version: i64) -> Option<Arc<Catalog>> {
        let (known, catalog) = self.get();
        (known == version).then_some(catalog)
    }

    /// Of two that read at once the newer version stays.
    fn set(&self, version: i64, catalog: &Arc<Catalog>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 < version {
            *known = (version, Arc::clone(catalog));
        }
    }
}

/// What became of an import.
#[derive(Debug)]
pub struct ImportedCatalog {
    /// The version in force.
    pub version: i64,
    /// Whether it is new; the same document again changes nothing.
    pub is_new: bool,
    /// The catalogue.
    pub catalog: Catalog,
}

/// Reads a document without importing it.
pub fn check_catalog(document: &str) -> Result<Catalog, OperatorError> {
    Catalog::parse(document).map_err(|CatalogFaults(faults)| {
        let lines: Vec<_> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        OperatorError::Argument(format!("the catalogue has faults:{}", lines.concat()))
    })
}

/// Puts a document in force.
pub async fn import_catalog(
    context: &Context,
    document: &str,
) -> Result<ImportedCatalog, OperatorError> {
    let catalog = check_catalog(document)?;
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let newest = conn.catalog().await?;
    let version = newest.as_ref().map_or(0, |newest| newest.version);
    if newest.is_some_and(|newest| newest.document == document) {
        return Ok(ImportedCatalog { version, is_new: false, catalog });
    }
    let version = version + 1;
    let imported_at = context.clock.now();
    let new = CatalogVersion { version, document: document.to_owned(), imported_at };
    if !conn.add_catalog(&new).await? {
        return Err(OperatorError::Argument(
            "another catalogue was imported at this moment: look at `doorstep catalog show`, and import yours again"
                .to_owned(),
        ));
    }
    audit(context, &mut conn, "catalog.import", &format!("catalog:{version}")).await?;
    tx.commit().await?;
    Ok(ImportedCatalog { version, is_new: true, catalog })
}

/// The version in force, as it was imported.
pub async fn show_catalog(context: &Context) -> Result<Option<CatalogVersion>, StoreError> {
    context.store.read().await?.conn().catalog().await
}
