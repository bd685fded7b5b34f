//! Codes that stand for passwords which are made when they are claimed.

use doorstep_accounts::{Challenge, SecretHash, Timestamp, TokenHash};

use crate::{
    Conn, StoreError, exec,
    many::{Many, exec_many},
    one,
};

/// A code to add.
#[derive(Debug)]
pub struct NewClaim<'a> {
    /// Its hash.
    pub code: &'a TokenHash,
    /// Who may claim.
    pub client_id: &'a str,
    /// What is claimed.
    pub credential_id: &'a str,
    /// What the verifier hashes to.
    pub challenge: &'a Challenge,
    /// From when it is no longer valid.
    pub expires_at: Timestamp,
}

/// Wrong verifiers that a code survives. A back end has the right one at hand;
/// whoever does not is guessing.
pub(crate) const TRIES: i64 = 3;

/// What is known of a code.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who may claim.
    pub client_id: String,
    /// What is claimed.
    pub credential_id: String,
    /// Whose it is.
    pub user_id: i64,
    /// Its username.
    pub api_username: String,
    /// What the verifier hashes to.
    pub challenge: Challenge,
    /// Wrong verifiers that it still survives.
    pub tries_left: i64,
    /// When it was first claimed, if it was.
    pub claimed_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    client_id: String,
    credential_id: String,
    user_id: i64,
    username: String,
    challenge: String,
    tries_left: i64,
    claimed_at: Option<i64>,
}

impl Conn<'_> {
    /// Adds codes.
    pub(crate) async fn add_claims(&mut self, new: &[NewClaim<'_>]) -> Result<(), StoreError> {
        static ADD: Many = Many::new(
            "INSERT INTO claims (code_hash, client_id, credential_id, challenge, tries_left, expires_at)
             SELECT column2, column3, column4, column5, column6, column7 FROM",
            6,
            "WHERE column1 < @1",
            1,
        );
        exec_many!(self, ADD, [], new, |new| [
            new.code.as_stored(),
            new.client_id,
            new.credential_id,
            new.challenge.as_str(),
            TRIES,
            new.expires_at.0,
        ]);
        Ok(())
    }

    /// A code by its hash.
    pub async fn claim(&mut self, code: &TokenHash) -> Result<Option<Claim>, StoreError> {
        let row = one!(
            self,
            Row,
            "SELECT m.client_id, m.credential_id, c.user_id, c.username, m.challenge, m.tries_left,
                    m.claimed_at
             FROM claims m JOIN credentials c ON c.id = m.credential_id WHERE m.code_hash = $1",
            code.as_stored(),
        );
        row.map(|row| {
            let corrupt = StoreError::Corrupt { what: "a claim's challenge" };
            Ok(Claim {
                client_id: row.client_id,
                credential_id: row.credential_id,
                user_id: row.user_id,
                api_username: row.username,
                challenge: Challenge::parse(&row.challenge).ok_or(corrupt)?,
                tries_left: row.tries_left,
                claimed_at: row.claimed_at.map(Timestamp),
            })
        })
        .transpose()
    }

    /// Claims for the first time. `false`: it was claimed, is killed or has
    /// expired. Of many at once one wins.
    pub async fn take_claim(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let taken = exec!(
            self,
            "UPDATE claims SET claimed_at = $1, answered_at = $1
             WHERE code_hash = $2 AND claimed_at IS NULL AND tries_left > 0 AND expires_at > $1",
            now.0,
            code.as_stored(),
        );
        Ok(taken == 1)
    }

    /// Claims again, if the last answer is from `before` or earlier.
    pub async fn retake_claim(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
        before: Timestamp,
    ) -> Result<bool, StoreError> {
        let taken = exec!(
            self,
            "UPDATE claims SET answered_at = $1
             WHERE code_hash = $2 AND tries_left > 0 AND answered_at <= $3",
            now.0,
            code.as_stored(),
            before.0,
        );
        Ok(taken == 1)
    }

    /// Ends a code whose time is over: it was not claimed until now, or the last answer
    /// that could be given again is from `before` or earlier.
    pub async fn end_claim(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE claims SET tries_left = 0
             WHERE code_hash = $1 AND tries_left > 0
               AND (claimed_at <= $2 OR (claimed_at IS NULL AND expires_at <= $3))",
            code.as_stored(),
            before.0,
            now.0,
        );
        Ok(())
    }

    /// Counts a wrong verifier.
    pub async fn count_wrong_verifier(&mut self, code: &TokenHash) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE claims SET tries_left = tries_left - 1 WHERE code_hash = $1 AND tries_left > 0",
            code.as_stored(),
        );
        Ok(())
    }

    /// Sets the password of a credential that nobody has used yet, and wipes what
    /// a replay would have told of it. `false`: it was used or ended, or the account
    /// is not active.
    pub async fn set_unused_secret(
        &mut self,
        credential_id: &str,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE credentials SET secret = $1
             WHERE id = $2 AND last_used_at IS NULL AND rotated_at IS NULL AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > $3)
               AND EXISTS (SELECT 1 FROM users u WHERE u.id = credentials.user_id AND u.active)",
            secret.as_stored(),
            credential_id,
            now.0,
        );
        self.wipe_sealed(credential_id).await?;
        Ok(written == 1)
    }

    /// Forgets codes that expired before `before`; gives how many.
    pub async fn sweep_claims(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM claims WHERE expires_at < $1", before.0))
    }
}
