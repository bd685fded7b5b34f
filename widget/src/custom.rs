//! Fields that the operator declared, as they stand behind the form's texts.

use doorstep_fields::{Field, Kind, declare};
use doorstep_widget_kit::object::{get, list, text};
use js_sys::JSON;
use wasm_bindgen::JsValue;

/// The member of the options.
const CUSTOM: &str = "custom";

/// Their rules, `doorstep_wire::session::Custom` read member by member as replies are.
pub(crate) fn fields(options: &JsValue) -> &'static [Field] {
    let key = JSON::stringify(&list(options, CUSTOM).collect::<js_sys::Array>());
    // A list that came as JSON always has a JSON form.
    let key = key.map(String::from).unwrap_or_default();
    declare(key, || list(options, CUSTOM).map(|it| field(&it)).collect())
}

fn field(declared: &JsValue) -> Field {
    let said = |name| -> &'static str { text(declared, name).leak() };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the server declares small whole numbers, and of others what is nearest will do"
    )]
    let number = |name, or| get(declared, name).as_f64().map_or(or, |it| it as usize);
    let choices = list(declared, "options").filter_map(|it| it.as_string());
    let choices: Vec<&str> = choices.map(|it| &*it.leak()).collect();
    let kind = match said("kind") {
        "choice" => Kind::Choice,
        "number" => Kind::Number,
        "date" => Kind::Date,
        "consent" => Kind::Consent,
        _ => Kind::Text,
    };
    Field {
        required: get(declared, "required").is_truthy(),
        min: number("min_length", 0),
        max: number("max_length", 255),
        range: [said("min"), said("max")],
        decimals: number("decimals", 0),
        choices: choices.leak(),
        ..Field::declared(said("name"), "", kind)
    }
}

/// What people read of a field, in the language of the moment; `undefined` of one that
/// nobody declared.
pub(crate) fn words(options: &JsValue, name: &str) -> JsValue {
    let declared = list(options, CUSTOM).find(|it| text(it, "name") == name);
    declared.map_or(JsValue::UNDEFINED, |it| get(&it, "words"))
}

#[cfg(test)]
mod tests {
    use doorstep_wire::session::{Custom, Words};

    #[test]
    fn the_names_that_are_read_are_those_that_the_server_writes() {
        let custom = Custom {
            name: String::new(),
            kind: String::new(),
            required: false,
            min: Some(String::new()),
            max: Some(String::new()),
            decimals: Some(0),
            min_length: Some(0),
            max_length: Some(0),
            options: vec![String::new()],
            words: Words {
                label: String::new(),
                hint: String::new(),
                options: vec![String::new()],
                link: Some(String::new()),
            },
            languages: std::collections::BTreeMap::new(),
        };
        let custom = serde_json::to_value(custom).unwrap();
        let names = [
            "name",
            "kind",
            "required",
            "min",
            "max",
            "decimals",
            "min_length",
            "max_length",
            "options",
            "words",
        ];
        assert!(names.iter().all(|name| custom.get(name).is_some()));
        let names = ["label", "hint", "options", "link"];
        assert!(names.iter().all(|name| custom["words"].get(name).is_some()));
    }
}
