//! Where a sign-up stands, and what each answer of the server makes of it.
//!
//! Pure: neither browser nor Leptos, so that it is tested natively.

use doorstep_widget_kit::problem::Problem;
use doorstep_wire::Code;

/// Where a sign-up stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Flow {
    /// The person is filling the form in.
    #[default]
    Editing,
    /// The answers are on their way.
    Sending,
    /// The account is there.
    Done(Account),
    /// The server said no; sending the same again would not help.
    Refused(Refusal),
    /// It is not known whether the server heard us, or it cannot serve now.
    /// Sending the same again is safe, and right.
    Unreachable(Trouble),
}

/// What the server said (or did not say).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// `201`.
    SignedUp(Account),
    /// A refusal with its reason.
    Problem(Problem),
    /// Nothing that we understand: no connection, no answer in time, or
    /// something between us and the server that answered in its place.
    None,
}

/// What a person gets: of `doorstep_wire::user::SignedUp` what the form shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) handover: Handover,
}

/// How a person gets the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Handover {
    /// Here it is.
    Password(String),
    /// The page's back end gets it, for this code.
    Claim(String),
    /// It was shown before.
    Delivered,
    /// There is none yet: the sign-up waits for the provider's yes.
    Pending,
}

/// Secrets do not print.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.username)
    }
}

/// Why the server said no.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// Some answers have faults; those of fields that are not on the form are
    /// here, the others at their fields.
    Faults {
        /// How many fields are marked.
        marked: usize,
        /// The sentences that have no field to stand at.
        elsewhere: Vec<String>,
    },
    /// This person has an account already.
    AlreadyRegistered,
    /// The token is missing, expired or not for this; the host can give another.
    Token,
    /// Anything else: the server's own sentence.
    Other(String),
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing came back.
    NoAnswer,
    /// Nothing could go out: the device has no connection.
    Offline,
    /// The server said that it cannot serve now.
    Busy,
}

impl Flow {
    /// Whether a press of the button sends. While sending it does not: a double
    /// click is one sign-up.
    pub(crate) fn may_send(&self) -> bool {
        !matches!(self, Self::Sending | Self::Done(_))
    }

    /// Whether the credential is on the screen.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// What a reply leads to. `is_shown` says which fields are on the form.
    pub(crate) fn after(reply: Reply, is_shown: impl Fn(&str) -> bool) -> Self {
        let problem = match reply {
            Reply::SignedUp(account) => return Self::Done(account),
            Reply::None => return Self::Unreachable(Trouble::NoAnswer),
            Reply::Problem(problem) => problem,
        };
        // Statuses count as well as codes: what stands between us and the server
        // knows only those. 429 comes from limits, and passes.
        if problem.status >= 500 || matches!(problem.status, 408 | 429) {
            return Self::Unreachable(Trouble::Busy);
        }
        if problem.code == Code::AlreadyRegistered.name() {
            return Self::Refused(Refusal::AlreadyRegistered);
        }
        // The other conflict is with our own first attempt, which is still at work.
        if problem.status == 409 {
            return Self::Unreachable(Trouble::Busy);
        }
        if problem.status == 401 {
            return Self::Refused(Refusal::Token);
        }
        if problem.faults.is_empty() {
            return Self::Refused(Refusal::Other(problem.detail));
        }
        let (at_fields, elsewhere): (Vec<_>, Vec<_>) =
            problem.faults.into_iter().partition(|fault| is_shown(&fault.field));
        Self::Refused(Refusal::Faults {
            marked: at_fields.len(),
            elsewhere: elsewhere.into_iter().map(|fault| fault.sentence).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use doorstep_widget_kit::problem::Told;

    use super::*;

    fn problem(code: Code, faults: Vec<Told>) -> Problem {
        let (status, code) = (code.status(), code.name().to_owned());
        Problem { status, code, detail: "x".to_owned(), faults, wait: f64::NAN }
    }

    fn check(problem: Problem, expected: &Flow) {
        let flow = Flow::after(Reply::Problem(problem), |name| name == "fname");
        assert_eq!(flow, *expected);
    }

    #[test]
    fn nothing_is_sent_twice_at_once_or_after_success() {
        assert!(Flow::Editing.may_send());
        assert!(!Flow::Sending.may_send());
        assert!(Flow::Refused(Refusal::Token).may_send());
        assert!(Flow::Unreachable(Trouble::NoAnswer).may_send());
    }

    #[test]
    fn each_refusal_leads_to_its_own_state() {
        let refused = |refusal| Flow::Refused(refusal);
        check(problem(Code::AlreadyRegistered, vec![]), &refused(Refusal::AlreadyRegistered));
        check(problem(Code::InvalidToken, vec![]), &refused(Refusal::Token));
        check(problem(Code::Unauthenticated, vec![]), &refused(Refusal::Token));
        check(problem(Code::OriginNotAllowed, vec![]), &refused(Refusal::Other("x".into())));
        check(problem(Code::MissingProvider, vec![]), &refused(Refusal::Other("x".into())));
    }

    #[test]
    fn what_passes_is_tried_again() {
        for code in Code::ALL.iter().filter(|code| code.retry()) {
            check(problem(*code, vec![]), &Flow::Unreachable(Trouble::Busy));
        }
        let limited = Problem { status: 429, ..problem(Code::InvalidRequest, vec![]) };
        check(limited, &Flow::Unreachable(Trouble::Busy));
        assert_eq!(Flow::after(Reply::None, |_| true), Flow::Unreachable(Trouble::NoAnswer));
    }

    #[test]
    fn faults_without_a_field_on_the_form_are_told_on_top() {
        let faults = ["/user/fname", "/user/merge_labels"].map(|pointer| {
            Told::at(pointer.to_owned(), String::new(), pointer.to_owned() + " is wrong")
        });
        check(
            problem(Code::ValidationFailed, faults.to_vec()),
            &Flow::Refused(Refusal::Faults {
                marked: 1,
                elsewhere: vec!["/user/merge_labels is wrong".to_owned()],
            }),
        );
    }
}
