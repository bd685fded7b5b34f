//! One form on a page: its state, what moves it, and the view of it.

use std::sync::atomic::{AtomicU32, Ordering};

use doorstep_fields::{CATALOGUE, Field, Kind, SignUp};
use doorstep_wire::Code;
use leptos::{either::Either, prelude::*, task};
use wasm_bindgen::JsValue;

use crate::{
    answer::Answer,
    attempt::Attempt,
    body, browser, client,
    done::Done,
    flow::{Account, Flow, Refusal, Reply},
    form::Form,
    host::{self, Host},
    reply,
    settings::Settings,
};

/// How long a host that said it would bring a token may take.
const TOKEN_PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Tells apart the forms of one page: ids must not collide in a document.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The state of one form. A handful of handles, copied freely; the owner that
/// made them frees what they stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Widget {
    id: u32,
    pub(crate) settings: RwSignal<Settings>,
    pub(crate) flow: RwSignal<Flow>,
    answers: StoredValue<Vec<Answer>>,
    attempt: StoredValue<Option<Attempt>>,
    /// Fields that were left while the pointer was down. A sentence that appears
    /// under a press moves the button away from it, and the click is lost.
    left: StoredValue<Vec<Answer>>,
    is_pressed: StoredValue<bool>,
    /// How a token that arrives is to be used.
    token_wait: StoredValue<TokenWait>,
    options: StoredValue<JsValue, LocalStorage>,
    host: StoredValue<Host, LocalStorage>,
}

/// Whether the answers go out by themselves when the host brings a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenWait {
    /// The person pressed the button, and the token was good as far as we know.
    No,
    /// It was not; the next one that arrives is tried, once.
    Yes,
    /// The next one was tried. A host that brings bad tokens must not loop.
    Over,
}

