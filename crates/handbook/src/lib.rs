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
