//! Who is calling: one guard for every route that needs a scope.
//!
//! The guard runs before the handler and puts the [`Principal`] into the
//! request; there is no way to mount a guarded route without it.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{Limit, Principal, Refusal, Scope, Scopes, Secret, Subject, jwk};
use doorstep_dialects::{Authentication, Authorization};
use doorstep_register::{
    Error, Meter, Presented, admit, authenticate_session, authenticate_token, check_origin, log_in,
    visit,
};
use doorstep_store::Account;
use doorstep_wire::{Code, frame, paths};

use super::{
    App, doors::Door, extract::discard, in_flight::Place, metered::Metered, reject::Reject, routes,
};

/// The caller, after every check.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Reject> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Reject::internal("a handler asks for the caller of an open route"))
    }
}

/// The caller's own account, if it was read on the way.
#[derive(Debug, Clone)]
pub(crate) struct OwnAccount(pub(crate) Account);

/// Lets only callers with one of the scopes through.
pub(crate) async fn guard(
    State((app, scopes)): State<(App, &'static [Scope])>,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    let authorized = match Metered::of(&head.extensions) {
        Ok(Metered(meter)) => authorize(&app, &meter, scopes, &head).await,
        Err(reject) => Err(reject),
    };
    match authorized {
        Ok((principal, account)) => {
            head.extensions.insert(Caller(principal));
            if let Some(account) = account {
                head.extensions.insert(OwnAccount(account));
            }
            next.run(Request::from_parts(head, body)).await
        }
        Err(reject) => {
            Place::leave(&head.extensions);
            discard(body, app.settings.limits.body_deadline()).await;
            reject.into_response()
        }
    }
}

/// Checks a token that is bound to a key (RFC 9449 §7).
async fn by_dpop(
    app: &App,
    meter: &Meter,
    head: &Parts,
    token: &Secret,
) -> Result<Principal, Reject> {
    let refuse = |refusal: Refusal| {
        let said = format!("error=\"{}\", ", refusal.code().name());
        Reject::from(refusal).with(header::WWW_AUTHENTICATE, dpop_challenge(app, &said))
    };
    let proof = proof(&head.headers)
        .and_then(|proof| proof.ok_or("is missing: send it in the DPoP header"))
        .map_err(|why| refuse(Refusal::InvalidDpopProof { why }))?;
    // Without the query, in which no proof says anything.
    let url = format!("{}{}", app.public_url(), head.uri.path());
    let method = head.method.as_str();
    let presented = Presented::Dpop { proof: proof.expose(), method, url: &url };
    authenticate_token(&app.context, meter, token, presented).await.map_err(|error| match error {
        Error::Refused(limited @ Refusal::RateLimited(_)) => limited.into(),
        Error::Refused(refusal) => refuse(refusal),
        Error::Failed(failed) => failed.into(),
    })
}

/// The DPoP proof of a request, if it has one (RFC 9449 §4.1). The error completes
/// "the DPoP proof …".
pub(crate) fn proof(headers: &HeaderMap) -> Result<Option<Secret>, &'static str> {
    let mut values = headers.get_all("dpop").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err("is there twice: send one DPoP header");
    }
    value.to_str().map(|text| Some(Secret::new(text.trim()))).map_err(|_| "is not a JWT")
}

/// `WWW-Authenticate: DPoP` (RFC 9449 §7.1).
fn dpop_challenge(app: &App, said: &str) -> HeaderValue {
    let metadata = format!("{}{}", app.public_url(), paths::PROTECTED_RESOURCE);
    let algorithms = jwk::ALGORITHMS.join(" ");
    let text = format!(
        "DPoP realm=\"Doorstep\", {said}algs=\"{algorithms}\", resource_metadata=\"{metadata}\""
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("DPoP"))
}