impl Widget {
    /// Must be called inside the owner that the view belongs to.
    pub(crate) fn new(host: Host, options: JsValue) -> Self {
        let settings = host::settings(&options);
        warn_of_unknown(&settings);
        let answers = CATALOGUE
            .iter()
            .map(|field| Answer::new(field, known(field, host::prefilled(&options, field.name))));
        Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            settings: RwSignal::new(settings),
            flow: RwSignal::default(),
            answers: StoredValue::new(answers.collect()),
            attempt: StoredValue::new(None),
            left: StoredValue::new(Vec::new()),
            is_pressed: StoredValue::new(false),
            token_wait: StoredValue::new(TokenWait::No),
            options: StoredValue::new_local(options),
            host: StoredValue::new_local(host),
        }
    }

    /// An id that no other form of the page has.
    pub(crate) fn id(self, part: &str) -> String {
        "doorstep-".to_owned() + &self.id.to_string() + "-" + part
    }

    /// The answer to a field of the catalogue.
    pub(crate) fn answer(self, field: &'static Field) -> Answer {
        self.answers.with_value(|answers| {
            *answers
                .iter()
                .find(|answer| answer.field.name == field.name)
                .expect("there is an answer to every field of the catalogue")
        })
    }

    /// The language for names of countries and the like.
    pub(crate) fn locale(self) -> String {
        let locale = self.settings.with(|settings| settings.locale.clone());
        if locale.is_empty() { self.host.with_value(Host::locale) } else { locale }
    }

    /// Whether the answers are on their way.
    pub(crate) fn is_sending(self) -> bool {
        self.flow.with(|flow| *flow == Flow::Sending)
    }

    /// The pointer went down on the form.
    pub(crate) fn press(self) {
        self.is_pressed.set_value(true);
    }

    /// The pointer was lifted, or left the form.
    pub(crate) fn release(self) {
        self.is_pressed.set_value(false);
        // After the click that this may be.
        let check = move || {
            let left = self.left.try_update_value(std::mem::take);
            left.into_iter().flatten().for_each(Answer::leave);
        };
        set_timeout(check, std::time::Duration::ZERO);
    }

    /// The person went on to another field.
    pub(crate) fn leave(self, answer: Answer) {
        if self.is_pressed.get_value() {
            self.left.update_value(|left| left.push(answer));
        } else {
            answer.leave();
        }
    }

    /// Takes changed options.
    pub(crate) fn update(self, options: JsValue) {
        let settings = host::settings(&options);
        self.options.set_value(options);
        let is_new_token = !settings.token.is_empty()
            && self.settings.with_untracked(|last| last.token != settings.token);
        if self.settings.with_untracked(|last| *last != settings) {
            warn_of_unknown(&settings);
            self.settings.set(settings);
        }
        if !is_new_token {
            return;
        }
        if self.token_wait.get_value() == TokenWait::Yes {
            self.token_wait.set_value(TokenWait::Over);
            self.transmit();
        } else if self.flow.with_untracked(|flow| *flow == Flow::Refused(Refusal::Token)) {
            self.flow.set(Flow::Editing);
        }
    }

    /// The person pressed the button.
    pub(crate) fn send(self) {
        if !self.flow.with_untracked(Flow::may_send) {
            return;
        }
        let host = self.host.get_value();
        let at_fault: Vec<&str> =
            self.shown().into_iter().filter(|it| !it.check()).map(|it| it.field.name).collect();
        if !at_fault.is_empty() {
            let refusal = Refusal::Faults { marked: at_fault.len(), elsewhere: Vec::new() };
            self.flow.set(Flow::Refused(refusal));
            focus_soon(&host, FAULT);
            host.tell_error(Code::ValidationFailed.name(), at_fault);
            return;
        }
        if host.tell("submit", &JsValue::NULL, true) {
            self.token_wait.set_value(TokenWait::No);
            self.transmit();
        }
    }

    /// Sends the answers, which are sound.
    fn transmit(self) {
        let settings = self.settings.get_untracked();
        if settings.token.is_empty() {
            self.ask_for_token(Code::Unauthenticated.name());
            return;
        }
        let Some(body) = self.sign_up().map(|answers| body::of(&settings, &answers)) else {
            // Typed on while a token was fetched, into something unsound.
            self.flow.set(Flow::Editing);
            return;
        };
        let attempt = Attempt::of(self.attempt.get_value(), body, browser::chance);
        self.attempt.set_value(Some(attempt.clone()));
        self.flow.set(Flow::Sending);
        // Held by the future itself: the form may be gone when the answer comes.
        let (host, options) = (self.host.get_value(), self.options.get_value());
        task::spawn_local(async move {
            let (reply, document) = client::sign_up(&settings.api, &settings.token, &attempt).await;
            self.receive(reply, &document, &host, options);
        });
    }

    fn receive(self, reply: Reply, document: &JsValue, host: &Host, options: JsValue) {
        match reply {
            Reply::SignedUp(account) => {
                // Even when the page took the form away meanwhile: nobody will
                // ever be shown this credential again.
                let options = self.options.try_get_value().unwrap_or(options);
                self.finish(&account, document, host, &options);
            }
            Reply::Problem(problem) if !self.flow.is_disposed() => {
                let shown = self.shown();
                let find =
                    |name: &str| shown.iter().find(|answer| answer.field.name == name).copied();
                let flow = Flow::after(Reply::Problem(problem.clone()), |it| find(it).is_some());
                if flow == Flow::Refused(Refusal::Token) {
                    self.ask_for_token(&problem.code);
                    return;
                }
                for fault in &problem.faults {
                    if let Some(answer) = find(&fault.field) {
                        answer.blame(fault.sentence.clone());
                    }
                }
                self.settle(flow, host);
                let named = problem.faults.iter().map(|fault| fault.field.as_str());
                host.tell_error(&problem.code, named);
            }
            Reply::None if !self.flow.is_disposed() => {
                self.settle(Flow::after(reply, |_| false), host);
                host.tell_error("unreachable", []);
            }
            Reply::Problem(_) | Reply::None => {}
        }
    }

    /// Shows what the server made of it, and leads the person there.
    fn settle(self, flow: Flow, host: &Host) {
        let target = match &flow {
            Flow::Refused(Refusal::Faults { marked: 1.., .. }) => FAULT,
            Flow::Unreachable(_) => RETRY,
            _ => SUMMARY,
        };
        self.flow.set(flow);
        focus_soon(host, target);
    }

    fn finish(self, account: &Account, document: &JsValue, host: &Host, options: &JsValue) {
        // No `set`: it would panic after the form was taken away.
        let _ = self.flow.try_set(Flow::Done(account.clone()));
        focus_soon(host, TITLE);
        // From here on the page may unmount us at any call.
        if let Some(password) = &account.password {
            host::hand_over(options, &account.username, password);
        }
        host.tell("success", &reply::announced(document, &account.username), false);
    }

    /// The token is missing or was refused: only the host can get another.
    ///
    /// A host that calls `preventDefault` brings one, and the person keeps
    /// waiting for it; without that the person is told at once.
    fn ask_for_token(self, code: &str) {
        let host = self.host.get_value();
        if self.token_wait.get_value() == TokenWait::No {
            self.token_wait.set_value(TokenWait::Yes);
        }
        let is_coming = !host.tell("token-needed", &JsValue::NULL, true)
            && self.token_wait.try_get_value() == Some(TokenWait::Yes);
        if is_coming {
            self.flow.set(Flow::Sending);
            let give_up = move || {
                if self.token_wait.try_get_value() == Some(TokenWait::Yes) {
                    self.refuse_token(Code::Unauthenticated.name());
                }
            };
            set_timeout(give_up, TOKEN_PATIENCE);
        } else if !self.flow.is_disposed() {
            self.refuse_token(code);
        }
    }

    fn refuse_token(self, code: &str) {
        let host = self.host.get_value();
        self.settle(Flow::Refused(Refusal::Token), &host);
        host.tell_error(code, []);
    }

    fn shown(self) -> Vec<Answer> {
        let fields = self.settings.with_untracked(Settings::shown);
        fields.into_iter().map(|field| self.answer(field)).collect()
    }

    /// The answers of the fields on the form, if they are all sound.
    fn sign_up(self) -> Option<SignUp> {
        let typed: Vec<(Answer, String)> =
            self.shown().into_iter().map(|it| (it, it.text.get_untracked())).collect();
        SignUp::parse(typed.iter().map(|(it, text)| (it.field.name, it.raw(text)))).ok()
    }
}

