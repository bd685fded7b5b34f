//! Erasing what is known of a person.

use doorstep_accounts::Timestamp;

use crate::{Conn, StoreError, exec};

impl Conn<'_> {
    /// Removes a user's personal data from every table but the audit log, which holds
    /// none. `false`: there is no such user, or no more.
    ///
    /// What stays: the number, for events and the audit log name it, and the canonical
    /// identity. Were that free again, whoever is next to have the name on the
    /// provider's server would be taken for the same person by everybody who still
    /// knows the old account.
    pub async fn erase_user(&mut self, user_id: i64, now: Timestamp) -> Result<bool, StoreError> {
        // Keeps the column unique, and is no address, so nobody can have taken it.
        let nobody = format!("erased:{user_id}");
        let erased = exec!(
            self,
            "UPDATE users SET email = $1, email_key = $1, email_generated = (1 = 1), profile = '{}',
                              labels = '{}', password = NULL, external_id = NULL,
                              confirmed_at = NULL, active = (1 = 0), is_admin = (1 = 0),
                              erased_at = $2, updated_at = $2
             WHERE id = $3 AND erased_at IS NULL",
            nobody,
            now.0,
            user_id,
        );
        if erased == 0 {
            return Ok(false);
        }
        // The person's own spelling is not needed to keep the name taken.
        exec!(
            self,
            "UPDATE identities SET server = server_key, username = username_key WHERE user_id = $1",
            user_id,
        );
        exec!(
            self,
            "DELETE FROM pending_sign_ups WHERE EXISTS
                 (SELECT 1 FROM identities i WHERE i.user_id = $1
                    AND i.provider = pending_sign_ups.provider
                    AND i.server_key = pending_sign_ups.server_key
                    AND i.username_key = pending_sign_ups.username_key)",
            user_id,
        );
        exec!(self, "UPDATE events SET payload = '{}' WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM jobs WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM confirmations WHERE user_id = $1", user_id);
        self.erase_orders(user_id, now).await?;
        exec!(self, "DELETE FROM user_label_index WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM sessions WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM logins WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM customer_users WHERE user_id = $1", user_id);
        exec!(self, "DELETE FROM customer_keys WHERE admin_id = $1", user_id);
        exec!(self, "DELETE FROM admin_idempotency WHERE user_id = $1 OR admin_id = $1", user_id,);
        // Sign-up tokens hold what the form was filled in with.
        exec!(
            self,
            "DELETE FROM tokens WHERE hash IN
                 (SELECT token_hash FROM idempotency WHERE user_id = $1 AND token_hash IS NOT NULL)",
            user_id,
        );
        exec!(self, "DELETE FROM idempotency WHERE user_id = $1", user_id);
        exec!(
            self,
            "DELETE FROM claims WHERE credential_id IN (SELECT id FROM credentials WHERE user_id = $1)",
            user_id,
        );
        exec!(
            self,
            "DELETE FROM tokens WHERE credential_id IN (SELECT id FROM credentials WHERE user_id = $1)",
            user_id,
        );
        exec!(self, "DELETE FROM credentials WHERE user_id = $1", user_id);
        Ok(true)
    }
}
