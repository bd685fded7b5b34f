//! What OAuth clients authenticate with: secrets and public keys.

use doorstep_accounts::{
    ClientSecret, JwkSet, Scopes, SecretHash, Timestamp, client::LIVE_SECRETS,
};

use crate::{
    Conn, LoginAttempt, StoreError, Used, all,
    attempts::{Perhaps, distinct},
    clients::scopes,
    exec,
    many::{Many, all_many},
    pending::of_client,
};

/// What it takes to let a client in: one query, so that a client that exists takes
/// no longer to refuse than one that does not.
#[derive(Debug, Clone)]
pub struct ClientLogin {
    /// The hashes of its valid secrets, of which there are [`LIVE_SECRETS`] at most.
    pub secrets: Vec<SecretHash>,
    /// Its public keys.
    pub keys: JwkSet,
    /// The most that its tokens can hold.
    pub scopes: Scopes,
    /// Whether it is switched on.
    pub active: bool,
    /// Whether registration is switched off for it.
    pub stopped: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    secret: Option<String>,
    jwks: Option<String>,
    scopes: String,
    disabled_at: Option<i64>,
    stopped: bool,
}

impl Row {
    /// All but the secrets, of which each has a row.
    fn read(&self) -> Result<ClientLogin, StoreError> {
        Ok(ClientLogin {
            secrets: Vec::new(),
            keys: keys(self.jwks.as_deref())?,
            scopes: scopes(&self.scopes)?,
            active: self.disabled_at.is_none(),
            stopped: self.stopped,
        })
    }
}

#[derive(sqlx::FromRow)]
struct AttemptRow {
    at: i64,
    first: Option<i64>,
    second: Option<i64>,
    #[sqlx(flatten)]
    client: Perhaps<Row>,
}

impl Conn<'_> {
    /// What it takes to let a client in.
    pub async fn client_login(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<ClientLogin>, StoreError> {
        Ok(self
            .client_logins(&[LoginAttempt::unlimited(Some(id))], now)
            .await?
            .pop()
            .and_then(|(_, login)| login))
    }

    /// What is used of the limits of each attempt, and what it takes to let the client of
    /// that name in; in their order. One way to the database for both.
    pub async fn client_logins(
        &mut self,
        attempts: &[LoginAttempt],
        now: Timestamp,
    ) -> Result<Vec<(Used, Option<ClientLogin>)>, StoreError> {
        static FIND: Many = Many::new(
            concat!(
                "SELECT column1 AS at,
                    (SELECT b.tat FROM buckets b WHERE b.key = column3) AS first,
                    (SELECT b.tat FROM buckets b WHERE b.key = column4) AS second,
                    c.id, s.secret, c.jwks, c.scopes, c.disabled_at,
                    (SELECT 1 FROM registration_stops r
                     WHERE r.subject = '",
                of_client!(),
                "' || c.id) IS NOT NULL AS stopped
             FROM"
            ),
            3,
            "LEFT JOIN clients c ON c.id = column2
             LEFT JOIN client_secrets s
               ON s.client_id = c.id AND (s.expires_at IS NULL OR s.expires_at > @2)
             WHERE column1 < @1 ORDER BY column1, s.created_at DESC",
            2,
        );
        let (different, places) = distinct(attempts);
        let rows = all_many!(self, AttemptRow, FIND, [now.0], different, |attempt| [
            &attempt.name,
            attempt.limits[0].map(|key| key.as_stored()),
            attempt.limits[1].map(|key| key.as_stored()),
        ]);
        let mut answers: Vec<(Used, Option<ClientLogin>)> = Vec::with_capacity(different.len());
        let mut last = None;
        for AttemptRow { at, first, second, client } in rows {
            // A client has a row for each of its secrets, and one without any.
            if last.replace(at) != Some(at) {
                answers.push(([first, second], client.0.as_ref().map(Row::read).transpose()?));
            }
            let login = answers.last_mut().and_then(|(_, login)| login.as_mut());
            if let (Some(login), Some(secret)) = (login, client.0.and_then(|row| row.secret))
                && login.secrets.len() < LIVE_SECRETS
            {
                login.secrets.push(SecretHash::from_stored(secret));
            }
        }
        Ok(places.into_iter().map(|at| answers[at].clone()).collect())
    }

    /// Gives a client a new secret. The one that it replaces is valid until `until`
    /// at the most, those before end now. `false`: there is no such client.
    pub async fn rotate_secret(
        &mut self,
        client_id: &str,
        secret: &SecretHash,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        // Holds the client's row, so that two rotations follow one another.
        if exec!(self, "UPDATE clients SET id = id WHERE id = $1", client_id) == 0 {
            return Ok(false);
        }
        exec!(
            self,
            "UPDATE client_secrets SET expires_at = CASE
                 WHEN created_at = (SELECT MAX(created_at) FROM client_secrets WHERE client_id = $1)
                 THEN $3 ELSE $2 END
             WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
            client_id,
            now.0,
            until.0,
        );
        self.add_secret(client_id, secret, now).await?;
        Ok(true)
    }

    /// Adds a secret.
    pub(crate) async fn add_secret(
        &mut self,
        client_id: &str,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            // Not before the one that it replaces, whatever the clock says.
            "INSERT INTO client_secrets (client_id, secret, created_at)
             SELECT $1, $2, COALESCE(MAX(created_at) + 1, $3)
             FROM (SELECT created_at FROM client_secrets
                   WHERE client_id = $1 AND created_at >= $3) later",
            client_id,
            secret.as_stored(),
            now.0,
        );
        Ok(())
    }

    /// Replaces a client's public keys. `false`: there is no such client.
    pub async fn set_keys(&mut self, client_id: &str, keys: &JwkSet) -> Result<bool, StoreError> {
        let written =
            exec!(self, "UPDATE clients SET jwks = $2 WHERE id = $1", client_id, keys_text(keys),);
        Ok(written == 1)
    }

    /// A client's secrets, the newest first.
    pub(crate) async fn secrets(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<ClientSecret>, StoreError> {
        let rows = all!(
            self,
            (i64, Option<i64>),
            "SELECT created_at, expires_at FROM client_secrets WHERE client_id = $1
             ORDER BY created_at DESC",
            client_id,
        );
        let secret = |(created_at, expires_at): (i64, Option<i64>)| ClientSecret {
            created_at: Timestamp(created_at),
            expires_at: expires_at.map(Timestamp),
        };
        Ok(rows.into_iter().map(secret).collect())
    }

    /// Forgets secrets that expired before `before`.
    pub async fn sweep_secrets(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM client_secrets WHERE expires_at < $1", before.0))
    }
}

/// Reads stored keys.
pub(crate) fn keys(text: Option<&str>) -> Result<JwkSet, StoreError> {
    let keys = text.map_or_else(|| Ok(JwkSet::default()), JwkSet::parse);
    keys.map_err(|_| StoreError::Corrupt { what: "a client's keys" })
}

/// Writes keys for storage.
pub(crate) fn keys_text(keys: &JwkSet) -> Option<String> {
    (!keys.keys().is_empty()).then(|| keys.to_json().to_string())
}
