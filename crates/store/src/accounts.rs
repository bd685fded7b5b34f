//! What users see of their own accounts.

use doorstep_accounts::User;

use crate::{
    Conn, StoreError,
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
    projects: i64,
    containers: i64,
    catalog_version: i64,
}

impl Conn<'_> {
    /// Accounts by their users' numbers, in their order; none of those who were erased.
    pub async fn accounts(&mut self, ids: &[i64]) -> Result<Vec<Option<Account>>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT u.id, u.email, u.email_generated, u.profile, u.labels, u.active, u.is_admin,
                    u.created_at, u.updated_at,
                    (SELECT COUNT(*) FROM orders o WHERE o.user_id = u.id
                     AND o.state IN ('open', 'pending', 'processing', 'completed')) AS projects,
                    (SELECT CAST(COALESCE(SUM(o.containers), 0) AS BIGINT) FROM orders o
                     WHERE o.user_id = u.id
                     AND o.state IN ('open', 'pending', 'processing', 'completed')) AS containers,
                    (SELECT COALESCE(MAX(version), 0) FROM catalog) AS catalog_version
             FROM users u WHERE u.erased_at IS NULL AND u.id IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        let mut different = ids.to_vec();
        different.sort_unstable();
        different.dedup();
        let rows = all_many!(self, Row, FIND, [], different, |id| [*id]);
        let mut accounts = Vec::with_capacity(rows.len());
        for Row { user, projects, containers, catalog_version } in rows {
            let user = User::try_from(user)?;
            accounts.push(Account { user, projects, containers, catalog_version });
        }
        let find = |id: &i64| accounts.iter().find(|account| account.user.id == *id).cloned();
        Ok(ids.iter().map(find).collect())
    }
}
