//! The page around the form: its options, its events, and the one callback that
//! may learn the credential.

use js_sys::{Array, Function};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, HtmlElement};

use crate::{
    browser,
    object::{get, object, text},
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

/// Gives the credential to the page that asked for it, by its `onCredential`.
pub(crate) fn hand_over(options: &JsValue, username: &str, password: &str) {
    let callback = get(options, "onCredential");
    let Some(callback) = callback.dyn_ref::<Function>() else { return };
    let credential = object([("username", username.into()), ("password", password.into())]);
    if let Err(error) = callback.call1(options, &credential) {
        // The person has the credential on the screen in any case.
        browser::complain(&error);
    }
}

/// Reads the options. What is absent or of another type counts as empty.
pub(crate) fn settings(options: &JsValue) -> Settings {
    let text = |name| text(options, name);
    Settings {
        api: text("api"),
        token: text("token"),
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
    let value = get(&get(options, "values"), field);
    match value.as_bool() {
        Some(true) => "true".to_owned(),
        Some(false) => String::new(),
        None => value.as_string().unwrap_or_default(),
    }
}
