//! Users and who they are at a provider.

use std::time::{Duration, Instant};

use doorstep_accounts::{Identity, Timestamp, User, user::email_key};
use tokio::sync::Mutex;

use crate::{
    Conn, Store, StoreError, document, exec,
    many::{Many, exec_many},
    object, one,
};

/// The user numbers that this process may hand out.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<Block>);

#[derive(Debug, Default)]
struct Block {
    left: std::ops::Range<i64>,
    size: i64,
    taken: Option<Instant>,
}

/// Numbers taken at a time. A restart loses what is left of a block, which does
/// no harm; a larger one would make the gaps look like lost users.
const LEAST: i64 = 32;
/// The same under load: taking a block is a commit, and with small ones every other
/// commit would be one.
const MOST: i64 = 1_024;
/// A block that is used up sooner was too small.
const LASTS: Duration = Duration::from_secs(1);

impl Block {
    /// How many to take next.
    fn next_size(&self) -> i64 {
        let was_short = self.taken.is_some_and(|taken| taken.elapsed() < LASTS);
        if was_short { (self.size * 2).min(MOST) } else { LEAST }
    }
}

/// What a new user's row holds beside the user.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The user.
    pub user: &'a User,
    /// The client that registers it.
    pub client_id: Option<&'a str>,
    /// The Argon2id hash of a password that the person chose.
    pub password: Option<&'a str>,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct UserRow {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) email_generated: bool,
    pub(crate) profile: String,
    pub(crate) labels: String,
    pub(crate) active: bool,
    pub(crate) is_admin: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Store {
    /// A number for a new user; unique across all servers on this database.
    pub async fn next_user_id(&self) -> Result<i64, StoreError> {
        let mut block = self.user_ids.0.lock().await;
        if let Some(id) = block.left.next() {
            return Ok(id);
        }
        let size = block.next_size();
        let mut tx = self.begin().await?;
        let row = one!(
            &mut tx.conn(),
            (i64,),
            "UPDATE counters SET value = value + $1 WHERE name = 'users' RETURNING value",
            size,
        );
        tx.commit().await?;
        let (last,) = row.ok_or(StoreError::Corrupt { what: "the counter of users" })?;
        *block = Block { left: last - size + 1..last + 1, size, taken: Some(Instant::now()) };
        block.left.next().ok_or(StoreError::Corrupt { what: "the counter of users" })
    }
}

