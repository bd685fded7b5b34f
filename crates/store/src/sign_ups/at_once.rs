//! Sign-ups that are a transaction of one message: a script for SQLite, and one statement for
//! PostgreSQL. It asks nothing: what stands in the way was looked up before, and whatever came
//! in between is an error of the whole.

use std::{collections::HashSet, sync::OnceLock};

use doorstep_accounts::{
    Timestamp, TokenHash,
    limits::{LimitKey, Rate},
    user::email_key,
};
use sqlx::{AssertSqlSafe, PgConnection};

use super::SignUp;
use crate::{
    Conn, NewClaim, NewReplay, NewUser, StoreError,
    at_once::{
        AtOnce, LentAtOnce, OR_NOTHING, Taken, charged, taken_by_script, taken_by_statement,
    },
    audit::{self, Links, Turn, bind_links},
    buckets::{Asked, micros},
    claims::TRIES,
    document,
    many::{Many, Script, arrays, values},
    tokens::usable,
};

/// What comes as arrays, in the order in which it is bound.
const COLUMNS: [&str; 32] = [
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

/// How those are named who may be told of a sign-up.
const TOPICS: [&str; 2] = ["user.*", CREATED];
const CREATED: &str = "user.created";

/// Values that are not of each sign-up, in their order after the columns: the time, in
/// milliseconds and in microseconds, what is asked of limits, and what the audit log needs.
const NOW: usize = COLUMNS.len() + 1;
const MICROS: usize = NOW + 1;
const ASKED: usize = MICROS + 1;
const LINKS: usize = ASKED + 3;

/// Of sign-ups without a token of their own nothing about tokens is written: a part costs
/// something even if it does nothing.
///
/// First comes what must be taken, in the order in which one by one does it, tables and what
/// is unique in them, so that two of these do not wait for each other; and last what
/// stays locked until the end and others wait for: `whole` asks for them in that order.
fn text(with_tokens: bool) -> &'static str {
    static WITH: OnceLock<String> = OnceLock::new();
    static WITHOUT: OnceLock<String> = OnceLock::new();
    let text = if with_tokens { &WITH } else { &WITHOUT };
    text.get_or_init(|| {
        let arrays: Vec<_> = (1..=COLUMNS.len()).map(|at| format!("${at}")).collect();
        let (arrays, columns) = (arrays.join(", "), COLUMNS.join(", "));
        let usable = usable!().replace("@2", &format!("${NOW}"));
        let tokens = |text: String| if with_tokens { text } else { String::new() };
        let used = tokens(format!(
            "used AS (
    UPDATE tokens t SET uses_left = t.uses_left - 1 FROM came
    WHERE came.token_hash IS NOT NULL AND t.hash = came.token_hash AND {usable}
    RETURNING 1
),"
        ));
        let promised = tokens(format!(
            "promised AS (
    INSERT INTO claims (code_hash, client_id, credential_id, challenge, tries_left, expires_at)
    SELECT code_hash, client_id, credential_id, code_challenge, {TRIES}, code_expires_at
    FROM came WHERE code_hash IS NOT NULL
),"
        ));
        let were_used = tokens(
            "(SELECT COUNT(*) FROM used) = (SELECT COUNT(token_hash) FROM came) AND".to_owned(),
        );
        let [family, kind] = TOPICS;
        let [asked, after, most] = [ASKED, ASKED + 1, ASKED + 2];
        format!(
            "WITH came AS (
    SELECT * FROM unnest({arrays}) AS v({columns})
), asked AS (
    SELECT * FROM unnest(${asked}, ${after}, ${most}) AS a(key, after, most)
), {used} named AS (
    INSERT INTO identities (provider, server_key, username_key, server, username, user_id)
    SELECT provider, server_key, username_key, server, username, user_id FROM came
    RETURNING 1
), added AS (
    INSERT INTO users (id, email, email_key, email_generated, profile, labels, active, is_admin,
                       client_id, created_at, updated_at)
    SELECT user_id, email, email_key, email_generated, profile, labels, active, is_admin,
           client_id, created_at, created_at
    FROM came ORDER BY email_key RETURNING 1
), opened AS (
    INSERT INTO credentials (id, user_id, number, name, username, secret, created_at, expires_at)
    SELECT credential_id, user_id, credential_number, credential_name, credential_username,
           credential_secret, created_at, credential_expires_at
    FROM came RETURNING 1
), {promised} kept AS (
    INSERT INTO idempotency (client_id, key_hash, fingerprint, user_id, credential_id, sealed,
                             sealed_until, expires_at, token_hash)
    SELECT client_id, key_hash, key_fingerprint, user_id, credential_id, key_sealed,
           key_sealed_until, key_expires_at, token_hash
    FROM came WHERE key_hash IS NOT NULL ORDER BY client_id, key_hash RETURNING 1
), told AS (
    INSERT INTO events (id, kind, user_id, payload, created_at)
    SELECT event_id, '{CREATED}', user_id, payload, created_at FROM came RETURNING 1
), delivered AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id, user_id, position, due_at, attempts)
    SELECT came.event_id, e.id, came.user_id, 1, came.created_at, 0
    FROM webhook_endpoints e, came
    WHERE e.disabled_at IS NULL
      AND EXISTS (SELECT 1 FROM webhook_topics t
                  WHERE t.endpoint_id = e.id AND t.topic IN ('*', '{family}', '{kind}'))
    RETURNING 1
), {}, {}
SELECT {OR_NOTHING}, (SELECT COUNT(*) FROM delivered)
FROM (SELECT {were_used}
             (SELECT COUNT(*) FROM named) + (SELECT COUNT(*) FROM added)
             + (SELECT COUNT(*) FROM opened) + (SELECT COUNT(*) FROM told)
             = 4 * (SELECT COUNT(*) FROM came)
         AND (SELECT COUNT(*) FROM kept) = (SELECT COUNT(key_hash) FROM came)
         AND (SELECT COUNT(*) FROM delivered) >= 0
         AND (SELECT COUNT(*) FROM charged) = (SELECT COUNT(*) FROM asked)
         AND (SELECT COUNT(*) FROM moved) = 1
         AND (SELECT COUNT(*) FROM chained) = (SELECT COUNT(*) FROM came) AS whole) AS w",
            charged(&format!("${MICROS}")),
            audit::parts(LINKS),
        )
    })
}

