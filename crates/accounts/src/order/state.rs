//! How far an order is, and how it gets on.

use std::fmt;

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// It is written down.
    Open,
    /// It waits for a worker.
    Pending,
    /// The project is being made.
    Processing,
    /// The project is there.
    Completed,
    /// It could not be made. It can be tried again.
    Failed,
    /// It was taken back before anybody began.
    Cancelled,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is given to the workers.
    Submit,
    /// A worker begins, or begins once more where another one stopped.
    Begin,
    /// The project is there.
    Complete,
    /// It cannot be made.
    Fail,
    /// Its owner does not want it any more.
    Cancel,
    /// Its owner wants it tried once more.
    Retry,
}

/// The step does not lead on from the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongState {
    /// The state.
    pub state: OrderState,
    /// The step.
    pub step: Step,
}

impl OrderState {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Pending,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing happens to it any more by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Where the step leads. This table is the whole life of an order.
    pub const fn after(self, step: Step) -> Result<Self, WrongState> {
        Ok(match (self, step) {
            (Self::Open, Step::Submit) | (Self::Failed, Step::Retry) => Self::Pending,
            (Self::Pending | Self::Processing, Step::Begin) => Self::Processing,
            (Self::Processing, Step::Complete) => Self::Completed,
            // Also one that no worker ever began: they may all have died of it.
            (Self::Pending | Self::Processing, Step::Fail) => Self::Failed,
            // What is being made elsewhere cannot be taken back from here.
            (Self::Open | Self::Pending, Step::Cancel) => Self::Cancelled,
            _ => return Err(WrongState { state: self, step }),
        })
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Declares the reasons and everything that belongs to each, in one place.
macro_rules! failures {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $message:literal;)+) => {
        /// Why an order failed, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FailureCode { $($(#[doc = $doc])+ $variant,)+ }

        impl FailureCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire. It never changes once released.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What is said to the person, unless whoever failed said something.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }
        }
    };
}

failures! {
    /// The operator's provisioner said no, and why.
    Refused = "provisioner_refused", "The provider could not set the project up. Ask them before you try again.";
    /// The operator's provisioner was not reached, in several tries.
    Unreachable = "provisioner_unreachable", "The system that sets projects up did not answer. Try again later.";
    /// The operator's provisioner took the order on and never said what became of it.
    Silent = "provisioner_silent", "The project was not ready in time. Try again, or ask the provider.";
    /// The folder for projects cannot be written.
    Storage = "storage_failed", "The project's files could not be written. Try again later.";
    /// Workers ended in the middle of it, several times.
    Lost = "worker_lost", "The work on the order broke off several times. Try again later.";
    /// The secrets that were sent with it cannot be read any more.
    SecretsGone = "secrets_gone", "What you entered was kept for too long and is gone. Place a new order.";
}

impl FailureCode {
    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// Why an order failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: FailureCode,
    /// For people.
    pub message: String,
}

impl From<FailureCode> for Failure {
    fn from(code: FailureCode) -> Self {
        Self { code, message: code.message().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 6] =
        [Step::Submit, Step::Begin, Step::Complete, Step::Fail, Step::Cancel, Step::Retry];

    #[test]
    fn only_these_steps_lead_on() {
        let mut ways = Vec::new();
        for state in OrderState::ALL {
            for step in STEPS {
                match state.after(step) {
                    Ok(next) => ways.push(format!("{state} {step:?} {next}")),
                    Err(wrong) => assert_eq!(wrong, WrongState { state, step }),
                }
            }
        }
        assert_eq!(
            ways,
            [
                "open Submit pending",
                "open Cancel cancelled",
                "pending Begin processing",
                "pending Fail failed",
                "pending Cancel cancelled",
                "processing Begin processing",
                "processing Complete completed",
                "processing Fail failed",
                "failed Retry pending",
            ]
        );
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for state in OrderState::ALL {
            assert_eq!(OrderState::parse(state.name()), Some(state));
        }
        for code in FailureCode::ALL {
            assert_eq!(FailureCode::parse(code.name()), Some(*code));
        }
        assert_eq!(OrderState::parse("Open"), None);
    }
}
