//! What the widget goes on to after a sign-up: from a new account to a running project.
//!
//! A module of its own, which `embed/loader.js` brings when the account is there, and
//! only to pages that ask for it: who signs up downloads nothing of it.
//!
//! Invariants: no request but to the server that the options name, by the credential
//! that the sign-up gave; nothing stored but the key of the last attempt, in the tab;
//! what is secret is in the request that places the order and nowhere else.

#![expect(unreachable_pub, reason = "leptos' `component` writes a `pub` struct for each component")]

mod body;
mod choices;
mod client;
mod credential;
mod ended;
mod events;
mod i18n;
mod line;
mod numbers;
mod offer;
mod order;
mod placing;
mod progress;
mod question;
mod resume;
mod start;
mod step;
mod steps;
mod summary;
mod watching;

use doorstep_widget_kit::{host::Host, screen::Screen};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::order::Order;

/// The steps on a page. Dropping it (`free()` in JavaScript) takes them off.
#[wasm_bindgen]
pub struct Handle {
    order: Order,
    screen: Screen,
}

#[wasm_bindgen]
impl Handle {
    /// Takes the texts and the locale of another language. What was answered stays.
    pub fn update(&self, options: &JsValue) {
        self.order.update(options);
    }

    /// Takes the steps off the page and frees all that they held. An order that was
    /// placed goes its way.
    pub fn unmount(self) {}
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.order.stop();
        self.screen.close();
    }
}

/// Draws the steps into `root`, the last thing in the form's place. Events are
/// dispatched on `element`; `options` are the form's.
#[wasm_bindgen]
pub fn start(
    root: HtmlElement,
    element: HtmlElement,
    options: &JsValue,
    username: &str,
    password: &str,
) -> Handle {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();

    let screen = Screen::new(root.clone());
    let host = Host::new(root, element);
    let order = screen.own(|| Order::new(host, screen.clone(), options, username, password));
    order.open();
    Handle { order, screen }
}
