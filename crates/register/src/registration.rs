//! Whether anybody may register: everywhere, for a client, for a server. It is
//! asked where something is written, not where something is shown.

use doorstep_accounts::{Principal, Refusal, Subject, ids::IdKind, provider::canonical_server};
use doorstep_store::{Conn, stop_of_client};
use serde_json::Map;

use crate::{Context, Error, administer::OperatorError};

/// Refuses if registration is switched off for this client or this server (its
/// canonical name; empty if it is not known yet).
pub(crate) async fn check_open(
    context: &Context,
    conn: &mut Conn<'_>,
    client_id: &str,
    server_key: &str,
) -> Result<(), Error> {
    let stopped = !context.terms.registration
        || conn.registration_is_stopped(&stop_of_client(client_id), &server(server_key)).await?;
    if stopped { Err(Refusal::RegistrationDisabled.into()) } else { Ok(()) }
}

/// [`check_open`] where nothing is written yet.
pub(crate) async fn check_open_now(
    context: &Context,
    client_id: &str,
    server_key: &str,
) -> Result<(), Error> {
    let stopped = !context.terms.registration
        || context.lookups.is_stopped(context, subjects(client_id, server_key)).await?;
    if stopped { Err(Refusal::RegistrationDisabled.into()) } else { Ok(()) }
}

/// Whether a server, by whom it is assigned to, is one on which the client registers: one
/// that is assigned belongs to its client, and a client that has any stays within them.
pub(crate) fn is_its_own(client_id: &str, owner: Option<&str>, has_servers: bool) -> bool {
    owner.map_or(!has_servers, |owner| owner == client_id)
}

/// How [`check_open`] finds out about the two.
pub(crate) fn subjects(client_id: &str, server_key: &str) -> (String, String) {
    (stop_of_client(client_id), server(server_key))
}

/// Refuses if the caller could not sign anybody up now.
pub async fn check_registration(context: &Context, caller: &Principal) -> Result<(), Error> {
    let Subject::App { client_id } = &caller.subject else { return Ok(()) };
    let server_key = caller.sign_up.as_ref().map_or("", |it| &it.binding.identity.server_key);
    check_open_now(context, client_id, server_key).await
}

/// Switches registration on or off for a client or a server, one of the two. Says
/// what it is about, as the audit log does.
pub async fn set_registration(
    context: &Context,
    is_open: bool,
    client_id: Option<&str>,
    server_name: Option<&str>,
) -> Result<String, OperatorError> {
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let subject = match (client_id, server_name) {
        (Some(id), None) => {
            if conn.client(id).await?.is_none() {
                return Err(OperatorError::Argument(format!(
                    "there is no client {id:?}: `doorstep client list` shows them"
                )));
            }
            stop_of_client(id)
        }
        (None, Some(name)) => server(&canonical_server(name).map_err(|fault| {
            OperatorError::Argument(format!("--server {name:?}: {}", fault.message()))
        })?),
        _ => {
            return Err(OperatorError::Argument(
                "name --client or --server; for all, set accounts.registration".to_owned(),
            ));
        }
    };
    let now = context.clock.now();
    let action = if is_open {
        conn.allow_registration(&subject).await?;
        "registration.open"
    } else {
        conn.stop_registration(&subject, now).await?;
        "registration.close"
    };
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    conn.add_audit(&id, "operator", action, &subject, &Map::new(), now).await?;
    tx.commit().await?;
    Ok(subject)
}

fn server(key: &str) -> String {
    format!("server:{key}")
}
