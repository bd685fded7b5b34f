//! The `doorstep` program with a route that panics, for tests of what becomes of a
//! fault of ours. The product has no such route.

use axum::{Router, routing::post};

fn main() -> std::process::ExitCode {
    doorstep_server::cli::run_with(Router::new().route("/panic", post(panic)))
}

/// Panics with what it was sent, as a slip in a handler could.
async fn panic(body: String) {
    panic!("{body}\nand a second line");
}
