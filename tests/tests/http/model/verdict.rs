//! What must hold at the end, whatever happened.

use super::play::{Play, ensure};

/// What no number of requests, kills and clocks may bring about.
const NEVER: [(&str, &str); 7] = [
    (
        "names with two owners",
        "SELECT COUNT(*) FROM (SELECT 1 AS x FROM identities
         GROUP BY provider, server_key, username_key HAVING COUNT(*) > 1) t",
    ),
    (
        "users without a name",
        "SELECT COUNT(*) FROM users u
         WHERE NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)",
    ),
    (
        "users with two credentials",
        "SELECT COUNT(*) FROM (SELECT 1 AS x FROM credentials
         GROUP BY user_id HAVING COUNT(*) > 1) t",
    ),
    (
        "users whose making was not told once",
        "SELECT COUNT(*) FROM users u WHERE (SELECT COUNT(*) FROM events e
         WHERE e.user_id = u.id AND e.kind = 'user.created') <> 1",
    ),
    ("tokens that were used twice", "SELECT COUNT(*) FROM tokens WHERE uses_left < 0"),
    ("tokens that were rejected too often", "SELECT COUNT(*) FROM tokens WHERE attempts_left < 0"),
    ("codes that were tried too often", "SELECT COUNT(*) FROM claims WHERE tries_left < 0"),
];

pub(super) async fn check(play: &mut Play) -> Result<(), String> {
    for known in &play.state.credentials {
        let Some(username) = &known.username else { continue };
        for (at, password) in known.passwords.iter().enumerate() {
            let opens = play.opens(username, password).await?;
            let is_live = known.live == Some(at);
            ensure(opens == is_live, || {
                format!("password {at} of {known:?}: opens {opens}, lives {is_live}")
            })?;
        }
    }
    let database = &play.server.database;
    for (what, sql) in NEVER {
        let count = database.count(sql).await;
        ensure(count == 0, || format!("{count} {what}"))?;
    }
    let people = play.state.people.len();
    let bound = play.state.tokens.iter().filter(|token| token.is_used).count();
    for (what, sql, expected) in [
        ("users", "SELECT COUNT(*) FROM users", people),
        (
            "rows in the audit log",
            "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'",
            people,
        ),
        ("used tokens", "SELECT COUNT(*) FROM tokens WHERE uses_left = 0", bound),
    ] {
        let count = database.count(sql).await;
        ensure(usize::try_from(count) == Ok(expected), || {
            format!("{count} {what}, and there must be {expected}")
        })?;
    }
    let verified = play.server.cli(&["audit", "verify"], "")?;
    ensure(verified["intact"] == true, || verified.to_string())
}
