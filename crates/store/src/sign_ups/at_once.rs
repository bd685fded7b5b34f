//! Sign-ups that share a transaction, written by one statement. PostgreSQL alone can do
//! that: most of what a table's part of the work costs there is a statement of its own.

use std::sync::OnceLock;

use doorstep_accounts::{Timestamp, TokenHash, user::email_key};

use super::{SignUp, Written};
use crate::{
    Conn, NewClaim, NewReplay, StoreError, claims::TRIES, connect::Link, document, tokens::usable,
};

/// What comes as arrays, in the order in which it is bound.
const COLUMNS: [&str; 35] = [
    "user_id",
    "client_id",
    "created_at",
    // Who it is.
    "provider",
    "server_key",
    "username_key",
    "server",
    "username",
    // The user.
    "email",
    "email_key",
    "email_generated",
    "profile",
    "labels",
    "active",
    "is_admin",
    // What is written in place of an address that is taken; null if none can be.
    "other_email",
    "other_email_key",
    "other_payload",
    // The credential.
    "credential_id",
    "credential_number",
    "credential_name",
    "credential_username",
    "credential_secret",
    "credential_expires_at",
    // The code that stands for its password, or null.
    "code_hash",
    "code_challenge",
    "code_expires_at",
    // The caller's key, or null.
    "key_hash",
    "key_fingerprint",
    "key_sealed",
    "key_sealed_until",
    "key_expires_at",
    // The sign-up token, or null.
    "token_hash",
    // The event.
    "event_id",
    "payload",
];

