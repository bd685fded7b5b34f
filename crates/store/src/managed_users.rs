//! Users as administrators find, make and change them.

use doorstep_accounts::{
    IdempotencyKey, Lookup, ManagedUser, Membership, Timestamp, User, customer::username_key,
    idempotency::Fingerprint, managed_user::looked_up_by, user::email_key,
};

use crate::{
    Conn, StoreError, all, confirmations::ConfirmationRow, document, exec, one, users::UserRow,
};

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    user: UserRow,
    external_id: Option<String>,
    confirmed_at: Option<i64>,
    account_number: Option<String>,
    customer_id: Option<i64>,
    username: Option<String>,
    can_customer_admin: Option<bool>,
    hash_seed: Option<String>,
    #[sqlx(flatten)]
    confirmation: ConfirmationRow,
}

impl TryFrom<Row> for ManagedUser {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of_customer = (row.customer_id, row.username, row.can_customer_admin, row.hash_seed);
        let membership = match of_customer {
            (Some(customer_id), Some(username), Some(can_customer_admin), Some(seed)) => {
                Some(Membership { customer_id, username, can_customer_admin, seed })
            }
            _ => None,
        };
        Ok(Self {
            user: User::try_from(row.user)?,
            external_id: row.external_id,
            confirmed_at: row.confirmed_at.map(Timestamp),
            account_number: row.account_number,
            membership,
            confirmation: row.confirmation.read()?,
        })
    }
}

/// A query for users that were not erased, with the rest of its text.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, email_generated, profile, labels, active, is_admin, created_at,
                    updated_at, external_id, confirmed_at,
                    (SELECT number FROM account_numbers WHERE user_id = users.id) AS account_number,
                    customer_id, username, can_customer_admin, hash_seed,
                    (SELECT state FROM confirmations WHERE user_id = users.id)
                        AS confirmation_state,
                    (SELECT sent_at FROM confirmations WHERE user_id = users.id)
                        AS confirmation_sent_at,
                    (SELECT COALESCE(c.reason, (SELECT reason FROM jobs WHERE id = c.job_id))
                     FROM confirmations c WHERE c.user_id = users.id) AS confirmation_reason
             FROM users LEFT JOIN customer_users ON customer_users.user_id = users.id
             WHERE erased_at IS NULL ",
            $rest
        )
    };
}

/// Which of a user's unique members somebody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The address.
    pub email: bool,
    /// The operator's own name.
    pub external_id: bool,
    /// The name that a customer's user logs in with.
    pub username: bool,
}

/// What is known of an administrator's key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AdminReplay {
    /// Of which request, as stored.
    pub fingerprint: String,
    /// Argon2id of the request's password.
    pub password: Option<String>,
    /// The user that it made.
    pub user_id: i64,
}

