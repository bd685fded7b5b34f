#![doc = include_str!("../README.md")]

#[doc = include_str!("../decisions/0001-background-jobs.md")]
pub mod background_jobs {}
