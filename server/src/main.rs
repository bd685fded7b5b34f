//! The Doorstep server.
fn main() {}
