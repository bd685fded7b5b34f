//! The user API: bytes to a use-case, its outcome to bytes.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use doorstep_accounts::{
    Created, Fingerprint, IdempotencyKey, Identity, Principal, Refusal, SignUpToken, Subject,
};
use doorstep_dialects::native;
use doorstep_register::{self as register, Keyed, Meter};
use doorstep_wire::{Code, paths, session::Session};
use serde_json::{Value, json};

use super::{
    App,
    caller::Caller,
    extract::{Body, media_type},
    metered::Metered,
    reject::{Reject, json as reply},
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// `POST /api/users`
pub(crate) async fn sign_up(
    State(app): State<App>,
    Caller(caller): Caller,
    Metered(meter): Metered,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let created = create(&app, &meter, &caller, &headers, &body).await;
    metrics::counter!("doorstep_sign_ups_total", "outcome" => match &created {
        Ok(created) if created.replayed => "replayed",
        Ok(_) => "created",
        Err(reject) => reject.code(),
    })
    .increment(1);
    if let (Err(reject), Some(token)) = (&created, &caller.sign_up)
        && reject.is_final()
    {
        register::count_rejection(&app.context, token).await?;
    }
    let created = created?;
    let mut response = reply(StatusCode::CREATED, &native::encode_created(&created));
    if created.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if let Some(key) = headers.get(KEY) {
        response.headers_mut().insert(KEY, key.clone());
    }
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(paths::USERS));
    Ok(response)
}

async fn create(
    app: &App,
    meter: &Meter,
    caller: &Principal,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Created, Reject> {
    require_json(headers)?;
    let bound = caller.sign_up.as_ref().map(|token| &token.binding);
    let application = native::decode_sign_up(body, bound)?;
    let keyed = keyed(headers, caller, &application.identity, body)?;
    if caller.sign_up.is_some() && keyed.is_none() {
        return Err(Reject::new(
            Code::InvalidRequest,
            "a sign-up token is for one use: send an Idempotency-Key, so that a retry is possible",
        ));
    }
    Ok(register::sign_up(&app.context, meter, caller, application, keyed.as_ref()).await?)
}

/// `GET /api/widget/session`
pub(crate) async fn session(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Response, Reject> {
    let token = caller.sign_up.ok_or(Refusal::SignUpTokenNeeded)?;
    let SignUpToken { binding, expires_at, expired, .. } = *token;
    // An expired one still gets its own sign-up's answer again, and nothing else.
    if expired {
        return Err(Refusal::InvalidToken.into());
    }
    let left = expires_at.0 - app.context.clock.now().0;
    let session = Session {
        provider: binding.identity.provider,
        provider_server: binding.identity.server,
        provider_username: binding.identity.username,
        prefill: binding.prefill,
        locked: binding.locked,
        expires_in: left.max(0) / 1_000,
        credential_delivery: binding.delivery.name().to_owned(),
        fields: app.settings.form.fields().map(str::to_owned).collect(),
        branding: app.settings.branding.to_wire(),
    };
    Ok(reply(StatusCode::OK, &session))
}

/// The caller's key, with the fingerprint that makes a retry the same request:
/// who asks for what, and for whom, whatever the order of members or white space
/// in the body. For whom may stand in the token alone.
fn keyed(
    headers: &HeaderMap,
    caller: &Principal,
    identity: &Identity,
    body: &[u8],
) -> Result<Option<Keyed>, Reject> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key =
        value.to_str().ok().and_then(IdempotencyKey::parse).filter(|_| values.next().is_none());
    let key = key.ok_or_else(|| {
        Reject::new(
            Code::InvalidRequest,
            "Idempotency-Key must be one value of 16 to 128 printable characters, such as a UUID",
        )
    })?;
    let canonical = serde_json::from_slice::<Value>(body)
        .map(|body| body.to_string())
        .map_err(|error| Reject::internal(format!("a decoded body does not parse: {error}")))?;
    let Subject::App { client_id } = &caller.subject else { return Ok(None) };
    let parts = [
        "POST",
        paths::USERS,
        client_id,
        &identity.provider,
        &identity.server_key,
        &identity.username_key,
        &canonical,
    ];
    Ok(Some(Keyed { key, fingerprint: Fingerprint::of(&parts.map(str::as_bytes)) }))
}

/// `GET /api/users`
pub(crate) async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Response, Reject> {
    let id = own_id(&caller)?;
    let user = app.context.store.read().await?.conn().user(id).await?;
    let user = user.ok_or(Refusal::InvalidCredential)?;
    let body = native::profile(&user, &app.plan, &app.settings.accounts.timezone);
    Ok(reply(StatusCode::OK, &body))
}

/// `PATCH /api/users`
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let id = own_id(&caller)?;
    require_json(&headers)?;
    let change = native::decode_change(&body)?;
    register::change_account(&app.context, id, change).await?;
    // The documented contract's whole answer.
    Ok(reply(StatusCode::OK, &json!({})))
}

/// The caller's own account. A client's token speaks for nobody.
pub(crate) const fn own_id(caller: &Principal) -> Result<i64, Refusal> {
    match caller.subject {
        Subject::User { user_id, .. } => Ok(user_id),
        Subject::App { .. } => Err(Refusal::UserNeeded),
    }
}

pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Reject> {
    let media = media_type(headers);
    if media == "application/json"
        || (media.starts_with("application/") && media.ends_with("+json"))
    {
        Ok(())
    } else {
        Err(Reject::new(
            Code::UnsupportedMediaType,
            "send the body as JSON, with Content-Type: application/json",
        ))
    }
}
