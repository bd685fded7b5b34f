//! Prices and sizes as the person writes them.
//!
//! The browser has the rules of every language; we bring the numbers.

use doorstep_widget_kit::object::object;
use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::{i18n::Key, offer::Product, order::Order};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type NumberFormat;

    // Throws on a locale that is no BCP 47 tag, and on a currency that is none.
    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str, options: &Object) -> Result<NumberFormat, JsValue>;

    #[wasm_bindgen(method)]
    fn format(this: &NumberFormat, number: &JsValue) -> String;
}

/// What it costs, and for how long; empty for what has no price.
pub(crate) fn price(order: Order, product: &Product) -> String {
    let key = match product.term.as_str() {
        "hour" => Key::PerHour,
        "month" => Key::PerMonth,
        "year" => Key::PerYear,
        _ => return String::new(),
    };
    if product.price.chars().all(|digit| matches!(digit, '0' | '.')) {
        return order.say(Key::Free);
    }
    let amount = JsValue::from_str(&product.price);
    // Prices for an hour have more digits than coins have.
    let digits = ("maximumFractionDigits", JsValue::from(6));
    let money = object([
        ("style", "currency".into()),
        ("currency", product.currency.as_str().into()),
        digits.clone(),
    ]);
    let plain = object([digits]);
    let options = if product.currency.is_empty() { &plain } else { &money };
    let said = format(&order.locale(), options, &amount)
        .unwrap_or_else(|| product.price.clone() + " " + &product.currency);
    order.fill(key, &[("price", &said)])
}

/// Processors, memory and storage.
pub(crate) fn specs(order: Order, product: &Product) -> [String; 3] {
    let locale = &order.locale();
    let memory = if product.memory < 1024.0 {
        size(product.memory, "megabyte", locale)
    } else {
        size(product.memory / 1024.0, "gigabyte", locale)
    };
    let storage = if product.storage < 1024.0 {
        size(product.storage, "gigabyte", locale)
    } else {
        size(product.storage / 1024.0, "terabyte", locale)
    };
    [
        order.count(Key::Cpu, product.cpu),
        order.fill(Key::Memory, &[("size", &memory)]),
        order.fill(Key::Storage, &[("size", &storage)]),
    ]
}

/// A whole number.
pub(crate) fn plain(order: Order, number: usize) -> String {
    format(&order.locale(), &object([]), &JsValue::from(number)).unwrap_or_default()
}

fn size(number: f64, unit: &str, locale: &str) -> String {
    let options = object([
        ("style", "unit".into()),
        ("unit", unit.into()),
        ("maximumFractionDigits", JsValue::from(2)),
    ]);
    format(locale, &options, &number.into()).unwrap_or_default()
}

/// A number in a language; in English if the page names a language that is none.
fn format(locale: &str, options: &Object, number: &JsValue) -> Option<String> {
    let format = NumberFormat::new(locale, options).or_else(|_| NumberFormat::new("en", options));
    Some(format.ok()?.format(number))
}
