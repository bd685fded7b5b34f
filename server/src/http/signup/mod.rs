//! `/signup`: the form as a page of its own, drawn here, for browsers and pages where the
//! widget cannot run.
//!
//! It works without a script and without cookies. The panel's page sends the person here
//! with the sign-up token in the body of a `POST`: an address is logged, kept and passed
//! on. The page goes on with it in a hidden field, and the token is what proves that a
//! request is meant. The key that makes sending twice harmless is made with the form.

mod form;
mod language;
mod page;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{
    Binding, Created, Handover, IdempotencyKey, Limit, Principal, Refusal, Scope, Secret, secret,
};
use doorstep_register::{
    Meter, Presented, admit, authenticate_token, check_origin, check_registration,
};
use doorstep_wire::Code;

pub(crate) use self::language::Reader;
use self::{
    form::Posted,
    language::Said,
    page::{Back, Content, File, Form, Line, Shown, Summary, draw},
};
use super::{
    App,
    caller::is_for_back_ends,
    confirm::source_of,
    extract::{Body, media_type},
    metered::Metered,
    reject::{Drawn, Reject, Rejected},
    users::{self, Sender, SignedUp},
};

/// Made with each form; as long as keys of a widget.
const KEY_CHARACTERS: usize = 32;

/// `GET /signup`: there is no token in an address, so there is nothing to ask yet.
pub(crate) async fn start(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Reject> {
    let query = query.unwrap_or_default();
    let said = Said::new(&app.settings, Reader::of(Some(&query), &headers));
    // A page without a back end pays with a puzzle, which takes a script. Without it a
    // flood would cost nothing, and nobody vouches for the person: so there is no way
    // around it, and the page says what is needed.
    let is_publishable = member(query.as_bytes(), "client").is_some();
    let text = if is_publishable { "script_needed" } else { "start_again" };
    let content = Content {
        title: said.say("form", "title"),
        text: Some(said.say("page", text)),
        is_mild: true,
        ..Content::default()
    };
    draw(&app, &said, &content)
}

/// `POST /signup`: the panel's page opens the form, with a token alone or with answers
/// to begin with; the form sends itself, with its key.
pub(crate) async fn send(
    State(app): State<App>,
    Metered(meter): Metered,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    if media_type(&headers) != "application/x-www-form-urlencoded" {
        return Err(Reject::new(
            Code::UnsupportedMediaType,
            "send what a page's form sends: application/x-www-form-urlencoded",
        ));
    }
    let query = query.unwrap_or_default();
    let said = Said::new(&app.settings, Reader::of(Some(&query), &headers));
    let visit = Visit {
        app: &app,
        said,
        query: &query,
        posted: Posted::read(&body, app.context.terms.declared),
    };
    match visit.caller(&meter, &headers).await {
        Ok(caller) => match visit.answer(&meter, &caller).await {
            Ok(response) => Ok(response),
            Err(reject) => visit.refuse(reject, bound(&caller)),
        },
        Err(reject) => visit.refuse(reject, None),
    }
}

/// The last of a form's members that has the name, if it says anything.
fn member(text: &[u8], name: &str) -> Option<String> {
    let members = url::form_urlencoded::parse(text).filter(|(other, _)| other == name);
    members.last().map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
}

fn bound(caller: &Principal) -> Option<&Binding> {
    caller.sign_up.as_ref().map(|token| &token.binding)
}

/// One request.
struct Visit<'a> {
    app: &'a App,
    said: Said<'a>,
    query: &'a str,
    posted: Posted,
}

