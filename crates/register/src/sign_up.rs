//! Signing somebody up.

use doorstep_accounts::{
    Application, Created, Credential, Fingerprint, IdempotencyKey, Identity, Principal, Refusal,
    Scope, Secret, SecretHash, SignUpToken, Subject, Timestamp, User, credential,
    idempotency::{open, seal},
    ids::IdKind,
    labels,
    user::write_profile,
};
use doorstep_store::{Conn, NewReplay, NewUser, StoreError};
use serde_json::{Map, Value};

use crate::{Context, Error, change_account::labels_too_large};

/// Made-up addresses are 48 random bits apart; a second clash in a row would be
/// a fault of the random source.
const EMAIL_TRIES: usize = 3;

/// How long a retry gets the password again: a lost answer is asked for within
/// seconds, a closed laptop within minutes.
const SEALED_SECONDS: i64 = 15 * 60;
/// How long a key is remembered at all: a day, as payment providers do.
const KEY_SECONDS: i64 = 24 * 60 * 60;

/// The caller's key, and which request it is for.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// The request.
    pub fingerprint: Fingerprint,
}

/// Creates the user, the credential, the event and the audit row: all or none.
///
/// The identity decides: whoever takes it first gets the account, everybody else
/// [`Refusal::AlreadyRegistered`] and never a credential. A retry with the first
/// request's key gets the first answer again; refused attempts leave no trace, so
/// a corrected body may be sent with the same key.
pub async fn sign_up(
    context: &Context,
    caller: &Principal,
    application: Application,
    keyed: Option<&Keyed>,
) -> Result<Created, Error> {
    let Subject::App { client_id } = &caller.subject else {
        return Err(Refusal::InsufficientScope { needed: Scope::Register }.into());
    };
    let token = caller.sign_up.as_deref();
    match create(context, client_id, token, &application, keyed).await {
        // Contention on PostgreSQL: another request with this key, or for this
        // identity, has not ended yet.
        Err(Error::Failed(StoreError::Contended(_))) if keyed.is_some() => {
            Err(Refusal::RequestInProgress.into())
        }
        other => other,
    }
}

/// Counts a request that was rejected against the sign-up token that it came
/// with, in a transaction of its own: the count must outlive the rejection.
pub async fn count_rejection(context: &Context, token: &SignUpToken) -> Result<(), StoreError> {
    let mut tx = context.store.begin().await?;
    tx.conn().count_rejection(&token.hash).await?;
    tx.commit().await
}

async fn create(
    context: &Context,
    client_id: &str,
    token: Option<&SignUpToken>,
    application: &Application,
    keyed: Option<&Keyed>,
) -> Result<Created, Error> {
    let Application { identity, answers, labels: added, .. } = application;
    let id = context.store.next_user_id().await?;
    let now = context.clock.now();
    let mut profile = Map::new();
    profile.insert("locale".to_owned(), Value::String(context.terms.default_locale.clone()));
    profile.insert("currency".to_owned(), Value::String(context.terms.default_currency.clone()));
    write_profile(&mut profile, answers);
    let mut user_labels = labels::of_identity(identity);
    labels::merge(&mut user_labels, added.clone());
    if !labels::fit(&user_labels) {
        return Err(Refusal::Invalid { faults: vec![labels_too_large()] }.into());
    }

    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if let Some(replayed) = replay(context, &mut conn, client_id, token, application, keyed).await?
    {
        return Ok(replayed);
    }
    if let Some(token) = token
        && !conn.use_token(&token.hash, now).await?
    {
        // Of two requests at once with one token, the other one may have won
        // with this very key.
        let replayed =
            replay(context, &mut conn, client_id, Some(token), application, keyed).await?;
        return replayed.ok_or_else(|| Refusal::InvalidToken.into());
    }
    check_server(&mut conn, client_id, identity).await?;
    if !conn.take_identity(identity, id).await? {
        // The first request with the same key may have ended just now.
        if let Some(replayed) =
            replay(context, &mut conn, client_id, token, application, keyed).await?
        {
            return Ok(replayed);
        }
        let owner = conn.identity_owner(identity).await?;
        let user_id = owner.and_then(|(id, owner)| {
            // A page learns that the name is taken, a back end also by whom.
            (owner.as_deref() == Some(client_id) && token.is_none()).then_some(id)
        });
        return Err(Refusal::AlreadyRegistered { user_id }.into());
    }
    let mut user = User {
        id,
        email: answers.text("email").unwrap_or_default().to_owned(),
        email_generated: false,
        profile,
        labels: user_labels,
        active: true,
        is_admin: false,
        created_at: now,
        updated_at: now,
    };
    add_user(context, &mut conn, &mut user, identity, client_id).await?;
    let (credential, password) = new_credential(context, id, credential::SIGN_UP_NAME, now);
    conn.add_credential(&credential).await?;
    record(context, &mut conn, &user, identity, client_id, now).await?;
    if let Some(keyed) = keyed {
        let sealed = seal(&password, &keyed.key, client_id, &context.seal, &*context.entropy);
        let new = NewReplay {
            client_id,
            key: &keyed.key,
            fingerprint: &keyed.fingerprint,
            user_id: id,
            credential_id: &credential.id,
            sealed: &sealed,
            token: token.map(|token| &token.hash),
            sealed_until: now.plus_seconds(SEALED_SECONDS),
            expires_at: now.plus_seconds(KEY_SECONDS),
        };
        if !conn.take_key(&new).await? {
            // The key went to a request for somebody else in the meantime.
            return Err(Refusal::IdempotencyKeyReused.into());
        }
    }
    tx.commit().await?;
    Ok(answer(user, credential.username, Some(password), application, false))
}

