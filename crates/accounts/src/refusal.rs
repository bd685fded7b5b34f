//! Every way we say no, without a word of HTTP.

use doorstep_wire::{Code, FieldProblem};

use crate::{limits::Standing, order::OrderRefusal, scope::Scope};

/// Why a request is refused. What went wrong on our side is not here: that is a
/// failure, and its reader is the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The body is not a JSON object.
    MalformedBody {
        /// What the parser said.
        detail: String,
    },
    /// No credentials were sent.
    Unauthenticated,
    /// The bearer token is unknown, expired or revoked; which one is not said.
    InvalidToken,
    /// The token is bound to a key and came without a proof of it.
    TokenIsBound,
    /// The token came with a proof and is bound to no key.
    TokenIsNotBound,
    /// The DPoP proof is not one for this request and this token.
    InvalidDpopProof {
        /// Completes "the DPoP proof …".
        why: &'static str,
    },
    /// An access token stands in the body, beside the one that counts (RFC 6750 §2).
    TokenInBody,
    /// The API credential is wrong, revoked, or its account is not active;
    /// which one is not said.
    InvalidCredential,
    /// The address or the password is wrong, or the account is not active; which one is
    /// not said.
    InvalidLogin,
    /// The caller does not hold the scope.
    InsufficientScope {
        /// The scope that the route needs.
        needed: Scope,
    },
    /// The route is about a user's own account, and the caller speaks for no user.
    UserNeeded,
    /// A token that is for back ends alone was sent by a page.
    BrowserUseForbidden,
    /// The page's origin is not one of the client's.
    OriginNotAllowed {
        /// The origin.
        origin: String,
    },
    /// The provider server is not one of the client's.
    ProviderServerNotAllowed {
        /// The canonical server.
        server: String,
    },
    /// The request contradicts what its sign-up token is bound to.
    AuthorizationDetailsMismatch {
        /// The member that differs.
        field: &'static str,
    },
    /// The route is for sign-up tokens only.
    SignUpTokenNeeded,
    /// Registration is switched off: everywhere, for the client, or for the server.
    RegistrationDisabled,
    /// The solution of a puzzle is none, or not for this, or came late or twice.
    PuzzleUnsolved {
        /// Which of these.
        why: &'static str,
    },
    /// There is no such pending sign-up, or none that the caller may decide.
    PendingNotFound,
    /// The pending sign-up was confirmed or rejected before.
    PendingDecided,
    /// As many sign-ups wait as may.
    TooManyPending,
    /// No mail can ask whether the address is the user's.
    ConfirmationUnavailable {
        /// Why.
        why: &'static str,
    },
    /// There is no such user, or none that the caller may know of.
    UserNotFound,
    /// There is no such customer, or none that gets users.
    CustomerNotFound,
    /// What is to be changed was changed since the caller read it.
    StaleHash,
    /// The user has no such API credential.
    CredentialNotFound,
    /// The API credential was ended for good.
    CredentialRevoked,
    /// The user has had as many API credentials as there may be.
    TooManyCredentials,
    /// An administrator would lock himself out.
    OwnAccount,
    /// Nobody would be left to administer the platform.
    LastAdministrator,
    /// The identity has an account.
    AlreadyRegistered {
        /// The account's number, for the client that made it and nobody else.
        user_id: Option<i64>,
    },
    /// It is about an order, or about what can be ordered.
    Order(OrderRefusal),
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The first request with this key is still being worked on.
    RequestInProgress,
    /// The operator has not said what accounts of this kind can have.
    CatalogIncomplete,
    /// There were too many of these.
    RateLimited(Standing),
    /// `provider_server` or `provider_username` is absent.
    MissingProvider,
    /// Fields have faults.
    Invalid {
        /// All of them.
        faults: Vec<FieldProblem>,
    },
    /// A change has faults.
    InvalidChange {
        /// All of them.
        faults: Vec<FieldProblem>,
    },
}

impl Refusal {
    /// The code that programs read.
    pub const fn code(&self) -> Code {
        match self {
            Self::MalformedBody { .. } => Code::MalformedBody,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::InvalidToken | Self::TokenIsBound | Self::TokenIsNotBound => Code::InvalidToken,
            Self::InvalidDpopProof { .. } => Code::InvalidDpopProof,
            Self::TokenInBody => Code::InvalidRequest,
            Self::InvalidCredential | Self::InvalidLogin => Code::InvalidCredential,
            Self::InsufficientScope { .. } => Code::InsufficientScope,
            Self::UserNeeded => Code::UserNeeded,
            Self::BrowserUseForbidden => Code::BrowserUseForbidden,
            Self::OriginNotAllowed { .. } => Code::OriginNotAllowed,
            Self::ProviderServerNotAllowed { .. } => Code::ProviderServerNotAllowed,
            Self::AuthorizationDetailsMismatch { .. } => Code::AuthorizationDetailsMismatch,
            Self::SignUpTokenNeeded => Code::SignUpTokenNeeded,
            Self::RegistrationDisabled => Code::RegistrationDisabled,
            Self::PuzzleUnsolved { .. } => Code::PuzzleUnsolved,
            Self::PendingDecided => Code::SignUpDecided,
            Self::TooManyPending => Code::TooManyPending,
            Self::ConfirmationUnavailable { .. } => Code::ConfirmationUnavailable,
            Self::UserNotFound
            | Self::CustomerNotFound
            | Self::CredentialNotFound
            | Self::PendingNotFound => Code::NotFound,
            Self::StaleHash => Code::StaleHash,
            Self::Order(refusal) => refusal.code(),
            Self::CredentialRevoked => Code::CredentialRevoked,
            Self::TooManyCredentials => Code::TooManyCredentials,
            Self::OwnAccount => Code::OwnAccount,
            Self::LastAdministrator => Code::LastAdministrator,
            Self::AlreadyRegistered { .. } => Code::AlreadyRegistered,
            Self::IdempotencyKeyReused => Code::IdempotencyKeyReused,
            Self::RequestInProgress => Code::RequestInProgress,
            Self::CatalogIncomplete => Code::CatalogIncomplete,
            Self::RateLimited(_) => Code::RateLimited,
            Self::MissingProvider => Code::MissingProvider,
            Self::Invalid { .. } => Code::ValidationFailed,
            Self::InvalidChange { .. } => Code::InvalidChange,
        }
    }

