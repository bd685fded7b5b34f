//! One of a list: a country, a currency, a language.

use leptos::prelude::*;

use crate::{i18n::Key, names::choices, row::Tied};

/// The platform's own list: the fastest to use on every device, and the one that
/// browsers know how to fill in.
#[component]
pub(crate) fn ChoiceList(tied: Tied) -> impl IntoView {
    let answer = tied.answer;
    let field = answer.field;
    let chosen = answer.text.get_untracked();
    let options = choices(tied.widget, field)
        .into_iter()
        .map(|choice| {
            let is_chosen = choice.code == chosen;
            view! {
                <option value=choice.code selected=is_chosen>
                    {choice.name}
                </option>
            }
        })
        .collect_view();
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
                {options}
            </select>
        </span>
    }
}