impl Conn<'_> {
    /// Takes an identity for a user. `false`: somebody has it.
    pub async fn take_identity(
        &mut self,
        identity: &Identity,
        user_id: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.take_identities(&[(identity, user_id)]).await? == 1)
    }

    /// Takes identities, each for a user; gives how many nobody had.
    pub(crate) async fn take_identities(
        &mut self,
        taken: &[(&Identity, i64)],
    ) -> Result<u64, StoreError> {
        static TAKE: Many = Many::new(
            "INSERT INTO identities (provider, server_key, username_key, server, username, user_id)
             SELECT column2, column3, column4, column5, column6, column7 FROM",
            6,
            "WHERE column1 < @1 ON CONFLICT (provider, server_key, username_key) DO NOTHING",
            1,
        );
        Ok(exec_many!(self, TAKE, [], taken, |(identity, user_id)| [
            &identity.provider,
            &identity.server_key,
            &identity.username_key,
            &identity.server,
            &identity.username,
            user_id,
        ]))
    }

    /// Who has an identity, and the client that registered them.
    pub async fn identity_owner(
        &mut self,
        identity: &Identity,
    ) -> Result<Option<(i64, Option<String>)>, StoreError> {
        Ok(one!(
            self,
            (i64, Option<String>),
            "SELECT u.id, u.client_id FROM identities i JOIN users u ON u.id = i.user_id
             WHERE i.provider = $1 AND i.server_key = $2 AND i.username_key = $3",
            &identity.provider,
            &identity.server_key,
            &identity.username_key,
        ))
    }

    /// The client that registered a user, if one did.
    pub async fn registrar(&mut self, user_id: i64) -> Result<Option<String>, StoreError> {
        let row =
            one!(self, (Option<String>,), "SELECT client_id FROM users WHERE id = $1", user_id);
        Ok(row.and_then(|(client_id,)| client_id))
    }

    /// The providers at which a user is known.
    pub async fn providers_of(&mut self, user_id: i64) -> Result<Vec<String>, StoreError> {
        let rows = crate::all!(
            self,
            (String,),
            "SELECT DISTINCT provider FROM identities WHERE user_id = $1",
            user_id,
        );
        Ok(rows.into_iter().map(|(provider,)| provider).collect())
    }

    /// Adds a user. `false`: the e-mail is taken.
    pub async fn add_user(&mut self, new: &NewUser<'_>) -> Result<bool, StoreError> {
        Ok(self.add_users(std::slice::from_ref(new)).await? == 1)
    }

    /// Adds users; gives how many have an e-mail that nobody had.
    pub(crate) async fn add_users(&mut self, new: &[NewUser<'_>]) -> Result<u64, StoreError> {
        static ADD: Many = Many::new(
            "INSERT INTO users (id, email, email_key, email_generated, profile, labels, password,
                                active, is_admin, client_id, created_at, updated_at)
             SELECT column2, column3, column4, column5, column6, column7, column8,
                    column9, column10, column11, column12, column13 FROM",
            12,
            "WHERE column1 < @1 ON CONFLICT (email_key) DO NOTHING",
            1,
        );
        Ok(exec_many!(self, ADD, [], new, |NewUser { user, client_id, password }| [
            user.id,
            &user.email,
            email_key(&user.email),
            user.email_generated,
            document(&user.profile),
            document(&user.labels),
            *password,
            user.active,
            user.is_admin,
            *client_id,
            user.created_at.0,
            user.updated_at.0,
        ]))
    }

    /// A user by number; none who was erased.
    pub async fn user(&mut self, id: i64) -> Result<Option<User>, StoreError> {
        let row = one!(
            self,
            UserRow,
            "SELECT id, email, email_generated, profile, labels, active, is_admin, created_at, updated_at
             FROM users WHERE id = $1 AND erased_at IS NULL",
            id,
        );
        row.map(User::try_from).transpose()
    }

    /// A user by number, locked until the transaction ends, so that two changes
    /// at once do not lose one another. (SQLite's one writer is the lock there;
    /// the no-op update takes the row's lock on PostgreSQL.)
    pub async fn user_for_change(&mut self, id: i64) -> Result<Option<User>, StoreError> {
        exec!(self, "UPDATE users SET id = id WHERE id = $1", id);
        self.user(id).await
    }

    /// Writes a changed user. `false`: the e-mail is taken by somebody else. Another
    /// address is not confirmed by what confirmed the one before.
    pub async fn change_user(&mut self, user: &User) -> Result<bool, StoreError> {
        let written = async { Ok::<_, StoreError>(exec!(
            self,
            "UPDATE users SET email = $1, email_key = $2, email_generated = $3, profile = $4,
                              labels = $5, updated_at = $6,
                              confirmed_at = CASE WHEN email_key = $2 THEN confirmed_at END
             WHERE id = $7
               AND NOT EXISTS (SELECT 1 FROM users other WHERE other.email_key = $2 AND other.id <> $7)",
            &user.email,
            email_key(&user.email),
            user.email_generated,
            document(&user.profile),
            document(&user.labels),
            user.updated_at.0,
            user.id,
        )) }.await;
        match written {
            Ok(written) => Ok(written == 1),
            // Somebody took the address between the check and the write; the
            // caller gives the transaction up either way.
            Err(StoreError::Statement(sqlx::Error::Database(error)))
                if error.is_unique_violation() =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            email: row.email,
            email_generated: row.email_generated,
            profile: object(&row.profile, "a user's profile")?,
            labels: object(&row.labels, "a user's labels")?,
            active: row.active,
            is_admin: row.is_admin,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}
