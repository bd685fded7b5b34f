//! What the operator does: clients and administrators.

use doorstep_accounts::{
    Client, ClientSecret, JwkSet, Scope, Scopes, Secret, SecretHash, Timestamp, User,
    client::canonical_origin, ids::IdKind, password, provider::canonical_server,
};
use doorstep_fields::{Raw, field};
use doorstep_store::{Conn, NewClient, NewUser};
use serde_json::{Map, Value};

use crate::{Context, issue_credential::new_credential, manage_client::new_secret};

/// A client as the operator describes it.
#[derive(Debug)]
pub struct NewClientRequest {
    /// Its name.
    pub name: String,
    /// Its scopes, with spaces between.
    pub scope: String,
    /// Servers whose users it registers.
    pub provider_servers: Vec<String>,
    /// Origins of the pages that embed the widget.
    pub origins: Vec<String>,
    /// Public keys that it authenticates with.
    pub keys: JwkSet,
    /// Whether it gets a secret.
    pub with_secret: bool,
    /// Whether it is for pages without a back end.
    pub publishable: bool,
}

/// A new client and its secret, shown this once; a publishable one has none.
#[derive(Debug)]
pub struct CreatedClient {
    /// The client.
    pub client: Client,
    /// The secret in clear, unless it has none.
    pub secret: Option<Secret>,
}

/// A new administrator and the credential, shown this once.
#[derive(Debug)]
pub struct CreatedAdmin {
    /// The user's number.
    pub id: i64,
    /// The API username.
    pub api_username: String,
    /// The API password.
    pub api_password: Secret,
}

/// Why the operator's request was not carried out; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// An argument cannot be used.
    #[error("{0}")]
    Argument(String),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] doorstep_store::StoreError),
}

/// Creates an OAuth client.
pub async fn create_client(
    context: &Context,
    request: NewClientRequest,
) -> Result<CreatedClient, OperatorError> {
    let argument = OperatorError::Argument;
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(argument("--name must be 1 to 100 printable characters".to_owned()));
    }
    let scopes =
        Scopes::parse(&request.scope).map_err(|unknown| argument(format!("--scope: {unknown}")))?;
    if !Scopes::OF_A_CLIENT.covers(scopes) {
        return Err(argument(
            "--scope: a client cannot hold admin_read or admin_write; an administrator's API credential does"
                .to_owned(),
        ));
    }
    if scopes.is_empty() {
        return Err(argument("--scope must name at least one scope".to_owned()));
    }
    let mut provider_servers = Vec::new();
    for server in &request.provider_servers {
        provider_servers.push(canonical_server(server).map_err(|fault| {
            argument(format!("--provider-server {server:?}: {}", fault.message()))
        })?);
    }
    let mut origins = Vec::new();
    for origin in &request.origins {
        origins.push(canonical_origin(origin).map_err(|why| argument(format!("--origin: {why}")))?);
    }
    if request.publishable {
        check_publishable(scopes, &provider_servers, &origins)?;
    } else if !request.with_secret && request.keys.keys().is_empty() {
        return Err(argument(
            "--no-secret needs --jwks: the client could not authenticate".to_owned(),
        ));
    }
    let secret = request.with_secret.then(|| new_secret(context));
    let hash = secret.as_ref().map(|secret| SecretHash::of(secret, &context.keys));
    let created_at = context.clock.now();
    let secrets = hash.iter().map(|_| ClientSecret { created_at, expires_at: None }).collect();
    let client = Client {
        id: IdKind::Client.mint(&*context.clock, &*context.entropy),
        name,
        secrets,
        keys: request.keys,
        scopes,
        provider_servers,
        origins,
        publishable: request.publishable,
        created_at,
        disabled_at: None,
    };
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client, secret: hash.as_ref() }).await?;
    for server in &client.provider_servers {
        if client.publishable {
            conn.make_publishable(&client.id, server).await?;
        } else if !conn.assign_server(&client.id, server).await? {
            let owner = conn.server_owner(server).await?.unwrap_or_default();
            return Err(argument(format!(
                "--provider-server {server}: it is assigned to the client {owner} already"
            )));
        }
    }
    audit(context, &mut conn, "client.create", &format!("client:{}", client.id)).await?;
    tx.commit().await?;
    Ok(CreatedClient { client, secret })
}

