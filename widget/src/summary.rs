//! What went wrong, on top of the form, where it is read out at once.

use leptos::prelude::*;

use crate::{
    flow::{Flow, Refusal, Trouble},
    i18n::Key,
    widget::Widget,
};

/// Always there, so that a screen reader knows the place before anything is said.
#[component]
pub(crate) fn Summary(widget: Widget) -> impl IntoView {
    let may_retry = move || widget.flow.with(|flow| matches!(flow, Flow::Unreachable(_)));
    view! {
        <div class="doorstep-summary" part="summary" role="alert" tabindex="-1">
            <p>{move || widget.flow.with(|flow| words(widget, flow))}</p>
            <button
                class="doorstep-button doorstep-quiet doorstep-retry"
                part="button retry"
                type="button"
                on:click=move |_| widget.send()
                hidden=move || if may_retry() { None } else { Some("") }
            >
                {widget.say(Key::TryAgain)}
            </button>
        </div>
    }
}

/// One sentence a line.
fn words(widget: Widget, flow: &Flow) -> String {
    let key = match flow {
        Flow::Editing | Flow::Sending | Flow::Done(_) => return String::new(),
        Flow::Unreachable(Trouble::NoAnswer) => Key::NoAnswer,
        Flow::Unreachable(Trouble::Busy) => Key::Busy,
        Flow::Refused(Refusal::AlreadyRegistered) => Key::AlreadyRegistered,
        Flow::Refused(Refusal::Token) => Key::TokenNeeded,
        Flow::Refused(Refusal::Other(reason)) => return widget.explain(Key::Refused, reason),
        Flow::Refused(Refusal::Faults { marked: 0, elsewhere }) => return elsewhere.join("\n"),
        Flow::Refused(Refusal::Faults { marked, elsewhere }) => {
            let first = widget.count(Key::CheckFields, *marked);
            return [&[first], elsewhere.as_slice()].concat().join("\n");
        }
    };
    widget.say(key)
}
