#![doc = include_str!("../README.md")]

#[doc = include_str!("../onboarding.md")]
pub mod onboarding {
    /// The page itself: the tests run its commands.
    pub const PAGE: &str = include_str!("../onboarding.md");
}

#[doc = include_str!("../orders.md")]
pub mod orders {}

#[doc = include_str!("../backup.md")]
pub mod backup {
    /// The page itself: the tests run PostgreSQL with its settings.
    pub const PAGE: &str = include_str!("../backup.md");
}

#[doc = include_str!("../mail.md")]
pub mod mail {}

#[doc = include_str!("../decisions/0001-background-jobs.md")]
pub mod background_jobs {}

#[doc = include_str!("../apiculus.md")]
pub mod apiculus {
    /// The page itself: the tests run its commands.
    pub const PAGE: &str = include_str!("../apiculus.md");
}

#[doc = include_str!("../everlytic.md")]
pub mod everlytic {
    /// The page itself: the tests run its commands.
    pub const PAGE: &str = include_str!("../everlytic.md");
}

#[doc = include_str!("../webhooks.md")]
pub mod webhooks {
    /// The page itself: the tests run its commands.
    pub const PAGE: &str = include_str!("../webhooks.md");
}

#[doc = include_str!("../crash.md")]
pub mod crash {}

#[doc = include_str!("../chaos.md")]
pub mod chaos {}

#[doc = include_str!("../benchmarks.md")]
pub mod benchmarks {}

#[doc = include_str!("../speed.md")]
pub mod speed {}

#[doc = include_str!("../replicas.md")]
pub mod replicas {
    /// The page itself: the tests run its settings.
    pub const PAGE: &str = include_str!("../replicas.md");

    /// The page's settings in that language, one after the other.
    pub fn settings(language: &str) -> impl Iterator<Item = &'static str> {
        PAGE.split("\n```").filter_map(move |part| part.strip_prefix(language)?.strip_prefix('\n'))
    }
}

#[doc = include_str!("../sharding.md")]
pub mod sharding {
    /// The page itself: the tests run its settings.
    pub const PAGE: &str = include_str!("../sharding.md");

    /// The page's settings in that language.
    pub fn settings(language: &str) -> Option<&'static str> {
        PAGE.split("\n```").find_map(|part| part.strip_prefix(language)?.strip_prefix('\n'))
    }
}

/// A page, as the server shows it.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Its name in an address; empty for the first.
    pub name: &'static str,
    /// Where it stands in the checkout: what its links start from.
    pub path: &'static str,
    /// Markdown.
    pub text: &'static str,
}

macro_rules! pages {
    ($($name:literal: $path:literal,)+) => {
        &[$(Page {
            name: $name,
            path: $path,
            text: include_str!(concat!("../../../", $path)),
        }),+]
    };
}

/// All pages, in the order in which they are listed.
pub const PAGES: &[Page] = pages! {
    "": "crates/handbook/README.md",
    "widget": "widget/README.md",
    "panel": "crates/panel/README.md",
    "onboarding": "crates/handbook/onboarding.md",
    "orders": "crates/handbook/orders.md",
    "webhooks": "crates/handbook/webhooks.md",
    "mail": "crates/handbook/mail.md",
    "backup": "crates/handbook/backup.md",
    "replicas": "crates/handbook/replicas.md",
    "sharding": "crates/handbook/sharding.md",
    "crash": "crates/handbook/crash.md",
    "chaos": "crates/handbook/chaos.md",
    "benchmarks": "crates/handbook/benchmarks.md",
    "speed": "crates/handbook/speed.md",
    "apiculus": "crates/handbook/apiculus.md",
    "everlytic": "crates/handbook/everlytic.md",
    "background-jobs": "crates/handbook/decisions/0001-background-jobs.md",
};
