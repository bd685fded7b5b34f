//! What must hold for whatever anybody sends. Each module is a parser's contract: it takes any bytes and panics
//! when something does not hold, which libFuzzer, `cargo test` and a person with a file all understand.
//!
//! "It does not panic" is the least of it. Each target says what an accepted input must look like, by a second
//! and simpler reading where there is one, and that what was read comes back the same when it is written and read
//! again. A target that could only accept what is signed or hashed makes the signature itself, so that the code
//! behind it is reached.
//!
//! An input that broke something is kept as a seed, `corpus/<target>/<what it was>.seed`: the test below and every
//! run of the fuzzer start with these.

pub mod admin_body;
pub mod altcha;
pub mod authorization;
pub mod authorization_details;
pub mod client_assertion;
pub mod dpop_proof;
pub mod idempotency_key;
pub mod jwk_set;
pub mod native_body;
pub mod provider_server;
mod signed;
pub mod token;

use std::{path::Path, process::ExitCode};

use doorstep_accounts::NameRules;

#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// The rules that take the most, where a reader asks for some.
const RULES: NameRules = NameRules { unicode_usernames: true, strict_servers: false };

/// Holds some bytes to a contract.
pub type Check = fn(&[u8]);

/// Declares the list of targets, so that a name and its check stay together.
macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        /// All targets, by name.
        pub const TARGETS: &[(&str, Check)] = &[$((stringify!($name), $name::check)),+];
    };
}

targets!(
    admin_body,
    altcha,
    authorization,
    authorization_details,
    client_assertion,
    dpop_proof,
    idempotency_key,
    jwk_set,
    native_body,
    provider_server,
    token,
);

/// Makes a target's program: under a fuzzer what libFuzzer calls, else one that checks the files it is given.
#[macro_export]
macro_rules! program {
    ($name:ident) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::$name::check(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::check_files($crate::$name::check)
        }
    };
}

/// Checks the files that the command line names, for a look at one input without a fuzzer.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for a terminal")]
pub fn check_files(check: Check) -> ExitCode {
    let mut count = 0;
    for file in std::env::args_os().skip(1) {
        match std::fs::read(Path::new(&file)) {
            Ok(data) => check(&data),
            Err(error) => {
                eprintln!("error: cannot read {}: {error}", Path::new(&file).display());
                return ExitCode::FAILURE;
            }
        }
        count += 1;
    }
    println!("{count} inputs hold");
    ExitCode::SUCCESS
}

/// The input as lines, the last of which may hold anything; `None` when it is no text.
fn lines<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let text = std::str::from_utf8(data).ok()?;
    let mut lines = text.splitn(N, '\n');
    Some(std::array::from_fn(|_| lines.next().unwrap_or_default()))
}

/// Bytes as hashes are stored.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    fn names(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_target_has_its_program_and_its_seeds() {
        let listed: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("fuzz_targets"), listed);
        assert_eq!(names("corpus"), listed);
    }

    #[test]
    fn every_seed_holds() {
        for (name, check) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
            let mut seeds = 0;
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "seed") {
                    // A failure's message must say which.
                    println!("{}", path.display());
                    check(&fs::read(path).unwrap());
                    seeds += 1;
                }
            }
            assert!(seeds > 1, "{name} has no seeds");
        }
    }
}
