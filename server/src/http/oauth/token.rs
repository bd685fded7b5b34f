//! The token endpoint. Bodies are the `oauth2` crate's types.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use doorstep_accounts::Scope;
use doorstep_register::{IssuedToken, TokenError, TokenRequest, issue_token};
use oauth2::{
    AccessToken, ExtraTokenFields, StandardTokenResponse,
    basic::{BasicErrorResponseType as Kind, BasicTokenType},
};
use serde::{Deserialize, Serialize};

use super::{error::OAuthError, request::Parameters, widget};
use crate::http::{App, caller::proof, extract::Body, metered::Metered, reject::json as reply};

/// What the reference implementation adds to RFC 6749 §5.1.
#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// What the token is bound to (RFC 9396 §7).
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<[serde_json::Value; 1]>,
    /// Who vouches for that person, if it is nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    assurance: Option<String>,
}

impl ExtraTokenFields for Beside {}

/// `POST /api/oauth/token`
pub(crate) async fn token(
    State(app): State<App>,
    Metered(meter): Metered,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, OAuthError> {
    let json_allowed = app.settings.compat.json_token_request;
    let parameters = Parameters::read(&uri, &headers, &body, json_allowed)?;
    if parameters.grant_type.as_deref() == Some(widget::NAME) {
        let issued = widget::issue(&app, &headers, parameters).await;
        return issued.map(|issued| grant(&issued)).map_err(widget::as_oauth_error);
    }
    let request = read(&headers, parameters)?;
    let issued = issue_token(&app.context, &meter, request).await?;
    Ok(grant(&issued))
}

fn read(headers: &HeaderMap, mut parameters: Parameters) -> Result<TokenRequest, OAuthError> {
    match parameters.grant_type.as_deref() {
        None => {
            return Err(OAuthError::invalid_request(
                "grant_type is missing: send grant_type=client_credentials",
            ));
        }
        Some("client_credentials") => {}
        Some(_) => {
            return Err(OAuthError::Refused {
                kind: Kind::UnsupportedGrantType,
                detail: format!(
                    "the grants here are client_credentials and, for pages without a back end, {}",
                    widget::NAME
                ),
            });
        }
    }
    let client = parameters.authentication(headers)?;
    let proof = proof(headers).map_err(|why| TokenError::InvalidProof(why.to_owned()))?;
    let Parameters { scope, authorization_details, resources, .. } = parameters;
    Ok(TokenRequest { client, scope, authorization_details, resources, proof })
}

pub(super) fn grant(issued: &IssuedToken) -> Response {
    let mut body = StandardTokenResponse::new(
        AccessToken::new(issued.token.expose().to_owned()),
        // The RFC's and the reference implementation's spelling; the crate's own
        // is lower case, which clients that compare exactly do not know.
        BasicTokenType::Extension(token_type(issued.jkt.as_deref()).to_owned()),
        Beside {
            created_at: issued.issued_at.seconds(),
            authorization_details: issued.binding.as_ref().map(|binding| [binding.to_json()]),
            assurance: issued.anonymous.then(|| "anonymous".to_owned()),
        },
    );
    let seconds = u64::try_from(issued.expires_in).unwrap_or_default();
    body.set_expires_in(Some(&Duration::from_secs(seconds)));
    let scopes = issued.scopes.iter().map(Scope::name);
    body.set_scopes(Some(scopes.map(|name| oauth2::Scope::new(name.to_owned())).collect()));
    reply(StatusCode::OK, &body)
}

/// How a token is to be sent (RFC 6750, RFC 9449 §5).
pub(super) const fn token_type(jkt: Option<&str>) -> &'static str {
    if jkt.is_some() { "DPoP" } else { "Bearer" }
}
