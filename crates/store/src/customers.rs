//! Customers, and which users are theirs.

use doorstep_accounts::{
    Customer, CustomerStatus, Fingerprint, IdempotencyKey, Membership, Timestamp,
    customer::username_key,
};

use crate::{Conn, StoreError, all, document, exec, object, one};

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    hash: String,
    name: String,
    email: String,
    status: String,
    unique_id: Option<String>,
    details: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Customer {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = StoreError::Corrupt { what: "a customer's status" };
        Ok(Self {
            id: row.id,
            hash: row.hash,
            name: row.name,
            email: row.email,
            status: CustomerStatus::parse(&row.status).ok_or(corrupt)?,
            unique_id: row.unique_id,
            details: object(&row.details, "a customer's details")?,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// A query for customers, with the rest of its text.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, hash, name, email, status, unique_id, details, created_at, updated_at
             FROM customers ",
            $rest
        )
    };
}

impl Conn<'_> {
    /// The number of the next customer. Whoever asks next waits for the transaction to
    /// end: customers are made by hand or a few a day.
    pub async fn next_customer_id(&mut self) -> Result<i64, StoreError> {
        let row = one!(
            self,
            (i64,),
            "UPDATE counters SET value = value + 1 WHERE name = 'customers' RETURNING value",
        );
        let (id,) = row.ok_or(StoreError::Corrupt { what: "the counter of customers" })?;
        Ok(id)
    }

    /// Adds a customer. `false`: another one has its identifier.
    pub async fn add_customer(&mut self, customer: &Customer) -> Result<bool, StoreError> {
        let added = exec!(
            self,
            "INSERT INTO customers (id, hash, name, email, status, unique_id, details, has_users,
                                    created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, (1 = 0), $8, $9) ON CONFLICT DO NOTHING",
            customer.id,
            &customer.hash,
            &customer.name,
            &customer.email,
            customer.status.name(),
            customer.unique_id.as_deref(),
            document(&customer.details),
            customer.created_at.0,
            customer.updated_at.0,
        );
        Ok(added == 1)
    }

    /// A customer.
    pub async fn customer(&mut self, id: i64) -> Result<Option<Customer>, StoreError> {
        one!(self, Row, select!("WHERE id = $1"), id).map(Customer::try_from).transpose()
    }

    /// A page of customers by number, and how many there are. Deleted ones are left out.
    pub async fn customers(
        &mut self,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<Customer>, i64), StoreError> {
        let count = one!(self, (i64,), "SELECT COUNT(*) FROM customers WHERE status <> 'deleted'");
        let rows = all!(
            self,
            Row,
            select!("WHERE status <> 'deleted' ORDER BY id LIMIT $1 OFFSET $2"),
            limit,
            offset,
        );
        let customers = rows.into_iter().map(Customer::try_from).collect::<Result<_, _>>()?;
        Ok((customers, count.map_or(0, |(count,)| count)))
    }

    /// Writes a changed customer over the one of that hash. `false`: it was changed
    /// meanwhile, or another one has its identifier.
    pub async fn change_customer(
        &mut self,
        customer: &Customer,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let written = async {
            Ok::<_, StoreError>(exec!(
                self,
                "UPDATE customers SET hash = $1, name = $2, email = $3, status = $4,
                                      unique_id = $5, details = $6, updated_at = $7
                 WHERE id = $8 AND hash = $9
                   AND NOT EXISTS (SELECT 1 FROM customers other
                                   WHERE other.id <> $8 AND other.unique_id = $5)",
                &customer.hash,
                &customer.name,
                &customer.email,
                customer.status.name(),
                customer.unique_id.as_deref(),
                document(&customer.details),
                customer.updated_at.0,
                customer.id,
                hash,
            ))
        }
        .await;
        match written {
            Ok(rows) => Ok(rows == 1),
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

    /// Whether another customer has the identifier.
    pub async fn has_unique_id(&mut self, unique_id: &str, but: i64) -> Result<bool, StoreError> {
        let found = one!(
            self,
            (i64,),
            "SELECT id FROM customers WHERE unique_id = $1 AND id <> $2",
            unique_id,
            but,
        );
        Ok(found.is_some())
    }

    /// Whether the customer gets users.
    pub async fn customer_is_on(&mut self, id: i64) -> Result<bool, StoreError> {
        let found =
            one!(self, (i64,), "SELECT id FROM customers WHERE id = $1 AND status = 'on'", id);
        Ok(found.is_some())
    }

    /// Whether the user that is being made is the customer's first. Of several at once it
    /// is one; the others wait until its transaction ends.
    pub async fn is_first_user(&mut self, customer_id: i64) -> Result<bool, StoreError> {
        let first = exec!(
            self,
            "UPDATE customers SET has_users = (1 = 1) WHERE id = $1 AND NOT has_users",
            customer_id,
        );
        Ok(first == 1)
    }

    /// Makes a user a customer's. `false`: somebody has the username, or the customer
    /// gets no users.
    pub(crate) async fn join_customer(
        &mut self,
        user_id: i64,
        membership: &Membership,
    ) -> Result<bool, StoreError> {
        let Membership { customer_id, username, can_customer_admin, seed } = membership;
        let added = exec!(
            self,
            "INSERT INTO customer_users (user_id, customer_id, username, username_key,
                                         can_customer_admin, hash_seed)
             SELECT $1, id, $2, $3, $4, $5 FROM customers WHERE id = $6 AND status = 'on'
             ON CONFLICT DO NOTHING",
            user_id,
            username,
            username_key(username),
            *can_customer_admin,
            seed,
            *customer_id,
        );
        Ok(added == 1)
    }

    /// Writes what a user is within a customer. `false`: somebody has the username.
    pub(crate) async fn change_member(
        &mut self,
        user_id: i64,
        membership: &Membership,
    ) -> Result<bool, StoreError> {
        let Membership { customer_id, username, can_customer_admin, .. } = membership;
        let written = exec!(
            self,
            "UPDATE customer_users SET customer_id = $1, username = $2, username_key = $3,
                                       can_customer_admin = $4
             WHERE user_id = $5
               AND NOT EXISTS (SELECT 1 FROM customer_users other
                               WHERE other.user_id <> $5 AND other.username_key = $3)",
            *customer_id,
            username,
            username_key(username),
            *can_customer_admin,
            user_id,
        );
        Ok(written == 1)
    }

    /// Whether another user has the username.
    pub(crate) async fn has_username(
        &mut self,
        username: &str,
        but: i64,
    ) -> Result<bool, StoreError> {
        let found = one!(
            self,
            (i64,),
            "SELECT user_id FROM customer_users WHERE username_key = $1 AND user_id <> $2",
            username_key(username),
            but,
        );
        Ok(found.is_some())
    }

    /// Takes an administrator's key. `false`: it was used before. On PostgreSQL this waits
    /// for a transaction that is just using it.
    pub async fn take_customer_key(
        &mut self,
        admin_id: i64,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
        (customer_id, expires_at): (i64, Timestamp),
    ) -> Result<bool, StoreError> {
        let added = exec!(
            self,
            "INSERT INTO customer_keys (admin_id, key_hash, fingerprint, customer_id, expires_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (admin_id, key_hash) DO NOTHING",
            admin_id,
            key.hash(),
            fingerprint.as_stored(),
            customer_id,
            expires_at.0,
        );
        Ok(added == 1)
    }

    /// What an administrator's key was used for: the fingerprint and the customer.
    pub async fn customer_key(
        &mut self,
        admin_id: i64,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<(String, i64)>, StoreError> {
        Ok(one!(
            self,
            (String, i64),
            "SELECT fingerprint, customer_id FROM customer_keys
             WHERE admin_id = $1 AND key_hash = $2 AND expires_at > $3",
            admin_id,
            key.hash(),
            now.0,
        ))
    }
}
