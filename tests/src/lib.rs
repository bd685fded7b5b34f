//! Whatever needs more than one crate to check.
