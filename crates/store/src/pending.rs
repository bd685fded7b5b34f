//! Publishable clients' puzzles, and sign-ups that wait for a yes.

use std::collections::HashSet;

use doorstep_accounts::idempotency::Fingerprint;
use doorstep_accounts::{Decision, IdempotencyKey, Identity, PendingSignUp, Timestamp};

use crate::{
    Conn, StoreError, all, document, exec,
    many::{Many, all_many},
    object, one,
};

/// A pending sign-up to add.
#[derive(Debug)]
pub struct NewPending<'a> {
    /// The sign-up.
    pub sign_up: &'a PendingSignUp,
    /// The page's key.
    pub key: &'a IdempotencyKey,
    /// Of which request.
    pub fingerprint: &'a Fingerprint,
}

/// Which pending sign-ups somebody sees.
#[derive(Debug, Clone, Copy)]
pub struct PendingQuery<'a> {
    /// Those that this client may decide; `None` for all.
    pub client_id: Option<&'a str>,
    /// Those in this state: `pending` or a decision's name.
    pub status: &'a str,
    /// Those after this id.
    pub after: &'a str,
    /// At most so many.
    pub limit: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    client_id: String,
    provider: String,
    server_key: String,
    username_key: String,
    server: String,
    username: String,
    answers: String,
    labels: String,
    created_at: i64,
    expires_at: i64,
    decision: Option<String>,
}

/// What a client is called where registration is switched off for it.
macro_rules! of_client {
    () => {
        "client:"
    };
}

pub(crate) use of_client;

/// What a client is called where registration is switched off for it.
pub fn stop_of_client(id: &str) -> String {
    [of_client!(), id].concat()
}

