//! The `doorstep` program.

fn main() -> std::process::ExitCode {
    doorstep_server::cli::run()
}
