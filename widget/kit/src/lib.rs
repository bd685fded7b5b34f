//! What the widget's modules have in common.
//!
//! Each module is downloaded for itself: the form, and what goes on after it. What both need is written here once and
//! linked into each, which costs nothing that is not used.

pub mod attempt;
pub mod browser;
pub mod fetch;
pub mod host;
pub mod object;
pub mod problem;
pub mod screen;
pub mod texts;
