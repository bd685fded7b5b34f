//! One of a list: a country, a currency, a language, or what the operator offers.

use std::time::Duration;

use leptos::prelude::*;

use crate::{i18n::Key, row::Tied};

/// The platform's own list: the fastest to use on every device, and the one that
/// browsers know how to fill in.
#[component]
pub(crate) fn ChoiceList(tied: Tied) -> impl IntoView {
    let answer = tied.answer;
    let field = answer.field;
    // Not before the form can be seen, and each in a task of its own: to name and sort hundreds of things takes a slow
    // phone longer than a person should wait for a key. The early form's turn to hand its lists over is before ours.
    let fill = move || tied.widget.fill_list(answer);
    set_timeout(move || set_timeout(fill, Duration::ZERO), Duration::ZERO);
    view! {
        <span class="doorstep-select">
            <select
                class="doorstep-input"
                part="input"
                id=tied.id()
                name=field.name
                autocomplete=field.autocomplete
                required=field.required
                disabled=move || tied.fixed()
                aria-invalid=move || tied.invalid()
                aria-describedby=tied.described_by()
            >
                <option value="">{tied.widget.say(Key::Choose)}</option>
            </select>
        </span>
    }
}
