//! What went wrong, on top of the form, where it is read out at once.

use leptos::prelude::*;

use crate::{
    answer::Answer,
    flow::{Flow, Refusal, Trouble},
    form::hidden,
    i18n::Key,
    widget::Widget,
};

/// Always there, so that a screen reader knows the place before anything is said.
#[component]
pub(crate) fn Summary(widget: Widget) -> impl IntoView {
    let may_retry = move || widget.flow.with(|flow| matches!(flow, Flow::Unreachable(_)));
    // What is still wrong, each with the way there.
    let faults = widget.fields().into_iter().map(|field| {
        let answer = widget.answer(field);
        view! { <Fault widget answer /> }
    });
    view! {
        // Not left to the style: WebKit does not notice when `:has(:empty)` is over.
        <div
            class="doorstep-summary"
            part="summary"
            tabindex="-1"
            hidden=move || widget.flow.with(|flow| hidden(words(widget, flow).is_empty()))
        >
            <p role="alert">{move || widget.flow.with(|flow| words(widget, flow))}</p>
            <ul class="doorstep-faults" part="faults">
                {faults.collect_view()}
            </ul>
            // A timer is read by whoever asks for it, and not at every second.
            <p role="timer">{move || widget.next_try()}</p>
            <button
                class="doorstep-button doorstep-quiet doorstep-retry"
                part="button retry"
                type="button"
                value=widget.act("retry", move |_| widget.send())
                hidden=move || hidden(!may_retry())
            >
                {widget.say(Key::TryAgain)}
            </button>
        </div>
    }
}

/// A sentence that leads to its field; [`crate::deeds`] knows how.
#[component]
fn Fault(widget: Widget, answer: Answer) -> impl IntoView {
    let field = answer.field;
    view! {
        <li hidden=move || hidden(!answer.is_at_fault())>
            <a href="#".to_owned() + &widget.id(field.name)>
                {move || widget.fault(field, &answer.fault.get())}
            </a>
        </li>
    }
}

/// One sentence a line.
fn words(widget: Widget, flow: &Flow) -> String {
    let key = match flow {
        Flow::Editing | Flow::Sending | Flow::Done(_) => return String::new(),
        Flow::Unreachable(Trouble::NoAnswer) => Key::NoAnswer,
        Flow::Unreachable(Trouble::Offline) => Key::Offline,
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