impl AtOnce {
    /// Writes sign-ups in whose way nothing stands, as far as [`Conn::ways`] knows, and counts
    /// them against limits; gives what is left of these. `fallen_back` are those whose address
    /// is taken. `None`: something stands in the way of one of them. Then nothing is written.
    pub async fn add_sign_ups(
        self,
        all: &[&SignUp],
        fallen_back: &HashSet<i64>,
        charges: &[(LimitKey, Rate, i64)],
        now: Timestamp,
    ) -> Result<Option<Taken>, StoreError> {
        let mut all = all.to_vec();
        // Two transactions with the same ones then do not wait for each other.
        all.sort_by(|a, b| a.identity_key().cmp(&b.identity_key()));
        let entries: Vec<_> = all.iter().map(|one| one.audit.clone()).collect();
        let asked = Asked::of(charges, now);
        // A lane that is new to this process is learnt the long way.
        let known = || Turn::known(&self.store.ledger, &entries);
        let Some((turn, links)) = (asked.len() == charges.len()).then(known).flatten() else {
            self.done();
            return Ok(None);
        };
        let Self { store, lent } = self;
        let written = match lent {
            LentAtOnce::Sqlite(mut lent) => {
                let mut audited = Vec::new();
                let mut conn = Conn::putting_off(&mut lent, all.len(), &mut audited);
                conn.add_whole(&all, fallen_back, now).await?;
                let Some(mut script) = conn.put_off.take() else { return Ok(None) };
                let delivered = deliver_all(&mut script, &all)?;
                Asked::add_to(&asked, &mut script, now)?;
                links.add_to(&mut script)?;
                store.committed(lent.run(script).await, |ran| {
                    let told = ran.written.get(delivered).is_some_and(|count| *count > 0);
                    Ok((told, taken_by_script(&asked, ran)?))
                })?
            }
            LentAtOnce::Postgres(mut lent) => {
                let outcome = write(&mut lent, &all, fallen_back, &asked, &links, now).await;
                if outcome.is_ok() {
                    lent.give_back();
                }
                store.committed(outcome, |(whole, keys, arrivals, told)| {
                    Ok((told > 0, taken_by_statement(&asked, (whole, keys, arrivals))))
                })?
            }
        };
        let Some((told, taken)) = written else {
            turn.stand(links);
            return Ok(None);
        };
        turn.settle();
        if told {
            store.deliveries_added.send_modify(|commits| *commits += 1);
        }
        Ok(Some(taken))
    }
}

