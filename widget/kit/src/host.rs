//! The page around us: its events, and the place where we are drawn.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, Element, HtmlElement, HtmlInputElement};

use crate::object::object;

/// The page around us. Cloning is cheap: all of it are references.
#[derive(Debug, Clone)]
pub struct Host {
    /// What we are drawn into.
    pub root: HtmlElement,
    /// What the page knows of us; events come from here.
    element: HtmlElement,
}

impl Host {
    /// The page around `root`, which knows of us as `element`.
    pub fn new(root: HtmlElement, element: HtmlElement) -> Self {
        Self { root, element }
    }

    /// Dispatches `doorstep:<name>`. Says whether the page let it pass.
    ///
    /// Everything on the page can listen, so a detail never holds a secret.
    pub fn tell(&self, name: &str, detail: &JsValue, cancelable: bool) -> bool {
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
    pub fn tell_error<'a>(&self, code: &str, fields: impl IntoIterator<Item = &'a str>) {
        let fields: Array = fields.into_iter().map(JsValue::from_str).collect();
        let detail = object([("code", code.into()), ("fields", fields.into())]);
        self.tell("error", &detail, false);
    }

    /// The input of that name, if it is on the form.
    pub fn input(&self, name: &str) -> Option<Element> {
        self.root.query_selector(&named(name)).ok().flatten()
    }

    /// Puts an answer into its input, if that is on the form. What a person
    /// types is never written back, so the view does not do it.
    pub fn put(&self, name: &str, is_flag: bool, text: &str) {
        let (member, value) = if is_flag {
            ("checked", JsValue::from_bool(text == "true"))
        } else {
            ("value", JsValue::from_str(text))
        };
        if let Some(input) = self.input(name) {
            // Every kind of input has its member.
            let _ = Reflect::set(&input, &member.into(), &value);
        }
    }

    /// Draws the form anew under a person who may be typing.
    pub fn keep_focus(&self, draw: impl FnOnce()) {
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
    pub fn focus(&self, selector: &str) {
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
