//! What OAuth clients authenticate with: secrets and public keys.

use doorstep_accounts::{
    ClientSecret, JwkSet, Scopes, SecretHash, Timestamp, client::LIVE_SECRETS,
};

use crate::{Conn, StoreError, all, clients::scopes, exec};

/// What it takes to let a client in: one query, so that a client that exists takes
/// no longer to refuse than one that does not.
#[derive(Debug, Clone)]
pub struct ClientLogin {
    /// The hashes of its valid secrets, of which there are [`LIVE_SECRETS`] at most.
    pub secrets: Vec<SecretHash>,
    /// Its public keys.
    pub keys: JwkSet,
    /// The most that its tokens can hold.
    pub scopes: Scopes,
    /// Whether it is switched on.
    pub active: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    secret: Option<String>,
    jwks: Option<String>,
    scopes: String,
    disabled_at: Option<i64>,
}

impl Conn<'_> {
    /// What it takes to let a client in.
    pub async fn client_login(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<ClientLogin>, StoreError> {
        let rows = all!(
            self,
            Row,
            "SELECT s.secret, c.jwks, c.scopes, c.disabled_at
             FROM clients c
             LEFT JOIN client_secrets s
               ON s.client_id = c.id AND (s.expires_at IS NULL OR s.expires_at > $2)
             WHERE c.id = $1
             ORDER BY s.created_at DESC LIMIT $3",
            id,
            now.0,
            i64::try_from(LIVE_SECRETS).unwrap_or(i64::MAX),
        );
        let Some(first) = rows.first() else { return Ok(None) };
        let (keys, scopes, active) =
            (keys(first.jwks.as_deref())?, scopes(&first.scopes)?, first.disabled_at.is_none());
        let secrets = rows.into_iter().filter_map(|row| row.secret);
        Ok(Some(ClientLogin {
            secrets: secrets.map(SecretHash::from_stored).collect(),
            keys,
            scopes,
            active,
        }))
    }

    /// Gives a client a new secret. The one that it replaces is valid until `until`
    /// at the most, those before end now. `false`: there is no such client.
    pub async fn rotate_secret(
        &mut self,
        client_id: &str,
        secret: &SecretHash,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        // Holds the client's row, so that two rotations follow one another.
        if exec!(self, "UPDATE clients SET id = id WHERE id = $1", client_id) == 0 {
            return Ok(false);
        }
        exec!(
            self,
            "UPDATE client_secrets SET expires_at = CASE
                 WHEN created_at = (SELECT MAX(created_at) FROM client_secrets WHERE client_id = $1)
                 THEN $3 ELSE $2 END
             WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
            client_id,
            now.0,
            until.0,
        );
        self.add_secret(client_id, secret, now).await?;
        Ok(true)
    }

    /// Adds a secret.
    pub(crate) async fn add_secret(
        &mut self,
        client_id: &str,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            // Not before the one that it replaces, whatever the clock says.
            "INSERT INTO client_secrets (client_id, secret, created_at)
             SELECT $1, $2, COALESCE(MAX(created_at) + 1, $3)
             FROM (SELECT created_at FROM client_secrets
                   WHERE client_id = $1 AND created_at >= $3) later",
            client_id,
            secret.as_stored(),
            now.0,
        );
        Ok(())
    }

    /// Replaces a client's public keys. `false`: there is no such client.
    pub async fn set_keys(&mut self, client_id: &str, keys: &JwkSet) -> Result<bool, StoreError> {
        let written =
            exec!(self, "UPDATE clients SET jwks = $2 WHERE id = $1", client_id, keys_text(keys),);
        Ok(written == 1)
    }

    /// A client's secrets, the newest first.
    pub(crate) async fn secrets(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<ClientSecret>, StoreError> {
        let rows = all!(
            self,
            (i64, Option<i64>),
            "SELECT created_at, expires_at FROM client_secrets WHERE client_id = $1
             ORDER BY created_at DESC",
            client_id,
        );
        let secret = |(created_at, expires_at): (i64, Option<i64>)| ClientSecret {
            created_at: Timestamp(created_at),
            expires_at: expires_at.map(Timestamp),
        };
        Ok(rows.into_iter().map(secret).collect())
    }

    /// Forgets secrets that expired before `before`.
    pub async fn sweep_secrets(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM client_secrets WHERE expires_at < $1", before.0))
    }
}

/// Reads stored keys.
pub(crate) fn keys(text: Option<&str>) -> Result<JwkSet, StoreError> {
    let keys = text.map_or_else(|| Ok(JwkSet::default()), JwkSet::parse);
    keys.map_err(|_| StoreError::Corrupt { what: "a client's keys" })
}

/// Writes keys for storage.
pub(crate) fn keys_text(keys: &JwkSet) -> Option<String> {
    (!keys.keys().is_empty()).then(|| keys.to_json().to_string())
}
