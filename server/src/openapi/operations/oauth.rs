//! OAuth clients, and pages without a back end.

use doorstep_wire::{Code, paths};

use crate::openapi::{
    answers::{
        AuthorizationServer, Claimed, IssuedChallenge, IssuedToken, ProtectedResource, TokenState,
    },
    operation::{Answer, Body, Caller, Operation, of},
    requests::{ChallengeRequest, ClaimRequest, OwnTokenRequest, TokenRequest, WidgetTokenRequest},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("POST", paths::OAUTH_TOKEN), "issueToken", "Get an access token")
        .says(
            "Client credentials (RFC 6749 §4.4). `authorization_details` (RFC 9396) of type `user_registration` bind \
             the token to one person, for one use: a sign-up token, which may stand in a page. A token for `register` \
             without them is for back ends only. With a `DPoP` header (RFC 9449) the token is bound to a key.",
        )
        .by(Caller::ClientOrPage)
        .takes(Body::json_or_form(of::<TokenRequest>))
        .answers(&[Answer::json(200, "The token", of::<IssuedToken>)]),
    Operation::new(("POST", paths::OAUTH_REVOKE), "revokeToken", "Revoke an own token")
        .says("RFC 7009: the answer is the same whether or not there was such a token.")
        .by(Caller::Client)
        .takes(Body::form(of::<OwnTokenRequest>))
        .answers(&[Answer::empty(200, "There is no such token any more")]),
    Operation::new(("POST", paths::OAUTH_INTROSPECT), "introspectToken", "Ask about an own token")
        .says("RFC 7662. Of tokens of others a client learns only that they are not active.")
        .by(Caller::Client)
        .takes(Body::form(of::<OwnTokenRequest>))
        .answers(&[Answer::json(200, "What it is, or that it is not active", of::<TokenState>)]),
    Operation::new(("POST", paths::CLAIM), "claimCredential", "Exchange a claim code for the password")
        .says(
            "For a panel's back end, where the sign-up token said `credential_delivery: claim`: the page got the \
             code, and the back end has the verifier of the challenge in the token (RFC 7636, S256).",
        )
        .by(Caller::Client)
        .takes(Body::form(of::<ClaimRequest>))
        .answers(&[Answer::json(200, "The API credential", of::<Claimed>)]),
    Operation::new(
        ("POST", paths::WIDGET_CHALLENGE),
        "issueChallenge",
        "Get a puzzle, for a page without a back end",
    )
    .says("The request has the page's `Origin`, as browsers send it. The puzzle is one of ALTCHA's, version 1.")
    .takes(Body::json(of::<ChallengeRequest>))
    .answers(&[Answer::json(200, "The puzzle", of::<IssuedChallenge>)])
    .refuses(&[Code::InvalidRequest, Code::OriginNotAllowed, Code::RegistrationDisabled]),
    Operation::new(
        ("POST", paths::WIDGET_TOKEN),
        "issueWidgetToken",
        "Exchange a solution for a sign-up token",
    )
    .says("The request has the page's `Origin`. Nobody vouches for the person, so the sign-up will wait.")
    .takes(Body::json_or_form(of::<WidgetTokenRequest>))
    .answers(&[Answer::json(200, "The token", of::<IssuedToken>)])
    .refuses(&[
        Code::InvalidRequest,
        Code::OriginNotAllowed,
        Code::PuzzleUnsolved,
        Code::RegistrationDisabled,
        Code::ValidationFailed,
        Code::TooManyPending,
    ]),
    Operation::new(
        ("GET", paths::AUTHORIZATION_SERVER),
        "authorizationServer",
        "What the authorization server can do",
    )
    .says("RFC 8414.")
    .answers(&[Answer::json(200, "The metadata", of::<AuthorizationServer>)]),
    Operation::new(
        ("GET", paths::PROTECTED_RESOURCE),
        "protectedResource",
        "Who gives tokens for this API",
    )
    .says("RFC 9728.")
    .answers(&[Answer::json(200, "The metadata", of::<ProtectedResource>)]),
];
