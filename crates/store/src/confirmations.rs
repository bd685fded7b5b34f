//! Whether addresses are their users', asked by mail.
//!
//! Whoever writes several of these takes the user's row first, then the job's, then the
//! confirmation's: two transactions that did it in another order could wait for one
//! another.

use doorstep_accounts::{
    Confirmation, ConfirmationState, Timestamp, TokenHash, User, user::email_key,
};

use crate::{Conn, Lease, StoreError, exec, one};

/// What a code is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// Whose address it confirms.
    pub user_id: i64,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether it did so.
    pub is_used: bool,
}

/// To whom a job writes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Addressee {
    /// The user's number.
    pub user_id: i64,
    /// The address.
    pub email: String,
}

/// What is shown of a confirmation, joined to its user.
#[derive(sqlx::FromRow)]
pub(crate) struct ConfirmationRow {
    #[sqlx(rename = "confirmation_state")]
    state: Option<String>,
    #[sqlx(rename = "confirmation_sent_at")]
    sent_at: Option<i64>,
    #[sqlx(rename = "confirmation_reason")]
    reason: Option<String>,
}

impl ConfirmationRow {
    pub(crate) fn read(self) -> Result<Option<Confirmation>, StoreError> {
        let Some(state) = self.state else { return Ok(None) };
        let corrupt = StoreError::Corrupt { what: "the state of a confirmation" };
        Ok(Some(Confirmation {
            state: ConfirmationState::from_name(&state).ok_or(corrupt)?,
            sent_at: self.sent_at.map(Timestamp),
            reason: self.reason,
        }))
    }
}

impl Conn<'_> {
    /// Notes that a user is asked by a job that the caller adds. A job that was to ask
    /// before ends. What was sent to the same address still counts until the new mail
    /// goes out; what was sent to another one does not.
    pub async fn ask_for_confirmation(
        &mut self,
        user: &User,
        job_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.end_confirmation_job(user.id).await?;
        exec!(
            self,
            "INSERT INTO confirmations (user_id, email_key, state, job_id, requested_at)
             VALUES ($1, $2, 'waiting', $3, $4)
             ON CONFLICT (user_id) DO UPDATE SET
                 code_hash = CASE WHEN confirmations.email_key = excluded.email_key
                                  THEN confirmations.code_hash END,
                 email_key = excluded.email_key, state = excluded.state,
                 job_id = excluded.job_id, requested_at = excluded.requested_at,
                 sent_at = NULL, reason = NULL",
            user.id,
            email_key(&user.email),
            job_id,
            now.0,
        );
        Ok(())
    }

    /// Forgets what a user was asked: nothing that was sent confirms anything any more.
    pub async fn forget_confirmation(&mut self, user_id: i64) -> Result<(), StoreError> {
        self.end_confirmation_job(user_id).await?;
        exec!(self, "DELETE FROM confirmations WHERE user_id = $1", user_id);
        Ok(())
    }

    /// Notes that a user's address was confirmed by somebody who vouches for it: what was
    /// sent says so as well.
    pub async fn note_confirmed(&mut self, user_id: i64) -> Result<(), StoreError> {
        self.end_confirmation_job(user_id).await?;
        exec!(
            self,
            "UPDATE confirmations SET state = 'confirmed', job_id = NULL, reason = NULL
             WHERE user_id = $1",
            user_id,
        );
        Ok(())
    }

    async fn end_confirmation_job(&mut self, user_id: i64) -> Result<(), StoreError> {
        exec!(
            self,
            "DELETE FROM jobs WHERE id = (SELECT job_id FROM confirmations WHERE user_id = $1)",
            user_id,
        );
        Ok(())
    }

    /// To whom a job writes, if there is still something to ask.
    pub async fn addressee(&mut self, job_id: &str) -> Result<Option<Addressee>, StoreError> {
        Ok(one!(
            self,
            Addressee,
            "SELECT u.id AS user_id, u.email FROM confirmations c JOIN users u ON u.id = c.user_id
             WHERE c.job_id = $1 AND c.email_key = u.email_key AND u.confirmed_at IS NULL
               AND NOT u.email_generated AND u.erased_at IS NULL",
            job_id,
        ))
    }

    /// Gives a job's try its code, in place of the one before. `false`: the job has
    /// nothing to ask any more.
    pub async fn set_confirmation_code(
        &mut self,
        job_id: &str,
        code: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE confirmations SET code_hash = $1, expires_at = $2
             WHERE job_id = $3 AND state = 'waiting'",
            code.as_stored(),
            expires_at.0,
            job_id,
        );
        Ok(written == 1)
    }

    /// Notes that a job's mail was sent, in the transaction that finishes the job.
    pub async fn note_mail_sent(
        &mut self,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE confirmations SET state = 'sent', sent_at = $1, job_id = NULL, reason = NULL
             WHERE job_id = $2 AND state = 'waiting'",
            now.0,
            &lease.job_id,
        );
        Ok(())
    }

    /// Notes that a job's mail will not be sent, in the transaction that buries the job.
    /// What the last try had for a code is worth nothing.
    pub async fn note_mail_failed(
        &mut self,
        lease: &Lease,
        reason: &str,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE confirmations SET state = 'failed', code_hash = NULL, reason = $1
             WHERE job_id = $2 AND state = 'waiting'",
            reason,
            &lease.job_id,
        );
        Ok(())
    }

    /// What a code is for; none that was replaced, or whose address is no more the
    /// user's.
    pub async fn confirmation_code(
        &mut self,
        code: &TokenHash,
    ) -> Result<Option<CodeRow>, StoreError> {
        let row = one!(
            self,
            (i64, i64, String),
            "SELECT c.user_id, c.expires_at, c.state
             FROM confirmations c JOIN users u ON u.id = c.user_id
             WHERE c.code_hash = $1 AND c.expires_at IS NOT NULL AND c.email_key = u.email_key
               AND u.erased_at IS NULL",
            code.as_stored(),
        );
        Ok(row.map(|(user_id, expires_at, state)| CodeRow {
            user_id,
            expires_at: Timestamp(expires_at),
            is_used: state == ConfirmationState::Confirmed.name(),
        }))
    }

    /// Confirms a user's address by a code, once. The caller has the user's row.
    /// `false`: the code was used, replaced, or has expired.
    pub async fn use_confirmation_code(
        &mut self,
        user_id: i64,
        code: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // A mail that was asked for again need not be sent any more.
        self.end_confirmation_job(user_id).await?;
        let used = exec!(
            self,
            "UPDATE confirmations SET state = 'confirmed', job_id = NULL, reason = NULL
             WHERE code_hash = $1 AND state <> 'confirmed' AND expires_at > $2 AND user_id = $3
               AND email_key = (SELECT email_key FROM users WHERE id = $3 AND erased_at IS NULL)",
            code.as_stored(),
            now.0,
            user_id,
        );
        if used == 0 {
            return Ok(false);
        }
        exec!(
            self,
            "UPDATE users SET confirmed_at = COALESCE(confirmed_at, $1), updated_at = $1
             WHERE id = $2",
            now.0,
            user_id,
        );
        Ok(true)
    }
}