async fn authorize(
    app: &App,
    meter: &Meter,
    scopes: &'static [Scope],
    head: &Parts,
) -> Result<(Principal, Option<Account>), Reject> {
    let headers = &head.headers;
    let door = Door::of(&head.extensions);
    let way = door.map_or(Authentication::Usual, |door| door.authentication);
    // The first is the one that most callers should ask for.
    let Some(&scope) = scopes.first() else {
        return Err(Reject::internal("a guarded route names no scope"));
    };
    let authorization = by(way, headers)?;
    let challenge = |reject, error| challenge(app, way, reject, (scope, headers), error);
    let is_dpop = matches!(authorization, Some(Authorization::Dpop(_)));
    let mut account = None;
    let principal = match authorization {
        None => {
            return Err(challenge(Refusal::Unauthenticated.into(), None));
        }
        Some(Authorization::Bearer(token)) => {
            let found = if matches!(way, Authentication::Token { .. }) {
                authenticate_session(&app.context, meter, &token).await
            } else {
                authenticate_token(&app.context, meter, &token, Presented::Bearer).await
            };
            found.map_err(|error| challenge(error.into(), Some("invalid_token")))?
        }
        Some(Authorization::Dpop(token)) => by_dpop(app, meter, head, &token).await?,
        Some(Authorization::Basic { username, password }) => {
            let refuse = |error: Error| challenge(error.into(), None);
            if head.method == Method::GET && head.uri.path() == paths::USERS {
                let visitor = visit(&app.context, meter, &username, &password).await;
                let (principal, read) = visitor.map_err(refuse)?;
                account = read;
                principal
            } else {
                log_in(&app.context, meter, &username, &password).await.map_err(refuse)?
            }
        }
    };
    // A bound sign-up token was held to its share before its proof was used up.
    if !(is_dpop && principal.sign_up.is_some()) {
        hold_to_share(app, meter, &principal, &head.method)?;
    }
    // An administrator's login that a browser remembers is no page's to use.
    let is_administration =
        scopes.iter().any(|scope| matches!(scope, Scope::AdminRead | Scope::AdminWrite));
    if (is_for_back_ends(&principal) || is_administration) && from_a_page(headers) {
        return Err(Refusal::BrowserUseForbidden.into());
    }
    if let Some(origin) = page_origin(app, headers) {
        let for_users = routes::is_for_ordering(head.uri.path());
        check_origin(&app.context, &principal, origin, for_users).await?;
    }
    if scopes.iter().any(|scope| principal.may(*scope)) {
        Ok((principal, account))
    } else {
        let refusal = Refusal::InsufficientScope { needed: scope };
        Err(challenge(refusal.into(), Some("insufficient_scope")))
    }
}

/// Holds a caller to its share of requests, whatever comes of them; a user also to
/// its share of those that change something.
fn hold_to_share(
    app: &App,
    meter: &Meter,
    caller: &Principal,
    method: &Method,
) -> Result<(), Refusal> {
    let who = match (&caller.sign_up, &caller.subject) {
        (Some(token), _) => token.hash.as_stored(),
        (None, Subject::App { client_id }) => client_id,
        (None, Subject::User { credential_id, .. }) => credential_id,
    };
    admit(&app.context, meter, Limit::Caller, &[who])?;
    if let Subject::User { user_id, .. } = caller.subject
        && !method.is_safe()
    {
        // By user: else every new credential would bring a share of its own.
        admit(&app.context, meter, Limit::Change, &[&user_id.to_string()])?;
    }
    Ok(())
}

/// The origin of the page that calls, if one does.
///
/// Our own frame calls from our own origin, or as its own site without any, and
/// names the page around it, whose token it uses; that page is held to the token
/// as if the form were part of it. To name a page is no right: what can run
/// script on our origin, or send headers without a browser, could also leave
/// `Origin` away.
fn page_origin<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    let read = |value: &'a HeaderValue| value.to_str().unwrap_or("null");
    let origin = headers.get(header::ORIGIN).map(read);
    let embedder = headers.get(frame::EMBEDDER).map(read);
    match origin {
        Some(origin) if embedder.is_none() || origin != app.public_origin() => Some(origin),
        _ => embedder,
    }
}

/// Whether the token is a client's and may do more than anybody may.
pub(super) fn is_for_back_ends(principal: &Principal) -> bool {
    principal.sign_up.is_none()
        && matches!(principal.subject, Subject::App { .. })
        && principal.scopes != Scopes::only(Scope::Public)
}

