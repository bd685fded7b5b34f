//! Sign-ups that nobody vouches for, and that wait for a yes.

use doorstep_fields::{Fault, Raw, SignUp, Value as Answer};
use serde_json::{Map, Value};

use crate::{application::Application, clock::Timestamp, provider::Identity};

/// A sign-up that waits, or waited.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingSignUp {
    /// `sup_…`
    pub id: String,
    /// The publishable client whose page it came from.
    pub client_id: String,
    /// Whom the person claims to be.
    pub identity: Identity,
    /// The answers, by field name; none once it is decided.
    pub answers: Map<String, Value>,
    /// The page's labels.
    pub labels: Map<String, Value>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it is forgotten.
    pub expires_at: Timestamp,
    /// What became of it.
    pub decision: Option<Decision>,
}

/// What became of a pending sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// There is an account.
    Confirmed,
    /// There is none.
    Rejected,
}

impl Decision {
    /// The word in storage and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the word.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Confirmed, Self::Rejected].into_iter().find(|it| it.name() == name)
    }
}

/// The word for one that waits.
pub const PENDING: &str = "pending";

/// Answers as they are kept.
pub fn answers_to_keep(answers: &SignUp) -> Map<String, Value> {
    answers
        .values()
        .map(|(name, answer)| {
            let value = match answer {
                Answer::Text(text) => Value::String(text.clone()),
                Answer::Flag(flag) => Value::Bool(*flag),
            };
            (name.to_owned(), value)
        })
        .collect()
}

impl PendingSignUp {
    /// The request that it was, by the rules of today.
    pub fn application(&self) -> Result<Application, Vec<Fault>> {
        let raw = self.answers.iter().map(|(name, value)| {
            let raw = match value {
                Value::String(text) => Raw::Text(text),
                Value::Bool(flag) => Raw::Flag(*flag),
                _ => Raw::Other,
            };
            (name.as_str(), raw)
        });
        Ok(Application {
            identity: self.identity.clone(),
            answers: SignUp::parse(raw)?,
            labels: self.labels.clone(),
            replaced: Vec::new(),
            ignored: Vec::new(),
        })
    }

    /// The word for its state.
    pub fn status(&self) -> &'static str {
        self.decision.map_or(PENDING, Decision::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_kept_as_it_was() {
        let answers = SignUp::parse([
            ("fname", Raw::Text(" Ada ")),
            ("lname", Raw::Text("Lovelace")),
            ("email", Raw::Text("ada@example.com")),
            ("country", Raw::Text("gb")),
            ("phone", Raw::Text("+44 20 7946 0958")),
            ("locale", Raw::Text("en-GB")),
            ("c_sftp_pass", Raw::Flag(true)),
        ])
        .unwrap();
        let pending = PendingSignUp {
            id: "sup_1".to_owned(),
            client_id: "cli_1".to_owned(),
            identity: Identity::parse("plesk", "Srv.example", "Ada").unwrap(),
            answers: answers_to_keep(&answers),
            labels: Map::new(),
            created_at: Timestamp(0),
            expires_at: Timestamp(1),
            decision: None,
        };
        let again = pending.application().unwrap();
        assert!(again.answers.values().eq(answers.values()));
        assert_eq!(pending.status(), "pending");
        assert_eq!(Decision::parse("rejected"), Some(Decision::Rejected));
        assert_eq!(Decision::parse("pending"), None);
    }
}