impl Conn<'_> {
    /// Remembers that a puzzle's solution was taken. `false`: it was taken before.
    pub async fn spend_puzzle(
        &mut self,
        challenge: &str,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let added = exec!(
            self,
            "INSERT INTO spent_puzzles (challenge, expires_at) VALUES ($1, $2)
             ON CONFLICT (challenge) DO NOTHING",
            challenge,
            expires_at.0,
        );
        Ok(added == 1)
    }

    /// The one server of a publishable client that is switched on.
    pub async fn publishable_server(
        &mut self,
        client_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT p.server_key FROM publishable_clients p JOIN clients c ON c.id = p.client_id
             WHERE p.client_id = $1 AND c.disabled_at IS NULL",
            client_id,
        );
        Ok(row.map(|(server,)| server))
    }

    /// Makes a client publishable.
    pub async fn make_publishable(
        &mut self,
        client_id: &str,
        server_key: &str,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO publishable_clients (client_id, server_key) VALUES ($1, $2)",
            client_id,
            server_key,
        );
        Ok(())
    }

    /// Lets one transaction at a time add pending sign-ups of a client, so that
    /// counting them before one is added is exact.
    pub async fn lock_pending(&mut self, client_id: &str) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE publishable_clients SET server_key = server_key WHERE client_id = $1",
            client_id,
        );
        Ok(())
    }

    /// Adds a pending sign-up, unless `most` of its client wait. `false`: they do.
    /// What has expired does not wait, and gives its key back.
    pub async fn add_pending(
        &mut self,
        new: &NewPending<'_>,
        most: i64,
    ) -> Result<bool, StoreError> {
        let NewPending { sign_up, key, fingerprint } = new;
        let identity = &sign_up.identity;
        exec!(
            self,
            "DELETE FROM pending_sign_ups WHERE client_id = $1 AND expires_at <= $2",
            &sign_up.client_id,
            sign_up.created_at.0,
        );
        let added = exec!(
            self,
            "INSERT INTO pending_sign_ups (id, client_id, provider, server_key, username_key, server,
                                           username, answers, labels, key_hash, fingerprint,
                                           created_at, expires_at)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
             WHERE (SELECT COUNT(*) FROM pending_sign_ups
                    WHERE client_id = $14 AND decision IS NULL) < $15",
            &sign_up.id,
            &sign_up.client_id,
            &identity.provider,
            &identity.server_key,
            &identity.username_key,
            &identity.server,
            &identity.username,
            document(&sign_up.answers),
            document(&sign_up.labels),
            key.hash(),
            fingerprint.as_stored(),
            sign_up.created_at.0,
            sign_up.expires_at.0,
            &sign_up.client_id,
            most,
        );
        Ok(added == 1)
    }

    /// The pending sign-up that a key was used for, with the request's fingerprint
    /// as stored.
    pub async fn pending_of_key(
        &mut self,
        client_id: &str,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<(String, PendingSignUp)>, StoreError> {
        let row = one!(
            self,
            (String, String),
            "SELECT id, fingerprint FROM pending_sign_ups
             WHERE client_id = $1 AND key_hash = $2 AND expires_at > $3",
            client_id,
            key.hash(),
            now.0,
        );
        let Some((id, fingerprint)) = row else { return Ok(None) };
        Ok(self.pending(&id, now).await?.map(|sign_up| (fingerprint, sign_up)))
    }

    /// A pending sign-up, decided or not, until it is forgotten.
    pub async fn pending(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<PendingSignUp>, StoreError> {
        let row = one!(
            self,
            Row,
            "SELECT id, client_id, provider, server_key, username_key, server, username, answers,
                    labels, created_at, expires_at, decision
             FROM pending_sign_ups WHERE id = $1 AND expires_at > $2",
            id,
            now.0,
        );
        row.map(sign_up).transpose()
    }

    /// Pending sign-ups, oldest first. A client sees those of the servers that are
    /// assigned to it and no others: they are personal data.
    pub async fn list_pending(
        &mut self,
        query: PendingQuery<'_>,
        now: Timestamp,
    ) -> Result<Vec<PendingSignUp>, StoreError> {
        let rows = all!(
            self,
            Row,
            "SELECT p.id, p.client_id, p.provider, p.server_key, p.username_key, p.server,
                    p.username, p.answers, p.labels, p.created_at, p.expires_at, p.decision
             FROM pending_sign_ups p
             WHERE p.expires_at > $1 AND COALESCE(p.decision, 'pending') = $2 AND p.id > $3
               AND ($4 IS NULL
                 OR EXISTS (SELECT 1 FROM client_servers s
                            WHERE s.server_key = p.server_key AND s.client_id = $5))
             ORDER BY p.id LIMIT $6",
            now.0,
            query.status,
            query.after,
            query.client_id,
            query.client_id,
            query.limit,
        );
        rows.into_iter().map(sign_up).collect()
    }

    /// Decides a pending sign-up, and forgets what it said. `false`: it was decided
    /// before, or is gone. The conditions stand in the write itself, so of many at
    /// once one wins.
    pub async fn decide_pending(
        &mut self,
        id: &str,
        decision: Decision,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let decided = exec!(
            self,
            "UPDATE pending_sign_ups SET decision = $1, decided_at = $2, answers = '{}', labels = '{}'
             WHERE id = $3 AND decision IS NULL AND expires_at > $4",
            decision.name(),
            now.0,
            id,
            now.0,
        );
        Ok(decided == 1)
    }

    /// Forgets pending sign-ups that have expired, and puzzles that expired before `used`.
    pub async fn sweep_pending(
        &mut self,
        now: Timestamp,
        used: Timestamp,
    ) -> Result<u64, StoreError> {
        exec!(self, "DELETE FROM spent_puzzles WHERE expires_at <= $1", used.0);
        Ok(exec!(self, "DELETE FROM pending_sign_ups WHERE expires_at <= $1", now.0))
    }

    /// Switches registration off for a subject: `client:<id>` or `server:<name>`.
    pub async fn stop_registration(
        &mut self,
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO registration_stops (subject, stopped_at) VALUES ($1, $2)
             ON CONFLICT (subject) DO NOTHING",
            subject,
            now.0,
        );
        Ok(())
    }

    /// Switches it on again. `false`: it was on.
    pub async fn allow_registration(&mut self, subject: &str) -> Result<bool, StoreError> {
        Ok(exec!(self, "DELETE FROM registration_stops WHERE subject = $1", subject) == 1)
    }

    /// Whether registration is switched off for either subject.
    pub async fn registration_is_stopped(
        &mut self,
        client: &str,
        server: &str,
    ) -> Result<bool, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT subject FROM registration_stops WHERE subject = $1 OR subject = $2 LIMIT 1",
            client,
            server,
        );
        Ok(row.is_some())
    }

    /// For which of these subjects registration is switched off.
    pub async fn stopped(
        &mut self,
        mut subjects: Vec<&str>,
    ) -> Result<HashSet<String>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT s.subject FROM registration_stops s WHERE s.subject IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        subjects.sort_unstable();
        subjects.dedup();
        let rows = all_many!(self, (String,), FIND, [], subjects, |subject| [*subject]);
        Ok(rows.into_iter().map(|(subject,)| subject).collect())
    }
}

fn sign_up(row: Row) -> Result<PendingSignUp, StoreError> {
    Ok(PendingSignUp {
        identity: Identity {
            provider: row.provider,
            server: row.server,
            server_key: row.server_key,
            username: row.username,
            username_key: row.username_key,
        },
        answers: object(&row.answers, "a pending sign-up's answers")?,
        labels: object(&row.labels, "a pending sign-up's labels")?,
        decision: row
            .decision
            .map(|name| {
                Decision::parse(&name)
                    .ok_or(StoreError::Corrupt { what: "a pending sign-up's decision" })
            })
            .transpose()?,
        id: row.id,
        client_id: row.client_id,
        created_at: Timestamp(row.created_at),
        expires_at: Timestamp(row.expires_at),
    })
}
