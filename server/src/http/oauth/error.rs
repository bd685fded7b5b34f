//! How the OAuth endpoints say no (RFC 6749 §5.2).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorstep_accounts::Refusal;
use doorstep_register::TokenError;
use doorstep_wire::Code;
use oauth2::{StandardErrorResponse, basic::BasicErrorResponseType as Kind};

use super::widget;
use crate::http::reject::{Reject, json};

/// Why there is no token, or no answer about one.
#[derive(Debug)]
pub(crate) enum OAuthError {
    /// The client is told no.
    Refused {
        /// The registered name of the reason.
        kind: Kind,
        /// A sentence for the client's developer.
        detail: String,
    },
    /// There were too many requests. RFC 6749 has no error for it at these endpoints;
    /// `temporarily_unavailable` is what it calls an overload elsewhere (§4.1.2.1).
    Limited(Refusal),
    /// Something of ours failed.
    Failed(Reject),
}

impl OAuthError {
    /// The request is not one that RFC 6749 knows.
    pub(crate) fn invalid_request(detail: &str) -> Self {
        Self::Refused { kind: Kind::InvalidRequest, detail: detail.to_owned() }
    }

    /// A page in a browser asks, where only back ends may.
    pub(crate) fn page() -> Self {
        Self::Refused {
            kind: Kind::Extension(Code::BrowserUseForbidden.name().to_owned()),
            detail: "this endpoint is for back ends: ask from your server, not from a page"
                .to_owned(),
        }
    }
}

impl From<TokenError> for OAuthError {
    fn from(error: TokenError) -> Self {
        let (kind, detail) = match error {
            TokenError::InvalidClient => (
                Kind::InvalidClient,
                "the client is unknown, its secret or assertion is not valid, or it is switched off"
                    .to_owned(),
            ),
            TokenError::UnauthorizedClient => (
                Kind::UnauthorizedClient,
                format!("the client is publishable: its grant is {}, for its pages", widget::NAME),
            ),
            TokenError::InvalidScope(detail) => (Kind::InvalidScope, detail),
            TokenError::InvalidDetails(detail) => {
                (Kind::Extension("invalid_authorization_details".to_owned()), detail)
            }
            TokenError::RegistrationDisabled => (
                Kind::Extension(Code::RegistrationDisabled.name().to_owned()),
                Refusal::RegistrationDisabled.detail(),
            ),
            TokenError::InvalidTarget(detail) => {
                (Kind::Extension("invalid_target".to_owned()), detail)
            }
            TokenError::InvalidProof(detail) => {
                (Kind::Extension("invalid_dpop_proof".to_owned()), detail)
            }
            TokenError::Limited(refusal) => return Self::Limited(refusal),
            TokenError::Failed(error) => return Self::Failed(error.into()),
        };
        Self::Refused { kind, detail }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (kind, detail) = match self {
            Self::Refused { kind, detail } => (kind, detail),
            Self::Limited(refusal) => return limited(&refusal),
            Self::Failed(reject) => return reject.into_response(),
        };
        let unauthorized = kind == Kind::InvalidClient;
        let status = match &kind {
            Kind::InvalidClient => StatusCode::UNAUTHORIZED,
            // Ours, with the status that the same word has on other routes.
            Kind::Extension(code)
                if [Code::RegistrationDisabled, Code::BrowserUseForbidden]
                    .iter()
                    .any(|ours| ours.name() == code.as_str()) =>
            {
                StatusCode::FORBIDDEN
            }
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = json(status, &StandardErrorResponse::new(kind, Some(detail), None));
        if unauthorized {
            // A 401 names a scheme (RFC 9110 §15.5.2), however the client tried.
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Doorstep\", charset=\"UTF-8\""),
            );
        }
        response
    }
}

fn limited(refusal: &Refusal) -> Response {
    let kind = Kind::Extension("temporarily_unavailable".to_owned());
    let body = StandardErrorResponse::new(kind, Some(refusal.detail()), None);
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &body);
    if let Refusal::RateLimited(standing) = refusal {
        let wait = HeaderValue::from(standing.retry_seconds());
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}
