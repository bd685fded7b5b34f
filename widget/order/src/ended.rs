//! What became of an order.

use leptos::prelude::*;

use crate::{credential::CredentialButton, i18n::Key, order::Order, summary::Summary};

/// How it ended, as far as the person is concerned.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// Placed, and the page does not want it watched.
    Placed,
    /// There, at this address, if it has one.
    Ready(String),
    Failed {
        why: String,
        can_retry: bool,
    },
    Cancelled,
}

/// The end, and what can be done about it.
#[component]
pub(crate) fn EndedView(order: Order, id: String, ended: Ended) -> impl IntoView {
    let is_good = matches!(ended, Ended::Placed | Ended::Ready(_));
    let has_failed = matches!(ended, Ended::Failed { .. });
    let text_of = |key| order.say(key);
    let (title, lead, link, can_retry) = match ended {
        Ended::Placed => (order.titled(Key::PlacedTitle), text_of(Key::MayLeave), None, false),
        Ended::Ready(link) => {
            (order.titled(Key::ReadyTitle), text_of(Key::ReadyLead), Some(link), false)
        }
        Ended::Failed { why, can_retry } => (order.titled(Key::FailedTitle), why, None, can_retry),
        Ended::Cancelled => {
            (text_of(Key::CancelledTitle), text_of(Key::CancelledLead), None, false)
        }
    };
    let before = if order.state.with_value(|state| state.is_resumed) {
        order.say(Key::OrderedBefore)
    } else {
        String::new()
    };
    // A link of another kind could do things when it is clicked.
    let link = link.filter(|link| link.starts_with("https://") || link.starts_with("http://"));
    let retry = move || order.retry(id.clone());
    let retry = StoredValue::new_local(retry);
    let retry = move || retry.with_value(|retry| retry());
    view! {
        <div
            class=if is_good { "doorstep-form doorstep-done" } else { "doorstep-form" }
            part="ended"
        >
            <h2 class="doorstep-title" part="title" tabindex="-1">
                {title}
            </h2>
            <p
                class=if has_failed { "doorstep-why" } else { "doorstep-once doorstep-mild" }
                role="status"
            >
                {lead}
            </p>
            <p class="doorstep-hint">{before}</p>
            <Summary order again=retry />
            <div class="doorstep-actions">
                // In a window of its own: this one has the credential, and may be a frame.
                <a
                    class="doorstep-button"
                    part="button link"
                    hidden=link.is_none().then_some("")
                    href=link
                    target="_blank"
                    rel="noopener"
                >
                    {order.say(Key::Open)}
                </a>
                <button
                    class="doorstep-button"
                    part="button retry"
                    type="button"
                    aria-disabled=move || order.sending("true")
                    hidden=(!can_retry).then_some("")
                    on:click=move |_| retry()
                >
                    {order.say(Key::TryAgain)}
                </button>
                <button
                    class="doorstep-button doorstep-quiet"
                    part="button back"
                    type="button"
                    hidden=is_good.then_some("")
                    on:click=move |_| order.change()
                >
                    {order.say(Key::ChangeOrder)}
                </button>
                <CredentialButton order />
            </div>
        </div>
    }
}
