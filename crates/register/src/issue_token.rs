//! Issuing access tokens by client credentials (RFC 6749 §4.4).

mod together;

use std::sync::Arc;

use doorstep_accounts::{
    Binding, Limit, PlainToken, Refusal, Scope, Scopes, Secret, Timestamp, TokenKind, dpop,
};
use doorstep_store::TokenOwner;

use self::together::Token;
use crate::{
    Context, Error,
    authenticate::use_proof,
    authenticate_client::{Authenticated, ClientAuthentication, authenticate},
    meter::{Meter, refuse_known},
    registration::check_open_now,
    sign_up::check_server,
};

pub use self::together::Tokens;

/// What a client sends.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who asks.
    pub client: ClientAuthentication,
    /// The scopes asked for; absent or empty: the default ones.
    pub scope: Option<String>,
    /// What the token is to be bound to (RFC 9396).
    pub authorization_details: Option<String>,
    /// The resources that the token is to be for (RFC 8707); there is one here.
    pub resources: Vec<String>,
    /// A proof of the key that the token is to be bound to (RFC 9449 §5).
    pub proof: Option<Secret>,
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
    /// The thumbprint of the key that it is bound to, if it is.
    pub jkt: Option<String>,
    /// Whether nobody vouches for whom it names.
    pub anonymous: bool,
}

/// Why there is no token (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Unknown client, wrong secret, switched off: one answer for all.
    #[error("client authentication failed")]
    InvalidClient,
    /// A publishable client, which has a grant of its own.
    #[error("the client has another grant")]
    UnauthorizedClient,
    /// A scope that does not exist or that the client does not hold.
    #[error("{0}")]
    InvalidScope(String),
    /// Nobody registers here now.
    #[error("registration is switched off")]
    RegistrationDisabled,
    /// `authorization_details` cannot be granted (RFC 9396 §5).
    #[error("{0}")]
    InvalidDetails(String),
    /// There were too many requests.
    #[error("{}", .0.detail())]
    Limited(Refusal),
    /// The token would be for somebody else's API (RFC 8707 §2).
    #[error("{0}")]
    InvalidTarget(String),
    /// The DPoP proof is not right (RFC 9449 §5).
    #[error("{0}")]
    InvalidProof(String),
    /// Something of ours failed.
    #[error("failed")]
    Failed(#[source] Error),
}

impl TokenError {
    /// Of what limits say.
    pub(crate) fn of_limit(error: Error) -> Self {
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
    let Authenticated { kind, owner, held, stopped, checked, .. } =
        authenticate(context, meter, &request.client).await?;
    let charge = context.limiter.charge(Limit::Token, &[owner.id()], &context.keys);
    refuse_known(context, meter, charge.as_slice()).map_err(TokenError::Limited)?;
    if let Some(other) = request.resources.iter().find(|one| !is_ours(one, &context.terms.issuer)) {
        return Err(TokenError::InvalidTarget(format!(
            "{other:?} is not this server: its tokens are for {} alone",
            context.terms.issuer
        )));
    }
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
    if let (TokenOwner::Client(client_id), true) = (&owner, scopes.holds(Scope::Register)) {
        if stopped || !context.terms.registration {
            return Err(TokenError::RegistrationDisabled);
        }
        // Without a server there is nothing else by which it could be switched off.
        if let Some(binding) = &binding {
            match check_open_now(context, client_id, &binding.identity.server_key).await {
                Ok(()) => {}
                Err(Error::Refused(_)) => return Err(TokenError::RegistrationDisabled),
                Err(failed) => return Err(TokenError::Failed(failed)),
            }
        }
    }
    let jkt = bound_key(context, binding.as_ref(), request.proof.as_ref()).await?;
    let token = PlainToken::generate(kind, &*context.entropy);
    let issued_at = context.clock.now();
    let written = Arc::new(Token {
        hash: token.hash(),
        owner,
        scopes,
        issued_at,
        expires_at: issued_at.plus_seconds(expires_in),
        binding: binding.clone(),
        jkt: jkt.clone(),
        charges: charge.into_iter().collect(),
    });
    context.tokens.write(context, meter, &written, checked.as_ref()).await?;
    let anonymous = false;
    Ok(IssuedToken { token, scopes, expires_in, issued_at, binding, jkt, anonymous })
}

/// Reads what a token is to be bound to, and holds it to what the operator
/// assigned to the client: its servers and its origins.
async fn bind(context: &Context, owner: &TokenOwner, details: &str) -> Result<Binding, TokenError> {
    let refuse = |why: String| TokenError::InvalidDetails(format!("authorization_details: {why}"));
    let TokenOwner::Client(client_id) = owner else {
        return Err(refuse("users do not register users".to_owned()));
    };
    let terms = &context.terms;
    let binding =
        Binding::parse(details, &terms.users_url, terms.names, terms.declared).map_err(refuse)?;
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

/// Whether a resource is this server: its URL with or without a slash at the end.
fn is_ours(resource: &str, issuer: &str) -> bool {
    resource.strip_suffix('/').unwrap_or(resource) == issuer
}

/// The key that the token is to be bound to: the one that the binding names (a
/// page's), or the one that the client proves to have.
async fn bound_key(
    context: &Context,
    binding: Option<&Binding>,
    proof: Option<&Secret>,
) -> Result<Option<String>, TokenError> {
    let named = binding.and_then(|binding| binding.jkt.clone());
    let Some(proof) = proof else { return Ok(named) };
    let request = dpop::Request { method: "POST", url: &context.terms.token_url, token: None };
    match use_proof(context, proof.expose(), request, named.as_deref()).await {
        Ok(jkt) => Ok(Some(jkt)),
        Err(Error::Refused(refusal @ Refusal::InvalidDpopProof { .. })) => {
            Err(TokenError::InvalidProof(refusal.detail()))
        }
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
