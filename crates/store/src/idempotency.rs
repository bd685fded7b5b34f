//! Which keyed requests were answered, and with what.

use doorstep_accounts::{IdempotencyKey, Timestamp, TokenHash, idempotency::Fingerprint};

use crate::{
    Conn, StoreError, exec,
    many::{Many, exec_many},
    one,
};

/// A record to add. It is written in the same transaction as what it tells of,
/// so a crash never leaves a key that is taken for nothing.
#[derive(Debug)]
pub struct NewReplay<'a> {
    /// Whose key it is.
    pub client_id: &'a str,
    /// The key.
    pub key: &'a IdempotencyKey,
    /// Of which request.
    pub fingerprint: &'a Fingerprint,
    /// The user that it made.
    pub user_id: i64,
    /// The credential that it issued.
    pub credential_id: &'a str,
    /// The password, sealed.
    pub sealed: &'a str,
    /// The sign-up token that the request came with.
    pub token: Option<&'a TokenHash>,
    /// Until when the sealed copy may be opened.
    pub sealed_until: Timestamp,
    /// Until when the key is remembered.
    pub expires_at: Timestamp,
    /// Since when.
    pub now: Timestamp,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Of which request, as stored.
    pub fingerprint: String,
    /// The user that it made.
    pub user_id: i64,
    /// The credential that it issued.
    pub api_username: String,
    /// The sign-up token that the request came with, as stored.
    pub token: Option<String>,
    /// The sealed password, unless it is wiped, too old, or the credential was used.
    pub sealed: Option<String>,
    /// Whether there is one that is too old, and not wiped yet.
    pub stale: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    fingerprint: String,
    user_id: i64,
    username: String,
    token_hash: Option<String>,
    sealed: Option<String>,
    sealed_until: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl Conn<'_> {
    /// Takes a key. `false`: the client used it before, and it is still remembered. On
    /// PostgreSQL this waits for a transaction that is just using it.
    pub async fn take_key(&mut self, new: &NewReplay<'_>) -> Result<bool, StoreError> {
        Ok(self.take_keys(std::slice::from_ref(new)).await? == 1)
    }

    /// Takes keys; gives how many nobody had used.
    pub(crate) async fn take_keys(&mut self, new: &[NewReplay<'_>]) -> Result<u64, StoreError> {
        static TAKE: Many = Many::new(
            "INSERT INTO idempotency (client_id, key_hash, fingerprint, user_id, credential_id,
                                      sealed, sealed_until, expires_at, token_hash)
             SELECT column2, column3, column4, column5, column6, column7, column8, column9,
                    column10 FROM",
            9,
            "WHERE column1 < @1
             ON CONFLICT (client_id, key_hash) DO UPDATE SET
                 fingerprint = excluded.fingerprint, user_id = excluded.user_id,
                 credential_id = excluded.credential_id, sealed = excluded.sealed,
                 sealed_until = excluded.sealed_until, expires_at = excluded.expires_at,
                 token_hash = excluded.token_hash
             WHERE idempotency.expires_at <= @2",
            2,
        );
        // The earliest: what is remembered for one is remembered for all.
        let now = new.iter().map(|new| new.now.0).min().unwrap_or_default();
        Ok(exec_many!(self, TAKE, [now], new, |new| [
            new.client_id,
            new.key.hash(),
            new.fingerprint.as_stored(),
            new.user_id,
            new.credential_id,
            new.sealed,
            new.sealed_until.0,
            new.expires_at.0,
            new.token.map(TokenHash::as_stored),
        ]))
    }

    /// What a key was used for.
    pub async fn replay(
        &mut self,
        client_id: &str,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Replay>, StoreError> {
        let row = one!(
            self,
            Row,
            "SELECT i.fingerprint, i.user_id, c.username, i.token_hash, i.sealed, i.sealed_until,
                    c.last_used_at, c.revoked_at
             FROM idempotency i JOIN credentials c ON c.id = i.credential_id
             WHERE i.client_id = $1 AND i.key_hash = $2 AND i.expires_at > $3",
            client_id,
            key.hash(),
            now.0,
        );
        Ok(row.map(|row| Replay {
            fingerprint: row.fingerprint,
            user_id: row.user_id,
            api_username: row.username,
            token: row.token_hash,
            stale: row.sealed.is_some() && now.0 >= row.sealed_until,
            sealed: row.sealed.filter(|_| {
                now.0 < row.sealed_until && row.last_used_at.is_none() && row.revoked_at.is_none()
            }),
        }))
    }

    /// Wipes sealed copies that may no longer be opened and forgets old keys.
    pub async fn sweep_keys(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        exec!(
            self,
            "UPDATE idempotency SET sealed = NULL WHERE sealed IS NOT NULL AND sealed_until <= $1",
            now.0,
        );
        let admins = exec!(self, "DELETE FROM admin_idempotency WHERE expires_at <= $1", now.0)
            + exec!(self, "DELETE FROM customer_keys WHERE expires_at <= $1", now.0);
        Ok(admins + exec!(self, "DELETE FROM idempotency WHERE expires_at <= $1", now.0))
    }

    /// Notes that a credential works for its owner. At its first use the sealed
    /// copy of its password is wiped: nobody needs it any more.
    pub async fn credential_used(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        exec!(self, "UPDATE credentials SET last_used_at = $1 WHERE id = $2", now.0, id);
        self.wipe_sealed(id).await
    }

    /// Wipes the sealed copy that a key may no longer open.
    pub async fn wipe_stale(
        &mut self,
        client_id: &str,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE idempotency SET sealed = NULL
             WHERE client_id = $1 AND key_hash = $2 AND sealed_until <= $3",
            client_id,
            key.hash(),
            now.0,
        );
        Ok(())
    }

    /// Wipes the sealed copies of what a credential's password was.
    pub(crate) async fn wipe_sealed(&mut self, credential_id: &str) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE idempotency SET sealed = NULL WHERE credential_id = $1 AND sealed IS NOT NULL",
            credential_id,
        );
        Ok(())
    }
}
