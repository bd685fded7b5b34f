//! The sign-up form, drawn by Leptos.
//!
//! [`mount`] is all that a page needs; `embed/loader.js` calls it for the
//! element, the script tag and `Doorstep.mount`. What a person types is checked
//! by `doorstep_fields`, the very code that the server runs on the request.
//!
//! Invariants: no request but to the server that the options name; no
//! global, no cookie, nothing stored but the key of the last attempt, what was typed and how high the form was, in the
//! tab; the host's page hears of nothing secret but through the callback that it gave.

#![expect(unreachable_pub, reason = "leptos' `component` writes a `pub` struct for each component")]

mod again;
mod answer;
mod body;
mod client;
mod credential;
mod custom;
mod deeds;
mod done;
mod draft;
mod flow;
mod form;
mod host;
mod i18n;
mod input;
mod names;
mod reply;
mod row;
mod session;
mod settings;
mod summary;
mod widget;

use doorstep_widget_kit::{host::Host, screen::Screen};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::{deeds::Ear, widget::Widget};

/// A form on a page. Dropping it (`free()` in JavaScript) unmounts it too.
#[wasm_bindgen]
pub struct Handle {
    widget: Widget,
    screen: Screen,
    _ear: Ear,
}

#[wasm_bindgen]
impl Handle {
    /// Draws the form, in place of what is there. A call of its own, so that a page can
    /// have a break before it: on a slow phone both are longer than a key should wait.
    pub fn draw(&self) {
        self.widget.draw_form();
        self.widget.recall_draft();
        self.widget.ask_session();
    }

    /// Takes changed options. What was typed stays.
    pub fn update(&self, options: JsValue) {
        self.widget.update(options);
    }

    /// The token that the host promised, by `preventDefault` on
    /// `doorstep:token-needed`, does not come.
    pub fn decline(&self) {
        self.widget.decline();
    }

    /// Takes the form off the page and frees all that it held.
    pub fn unmount(self) {}
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.screen.close();
    }
}

/// Makes the form of `root`, to be drawn. Events are dispatched
/// on `element`, which is what the host's page knows of us; `options` are its
/// attributes in camel case (see the README).
#[wasm_bindgen]
pub fn mount(root: HtmlElement, element: HtmlElement, options: JsValue) -> Handle {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();

    let screen = Screen::new(root.clone());
    let widget = screen.own(|| Widget::new(Host::new(root, element), screen.clone(), options));
    let ear = deeds::listen(widget, &widget.host());
    Handle { widget, screen, _ear: ear }
}
