//! Signing somebody up.

use doorstep_accounts::{
    Application, Created, Credential, Identity, Principal, Refusal, Scope, SecretHash, Subject,
    Timestamp, User, credential, ids::IdKind, labels, user::write_profile,
};
use doorstep_store::{Conn, NewUser};
use serde_json::{Map, Value};

use crate::{Context, Error};

/// Made-up addresses are 48 random bits apart; a second clash in a row would be
/// a fault of the random source.
const EMAIL_TRIES: usize = 3;

/// Creates the user, the credential, the event and the audit row: all or none.
///
/// The identity decides: whoever takes it first gets the account, everybody else
/// [`Refusal::AlreadyRegistered`] and never a credential.
pub async fn sign_up(
    context: &Context,
    caller: &Principal,
    application: Application,
) -> Result<Created, Error> {
    let Subject::App { client_id } = &caller.subject else {
        return Err(Refusal::InsufficientScope { needed: Scope::Register }.into());
    };
    let Application { identity, answers, labels: added, replaced, ignored } = application;
    let id = context.store.next_user_id().await?;
    let now = context.clock.now();
    let mut profile = Map::new();
    profile.insert("locale".to_owned(), Value::String(context.terms.default_locale.clone()));
    profile.insert("currency".to_owned(), Value::String(context.terms.default_currency.clone()));
    write_profile(&mut profile, &answers);
    let mut user_labels = labels::of_identity(&identity);
    labels::merge(&mut user_labels, added);

    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    check_server(&mut conn, client_id, &identity).await?;
    if !conn.take_identity(&identity, id).await? {
        let owner = conn.identity_owner(&identity).await?;
        let user_id = owner
            .and_then(|(id, owner)| (owner.as_deref() == Some(client_id.as_str())).then_some(id));
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
    add_user(context, &mut conn, &mut user, &identity, client_id).await?;
    let (credential, password) = new_credential(context, id, credential::SIGN_UP_NAME, now);
    conn.add_credential(&credential).await?;
    record(context, &mut conn, &user, &identity, client_id, now).await?;
    tx.commit().await?;
    Ok(Created {
        user,
        api_username: credential.username,
        api_password: password,
        replaced,
        ignored,
    })
}

/// A server that is assigned belongs to its client; a client with assigned
/// servers stays within them.
async fn check_server(
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
    Err(doorstep_store::StoreError::Corrupt { what: "every made-up e-mail address" }.into())
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
    let name: String =
        identity.username_key.chars().take(51).map(|c| if c == '@' { '-' } else { c }).collect();
    format!("{name}_{suffix:012x}@{}", context.terms.email_domain)
}

/// A new API credential and its password in clear.
pub(crate) fn new_credential(
    context: &Context,
    user_id: i64,
    name: &str,
    now: Timestamp,
) -> (Credential, doorstep_accounts::Secret) {
    let password = credential::new_password(&*context.entropy);
    let credential = Credential {
        id: IdKind::Credential.mint(&*context.clock, &*context.entropy),
        user_id,
        name: name.to_owned(),
        username: credential::new_username(&*context.entropy),
        secret: SecretHash::of(&password, &context.keys),
        created_at: now,
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
