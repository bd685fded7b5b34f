//! Handing a mail over to the mail server (RFC 5321).

use std::{fmt, path::Path, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};

use crate::config::{Mail, MailTls, Settings};

/// The mail server.
pub(crate) struct MailServer {
    host: String,
    port: u16,
    mode: MailTls,
    /// What the connection is encrypted with; why it cannot be.
    tls: Result<Option<TlsParameters>, String>,
    login: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The mail server will not take it, whenever it is sent: in its words.
    ForGood(String),
    /// It may take it later.
    ForNow(String),
}

/// Ways to say a password. All of them say it, so the connection is encrypted.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

impl MailServer {
    /// By the settings, which were checked.
    pub(crate) fn new(settings: &Settings) -> Self {
        let mail = &settings.mail;
        let login =
            mail.user.as_ref().map(|user| Credentials::new(user.clone(), mail.password.clone()));
        Self {
            host: mail.host.clone(),
            port: mail.port(),
            mode: mail.tls,
            tls: tls(mail),
            login,
            hello: hello(settings),
            timeout: mail.timeout(),
        }
    }

    /// Sends a mail to one recipient.
    pub(crate) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), Refused> {
        let mut connection = self.connect().await.map_err(Refused::ForNow)?;
        let sent = self.hand_over(&mut connection, envelope, mail).await;
        // What it answers changes nothing any more.
        let _ = tokio::time::timeout(self.timeout, connection.abort()).await;
        sent
    }

    /// Connects, says hello and logs in: all that can be tried without a mail.
    pub(crate) async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let tls = self.tls.clone()?;
        let (implicit, start) = match self.mode {
            MailTls::Implicit => (tls, None),
            MailTls::StartTls => (None, tls),
            MailTls::None => (None, None),
        };
        let work = async {
            let address = (self.host.as_str(), self.port);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1(address, None, &self.hello, implicit, None)
                    .await?;
            if let Some(tls) = start {
                connection.starttls(tls, &self.hello).await?;
            }
            if let Some(login) = &self.login {
                connection.auth(&MECHANISMS, login).await?;
            }
            Ok(connection)
        };
        let connected = self.in_time(work).await;
        connected.map_err(|why| format!("{}: {}", self.place(), why.text()))
    }

    /// Where it is.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What is refused of the sender, or before, is the operator's to mend, and the mail
    /// is sent when it is; what is refused of the recipient or of the mail is final.
    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<(), Refused> {
        let mut parameters = Vec::new();
        if envelope.to().iter().any(|to| !to.to_string().is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Refused::ForGood(
                    "the mail server takes addresses in ASCII alone (it has no SMTPUTF8)"
                        .to_owned(),
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = MailFrom::new(envelope.from().cloned(), parameters);
        self.in_time(connection.command(from)).await.map_err(|why| Refused::ForNow(why.text()))?;
        for to in envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            self.in_time(connection.command(to)).await.map_err(Why::refusal)?;
        }
        self.in_time(connection.command(Data)).await.map_err(Why::refusal)?;
        self.in_time(connection.message(mail)).await.map_err(Why::refusal)?;
        Ok(())
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Why> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(Why::Said),
            Err(_) => Err(Why::Silent(self.timeout)),
        }
    }
}

/// Not its login.
impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer").field("host", &self.host).finish_non_exhaustive()
    }
}

/// What went wrong at one step.
enum Why {
    Said(Error),
    Silent(Duration),
}

impl Why {
    fn text(&self) -> String {
        match self {
            // It has said its source as well.
            Self::Said(error) => error.to_string(),
            Self::Silent(time) => format!("no answer within {} seconds", time.as_secs()),
        }
    }

    fn refusal(self) -> Refused {
        match &self {
            Self::Said(error) if error.is_permanent() => Refused::ForGood(self.text()),
            _ => Refused::ForNow(self.text()),
        }
    }
}

/// Whom a mail server is told that it talks to: the name under which people know us.
fn hello(settings: &Settings) -> ClientId {
    let url = url::Url::parse(settings.public_url()).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => ClientId::Domain(name.to_owned()),
        Some(url::Host::Ipv4(address)) => ClientId::Ipv4(address),
        Some(url::Host::Ipv6(address)) => ClientId::Ipv6(address),
        None => ClientId::default(),
    }
}

fn tls(mail: &Mail) -> Result<Option<TlsParameters>, String> {
    if mail.tls == MailTls::None {
        return Ok(None);
    }
    let mut parameters = TlsParameters::builder(mail.host.clone());
    if let Some(path) = &mail.ca_file {
        let found = certificates(path).map_err(|why| format!("mail.ca_file: {why}"))?;
        parameters = parameters.add_root_certificate(found);
    }
    parameters.build().map(Some).map_err(|error| format!("no encryption: {error}"))
}

/// The certificates in a file.
pub(crate) fn certificates(path: &Path) -> Result<Certificate, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    if !text.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
        return Err("there is no certificate (PEM) in it".to_owned());
    }
    Certificate::from_pem(&text).map_err(|error| error.to_string())
}
