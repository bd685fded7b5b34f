#![doc = include_str!("../README.md")]

#[doc = include_str!("../onboarding.md")]
pub mod onboarding {
    /// The page itself: the tests run its commands.
    pub const PAGE: &str = include_str!("../onboarding.md");
}

#[doc = include_str!("../orders.md")]
pub mod orders {}

#[doc = include_str!("../decisions/0001-background-jobs.md")]
pub mod background_jobs {}

#[doc = include_str!("../apiculus.md")]
pub mod apiculus {
    /// The page itself: the tests run its commands.
    pub const PAGE: &str = include_str!("../apiculus.md");
}
