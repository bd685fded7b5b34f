//! One form on a page: its state, and what moves it.

mod token;

use std::sync::atomic::{AtomicU32, Ordering};

use doorstep_fields::{CATALOGUE, Field, Kind, SignUp};
use doorstep_widget_kit::{attempt::Attempt, browser, host::Host, screen::Screen, texts::Texts};
use doorstep_wire::Code;
use leptos::{prelude::*, task};
use wasm_bindgen::JsValue;

use self::token::TokenWait;
use crate::{
    again::{self, Again},
    answer::Answer,
    body, client, custom,
    deeds::Act,
    done::Done,
    flow::{Account, Flow, Refusal, Reply},
    form::Form,
    host, i18n, reply,
    session::Person,
    settings::Settings,
};

/// Tells apart the forms of one page: ids must not collide in a document.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The state of one form. A handful of handles, copied freely; the owner that
/// made them frees what they stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Widget {
    id: u32,
    pub(crate) flow: RwSignal<Flow>,
    /// For whom the token is, once we know.
    pub(crate) person: RwSignal<Person>,
    /// The tag of the texts, for what is not drawn anew in another language.
    pub(crate) language: RwSignal<String>,
    /// Whether it is sent again by itself.
    pub(crate) again: Again,
    /// What the buttons of the view do, by their values.
    pub(crate) acts: StoredValue<Vec<(&'static str, Act)>, LocalStorage>,
    /// What no view follows.
    state: StoredValue<State, LocalStorage>,
}

struct State {
    settings: Settings,
    texts: Texts,
    /// As the host gave them, for the callback in them.
    options: JsValue,
    /// What the operator asks besides.
    declared: &'static [Field],
    answers: Vec<Answer>,
    /// Fields that were left while the pointer was down. A sentence that appears
    /// under a press moves the button away from it, and the click is lost.
    left: Vec<Answer>,
    is_pressed: bool,
    attempt: Option<Attempt>,
    token_wait: TokenWait,
    /// The code of the refusal after which the host said that a token is coming.
    promised: Option<String>,
    host: Host,
    screen: Screen,
}

