//! THE table of error codes: name, status, title, and whether to try again.

/// Declares the codes and everything that belongs to each, in one place.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:literal, $retry:literal, $title:literal;)+) => {
        /// Why a request was refused; stable, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire. It never changes once released.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// Whether the same request can succeed later, unchanged.
            pub const fn retry(self) -> bool {
                match self { $(Self::$variant => $retry,)+ }
            }

            /// A short English summary of the kind of problem (RFC 9457 §3.1.4).
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What it means and what to do, for the page of error codes.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or not an object. Send one JSON object.
    MalformedBody = "malformed_body", 400, false, "The body is not a JSON object";
    /// The request is not well-formed: the detail says how.
    InvalidRequest = "invalid_request", 400, false, "The request is not well-formed";
    /// A changed field has a fault. Each fault names its field.
    InvalidChange = "invalid_change", 400, false, "The change has faults";
    /// No credentials were sent. Use a bearer token, or Basic with an API credential where that is allowed.
    Unauthenticated = "unauthenticated", 401, false, "Authentication is needed";
    /// The access token is unknown, expired or revoked. Get a new one.
    InvalidToken = "invalid_token", 401, false, "The access token is not valid";
    /// The `DPoP` proof does not fit the request or the access token. Make a new one for each request (RFC 9449).
    InvalidDpopProof = "invalid_dpop_proof", 401, false, "The DPoP proof is not valid";
    /// The API username or password is wrong, or the account is not active. At a login with an e-mail address: that or the password.
    InvalidCredential = "invalid_credential", 401, false, "The API credential is not valid";
    /// The credentials are valid and do not hold the scope that this route needs.
    InsufficientScope = "insufficient_scope", 403, false, "The scope does not allow this";
    /// The caller is an OAuth client, which speaks for no user. Use an API credential, or a token that one obtained.
    UserNeeded = "user_needed", 403, false, "A user's credentials are needed";
    /// A register token without `authorization_details` is for back ends, and a browser sent it. Whoever sees it can sign up anybody: revoke it, and give pages sign-up tokens.
    BrowserUseForbidden = "browser_use_forbidden", 403, false, "This token is not for pages";
    /// The page's origin is not on the OAuth client's list. The operator adds it with `doorstep client create --origin`.
    OriginNotAllowed = "origin_not_allowed", 403, false, "The page's origin is not allowed";
    /// The OAuth client may not register users of this provider server. The operator assigns servers to clients.
    ProviderServerNotAllowed = "provider_server_not_allowed", 403, false, "The provider server is not this client's";
    /// The body says something else than the sign-up token that it came with. What the token says need not be sent.
    AuthorizationDetailsMismatch = "authorization_details_mismatch", 403, false, "The sign-up token says otherwise";
    /// The route takes sign-up tokens only: those that the token endpoint gives for `authorization_details`.
    SignUpTokenNeeded = "sign_up_token_needed", 403, false, "A sign-up token is needed";
    /// Registration is switched off: for the whole installation (`accounts.registration`), for publishable clients (`publishable.enabled`), or for this client or server (`doorstep registration open`).
    RegistrationDisabled = "registration_disabled", 403, false, "Registration is switched off";
    /// Orders are switched off: the operator has set no `provisioning.driver`. What is offered can be read all the same.
    OrderingDisabled = "ordering_disabled", 403, false, "Orders are switched off";
    /// The solution is wrong, late, used, or of a challenge for another client or page. Ask for a new challenge.
    PuzzleUnsolved = "puzzle_unsolved", 403, false, "The puzzle is not solved";
    /// There is nothing at this path.
    NotFound = "not_found", 404, false, "Nothing is here";
    /// The path does not take this method; `Allow` lists those that it takes.
    MethodNotAllowed = "method_not_allowed", 405, false, "The method is not allowed here";
    /// The reply can only be JSON, and `Accept` excludes that.
    NotAcceptable = "not_acceptable", 406, false, "The reply can only be JSON";
    /// The request did not arrive in time. Send it again over a better line.
    RequestTimeout = "request_timeout", 408, true, "The request took too long to arrive";
    /// This person already has an account here. No credential is shown again.
    AlreadyRegistered = "already-registered", 409, false, "Already registered";
    /// Administrators cannot suspend, delete or demote themselves. Another administrator can.
    OwnAccount = "own_account", 409, false, "This is your own account";
    /// Nobody would be left to administer the platform. Make another administrator first.
    LastAdministrator = "last_administrator", 409, false, "This is the last administrator";
    /// What is to be changed was changed since its `hash` was read. Read it again.
    StaleHash = "stale_hash", 409, false, "It was changed meanwhile";
    /// The API credential was revoked. Issue a new one.
    CredentialRevoked = "credential_revoked", 409, false, "The API credential was revoked";
    /// A user has at most 50 API credentials that work. Rotate one, or revoke some.
    TooManyCredentials = "too_many_credentials", 409, false, "Too many API credentials";
    /// The first request with this `Idempotency-Key` is still being worked on. Ask again after `Retry-After`.
    RequestInProgress = "request-in-progress", 409, true, "The request is in progress";
    /// The order is not in a state from which this leads on: only one that nobody has begun to work on can be cancelled, only one that failed can be tried again.
    OrderState = "order_state", 409, false, "The order is in another state";
    /// The passwords that were sent with a failed order are kept for a week. Place a new order.
    OrderSecretsGone = "order_secrets_gone", 409, false, "What was sent with the order is gone";
    /// The pending sign-up was confirmed or rejected before.
    SignUpDecided = "sign_up_decided", 409, false, "The sign-up was decided before";
    /// No mail can ask whether the address is the user's: the operator has set no mail server (`[mail]`), or the address was made up, so that nobody reads it. Set an address first.
    ConfirmationUnavailable = "confirmation_unavailable", 409, false, "No confirmation can be sent";
    /// The link in the mail is too old, was replaced by a newer one, or belongs to another address. Ask for a new mail.
    ConfirmationEnded = "confirmation_ended", 410, false, "The link no longer works";
    /// The body is larger than the route takes.
    BodyTooLarge = "body_too_large", 413, false, "The body is too large";
    /// The URL is longer than any that this server has.
    UriTooLong = "uri_too_long", 414, false, "The URL is too long";
    /// The media type of the body is not one that the route takes. Send `application/json`, not compressed.
    UnsupportedMediaType = "unsupported_media_type", 415, false, "The media type is not supported";
    /// Some fields have faults. Each fault names its field with a JSON pointer.
    ValidationFailed = "validation_failed", 422, false, "Some fields have faults";
    /// `provider_server` or `provider_username` is absent. Both say for whom the account is.
    MissingProvider = "missing_provider_settings", 422, false, "The provider settings are missing";
    /// The `Idempotency-Key` was used for another request. Send a new key with a new request, the same body with the same key.
    IdempotencyKeyReused = "idempotency-key-reused", 422, false, "The idempotency key was used before";
    /// `api_version` in `Accept` names a version that does not exist.
    UnsupportedVersion = "unsupported_version", 422, false, "The API version is not supported";
    /// There were too many requests of this kind. `Retry-After` says when to try again, `RateLimit` how much is left.
    /// After too many failed logins from one address a right password is refused there as well, and nowhere else.
    RateLimited = "rate_limited", 429, true, "Too many requests";
    /// The server failed. The request id finds the cause in its log.
    Internal = "internal_error", 500, true, "The server failed";
    /// As many sign-ups as may wait for the provider's confirmation. It passes when some are decided, or after a day.
    TooManyPending = "too_many_pending_sign_ups", 503, true, "Too many sign-ups are waiting";
    /// There is no catalogue yet, or one without currencies and tax categories. The operator imports it with `doorstep catalog import`.
    CatalogIncomplete = "catalog_incomplete", 503, true, "The catalogue is incomplete";
    /// The server's disk is full: it answers what it has, and takes nothing new. The operator makes room; nothing has to be restarted.
    StorageFull = "storage_full", 503, true, "There is no room left to write";
    /// The server cannot reach what it needs, or is stopping. `Retry-After` says when to try again.
    Unavailable = "unavailable", 503, true, "The service is unavailable for now";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL[..at].iter().all(|other| other.name() != code.name()), "{code:?}");
        }
    }
}
