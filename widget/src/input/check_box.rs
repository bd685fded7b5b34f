//! Yes or no.

use leptos::prelude::*;

use crate::row::Tied;

/// A check box; its answer is `true` or nothing.
#[component]
pub(crate) fn CheckBox(tied: Tied) -> impl IntoView {
    let answer = tied.answer;
    let edit = move |event| {
        let is_on = event_target_checked(&event);
        tied.widget.edit(answer, if is_on { "true".to_owned() } else { String::new() });
    };
    view! {
        <input
            class="doorstep-check"
            part="check"
            id=tied.id()
            name=answer.field.name
            type="checkbox"
            value="true"
            disabled=move || tied.fixed()
            aria-invalid=move || tied.invalid()
            aria-describedby=tied.described_by()
            checked=answer.text.with_untracked(|text| text == "true")
            on:change=edit
        />
    }
}
