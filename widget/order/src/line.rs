//! A line of text, or a secret, which is seen on request.

use leptos::prelude::*;

use crate::{i18n::Key, order::Order, question::Question};

/// One question's row. Texts run as their letters do.
#[component]
pub(crate) fn Line(
    order: Order,
    question: Question,
    /// Tells apart questions of one name.
    #[prop(into)]
    scope: String,
) -> impl IntoView {
    let asks = question.asks.get_value();
    let id = order.id(&(scope + "-" + &asks.name));
    let fault_id = id.clone() + "-fault";
    let is_seen = RwSignal::new(!asks.is_secret);
    let invalid = move || question.fault.with(|fault| !fault.is_empty()).then_some("true");
    let toggles = move || order.say(if is_seen.get() { Key::Hide } else { Key::Show });
    view! {
        <div class="doorstep-row" part="row">
            <label class="doorstep-label" part="label" for=id.clone()>
                <bdi>{asks.label}</bdi>
                <span class="doorstep-optional">
                    {if asks.is_required { String::new() } else { order.say(Key::Optional) }}
                </span>
            </label>
            <div class="doorstep-answer">
                <input
                    class="doorstep-input"
                    part="input"
                    id=id
                    name=asks.name
                    type=move || if is_seen.get() { "text" } else { "password" }
                    dir="auto"
                    autocomplete=asks.autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    required=asks.is_required
                    readonly=move || order.sending("")
                    aria-invalid=invalid
                    aria-describedby=fault_id.clone()
                    value=question.answer.get_untracked()
                    on:input=move |event| question.edit(event_target_value(&event))
                />
                <button
                    class="doorstep-button doorstep-quiet"
                    part="button show"
                    type="button"
                    hidden=(!asks.is_secret).then_some("")
                    on:click=move |_| is_seen.update(|is_seen| *is_seen = !*is_seen)
                >
                    {toggles}
                </button>
            </div>
            <p class="doorstep-fault" part="fault" id=fault_id aria-live="polite">
                {move || order.fault(question)}
            </p>
        </div>
    }
}
