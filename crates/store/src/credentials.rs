//! API credentials.

use doorstep_accounts::{Credential, SecretHash, Timestamp};

use crate::{
    Conn, LoginAttempt, StoreError, Used, all,
    attempts::{Perhaps, distinct},
    exec,
    many::{Many, all_many, exec_many},
    one,
};

/// A credential with what decides whether it may be used.
#[derive(Debug, Clone)]
pub struct Login {
    /// The credential.
    pub credential: Credential,
    /// Whether its user's account may be used.
    pub active: bool,
    /// Whether its user administers the platform.
    pub is_admin: bool,
}

#[derive(Clone, sqlx::FromRow)]
struct Row {
    id: String,
    user_id: i64,
    number: i64,
    name: String,
    username: String,
    secret: String,
    created_at: i64,
    last_used_at: Option<i64>,
    expires_at: Option<i64>,
    rotated_at: Option<i64>,
    revoked_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct LoginRow {
    #[sqlx(flatten)]
    credential: Row,
    active: bool,
    is_admin: bool,
}

#[derive(sqlx::FromRow)]
pub(crate) struct AttemptRow {
    first: Option<i64>,
    second: Option<i64>,
    #[sqlx(flatten)]
    login: Perhaps<LoginRow>,
}

/// The columns of an [`AttemptRow`], for the values of an attempt joined by [`on_login`].
macro_rules! login_columns {
    () => {
        "(SELECT b.tat FROM buckets b WHERE b.key = column3) AS first,
         (SELECT b.tat FROM buckets b WHERE b.key = column4) AS second,
         c.id, c.user_id, c.number, c.name, c.username, c.secret, c.created_at,
         c.last_used_at, c.expires_at, c.rotated_at, c.revoked_at, u.active, u.is_admin"
    };
}

/// Who has the name of an attempt. A row for each: both that are joined are found by what is
/// unique of them.
macro_rules! on_login {
    () => {
        "LEFT JOIN credentials c ON c.username = column2 LEFT JOIN users u ON u.id = c.user_id
         WHERE column1 < @1 ORDER BY column1"
    };
}

pub(crate) use {login_columns, on_login};

impl AttemptRow {
    pub(crate) fn read(self) -> (Used, Option<Login>) {
        ([self.first, self.second], self.login.0.map(Login::from))
    }
}

impl From<LoginRow> for Login {
    fn from(row: LoginRow) -> Self {
        Self { credential: row.credential.into(), active: row.active, is_admin: row.is_admin }
    }
}

impl From<Row> for Credential {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            number: row.number,
            name: row.name,
            username: row.username,
            secret: SecretHash::from_stored(row.secret),
            created_at: Timestamp(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp),
            expires_at: row.expires_at.map(Timestamp),
            rotated_at: row.rotated_at.map(Timestamp),
            revoked_at: row.revoked_at.map(Timestamp),
        }
    }
}