/// The first answer again, if the key was used for this very request.
async fn replay(
    context: &Context,
    conn: &mut Conn<'_>,
    client_id: &str,
    token: Option<&SignUpToken>,
    application: &Application,
    keyed: Option<&Keyed>,
) -> Result<Option<Created>, Error> {
    let Some(Keyed { key, fingerprint }) = keyed else { return Ok(None) };
    let Some(found) = conn.replay(client_id, key, context.clock.now()).await? else {
        return Ok(None);
    };
    if found.fingerprint != fingerprint.as_stored() {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let own = found.token.as_deref() == token.map(|token| token.hash.as_stored());
    if !own && token.is_some_and(|token| token.expired) {
        return Err(Refusal::InvalidToken.into());
    }
    let missing = StoreError::Corrupt { what: "the user of an idempotency key" };
    let user = conn.user(found.user_id).await?.ok_or(missing)?;
    let password =
        found.sealed.as_deref().and_then(|sealed| open(sealed, key, client_id, &context.seal));
    Ok(Some(answer(user, found.api_username, password, application, true)))
}

fn answer(
    user: User,
    api_username: String,
    api_password: Option<Secret>,
    application: &Application,
    replayed: bool,
) -> Created {
    Created {
        user,
        api_username,
        api_password,
        replaced: application.replaced.clone(),
        ignored: application.ignored.clone(),
        replayed,
    }
}

/// A server that is assigned belongs to its client; a client with assigned
/// servers stays within them.
pub(crate) async fn check_server(
    conn: &mut Conn<'_>,
    client_id: &str,
    identity: &Identity,
) -> Result<(), Error> {
    let allowed = match conn.server_owner(&identity.server_key).await? {
        Some(owner) => owner == client_id,
        None => !conn.has_servers(client_id).await?,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::ProviderServerNotAllowed { server: identity.server_key.clone() }.into())
    }
}

/// Adds the user under the address that was sent, or under a made-up one when
/// none was sent or somebody has it.
async fn add_user(
    context: &Context,
    conn: &mut Conn<'_>,
    user: &mut User,
    identity: &Identity,
    client_id: &str,
) -> Result<(), Error> {
    for _ in 0..=EMAIL_TRIES {
        if user.email.is_empty() {
            user.email = made_up_email(context, identity);
            user.email_generated = true;
        }
        let new = NewUser { user, client_id: Some(client_id), password: None };
        if conn.add_user(&new).await? {
            return Ok(());
        }
        user.email.clear();
    }
    Err(StoreError::Corrupt { what: "every made-up e-mail address" }.into())
}

/// `<username>_<12 hex digits>@<domain>`, the reference implementation's
/// pattern. The canonical username is plain ASCII; only its `@` has to go.
fn made_up_email(context: &Context, identity: &Identity) -> String {
    let mut random = [0; 6];
    context.entropy.fill(&mut random);
    let suffix = u64::from_be_bytes([
        0, 0, random[0], random[1], random[2], random[3], random[4], random[5],
    ]);
    // RFC 5321 §4.5.3.1.1 gives the part before the `@` 64 octets; 13 are the suffix.
    let name: String = identity.username_key.chars().take(51).collect();
    // Two dots in a row and one at the end are no address.
    let dots = name.contains("..") || name.ends_with('.');
    let name: String =
        name.chars().map(|c| if c == '@' || (dots && c == '.') { '-' } else { c }).collect();
    format!("{name}_{suffix:012x}@{}", context.terms.email_domain)
}

/// A new API credential and its password in clear.
pub(crate) fn new_credential(
    context: &Context,
    user_id: i64,
    name: &str,
    now: Timestamp,
) -> (Credential, Secret) {
    let password = credential::new_password(&*context.entropy);
    let credential = Credential {
        id: IdKind::Credential.mint(&*context.clock, &*context.entropy),
        user_id,
        name: name.to_owned(),
        username: credential::new_username(&*context.entropy),
        secret: SecretHash::of(&password, &context.keys),
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    (credential, password)
}

async fn record(
    context: &Context,
    conn: &mut Conn<'_>,
    user: &User,
    identity: &Identity,
    client_id: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let mut payload = user.profile.clone();
    payload.insert("id".to_owned(), user.id.into());
    payload.insert("email".to_owned(), user.email.clone().into());
    payload.insert("labels".to_owned(), Value::Object(user.labels.clone()));
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&event, "user.created", user.id, &payload, now).await?;
    let details = Map::from_iter([
        ("provider".to_owned(), Value::from(identity.provider.clone())),
        ("provider_server".to_owned(), Value::from(identity.server_key.clone())),
        ("provider_username".to_owned(), Value::from(identity.username_key.clone())),
    ]);
    let audit = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let subject = format!("user:{}", user.id);
    conn.add_audit(&audit, &format!("client:{client_id}"), "user.create", &subject, &details, now)
        .await?;
    Ok(())
}
