//! Yes or no.

use leptos::prelude::*;

use crate::row::Tied;

/// A check box; its answer is `true` or nothing.
#[component]
pub(crate) fn CheckBox(tied: Tied) -> impl IntoView {
    let answer = tied.answer;
    view! {
        <input
            class="doorstep-check"
            part="check"
            id=tied.id()
            name=answer.field.name
            type="checkbox"
            value="true"
            required=answer.field.required
            disabled=move || tied.fixed()
            aria-invalid=move || tied.invalid()
            aria-describedby=tied.described_by()
            checked=answer.text.with_untracked(|text| text == "true")
        />
    }
}
