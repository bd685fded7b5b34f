//! An order from before the page was loaded again: it is gone on with, and not placed twice.

use doorstep_widget_kit::{
    browser,
    fetch::Answer,
    object::{get, list, text},
};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::order::Order;

/// In the place of an order's id.
const BEGUN: &str = "begun";

impl Order {
    /// Where the tab keeps how far the person is: that they have begun, or which order
    /// they watch. Its id says nothing to whoever lacks the password.
    fn progress_note(self) -> String {
        self.state.with_value(|state| state.note.clone() + "-at")
    }

    /// Whether the tab has seen the steps of this user before.
    pub(crate) fn has_begun(self) -> bool {
        !browser::recall(&self.progress_note()).is_empty()
    }

    /// Has the tab remember that there are steps, and no order.
    pub(crate) fn note_begun(self) {
        browser::keep(&self.progress_note(), BEGUN);
    }

    /// Has the tab remember an order that is placed.
    pub(crate) fn note_placed(self, id: &str) {
        browser::keep(&self.progress_note(), id);
    }

    /// Goes on with the order that the tab remembers. Says whether there is one.
    pub(crate) async fn resume(self) -> bool {
        let id = browser::recall(&self.progress_note());
        if id.is_empty() || id == BEGUN {
            return false;
        }
        // Without an answer the key is still there, and the same order is the same one.
        let Some(answer) = self.client().order(&id).await else { return false };
        if self.is_gone() {
            return true;
        }
        if answer.is_ok() {
            self.take_up(&get(&answer.document, "order"));
        } else if answer.status == 404 {
            // Of another database, or of somebody else.
            self.forget_attempt();
        }
        answer.is_ok()
    }

    /// Goes on with an order that has our name and our key, but another secret in it:
    /// the server keeps keys of orders alone, so there is one. Says whether it was found.
    pub(crate) async fn resume_same(self) -> bool {
        let Some(answer) = self.client().orders().await.filter(Answer::is_ok) else {
            return false;
        };
        if self.is_gone() {
            return true;
        }
        let wanted = self.project_name();
        let found = list(&answer.document, "orders").find(|order| project_name(order) == wanted);
        if let Some(order) = &found {
            self.take_up(order);
        }
        found.is_some()
    }

    fn take_up(self, order: &JsValue) {
        self.name.answer.set(project_name(order));
        self.show_credential(false);
        self.state.update_value(|state| state.is_resumed = true);
        self.follow(text(order, "id"), &text(order, "status"));
    }
}

fn project_name(order: &JsValue) -> String {
    text(&get(order, "order_data"), "project_name")
}
