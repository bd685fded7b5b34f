//! The sections, with the default and the reason beside each setting.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use doorstep_accounts::NameRules;
use serde::Deserialize;

use super::Networks;

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where to listen. Loopback by default: a proxy in front ends TLS.
    pub listen: SocketAddr,
    /// The URL under which people and panels reach the server.
    pub public_url: Option<String>,
    /// Proxies in front, as networks or addresses. Only these are believed when
    /// they say by `X-Forwarded-For` for whom they ask; without them all who come
    /// through a proxy share the limits of one address.
    pub trusted_proxies: Networks,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            trusted_proxies: Networks::default(),
        }
    }
}

/// `[ops]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ops {
    /// Where health and metrics listen; not for the public.
    pub listen: SocketAddr,
    /// Mebibytes that must be free where a SQLite database is, or the server says that
    /// it is not ready. A sign-up takes about four KiB, so the last four thousand of
    /// them are the time in which somebody makes room.
    pub free_mib: u64,
}

impl Default for Ops {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8090)), free_mib: 16 }
    }
}

/// `[database]`
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
    pub url: String,
    /// A file with the URL, in place of `url`: for a password that is to stand neither
    /// in the settings nor in the environment.
    pub url_file: Option<PathBuf>,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite://doorstep.db".to_owned(), url_file: None }
    }
}

/// The URL can hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

/// `[keys]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The key file. Default: `doorstep.keys` beside a SQLite database, else in
    /// the working directory. All servers on one database share it.
    pub file: Option<PathBuf>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Multiplies every rate of `[rates]`, so that a load or a test of something
    /// else is not throttled.
    pub scale: f64,
    /// Connections at a time; the next ones wait in the kernel's queue.
    pub connections: usize,
    /// Requests that are worked on at a time; one more is answered with 503 at
    /// once. At the two milliseconds that a commit takes on a good disk, the last of
    /// 512 sign-ups waits a second, and a person is still there.
    pub requests: usize,
    /// Streams of events at a time, in this process. Each is a connection.
    pub event_streams: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Bytes of a request's body. The longest honest sign-up is under 8 KiB.
    pub body_bytes: usize,
    /// Seconds for a request's head to arrive, and for a silent connection.
    pub head_seconds: u64,
    /// Seconds for a request's body to arrive, not reset by progress.
    pub body_seconds: u64,
    /// Seconds for a whole request.
    pub request_seconds: u64,
    /// Seconds that requests get to finish when the server stops.
    pub shutdown_seconds: u64,
    /// Seconds before that in which it says that it is not ready and still takes
    /// requests: as long as a load balancer needs to notice.
    pub drain_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            scale: 1.0,
            connections: 10_000,
            requests: 512,
            event_streams: 256,
            head_bytes: 16 * 1024,
            body_bytes: 32 * 1024,
            head_seconds: 5,
            body_seconds: 5,
            request_seconds: 10,
            shutdown_seconds: 20,
            drain_seconds: 0,
        }
    }
}

impl Limits {
    /// [`Self::body_seconds`].
    pub const fn body_deadline(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }
}

/// `[accounts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Language of accounts that name none that we know (ISO 639-1).
    pub default_locale: String,
    /// Currency of accounts that name none that we know (ISO 4217).
    pub default_currency: String,
    /// Time zone that accounts report (IANA).
    pub timezone: String,
    /// Domain of made-up e-mail addresses. Default: the public URL's host.
    pub email_domain: Option<String>,
    /// Whether usernames may be written in any one script (RFC 8265) and not in ASCII
    /// alone. Of names that look alike one is taken; ASCII names stay as they were.
    pub unicode_usernames: bool,
    /// What becomes of a provider server whose name could be taken for another one's,
    /// such as one with a Cyrillic `а`: it is noted in the audit log, or refused.
    pub confusable_servers: ConfusableServers,
    /// Whether anybody may register. Off, every route that would sign somebody up
    /// says so; those who have an account notice nothing.
    pub registration: bool,
    /// Seconds that an access token lives; at most 3600.
    pub token_seconds: i64,
    /// Seconds that a session of the Apiculus API lives; at most 86400. Its clients log
    /// in again when theirs has ended.
    pub session_seconds: i64,
    /// Seconds that a sign-up token lives; at most 900.
    pub sign_up_token_seconds: i64,
    /// Seconds that a panel's back end has to claim a credential; at most 900.
    pub claim_seconds: i64,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            default_locale: "en".to_owned(),
            default_currency: "USD".to_owned(),
            timezone: "UTC".to_owned(),
            email_domain: None,
            unicode_usernames: false,
            confusable_servers: ConfusableServers::Note,
            registration: true,
            token_seconds: 600,
            session_seconds: 3_600,
            sign_up_token_seconds: 300,
            claim_seconds: 300,
        }
    }
}

