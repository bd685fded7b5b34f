//! What went wrong, on top of a step, where it is read out at once.

use leptos::prelude::*;

use crate::{
    i18n::{Key, text},
    order::{Order, Trouble},
};

/// Always there, so that a screen reader knows the place before anything is said.
#[component]
pub(crate) fn Summary(
    order: Order,
    /// What trying again is.
    again: impl Fn() + Copy + 'static,
) -> impl IntoView {
    let may_retry =
        move || order.trouble.with(|it| matches!(it, Trouble::NoAnswer | Trouble::Busy));
    view! {
        <div class="doorstep-summary" part="summary" role="alert" tabindex="-1">
            <p>{move || order.trouble.with(words)}</p>
            <button
                class="doorstep-button doorstep-quiet doorstep-retry"
                part="button retry"
                type="button"
                on:click=move |_| again()
                hidden=move || if may_retry() { None } else { Some("") }
            >
                {text(Key::TryAgain)}
            </button>
        </div>
    }
}

/// One sentence a line.
fn words(trouble: &Trouble) -> String {
    match trouble {
        Trouble::None => String::new(),
        Trouble::NoAnswer => text(Key::NoAnswer).to_owned(),
        Trouble::Busy => text(Key::Busy).to_owned(),
        Trouble::Refused(sentence) => sentence.clone(),
        Trouble::Faults(elsewhere) => {
            [&[text(Key::CheckFields).to_owned()], elsewhere.as_slice()].concat().join("\n")
        }
    }
}
