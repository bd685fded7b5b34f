//! What may be used once and was: client assertions and DPoP proofs.

use doorstep_accounts::Timestamp;

use crate::{Conn, StoreError, exec};

impl Conn<'_> {
    /// Uses something up until `expires_at`. `false`: it was used before. Of many
    /// at once one wins, for the condition stands in the write.
    pub async fn use_once(
        &mut self,
        digest: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "INSERT INTO used_once (digest, expires_at) VALUES ($1, $3)
             ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at
             WHERE used_once.expires_at <= $2",
            digest,
            now.0,
            expires_at.0,
        );
        Ok(written == 1)
    }

    /// Forgets what would be refused for its age since `before`.
    pub async fn sweep_used(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM used_once WHERE expires_at <= $1", before.0))
    }
}
