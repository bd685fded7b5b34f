//! One field: its name, its limits, and what a browser should know about it.

use crate::{
    fault::FaultCode,
    kind::{Answer, Kind, Raw, Value},
};

/// A thing that a person can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the API, in the form and in storage.
    pub name: &'static str,
    /// Its English label.
    pub label: &'static str,
    /// What kind of answer it takes; picks the check and the input.
    pub kind: Kind,
    /// Whether a sign-up without it is refused.
    pub required: bool,
    /// The longest answer, in user-perceived characters (UAX #29 grapheme clusters).
    pub max: usize,
    /// The shortest, if there is one at all.
    pub min: usize,
    /// The least and the greatest number, or the first and the last day, as a person
    /// would type them; blank where there is no such bound.
    pub range: [&'static str; 2],
    /// How many digits of a number may stand after the point.
    pub decimals: usize,
    /// What there is to choose from.
    pub choices: &'static [&'static str],
    /// The `autocomplete` token (HTML, "Autofill").
    pub autocomplete: &'static str,
    /// An answer that is accepted; used in documents and tests.
    pub example: &'static str,
}

/// Scalars per grapheme that an honest answer needs at most: a subdivision flag
/// takes 14. Beyond it a "character" is a stack of marks meant to break a layout.
const SCALARS_PER_GRAPHEME: usize = 16;

impl Field {
    const fn new(name: &'static str, label: &'static str, kind: Kind, max: usize) -> Self {
        Self {
            name,
            label,
            kind,
            required: false,
            max,
            min: 0,
            range: [""; 2],
            decimals: 0,
            choices: &[],
            autocomplete: "off",
            example: "",
        }
    }

    /// A line of free text.
    pub const fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Text, 255)
    }

    /// An e-mail address. 254 octets is what SMTP can carry (RFC 5321 §4.5.3.1.3,
    /// less the angle brackets).
    pub const fn email(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Email, 254).autocomplete("email")
    }

    /// A telephone number.
    pub const fn phone(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Phone, 32).autocomplete("tel")
    }

    /// An ISO 3166-1 country.
    pub const fn country(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Country, 2).autocomplete("country")
    }

    /// An ISO 4217 currency.
    pub const fn currency(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Currency, 3).autocomplete("transaction-currency")
    }

    /// An ISO 639-1 language.
    pub const fn locale(name: &'static str, label: &'static str) -> Self {
        // BCP 47 tags are longer, and are shortened to their language; 35 is the
        // length that RFC 5646 §4.4.1 asks implementations to hold.
        Self::new(name, label, Kind::Locale, 35).autocomplete("language")
    }

    /// Yes or no.
    pub const fn flag(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Flag, 5)
    }

    /// A field that the operator declares. What else is declared of it is filled in by
    /// whoever reads the declaration.
    pub const fn declared(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self::new(name, label, kind, 255)
    }

    /// The same field, refused when blank.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same field with another greatest length, in graphemes.
    #[must_use]
    pub const fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// The same field with another `autocomplete` token.
    #[must_use]
    pub const fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// The same field with an example answer.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Checks an answer and brings it into the form in which it is kept.
    ///
    /// White space around text is dropped. A blank answer to an optional field
    /// is `Ok` with no value; to a required one it is [`FaultCode::Required`].
    pub fn parse(&self, raw: Raw<'_>) -> Result<Answer, FaultCode> {
        let text = match raw {
            Raw::Absent => "",
            Raw::Text(text) => text.trim(),
            Raw::Flag(flag) if self.kind == Kind::Flag => return Ok(Answer::of(Value::Flag(flag))),
            Raw::Flag(flag) if self.kind == Kind::Consent => return self.consent(flag),
            Raw::Flag(_) | Raw::Other => return Err(FaultCode::WrongType),
        };
        if !text.chars().any(is_visible) {
            return match (self.required, self.kind) {
                (false, _) => Ok(Answer::BLANK),
                (true, Kind::Consent) => Err(FaultCode::ConsentNeeded),
                (true, _) => Err(FaultCode::Required),
            };
        }
        if text.chars().any(is_hidden) {
            return Err(FaultCode::ControlCharacter);
        }
        if self.is_too_long(text) {
            return Err(FaultCode::TooLong { max: self.max });
        }
        match self.kind {
            Kind::Text if self.is_too_short(text) => Err(FaultCode::TooShort { min: self.min }),
            Kind::Choice | Kind::Number | Kind::Date | Kind::Consent => self.parse_declared(text),
            kind => kind.parse(text),
        }
    }

    fn is_too_short(&self, text: &str) -> bool {
        // Graphemes never outnumber scalars.
        text.chars().count() < self.min || (self.min > 0 && !has_more_graphemes(text, self.min - 1))
    }

    fn is_too_long(&self, text: &str) -> bool {
        match self.kind {
            // An address is limited by what a mail server can carry: octets.
            Kind::Email => text.len() > self.max,
            // Their own check gives the better message.
            Kind::Country
            | Kind::Currency
            | Kind::Flag
            | Kind::Choice
            | Kind::Number
            | Kind::Date
            | Kind::Consent => false,
            Kind::Text | Kind::Phone | Kind::Locale => {
                let scalars = text.chars().count();
                // Graphemes never outnumber scalars, so the costly count is rare.
                scalars > self.max
                    && (scalars > self.max * SCALARS_PER_GRAPHEME
                        || has_more_graphemes(text, self.max))
            }
        }
    }
}

