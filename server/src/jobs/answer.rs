//! What a provisioner says, at once or later, read and held to what a page may show.

use doorstep_accounts::order::{Failure, FailureCode};
use doorstep_fields::is_hidden;
use doorstep_wire::onboarding::Outcome;

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The project is there.
    Completed {
        /// Where.
        link: Option<String>,
    },
    /// It cannot be made.
    Failed(Failure),
    /// It is being made.
    Goes {
        /// How far it is.
        message: Option<String>,
    },
}

/// Characters of a sentence for a person.
const MESSAGE: usize = 500;
/// Characters of a link.
const LINK: usize = 2_000;

/// Reads it; says what is wrong.
pub(crate) fn read(outcome: &Outcome) -> Result<Said, String> {
    let message = outcome.message.as_deref().map(sentence);
    let message = message.filter(|message| !message.is_empty());
    match outcome.status.as_str() {
        "completed" => {
            let link = outcome.link.as_deref().map(link).transpose()?;
            Ok(Said::Completed { link })
        }
        "failed" => Ok(Said::Failed(Failure {
            code: FailureCode::Refused,
            message: message.unwrap_or_else(|| FailureCode::Refused.message().to_owned()),
        })),
        "processing" | "accepted" => Ok(Said::Goes { message }),
        _ => Err("status must be completed, failed or processing".to_owned()),
    }
}

/// A link leads to a page, and never does anything when it is clicked.
fn link(text: &str) -> Result<String, String> {
    let usable = text.len() <= LINK
        && url::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if usable {
        Ok(text.to_owned())
    } else {
        Err("link must be an http(s) URL of at most 2000 characters".to_owned())
    }
}

/// One line that can be shown.
pub(crate) fn sentence(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let shown: String = shown.filter(|c| !is_hidden(*c)).take(MESSAGE).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: &str, link: Option<&str>, message: Option<&str>) -> Outcome {
        let (link, message) = (link.map(str::to_owned), message.map(str::to_owned));
        Outcome { status: status.to_owned(), link, message }
    }

    #[test]
    fn links_that_do_something_and_texts_that_hide_something_are_not_passed_on() {
        for link in ["javascript:alert(1)", "data:text/html,x", "/here", "", "https://"] {
            assert!(read(&outcome("completed", Some(link), None)).is_err(), "{link}");
        }
        let link = Some("https://p.example/7".to_owned());
        assert_eq!(
            read(&outcome("completed", link.as_deref(), None)),
            Ok(Said::Completed { link })
        );
        let said = read(&outcome("failed", None, Some("no\u{202e} room\nleft "))).unwrap();
        assert!(matches!(said, Said::Failed(failure) if failure.message == "no room left"));
        let said = read(&outcome("failed", None, Some(" "))).unwrap();
        assert!(matches!(said, Said::Failed(it) if it.message == FailureCode::Refused.message()));
        assert!(read(&outcome("done", None, None)).is_err());
    }
}
