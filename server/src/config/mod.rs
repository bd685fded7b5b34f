//! Settings: defaults, then `doorstep.toml`, then the environment.
//!
//! Every setting is `section.key` in the file and `DOORSTEP_SECTION__KEY` in the
//! environment. A name that is no setting is refused: a misspelt limit that is
//! silently ignored is worse than a server that does not start.

mod branding;
mod custom;
mod jobs;
mod mail;
mod networks;
mod playground;
mod provisioning;
mod rates;
mod secret_file;
mod sections;
mod texts;
mod webhooks;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub(crate) use branding::COLOR;
pub use branding::{Branding, Form};
pub use custom::{Bound, Choice, Custom, CustomKind, Translation};
pub use jobs::Jobs;
pub use mail::{Mail, MailTls};
pub use networks::Networks;
pub use playground::Playground;
pub use provisioning::{Driver, Provisioning};
pub use rates::RateSettings;
pub use sections::{
    Accounts, Compat, Database, Keys, Limits, Log, LogFormat, Ops, PlanSettings, Publishable,
    Server,
};
pub use texts::Texts;
pub use webhooks::Webhooks;

/// All settings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The public listener.
    pub server: Server,
    /// Health and metrics.
    pub ops: Ops,
    /// Where data is kept.
    pub database: Database,
    /// The keys that stored secrets are hashed with.
    pub keys: Keys,
    /// Sizes, times and numbers.
    pub limits: Limits,
    /// How much there may be of what is limited.
    pub rates: RateSettings,
    /// Whose the sign-up form is.
    pub branding: Branding,
    /// What the sign-up form asks.
    pub form: Form,
    /// The operator's words in place of the form's own.
    pub texts: Texts,
    /// What new accounts get.
    pub accounts: Accounts,
    /// Pages without a back end.
    pub publishable: Publishable,
    /// A page to try the form on.
    pub playground: Playground,
    /// The plan that accounts are on.
    pub plan: PlanSettings,
    /// Work in the background.
    pub jobs: Jobs,
    /// Who brings projects up.
    pub provisioning: Provisioning,
    /// The mail server that asks whether addresses are their users'.
    pub mail: Mail,
    /// Endpoints that are told of events.
    pub webhooks: Webhooks,
    /// What older clients need.
    pub compat: Compat,
    /// Logs.
    pub log: Log,
    /// What the operator should know, to be said once there is a log.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Settings cannot be used; the text says which and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The file that is read when none is named, if it is there.
const DEFAULT_FILE: &str = "doorstep.toml";
const PREFIX: &str = "DOORSTEP_";
/// Short forms of the settings that nearly everybody sets.
const SHORT: &[(&str, &str)] = &[
    ("DOORSTEP_LISTEN", "server.listen"),
    ("DOORSTEP_PUBLIC_URL", "server.public_url"),
    ("DOORSTEP_DATABASE_URL", "database.url"),
    ("DOORSTEP_DATABASE_URL_FILE", "database.url_file"),
    ("DOORSTEP_OPS_LISTEN", "ops.listen"),
];
/// Variables of this project's other programs (the demo panel, the tests), which
/// may share an environment with the server.
const FOREIGN: &[&str] =
    &["DOORSTEP_BIN", "DOORSTEP_BROWSER", "DOORSTEP_README_PICTURE", "DOORSTEP_WASM_COMPILER"];
/// The beginnings of others.
const FOREIGN_PREFIXES: &[&str] = &["DOORSTEP_PANEL_", "DOORSTEP_TEST_"];

