//! Finding out which client is calling, by secret or by key.

use doorstep_accounts::{
    JwkSet, Limit, Principal, Scopes, Secret, SecretHash, Subject, TokenKind,
    assertion::{Assertion, Verified},
    client::LIVE_SECRETS,
    credential::is_username,
};
use doorstep_store::{ClientLogin, LoginAttempt, TokenOwner};

use crate::{
    Context, Error, TokenError,
    authenticate::{authenticate_credential, is_plain, plain},
    meter::{Attempts, Meter},
};

/// How a client says who it is.
#[derive(Debug)]
pub enum ClientAuthentication {
    /// By a secret. An API credential is a client of its own user: its username and
    /// password are accepted as `client_id` and `client_secret`.
    Secret {
        /// The `client_id`, or an API username.
        id: String,
        /// The `client_secret`, or an API password.
        secret: Secret,
    },
    /// By its name alone, which says nothing: clients with grants of their own do so.
    Nothing {
        /// The `client_id`.
        id: String,
    },
    /// By a signature: `private_key_jwt` (RFC 7523).
    Assertion {
        /// The `client_id` beside it, if there is one; it may not differ.
        id: Option<String>,
        /// The `client_assertion`.
        assertion: Secret,
    },
}

/// A client, after every check.
#[derive(Debug)]
pub(crate) struct Authenticated {
    /// Its `client_id`, or its API username.
    pub(crate) id: String,
    /// The kind of tokens that it gets.
    pub(crate) kind: TokenKind,
    /// For whom they speak.
    pub(crate) owner: TokenOwner,
    /// The most that they can hold.
    pub(crate) held: Scopes,
    /// Whether registration is switched off for it.
    pub(crate) stopped: bool,
    /// What the password was compared with, if it is an API credential.
    pub(crate) checked: Option<SecretHash>,
}

/// Authenticates a client. Every reason to refuse it is the same error and takes the
/// same way: whether a client exists, is switched off or has another secret shows
/// neither in the answer nor in the time. Wrong secrets are counted by client and
/// address. A signature cannot be guessed, and `iss` is anybody's word: assertions are
/// checked first, and bad ones count for their address alone.
pub(crate) async fn authenticate(
    context: &Context,
    meter: &Meter,
    authentication: &ClientAuthentication,
) -> Result<Authenticated, TokenError> {
    let (attempts, found) = match authentication {
        ClientAuthentication::Nothing { id } => return Err(unauthenticated(context, id).await),
        ClientAuthentication::Secret { id, secret } => {
            let attempts = Attempts::new(context, meter, limit_of(id), id);
            let limited = attempts.limited(plain(id)).map_err(TokenError::of_limit)?;
            let (used, client) = context.lookups.client_login(context, limited).await?;
            attempts.judge(used).map_err(TokenError::of_limit)?;
            (attempts, by_secret(context, id, client, secret).await)
        }
        ClientAuthentication::Assertion { id, assertion } => {
            let attempts = Attempts::of_address(context, meter);
            (attempts, by_assertion(context, id.as_deref(), assertion).await)
        }
    };
    match &found {
        Ok(_) => attempts.succeeded(),
        Err(TokenError::InvalidClient) => {
            attempts.count_failure().await.map_err(TokenError::of_limit)?;
        }
        Err(_) => {}
    }
    found
}

/// What counts wrong secrets of this name. Those of an API credential are counted
/// with its Basic log-ins, or each door would allow as many guesses again. The name's
/// form decides, not whether it exists: answers name the limit.
fn limit_of(id: &str) -> Limit {
    if is_username(id) { Limit::LoginFailure } else { Limit::ClientFailure }
}

/// Publishable clients have a grant of their own, and their names stand in pages: who
/// uses one here is told so. Of other clients nothing is said.
async fn unauthenticated(context: &Context, id: &str) -> TokenError {
    if !is_plain(id) {
        return TokenError::InvalidClient;
    }
    let server = async { context.store.read().await?.conn().publishable_server(id).await };
    match server.await {
        Ok(Some(_)) => TokenError::UnauthorizedClient,
        Ok(None) => TokenError::InvalidClient,
        Err(error) => error.into(),
    }
}

async fn by_secret(
    context: &Context,
    id: &str,
    client: Option<ClientLogin>,
    secret: &Secret,
) -> Result<Authenticated, TokenError> {
    let hashes = client.as_ref().map(|client| client.secrets.as_slice()).unwrap_or_default();
    let mut right = false;
    for at in 0..LIVE_SECRETS {
        // As many comparisons for every client, and for none.
        right |= match hashes.get(at) {
            Some(hash) => context.verify(hash, secret).await,
            None => SecretHash::verify_nothing(secret, &context.keys),
        };
    }
    if let Some(client) = client.filter(|client| right && client.active) {
        return Ok(of_client(id, &client));
    }
    let (_, login) = context.lookups.login(context, LoginAttempt::unlimited(plain(id))).await?;
    match authenticate_credential(context, login, secret).await {
        Ok((Principal { subject: Subject::User { credential_id, .. }, scopes, .. }, checked)) => {
            Ok(Authenticated {
                id: id.to_owned(),
                kind: TokenKind::User,
                owner: TokenOwner::Credential(credential_id),
                held: scopes,
                stopped: false,
                checked: Some(checked),
            })
        }
        Ok(_) | Err(Error::Refused(_)) => Err(TokenError::InvalidClient),
        Err(failed) => Err(TokenError::Failed(failed)),
    }
}

async fn by_assertion(
    context: &Context,
    named: Option<&str>,
    assertion: &Secret,
) -> Result<Authenticated, TokenError> {
    let assertion = Assertion::read(assertion.expose()).ok_or(TokenError::InvalidClient)?;
    let id = assertion.client_id.as_str();
    if named.is_some_and(|named| named != id) {
        return Err(TokenError::InvalidClient);
    }
    let (_, client) =
        context.lookups.client_login(context, LoginAttempt::unlimited(plain(id))).await?;
    let keys = client.as_ref().map_or_else(JwkSet::default, |client| client.keys.clone());
    if keys.keys().is_empty() {
        assertion.verify_nothing();
    }
    let (terms, now) = (&context.terms, context.clock.now());
    let audiences = [terms.issuer.as_str(), terms.token_url.as_str()];
    let verified = assertion.verify(&keys, &audiences, now);
    let (Some(client), Some(Verified { once, expires_at })) =
        (client.filter(|client| client.active), verified)
    else {
        return Err(TokenError::InvalidClient);
    };
    // Committed by itself: a request that fails later has used its assertion up.
    let mut tx = context.store.begin().await?;
    let first = tx.conn().use_once(&once, now, expires_at).await?;
    tx.commit().await?;
    if first { Ok(of_client(id, &client)) } else { Err(TokenError::InvalidClient) }
}

fn of_client(id: &str, client: &ClientLogin) -> Authenticated {
    Authenticated {
        id: id.to_owned(),
        kind: TokenKind::App,
        owner: TokenOwner::Client(id.to_owned()),
        held: client.scopes,
        stopped: client.stopped,
        checked: None,
    }
}
