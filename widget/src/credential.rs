//! The API credential as files that a person can keep.

use serde::Serialize;

/// What signs requests, and where they go.
#[derive(Serialize)]
pub(crate) struct Credential {
    #[serde(rename = "api_url")]
    pub(crate) api: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Credential {
    /// Lines for a `.env` file.
    pub(crate) fn as_env(&self) -> String {
        let lines = [
            ("DOORSTEP_API_URL", &self.api),
            ("DOORSTEP_API_USERNAME", &self.username),
            ("DOORSTEP_API_PASSWORD", &self.password),
        ];
        lines.iter().fold(String::new(), |text, (name, value)| {
            // Single quotes: nothing inside is expanded by any reader of these files.
            text + name + "='" + &value.replace('\'', "'\\''") + "'\n"
        })
    }

    /// A JSON object.
    pub(crate) fn as_json(&self) -> String {
        // Texts always have a JSON form; the error's own text would be dead weight.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_hold_what_is_needed_and_quote_it() {
        let credential = Credential {
            api: "https://api.example".to_owned(),
            username: "u".to_owned(),
            password: "a'b\"c$d".to_owned(),
        };
        assert_eq!(
            credential.as_env(),
            "DOORSTEP_API_URL='https://api.example'\nDOORSTEP_API_USERNAME='u'\nDOORSTEP_API_PASSWORD='a'\\''b\"c$d'\n"
        );
        let json: serde_json::Value = serde_json::from_str(&credential.as_json()).unwrap();
        assert_eq!(json["password"], "a'b\"c$d");
    }
}
