//! What users see of their own accounts.

use doorstep_accounts::User;

use crate::{
    Conn, Login, LoginAttempt, StoreError, Used,
    attempts::distinct,
    credentials::{AttemptRow, login_columns, on_login},
    many::{Many, all_many},
    users::UserRow,
};

/// A user, and what the user has.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user: User,
    /// Projects, orders that may become one included.
    pub projects: i64,
    /// Containers in them.
    pub containers: i64,
    /// The version of the catalogue in force, by which more may be allowed; 0 without one.
    pub catalog_version: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    user: UserRow,
    #[sqlx(flatten)]
    held: HeldRow,
}

#[derive(Debug, Clone, sqlx::FromRow)]
struct HeldRow {
    projects: i64,
    containers: i64,
    catalog_version: i64,
}

/// The columns of a [`HeldRow`], of a user `u`.
macro_rules! held_columns {
    () => {
        "(SELECT COUNT(*) FROM orders o WHERE o.user_id = u.id
          AND o.state IN ('open', 'pending', 'processing', 'completed')) AS projects,
         (SELECT CAST(COALESCE(SUM(o.containers), 0) AS BIGINT) FROM orders o
          WHERE o.user_id = u.id
          AND o.state IN ('open', 'pending', 'processing', 'completed')) AS containers,
         (SELECT COALESCE(MAX(version), 0) FROM catalog) AS catalog_version"
    };
}

/// Who logs in, and what is that user's. The credential has columns of the same names as the
/// user.
#[derive(sqlx::FromRow)]
struct LoginRow {
    #[sqlx(flatten)]
    attempt: AttemptRow,
    email: Option<String>,
    email_generated: Option<bool>,
    profile: Option<String>,
    labels: Option<String>,
    user_created_at: Option<i64>,
    updated_at: Option<i64>,
    #[sqlx(flatten)]
    held: HeldRow,
}

impl HeldRow {
    fn account(self, user: User) -> Account {
        let Self { projects, containers, catalog_version } = self;
        Account { user, projects, containers, catalog_version }
    }
}

/// An account as it is stored. To read it takes time, by which a name that is somebody's
/// could be told from one that is nobody's: it is read for those who showed that it is theirs.
#[derive(Debug, Clone)]
pub struct StoredAccount {
    user: UserRow,
    held: HeldRow,
}

impl StoredAccount {
    /// Reads it.
    pub fn read(self) -> Result<Account, StoreError> {
        Ok(self.held.account(User::try_from(self.user)?))
    }
}

impl LoginRow {
    /// Nobody's account is there if there is no such name, or the user was erased.
    fn read(self) -> (Used, Option<Login>, Option<StoredAccount>) {
        let (used, login) = self.attempt.read();
        let found = login.as_ref().and_then(|Login { credential, active, is_admin }| {
            Some(UserRow {
                id: credential.user_id,
                email: self.email?,
                email_generated: self.email_generated?,
                profile: self.profile?,
                labels: self.labels?,
                active: *active,
                is_admin: *is_admin,
                created_at: self.user_created_at?,
                updated_at: self.updated_at?,
            })
        });
        (used, login, found.map(|user| StoredAccount { user, held: self.held }))
    }
}

impl Conn<'_> {
    /// Accounts by their users' numbers, in their order; none of those who were erased.
    pub async fn accounts(&mut self, ids: &[i64]) -> Result<Vec<Option<Account>>, StoreError> {
        static FIND: Many = Many::new(
            concat!(
                "SELECT u.id, u.email, u.email_generated, u.profile, u.labels, u.active, u.is_admin,
                    u.created_at, u.updated_at, ",
                held_columns!(),
                " FROM users u WHERE u.erased_at IS NULL AND u.id IN (SELECT column2 FROM"
            ),
            1,
            "WHERE column1 < @1)",
            1,
        );
        let mut different = ids.to_vec();
        different.sort_unstable();
        different.dedup();
        let rows = all_many!(self, Row, FIND, [], different, |id| [*id]);
        let mut accounts = Vec::with_capacity(rows.len());
        for Row { user, held } in rows {
            accounts.push(held.account(User::try_from(user)?));
        }
        let find = |id: &i64| accounts.iter().find(|account| account.user.id == *id).cloned();
        Ok(ids.iter().map(find).collect())
    }

    /// [`Self::logins`], and the account of whoever has the name: one way to the database for
    /// those who log in to look at it.
    pub async fn logins_with_accounts(
        &mut self,
        attempts: &[LoginAttempt],
    ) -> Result<Vec<(Used, Option<Login>, Option<StoredAccount>)>, StoreError> {
        static FIND: Many = Many::new(
            concat!(
                "SELECT ",
                login_columns!(),
                ", CASE WHEN u.erased_at IS NULL THEN u.email END AS email, u.email_generated,
                 u.profile, u.labels, u.created_at AS user_created_at, u.updated_at, ",
                held_columns!(),
                " FROM"
            ),
            3,
            on_login!(),
            1,
        );
        let (different, places) = distinct(attempts);
        let rows = all_many!(self, LoginRow, FIND, [], different, |attempt| [
            &attempt.name,
            attempt.limits[0].map(|key| key.as_stored()),
            attempt.limits[1].map(|key| key.as_stored()),
        ]);
        let answers: Vec<_> = rows.into_iter().map(LoginRow::read).collect();
        Ok(places.into_iter().map(|at| answers[at].clone()).collect())
    }
}
