//! The panel SDK, and the demo panel that uses it.
