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
        Kind::Number => ("text", "none", "ltr"),
        Kind::Date => ("date", "none", "ltr"),
        _ if field.name == "zip" => ("text", "characters", "auto"),
        _ => ("text", "words", "auto"),
    };
    let mode = match field.kind {
        // No `type="number"`, which gives us nothing where it is none. The keys for numbers lack a minus on some phones.
        Kind::Number if field.range[0].starts_with(|it: char| it.is_ascii_digit()) => "decimal",
        Kind::Number | Kind::Date => "text",
        _ => kind,
    };
    let bound = |at: usize| {
        let bound = field.range[at];
        (field.kind == Kind::Date && !bound.is_empty()).then_some(bound)
    };
    // What is prefilled in a right-to-left page still reads from its own side.
    view! {
        <input
            class="doorstep-input"
            part="input"
            id=tied.id()
            name=field.name
            type=kind
            inputmode=mode
            min=bound(0)
            max=bound(1)
            dir=direction
            autocomplete=field.autocomplete
            autocapitalize=capitals
            spellcheck="false"
            required=field.required
            readonly=move || tied.fixed()
            aria-invalid=move || tied.invalid()
            aria-describedby=tied.described_by()
            value=answer.text.get_untracked()
        />
    }
}