impl Conn<'_> {
    /// All that is written of them but what is told to others.
    async fn add_whole(
        &mut self,
        all: &[&SignUp],
        fallen_back: &HashSet<i64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tokens: Vec<_> = all.iter().filter_map(|one| one.token.as_ref()).collect();
        self.use_all_tokens(&tokens, now).await?;
        let identities: Vec<_> = all.iter().map(|one| (&one.identity, one.user.id)).collect();
        self.take_identities(&identities).await?;
        let users: Vec<_> = all.iter().map(|one| one.new_user(fallen_back)).collect();
        self.add_users(&users).await?;
        self.add_what_hangs_on_users(all).await?;
        let events: Vec<_> = all.iter().map(|one| one.new_event(fallen_back)).collect();
        self.keep_events(&events).await
    }
}

/// Has those told who want to know of new users, each of whom has no event before. Gives the
/// statement's place.
fn deliver_all(script: &mut Script, all: &[&SignUp]) -> Result<usize, sqlx::Error> {
    static DELIVER: Many = Many::new(
        "INSERT INTO webhook_deliveries (event_id, endpoint_id, user_id, position, due_at, attempts)
         SELECT column2, e.id, column3, 1, column4, 0 FROM webhook_endpoints e,",
        5,
        "WHERE column1 < @1 AND e.disabled_at IS NULL
           AND EXISTS (SELECT 1 FROM webhook_topics t
                       WHERE t.endpoint_id = e.id AND t.topic IN ('*', column5, column6))",
        1,
    );
    let wide = script.wide;
    let text = values!(
        &mut script.values,
        wide,
        DELIVER,
        [],
        all,
        one,
        [&one.event, one.user.id, one.user.created_at.0, TOPICS[0], TOPICS[1]]
    );
    Ok(script.add_free(text))
}

async fn write(
    connection: &mut PgConnection,
    all: &[&SignUp],
    fallen_back: &HashSet<i64>,
    asked: &[Asked],
    links: &Links,
    now: Timestamp,
) -> Result<(i32, Option<Vec<String>>, Option<Vec<i64>>, i64), sqlx::Error> {
    let users: Vec<_> = all.iter().map(|one| one.new_user(fallen_back)).collect();
    let user = |of: fn(&NewUser<'_>) -> String| users.iter().map(of).collect::<Vec<_>>();
    let events: Vec<_> = all.iter().map(|one| one.new_event(fallen_back)).collect();
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
    let text = text(all.iter().any(|one| one.token.is_some()));
    let query = sqlx::query_as(AssertSqlSafe(text))
        .bind(each(all, |one| one.user.id))
        .bind(each(all, |one| one.client_id.as_str()))
        .bind(each(all, |one| one.user.created_at.0))
        .bind(each(all, |one| one.identity.provider.as_str()))
        .bind(each(all, |one| one.identity.server_key.as_str()))
        .bind(each(all, |one| one.identity.username_key.as_str()))
        .bind(each(all, |one| one.identity.server.as_str()))
        .bind(each(all, |one| one.identity.username.as_str()))
        .bind(user(|new| new.user.email.clone()))
        .bind(user(|new| email_key(&new.user.email)))
        .bind(users.iter().map(|new| new.user.email_generated).collect::<Vec<_>>())
        .bind(user(|new| document(&new.user.profile)))
        .bind(user(|new| document(&new.user.labels)))
        .bind(each(all, |one| one.user.active))
        .bind(each(all, |one| one.user.is_admin))
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
        .bind(events.iter().map(|new| &*new.payload).collect::<Vec<_>>())
        .bind(now.0)
        .bind(micros(now));
    let query = arrays!(query, asked, one, (), [&one.stored, one.after, one.most]);
    let query = bind_links!(query, links);
    query.fetch_one(connection).await
}

fn each<'a, T>(all: &[&'a SignUp], of: impl Fn(&'a SignUp) -> T) -> Vec<T> {
    all.iter().map(|one| of(one)).collect()
}

#[cfg(test)]
mod tests {
    use doorstep_accounts::event;

    use super::*;

    #[test]
    fn topics_are_those_of_the_event() {
        assert_eq!(TOPICS[0], event::family(CREATED));
        assert!(event::is_kind(CREATED));
    }
}
