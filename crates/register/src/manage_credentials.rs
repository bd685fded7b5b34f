//! API credentials after the sign-up: listed, named, rotated, revoked, given an
//! end; and issued anew by the client that signed the user up.

use std::fmt;

use doorstep_accounts::{
    Credential, Refusal, Secret, SecretHash, Timestamp, credential, ids::IdKind,
};
use doorstep_store::Conn;
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value};

use crate::{Context, Error, issue_credential::new_credential};

/// Who manages, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manager {
    /// A user, for the own account or as an administrator.
    User {
        /// The user.
        user_id: i64,
        /// With which credential. What ends with it cannot outlive itself.
        credential_id: String,
    },
    /// An OAuth client.
    Client(String),
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { user_id, .. } => write!(f, "user:{user_id}"),
            Self::Client(id) => write!(f, "client:{id}"),
        }
    }
}

/// What a new credential is to be.
#[derive(Debug, Clone, Default)]
pub struct NewCredential {
    /// What it is for, in words.
    pub name: Option<String>,
    /// From when it is no longer valid.
    pub expires_at: Option<Timestamp>,
}

/// What a change says; what it does not say stays as it is.
#[derive(Debug, Clone, Default)]
pub struct CredentialChange {
    /// The new name.
    pub name: Option<String>,
    /// The new end; `Some(None)`: none.
    pub expires_at: Option<Option<Timestamp>>,
}

/// A credential and its password in clear, shown this once.
pub type Issued = (Credential, Secret);

/// What a credential is called that nobody named.
const UNNAMED: &str = "API credential";

/// All of a user's credentials, oldest first.
pub async fn list_credentials(context: &Context, user_id: i64) -> Result<Vec<Credential>, Error> {
    let mut read = context.store.read().await?;
    let mut conn = read.conn();
    if conn.user(user_id).await?.is_none() {
        return Err(Refusal::UserNotFound.into());
    }
    Ok(conn.credentials(user_id).await?)
}

/// One of them.
pub async fn show_credential(
    context: &Context,
    user_id: i64,
    number: i64,
) -> Result<Credential, Error> {
    let found = context.store.read().await?.conn().credential(user_id, number).await?;
    found.ok_or_else(|| Refusal::CredentialNotFound.into())
}

/// Issues one more credential.
pub async fn add_credential(
    context: &Context,
    manager: &Manager,
    user_id: i64,
    new: NewCredential,
) -> Result<Issued, Error> {
    issue(context, manager, user_id, new, false).await
}

/// Issues a credential in place of all that the user has, for the client that
/// signed the user up and nobody else: the way back for a person who lost
/// theirs. The scope that allows it is on no client by default, for it lets a
/// stolen client secret take accounts over.
pub async fn reissue_credential(
    context: &Context,
    client_id: &str,
    user_id: i64,
    new: NewCredential,
) -> Result<Issued, Error> {
    let owner = context.store.read().await?.conn().registrar(user_id).await?;
    if owner.as_deref() != Some(client_id) {
        // Other clients' users and nobody are one answer.
        return Err(Refusal::UserNotFound.into());
    }
    issue(context, &Manager::Client(client_id.to_owned()), user_id, new, true).await
}

async fn issue(
    context: &Context,
    manager: &Manager,
    user_id: i64,
    new: NewCredential,
    instead: bool,
) -> Result<Issued, Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    // The lock also keeps two from taking the same number.
    let user = conn.user_for_change(user_id).await?.ok_or(Refusal::UserNotFound)?;
    let live: Vec<_> =
        conn.credentials(user_id).await?.into_iter().filter(|old| old.is_live(now)).collect();
    if instead {
        // A password for a closed account would open it the day it is opened again.
        if !user.active {
            return Err(Refusal::UserNotFound.into());
        }
        for old in live {
            conn.revoke_credential(&old.id, now).await?;
            record(context, &mut conn, manager, "revoked", &old, now).await?;
        }
    } else if live.len() >= credential::MOST_LIVE {
        return Err(Refusal::TooManyCredentials.into());
    }
    let end = end_of(&mut conn, manager).await?;
    let expires_at = match new.expires_at {
        None => end,
        Some(wanted) => Some(within(wanted, end)?),
    };
    let nth = match conn.last_credential_number(user_id).await? {
        0 => 1,
        last => last - credential::number(user_id, 0) + 1,
    };
    if nth >= credential::NUMBERS_PER_USER {
        return Err(Refusal::TooManyCredentials.into());
    }
    let name = new.name.as_deref().unwrap_or(UNNAMED);
    let (mut credential, password) = new_credential(context, user_id, nth, name, now);
    credential.expires_at = expires_at;
    conn.add_credential(&credential).await?;
    record(context, &mut conn, manager, "created", &credential, now).await?;
    tx.commit().await?;
    Ok((credential, password))
}