impl Settings {
    /// Reads the file (a named one must exist) and the process's environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from(
            file,
            std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            }),
        )
    }

    fn from(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_owned);
        check_syntax(&path)?;
        builder = builder.add_source(
            config::File::from(path).format(config::FileFormat::Toml).required(file.is_some()),
        );
        for (name, value) in environment.filter(|(name, _)| name.starts_with(PREFIX)) {
            if FOREIGN.contains(&name.as_str())
                || FOREIGN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            {
                continue;
            }
            let key = match SHORT.iter().find(|(short, _)| *short == name) {
                Some((_, key)) => (*key).to_owned(),
                None => name
                    .strip_prefix(PREFIX)
                    .and_then(|rest| rest.split_once("__"))
                    .map(|(section, key)| format!("{section}.{key}").to_ascii_lowercase())
                    .ok_or_else(|| ConfigError(unknown_variable(&name)))?,
            };
            builder = builder
                .set_override(&key, value)
                .map_err(|error| ConfigError(format!("{name}: {error}")))?;
        }
        let given = builder.build().map_err(|error| ConfigError(format!("settings: {error}")))?;
        let url_is_given = given.get_string("database.url").is_ok();
        let mut settings: Self =
            given.try_deserialize().map_err(|error| ConfigError(format!("settings: {error}")))?;
        settings.read_secrets(url_is_given)?;
        settings.validate()?;
        Ok(settings)
    }

    /// Takes secrets from the files that are named instead of them.
    fn read_secrets(&mut self, url_is_given: bool) -> Result<(), ConfigError> {
        if let Some(path) = &self.mail.password_file {
            let secret = secret_file::read("mail.password_file", path)?;
            self.mail.password = secret.value;
            self.warnings.extend(secret.warning);
        }
        let Some(path) = &self.database.url_file else { return Ok(()) };
        if url_is_given {
            return Err(ConfigError(
                "database.url and database.url_file are both set: keep one of them".to_owned(),
            ));
        }
        let secret = secret_file::read("database.url_file", path)?;
        self.database.url = secret.value;
        self.warnings.extend(secret.warning);
        Ok(())
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let fail = |text: String| Err(ConfigError(text));
        if let Some(url) = &self.server.public_url {
            let usable = url::Url::parse(url).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.host_str().is_some()
            });
            if !usable {
                return fail(format!("server.public_url {url:?} is not an http(s) URL"));
            }
        }
        self.validate_accounts()?;
        self.branding.validate().map_err(ConfigError)?;
        self.form.validate().map_err(ConfigError)?;
        self.texts.validate().map_err(ConfigError)?;
        let limits = &self.limits;
        let seconds = 1..=3_600;
        for (name, value, range) in [
            ("head_seconds", limits.head_seconds, seconds.clone()),
            ("body_seconds", limits.body_seconds, seconds.clone()),
            ("request_seconds", limits.request_seconds, seconds.clone()),
            ("shutdown_seconds", limits.shutdown_seconds, seconds),
            ("drain_seconds", limits.drain_seconds, 0..=3_600),
            ("connections", limits.connections as u64, 1..=1_000_000),
            ("requests", limits.requests as u64, 1..=100_000),
            ("event_streams", limits.event_streams as u64, 0..=100_000),
            ("head_bytes", limits.head_bytes as u64, 8 * 1024..=1024 * 1024),
            ("body_bytes", limits.body_bytes as u64, 1024..=16 * 1024 * 1024),
        ] {
            if !range.contains(&value) {
                return fail(format!(
                    "limits.{name} {value} is not between {} and {}",
                    range.start(),
                    range.end()
                ));
            }
        }
        let publishable = &self.publishable;
        for (name, value, most) in [
            ("base_number", i64::from(publishable.base_number), doorstep_puzzle::NUMBER_MAX.into()),
            ("most_number", i64::from(publishable.most_number), doorstep_puzzle::NUMBER_MAX.into()),
            ("busy_per_minute", i64::from(publishable.busy_per_minute), 1_000_000),
            ("challenge_seconds", publishable.challenge_seconds, 3_600),
            ("token_seconds", publishable.token_seconds, 900),
            ("pending_seconds", publishable.pending_seconds, 30 * 86_400),
            ("most_pending", publishable.most_pending, 1_000_000),
        ] {
            if !(1..=most).contains(&value) {
                return fail(format!("publishable.{name} {value} is not between 1 and {most}"));
            }
        }
        self.jobs.validate().map_err(ConfigError)?;
        self.provisioning.validate().map_err(ConfigError)?;
        self.mail.validate().map_err(ConfigError)?;
        self.webhooks.validate().map_err(ConfigError)?;
        self.playground.validate().map_err(ConfigError)?;
        let plan = &self.plan;
        if [plan.containers, plan.container_registries, plan.dns_zones].iter().any(|it| *it < 0) {
            return fail("a quota of [plan] is below 0".to_owned());
        }
        if !(self.limits.scale.is_finite() && self.limits.scale > 0.0) {
            return fail(format!("limits.scale {} is not a number above 0", self.limits.scale));
        }
        Ok(())
    }

    fn validate_accounts(&self) -> Result<(), ConfigError> {
        let fail = |text: String| Err(ConfigError(text));
        let accounts = &self.accounts;
        if !doorstep_fields::codes::is_language(&accounts.default_locale) {
            return fail(format!(
                "accounts.default_locale {:?} is not an ISO 639-1 language like \"en\"",
                accounts.default_locale
            ));
        }
        if !doorstep_fields::codes::is_currency(&accounts.default_currency) {
            return fail(format!(
                "accounts.default_currency {:?} is not an ISO 4217 currency like \"USD\"",
                accounts.default_currency
            ));
        }
        // RFC 6749 has no bound; an hour is as long as a stolen token should live.
        if !(1..=3_600).contains(&accounts.token_seconds) {
            return fail(format!(
                "accounts.token_seconds {} is not between 1 and 3600",
                accounts.token_seconds
            ));
        }
        // As long as a working day and its breaks: their clients keep the token in memory.
        if !(1..=86_400).contains(&accounts.session_seconds) {
            return fail(format!(
                "accounts.session_seconds {} is not between 1 and 86400",
                accounts.session_seconds
            ));
        }
        // A person who takes longer gets a new one from the panel.
        if !(1..=900).contains(&accounts.sign_up_token_seconds) {
            return fail(format!(
                "accounts.sign_up_token_seconds {} is not between 1 and 900",
                accounts.sign_up_token_seconds
            ));
        }
        // The code is claimed at once; longer would only help a thief.
        if !(1..=900).contains(&accounts.claim_seconds) {
            return fail(format!(
                "accounts.claim_seconds {} is not between 1 and 900",
                accounts.claim_seconds
            ));
        }
        if let Some(domain) = &accounts.email_domain {
            let rule = doorstep_fields::field("email").expect("the catalogue has it");
            if rule.parse(doorstep_fields::Raw::Text(&format!("x@{domain}"))).is_err() {
                return fail(format!("accounts.email_domain {domain:?} is not a mail domain"));
            }
        }
        Ok(())
    }

    /// Names of the settings that only a restart changes and that differ.
    pub(crate) fn fixed_differences(&self, new: &Self) -> Vec<&'static str> {
        [
            ("server.listen", self.server.listen != new.server.listen),
            ("server.public_url", self.server.public_url != new.server.public_url),
            ("ops.listen", self.ops.listen != new.ops.listen),
            ("database.url", self.database.url != new.database.url),
            ("keys.file", self.keys.file != new.keys.file),
            ("limits.connections", self.limits.connections != new.limits.connections),
            ("log.format", self.log.format != new.log.format),
            ("jobs", self.jobs != new.jobs),
            ("provisioning", self.provisioning != new.provisioning),
            ("mail", self.mail != new.mail),
            ("webhooks", self.webhooks != new.webhooks),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    /// Takes these from the settings of a running server: its sockets and its database
    /// are open, its clients know its URL, its log is of one form, and its jobs are
    /// worked off by the driver and the mail server that it began with.
    pub(crate) fn keep_fixed(&mut self, running: &Self) {
        let running = running.clone();
        self.server.listen = running.server.listen;
        self.server.public_url = running.server.public_url;
        self.ops = running.ops;
        self.database = running.database;
        self.keys = running.keys;
        self.limits.connections = running.limits.connections;
        self.log.format = running.log.format;
        self.provisioning = running.provisioning;
        self.mail = running.mail;
        self.webhooks = running.webhooks;
    }

    /// Where people and panels reach the server, without a slash at the end.
    pub fn public_url(&self) -> &str {
        self.server.public_url.as_deref().unwrap_or_default().trim_end_matches('/')
    }

    /// Whose the platform is, for people: as the operator calls it, else the host by
    /// which they know it.
    pub(crate) fn platform_name(&self) -> String {
        let host = || {
            let url = url::Url::parse(self.public_url()).ok()?;
            Some(url.host_str()?.to_owned())
        };
        let name = self.branding.name.as_deref().map(|name| name.trim().to_owned());
        name.or_else(host).unwrap_or_default()
    }

    /// Whether the public URL leads nowhere from another machine.
    pub fn public_url_is_local(&self) -> bool {
        let host = url::Url::parse(self.public_url()).ok();
        match host.as_ref().and_then(url::Url::host) {
            Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            // RFC 6761 §6.3.
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => true,
        }
    }

    /// The domain of made-up e-mail addresses: as set, else the public host, else
    /// one that can never receive mail (RFC 2606 §2).
    pub fn email_domain(&self) -> String {
        if let Some(domain) = &self.accounts.email_domain {
            return domain.clone();
        }
        self.server
            .public_url
            .as_deref()
            .and_then(|url| url::Url::parse(url).ok())
            .and_then(|url| url.domain().filter(|host| host.contains('.')).map(str::to_owned))
            .unwrap_or_else(|| "users.invalid".to_owned())
    }
}

