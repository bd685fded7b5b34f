//! The token: only the host has it, and only the host can get another.

use doorstep_wire::Code;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::Widget;
use crate::flow::{Flow, Refusal};

/// How long a host that said it would bring a token may take.
const TOKEN_PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Whether the answers go out by themselves when the host brings a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenWait {
    /// The person pressed the button, and the token was good as far as we know.
    No,
    /// It was not; the next one that arrives is tried, once.
    Yes,
    /// The next one was tried. A host that brings bad tokens must not loop.
    Over,
}

impl Widget {
    /// The token is missing or was refused: only the host can get another.
    ///
    /// A host that calls `preventDefault` brings one, and the person keeps
    /// waiting for it; without that the person is told at once.
    pub(super) fn ask_for_token(self, code: &str) {
        let host = self.host();
        if self.token_wait() == Some(TokenWait::No) {
            self.await_token(TokenWait::Yes);
        }
        let is_coming = !host.tell("token-needed", &JsValue::NULL, true)
            && self.token_wait() == Some(TokenWait::Yes);
        if is_coming {
            self.promise(code);
            self.flow.set(Flow::Sending);
            let give_up = move || {
                if self.token_wait() == Some(TokenWait::Yes) && self.take_promise().is_some() {
                    self.refuse_token(Code::Unauthenticated.name());
                }
            };
            set_timeout(give_up, TOKEN_PATIENCE);
        } else if !self.flow.is_disposed() {
            self.refuse_token(code);
        }
    }

    fn refuse_token(self, code: &str) {
        let host = self.host();
        self.settle(Flow::Refused(Refusal::Token), &host);
        host.tell_error(code, []);
    }

    /// The token was refused before anything was sent: the host may bring another,
    /// and the person need not type for nothing.
    pub(crate) fn doubt_token(self, code: &str) {
        if self.flow.with_untracked(|flow| *flow != Flow::Editing) {
            return;
        }
        // Asked for once until the person sends: a host that brings bad tokens must not loop.
        let is_first = self.token_wait() == Some(TokenWait::No);
        self.await_token(TokenWait::Over);
        let host = self.host();
        let is_coming = is_first && !host.tell("token-needed", &JsValue::NULL, true);
        if self.flow.is_disposed() {
            return;
        }
        if is_coming {
            self.promise(code);
        } else {
            self.refuse_quietly(code);
        }
    }

    /// Without the focus, which is the person's.
    fn refuse_quietly(self, code: &str) {
        self.flow.set(Flow::Refused(Refusal::Token));
        self.host().tell_error(code, []);
    }

    /// The host brings no token after all.
    pub(crate) fn decline(self) {
        let Some(code) = self.take_promise() else { return };
        if self.flow.with_untracked(|flow| *flow == Flow::Sending) {
            self.refuse_token(&code);
        } else {
            self.refuse_quietly(&code);
        }
    }

    fn promise(self, code: &str) {
        self.state.update_value(|state| state.promised = Some(code.to_owned()));
    }

    pub(super) fn take_promise(self) -> Option<String> {
        self.state.try_update_value(|state| state.promised.take()).flatten()
    }

    /// Nothing after the form was taken away.
    pub(super) fn token_wait(self) -> Option<TokenWait> {
        self.state.try_with_value(|state| state.token_wait)
    }

    pub(super) fn await_token(self, wait: TokenWait) {
        self.state.update_value(|state| state.token_wait = wait);
    }
}