impl Conn<'_> {
    /// Adds a credential. The username is 113 random bits, so a clash is a fault
    /// of the random source and fails the transaction.
    pub async fn add_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        self.add_credentials(&[credential]).await
    }

    /// Adds credentials.
    pub(crate) async fn add_credentials(&mut self, new: &[&Credential]) -> Result<(), StoreError> {
        static ADD: Many = Many::new(
            "INSERT INTO credentials (id, user_id, number, name, username, secret, created_at, expires_at)
             SELECT column2, column3, column4, column5, column6, column7, column8, column9 FROM",
            8,
            "WHERE column1 < @1",
            1,
        );
        exec_many!(self, ADD, [], new, |credential| [
            &credential.id,
            credential.user_id,
            credential.number,
            &credential.name,
            &credential.username,
            credential.secret.as_stored(),
            credential.created_at.0,
            credential.expires_at.map(|at| at.0),
        ]);
        Ok(())
    }

    /// A credential by its username.
    pub async fn login(&mut self, username: &str) -> Result<Option<Login>, StoreError> {
        Ok(self
            .logins(&[LoginAttempt::unlimited(Some(username))])
            .await?
            .pop()
            .and_then(|(_, login)| login))
    }

    /// What is used of the limits of each attempt, and the credential of that username; in
    /// their order. One way to the database for both.
    pub async fn logins(
        &mut self,
        attempts: &[LoginAttempt],
    ) -> Result<Vec<(Used, Option<Login>)>, StoreError> {
        static FIND: Many =
            Many::new(concat!("SELECT ", login_columns!(), " FROM"), 3, on_login!(), 1);
        let (different, places) = distinct(attempts);
        let rows = all_many!(self, AttemptRow, FIND, [], different, |attempt| [
            &attempt.name,
            attempt.limits[0].map(|key| key.as_stored()),
            attempt.limits[1].map(|key| key.as_stored()),
        ]);
        let answers: Vec<_> = rows.into_iter().map(AttemptRow::read).collect();
        Ok(places.into_iter().map(|at| answers[at].clone()).collect())
    }

    /// A user's credentials, oldest first, the ended ones among them.
    pub async fn credentials(&mut self, user_id: i64) -> Result<Vec<Credential>, StoreError> {
        let rows = all!(
            self,
            Row,
            "SELECT id, user_id, number, name, username, secret, created_at, last_used_at,
                    expires_at, rotated_at, revoked_at
             FROM credentials WHERE user_id = $1 ORDER BY number",
            user_id,
        );
        Ok(rows.into_iter().map(Credential::from).collect())
    }

    /// A user's credential by the number that the API shows.
    pub async fn credential(
        &mut self,
        user_id: i64,
        number: i64,
    ) -> Result<Option<Credential>, StoreError> {
        let row = one!(
            self,
            Row,
            "SELECT id, user_id, number, name, username, secret, created_at, last_used_at,
                    expires_at, rotated_at, revoked_at
             FROM credentials WHERE user_id = $1 AND number = $2",
            user_id,
            number,
        );
        Ok(row.map(Credential::from))
    }

    /// The highest number among a user's credentials; 0 without any. The caller
    /// has locked the user: see [`Conn::user_for_change`].
    pub async fn last_credential_number(&mut self, user_id: i64) -> Result<i64, StoreError> {
        let row = one!(
            self,
            (Option<i64>,),
            "SELECT MAX(number) FROM credentials WHERE user_id = $1",
            user_id,
        );
        Ok(row.and_then(|(number,)| number).unwrap_or_default())
    }

    /// Names a credential and gives it an end, or none.
    pub async fn describe_credential(
        &mut self,
        id: &str,
        name: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE credentials SET name = $1, expires_at = $2 WHERE id = $3",
            name,
            expires_at.map(|at| at.0),
            id,
        );
        Ok(())
    }

    /// Makes sure, until the transaction ends, that a credential's password is still the
    /// one that was checked. `false`: it was replaced or ended.
    pub async fn hold_credential(
        &mut self,
        id: &str,
        checked: &SecretHash,
    ) -> Result<bool, StoreError> {
        let held = exec!(
            self,
            "UPDATE credentials SET id = id WHERE id = $1 AND secret = $2 AND revoked_at IS NULL",
            id,
            checked.as_stored(),
        );
        Ok(held == 1)
    }

    /// Replaces a credential's password. Tokens that the old one obtained end
    /// with it. `false`: the credential was revoked.
    pub async fn rotate_credential(
        &mut self,
        id: &str,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE credentials SET secret = $1, rotated_at = $2
             WHERE id = $3 AND revoked_at IS NULL",
            secret.as_stored(),
            now.0,
            id,
        );
        exec!(
            self,
            "UPDATE tokens SET revoked_at = $1 WHERE credential_id = $2 AND revoked_at IS NULL",
            now.0,
            id,
        );
        self.wipe_sealed(id).await?;
        Ok(written == 1)
    }

    /// Ends a credential; its tokens end with it. `false`: it was ended before,
    /// or there is no such one.
    pub async fn revoke_credential(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE credentials SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            now.0,
            id,
        );
        self.wipe_sealed(id).await?;
        Ok(written == 1)
    }
}