impl Visit<'_> {
    /// Who sends: a token that a page may use, from a page that may use it.
    async fn caller(&self, meter: &Meter, headers: &HeaderMap) -> Result<Principal, Reject> {
        let context = &self.app.context;
        if self.posted.token.is_empty() {
            return Err(Reject::new(Code::InvalidRequest, "token is missing"));
        }
        let token = Secret::new(&*self.posted.token);
        let caller = authenticate_token(context, meter, &token, Presented::Bearer).await?;
        let Some(token) = &caller.sign_up else {
            let refusal = if is_for_back_ends(&caller) {
                Refusal::BrowserUseForbidden
            } else {
                Refusal::SignUpTokenNeeded
            };
            return Err(refusal.into());
        };
        admit(context, meter, Limit::Caller, &[token.hash.as_stored()])?;
        if let Some(origin) = self.foreign(headers) {
            check_origin(context, &caller, origin, false).await?;
        }
        if !caller.may(Scope::Register) {
            return Err(Refusal::InsufficientScope { needed: Scope::Register }.into());
        }
        // Where the person is sent afterwards is held to the same list.
        if !self.posted.return_to.is_empty() {
            let origin = source_of(&self.posted.return_to).unwrap_or_default();
            check_origin(context, &caller, &origin, false).await?;
        }
        Ok(caller)
    }

    /// The origin of a page that is not ours. One that hides (`null`) is held to the list
    /// as well, and is on none: else any page could send a person here with a token of
    /// its own.
    fn foreign<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or("null");
        let is_own = origin == self.app.public_origin()
            || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        (!is_own).then_some(origin)
    }

    /// What the page shows next, if all is well.
    async fn answer(&self, meter: &Meter, caller: &Principal) -> Result<Response, Reject> {
        let Some(token) = &caller.sign_up else { return Err(Refusal::SignUpTokenNeeded.into()) };
        let Some(key) = &self.posted.key else {
            if token.used || token.expired {
                return Err(Refusal::InvalidToken.into());
            }
            check_registration(&self.app.context, caller).await?;
            let form = self.form(Some(&token.binding), &[], true);
            let content = Content {
                title: self.said.say("form", "title"),
                form: Some(form),
                ..Content::default()
            };
            return draw(self.app, &self.said, &content);
        };
        let key = IdempotencyKey::parse(key).ok_or_else(|| {
            Reject::new(Code::InvalidRequest, "the form's key is not the one it was made with")
        })?;
        let body = self.posted.body(&self.fields(&token.binding), &token.binding);
        let sender = Sender::Page(key);
        match users::attempt(self.app, meter, caller, sender, body.as_bytes()).await? {
            SignedUp::Created(created) => self.done(&created),
            SignedUp::Held(_) => self.end("pending_title", "pending_lead", Content::default()),
        }
    }

    /// The account is there.
    fn done(&self, created: &Created) -> Result<Response, Reject> {
        let said = &self.said;
        let shown = |name, label: &str, autocomplete, value: &str| Shown {
            name,
            label: label.to_owned(),
            autocomplete,
            value: value.to_owned(),
        };
        let username = &created.api_username;
        let mut rows = vec![shown("username", said.say("form", "username"), "username", username)];
        let mut content = Content { is_done: true, back: self.back(), ..Content::default() };
        let lead = match &created.handover {
            Handover::Password(password) => {
                let label = said.say("form", "password");
                rows.push(shown("password", label, "new-password", password.expose()));
                content.files = self.files(username, password.expose());
                "done_once"
            }
            Handover::Claim { code, .. } => {
                let code = code.expose();
                match &mut content.back {
                    Some(back) => {
                        username.clone_into(&mut back.username);
                        code.clone_into(&mut back.code);
                    }
                    None => rows.push(shown("claim_code", said.say("page", "code"), "off", code)),
                }
                content.shown = rows;
                content.title = said.say("form", "done_title");
                content.text = Some(said.say("page", "code_lead"));
                return draw(self.app, said, &content);
            }
            Handover::Delivered => {
                content.is_mild = true;
                "done_without_password"
            }
        };
        content.shown = rows;
        self.end("done_title", lead, content)
    }

    /// The last page.
    fn end<'a>(
        &'a self,
        title: &str,
        text: &str,
        content: Content<'a>,
    ) -> Result<Response, Reject> {
        let is_mild = content.is_mild || !content.is_done;
        let back = content.back.or_else(|| self.back());
        let (title, text) = (self.said.say("form", title), self.said.say("form", text));
        let content = Content { title, text: Some(text), is_mild, back, ..content };
        draw(self.app, &self.said, &content)
    }

    fn back(&self) -> Option<Back> {
        let url = url::Url::parse(&self.posted.return_to).ok()?;
        let host = url.host_str()?;
        Some(Back {
            to: url.to_string(),
            label: self.said.fill("page", "back", "host", host),
            username: String::new(),
            code: String::new(),
        })
    }

    /// The files that the widget offers; their content is in their address, which goes
    /// nowhere.
    fn files(&self, username: &str, password: &str) -> Vec<File> {
        let quoted = |value: &str| format!("'{}'", value.replace('\'', "'\\''"));
        let api = self.app.public_origin();
        let env = format!(
            "DOORSTEP_API_URL={}\nDOORSTEP_API_USERNAME={}\nDOORSTEP_API_PASSWORD={}\n",
            quoted(&api),
            quoted(username),
            quoted(password)
        );
        let json =
            serde_json::json!({ "api_url": api, "username": username, "password": password });
        let file = |name, label, media, content: &str| File {
            name,
            label: self.said.say("form", label).to_owned(),
            link: format!(
                "data:{media},{}",
                percent_encoding::utf8_percent_encode(content, percent_encoding::NON_ALPHANUMERIC)
            ),
        };
        vec![
            file("doorstep.env", "download_env", "text/plain", &env),
            file("doorstep.json", "download_json", "application/json", &format!("{json}\n")),
        ]
    }

    /// A refusal as a page, with the status and the headers that it has. What was typed is
    /// kept wherever the form was sent.
    fn refuse(&self, reject: Reject, binding: Option<&Binding>) -> Result<Response, Reject> {
        let said = &self.said;
        let was_sent = self.posted.key.is_some();
        let trouble = Trouble::of(reject.kind());
        let text = match trouble {
            Trouble::Other => said.fill("form", "refused", "reason", reject.detail()),
            _ => trouble.text(said).to_owned(),
        };
        let faults = reject.faults();
        let rows = form::shown(&self.asked(), self.app.context.terms.declared, binding);
        let is_marked = |name: &str| rows.iter().any(|field| field.name == name);
        let marked = faults.iter().filter(|it| is_marked(&it.field)).count();
        let keeps =
            was_sent && matches!(trouble, Trouble::Token | Trouble::Later | Trouble::Faults);
        let content = if keeps {
            let may_send = trouble != Trouble::Token;
            let form = self.form(binding, faults, may_send);
            let lines = faults.iter().map(|fault| {
                let row = form.rows.iter().find(|row| row.name == fault.field);
                Line {
                    to: row.map_or("", |row| row.name).to_owned(),
                    text: row.map_or_else(|| fault.message.clone(), |row| row.fault.clone()),
                }
            });
            let title =
                if marked > 0 { said.count("shared", "check_fields", marked) } else { text };
            let summary = Some(Summary { title, lines: lines.collect() });
            let title = said.say("form", "title");
            Content { title, summary, form: Some(form), ..Content::default() }
        } else {
            let title =
                if trouble == Trouble::Registered { ("form", "title") } else { ("page", "failed") };
            let summary = Some(Summary { title: text, lines: Vec::new() });
            let title = said.say(title.0, title.1);
            Content { title, summary, back: self.back(), ..Content::default() }
        };
        Ok(dress(reject.into_response(), draw(self.app, said, &content)?))
    }

    fn form(
        &self,
        binding: Option<&Binding>,
        faults: &[doorstep_wire::FieldProblem],
        may_send: bool,
    ) -> Form {
        let said = &self.said;
        let fields = form::shown(&self.asked(), self.app.context.terms.declared, binding);
        let key = self.posted.key.clone();
        let entropy = &*self.app.context.entropy;
        let action = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        Form {
            action: format!("signup{action}"),
            token: self.posted.token.clone(),
            key: key.unwrap_or_else(|| secret::random_text(KEY_CHARACTERS, entropy)),
            return_to: self.posted.return_to.clone(),
            user: binding.map_or("", |it| &it.identity.username).to_owned(),
            server: binding.map_or("", |it| &it.identity.server).to_owned(),
            rows: form::rows(said, &fields, &self.posted, binding, faults),
            optional: said.say("shared", "optional").to_owned(),
            choose: said.say("form", "choose").to_owned(),
            send: if may_send { said.say("form", "send").to_owned() } else { String::new() },
        }
    }

    fn fields(&self, binding: &Binding) -> Vec<&'static doorstep_fields::Field> {
        form::shown(&self.asked(), self.app.context.terms.declared, Some(binding))
    }

    /// The names of the optional fields: the page's, else the operator's.
    fn asked(&self) -> String {
        let own = || self.app.settings.form.fields.clone();
        member(self.query.as_bytes(), "fields").unwrap_or_else(own)
    }
}

