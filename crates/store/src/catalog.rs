//! The catalogue: what the operator offers, in versions.

use doorstep_accounts::Timestamp;

use crate::{Conn, StoreError, exec, one};

/// A version of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogVersion {
    /// Its number, from 1.
    pub version: i64,
    /// The document as it was imported.
    pub document: String,
    /// When.
    pub imported_at: Timestamp,
}

impl Conn<'_> {
    /// The number of the version in force; 0 when there is none.
    pub async fn catalog_version(&mut self) -> Result<i64, StoreError> {
        let newest = one!(self, (Option<i64>,), "SELECT MAX(version) FROM catalog");
        Ok(newest.and_then(|(version,)| version).unwrap_or(0))
    }

    /// The version in force.
    pub async fn catalog(&mut self) -> Result<Option<CatalogVersion>, StoreError> {
        let row = one!(
            self,
            (i64, String, i64),
            "SELECT version, document, imported_at FROM catalog ORDER BY version DESC LIMIT 1",
        );
        Ok(row.map(|(version, document, imported_at)| CatalogVersion {
            version,
            document,
            imported_at: Timestamp(imported_at),
        }))
    }

    /// Adds a version. `false`: somebody else has added one of this number.
    pub async fn add_catalog(&mut self, new: &CatalogVersion) -> Result<bool, StoreError> {
        let added = exec!(
            self,
            "INSERT INTO catalog (version, document, imported_at) VALUES ($1, $2, $3)
             ON CONFLICT (version) DO NOTHING",
            new.version,
            &new.document,
            new.imported_at.0,
        );
        Ok(added == 1)
    }
}
