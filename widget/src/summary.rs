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
    let lines = move || widget.flow.with(lines);
    let may_retry = move || widget.flow.with(|flow| matches!(flow, Flow::Unreachable(_)));
    let paragraphs = move || lines().into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
    view! {
        <div class="doorstep-summary" part="summary" role="alert" tabindex="-1">
            {paragraphs}
            {move || {
                may_retry()
                    .then(|| {
                        view! {
                            <button
                                class="doorstep-button doorstep-quiet doorstep-retry"
                                part="button retry"
                                type="submit"
                            >
                                {text(Key::TryAgain)}
                            </button>
                        }
                    })
            }}
        </div>
    }
}

fn lines(flow: &Flow) -> Vec<String> {
    let line = |key| vec![text(key).to_owned()];
    match flow {
        Flow::Editing | Flow::Sending | Flow::Done(_) => Vec::new(),
        Flow::Unreachable(Trouble::NoAnswer) => line(Key::NoAnswer),
        Flow::Unreachable(Trouble::Busy) => line(Key::Busy),
        Flow::Refused(refusal) => match refusal {
            Refusal::AlreadyRegistered => line(Key::AlreadyRegistered),
            Refusal::Token => line(Key::TokenNeeded),
            Refusal::Other(sentence) => vec![sentence.clone()],
            Refusal::Faults { marked, elsewhere } => {
                let marked = (*marked > 0).then(|| text(Key::CheckFields).to_owned());
                marked.into_iter().chain(elsewhere.iter().cloned()).collect()
            }
        },
    }
}