impl Conn<'_> {
    /// A user by whatever names one.
    pub async fn managed_user(
        &mut self,
        lookup: &Lookup,
    ) -> Result<Option<ManagedUser>, StoreError> {
        let row = match lookup {
            Lookup::Id(id) => one!(self, Row, select!("AND id = $1"), id),
            Lookup::ExternalId(id) => one!(self, Row, select!("AND external_id = $1"), id),
            Lookup::Email(email) => {
                one!(self, Row, select!("AND email_key = $1"), email_key(email))
            }
            Lookup::Label(name, value) => one!(
                self,
                Row,
                select!(
                    "AND id = (SELECT MIN(user_id) FROM user_label_index
                               WHERE name = $1 AND value = $2)"
                ),
                name,
                value,
            ),
        };
        row.map(ManagedUser::try_from).transpose()
    }

    /// A page of users by number, and how many there are.
    pub async fn managed_users(
        &mut self,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<ManagedUser>, i64), StoreError> {
        let count = one!(self, (i64,), "SELECT COUNT(*) FROM users WHERE erased_at IS NULL");
        let rows = all!(self, Row, select!("ORDER BY id LIMIT $1 OFFSET $2"), limit, offset);
        let users = rows.into_iter().map(ManagedUser::try_from).collect::<Result<_, _>>()?;
        Ok((users, count.map_or(0, |(count,)| count)))
    }

    /// A page of the users of customers, by number, and how many there are; of one
    /// username or one customer if one is named.
    pub async fn customers_users(
        &mut self,
        username: Option<&str>,
        customer_id: Option<i64>,
        (offset, limit): (i64, i64),
    ) -> Result<(Vec<ManagedUser>, i64), StoreError> {
        let key = username.map(username_key);
        let count = one!(
            self,
            (i64,),
            "SELECT COUNT(*) FROM customer_users
             WHERE ($1 IS NULL OR username_key = $1) AND ($2 IS NULL OR customer_id = $2)",
            key.as_deref(),
            customer_id,
        );
        let rows = all!(
            self,
            Row,
            select!(
                "AND customer_id IS NOT NULL AND ($1 IS NULL OR username_key = $1)
                 AND ($2 IS NULL OR customer_id = $2) ORDER BY id LIMIT $3 OFFSET $4"
            ),
            key.as_deref(),
            customer_id,
            limit,
            offset,
        );
        let users = rows.into_iter().map(ManagedUser::try_from).collect::<Result<_, _>>()?;
        Ok((users, count.map_or(0, |(count,)| count)))
    }

    /// Adds a user. `false`: somebody has the e-mail, the external id or the username, or
    /// the customer gets no users.
    pub async fn add_managed_user(
        &mut self,
        managed: &ManagedUser,
        password: Option<&str>,
    ) -> Result<bool, StoreError> {
        let ManagedUser { user, external_id, confirmed_at, membership, .. } = managed;
        let added = exec!(
            self,
            "INSERT INTO users (id, email, email_key, email_generated, profile, labels, password,
                                active, is_admin, created_at, updated_at, external_id, confirmed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT DO NOTHING",
            user.id,
            &user.email,
            email_key(&user.email),
            user.email_generated,
            document(&user.profile),
            document(&user.labels),
            password,
            user.active,
            user.is_admin,
            user.created_at.0,
            user.updated_at.0,
            external_id.as_deref(),
            confirmed_at.map(|at| at.0),
        );
        if added == 1 {
            self.index_labels(user).await?;
            if let Some(membership) = membership {
                return self.join_customer(user.id, membership).await;
            }
        }
        Ok(added == 1)
    }

    /// Writes a changed user. `None` for the password leaves it. `false`: somebody has
    /// the e-mail, the external id or the username.
    pub async fn change_managed_user(
        &mut self,
        managed: &ManagedUser,
        password: Option<&str>,
    ) -> Result<bool, StoreError> {
        let ManagedUser { user, external_id, confirmed_at, membership, .. } = managed;
        let key = email_key(&user.email);
        let written = async {
            let users = exec!(
                self,
                "UPDATE users SET email = $1, email_key = $2, email_generated = $3, profile = $4,
                                  labels = $5, password = COALESCE($6, password), active = $7,
                                  is_admin = $8, updated_at = $9, external_id = $10,
                                  confirmed_at = $11
                 WHERE id = $12
                   AND NOT EXISTS (SELECT 1 FROM users other WHERE other.id <> $12
                                     AND (other.email_key = $2 OR other.external_id = $10))",
                &user.email,
                &key,
                user.email_generated,
                document(&user.profile),
                document(&user.labels),
                password,
                user.active,
                user.is_admin,
                user.updated_at.0,
                external_id.as_deref(),
                confirmed_at.map(|at| at.0),
                user.id,
            );
            match membership {
                Some(membership) if users == 1 => self.change_member(user.id, membership).await,
                _ => Ok(users == 1),
            }
        }
        .await;
        match written {
            Ok(true) => {
                self.index_labels(user).await?;
                Ok(true)
            }
            Ok(false) => Ok(false),
            // Somebody took it between the check and the write; the caller gives the
            // transaction up either way.
            Err(StoreError::Statement(sqlx::Error::Database(error)))
                if error.is_unique_violation() =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// What of a user's unique members somebody else has.
    pub async fn taken(&mut self, managed: &ManagedUser) -> Result<Taken, StoreError> {
        let rows = all!(
            self,
            (String, Option<String>),
            "SELECT email_key, external_id FROM users
             WHERE id <> $1 AND (email_key = $2 OR external_id = $3)",
            managed.user.id,
            email_key(&managed.user.email),
            managed.external_id.as_deref(),
        );
        let username = match &managed.membership {
            Some(membership) => self.has_username(&membership.username, managed.user.id).await?,
            None => false,
        };
        let key = email_key(&managed.user.email);
        Ok(Taken {
            username,
            email: rows.iter().any(|(email, _)| *email == key),
            external_id: managed.external_id.is_some()
                && rows.iter().any(|(_, id)| *id == managed.external_id),
        })
    }

    /// Opens or closes an account. `false`: it was so before.
    pub async fn set_active(
        &mut self,
        user_id: i64,
        active: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE users SET active = $1, updated_at = $2 WHERE id = $3 AND active <> $1",
            active,
            now.0,
            user_id,
        );
        Ok(written == 1)
    }

    /// Makes all who could take an administrator away wait for one another, until the
    /// transaction ends. The first statement of a transaction, so that none of them
    /// holds what another one waits for.
    pub async fn lock_administrators(&mut self) -> Result<(), StoreError> {
        exec!(self, "UPDATE counters SET value = value + 1 WHERE name = 'administrators'");
        Ok(())
    }

    /// How many others can administer the platform.
    pub async fn other_administrators(&mut self, user_id: i64) -> Result<i64, StoreError> {
        let count = one!(
            self,
            (i64,),
            "SELECT COUNT(*) FROM users WHERE is_admin AND active AND id <> $1",
            user_id,
        );
        Ok(count.map_or(0, |(count,)| count))
    }

    /// Takes an administrator's key. `false`: it was used before.
    pub async fn take_admin_key(
        &mut self,
        admin_id: i64,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
        password: Option<&str>,
        (user_id, expires_at): (i64, Timestamp),
    ) -> Result<bool, StoreError> {
        let added = exec!(
            self,
            "INSERT INTO admin_idempotency (admin_id, key_hash, fingerprint, password, user_id,
                                            expires_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (admin_id, key_hash) DO NOTHING",
            admin_id,
            key.hash(),
            fingerprint.as_stored(),
            password,
            user_id,
            expires_at.0,
        );
        Ok(added == 1)
    }

    /// What an administrator's key was used for.
    pub async fn admin_replay(
        &mut self,
        admin_id: i64,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<AdminReplay>, StoreError> {
        Ok(one!(
            self,
            AdminReplay,
            "SELECT fingerprint, password, user_id FROM admin_idempotency
             WHERE admin_id = $1 AND key_hash = $2 AND expires_at > $3",
            admin_id,
            key.hash(),
            now.0,
        ))
    }

    async fn index_labels(&mut self, user: &User) -> Result<(), StoreError> {
        exec!(self, "DELETE FROM user_label_index WHERE user_id = $1", user.id);
        for (name, value) in looked_up_by(&user.labels) {
            exec!(
                self,
                "INSERT INTO user_label_index (name, value, user_id) VALUES ($1, $2, $3)",
                name,
                value,
                user.id,
            );
        }
        Ok(())
    }
}