/// Whether text of more than `max` scalars has more than `max` graphemes.
#[cfg(not(target_family = "wasm"))]
fn has_more_graphemes(text: &str, max: usize) -> bool {
    use unicode_segmentation::UnicodeSegmentation as _;
    text.graphemes(true).count() > max
}

/// The same without the tables, which are a tenth of the widget's weight: below
/// the first combining mark each scalar is a grapheme. For other text of that
/// length the form waits for what the server says.
#[cfg(target_family = "wasm")]
fn has_more_graphemes(text: &str, _max: usize) -> bool {
    text.chars().all(|character| character < '\u{300}')
}

/// Controls, line separators, the characters that reorder the text around them
/// (UAX #9), and those that are there without being seen. Joiners stay: names in
/// Persian and Indic scripts need them, and so do families of emoji.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Whether there is something to see: not a space, a joiner, a filler, a variation
/// selector or a tag.
fn is_visible(character: char) -> bool {
    !character.is_whitespace()
        && !matches!(character,
            '\u{115F}' | '\u{1160}' | '\u{200C}' | '\u{200D}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &Field, text: &str, expected: &Result<&str, FaultCode>) {
        let answer = field.parse(Raw::Text(text));
        let kept =
            answer.as_ref().map(|answer| answer.text().unwrap_or_default()).map_err(Clone::clone);
        assert_eq!(&kept, expected, "{text:?}");
    }

    #[test]
    fn names_take_every_script_and_up_to_the_limit_in_graphemes() {
        let name = Field::text("fname", "First name").required().max(100);
        for text in ["Ада", "王小明", "فاطمة", "👩‍👩‍👧‍👦", "<script>", "{{7*7}}", "می‌خواهم"]
        {
            check(&name, text, &Ok(text));
        }
        let family = "👩‍👩‍👧‍👦";
        check(&name, &family.repeat(100), &Ok(family.repeat(100).as_str()));
        check(&name, &family.repeat(101), &Err(FaultCode::TooLong { max: 100 }));
        check(&name, &"a".repeat(101), &Err(FaultCode::TooLong { max: 100 }));
        check(
            &name,
            &format!("a{}", "\u{301}".repeat(5_000)),
            &Err(FaultCode::TooLong { max: 100 }),
        );
        for blank in ["  ", "\u{3164}", "\u{200D}", "\u{E0041}", "\u{2800}\u{FE0F}"] {
            check(&name, blank, &Err(FaultCode::Required));
        }
        for hidden in ["\u{200B}", "a\u{2060}b", "\u{AD}", "x\u{200F}", "\u{FFFE}"] {
            check(&name, hidden, &Err(FaultCode::ControlCharacter));
        }
        check(&name, "a\u{202E}b", &Err(FaultCode::ControlCharacter));
        check(&name, "a\0b", &Err(FaultCode::ControlCharacter));
        check(&name, "a\r\nb", &Err(FaultCode::ControlCharacter));
    }

    #[test]
    fn an_answer_of_another_type_is_refused() {
        let name = Field::text("fname", "First name");
        assert_eq!(name.parse(Raw::Flag(true)).unwrap_err(), FaultCode::WrongType);
        assert_eq!(name.parse(Raw::Other).unwrap_err(), FaultCode::WrongType);
        let flag = Field::flag("c_sftp_pass", "SFTP");
        assert_eq!(flag.parse(Raw::Flag(false)).unwrap().value, Some(Value::Flag(false)));
    }
}