/// `going` are those in whose way nothing stands. All look for what could stand there by
/// a look-up of their own, which cannot become a join that reads a table. Then comes what
/// must be taken, in the order in which one by one does it; if somebody came in between,
/// nothing hangs on it, and the transaction is given up. Of sign-ups without a token of
/// their own nothing about tokens is asked: a part costs something even if it does nothing.
fn text(with_tokens: bool) -> &'static str {
    static WITH: OnceLock<String> = OnceLock::new();
    static WITHOUT: OnceLock<String> = OnceLock::new();
    let text = if with_tokens { &WITH } else { &WITHOUT };
    text.get_or_init(|| {
        let arrays: Vec<_> = (1..=COLUMNS.len()).map(|at| format!("${at}")).collect();
        let (arrays, columns) = (arrays.join(", "), COLUMNS.join(", "));
        let now = format!("${}", COLUMNS.len() + 1);
        let usable = usable!().replace("@2", &now);
        let tokens = |text: String| if with_tokens { text } else { String::new() };
        let has_token = tokens(format!(
            "AND (token_hash IS NULL OR (SELECT 1 FROM tokens t
                                         WHERE t.hash = came.token_hash AND {usable} LIMIT 1) IS NOT NULL)"
        ));
        let used = tokens(format!(
            "used AS (
    UPDATE tokens t SET uses_left = t.uses_left - 1 FROM going
    WHERE going.token_hash IS NOT NULL AND t.hash = going.token_hash AND {usable}
    RETURNING 1
),"
        ));
        let promised = tokens(format!(
            "promised AS (
    INSERT INTO claims (code_hash, client_id, credential_id, challenge, tries_left, expires_at)
    SELECT code_hash, client_id, credential_id, code_challenge, {TRIES}, code_expires_at
    FROM going WHERE code_hash IS NOT NULL AND (SELECT whole FROM begun)
),"
        ));
        let count_used = if with_tokens { "(SELECT COUNT(*) FROM used)" } else { "0::BIGINT" };
        format!(
            "WITH came AS (
    SELECT * FROM unnest({arrays}) AS v({columns})
), going AS (
    SELECT came.*, other_email IS NOT NULL AND
        (SELECT 1 FROM users u WHERE u.email_key = came.email_key LIMIT 1) IS NOT NULL AS taken
    FROM came
    WHERE (SELECT 1 FROM idempotency i
           WHERE i.client_id = came.client_id AND i.key_hash = came.key_hash LIMIT 1) IS NULL
      AND (SELECT 1 FROM identities i
           WHERE i.provider = came.provider AND i.server_key = came.server_key
             AND i.username_key = came.username_key LIMIT 1) IS NULL
      {has_token}
), {used} named AS (
    INSERT INTO identities (provider, server_key, username_key, server, username, user_id)
    SELECT provider, server_key, username_key, server, username, user_id FROM going
    ON CONFLICT (provider, server_key, username_key) DO NOTHING RETURNING 1
), added AS (
    INSERT INTO users (id, email, email_key, email_generated, profile, labels, active, is_admin,
                       client_id, created_at, updated_at)
    SELECT user_id, CASE WHEN taken THEN other_email ELSE email END,
           CASE WHEN taken THEN other_email_key ELSE email_key END, taken OR email_generated,
           profile, labels, active, is_admin, client_id, created_at, created_at
    FROM going
    ON CONFLICT (email_key) DO NOTHING RETURNING 1
), begun AS (
    SELECT used, named, added, added = (SELECT COUNT(*) FROM going) AS whole
    FROM (SELECT {count_used} AS used, (SELECT COUNT(*) FROM named) AS named,
                 (SELECT COUNT(*) FROM added) AS added) AS counts
), opened AS (
    INSERT INTO credentials (id, user_id, number, name, username, secret, created_at, expires_at)
    SELECT credential_id, user_id, credential_number, credential_name, credential_username,
           credential_secret, created_at, credential_expires_at
    FROM going WHERE (SELECT whole FROM begun)
), {promised} kept AS (
    INSERT INTO idempotency (client_id, key_hash, fingerprint, user_id, credential_id, sealed,
                             sealed_until, expires_at, token_hash)
    SELECT client_id, key_hash, key_fingerprint, user_id, credential_id, key_sealed,
           key_sealed_until, key_expires_at, token_hash
    FROM going WHERE key_hash IS NOT NULL AND (SELECT whole FROM begun)
    ON CONFLICT (client_id, key_hash) DO NOTHING RETURNING 1
), told AS (
    INSERT INTO events (id, kind, user_id, payload, created_at)
    SELECT event_id, 'user.created', user_id, CASE WHEN taken THEN other_payload ELSE payload END,
           created_at
    FROM going WHERE (SELECT whole FROM begun)
)
SELECT (SELECT used FROM begun) = COUNT(token_hash) AND (SELECT named FROM begun) = COUNT(*)
           AND (SELECT whole FROM begun)
           AND (SELECT COUNT(*) FROM kept) = COUNT(key_hash),
       array_agg(user_id), array_agg(user_id) FILTER (WHERE taken),
       EXISTS (SELECT 1 FROM webhook_topics)
FROM going"
        )
    })
}

/// Whether nobody came in between, the users, those of them whose address was taken, and
/// whether anybody wants to be told.
type Outcome = (bool, Option<Vec<i64>>, Option<Vec<i64>>, bool);

