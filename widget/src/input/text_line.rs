//! A line of text, an e-mail address or a telephone number.

use doorstep_fields::Kind;
use leptos::prelude::*;

use crate::row::Tied;

/// There is no `maxlength`: it would cut a pasted name short without a word,
/// where the rule says what is wrong.
#[component]
pub(crate) fn TextLine(tied: Tied) -> impl IntoView {
    let answer = tied.answer;
    let field = answer.field;
    let (kind, capitals, direction) = match field.kind {
        Kind::Email => ("email", "none", "ltr"),
        Kind::Phone => ("tel", "none", "ltr"),
        _ if field.name == "zip" => ("text", "characters", "auto"),
        _ => ("text", "words", "auto"),
    };
    // What is prefilled in a right-to-left page still reads from its own side.
    view! {
        <input
            class="doorstep-input"
            part="input"
            id=tied.id()
            name=field.name
            type=kind
            inputmode=kind
            dir=direction
            autocomplete=field.autocomplete
            autocapitalize=capitals
            spellcheck="false"
            required=field.required
            readonly=move || tied.fixed()
            aria-invalid=move || tied.invalid()
            aria-describedby=tied.described_by()
            value=answer.text.get_untracked()
            on:input=move |event| tied.widget.edit(answer, event_target_value(&event))
            on:blur=move |_| tied.widget.leave(answer)
        />
    }
}
