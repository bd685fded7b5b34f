//! The sign-up form, drawn by Leptos.
//!
//! [`mount`] is all that a page needs; `embed/loader.js` calls it for the
//! element, the script tag and `Doorstep.mount`. What a person types is checked
//! by `doorstep_fields`, the very code that the server runs on the request.
//!
//! Invariants: no request but the one to the server that the options name; no
//! global, no cookie, no storage; the host's page hears of nothing secret but
//! through the callback that it gave.

#![expect(unreachable_pub, reason = "leptos' `component` writes a `pub` struct for each component")]

mod answer;
mod attempt;
mod body;
mod browser;
mod client;
mod credential;
mod done;
mod flow;
mod form;
mod host;
mod i18n;
mod input;
mod names;
mod object;
mod reply;
mod row;
mod settings;
mod summary;
mod widget;

use std::{any::Any, cell::Cell, rc::Rc};

use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::{host::Host, widget::Widget};

/// A form on a page. Dropping it (`free()` in JavaScript) unmounts it too.
#[wasm_bindgen]
pub struct Handle {
    widget: Widget,
    /// Leptos' own handle; its type names the whole view, so it is kept unnamed.
    _mounted: Box<dyn Any>,
}

#[wasm_bindgen]
impl Handle {
    /// Takes changed options. What was typed stays.
    pub fn update(&self, options: JsValue) {
        self.widget.update(options);
    }

    /// Takes the form off the page and frees all that it held.
    pub fn unmount(self) {}
}

/// Draws the form into `root`, in place of what is there. Events are dispatched
/// on `element`, which is what the host's page knows of us; `options` are its
/// attributes in camel case (see the README).
#[wasm_bindgen]
pub fn mount(root: HtmlElement, element: HtmlElement, options: JsValue) -> Handle {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();

    root.replace_children_with_node_0();
    // The widget's signals belong to the owner that `mount_to` makes.
    let made = Rc::new(Cell::new(None));
    let slot = Rc::clone(&made);
    let mounted = mount_to(root.clone(), move || {
        let widget = Widget::new(Host::new(root, element), options);
        slot.set(Some(widget));
        view! { <widget::SignUpWidget widget /> }
    });
    let widget = made.get().expect("mount_to calls the view before it returns");
    Handle { widget, _mounted: Box::new(mounted) }
}
