//! Asking by mail whether an address is its user's.

use doorstep_accounts::JobKind;
use doorstep_register::{
    Context, Errand, Letter, Settled, begin_letter, letter_failed, letter_sent,
};
use doorstep_store::Lease;

use super::{Ended, Failed, Work, Working, answer::sentence};
use crate::{
    config::Settings,
    failpoint,
    mail::{Letters, MailServer, Refused},
};

/// The work on mails.
pub(crate) struct ConfirmEmail {
    context: Context,
    server: MailServer,
    letters: Letters,
}

impl ConfirmEmail {
    /// By the mail server that is set; `None` without one: mails are left to processes
    /// that have one.
    pub(super) fn new(context: &Context, settings: &Settings) -> Option<Self> {
        if !settings.mail.is_on() {
            return None;
        }
        let letters = Letters::new(settings)
            .inspect_err(|cause| tracing::error!(cause, "no mail can be written"))
            .ok()?;
        Some(Self { context: context.clone(), server: MailServer::new(settings), letters })
    }

    async fn work(&self, lease: &Lease) -> Result<Ended, Failed> {
        let letter = match begin_letter(&self.context, lease).await? {
            Errand::Lost => return Ok(Ended::Lost),
            Errand::Over => return Ok(Ended::Settled),
            Errand::Go(letter) => letter,
        };
        failpoint::at("coded");
        let settled = match self.send(lease, &letter).await {
            Ok(()) => {
                failpoint::at("mailed");
                letter_sent(&self.context, lease).await?
            }
            Err(Refused::ForGood(reason)) => {
                let reason = without_secrets(&reason, letter.code.expose());
                tracing::warn!(job = lease.job_id, reason, "a mail was refused for good");
                letter_failed(&self.context, lease, &reason).await?
            }
            Err(Refused::ForNow(reason)) => {
                return Err(Failed(without_secrets(&reason, letter.code.expose())));
            }
        };
        Ok(ended(settled))
    }

    async fn send(&self, lease: &Lease, letter: &Letter) -> Result<(), Refused> {
        // Each try is a mail of its own: its link is.
        let id = format!("{}.{}", lease.job_id, lease.fence);
        let (envelope, mail) =
            self.letters.write(letter, &id, self.context.clock.now()).map_err(Refused::ForGood)?;
        self.server.send(&envelope, &mail).await
    }
}

/// Characters of a code in a row by which somebody recognises it and nobody guesses it.
const RECOGNISED: usize = 8;

/// What a mail server said, without what it may repeat of the mail, whole or in parts:
/// whoever reads the log or the jobs learns neither the code nor whose address it is.
fn without_secrets(reason: &str, code: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_secret = |word: &str| {
        word.len() >= RECOGNISED && (code.contains(word) || word.contains(&code[..RECOGNISED]))
    };
    let mut said = String::new();
    for part in reason.split_inclusive(|c: char| c.is_whitespace() || "<>()[]\"',;".contains(c)) {
        let (text, end) = match part.char_indices().last() {
            Some((at, last)) if last.is_whitespace() || last.is_ascii_punctuation() => {
                part.split_at(at)
            }
            _ => (part, ""),
        };
        let holds_code = text.split(|c| !is_word(c)).any(is_secret);
        said.push_str(if text.contains('@') || holds_code { "…" } else { text });
        said.push_str(end);
    }
    sentence(&said)
}

const fn ended(settled: Settled) -> Ended {
    match settled {
        Settled::Written => Ended::Settled,
        Settled::Lost => Ended::Lost,
    }
}

impl Work for ConfirmEmail {
    fn kind(&self) -> JobKind {
        JobKind::ConfirmEmail
    }

    fn run<'a>(&'a self, lease: &'a Lease) -> Working<'a, Result<Ended, Failed>> {
        Box::pin(self.work(lease))
    }

    fn give_up<'a>(
        &'a self,
        lease: &'a Lease,
        reason: &'a str,
    ) -> Working<'a, Result<bool, Failed>> {
        Box::pin(async move {
            Ok(letter_failed(&self.context, lease, reason).await? == Settled::Written)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn what_a_mail_server_repeats_is_left_out() {
        let code = "cfm_wUqkYk2xO4vXfZ3mT8sLrJcB1nHdGpAeQi7uMoVyKtE_0aZ9bb";
        for (said, kept) in [
            (
                "permanent error (550): 5.1.1 <Ada@Mail.Example>: no such user".to_owned(),
                "permanent error (550): 5.1.1 <…>: no such user",
            ),
            ("user ada@mail.example, unknown".to_owned(), "user …, unknown"),
            (format!("bad link https://x.example/confirm?code={code}"), "bad link …"),
            (format!("bad link code=3D{}=\r\n{}", &code[..20], &code[20..]), "bad link …  …"),
            (format!("in two: {}, {}", &code[..12], &code[12..]), "in two: …, …"),
            ("mailbox is full".to_owned(), "mailbox is full"),
        ] {
            assert_eq!(without_secrets(&said, code), kept);
        }
    }
}