/// Finds a syntax error before the library does, whose message would quote the
/// line, and with it perhaps a password.
fn check_syntax(path: &Path) -> Result<(), ConfigError> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
    let Err(error) = text.parse::<toml::Table>() else { return Ok(()) };
    let at = error.span().map_or(0, |span| span.start);
    let line = text.get(..at).unwrap_or_default().lines().count().max(1);
    Err(ConfigError(format!("{}, line {line}: this is not TOML", path.display())))
}

fn unknown_variable(name: &str) -> String {
    let short: Vec<_> = SHORT.iter().map(|(short, _)| *short).collect();
    format!(
        "{name} is not a setting: settings are DOORSTEP_<SECTION>__<KEY> (two underscores), or one of {}",
        short.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use doorstep_accounts::Limit;

    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from(None, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_overrides_defaults_in_short_and_long_form() {
        let settings = load(&[
            ("DOORSTEP_LISTEN", "127.0.0.1:0"),
            ("DOORSTEP_LIMITS__SCALE", "100"),
            ("DOORSTEP_LIMITS__CONNECTIONS", "7"),
            ("DOORSTEP_COMPAT__JSON_TOKEN_REQUEST", "false"),
            ("DOORSTEP_PANEL_LISTEN", "not ours"),
            ("DOORSTEP_RATES__TOKEN", "7/h"),
            ("DOORSTEP_RATES__ADDRESS", "off"),
            ("DOORSTEP_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("HOME", "/"),
        ])
        .unwrap();
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:0");
        assert!((settings.limits.scale - 100.0).abs() < f64::EPSILON);
        assert_eq!(settings.limits.connections, 7);
        assert!(!settings.compat.json_token_request);
        let rates = &settings.rates.0;
        assert_eq!(rates.get(Limit::Token).unwrap().to_string(), "7/3600s burst 3");
        assert_eq!(rates.get(Limit::Address), None);
        assert_eq!(rates.get(Limit::SignUp), Some(Limit::SignUp.default_rate()));
        assert!(settings.server.trusted_proxies.contain([10, 1, 2, 3].into()));
    }

    #[test]
    fn unknown_and_unusable_settings_are_refused_by_name() {
        for (name, value, expected) in [
            ("DOORSTEP_LISTN", "x", "DOORSTEP_LISTN"),
            ("DOORSTEP_SERVER__LISTN", "x", "listn"),
            ("DOORSTEP_SERVR__LISTEN", "x", "servr"),
            ("DOORSTEP_LIMITS__CONNECTIONS", "many", "connections"),
            ("DOORSTEP_BIND", "x", "DOORSTEP_BIND"),
            ("DOORSTEP_LIMITS__CONNECTIONS", "0", "limits.connections"),
            ("DOORSTEP_LIMITS__HEAD_SECONDS", "18446744073709551615", "head_seconds"),
            ("DOORSTEP_LIMITS__BODY_BYTES", "0", "limits.body_bytes"),
            ("DOORSTEP_ACCOUNTS__EMAIL_DOMAIN", "not a domain@x", "email_domain"),
            ("DOORSTEP_PLAN__CONTAINERS", "-5", "plan"),
            ("DOORSTEP_PUBLISHABLE__BASE_NUMBER", "4000000000", "publishable.base_number"),
            ("DOORSTEP_PUBLIC_URL", "ftp://x", "server.public_url"),
            ("DOORSTEP_ACCOUNTS__DEFAULT_CURRENCY", "XXX", "default_currency"),
            ("DOORSTEP_ACCOUNTS__TOKEN_SECONDS", "86400", "token_seconds"),
            ("DOORSTEP_ACCOUNTS__SESSION_SECONDS", "86401", "session_seconds"),
            ("DOORSTEP_RATES__TOKNE", "30/min", "rates.tokne"),
            ("DOORSTEP_RATES__TOKEN", "30 a minute", "rates.token"),
            ("DOORSTEP_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,proxy", "proxy"),
            ("DOORSTEP_LIMITS__REQUESTS", "0", "limits.requests"),
            ("DOORSTEP_BRANDING__COLOR", "blue", "branding.color"),
            ("DOORSTEP_BRANDING__LOGO", "javascript:alert(1)", "branding.logo"),
            ("DOORSTEP_BRANDING__NAME", "", "branding.name"),
            ("DOORSTEP_FORM__FIELDS", "phone pets", "pets"),
            ("DOORSTEP_JOBS__LEASE_MILLIS", "1", "jobs.lease_millis"),
            ("DOORSTEP_PROVISIONING__DRIVER", "directory", "provisioning.directory"),
            ("DOORSTEP_PROVISIONING__DRIVER", "webhook", "provisioning.webhook_url"),
            ("DOORSTEP_PROVISIONING__LINK", "javascript:1", "provisioning.link"),
            ("DOORSTEP_WEBHOOKS__PAUSES", "5s soon", "webhooks.pauses"),
            ("DOORSTEP_WEBHOOKS__TRIES", "0", "webhooks.tries"),
            ("DOORSTEP_WEBHOOKS__TIMEOUT_SECONDS", "60", "webhooks.timeout_seconds"),
        ] {
            let error = load(&[(name, value)]).unwrap_err();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn the_email_domain_follows_the_public_url() {
        let domain = |url| load(&[("DOORSTEP_PUBLIC_URL", url)]).unwrap().email_domain();
        assert_eq!(domain("https://signup.host.example:8443/x"), "signup.host.example");
        assert_eq!(domain("http://127.0.0.1:8080"), "users.invalid");
        assert_eq!(domain("http://localhost:8080"), "users.invalid");
    }
}
