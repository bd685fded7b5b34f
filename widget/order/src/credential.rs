//! The way back to the credential, which the steps put aside.

use leptos::prelude::*;

use crate::{i18n::Key, order::Order};

/// Shows and hides what stands above.
#[component]
pub(crate) fn CredentialButton(order: Order) -> impl IntoView {
    let says = move || {
        let is_shown = order.shows_credential.get();
        order.say(if is_shown { Key::HideCredential } else { Key::ShowCredential })
    };
    let expanded = move || if order.shows_credential.get() { "true" } else { "false" };
    view! {
        <button
            class="doorstep-button doorstep-plain"
            part="button credential"
            type="button"
            aria-expanded=expanded
            on:click=move |_| order.show_credential(!order.shows_credential.get_untracked())
        >
            {says}
        </button>
    }
}
