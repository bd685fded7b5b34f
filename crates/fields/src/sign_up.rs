//! All answers of a form together: every value, or every fault.

use crate::{
    catalogue::CATALOGUE,
    fault::Fault,
    field::Field,
    kind::{Raw, Value},
};

/// The checked answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignUp {
    values: Vec<(&'static str, Value)>,
    substituted: Vec<&'static str>,
}

impl SignUp {
    /// Checks a sign-up: each answer by its field's rule, and that no required
    /// one is missing. Names that are in no catalogue are passed over; an answer
    /// given twice counts as it was given last.
    pub fn parse<'a>(
        raw: impl IntoIterator<Item = (&'a str, Raw<'a>)>,
    ) -> Result<Self, Vec<Fault>> {
        Self::collect(&[], raw, true)
    }

    /// The same with the fields that the operator declared, as the form asks them.
    pub fn parse_with<'a>(
        declared: &'static [Field],
        raw: impl IntoIterator<Item = (&'a str, Raw<'a>)>,
    ) -> Result<Self, Vec<Fault>> {
        Self::collect(declared, raw, true)
    }

    /// Checks a change: only what is there. A blank answer to an optional field
    /// is no fault and no value: the caller, who knows that it was sent, clears
    /// the field.
    pub fn parse_change<'a>(
        raw: impl IntoIterator<Item = (&'a str, Raw<'a>)>,
    ) -> Result<Self, Vec<Fault>> {
        Self::collect(&[], raw, false)
    }

    fn collect<'a>(
        declared: &'static [Field],
        raw: impl IntoIterator<Item = (&'a str, Raw<'a>)>,
        complete: bool,
    ) -> Result<Self, Vec<Fault>> {
        let raw: Vec<_> = raw.into_iter().collect();
        let mut sign_up = Self::default();
        let mut faults = Vec::new();
        for field in CATALOGUE.iter().chain(declared) {
            let sent = raw.iter().rev().find(|(name, _)| *name == field.name);
            let answer = match sent {
                Some((_, raw)) => *raw,
                None if complete => Raw::Absent,
                None => continue,
            };
            match field.parse(answer) {
                Ok(answer) => {
                    if answer.substituted {
                        sign_up.substituted.push(field.name);
                    }
                    if let Some(value) = answer.value {
                        sign_up.values.push((field.name, value));
                    }
                }
                Err(code) => faults.push(Fault { field: field.name, code }),
            }
        }
        if faults.is_empty() { Ok(sign_up) } else { Err(faults) }
    }

    /// The text answer to a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values().find_map(|(field, value)| match value {
            Value::Text(text) if field == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// All values, in catalogue order.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// The fields whose answer was replaced: by its language for a locale, by
    /// the platform's default (no value here) for an unknown locale or currency.
    pub fn substituted(&self) -> &[&'static str] {
        &self.substituted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultCode;

    #[test]
    fn all_faults_are_reported_at_once() {
        let faults = SignUp::parse([("email", Raw::Text("nope")), ("country", Raw::Text("USA"))])
            .unwrap_err();
        let names: Vec<_> = faults.iter().map(|fault| (fault.field, fault.code.name())).collect();
        assert_eq!(
            names,
            [
                ("fname", "required"),
                ("lname", "required"),
                ("email", "invalid_email"),
                ("country", "unknown_country")
            ]
        );
        assert_eq!(faults[0].to_string(), "First name is required");
        assert_eq!(faults[0].code, FaultCode::Required);
    }

    #[test]
    fn a_change_needs_nothing_but_checks_what_it_has() {
        assert!(SignUp::parse_change([]).unwrap().values().next().is_none());
        let change = SignUp::parse_change([("city", Raw::Text("Rome"))]).unwrap();
        assert_eq!(change.text("city"), Some("Rome"));
        assert!(SignUp::parse_change([("fname", Raw::Text(" "))]).is_err());
    }

    #[test]
    fn substitutions_are_named() {
        let names = [("fname", Raw::Text("A")), ("lname", Raw::Text("B"))];
        let sign_up = SignUp::parse(
            names.into_iter().chain([("locale", Raw::Text("foo")), ("currency", Raw::Text("ZZZ"))]),
        )
        .unwrap();
        assert_eq!(sign_up.substituted(), ["currency", "locale"]);
    }
}