/// Browsers say `Origin` where a page's script asks another server, and
/// `Sec-Fetch-Site` wherever a page does; no script can leave them out. `none` is
/// a person's own doing, which is no page either.
pub(crate) fn from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        || headers.get("sec-fetch-site").is_some_and(|site| site != "none")
}

/// Adds `WWW-Authenticate` (RFC 6750 §3): without an `error` when nothing was
/// sent, with the scope when it was too little. A door with a way of its own names
/// that one and nothing else.
fn challenge(
    app: &App,
    way: Authentication,
    reject: Reject,
    (scope, request): (Scope, &HeaderMap),
    error: Option<&str>,
) -> Reject {
    let only = match way {
        Authentication::Usual => None,
        Authentication::Basic { realm } => Some(format!("Basic realm=\"{realm}\"")),
        Authentication::Token { .. } => Some("Bearer realm=\"Doorstep\"".to_owned()),
    };
    if let Some(only) = only {
        let only = HeaderValue::from_str(&only).ok().filter(|_| reject.is_unauthorized());
        return match only {
            // A browser would ask the person, on behalf of a page.
            Some(only) if !from_a_page(request) => reject.with(header::WWW_AUTHENTICATE, only),
            _ => reject,
        };
    }
    if !reject.is_unauthorized() && error != Some("insufficient_scope") {
        return reject;
    }
    let said = match error {
        None => format!("scope=\"{scope}\""),
        Some("insufficient_scope") => format!("error=\"insufficient_scope\", scope=\"{scope}\""),
        Some(error) => format!("error=\"{error}\""),
    };
    let metadata = format!("{}{}", app.public_url(), paths::PROTECTED_RESOURCE);
    let bearer = format!("Bearer realm=\"Doorstep\", {said}, resource_metadata=\"{metadata}\"");
    let bearer = HeaderValue::from_str(&bearer).unwrap_or(HeaderValue::from_static("Bearer"));
    let reject = reject.with(header::WWW_AUTHENTICATE, bearer);
    // A token that is bound to a key is refused as a bearer token, and any 401 tells
    // that the other scheme is there.
    let reject = match error {
        Some("insufficient_scope") => reject,
        Some(_) => {
            reject.with(header::WWW_AUTHENTICATE, dpop_challenge(app, "error=\"invalid_token\", "))
        }
        None => reject.with(header::WWW_AUTHENTICATE, dpop_challenge(app, "")),
    };
    if scope == Scope::Register || error.is_some() || from_a_page(request) {
        // An API credential never registers anybody: do not invite one. And a browser
        // would ask the person for it, on behalf of a page.
        reject
    } else {
        reject.with(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"Doorstep\", charset=\"UTF-8\""),
        )
    }
}

/// Reads what the caller says in the way of the door. What is said in another way is not
/// said.
fn by(way: Authentication, headers: &HeaderMap) -> Result<Option<Authorization>, Reject> {
    match way {
        Authentication::Usual => authorization(headers),
        // Such doors know one way only: whatever else is there is no credential.
        Authentication::Basic { .. } => {
            let read = authorization(headers).ok().flatten();
            Ok(read.filter(|it| matches!(it, Authorization::Basic { .. })))
        }
        Authentication::Token { header } => {
            let mut values = headers.get_all(header).iter();
            let token = values.next().and_then(|value| value.to_str().ok());
            let only = token.filter(|token| values.next().is_none() && !token.trim().is_empty());
            Ok(only.map(|token| Authorization::Bearer(Secret::new(token.trim()))))
        }
    }
}

/// Reads the `Authorization` header; `None` without one. Two of them are refused: which
/// one counts would be anybody's guess.
pub(crate) fn authorization(headers: &HeaderMap) -> Result<Option<Authorization>, Reject> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Reject::new(
            Code::InvalidRequest,
            "send one Authorization header, not several",
        ));
    }
    let read = value.to_str().ok().and_then(Authorization::parse);
    let read = read.ok_or_else(|| {
        Reject::new(
            Code::InvalidRequest,
            "the Authorization header is neither `Bearer <token>`, `DPoP <token>` nor `Basic <base64 of username:password>`",
        )
    })?;
    Ok(Some(read))
}