    /// What happened and what to do.
    pub fn detail(&self) -> String {
        match self {
            Self::MalformedBody { detail } => detail.clone(),
            Self::InvalidDpopProof { why } => format!("the DPoP proof {why}"),
            Self::InsufficientScope { needed } => format!("this needs the scope {needed}"),
            Self::OriginNotAllowed { origin } => {
                format!(
                    "pages of {origin} may not use this client: the operator can add the origin"
                )
            }
            Self::ProviderServerNotAllowed { server } => {
                format!("{server} is not assigned to this client: the operator can assign it")
            }
            Self::AuthorizationDetailsMismatch { field } => {
                format!("{field} differs from what the sign-up token says: leave it out")
            }
            Self::PuzzleUnsolved { why } => {
                format!("the puzzle is not solved: {why}; ask for a new challenge")
            }
            Self::ConfirmationUnavailable { why } => format!("no confirmation is sent: {why}"),
            Self::Order(refusal) => refusal.detail(),
            Self::RateLimited(standing) => {
                let (limit, per) = (standing.limit.name(), standing.limit.per());
                let seconds = standing.retry_seconds();
                format!("the limit {limit:?} per {per} is reached: try again in {seconds} seconds")
            }
            Self::Invalid { faults } | Self::InvalidChange { faults } => {
                let sentences: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
                sentences.join("; ")
            }
            _ => self.sentence().to_owned(),
        }
    }

    /// The detail of a refusal that has nothing to add to it.
    const fn sentence(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "send an access token or an API credential",
            Self::InvalidToken => "the access token is unknown, expired or revoked: get a new one",
            Self::TokenIsBound => {
                "the access token is bound to a key: send it as `DPoP`, with a proof of that key"
            }
            Self::TokenIsNotBound => "the access token is not bound to a key: send it as `Bearer`",
            Self::TokenInBody => {
                "send the access token in the Authorization header alone, not in the body as well"
            }
            Self::InvalidCredential => {
                "the API username or password is wrong, or the account is not active"
            }
            Self::InvalidLogin => {
                "the e-mail address or the password is wrong, or the account is not active"
            }
            Self::UserNeeded => {
                "this is about a user's own account: use an API credential, or a token that one obtained"
            }
            Self::BrowserUseForbidden => {
                "this token could sign up anybody, so no page may have it: give the page a sign-up token (authorization_details), and revoke this one"
            }
            Self::SignUpTokenNeeded => {
                "this needs a sign-up token: ask for one with authorization_details"
            }
            Self::RegistrationDisabled => {
                "registration is switched off here: the operator can switch it on"
            }
            Self::PendingNotFound => "no sign-up of this id waits for you",
            Self::PendingDecided => {
                "this sign-up was confirmed or rejected before; nothing is shown again"
            }
            Self::TooManyPending => {
                "as many sign-ups wait for the provider's confirmation as may: try again later"
            }
            Self::UserNotFound => "there is no user of this number",
            Self::CustomerNotFound => "there is no customer of this number, or it is not on",
            Self::StaleHash => {
                "this was changed since you read it: read it again, and send its new hash"
            }
            Self::CredentialNotFound => "the user has no API credential of this number",
            Self::CredentialRevoked => {
                "the API credential was revoked, which is for good: issue a new one"
            }
            Self::TooManyCredentials => {
                "the user has as many API credentials as there may be: rotate one, or revoke some"
            }
            Self::OwnAccount => {
                "this is your own account: another administrator can suspend or delete it, or take its rights"
            }
            Self::LastAdministrator => "this is the last administrator: make another one first",
            Self::AlreadyRegistered { .. } => {
                "this username on this server has an account already; its credential is not shown again"
            }
            Self::IdempotencyKeyReused => {
                "this Idempotency-Key was used for another request: send a new one"
            }
            Self::RequestInProgress => {
                "the first request with this Idempotency-Key is still being worked on: ask again"
            }
            Self::CatalogIncomplete => {
                "the operator has not imported a catalogue with currencies and tax categories yet"
            }
            // The documented contract's exact text.
            Self::MissingProvider => "missing provider settings",
            // These have: see above.
            Self::MalformedBody { .. }
            | Self::InvalidDpopProof { .. }
            | Self::InsufficientScope { .. }
            | Self::OriginNotAllowed { .. }
            | Self::ProviderServerNotAllowed { .. }
            | Self::AuthorizationDetailsMismatch { .. }
            | Self::PuzzleUnsolved { .. }
            | Self::ConfirmationUnavailable { .. }
            | Self::Order(_)
            | Self::RateLimited(_)
            | Self::Invalid { .. }
            | Self::InvalidChange { .. } => "",
        }
    }
}