/// Names a credential and gives it an end.
pub async fn change_credential(
    context: &Context,
    manager: &Manager,
    user_id: i64,
    number: i64,
    change: CredentialChange,
) -> Result<Credential, Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let mut credential = lock(&mut conn, user_id, number).await?;
    if let Some(name) = change.name {
        credential.name = name;
    }
    if let Some(wanted) = change.expires_at {
        let end = end_of(&mut conn, manager).await?;
        credential.expires_at = match (wanted, end) {
            (Some(wanted), end) => Some(within(wanted, end)?),
            (None, None) => None,
            (None, Some(_)) => return Err(outlives().into()),
        };
    }
    conn.describe_credential(&credential.id, &credential.name, credential.expires_at).await?;
    record(context, &mut conn, manager, "updated", &credential, now).await?;
    tx.commit().await?;
    Ok(credential)
}

/// Replaces the password. The old one, and tokens that it obtained, end at once.
pub async fn rotate_credential(
    context: &Context,
    manager: &Manager,
    user_id: i64,
    number: i64,
) -> Result<Issued, Error> {
    let now = context.clock.now();
    let password = credential::new_password(&*context.entropy);
    let secret = SecretHash::of(&password, &context.keys);
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let mut credential = lock(&mut conn, user_id, number).await?;
    if !conn.rotate_credential(&credential.id, &secret, now).await? {
        return Err(Refusal::CredentialRevoked.into());
    }
    credential.rotated_at = Some(now);
    credential.secret = secret;
    record(context, &mut conn, manager, "rotated", &credential, now).await?;
    tx.commit().await?;
    Ok((credential, password))
}

/// Ends a credential, and the tokens that it obtained. Ended ones stay ended.
pub async fn revoke_credential(
    context: &Context,
    manager: &Manager,
    user_id: i64,
    number: i64,
) -> Result<(), Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let credential = lock(&mut conn, user_id, number).await?;
    if conn.revoke_credential(&credential.id, now).await? {
        record(context, &mut conn, manager, "revoked", &credential, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// When the manager's own credential ends, if it does.
async fn end_of(conn: &mut Conn<'_>, manager: &Manager) -> Result<Option<Timestamp>, Error> {
    let Manager::User { user_id, credential_id } = manager else { return Ok(None) };
    let own = conn.credentials(*user_id).await?;
    Ok(own.into_iter().find(|own| own.id == *credential_id).and_then(|own| own.expires_at))
}

/// What was given an end cannot give itself, or others, a later one.
fn within(wanted: Timestamp, end: Option<Timestamp>) -> Result<Timestamp, Refusal> {
    if end.is_some_and(|end| wanted > end) { Err(outlives()) } else { Ok(wanted) }
}

fn outlives() -> Refusal {
    let fault = FieldProblem {
        pointer: "/api_credential/expires_at".to_owned(),
        field: "expires_at".to_owned(),
        code: "too_late".to_owned(),
        message: "expires_at must not be later than the end of the credential that you use"
            .to_owned(),
    };
    Refusal::Invalid { faults: vec![fault] }
}

/// The credential, whose user is locked until the transaction ends.
async fn lock(conn: &mut Conn<'_>, user_id: i64, number: i64) -> Result<Credential, Error> {
    conn.user_for_change(user_id).await?.ok_or(Refusal::CredentialNotFound)?;
    let found = conn.credential(user_id, number).await?;
    found.ok_or_else(|| Refusal::CredentialNotFound.into())
}

/// Tells the world and the audit log; the username is no secret.
async fn record(
    context: &Context,
    conn: &mut Conn<'_>,
    manager: &Manager,
    what: &str,
    credential: &Credential,
    now: Timestamp,
) -> Result<(), Error> {
    let details = Map::from_iter([
        ("id".to_owned(), Value::from(credential.number)),
        ("username".to_owned(), Value::from(credential.username.clone())),
    ]);
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&event, &format!("credential.{what}"), credential.user_id, &details, now)
        .await?;
    let audit = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let action = match what {
        "created" => "credential.create",
        "updated" => "credential.update",
        "rotated" => "credential.rotate",
        _ => "credential.revoke",
    };
    let subject = format!("user:{}", credential.user_id);
    conn.add_audit(&audit, &manager.to_string(), action, &subject, &details, now).await?;
    Ok(())
}
