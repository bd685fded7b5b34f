//! Sessions: users who log in with their address and their password.

use std::sync::Arc;

use doorstep_accounts::{
    Limit, PlainToken, Principal, Refusal, Scopes, Secret, Subject, Timestamp, TokenKind,
    ids::IdKind, password,
};
use doorstep_store::{PasswordLogin, StoreError};
use serde_json::Map;
use tokio::sync::Semaphore;

use crate::{
    Context, Error,
    authenticate::{Presented, authenticate_token},
    meter::{Attempts, Meter, admit},
    over::{self, Over},
};

/// Passwords that are computed on at a time. Each takes 19 MiB and a core for some
/// hundredths of a second: more at once would be no faster, and a flood of logins would
/// take the memory that everything else runs in.
static PLACES: Semaphore = Semaphore::const_new(4);

/// A session that was opened.
#[derive(Debug)]
pub struct OpenedSession {
    /// The token in clear, for its owner.
    pub token: PlainToken,
    /// Whether the user administers the platform.
    pub is_admin: bool,
    /// Whether an OAuth client registered the user.
    pub by_client: bool,
    /// The user's currency.
    pub currency: String,
    /// When the user logged in before; now if never.
    pub last_login_at: Timestamp,
}

/// Opens a session for whoever knows the password. Unknown addresses take as long as
/// wrong passwords, and neither is told from an account that may not be used.
/// Failures are counted by both addresses, the user's and the caller's, so that nobody
/// can lock somebody else out.
pub async fn open_session(
    context: &Context,
    meter: &Meter,
    email_key: &str,
    password: &Secret,
) -> Result<OpenedSession, Error> {
    let attempts = Attempts::new(context, meter, Limit::LoginFailure, email_key);
    attempts.may_go_on().await?;
    let opened = try_to_open(context, meter, email_key, password).await;
    match &opened {
        Ok(_) => attempts.succeeded(),
        Err(Error::Refused(Refusal::InvalidLogin)) => attempts.count_failure().await?,
        Err(_) => {}
    }
    opened
}

async fn try_to_open(
    context: &Context,
    meter: &Meter,
    email_key: &str,
    password: &Secret,
) -> Result<OpenedSession, Error> {
    // PostgreSQL takes no text with a NUL in it, and no address has one.
    let login = if email_key.chars().any(char::is_control) {
        None
    } else {
        context.store.read().await?.conn().password_login(email_key).await?
    };
    let hash = login.as_ref().and_then(|login| login.password.clone());
    let known = hash.clone().map(Arc::<str>::from);
    let sent = password.clone();
    let right = compute(move || match known {
        Some(hash) => password::verify(&hash, &sent),
        None => password::verify_nothing(&sent),
    })
    .await?;
    let (Some(login), Some(hash), true) = (login, hash, right) else {
        return Err(Refusal::InvalidLogin.into());
    };
    let PasswordLogin { user_id, is_admin, by_client, last_at, .. } = login;
    // Each is a commit, also with the right password.
    admit(context, meter, Limit::Change, &[&user_id.to_string()])?;
    let now = context.clock.now();
    let token = PlainToken::generate(TokenKind::Session, &*context.entropy);
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    // Whoever ends the user's sessions at this moment comes before or after.
    let user = conn.user_for_change(user_id).await?.ok_or(Refusal::InvalidLogin)?;
    let expires_at = now.plus_seconds(context.terms.session_seconds);
    if !conn.open_session(&token.hash(), (user_id, &hash), (now, expires_at)).await? {
        return Err(Refusal::InvalidLogin.into());
    }
    note(context, &mut conn, user_id, "session.open", now).await?;
    tx.commit().await?;
    let currency = user.text("currency").unwrap_or(&context.terms.default_currency).to_owned();
    let last_login_at = last_at.map_or(now, Timestamp);
    Ok(OpenedSession { token, is_admin, by_client, currency, last_login_at })
}

/// Checks what stands where the token of a session is expected: a session that is not
/// over and whose user is still allowed, or an access token, which is no less.
pub async fn authenticate_session(
    context: &Context,
    meter: &Meter,
    text: &Secret,
) -> Result<Principal, Error> {
    let Ok(token) = PlainToken::parse_session(text.expose()) else {
        return authenticate_token(context, meter, text, Presented::Bearer).await;
    };
    let (hash, now) = (token.hash(), context.clock.now());
    let session = context.store.read().await?.conn().session(&hash).await?;
    let session = session.ok_or(Refusal::InvalidToken)?;
    if now.0 >= session.expires_at {
        over::end(context, Over::Session(&hash)).await;
        return Err(Refusal::InvalidToken.into());
    }
    Ok(Principal {
        subject: Subject::User { user_id: session.user_id, credential_id: hash.id() },
        scopes: if session.is_admin { Scopes::OF_AN_ADMIN } else { Scopes::OF_A_USER },
        sign_up: None,
    })
}

/// Ends a user's session; an access token that was used in its place is revoked. Of two
/// at once one ends it, and both are told that it has ended.
pub async fn close_session(context: &Context, user_id: i64, text: &Secret) -> Result<(), Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if let Ok(token) = PlainToken::parse_session(text.expose()) {
        if !conn.close_session(&token.hash()).await? {
            return Ok(());
        }
        note(context, &mut conn, user_id, "session.close", now).await?;
    } else if let Ok(token) = PlainToken::parse(text.expose()) {
        conn.revoke_token(&token.hash(), now).await?;
        note(context, &mut conn, user_id, "token.revoke", now).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn note(
    context: &Context,
    conn: &mut doorstep_store::Conn<'_>,
    user_id: i64,
    action: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let user = format!("user:{user_id}");
    conn.add_audit(&id, &user, action, &user, &Map::new(), now).await
}

/// A password takes tens of milliseconds, in which other requests want the thread.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let failed = || StoreError::Corrupt { what: "a password's computation" };
    let _place = PLACES.acquire().await.map_err(|_| failed())?;
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())
}
