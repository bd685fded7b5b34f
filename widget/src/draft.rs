//! What a person has typed, kept in the tab over a reload or a way back.
//!
//! No field of the form is a secret. A draft has the name of whom it is for, so that
//! nobody sees another person's on the same tab; it is gone when the account is there,
//! and with the tab in any case.

use doorstep_fields::Kind;
use doorstep_widget_kit::{
    browser,
    object::{answer, object},
};
use doorstep_wire::session::TOKEN_PREFIX;
use js_sys::JSON;
use leptos::prelude::*;

use crate::{
    answer::Answer,
    widget::{Widget, known},
};

impl Widget {
    /// The person typed or chose.
    pub(crate) fn edit(self, answer: Answer, text: String) {
        answer.edit(text);
        self.again.stop();
        self.keep_draft();
    }

    /// Keeps what was typed, once it is known for whom.
    pub(crate) fn keep_draft(self) {
        let Some(name) = self.draft() else { return };
        let typed = self.answers().filter(|it| {
            // A consent is given anew.
            it.is_typed() && !it.is_locked.get_untracked() && it.field.kind != Kind::Consent
        });
        let draft = object(typed.map(|it| (it.field.name, it.text.get_untracked().into())));
        // Texts always have a JSON form.
        if let Ok(text) = JSON::stringify(&draft) {
            browser::keep(&name, &String::from(text));
        }
    }

    /// Puts back what was typed before, where nothing was typed since.
    pub(crate) fn recall_draft(self) {
        let Some(name) = self.draft() else { return };
        let host = self.host();
        let draft = JSON::parse(&browser::recall(&name)).unwrap_or_default();
        for it in self.answers() {
            let field = it.field;
            let Some(text) = answer(&draft, field.name) else { continue };
            if !it.is_typed() && !it.is_locked.get_untracked() {
                let text = known(field, text);
                host.put(field.name, field.kind == Kind::Flag, &text);
                it.edit(text);
            }
        }
    }

    /// The account is there.
    pub(crate) fn forget_draft(self) {
        if let Some(name) = self.draft() {
            browser::forget(&name);
        }
    }

    /// The name under which the tab has it. None as long as a token's person is unknown.
    fn draft(self) -> Option<String> {
        let settings = self.settings();
        let (server, username) = self.person.with_untracked(|person| {
            let or = |host: &str, token: &str| {
                if token.is_empty() { host.to_owned() } else { token.to_owned() }
            };
            (
                or(&settings.provider_server, &person.server),
                or(&settings.provider_username, &person.username),
            )
        });
        let is_told = !username.is_empty() || !settings.token.starts_with(TOKEN_PREFIX);
        is_told.then(|| {
            "doorstep-draft ".to_owned() + &settings.provider + " " + &server + " " + &username
        })
    }
}
