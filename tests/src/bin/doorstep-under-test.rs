//! The `doorstep` program as the tests run it: built with them, so that it is
//! never an older one than they check.

fn main() -> std::process::ExitCode {
    doorstep_server::cli::run()
}
