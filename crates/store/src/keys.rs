//! Which versions of which key rings this database depends on.

use doorstep_accounts::{SecretHash, Timestamp};

use crate::{Conn, StoreError, all, exec, one};

/// A version to note.
#[derive(Debug)]
pub struct NewKeyVersion<'a> {
    /// The ring's name.
    pub ring: &'a str,
    /// The version.
    pub version: u32,
    /// What only its key makes.
    pub fingerprint: &'a SecretHash,
}

/// A version that something was made with, or can have been.
#[derive(Debug, Clone)]
pub struct KeyVersion {
    /// The ring's name.
    pub ring: String,
    /// The version.
    pub version: u32,
    /// What only its key makes.
    pub fingerprint: SecretHash,
    /// When this database met it first.
    pub created_at: Timestamp,
    /// Since when nothing depends on it, if so.
    pub retired_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct VersionRow {
    ring: String,
    version: i64,
    fingerprint: String,
    created_at: i64,
    retired_at: Option<i64>,
}

impl Conn<'_> {
    /// All versions, by ring and number.
    pub async fn key_versions(&mut self) -> Result<Vec<KeyVersion>, StoreError> {
        let rows = all!(
            self,
            VersionRow,
            "SELECT ring, version, fingerprint, created_at, retired_at FROM key_versions
             ORDER BY ring, version",
        );
        rows.into_iter()
            .map(|row| {
                Ok(KeyVersion {
                    ring: row.ring,
                    version: u32::try_from(row.version)
                        .map_err(|_| StoreError::Corrupt { what: "a key's version" })?,
                    fingerprint: SecretHash::from_stored(row.fingerprint),
                    created_at: Timestamp(row.created_at),
                    retired_at: row.retired_at.map(Timestamp),
                })
            })
            .collect()
    }

    /// Notes a version, unless it is there.
    pub async fn note_key_version(
        &mut self,
        new: &NewKeyVersion<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO key_versions (ring, version, fingerprint, created_at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (ring, version) DO NOTHING",
            new.ring,
            i64::from(new.version),
            new.fingerprint.as_stored(),
            now.0,
        );
        Ok(())
    }

    /// Notes that nothing depends on a version any more.
    pub async fn retire_key_version(
        &mut self,
        ring: &str,
        version: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE key_versions SET retired_at = COALESCE(retired_at, $1)
             WHERE ring = $2 AND version = $3",
            now.0,
            ring,
            i64::from(version),
        );
        Ok(())
    }

    /// How many stored hashes of secrets a pepper's version is needed for.
    pub async fn hashed_with(&mut self, version: u32) -> Result<i64, StoreError> {
        self.number(
            "SELECT (SELECT COUNT(*) FROM credentials WHERE secret LIKE $1)
                  + (SELECT COUNT(*) FROM client_secrets WHERE secret LIKE $1)
                  + (SELECT COUNT(*) FROM order_keys WHERE fingerprint LIKE $1)",
            version,
        )
        .await
    }

    /// How many sealed copies a version is needed for.
    pub async fn sealed_with(&mut self, version: u32) -> Result<i64, StoreError> {
        self.number(
            "SELECT (SELECT COUNT(*) FROM idempotency WHERE sealed LIKE $1)
                  + (SELECT COUNT(*) FROM orders WHERE sealed LIKE $1)",
            version,
        )
        .await
    }

    /// How many rows and heads of the audit log a version is needed for.
    pub async fn chained_with(&mut self, version: u32) -> Result<i64, StoreError> {
        self.number(
            "SELECT (SELECT COUNT(*) FROM audit_log WHERE mac LIKE $1)
                  + (SELECT COUNT(*) FROM audit_heads WHERE mac LIKE $1)",
            version,
        )
        .await
    }

    async fn number(&mut self, sql: &'static str, version: u32) -> Result<i64, StoreError> {
        let row = one!(self, (i64,), sql, format!("v{version}:%"));
        row.map(|(count,)| count).ok_or(StoreError::Corrupt { what: "a count" })
    }
}
