//! Every text that a person reads, in the language that the loader brought.
//!
//! No text is in the modules: a language is a list that is downloaded beside them, and a
//! build gives each text its place there (`doorstep-texts`).

use js_sys::{Number, Reflect};
use wasm_bindgen::prelude::*;

use crate::object::{get, text};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type PluralRules;

    // Throws on a locale that is no BCP 47 tag.
    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str) -> Result<PluralRules, JsValue>;

    #[wasm_bindgen(method)]
    fn select(this: &PluralRules, count: f64) -> String;
}

/// The texts of one language, and how it writes numbers.
#[derive(Debug, Clone)]
pub struct Texts {
    list: JsValue,
    /// The language's own tag.
    pub language: String,
    /// The tag that the page or the browser has, for what the browser says itself.
    pub locale: String,
    is_mirrored: bool,
}

impl Texts {
    /// The loader puts them into the options.
    pub fn of(options: &JsValue) -> Self {
        Self {
            list: get(options, "texts"),
            language: text(options, "language"),
            locale: text(options, "locale"),
            is_mirrored: get(options, "mirrored").is_truthy(),
        }
    }

    /// The text at that place.
    pub fn say(&self, at: u8) -> String {
        self.at(at).as_string().unwrap_or_default()
    }

    /// The text at that place with its gaps filled by name.
    pub fn fill(&self, at: u8, with: &[(&str, &str)]) -> String {
        fill(&self.say(at), with, self.is_mirrored)
    }

    /// The text at that place in its form for `count`, which fills the gap of that name.
    pub fn count(&self, at: u8, count: f64, with: &[(&str, &str)]) -> String {
        let forms = self.at(at);
        let form = |name: &str| get(&forms, name).as_string();
        let text = forms.as_string().or_else(|| {
            let rules = PluralRules::new(&self.locale).ok();
            rules.and_then(|rules| form(&rules.select(count))).or_else(|| form("other"))
        });
        let figure = String::from(Number::from(count).to_locale_string(&self.locale));
        let text = fill(&text.unwrap_or_default(), &[("count", &figure)], false);
        fill(&text, with, self.is_mirrored)
    }

    fn at(&self, at: u8) -> JsValue {
        // It fails only on what is no object, and a loader of the same build gives a list.
        Reflect::get_u32(&self.list, at.into()).unwrap_or_default()
    }
}

/// Marks around a word that may run the other way (UAX #9): what is next to it stays
/// where it belongs.
const ISOLATED: [&str; 2] = ["\u{2068}", "\u{2069}"];

/// A text with its gaps, `{name}`, filled; a gap that nobody fills stays. Here as elsewhere
/// texts are cut at single characters: the search for longer ones would be a hundredth of
/// the module.
fn fill(text: &str, with: &[(&str, &str)], isolates: bool) -> String {
    let [before, after] = if isolates { ISOLATED } else { [""; 2] };
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        if let Some((_, value)) = with.iter().find(|(other, _)| *other == name) {
            for piece in [before, value, after, rest] {
                filled += piece;
            }
        } else {
            filled.push('{');
            filled += part;
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn gaps_are_filled_by_name_and_once() {
        let with = [("step", "2"), ("steps", "3")];
        assert_eq!(fill("Step {step} of {steps}", &with, false), "Step 2 of 3");
        assert_eq!(fill("{steps}/{step}", &with, false), "3/2");
        assert_eq!(fill("{a} is ready", &[("a", "{a} {")], false), "{a} { is ready");
        assert_eq!(fill("{a} {b} {", &[("a", "x")], true), "\u{2068}x\u{2069} {b} {");
        assert_eq!(fill("plain", &[], true), "plain");
    }
}
