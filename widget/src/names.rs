//! Countries, currencies and languages by the names that the person calls them.
//!
//! The browser has the names in every language it speaks; we bring the codes.

use std::cmp::Ordering;

use doorstep_fields::{Kind, codes};
use js_sys::{Function, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::object::object;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type DisplayNames;

    // Both throw on a locale that is no BCP 47 tag; the host's page names it.
    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str, options: &Object) -> Result<DisplayNames, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn of(this: &DisplayNames, code: &str) -> Result<Option<JsString>, JsValue>;

    #[wasm_bindgen(js_namespace = Intl)]
    type Collator;

    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str) -> Result<Collator, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn compare(this: &Collator) -> Function;
}

/// A choice: what is sent, and what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) code: &'static str,
    pub(crate) name: String,
}

/// All choices of a kind, in the order of their names in that language.
pub(crate) fn choices(kind: Kind, locale: &str) -> Vec<Choice> {
    let (topic, codes): (&str, Vec<&'static str>) = match kind {
        Kind::Country => ("region", codes::countries().collect()),
        Kind::Currency => ("currency", codes::currencies().collect()),
        Kind::Locale => ("language", codes::languages().collect()),
        Kind::Text | Kind::Email | Kind::Phone | Kind::Flag => return Vec::new(),
    };
    let options = object([("type", topic.into())]);
    let names = DisplayNames::new(locale, &options).or_else(|_| DisplayNames::new("en", &options));
    let pair = |code: &'static str| {
        let name = names.as_ref().ok().and_then(|names| names.of(code).ok().flatten());
        (name.unwrap_or_else(|| code.into()), code)
    };
    let mut choices: Vec<(JsString, &'static str)> = codes.into_iter().map(pair).collect();
    if let Ok(collator) = Collator::new(locale).or_else(|_| Collator::new("en")) {
        let compare = collator.compare();
        choices.sort_by(|(left, _), (right, _)| {
            let order = compare.call2(&JsValue::NULL, left, right).ok();
            let order = order.and_then(|order| order.as_f64()).unwrap_or(0.0);
            order.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
        });
    }
    choices
        .into_iter()
        .map(|(name, code)| {
            let name = String::from(name);
            // People know their currency's code, and several share a name's beginning.
            let name = if kind == Kind::Currency { name + " (" + code + ")" } else { name };
            Choice { code, name }
        })
        .collect()
}
