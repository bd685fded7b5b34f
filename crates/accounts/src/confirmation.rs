//! Whether an address is its user's, asked by mail.

use crate::clock::Timestamp;

/// How far the question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationState {
    /// The mail is on its way to the mail server.
    Waiting,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good.
    Failed,
    /// The person pressed the button.
    Confirmed,
}

impl ConfirmationState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Confirmed];

    /// The name in the database and in answers. It never changes once released.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Confirmed => "confirmed",
        }
    }

    /// Reads what was stored.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What is known of the question that was asked last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// How far it is.
    pub state: ConfirmationState,
    /// When the last mail was sent.
    pub sent_at: Option<Timestamp>,
    /// Why none was sent, if somebody said so.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in ConfirmationState::ALL {
            assert_eq!(ConfirmationState::from_name(state.name()), Some(state));
        }
        assert_eq!(ConfirmationState::from_name("perhaps"), None);
    }
}
