//! Issuing access tokens by client credentials (RFC 6749 §4.4).

use doorstep_accounts::{
    Binding, Limit, PlainToken, Principal, Refusal, Scope, Scopes, Secret, Subject, Timestamp,
    TokenKind,
};
use doorstep_store::{NewToken, TokenOwner};

use crate::{
    Context, Error,
    authenticate::{authenticate_client, authenticate_credential},
    meter::{Attempts, Meter, refuse_known, take},
    sign_up::check_server,
};

/// How a client says who it is. An API credential is a client of its own user:
/// its username and password are accepted as `client_id` and `client_secret`.
#[derive(Debug)]
pub struct ClientCredentials {
    /// The `client_id`, or an API username.
    pub id: String,
    /// The `client_secret`, or an API password.
    pub secret: Secret,
}

/// What a client sends.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who asks.
    pub client: ClientCredentials,
    /// The scopes asked for; absent or empty: the default ones.
    pub scope: Option<String>,
    /// What the token is to be bound to (RFC 9396).
    pub authorization_details: Option<String>,
}

/// A token, for its owner.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token in clear.
    pub token: PlainToken,
    /// What it allows.
    pub scopes: Scopes,
    /// How long, in seconds.
    pub expires_in: i64,
    /// Since when.
    pub issued_at: Timestamp,
    /// What it is bound to, if it is a sign-up token.
    pub binding: Option<Binding>,
}

/// Why there is no token (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Unknown client, wrong secret, switched off: one answer for all.
    #[error("client authentication failed")]
    InvalidClient,
    /// A scope that does not exist or that the client does not hold.
    #[error("{0}")]
    InvalidScope(String),
    /// `authorization_details` cannot be granted (RFC 9396 §5).
    #[error("{0}")]
    InvalidDetails(String),
    /// There were too many requests.
    #[error("{}", .0.detail())]
    Limited(Refusal),
    /// Something of ours failed.
    #[error("failed")]
    Failed(#[source] Error),
}

impl TokenError {
    /// Of what limits say.
    fn of_limit(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => Self::Limited(refusal),
            failed @ Error::Failed(_) => Self::Failed(failed),
        }
    }
}

impl From<doorstep_store::StoreError> for TokenError {
    fn from(error: doorstep_store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Authenticates the client and issues a token.
pub async fn issue_token(
    context: &Context,
    meter: &Meter,
    request: TokenRequest,
) -> Result<IssuedToken, TokenError> {
    let (kind, owner, held) = authenticate(context, meter, &request.client).await?;
    let charge = context.limiter.charge(Limit::Token, &[owner.id()], &context.keys);
    refuse_known(context, meter, charge.as_slice()).map_err(TokenError::Limited)?;
    let binding = match &request.authorization_details {
        None => None,
        Some(details) => Some(bind(context, &owner, details).await?),
    };
    let (kind, scopes, expires_in) = if binding.is_some() {
        // A sign-up token does that and nothing else.
        let scopes = granted(held, Some(request.scope.as_deref().unwrap_or("register")))?;
        if scopes != Scopes::only(Scope::Register) {
            return Err(TokenError::InvalidScope(
                "a token with authorization_details holds the scope register alone".to_owned(),
            ));
        }
        (TokenKind::SignUp, scopes, context.terms.sign_up_token_seconds)
    } else {
        let scopes = granted(held, request.scope.as_deref())?;
        (kind, scopes, context.terms.token_seconds)
    };
    let token = PlainToken::generate(kind, &*context.entropy);
    let issued_at = context.clock.now();
    let mut tx = context.store.begin().await?;
    let new = NewToken {
        hash: &token.hash(),
        owner: &owner,
        scopes,
        issued_at,
        expires_at: issued_at.plus_seconds(expires_in),
        binding: binding.as_ref(),
    };
    tx.conn().add_token(&new).await?;
    take(context, &mut tx.conn(), meter, charge.as_slice()).await.map_err(TokenError::of_limit)?;
    tx.commit().await?;
    Ok(IssuedToken { token, scopes, expires_in, issued_at, binding })
}

/// Reads what a token is to be bound to, and holds it to what the operator
/// assigned to the client: its servers and its origins.
async fn bind(context: &Context, owner: &TokenOwner, details: &str) -> Result<Binding, TokenError> {
    let refuse = |why: String| TokenError::InvalidDetails(format!("authorization_details: {why}"));
    let TokenOwner::Client(client_id) = owner else {
        return Err(refuse("users do not register users".to_owned()));
    };
    let binding = Binding::parse(details, &context.terms.users_url).map_err(refuse)?;
    let mut read = context.store.read().await?;
    let mut conn = read.conn();
    match check_server(&mut conn, client_id, &binding.identity).await {
        Ok(()) => {}
        Err(Error::Refused(refusal)) => return Err(refuse(refusal.detail())),
        Err(failed) => return Err(TokenError::Failed(failed)),
    }
    for origin in &binding.origins {
        if !conn.has_origin(client_id, origin).await? {
            return Err(refuse(format!("{origin} is not one of this client's origins")));
        }
    }
    Ok(binding)
}

/// Who a client is: the kind of tokens that it gets, for whom they speak, and the
/// most that they can hold. Failures are counted by client and address.
pub(crate) async fn authenticate(
    context: &Context,
    meter: &Meter,
    credentials: &ClientCredentials,
) -> Result<(TokenKind, TokenOwner, Scopes), TokenError> {
    let attempts = Attempts::new(context, meter, Limit::ClientFailure, &credentials.id);
    attempts.may_go_on().await.map_err(TokenError::of_limit)?;
    let found = identify(context, credentials).await;
    if matches!(found, Err(TokenError::InvalidClient)) {
        attempts.count_failure().await.map_err(TokenError::of_limit)?;
    }
    found
}

async fn identify(
    context: &Context,
    credentials: &ClientCredentials,
) -> Result<(TokenKind, TokenOwner, Scopes), TokenError> {
    let ClientCredentials { id, secret } = credentials;
    let client = authenticate_client(context, id, secret).await.map_err(TokenError::Failed)?;
    if let Some(scopes) = client {
        return Ok((TokenKind::App, TokenOwner::Client(id.clone()), scopes));
    }
    match authenticate_credential(context, id, secret).await {
        Ok(Principal { subject: Subject::User { credential_id, .. }, scopes, .. }) => {
            Ok((TokenKind::User, TokenOwner::Credential(credential_id), scopes))
        }
        Ok(_) | Err(Error::Refused(_)) => Err(TokenError::InvalidClient),
        Err(failed) => Err(TokenError::Failed(failed)),
    }
}

fn granted(held: Scopes, asked: Option<&str>) -> Result<Scopes, TokenError> {
    let asked = Scopes::parse(asked.unwrap_or_default())
        .map_err(|unknown| TokenError::InvalidScope(unknown.to_string()))?;
    if asked.is_empty() {
        return Ok(held.default_grant());
    }
    if held.covers(asked) {
        Ok(asked)
    } else {
        Err(TokenError::InvalidScope(format!("this client holds only: {held}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(held: &str, asked: Option<&str>, expected: Option<&str>) {
        let granted = granted(Scopes::parse(held).unwrap(), asked);
        assert_eq!(granted.ok().map(|scopes| scopes.to_string()).as_deref(), expected);
    }

    #[test]
    fn a_grant_is_what_was_asked_for_and_never_more_than_held() {
        check("public register", Some("register"), Some("register"));
        check("public register", Some("public register"), Some("public register"));
        check("public register", None, Some("public"));
        check("register", Some(""), Some("register"));
        check("public", Some("register"), None);
        check("public", Some("admin"), None);
    }
}
