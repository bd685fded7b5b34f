//! `[mail]`

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use lettre::message::Mailbox;
use serde::Deserialize;

/// `[mail]`: the mail server that asks whether addresses are their users'. On several
/// servers the settings must agree.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The mail server's name or address. Without one no mail is sent, and addresses
    /// stay unconfirmed unless somebody vouches for them.
    pub host: String,
    /// Its port. Default: 465, 587 or 25, as `tls` has it.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// A file with the certificates (PEM) of who vouches for the mail server, beside
    /// those whom the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Whom we are to the mail server, if it asks.
    pub user: Option<String>,
    /// A file with the password: it is to stand neither in the settings nor in the
    /// environment.
    pub password_file: Option<PathBuf>,
    /// What stood in it.
    #[serde(skip)]
    pub password: String,
    /// From whom mails are, as `Example Cloud <noreply@example.com>`.
    pub from: String,
    /// Seconds that a mail server may take to connect, and for each of its answers. It
    /// may look at a mail for minutes (RFC 5321 §4.5.3.2), and nobody waits for it here.
    pub timeout_seconds: u64,
    /// Seconds that the link in a mail works: a day, for people who read their mail in
    /// the evening; at most 30 days.
    pub confirm_seconds: i64,
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From its first byte (RFC 8314).
    Implicit,
    /// From when the server has said that it can (RFC 3207). One that cannot is not
    /// used.
    StartTls,
    /// Not at all: for a mail server on this machine.
    None,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            tls: MailTls::Implicit,
            ca_file: None,
            user: None,
            password_file: None,
            password: String::new(),
            from: String::new(),
            timeout_seconds: 60,
            confirm_seconds: 86_400,
        }
    }
}

/// Without the password.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Mail {
    /// Whether mails are sent.
    pub fn is_on(&self) -> bool {
        !self.host.is_empty()
    }

    /// [`Self::port`], or its default.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Implicit => 465,
            MailTls::StartTls => 587,
            MailTls::None => 25,
        })
    }

    /// [`Self::timeout_seconds`].
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    fn is_here(&self) -> bool {
        self.host == "localhost"
            || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        if !(1..=600).contains(&self.timeout_seconds) {
            return Err(format!(
                "mail.timeout_seconds {} is not between 1 and 600",
                self.timeout_seconds
            ));
        }
        if !(1..=30 * 86_400).contains(&self.confirm_seconds) {
            return Err(format!(
                "mail.confirm_seconds {} is not between 1 and 2592000",
                self.confirm_seconds
            ));
        }
        if !self.is_on() {
            let is_set = !self.from.is_empty()
                || self.user.is_some()
                || self.password_file.is_some()
                || self.ca_file.is_some()
                || self.port.is_some();
            return if is_set {
                Err("mail.host is not set, and other settings of [mail] are: name the mail server"
                    .to_owned())
            } else {
                Ok(())
            };
        }
        if url::Host::parse(&self.host).is_err() && self.host.parse::<IpAddr>().is_err() {
            return Err(format!(
                "mail.host {:?} is not the name or the address of a mail server",
                self.host
            ));
        }
        if self.from.parse::<Mailbox>().is_err() || self.from.chars().any(char::is_control) {
            return Err(format!(
                "mail.from {:?} is not of the form \"Example Cloud <noreply@example.com>\"",
                self.from
            ));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("mail.user and mail.password_file go together: set both or none".to_owned());
        }
        if self.tls == MailTls::None && !self.is_here() {
            return Err(format!(
                "mail.tls \"none\" is for a mail server on this machine, and {} may be another one: what is sent there opens accounts",
                self.host
            ));
        }
        if let Some(path) = &self.ca_file
            && let Err(why) = crate::mail::certificates(path)
        {
            return Err(format!("mail.ca_file: {}: {why}", path.display()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> Mail {
        Mail {
            host: "mail.example.com".to_owned(),
            from: "Example Cloud <noreply@example.com>".to_owned(),
            ..Mail::default()
        }
    }

    #[test]
    fn what_cannot_work_is_named() {
        assert_eq!(Mail::default().validate(), Ok(()));
        assert_eq!(on().validate(), Ok(()));
        let with = |change: fn(&mut Mail)| {
            let mut mail = on();
            change(&mut mail);
            mail.validate().unwrap_err()
        };
        for (said, expected) in [
            (with(|it| it.host.clear()), "mail.host is not set"),
            (with(|it| it.host = "a b".to_owned()), "mail.host \"a b\""),
            (with(|it| it.from = "nobody".to_owned()), "mail.from \"nobody\""),
            (with(|it| it.from = "a@b.example\r\nBcc: c@d.example".to_owned()), "mail.from"),
            (with(|it| it.user = Some("ada".to_owned())), "mail.user and mail.password_file"),
            (with(|it| it.tls = MailTls::None), "mail.tls \"none\""),
            (with(|it| it.timeout_seconds = 0), "mail.timeout_seconds 0"),
            (with(|it| it.confirm_seconds = 0), "mail.confirm_seconds 0"),
            (with(|it| it.ca_file = Some("/nowhere.pem".into())), "mail.ca_file: /nowhere.pem"),
        ] {
            assert!(said.starts_with(expected), "{said}");
        }
        for here in ["localhost", "127.0.0.1", "::1"] {
            let mail = Mail { host: here.to_owned(), tls: MailTls::None, ..on() };
            assert_eq!(mail.validate(), Ok(()), "{here}");
        }
    }

    #[test]
    fn the_port_follows_the_encryption_and_the_password_is_not_printed() {
        let mut mail = on();
        assert_eq!(mail.port(), 465);
        mail.tls = MailTls::StartTls;
        assert_eq!(mail.port(), 587);
        mail.port = Some(2525);
        assert_eq!(mail.port(), 2525);
        mail.password = "hunter2".to_owned();
        assert!(!format!("{mail:?}").contains("hunter2"));
    }
}
