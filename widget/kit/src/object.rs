//! Plain JavaScript objects.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A member, or `undefined`.
pub fn get(from: &JsValue, name: &str) -> JsValue {
    // It fails only on what is no object, which has no members either.
    Reflect::get(from, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A text member; what is absent or of another type counts as empty.
pub fn text(from: &JsValue, name: &str) -> String {
    get(from, name).as_string().unwrap_or_default()
}

/// The values of a list member; none if it is something else.
pub fn list(from: &JsValue, name: &str) -> impl Iterator<Item = JsValue> + use<> {
    let values = get(from, name);
    let values = values.dyn_ref::<Array>().map(Array::to_vec);
    values.into_iter().flatten()
}

/// A field's answer, if it is one: a text, or a switch, which is `true` or empty.
pub fn answer(from: &JsValue, field: &str) -> Option<String> {
    let value = get(from, field);
    match value.as_bool() {
        Some(true) => Some("true".to_owned()),
        Some(false) => Some(String::new()),
        None => value.as_string(),
    }
}

/// An object of these members.
pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, JsValue)>) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // A new plain object takes every member.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object
}
