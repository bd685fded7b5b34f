//! The mail that asks whether an address is its reader's.

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use doorstep_accounts::Timestamp;
use doorstep_register::Letter;
use doorstep_wire::paths;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::config::Settings;

/// What mails are written with.
#[derive(Debug)]
pub(crate) struct Letters {
    from: Mailbox,
    /// Whose mails they are.
    name: String,
    /// Where people reach the server.
    home: String,
    color: String,
    on_color: String,
}

/// The text part. Askama escapes by the ending: nothing in this one.
#[derive(Template)]
#[template(path = "confirm_mail.txt")]
struct Plain<'a> {
    name: &'a str,
    home: &'a str,
    link: &'a str,
    lasts: &'a str,
}

/// The HTML part.
#[derive(Template)]
#[template(path = "confirm_mail.html")]
struct Html<'a> {
    subject: &'a str,
    name: &'a str,
    home: &'a str,
    link: &'a str,
    lasts: &'a str,
    color: &'a str,
    on_color: &'a str,
}

impl Letters {
    /// By the settings, which were checked.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        let from = settings.mail.from.parse().map_err(|error| format!("mail.from: {error}"))?;
        let branding = settings.branding.to_wire();
        Ok(Self {
            from,
            name: settings.platform_name(),
            home: settings.public_url().to_owned(),
            color: branding.color.unwrap_or_else(|| crate::config::COLOR.to_owned()),
            on_color: branding.on_color.unwrap_or_else(|| "#ffffff".to_owned()),
        })
    }

    /// The mail, and from whom to whom it goes. The id tells mails apart.
    pub(crate) fn write(
        &self,
        letter: &Letter,
        id: &str,
        now: Timestamp,
    ) -> Result<(Envelope, Vec<u8>), String> {
        let to = address(&letter.email)?;
        let link = format!("{}{}?code={}", self.home, paths::CONFIRM, letter.code.expose());
        let (subject, lasts) =
            (format!("Confirm your address – {}", self.name), lasts(letter.seconds));
        let Self { name, home, color, on_color, .. } = self;
        let unwritten = |error: askama::Error| format!("a mail cannot be written: {error}");
        let plain = Plain { name, home, link: &link, lasts: &lasts }.render().map_err(unwritten)?;
        let html =
            Html { subject: &subject, name, home, link: &link, lasts: &lasts, color, on_color };
        let html = html.render().map_err(unwritten)?;
        let sent_at = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(subject)
            .date(UNIX_EPOCH + sent_at)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            // Nobody's machine answers this (RFC 3834 §5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(plain, html))
            .map_err(|error| format!("a mail cannot be written: {error}"))?;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to])
            .map_err(|error| format!("a mail cannot be addressed: {error}"))?;
        Ok((envelope, message.formatted()))
    }
}

/// An address with its domain as mail servers know it (RFC 5890).
fn address(email: &str) -> Result<Address, String> {
    let parts = email.rsplit_once('@');
    let parsed = parts.and_then(|(user, domain)| {
        let domain = url::Host::parse(domain).ok()?;
        Address::new(user, domain.to_string()).ok()
    });
    parsed.ok_or_else(|| "this is no address that a mail can be sent to".to_owned())
}

/// A time as people say it, rounded down.
fn lasts(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        for (seconds, said) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (3_600, "60 minutes"),
            (86_400, "24 hours"),
            (172_800, "2 days"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(lasts(seconds), said);
        }
    }

    #[test]
    fn an_address_is_one_recipient_whatever_stands_in_it() {
        assert_eq!(address("ada@bücher.example").unwrap().to_string(), "ada@xn--bcher-kva.example");
        assert_eq!(address("o'hara+x@mail.example").unwrap().to_string(), "o'hara+x@mail.example");
        for bad in
            ["", "ada", "a@b.example\r\nRCPT TO:<c@d.example>", "a\r\nb@c.example", "a b@c.example"]
        {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