impl Accounts {
    /// What may be a name.
    pub(crate) fn names(&self) -> NameRules {
        NameRules {
            unicode_usernames: self.unicode_usernames,
            strict_servers: self.confusable_servers == ConfusableServers::Refuse,
        }
    }
}

/// What becomes of servers whose names could be taken for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfusableServers {
    /// The sign-up's audit row says so.
    Note,
    /// The sign-up is refused.
    Refuse,
}

/// `[publishable]`: pages without a back end. A puzzle is all that a sign-up from
/// one costs its sender, and nobody vouches for whom it names.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Publishable {
    /// Whether publishable clients work at all.
    pub enabled: bool,
    /// The largest number of a puzzle while little happens; half as many hashes
    /// solve it on average. In wasm on a busy desktop core 100 000 tries were a
    /// quarter of a second, so a phone at a quarter of that speed needs half a second
    /// on average and one at worst, which nobody who is typing notices.
    pub base_number: u32,
    /// The largest number at all, however many are solved: what a slow phone does
    /// while a form is filled in.
    pub most_number: u32,
    /// Solved puzzles a minute, for one client on one server process, that double
    /// the cost, treble it, and so on.
    pub busy_per_minute: u32,
    /// Seconds that a puzzle may take; at most 3600. A page gets another in time.
    pub challenge_seconds: i64,
    /// Seconds that the sign-up token lives which a solution buys; at most 900.
    pub token_seconds: i64,
    /// Seconds that a sign-up waits for a yes; at most 30 days.
    pub pending_seconds: i64,
    /// Sign-ups of one client that wait at a time. A request's body is 32 KiB at
    /// most, so a flood fills 32 MiB and not the disk; and nobody decides more than
    /// a thousand a day.
    pub most_pending: i64,
}

impl Default for Publishable {
    fn default() -> Self {
        Self {
            enabled: false,
            base_number: 100_000,
            most_number: 1_000_000,
            busy_per_minute: 30,
            challenge_seconds: 120,
            token_seconds: 120,
            pending_seconds: 86_400,
            most_pending: 1_000,
        }
    }
}

/// `[plan]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanSettings {
    /// The plan's number.
    pub id: i64,
    /// The plan's name.
    pub name: String,
    /// Containers that an account may have.
    pub containers: i64,
    /// Container registries that an account may have.
    pub container_registries: i64,
    /// DNS zones that an account may have.
    pub dns_zones: i64,
}

impl Default for PlanSettings {
    fn default() -> Self {
        // The reference implementation's defaults.
        Self {
            id: 1,
            name: "default".to_owned(),
            containers: 250,
            container_registries: 20,
            dns_zones: 250,
        }
    }
}

/// `[compat]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compat {
    /// Whether the token endpoint takes JSON bodies, which RFC 6749 does not
    /// know and the reference implementation's cPanel plugin sends.
    pub json_token_request: bool,
}

impl Default for Compat {
    fn default() -> Self {
        Self { json_token_request: true }
    }
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Text for people, JSON for programs.
    pub format: LogFormat,
    /// What to log, as in `info,doorstep_server=debug`.
    pub filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}