/// A publishable client is for one thing: what it may not do, it cannot hold.
fn check_publishable(
    scopes: Scopes,
    servers: &[String],
    origins: &[String],
) -> Result<(), OperatorError> {
    let why = if scopes != Scopes::only(Scope::Register) {
        "--publishable: such a client holds the scope register alone, and need not name it"
    } else if servers.len() != 1 {
        "--publishable: name one --provider-server, whose users its pages register"
    } else if origins.is_empty() {
        "--publishable: name an --origin, for nothing else tells its pages from others"
    } else {
        return Ok(());
    };
    Err(OperatorError::Argument(why.to_owned()))
}

/// All clients.
pub async fn list_clients(context: &Context) -> Result<Vec<Client>, OperatorError> {
    Ok(context.store.read().await?.conn().clients().await?)
}

/// Switches a client off: its secret and its tokens stop working.
pub async fn disable_client(context: &Context, id: &str) -> Result<Timestamp, OperatorError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.disable_client(id, now).await? {
        return Err(unknown_client(id));
    }
    audit(context, &mut conn, "client.disable", &format!("client:{id}")).await?;
    tx.commit().await?;
    Ok(now)
}

/// Creates an administrator with a password and an API credential.
pub async fn create_admin(
    context: &Context,
    email: &str,
    chosen: &Secret,
) -> Result<CreatedAdmin, OperatorError> {
    let rule = field("email").expect("the catalogue has an e-mail field");
    let email = rule
        .parse(Raw::Text(email))
        .ok()
        .and_then(|answer| answer.text().map(str::to_owned))
        .ok_or_else(|| {
            OperatorError::Argument(format!("--email {email:?} is not an e-mail address"))
        })?;
    let hash = password::hash(chosen, &*context.entropy).map_err(OperatorError::Argument)?;
    let id = context.store.next_user_id().await?;
    let now = context.clock.now();
    let user = User {
        id,
        email,
        email_generated: false,
        profile: Map::from_iter([
            ("locale".to_owned(), Value::String(context.terms.default_locale.clone())),
            ("currency".to_owned(), Value::String(context.terms.default_currency.clone())),
        ]),
        labels: Map::new(),
        active: true,
        is_admin: true,
        created_at: now,
        updated_at: now,
    };
    let (credential, api_password) = new_credential(context, id, 1, "operator", now);
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.add_user(&NewUser { user: &user, client_id: None, password: Some(&hash) }).await? {
        return Err(OperatorError::Argument(format!(
            "--email {}: a user has this address already",
            user.email
        )));
    }
    conn.add_credential(&credential).await?;
    audit(context, &mut conn, "admin.create", &format!("user:{id}")).await?;
    tx.commit().await?;
    Ok(CreatedAdmin { id, api_username: credential.username, api_password })
}

/// Notes in the audit log what the operator did to each of the keys.
pub async fn note_keys(
    context: &Context,
    action: &str,
    subjects: &[String],
) -> Result<(), doorstep_store::StoreError> {
    let mut tx = context.store.begin().await?;
    for subject in subjects {
        audit(context, &mut tx.conn(), action, subject).await?;
    }
    tx.commit().await
}

/// There is no such client.
pub(crate) fn unknown_client(id: &str) -> OperatorError {
    OperatorError::Argument(format!("there is no client {id:?}: `doorstep client list` shows them"))
}

/// Writes what the operator did.
pub(crate) async fn audit(
    context: &Context,
    conn: &mut Conn<'_>,
    action: &str,
    subject: &str,
) -> Result<(), doorstep_store::StoreError> {
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    conn.add_audit(&id, "operator", action, subject, &Map::new(), context.clock.now()).await
}
