//! API credentials.

use doorstep_accounts::{Credential, SecretHash, Timestamp};

use crate::{Conn, StoreError, exec, one};

/// A credential with what decides whether it may be used.
#[derive(Debug)]
pub struct Login {
    /// The credential.
    pub credential: Credential,
    /// Whether its user's account may be used.
    pub active: bool,
}

#[derive(sqlx::FromRow)]
struct LoginRow {
    id: String,
    user_id: i64,
    name: String,
    username: String,
    secret: String,
    created_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
    active: bool,
}

impl Conn<'_> {
    /// Adds a credential. The username is 113 random bits, so a clash is a fault
    /// of the random source and fails the transaction.
    pub async fn add_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO credentials (id, user_id, name, username, secret, created_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &credential.id,
            credential.user_id,
            &credential.name,
            &credential.username,
            credential.secret.as_stored(),
            credential.created_at.0,
            credential.revoked_at.map(|at| at.0),
        );
        Ok(())
    }

    /// A credential by its username.
    pub async fn login(&mut self, username: &str) -> Result<Option<Login>, StoreError> {
        let row = one!(
            self,
            LoginRow,
            "SELECT c.id, c.user_id, c.name, c.username, c.secret, c.created_at, c.last_used_at, c.revoked_at, u.active
             FROM credentials c JOIN users u ON u.id = c.user_id WHERE c.username = $1",
            username,
        );
        Ok(row.map(|row| Login {
            active: row.active,
            credential: Credential {
                id: row.id,
                user_id: row.user_id,
                name: row.name,
                username: row.username,
                secret: SecretHash::from_stored(row.secret),
                created_at: Timestamp(row.created_at),
                last_used_at: row.last_used_at.map(Timestamp),
                revoked_at: row.revoked_at.map(Timestamp),
            },
        }))
    }

    /// Ends a credential; its tokens end with it. `false`: there is no such one.
    pub async fn revoke_credential(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE credentials SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2",
            now.0,
            id,
        );
        Ok(written == 1)
    }
}
