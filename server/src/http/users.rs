//! The user API: bytes to a use-case, its outcome to bytes.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use doorstep_accounts::{
    ConfirmationState, Created, Fingerprint, IdempotencyKey, Identity, Principal, Refusal,
    SignUpToken, Subject,
};
use doorstep_dialects::{Holdings, native};
use doorstep_register::{self as register, Asker, Held, Keyed, Meter};
use doorstep_wire::{
    Code, paths,
    session::{Form, Session},
};
use serde_json::{Map, Value, json};

use crate::config::Custom;

use super::{
    App,
    caller::{Caller, OwnAccount},
    extract::{Body, media_type},
    metered::Metered,
    reject::{Reject, json as reply},
    signups,
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
    let signed_up = attempt(&app, &meter, &caller, Sender::Program(&headers), &body).await;
    let response = match signed_up? {
        SignedUp::Created(created) => created_response(&created, &headers),
        SignedUp::Held(held) => {
            let mut response = signups::accepted(&held);
            answer_keyed(&mut response, &headers, held.replayed);
            response
        }
    };
    Ok(response)
}

/// Where a sign-up comes from.
pub(super) enum Sender<'a> {
    /// A program, the widget among them: with these headers.
    Program(&'a HeaderMap),
    /// The page that is drawn here, with the key that it was given.
    Page(IdempotencyKey),
}

/// Signs up whoever the body describes, and counts it.
pub(super) async fn attempt(
    app: &App,
    meter: &Meter,
    caller: &Principal,
    sender: Sender<'_>,
    body: &[u8],
) -> Result<SignedUp, Reject> {
    // The widget has the rules with it and sends no such faults. Whoever types without a
    // script makes them, may make many, and learns nothing of anybody by it.
    let forgives = matches!(sender, Sender::Page(_));
    let signed_up = create(app, meter, caller, sender, body).await;
    metrics::counter!("doorstep_sign_ups_total", "outcome" => match &signed_up {
        Ok(SignedUp::Created(Created { replayed: true, .. })
        | SignedUp::Held(Held { replayed: true, .. })) => "replayed",
        Ok(SignedUp::Created(_)) => "created",
        Ok(SignedUp::Held(_)) => "pending",
        Err(reject) => reject.code(),
    })
    .increment(1);
    if let (Err(reject), Some(token)) = (&signed_up, &caller.sign_up)
        && reject.is_final()
        && !(forgives && reject.code() == Code::ValidationFailed.name())
    {
        register::count_rejection(&app.context, token).await?;
    }
    signed_up
}

/// What became of a request.
pub(super) enum SignedUp {
    /// There is an account.
    Created(Created),
    /// Somebody will decide.
    Held(Held),
}

/// The answer with the credential.
pub(crate) fn created_response(created: &Created, headers: &HeaderMap) -> Response {
    let mut response = reply(StatusCode::CREATED, &native::encode_created(created));
    answer_keyed(&mut response, headers, created.replayed);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(paths::USERS));
    response
}

/// Says which key an answer belongs to, and whether it is the first.
pub(crate) fn answer_keyed(response: &mut Response, request: &HeaderMap, replayed: bool) {
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if let Some(key) = request.get(KEY) {
        response.headers_mut().insert(KEY, key.clone());
    }
}

async fn create(
    app: &App,
    meter: &Meter,
    caller: &Principal,
    sender: Sender<'_>,
    body: &[u8],
) -> Result<SignedUp, Reject> {
    if let Sender::Program(headers) = sender {
        require_json(headers)?;
    }
    let bound = caller.sign_up.as_ref().map(|token| &token.binding);
    // Our page and our form ask what the operator declared. A program asks what it will.
    let asked = bound.is_some() || matches!(sender, Sender::Page(_));
    let terms = &app.context.terms;
    let decoded = native::decode_sign_up(body, bound, terms.names, terms.declared, asked);
    let key = match (sender, &decoded) {
        (Sender::Program(headers), Ok(_)) => idempotency_key(headers)?,
        (Sender::Program(headers), Err(_)) => idempotency_key(headers).ok().flatten(),
        (Sender::Page(key), _) => Some(key),
    };
    let application = match decoded {
        Ok(application) => application,
        Err(refusal) => {
            let before = answered_before(app, meter, caller, key, body).await?;
            return before.map(SignedUp::Created).ok_or_else(|| refusal.into());
        }
    };
    let keyed = keyed(key, caller, &application.identity, body)?;
    if caller.sign_up.is_some() && keyed.is_none() {
        return Err(Reject::new(
            Code::InvalidRequest,
            "a sign-up token is for one use: send an Idempotency-Key, so that a retry is possible",
        ));
    }
    if let (true, Some(keyed)) = (register::is_anonymous(caller), &keyed) {
        let held = register::hold_sign_up(&app.context, meter, caller, application, keyed).await?;
        return Ok(SignedUp::Held(held));
    }
    let created =
        register::sign_up(&app.context, meter, caller, application, keyed.as_ref()).await?;
    Ok(SignedUp::Created(created))
}

