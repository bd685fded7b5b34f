//! What a person does on the form: told by one listener for all of it.
//!
//! A listener of its own for every input and button would be a tenth of the module.

use std::rc::Rc;

use doorstep_fields::Kind;
use doorstep_widget_kit::{
    host::Host,
    object::{get, text},
};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event};

use crate::{answer::Answer, flow::Flow, widget::Widget};

/// Those that rise from where they happen to the place that we are drawn into; the last is about that place itself.
const EVENTS: [&str; 9] = [
    "submit",
    "click",
    "input",
    "change",
    "focusout",
    "pointerdown",
    "pointerup",
    "pointercancel",
    "pointerleave",
];

/// What is no date, for the rule to say so.
const HALF_A_DATE: &str = "-";

/// What a button does.
pub(crate) type Act = Rc<dyn Fn(&Element)>;

/// Listens for as long as this is kept.
pub(crate) type Ear = Closure<dyn Fn(Event)>;

/// Begins to listen. What comes in the form's place, the order steps, hears for itself.
pub(crate) fn listen(widget: Widget, host: &Host) -> Ear {
    // By reference: what a deed leads to may be another one, a moved focus for one.
    let ear = Ear::new(move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into().ok());
        if let Some(target) = target
            && !widget.flow.is_disposed()
        {
            widget.hear(&event, &target);
        }
    });
    for name in EVENTS {
        // It fails for no name.
        let _ = host.root.add_event_listener_with_callback(name, ear.as_ref().unchecked_ref());
    }
    ear
}

impl Widget {
    /// What the button with this value does.
    pub(crate) fn act(self, name: &'static str, act: impl Fn(&Element) + 'static) -> &'static str {
        self.acts.update_value(|acts| acts.push((name, Rc::new(act))));
        name
    }

    fn hear(self, event: &Event, target: &Element) {
        match &*event.type_() {
            "click" => self.click(event, target),
            // Afterwards there may be forms of the order steps in ours.
            "submit" if !self.flow.with_untracked(Flow::is_done) => {
                event.prevent_default();
                self.answers().for_each(|answer| self.read_date(answer));
                self.send();
            }
            "input" | "change" => {
                if let Some(answer) = self.answer_at(target) {
                    self.edit(answer, typed(answer, event));
                }
            }
            "focusout" => {
                if let Some(answer) = self.answer_at(target) {
                    self.read_date(answer);
                    self.leave(answer);
                }
            }
            "pointerdown" => self.press(),
            "submit" => {}
            _ => self.release(),
        }
    }

    fn click(self, event: &Event, target: &Element) {
        let Ok(Some(pressed)) = target.closest("button,a") else { return };
        let said = |name| pressed.get_attribute(name).unwrap_or_default();
        // By its name: an address with `#` finds nothing in a shadow root.
        if let Some(name) = said("href").strip_prefix(&("#".to_owned() + &self.id(""))) {
            event.prevent_default();
            self.host().focus(&("[name=".to_owned() + name + "]"));
        }
        let value = said("value");
        let act = self.acts.with_value(|acts| {
            acts.iter().rev().find(|(name, _)| *name == value).map(|(_, act)| act.clone())
        });
        if let Some(act) = act {
            act(&pressed);
        }
    }

    /// Half a date has no value, so nobody hears of it; it is no answer all the same.
    fn read_date(self, answer: Answer) {
        if answer.field.kind != Kind::Date {
            return;
        }
        let Some(input) = self.host().input(answer.field.name) else { return };
        let is_half = get(&get(&input, "validity"), "badInput").is_truthy();
        let text = if is_half { HALF_A_DATE.to_owned() } else { text(&input, "value") };
        if answer.text.with_untracked(|known| *known != text) {
            self.edit(answer, text);
        }
    }

    /// The answer that is given there, if the form asks for it.
    fn answer_at(self, input: &Element) -> Option<Answer> {
        let id = input.id();
        let name = id.strip_prefix(&self.id(""))?;
        self.answers().find(|answer| answer.field.name == name)
    }
}

fn typed(answer: Answer, event: &Event) -> String {
    match answer.field.kind {
        Kind::Flag | Kind::Consent if event_target_checked(event) => "true".to_owned(),
        Kind::Flag | Kind::Consent => String::new(),
        _ => event_target_value(event),
    }
}
