//! Sessions of users, what a login looks at, and account numbers.

use doorstep_accounts::{Timestamp, TokenHash};

use crate::{Conn, StoreError, exec, one, tokens::id_digits};

/// What decides a login.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PasswordLogin {
    /// The user.
    pub user_id: i64,
    /// Argon2id of the password; a user without one cannot log in.
    pub password: Option<String>,
    /// Whether the user administers the platform.
    pub is_admin: bool,
    /// Whether an OAuth client registered the user.
    pub by_client: bool,
    /// When the user logged in last.
    pub last_at: Option<i64>,
}

/// A session of an account that may be used.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// The user.
    pub user_id: i64,
    /// From when it no longer works.
    pub expires_at: i64,
    /// Whether the user administers the platform.
    pub is_admin: bool,
}

impl Conn<'_> {
    /// The user of an address, for a login.
    pub async fn password_login(
        &mut self,
        email_key: &str,
    ) -> Result<Option<PasswordLogin>, StoreError> {
        Ok(one!(
            self,
            PasswordLogin,
            "SELECT u.id AS user_id, u.password, u.is_admin, l.last_at,
                    u.client_id IS NOT NULL AS by_client
             FROM users u LEFT JOIN logins l ON l.user_id = u.id
             WHERE u.email_key = $1 AND u.erased_at IS NULL",
            email_key,
        ))
    }

    /// Opens a session, if the password is still the one that was checked and the
    /// account may still be used. `false`: it is not.
    pub async fn open_session(
        &mut self,
        hash: &TokenHash,
        (user_id, password): (i64, &str),
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let opened = exec!(
            self,
            "INSERT INTO sessions (hash, user_id, created_at, expires_at)
             SELECT $1, id, $2, $3 FROM users WHERE id = $4 AND active AND password = $5",
            hash.as_stored(),
            now.0,
            expires_at.0,
            user_id,
            password,
        );
        if opened == 1 {
            exec!(
                self,
                "INSERT INTO logins (user_id, last_at) VALUES ($1, $2)
                 ON CONFLICT (user_id) DO UPDATE SET last_at = excluded.last_at",
                user_id,
                now.0,
            );
        }
        Ok(opened == 1)
    }

    /// A session by its token.
    pub async fn session(&mut self, hash: &TokenHash) -> Result<Option<Session>, StoreError> {
        Ok(one!(
            self,
            Session,
            "SELECT s.user_id, s.expires_at, u.is_admin
             FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE s.hash = $1 AND u.active",
            hash.as_stored(),
        ))
    }

    /// Ends the session of that id ([`TokenHash::id`]); gives how many worked until now.
    pub async fn end_session(&mut self, id: &str, now: Timestamp) -> Result<u64, StoreError> {
        let Some(digits) = id_digits(id) else { return Ok(0) };
        let hash = format!("{digits}%");
        let worked = exec!(
            self,
            "DELETE FROM sessions WHERE hash LIKE $1 AND expires_at > $2",
            &hash,
            now.0,
        );
        exec!(self, "DELETE FROM sessions WHERE hash LIKE $1", &hash);
        Ok(worked)
    }

    /// Ends a session. `false`: there is none.
    pub async fn close_session(&mut self, hash: &TokenHash) -> Result<bool, StoreError> {
        Ok(exec!(self, "DELETE FROM sessions WHERE hash = $1", hash.as_stored()) == 1)
    }

    /// Ends all sessions of a user; gives how many worked until now.
    pub async fn close_sessions(
        &mut self,
        user_id: i64,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let worked = exec!(
            self,
            "DELETE FROM sessions WHERE user_id = $1 AND expires_at > $2",
            user_id,
            now.0,
        );
        exec!(self, "DELETE FROM sessions WHERE user_id = $1", user_id);
        Ok(worked)
    }

    /// Forgets sessions that have ended.
    pub async fn sweep_sessions(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM sessions WHERE expires_at <= $1", now.0))
    }

    /// Gives a new user the next account number: `<prefix>-E<number>`, of three digits
    /// at least. Whoever comes next waits until the transaction has ended, so that no number is
    /// left out.
    pub async fn number_account(
        &mut self,
        user_id: i64,
        prefix: &str,
    ) -> Result<String, StoreError> {
        let counted = one!(
            self,
            (i64,),
            "UPDATE counters SET value = value + 1 WHERE name = 'account_numbers' RETURNING value",
        );
        let (count,) = counted.ok_or(StoreError::Corrupt { what: "the counter of accounts" })?;
        let number = format!("{prefix}-E{count:03}");
        exec!(
            self,
            "INSERT INTO account_numbers (user_id, number) VALUES ($1, $2)",
            user_id,
            &number,
        );
        Ok(number)
    }
}
