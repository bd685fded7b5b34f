//! Limits at the door: each request gets a [`Meter`], and its answer says what the
//! meter shows (draft-ietf-httpapi-ratelimit-headers-11).

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{ClientAddress, Limit, Standing, limits::Kept};
use doorstep_register::{Meter, admit};
use doorstep_wire::paths;

use super::{
    App, client_address, extract::discard, in_flight::Place, oauth::OAuthError, reject::Reject,
    routes,
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// A page may read that its visitor's address asked too often. Which origins are known
/// is not looked up for it, and the answer says nothing about anybody else.
const READABLE: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after,ratelimit,ratelimit-policy"),
    ),
];

/// The meter of the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct Metered(pub(crate) Arc<Meter>);

impl Metered {
    /// The meter that the layer put there.
    pub(crate) fn of(extensions: &Extensions) -> Result<Self, Reject> {
        let metered = extensions.get::<Self>().cloned();
        metered
            .ok_or_else(|| Reject::internal("a handler asks for the meter of an unmetered route"))
    }
}

impl<S: Sync> FromRequestParts<S> for Metered {
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Reject> {
        Self::of(&parts.extensions)
    }
}

/// Holds a request to its address's share and tells the sender how it stands. The
/// first thing that happens to a request to the API, a preflight or the frame: nothing
/// is looked up before.
pub(crate) async fn meter(
    app: &App,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let meter = Arc::new(Meter::new(address(app, &request)));
    request.extensions_mut().insert(Metered(Arc::clone(&meter)));
    let address = meter.address().to_string();
    let mut response = match admit(&app.context, &meter, Limit::Address, &[&address]) {
        Ok(()) => next(request).await,
        Err(refusal) => {
            let for_oauth_clients = is_for_oauth_clients(request.uri().path());
            let for_pages = routes::is_cross_origin(request.uri().path());
            Place::leave(request.extensions());
            discard(request.into_body(), app.settings.limits.body_deadline()).await;
            let mut response = if for_oauth_clients {
                OAuthError::Limited(refusal).into_response()
            } else {
                Reject::from(refusal).into_response()
            };
            if for_pages {
                response.headers_mut().extend(READABLE);
            }
            response
        }
    };
    tell(&meter.standings(), response.headers_mut());
    response
}

/// Whether answers have the form of RFC 6749 §5.2.
fn is_for_oauth_clients(path: &str) -> bool {
    path.starts_with("/api/oauth/") || path == paths::CLAIM
}

fn address(app: &App, request: &Request) -> ClientAddress {
    /// A proxy that is not trusted makes all its clients one; the operator is told once.
    static TOLD: AtomicBool = AtomicBool::new(false);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let trusted = &app.settings.server.trusted_proxies;
    if client_address::is_strange_proxy(peer, request.headers(), trusted)
        && !TOLD.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            %peer,
            "X-Forwarded-For comes from an address that is not in server.trusted_proxies: it is passed over. \
             If that is your proxy, name it there, or all who come through it share one limit"
        );
    }
    client_address::find(peer, request.headers(), trusted).into()
}

/// Writes what is left. Of the limits that each process keeps for itself only
/// those are told that refused, unless there are no others.
fn tell(standings: &[Standing], headers: &mut HeaderMap) {
    let shared = standings.iter().any(|standing| standing.limit.kept() == Kept::Database);
    let (mut policies, mut states) = (String::new(), String::new());
    for standing in standings {
        let Standing { limit, rate, refused, .. } = standing;
        if *refused {
            metrics::counter!("doorstep_rate_limited_total", "limit" => limit.name()).increment(1);
        }
        let is_told = match limit.kept() {
            Kept::Database => true,
            Kept::Process => *refused || (!shared && *limit != Limit::Address),
        };
        if !is_told {
            continue;
        }
        let comma = if policies.is_empty() { "" } else { ", " };
        let (name, quota, window) = (limit.name(), rate.quota(), rate.seconds());
        let (left, reset) = (standing.remaining(), standing.reset_seconds());
        // Writing to a string does not fail.
        let _ = write!(policies, "{comma}\"{name}\";q={quota};w={window}");
        let _ = write!(states, "{comma}\"{name}\";r={left};t={reset}");
    }
    if let (false, Ok(policies), Ok(states)) =
        (policies.is_empty(), HeaderValue::try_from(policies), HeaderValue::try_from(states))
    {
        headers.insert(POLICY, policies);
        headers.insert(STANDING, states);
    }
}