/// What a refusal means for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Some answers are wrong.
    Faults,
    /// The token is no good here: the panel's page has another.
    Token,
    /// There is an account already.
    Registered,
    /// It passes.
    Later,
    /// It does not.
    Other,
}

impl Trouble {
    fn of(code: Code) -> Self {
        match code {
            Code::ValidationFailed => Self::Faults,
            Code::AlreadyRegistered | Code::IdempotencyKeyReused => Self::Registered,
            Code::RegistrationDisabled
            | Code::ProviderServerNotAllowed
            | Code::AuthorizationDetailsMismatch => Self::Other,
            code if code.retry() => Self::Later,
            _ => Self::Token,
        }
    }

    fn text<'a>(self, said: &Said<'a>) -> &'a str {
        match self {
            Self::Registered => said.say("form", "already_registered"),
            Self::Later => said.say("form", "busy"),
            Self::Faults | Self::Token | Self::Other => said.say("page", "start_again"),
        }
    }
}

/// What was refused before it came here: too much at once, too large, too slow.
pub(super) fn refusal(
    app: &App,
    response: Response,
    rejected: &Rejected,
    reader: Reader,
) -> Response {
    let said = Said::new(&app.settings, reader);
    let text = Trouble::of(rejected.code).text(&said);
    let content = Content {
        title: said.say("page", "failed"),
        summary: Some(Summary { title: text.to_owned(), lines: Vec::new() }),
        ..Content::default()
    };
    match draw(app, &said, &content) {
        Ok(page) => dress(response, page),
        Err(reject) => reject.into_response(),
    }
}

/// Puts a page where a refusal's body would be.
fn dress(refused: Response, page: Response) -> Response {
    let (parts, _) = refused.into_parts();
    let (drawn, body) = page.into_parts();
    let mut dressed = Response::from_parts(parts, body);
    dressed.headers_mut().remove(header::CONTENT_LENGTH);
    dressed.headers_mut().extend(drawn.headers);
    dressed.extensions_mut().insert(Drawn);
    dressed
}
