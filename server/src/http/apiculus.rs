//! `/auth/…`, `/api/pass/signUpHelper` and `/api/v1/…` of the Apiculus API; how users are
//! made there is in `doors`.

use std::sync::LazyLock;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use doorstep_accounts::Secret;
use doorstep_dialects::apiculus::{self as dialect, AccountType};
use doorstep_register as register;

use super::{
    App,
    cached::Cached,
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
    static COUNTRIES: LazyLock<Cached> = LazyLock::new(|| list(dialect::encode_countries()));
    COUNTRIES.answer(&headers)
}

/// `GET /api/v1/stateList`
pub(crate) async fn states(RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let code = pairs.find(|(name, _)| name == "code").map(|(_, code)| code);
    Ok(list(dialect::encode_states(code.as_deref())?).answer(&headers))
}

/// The lists change with the program and never while it runs.
const LIST_CACHE: &str = "public, max-age=86400";

/// A list that everybody may have and keep.
fn list(text: impl Into<Bytes>) -> Cached {
    Cached::new("application/json", LIST_CACHE, text)
}
