//! `/auth/…`, `/api/pass/signUpHelper` and `/api/v1/…` of the Apiculus API; how users are
//! made there is in `doors`.

use std::sync::LazyLock;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{Fingerprint, Secret};
use doorstep_dialects::apiculus::{self as dialect, AccountType};
use doorstep_register as register;

use super::{
    App,
    caller::Caller,
    doors::{RequestId, respond},
    extract::Body,
    metered::Metered,
    reject::Reject,
    users::{own_id, require_json},
};

type Answer = Result<Response, Reject>;

/// `POST /auth/login`
pub(crate) async fn login(
    State(app): State<App>,
    Metered(meter): Metered,
    RequestId(id): RequestId,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    require_json(&headers)?;
    let form = dialect::decode_login(&body)?;
    let opened =
        register::open_session(&app.context, &meter, &form.email_key, &form.password).await?;
    let account = AccountType::of(opened.is_admin, opened.by_client);
    let (currency, last) = (&opened.currency, opened.last_login_at);
    Ok(respond(dialect::encode_login(&opened.token, account, currency, last, &id)))
}

/// `POST /auth/logout`
pub(crate) async fn logout(
    State(app): State<App>,
    Caller(caller): Caller,
    RequestId(id): RequestId,
    headers: HeaderMap,
) -> Answer {
    let token = headers.get(dialect::TOKEN_HEADER).and_then(|value| value.to_str().ok());
    let token = Secret::new(token.unwrap_or_default().trim());
    register::close_session(&app.context, own_id(&caller)?, &token).await?;
    Ok(respond(dialect::encode_logout(&id)))
}

/// `GET /api/pass/signUpHelper`
pub(crate) async fn helper(State(app): State<App>, RequestId(id): RequestId) -> Answer {
    let catalog = app.context.catalog().await?;
    Ok(respond(dialect::encode_helper(&catalog, &id)?))
}

/// `GET /api/v1/countryList`
pub(crate) async fn countries(headers: HeaderMap) -> Response {
    static COUNTRIES: LazyLock<String> = LazyLock::new(dialect::encode_countries);
    public(&COUNTRIES, &headers)
}

/// `GET /api/v1/stateList`
pub(crate) async fn states(RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let code = pairs.find(|(name, _)| name == "code").map(|(_, code)| code);
    Ok(public(&dialect::encode_states(code.as_deref())?, &headers))
}

/// The lists change with the program and never while it runs.
const LIST_CACHE: &str = "public, max-age=86400";

/// A list that everybody may have and keep.
fn public(list: &str, headers: &HeaderMap) -> Response {
    let digest = Fingerprint::of(&[list.as_bytes()]);
    let etag = format!("\"{}\"", digest.as_stored().get(..32).unwrap_or_default());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh = known
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], list.to_owned()).into_response()
    };
    let set = response.headers_mut();
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(LIST_CACHE));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        set.insert(header::ETAG, etag);
    }
    response
}
