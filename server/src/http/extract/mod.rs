//! Extractors whose refusals look like everybody else's.

mod body;

pub(crate) use body::{Body, discard, media_type};
