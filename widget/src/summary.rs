//! What went wrong, on top of the form, where it is read out at once.

use leptos::prelude::*;

use crate::{
    flow::{Flow, Refusal, Trouble},
    i18n::{Key, text},
    widget::Widget,
};

/// Always there, so that a screen reader knows the place before anything is said.
#[component]
pub(crate) fn Summary(widget: Widget) -> impl IntoView {
    let may_retry = move || widget.flow.with(|flow| matches!(flow, Flow::Unreachable(_)));
    view! {
        <div class="doorstep-summary" part="summary" role="alert" tabindex="-1">
            <p>{move || widget.flow.with(words)}</p>
            <button
                class="doorstep-button doorstep-quiet doorstep-retry"
                part="button retry"
                type="button"
                on:click=move |_| widget.send()
                hidden=move || if may_retry() { None } else { Some("") }
            >
                {text(Key::TryAgain)}
            </button>
        </div>
    }
}

/// One sentence a line.
fn words(flow: &Flow) -> String {
    let key = match flow {
        Flow::Editing | Flow::Sending | Flow::Done(_) => return String::new(),
        Flow::Unreachable(Trouble::NoAnswer) => Key::NoAnswer,
        Flow::Unreachable(Trouble::Busy) => Key::Busy,
        Flow::Refused(Refusal::AlreadyRegistered) => Key::AlreadyRegistered,
        Flow::Refused(Refusal::Token) => Key::TokenNeeded,
        Flow::Refused(Refusal::Other(sentence)) => return sentence.clone(),
        Flow::Refused(Refusal::Faults { marked: 0, elsewhere }) => return elsewhere.join("\n"),
        Flow::Refused(Refusal::Faults { elsewhere, .. }) => {
            return [&[text(Key::CheckFields).to_owned()], elsewhere.as_slice()]
                .concat()
                .join("\n");
        }
    };
    text(key).to_owned()
}
