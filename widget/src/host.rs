//! The page around the form: its options, its events, and the one callback that
//! may learn the credential.

use doorstep_fields::{Field, Kind};
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, HtmlElement, HtmlInputElement};

use crate::{
    browser,
    flow::{Account, Handover, Reply},
    object::{answer, get, object, text},
    reply,
    settings::Settings,
};

/// The page around the form. Cloning is cheap: all of it are references.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// What the form is drawn into.
    pub(crate) root: HtmlElement,
    /// What the page knows of us; events come from here.
    element: HtmlElement,
}

impl Host {
    pub(crate) fn new(root: HtmlElement, element: HtmlElement) -> Self {
        Self { root, element }
    }

    /// Dispatches `doorstep:<name>`. Says whether the page let it pass.
    ///
    /// Everything on the page can listen, so a detail never holds a secret.
    pub(crate) fn tell(&self, name: &str, detail: &JsValue, cancelable: bool) -> bool {
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_composed(true);
        init.set_cancelable(cancelable);
        init.set_detail(detail);
        let name = "doorstep:".to_owned() + name;
        CustomEvent::new_with_event_init_dict(&name, &init)
            .and_then(|event| self.element.dispatch_event(&event))
            .unwrap_or(true)
    }

    /// `doorstep:error`: the stable code and the names of the fields at fault.
    pub(crate) fn tell_error<'a>(&self, code: &str, fields: impl IntoIterator<Item = &'a str>) {
        let fields: Array = fields.into_iter().map(JsValue::from_str).collect();
        let detail = object([("code", code.into()), ("fields", fields.into())]);
        self.tell("error", &detail, false);
    }

    /// Sets a custom property where the page can still override it; empty leaves
    /// it as it is.
    pub(crate) fn theme(&self, name: &str, value: &str) {
        if !value.is_empty() {
            // A style that cannot be set is no failure to sign up.
            let _ = self.element.style().set_property(name, value);
        }
    }

    /// The page's language where the form stands, else the browser's.
    pub(crate) fn locale(&self) -> String {
        self.element
            .closest("[lang]")
            .ok()
            .flatten()
            .and_then(|parent| parent.get_attribute("lang"))
            .filter(|lang| !lang.is_empty())
            .or_else(browser::language)
            .unwrap_or_else(|| "en".to_owned())
    }

    /// Puts an answer into its input, if that is on the form. What a person
    /// types is never written back, so the view does not do it.
    pub(crate) fn put(&self, field: &Field, text: &str) {
        let (member, value) = match field.kind {
            Kind::Flag => ("checked", JsValue::from_bool(text == "true")),
            _ => ("value", JsValue::from_str(text)),
        };
        if let Ok(Some(input)) = self.root.query_selector(&named(field.name)) {
            // Every kind of input has its member.
            let _ = Reflect::set(&input, &member.into(), &value);
        }
    }

    /// Draws the form anew under a person who may be typing.
    pub(crate) fn keep_focus(&self, draw: impl FnOnce()) {
        let focused = self.root.query_selector(":focus[name]").ok().flatten();
        draw();
        let Some(name) = focused.and_then(|input| input.get_attribute("name")) else { return };
        self.focus(&named(&name));
        if let Ok(Some(input)) = self.root.query_selector(":focus")
            && let Some(input) = input.dyn_ref::<HtmlInputElement>()
        {
            // Takes the caret to the end, also in the kinds that have no selection.
            let text = input.value();
            input.set_value("");
            input.set_value(&text);
        }
    }

    /// Moves the focus to the first element that matches, if one does.
    pub(crate) fn focus(&self, selector: &str) {
        if let Ok(Some(element)) = self.root.query_selector(selector)
            && let Some(element) = element.dyn_ref::<HtmlElement>()
        {
            // A failure to focus is no failure to sign up.
            let _ = element.focus();
        }
    }
}

fn named(name: &str) -> String {
    "[name=".to_owned() + name + "]"
}

/// Gives the credential, or the code that stands for it, to the page that asked
/// for it by its `onCredential`.
pub(crate) fn hand_over(options: &JsValue, account: &Account) {
    let (name, secret) = match &account.handover {
        Handover::Password(password) => ("password", password),
        Handover::Claim(code) => ("claimCode", code),
        Handover::Delivered | Handover::Pending => return,
    };
    let callback = get(options, "onCredential");
    let Some(callback) = callback.dyn_ref::<Function>() else { return };
    let username = JsValue::from_str(&account.username);
    let credential = object([("username", username), (name, secret.into())]);
    if let Err(error) = callback.call1(options, &credential) {
        // The person has the credential on the screen in any case.
        browser::complain(&error);
    }
}

/// Buys a sign-up token from the page's prover, which has solved a puzzle, for who
/// the person claims to be; or says what the server said.
pub(crate) async fn buy_token(options: &JsValue, settings: &Settings) -> Result<String, Reply> {
    let username = JsValue::from_str(&settings.provider_username);
    let provider = JsValue::from_str(&settings.provider);
    let prove: Function = get(options, "prove").unchecked_into();
    let said = match prove.call2(options, &username, &provider) {
        Ok(promise) => promise.unchecked_into::<Promise>().await.unwrap_or_default(),
        Err(_) => JsValue::UNDEFINED,
    };
    get(&said, "token").as_string().ok_or_else(|| {
        let status = get(&said, "status").as_f64().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is the status of an HTTP response"
        )]
        let status = status as u16;
        reply::problem(status, &get(&said, "document")).map_or(Reply::None, Reply::Problem)
    })
}

/// Reads the options. What is absent or of another type counts as empty.
pub(crate) fn settings(options: &JsValue) -> Settings {
    let text = |name| text(options, name);
    Settings {
        api: text("api"),
        embedder: text("embedder"),
        token: text("token"),
        client: text("client"),
        provider: text("provider"),
        provider_server: text("providerServer"),
        provider_username: text("providerUsername"),
        fields: text("fields"),
        theme: text("theme"),
        locale: text("locale"),
    }
}

/// What the page already knows of a field's answer.
pub(crate) fn prefilled(options: &JsValue, field: &str) -> String {
    answer(&get(options, "values"), field).unwrap_or_default()
}
