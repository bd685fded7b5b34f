//! What went wrong, on top of a step, where it is read out at once.

use leptos::prelude::*;

use crate::{
    i18n::Key,
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
        <div
            class="doorstep-summary"
            part="summary"
            role="alert"
            tabindex="-1"
            hidden=move || order.trouble.with(|it| matches!(it, Trouble::None)).then_some("")
        >
            <p>{move || order.trouble.with(|trouble| words(order, trouble))}</p>
            <button
                class="doorstep-button doorstep-quiet doorstep-retry"
                part="button retry"
                type="button"
                on:click=move |_| again()
                hidden=move || if may_retry() { None } else { Some("") }
            >
                {order.say(Key::TryAgain)}
            </button>
        </div>
    }
}

/// One sentence a line.
fn words(order: Order, trouble: &Trouble) -> String {
    match trouble {
        Trouble::None => String::new(),
        Trouble::NoAnswer => order.say(Key::OrderNoAnswer),
        Trouble::Busy => order.say(Key::OrderBusy),
        Trouble::Nothing => order.say(Key::Nothing),
        Trouble::Refused(reason) => order.fill(Key::OrderRefused, &[("reason", reason)]),
        Trouble::Faults { marked, elsewhere } => {
            let first = order.count(Key::CheckFields, f64::from(*marked));
            [&[first], elsewhere.as_slice()].concat().join("\n")
        }
    }
}
