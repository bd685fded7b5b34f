//! The harness: real servers on real databases, each on a port of its own, each
//! stopped when its value is dropped, also by a failing test.

mod balancer;
mod chance;
mod chaos;
mod cli;
mod clock;
mod crash;
mod crowd;
mod database;
mod disk;
mod fleet;
mod inventory;
mod jose;
mod leaks;
mod mail;
mod postgres;
mod program;
mod receiver;
mod replica;
mod router;
mod server;
mod site;
pub mod soak;
mod wire;

pub use balancer::Balancer;
pub use chance::Chance;
pub use chaos::{ChaosFault, ChaosOutcome, ChaosPlan, run_apart};
pub use cli::{cli_output, run_cli};
pub use clock::TestClock;
pub use crash::{CrashOutcome, CrashPlan};
pub use crowd::{Account, Crowd, Order, Tally};
pub use database::{Database, Held, Kind};
pub use disk::SmallDisk;
pub use inventory::Inventory;
pub use jose::{Signer, now};
pub use leaks::{Leak, Report, keep_secret};
pub use mail::{Mail, MailServer, StoppedMailServer};
pub use postgres::Postgres;
pub use program::program;
pub use receiver::{Call, Receiver, Reply};
pub use replica::{Replica, Worker};
pub use router::Router;
pub use server::{OAuthClient, Server};
pub use site::{Answer, Site, person, send, try_send};
pub use wire::Wire;

/// Bytes as people write keys.
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes each listed test run on both databases: `async fn name(kind: Kind)`
/// becomes `sqlite::name` and `postgres::name`.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::Kind::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::Kind::Postgres).await;
            })+
        }
    };
}

/// Makes each listed test run on three servers behind HAProxy as well, as
/// `replicas::name`.
#[macro_export]
macro_rules! on_replicas {
    ($($name:ident),+ $(,)?) => {
        mod replicas {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::Kind::Replicas).await;
            })+
        }
    };
}
