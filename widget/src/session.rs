//! What a sign-up token says of the person: asked for once per token, while the
//! form is already there.

use doorstep_fields::Kind;
use doorstep_widget_kit::{
    fetch::Answer,
    object::{answer, get, text},
};
use doorstep_wire::session::TOKEN_PREFIX;
use leptos::{prelude::*, task};
use wasm_bindgen::JsValue;

use crate::{
    client,
    flow::Flow,
    widget::{Widget, known},
};

/// For whom the account will be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) server: String,
}

impl Widget {
    /// Asks what the token says, if it is one that says anything.
    ///
    /// Without an answer the form works all the same: the server holds what is
    /// sent to the token in any case.
    pub(crate) fn ask_session(self) {
        let settings = self.settings();
        if !settings.token.starts_with(TOKEN_PREFIX) {
            return;
        }
        task::spawn_local(async move {
            let reply = client::session(&settings).await;
            let Some(Answer { status, document, .. }) = reply else { return };
            let is_over = self.flow.is_disposed() || self.flow.with_untracked(Flow::is_done);
            if is_over || self.settings().token != settings.token {
                return;
            }
            match status {
                200 => self.apply(&document),
                401 => self.doubt_token(&text(&document, "code")),
                _ => {}
            }
        });
    }

    /// Takes a `doorstep_wire::session::Session`, read member by member as replies are.
    fn apply(self, session: &JsValue) {
        let text = |name| text(session, name);
        self.person
            .set(Person { username: text("provider_username"), server: text("provider_server") });
        let (locked, prefill) = (get(session, "locked"), get(session, "prefill"));
        let before = self.fields();
        let host = self.host();
        for it in self.answers() {
            let field = it.field;
            let value = if let Some(value) = answer(&locked, field.name) {
                let value = known(field, value);
                it.lock(value.clone());
                value
            } else {
                it.is_locked.set(false);
                match answer(&prefill, field.name) {
                    Some(value) if it.is_untouched() => {
                        let value = known(field, value);
                        it.text.set(value.clone());
                        value
                    }
                    _ => continue,
                }
            };
            host.put(field.name, field.kind == Kind::Flag, &value);
        }
        self.recall_draft();
        // What was typed before it was known for whom.
        self.keep_draft();
        let is_same = self.fields().iter().map(|it| it.name).eq(before.iter().map(|it| it.name));
        if !is_same {
            host.keep_focus(|| self.draw_form());
        }
    }
}

#[cfg(test)]
mod tests {
    use doorstep_wire::session::{Branding, Session};

    #[test]
    fn the_names_that_are_read_are_those_that_the_server_writes() {
        let session = Session {
            provider: String::new(),
            provider_server: String::new(),
            provider_username: String::new(),
            prefill: serde_json::Map::new(),
            locked: serde_json::Map::new(),
            expires_in: 0,
            credential_delivery: String::new(),
            fields: Vec::new(),
            custom: Vec::new(),
            branding: Branding::default(),
        };
        let session = serde_json::to_value(session).unwrap();
        let names = ["provider_server", "provider_username", "prefill", "locked"];
        assert!(names.iter().all(|name| session.get(name).is_some()));
    }
}
