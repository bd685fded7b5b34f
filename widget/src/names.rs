//! Countries, currencies and languages by the names that the person calls them.
//!
//! The browser has the names in every language it speaks; we bring the codes.

use doorstep_fields::{Field, Kind, codes};
use doorstep_widget_kit::object::{list, object};
use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use crate::widget::Widget;

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

/// A choice: what is sent, and what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) code: String,
    pub(crate) name: String,
}

/// Parts a name from its code while the browser sorts them.
const BETWEEN: char = '\t';

/// All choices of a kind, in the order of their names in that language.
pub(crate) fn choices(widget: Widget, field: &Field) -> Vec<Choice> {
    let locale = &*widget.texts(|texts| texts.locale.clone());
    match field.kind {
        Kind::Country => named("region", locale, &mut codes::countries()),
        Kind::Currency => named("currency", locale, &mut codes::currencies()),
        Kind::Locale => named("language", locale, &mut codes::languages()),
        // In the operator's order.
        _ => {
            let words = widget.words(field);
            let names = list(&words, "options").filter_map(|it| it.as_string());
            let codes = field.choices.iter().map(|code| (*code).to_owned());
            codes.zip(names).map(|(code, name)| Choice { code, name }).collect()
        }
    }
}

fn named(topic: &str, locale: &str, codes: &mut dyn Iterator<Item = &'static str>) -> Vec<Choice> {
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
        .iter()
        .filter_map(|line| line.as_string())
        .filter_map(|line| {
            let (name, code) = line.split_once(BETWEEN)?;
            Some(Choice { code: code.to_owned(), name: name.to_owned() })
        })
        .collect()
}