impl Widget {
    /// Must be called inside the owner that lives as long as the form.
    pub(crate) fn new(host: Host, screen: Screen, options: JsValue) -> Self {
        let settings = host::settings(&options);
        host::warn_of_unknown(&settings);
        let declared = custom::fields(&options);
        let answers = CATALOGUE
            .iter()
            .chain(declared)
            .map(|field| Answer::new(field, known(field, host::prefilled(&options, field.name))))
            .collect();
        let language = RwSignal::new(settings.language.clone());
        let state = State {
            settings,
            texts: Texts::of(&options),
            options,
            declared,
            answers,
            left: Vec::new(),
            is_pressed: false,
            attempt: None,
            token_wait: TokenWait::No,
            promised: None,
            host,
            screen,
        };
        Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            flow: RwSignal::default(),
            person: RwSignal::default(),
            language,
            again: Again::new(),
            acts: StoredValue::default(),
            state: StoredValue::new_local(state),
        }
    }

    /// Draws the form with the fields that the host asked for.
    pub(crate) fn draw_form(self) {
        self.forget_acts();
        self.screen().draw(move || view! { <Form widget=self /> });
    }

    /// Those of the last view.
    fn forget_acts(self) {
        self.acts.update_value(Vec::clear);
    }

    /// An id that no other form of the page has.
    pub(crate) fn id(self, part: &str) -> String {
        "doorstep-".to_owned() + &self.id.to_string() + "-" + part
    }

    /// The answer to a field of the catalogue.
    pub(crate) fn answer(self, field: &'static Field) -> Answer {
        self.state.with_value(|state| {
            *state
                .answers
                .iter()
                .find(|answer| answer.field.name == field.name)
                .expect("there is an answer to every field of the catalogue")
        })
    }

    /// The answers to all fields, on the form or not.
    pub(crate) fn answers(self) -> impl Iterator<Item = Answer> {
        self.state.with_value(|state| state.answers.clone()).into_iter()
    }

    /// What the host wants, as of now.
    pub(crate) fn settings(self) -> Settings {
        self.state.with_value(|state| state.settings.clone())
    }

    /// Whose form it is.
    pub(crate) fn brand(self) -> [String; 2] {
        self.state.with_value(|state| host::brand(&state.options))
    }

    /// What the form says.
    pub(crate) fn texts<T>(self, look: impl FnOnce(&Texts) -> T) -> T {
        self.state.with_value(|state| look(&state.texts))
    }

    /// Whether the answers are on their way.
    pub(crate) fn is_sending(self) -> bool {
        self.flow.with(|flow| *flow == Flow::Sending)
    }

    /// An attribute's value while they are.
    pub(crate) fn sending(self, value: &'static str) -> Option<&'static str> {
        self.is_sending().then_some(value)
    }

    /// The pointer went down on the form.
    pub(crate) fn press(self) {
        self.state.update_value(|state| state.is_pressed = true);
    }

    /// The pointer was lifted, or left the form.
    pub(crate) fn release(self) {
        self.state.update_value(|state| state.is_pressed = false);
        // After the click that this may be.
        let check = move || {
            let left = self.state.try_update_value(|state| std::mem::take(&mut state.left));
            left.into_iter().flatten().for_each(Answer::leave);
        };
        set_timeout(check, std::time::Duration::ZERO);
    }

    /// The person went on to another field.
    pub(crate) fn leave(self, answer: Answer) {
        let waits = self.state.try_update_value(|state| {
            if state.is_pressed {
                state.left.push(answer);
            }
            state.is_pressed
        });
        if waits == Some(false) {
            answer.leave();
        }
    }

    /// Takes changed options.
    pub(crate) fn update(self, options: JsValue) {
        let settings = host::settings(&options);
        let mut last = settings.clone();
        self.state.update_value(|state| {
            std::mem::swap(&mut state.settings, &mut last);
            state.texts = Texts::of(&options);
            state.options = options;
        });
        let is_new_token = !settings.token.is_empty() && last.token != settings.token;
        last.token.clone_from(&settings.token);
        if last.language != settings.language {
            self.language.set(settings.language.clone());
        }
        // A new token alone is nothing to see.
        if last != settings && !self.flow.with_untracked(Flow::is_done) {
            host::warn_of_unknown(&settings);
            self.host().keep_focus(|| self.draw_form());
        }
        if !is_new_token {
            return;
        }
        self.take_promise();
        self.ask_session();
        if self.token_wait() == Some(TokenWait::Yes) {
            self.await_token(TokenWait::Over);
            self.transmit();
        } else if self.flow.with_untracked(|flow| *flow == Flow::Refused(Refusal::Token)) {
            self.flow.set(Flow::Editing);
        }
    }

    /// The person pressed the button.
    pub(crate) fn send(self) {
        self.again.reset();
        self.dispatch();
    }

    /// Checks the answers and sends them.
    pub(crate) fn dispatch(self) {
        if !self.flow.with_untracked(Flow::may_send) {
            return;
        }
        let host = self.host();
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
            self.await_token(TokenWait::No);
            self.transmit();
        }
    }

    /// Sends the answers, which are sound.
    fn transmit(self) {
        let mut settings = self.settings();
        if settings.token.is_empty() && settings.client.is_empty() {
            self.ask_for_token(Code::Unauthenticated.name());
            return;
        }
        let Some(body) = self.sign_up().map(|answers| body::of(&settings, &answers)) else {
            // Typed on while a token was fetched, into something unsound.
            self.flow.set(Flow::Editing);
            return;
        };
        let last = self.state.with_value(|state| state.attempt.clone());
        let note = browser::recall(&self.id(NOTE));
        let open = body.clone();
        let attempt = Attempt::of(last, &note, body, &open, browser::chance);
        browser::keep(&self.id(NOTE), &attempt.note());
        self.state.update_value(|state| {
            state.attempt = Some(attempt.clone());
            state.promised = None;
        });
        self.flow.set(Flow::Sending);
        // Held by the future itself: the form may be gone when the answer comes.
        let (host, options) =
            self.state.with_value(|state| (state.host.clone(), state.options.clone()));
        task::spawn_local(async move {
            if settings.token.is_empty() {
                // A page without a back end. A retry buys another: the key is the same.
                match host::buy_token(&options, &settings).await {
                    Ok(token) => settings.token = token,
                    Err(reply) => {
                        self.receive(reply, &JsValue::NULL, &host, options);
                        return;
                    }
                }
            }
            let (reply, document) = client::sign_up(&settings, &attempt).await;
            if let Reply::Problem(problem) = &reply
                && problem.code == Code::IdempotencyKeyReused.name()
                && attempt.is_recalled
            {
                // Somebody else signed in on this tab: the answers are the same, the
                // person is not.
                browser::keep(&self.id(NOTE), "");
                if self.state.try_update_value(|state| state.attempt = None).is_some() {
                    self.transmit();
                }
                return;
            }
            self.receive(reply, &document, &host, options);
        });
    }

    fn receive(self, reply: Reply, document: &JsValue, host: &Host, options: JsValue) {
        match reply {
            Reply::SignedUp(account) => {
                // Even when the page took the form away meanwhile: nobody will
                // ever be shown this credential again.
                let latest = self.state.try_with_value(|state| state.options.clone());
                let options = latest.unwrap_or(options);
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
                        let is_known = i18n::fault(&fault.code).is_some();
                        let what = if is_known { &fault.code } else { &fault.sentence };
                        answer.blame(what.clone());
                    }
                }
                self.settle(flow, host);
                self.wait(problem.wait);
                let named = problem.faults.iter().map(|fault| fault.field.as_str());
                host.tell_error(&problem.code, named);
            }
            Reply::None if !self.flow.is_disposed() => {
                self.settle(Flow::Unreachable(again::trouble()), host);
                self.wait(f64::NAN);
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
        let is_quiet = target == RETRY && self.again.is_own_doing();
        self.flow.set(flow);
        if !is_quiet {
            focus_soon(host, target);
        }
    }

    fn finish(self, account: &Account, document: &JsValue, host: &Host, options: &JsValue) {
        if let Some(screen) = self.state.try_with_value(|state| state.screen.clone()) {
            self.flow.set(Flow::Done(account.clone()));
            self.forget_draft();
            let (api, account) = (self.settings().api, account.clone());
            self.forget_acts();
            screen.draw(move || view! { <Done widget=self api account /> });
        }
        focus_soon(host, TITLE);
        // From here on the page may unmount us at any call.
        host::hand_over(options, account);
        host.tell("success", &reply::announced(document, &account.username), false);
        host::proceed(options, account);
    }

    pub(crate) fn host(self) -> Host {
        self.state.with_value(|state| state.host.clone())
    }

    fn screen(self) -> Screen {
        self.state.with_value(|state| state.screen.clone())
    }

    /// The fields on the form.
    pub(crate) fn fields(self) -> Vec<&'static Field> {
        let is_locked = |field: &Field| {
            self.answers().any(|it| it.field.name == field.name && it.is_locked.get_untracked())
        };
        let mut shown = self.settings().shown(is_locked);
        shown.extend(self.declared());
        shown
    }

    fn declared(self) -> &'static [Field] {
        self.state.with_value(|state| state.declared)
    }

    /// What people read of a field that the operator declared.
    pub(crate) fn words(self, field: &Field) -> JsValue {
        self.state.with_value(|state| custom::words(&state.options, field.name))
    }

    fn shown(self) -> Vec<Answer> {
        self.fields().into_iter().map(|field| self.answer(field)).collect()
    }

    /// The answers of the fields on the form, if they are all sound.
    fn sign_up(self) -> Option<SignUp> {
        let typed: Vec<(Answer, String)> =
            self.shown().into_iter().map(|it| (it, it.text.get_untracked())).collect();
        SignUp::parse_with(
            self.declared(),
            typed.iter().map(|(it, text)| (it.field.name, it.raw(text))),
        )
        .ok()
    }
}

/// The name under which the tab keeps what a reload would lose.
const NOTE: &str = "attempt";
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
pub(crate) fn known(field: &'static Field, text: String) -> String {
    match field.kind {
        // A yes is the person's own.
        Kind::Consent => String::new(),
        Kind::Country | Kind::Currency | Kind::Locale | Kind::Choice | Kind::Date => field
            .parse(doorstep_fields::Raw::Text(&text))
            .ok()
            .and_then(|answer| answer.text().map(str::to_owned))
            .unwrap_or_default(),
        _ => text,
    }
}
