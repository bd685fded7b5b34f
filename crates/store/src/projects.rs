//! Projects, and what orders reserve: host names and the keys of their requests.

use doorstep_accounts::{SecretHash, Timestamp, order::Order};

use crate::{Conn, StoreError, exec, one};

/// A request that makes an order.
#[derive(Debug)]
pub struct NewOrderKey<'a> {
    /// Who sends it.
    pub user_id: i64,
    /// What tells it from others.
    pub key_hash: &'a str,
    /// What it says, keyed.
    pub fingerprint: &'a SecretHash,
    /// The order that it makes.
    pub order_id: &'a str,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
}

impl Conn<'_> {
    /// A number for a project.
    pub async fn next_project_id(&mut self) -> Result<i64, StoreError> {
        let row = one!(
            self,
            (i64,),
            "UPDATE counters SET value = value + 1 WHERE name = 'projects' RETURNING value",
        );
        row.map(|(id,)| id).ok_or(StoreError::Corrupt { what: "the counter of projects" })
    }

    /// Adds the project of an order.
    pub async fn add_project(
        &mut self,
        id: i64,
        order: &Order,
        link: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO projects (id, user_id, order_id, name, location_id, link, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id,
            order.user_id,
            &order.id,
            &order.project_name,
            order.location.0,
            link,
            now.0,
        );
        Ok(())
    }

    /// Takes a host name for an order. `false`: it leads to another one.
    pub async fn take_domain(&mut self, domain: &str, order_id: &str) -> Result<bool, StoreError> {
        let added = exec!(
            self,
            "INSERT INTO order_domains (domain, order_id) VALUES ($1, $2)
             ON CONFLICT (domain) DO NOTHING",
            domain,
            order_id,
        );
        Ok(added == 1)
    }

    /// Gives an order's host names back.
    pub async fn release_domains(&mut self, order_id: &str) -> Result<(), StoreError> {
        exec!(self, "DELETE FROM order_domains WHERE order_id = $1", order_id);
        Ok(())
    }

    /// Takes a key. `false`: it was used before, and is remembered. On PostgreSQL this
    /// waits for a transaction that is just using it.
    pub async fn take_order_key(
        &mut self,
        new: &NewOrderKey<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let taken = exec!(
            self,
            "INSERT INTO order_keys (user_id, key_hash, fingerprint, order_id, expires_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (user_id, key_hash) DO UPDATE
                 SET fingerprint = $3, order_id = $4, expires_at = $5
                 WHERE order_keys.expires_at <= $6",
            new.user_id,
            new.key_hash,
            new.fingerprint.as_stored(),
            new.order_id,
            new.expires_at.0,
            now.0,
        );
        Ok(taken == 1)
    }

    /// What a key was used for: the fingerprint and the order.
    pub async fn order_key(
        &mut self,
        user_id: i64,
        key_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(SecretHash, String)>, StoreError> {
        let row = one!(
            self,
            (String, String),
            "SELECT fingerprint, order_id FROM order_keys
             WHERE user_id = $1 AND key_hash = $2 AND expires_at > $3",
            user_id,
            key_hash,
            now.0,
        );
        Ok(row.map(|(fingerprint, order)| (SecretHash::from_stored(fingerprint), order)))
    }

    /// Forgets a key.
    pub async fn forget_order_key(
        &mut self,
        user_id: i64,
        key_hash: &str,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "DELETE FROM order_keys WHERE user_id = $1 AND key_hash = $2",
            user_id,
            key_hash,
        );
        Ok(())
    }

    /// Forgets old keys.
    pub async fn sweep_order_keys(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM order_keys WHERE expires_at <= $1", now.0))
    }

    /// Empties a user's orders of what is personal, and ends those that go on.
    pub(crate) async fn erase_orders(
        &mut self,
        user_id: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE orders SET state = 'cancelled', revision = revision + 1, updated_at = $1
             WHERE user_id = $2 AND state IN ('open', 'pending', 'processing')",
            now.0,
            user_id,
        );
        exec!(
            self,
            "UPDATE orders SET project_name = '', document = '{}', sealed = NULL, failure = NULL
             WHERE user_id = $1",
            user_id,
        );
        exec!(self, "UPDATE projects SET name = '', link = NULL WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM order_keys WHERE user_id = $1", user_id);
        for owned in [
            "DELETE FROM order_domains WHERE order_id IN (SELECT id FROM orders WHERE user_id = $1)",
            "DELETE FROM order_changes WHERE order_id IN (SELECT id FROM orders WHERE user_id = $1)",
        ] {
            exec!(self, owned, user_id);
        }
        Ok(())
    }
}