/// The answer to a request that was made before the operator asked what it does not say.
async fn answered_before(
    app: &App,
    meter: &Meter,
    caller: &Principal,
    key: Option<IdempotencyKey>,
    body: &[u8],
) -> Result<Option<Created>, Reject> {
    if key.is_none() {
        return Ok(None);
    }
    let bound = caller.sign_up.as_ref().map(|token| &token.binding);
    let terms = &app.context.terms;
    // As it is asked today, or with nothing asked where that has another form now.
    let read = |declared| native::decode_sign_up(body, bound, terms.names, declared, false);
    let Ok(application) = read(terms.declared).or_else(|_| read(&[])) else { return Ok(None) };
    let Some(keyed) = keyed(key, caller, &application.identity, body)? else { return Ok(None) };
    match register::sign_up_again(&app.context, meter, caller, application, &keyed).await {
        Ok(before) => Ok(before),
        // The key is that of another request, and this one is wrong by itself.
        Err(register::Error::Refused(_)) => Ok(None),
        Err(failed) => Err(failed.into()),
    }
}

/// `GET /api/widget/session`
pub(crate) async fn session(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Response, Reject> {
    if caller.sign_up.is_some() {
        register::check_registration(&app.context, &caller).await?;
    }
    let token = caller.sign_up.ok_or(Refusal::SignUpTokenNeeded)?;
    let SignUpToken { binding, expires_at, expired, .. } = *token;
    // An expired one still gets its own sign-up's answer again, and nothing else.
    if expired {
        return Err(Refusal::InvalidToken.into());
    }
    let left = expires_at.0 - app.context.clock.now().0;
    let Form { fields, custom, branding } = questions(&app);
    let session = Session {
        provider: binding.identity.provider,
        provider_server: binding.identity.server,
        provider_username: binding.identity.username,
        prefill: as_typed(binding.prefill),
        locked: as_typed(binding.locked),
        expires_in: left.max(0) / 1_000,
        credential_delivery: binding.delivery.name().to_owned(),
        fields,
        custom,
        branding,
    };
    Ok(reply(StatusCode::OK, &session))
}

/// Answers as a person would type them: a form has no numbers.
fn as_typed(mut answers: Map<String, Value>) -> Map<String, Value> {
    for answer in answers.values_mut().filter(|answer| answer.is_number()) {
        *answer = answer.to_string().into();
    }
    answers
}

/// `GET /api/widget/form`: nobody's, so anybody may read it.
pub(crate) async fn form(State(app): State<App>) -> Response {
    reply(StatusCode::OK, &questions(&app))
}

fn questions(app: &App) -> Form {
    Form {
        fields: app.settings.form.fields().map(str::to_owned).collect(),
        custom: app.settings.form.custom.iter().map(Custom::to_wire).collect(),
        branding: app.settings.branding.to_wire(),
    }
}

/// The caller's key, with the fingerprint that makes a retry the same request:
/// who asks for what, and for whom, whatever the order of members or white space
/// in the body. For whom may stand in the token alone.
fn keyed(
    key: Option<IdempotencyKey>,
    caller: &Principal,
    identity: &Identity,
    body: &[u8],
) -> Result<Option<Keyed>, Reject> {
    let Some(key) = key else { return Ok(None) };
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
        // What the token is bound to: a page's request is not a back end's, and what
        // was to be claimed is not what was to be shown.
        caller.sign_up.as_ref().map_or("", |token| token.binding.delivery.name()),
        // Whoever has the key's name only, and not the key, is somebody else.
        caller.sign_up.as_ref().and_then(|token| token.jkt.as_deref()).unwrap_or_default(),
        &canonical,
    ];
    Ok(Some(Keyed { key, fingerprint: Fingerprint::of(&parts.map(str::as_bytes)) }))
}

/// The caller's key.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Reject> {
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
    Ok(Some(key))
}

/// `GET /api/users`
pub(crate) async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    read: Option<Extension<OwnAccount>>,
) -> Result<Response, Reject> {
    let id = own_id(&caller)?;
    let read = read.map(|Extension(OwnAccount(account))| account);
    let found = register::account(&app.context, id, read).await?;
    let (user, found) = found.ok_or(Refusal::InvalidCredential)?;
    let mut plan = app.plan.clone();
    plan.quotas.containers = found.containers_allowed.unwrap_or(plan.quotas.containers);
    let held = Holdings { projects: found.projects, containers: found.containers };
    let body = native::profile(&user, &plan, held, &app.settings.accounts.timezone);
    Ok(reply(StatusCode::OK, &body))
}

/// `PATCH /api/users`
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    Metered(meter): Metered,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let id = own_id(&caller)?;
    require_json(&headers)?;
    let change = native::decode_change(&body)?;
    register::change_account(&app.context, &meter, id, change).await?;
    // The documented contract's whole answer.
    Ok(reply(StatusCode::OK, &json!({})))
}

/// `POST /api/users/confirmation`
pub(crate) async fn ask_again(
    State(app): State<App>,
    Caller(caller): Caller,
    Metered(meter): Metered,
    Body(_): Body,
) -> Result<Response, Reject> {
    let asker = Asker::User(own_id(&caller)?);
    Ok(asked(register::ask_again(&app.context, &meter, asker).await?))
}

/// Where the question whether an address is its user's stands.
pub(crate) fn asked(state: ConfirmationState) -> Response {
    let status = match state {
        ConfirmationState::Waiting => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    reply(status, &json!({ "email_confirmation": { "status": state.name() } }))
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
