//! Countries, currencies and languages by the names that the person calls them.
//!
//! The browser has the names in every language it speaks; we bring the codes.

use doorstep_fields::{Field, Kind, codes};
use doorstep_widget_kit::object::{list, object};
use js_sys::{Array, Function, Object};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use crate::{answer::Answer, widget::Widget};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type DisplayNames;

    // Both throw on a locale that is no BCP 47 tag; the host's page names it.
    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str, options: &Object) -> Result<DisplayNames, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn of(this: &DisplayNames, code: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(js_namespace = Intl)]
    type Collator;

    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str) -> Result<Collator, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn compare(this: &Collator) -> Function;

    /// An array that is sorted by a function of the browser's own.
    #[wasm_bindgen(js_name = Array, extends = Array)]
    type Lines;

    #[wasm_bindgen(constructor, js_class = "Array")]
    fn new() -> Lines;

    #[wasm_bindgen(method, js_class = "Array")]
    fn push(this: &Lines, line: &str);

    #[wasm_bindgen(method, js_class = "Array")]
    fn sort(this: &Lines, compare: &Function);
}

/// Parts a name from its code while the browser sorts them.
const BETWEEN: char = '\t';

impl Widget {
    /// Fills the list of a field that has one, unless the early form left what was in its
    /// own, and chooses what was answered.
    pub(crate) fn fill_list(self, answer: Answer) {
        if self.flow.is_disposed() {
            return;
        }
        let (host, field) = (self.host(), answer.field);
        let Some(list) = host.input(field.name) else { return };
        // What stands for no choice is there in any case.
        if list.child_element_count() == 1 {
            self.choices(field, |code, name| {
                if let Ok(option) = document().create_element("option") {
                    // A new element takes every attribute and child.
                    let _ = option.set_attribute("value", code);
                    option.set_text_content(Some(name));
                    let _ = list.append_child(&option);
                }
            });
        }
        host.put(field.name, false, &answer.text.get_untracked());
    }

    /// Puts all choices, each with its name, in the order of their names in the form's language.
    fn choices(self, field: &Field, put: impl Fn(&str, &str)) {
        let locale = &*self.texts(|texts| texts.locale.clone());
        let lines = match field.kind {
            Kind::Country => named("region", locale, &mut codes::countries()),
            Kind::Currency => named("currency", locale, &mut codes::currencies()),
            Kind::Locale => named("language", locale, &mut codes::languages()),
            _ => {
                // In the operator's order.
                let names = list(&self.words(field), "options");
                for (code, name) in field.choices.iter().zip(names) {
                    put(code, &name.as_string().unwrap_or_default());
                }
                return;
            }
        };
        for line in lines.iter() {
            if let Some((name, code)) = line.as_string().as_deref().and_then(parted) {
                put(code, name);
            }
        }
    }
}

fn parted(line: &str) -> Option<(&str, &str)> {
    line.split_once(BETWEEN)
}

fn named(topic: &str, locale: &str, codes: &mut dyn Iterator<Item = &'static str>) -> Lines {
    let options = object([("type", topic.into())]);
    let names = DisplayNames::new(locale, &options).or_else(|_| DisplayNames::new("en", &options));
    let lines = Lines::new();
    for code in codes {
        let name = names.as_ref().ok().and_then(|names| names.of(code).ok().flatten());
        let name = name.unwrap_or_else(|| code.to_owned());
        // People know their currency's code, and several share a name's beginning.
        let name = if topic == "currency" { name + " (" + code + ")" } else { name };
        lines.push(&(name + "\t" + code));
    }
    if let Ok(collator) = Collator::new(locale).or_else(|_| Collator::new("en")) {
        lines.sort(&collator.compare());
    }
    lines
}