const FAULT: &str = "[aria-invalid=true]";
const RETRY: &str = ".doorstep-retry";
const SUMMARY: &str = ".doorstep-summary";
const TITLE: &str = ".doorstep-title";

/// Moves the focus after the view has followed the state.
fn focus_soon(host: &Host, selector: &'static str) {
    let host = host.clone();
    task::spawn_local(async move {
        task::tick().await;
        host.focus(selector);
    });
}

/// A prefilled choice in the form in which the list has it, or none.
fn known(field: &'static Field, text: String) -> String {
    match field.kind {
        Kind::Country | Kind::Currency | Kind::Locale => field
            .parse(doorstep_fields::Raw::Text(&text))
            .ok()
            .and_then(|answer| answer.text().map(str::to_owned))
            .unwrap_or_default(),
        Kind::Text | Kind::Email | Kind::Phone | Kind::Flag => text,
    }
}

fn warn_of_unknown(settings: &Settings) {
    for name in settings.unknown() {
        browser::warn(
            &("Doorstep: there is no field `".to_owned() + name + "` to show; check `fields`"),
        );
    }
}

/// The whole form, or what it led to.
#[component]
pub(crate) fn SignUpWidget(widget: Widget) -> impl IntoView {
    let is_done = Memo::new(move |_| widget.flow.with(Flow::is_done));
    move || {
        if is_done.get() {
            Either::Right(view! { <Done widget /> })
        } else {
            Either::Left(view! { <Form widget /> })
        }
    }
}
