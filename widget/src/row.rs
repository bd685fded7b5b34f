//! A field's row: label, input, hint, fault, and what ties them together.

use leptos::{either::EitherOf3, prelude::*};

use doorstep_fields::Kind;
use doorstep_widget_kit::object::text;

use crate::{
    answer::Answer,
    i18n::Key,
    input::{CheckBox, ChoiceList, TextLine},
    settings::Placed,
    widget::Widget,
};

/// What an input needs to know of its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tied {
    pub(crate) widget: Widget,
    pub(crate) answer: Answer,
}

impl Tied {
    pub(crate) fn id(self) -> String {
        self.widget.id(self.answer.field.name)
    }

    fn hint_id(self) -> String {
        self.id() + "-hint"
    }

    fn fault_id(self) -> String {
        self.id() + "-fault"
    }

    /// `aria-invalid`: absent while nothing is wrong.
    pub(crate) fn invalid(self) -> Option<&'static str> {
        self.answer.is_at_fault().then_some("true")
    }

    /// `aria-describedby`: the fault first, as the more urgent; while there is
    /// none its element is empty, and nothing is read. The same goes for the hint.
    pub(crate) fn described_by(self) -> String {
        self.fault_id() + " " + &self.hint_id()
    }

    /// `readonly`, or `disabled` where there is no such thing.
    pub(crate) fn fixed(self) -> Option<&'static str> {
        (self.answer.is_locked.get() || self.widget.is_sending()).then_some("")
    }
}

/// One field of the form.
#[component]
pub(crate) fn Row(widget: Widget, placed: Placed) -> impl IntoView {
    let field = placed.field;
    let answer = widget.answer(field);
    let tied = Tied { widget, answer };
    let input = match field.kind {
        Kind::Flag | Kind::Consent => EitherOf3::A(view! { <CheckBox tied /> }),
        Kind::Country | Kind::Currency | Kind::Locale | Kind::Choice => {
            EitherOf3::B(view! { <ChoiceList tied /> })
        }
        _ => EitherOf3::C(view! { <TextLine tied /> }),
    };
    // A switch is never left out, so nothing about it is optional.
    let is_optional = !field.required && field.kind != Kind::Flag;
    let hint = move || {
        if answer.is_locked.get() { widget.say(Key::SetByProvider) } else { widget.hint(field) }
    };
    let label = widget.marked_label(field);
    // Of a consent, what is in brackets is a link.
    let marked = if field.kind == Kind::Consent { label.split_once('[') } else { None };
    let (before, rest) = marked.unwrap_or((&label, ""));
    let (linked, after) = rest.split_once(']').unwrap_or_default();
    let link = (!linked.is_empty()).then(|| {
        view! {
            <a
                class="doorstep-terms"
                part="terms"
                href=text(&widget.words(field), "link")
                target="_blank"
                rel="noopener"
            >
                {linked.to_owned()}
            </a>
        }
    });
    view! {
        <div
            class=match (field.kind, placed.half) {
                (Kind::Flag | Kind::Consent, _) => "doorstep-row doorstep-switch",
                (_, true) => "doorstep-row doorstep-half",
                (_, false) => "doorstep-row",
            }
            part="row"
        >
            <label class="doorstep-label" part="label" for=tied.id()>
                {before.to_owned()}
                {link}
                {after.to_owned()}
                <span class="doorstep-optional">
                    {move || {
                        let says = is_optional && !answer.is_locked.get();
                        if says { widget.say(Key::Optional) } else { String::new() }
                    }}
                </span>
            </label>
            {input}
            <p class="doorstep-hint" part="hint" id=tied.hint_id()>
                {hint}
            </p>
            <p class="doorstep-fault" part="fault" id=tied.fault_id() aria-live="polite">
                {move || widget.fault(field, &answer.fault.get())}
            </p>
        </div>
    }
}