impl Conn<'_> {
    /// [`Self::add_sign_ups`] by one statement, where the database can. `None`: somebody
    /// came in between, and the transaction must be given up.
    ///
    /// The sign-ups have nothing unique in common, not even their address, and are in the
    /// order of their names.
    pub(super) async fn add_at_once(
        &mut self,
        all: &[&SignUp],
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let Link::Postgres(connection) = &mut self.link else { return Ok(None) };
        let claims: Vec<_> = all.iter().map(|one| one.new_claim()).collect();
        let claim = |of: fn(&NewClaim<'_>) -> String| {
            claims.iter().map(|claim| claim.as_ref().map(of)).collect::<Vec<_>>()
        };
        let code_ends: Vec<_> =
            claims.iter().map(|claim| claim.as_ref().map(|claim| claim.expires_at.0)).collect();
        let keys: Vec<_> = all.iter().map(|one| one.new_replay()).collect();
        let key = |of: fn(&NewReplay<'_>) -> i64| {
            keys.iter().map(|key| key.as_ref().map(of)).collect::<Vec<_>>()
        };
        let key_hashes: Vec<_> =
            keys.iter().map(|key| key.as_ref().map(|key| key.key.hash())).collect();
        let fingerprints: Vec<_> =
            keys.iter().map(|key| key.as_ref().map(|key| key.fingerprint.as_stored())).collect();
        let sealed: Vec<_> = keys.iter().map(|key| key.as_ref().map(|key| key.sealed)).collect();
        let others: Vec<_> = all.iter().map(|one| one.fallback.as_ref()).collect();
        let other_emails: Vec<_> =
            others.iter().map(|it| it.map(|it| it.user.email.as_str())).collect();
        let other_keys: Vec<_> =
            others.iter().map(|it| it.map(|it| email_key(&it.user.email))).collect();
        let other_payloads: Vec<_> =
            others.iter().map(|it| it.map(|it| it.payload.as_str())).collect();
        let query = sqlx::query_as::<_, Outcome>(text(all.iter().any(|one| one.token.is_some())))
            .bind(each(all, |one| one.user.id))
            .bind(each(all, |one| one.client_id.as_str()))
            .bind(each(all, |one| one.user.created_at.0))
            .bind(each(all, |one| one.identity.provider.as_str()))
            .bind(each(all, |one| one.identity.server_key.as_str()))
            .bind(each(all, |one| one.identity.username_key.as_str()))
            .bind(each(all, |one| one.identity.server.as_str()))
            .bind(each(all, |one| one.identity.username.as_str()))
            .bind(each(all, |one| one.user.email.as_str()))
            .bind(each(all, |one| email_key(&one.user.email)))
            .bind(each(all, |one| one.user.email_generated))
            .bind(each(all, |one| document(&one.user.profile)))
            .bind(each(all, |one| document(&one.user.labels)))
            .bind(each(all, |one| one.user.active))
            .bind(each(all, |one| one.user.is_admin))
            .bind(other_emails)
            .bind(other_keys)
            .bind(other_payloads)
            .bind(each(all, |one| one.credential.id.as_str()))
            .bind(each(all, |one| one.credential.number))
            .bind(each(all, |one| one.credential.name.as_str()))
            .bind(each(all, |one| one.credential.username.as_str()))
            .bind(each(all, |one| one.credential.secret.as_stored()))
            .bind(each(all, |one| one.credential.expires_at.map(|at| at.0)))
            .bind(claim(|claim| claim.code.as_stored().to_owned()))
            .bind(claim(|claim| claim.challenge.as_str().to_owned()))
            .bind(code_ends)
            .bind(key_hashes)
            .bind(fingerprints)
            .bind(sealed)
            .bind(key(|key| key.sealed_until.0))
            .bind(key(|key| key.expires_at.0))
            .bind(each(all, |one| one.token.as_ref().map(TokenHash::as_stored)))
            .bind(each(all, |one| one.event.as_str()))
            .bind(each(all, |one| one.payload.as_str()))
            .bind(now.0);
        let (whole, ids, taken, wanted) = query.fetch_one(&mut **connection).await?;
        if !whole {
            return Ok(None);
        }
        let written = Written {
            ids: ids.into_iter().flatten().collect(),
            fallen_back: taken.into_iter().flatten().collect(),
        };
        let going = all.iter().filter(|one| written.ids.contains(&one.user.id));
        if wanted {
            for one in going.clone() {
                let SignUp { event, user, .. } = one;
                self.add_deliveries(event, "user.created", user.id, user.created_at).await?;
            }
        }
        let entries = self.entries.as_mut().ok_or(StoreError::AuditClosed)?;
        entries.extend(going.map(|one| one.audit.clone()));
        Ok(Some(written))
    }
}

fn each<'a, T>(all: &[&'a SignUp], of: impl Fn(&'a SignUp) -> T) -> Vec<T> {
    all.iter().map(|one| of(one)).collect()
}
