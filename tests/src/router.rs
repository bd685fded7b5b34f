//! HAProxy before two whole installations, as the handbook has it: it goes by the host.

use doorstep_handbook::sharding;
use tempfile::TempDir;

use crate::Balancer;

/// Where the handbook's router and its two servers are.
const FRONT: &str = "203.0.113.10:443 ssl crt /etc/haproxy/signup.pem";
const SERVERS: [&str; 2] = ["10.0.0.21:8080", "10.0.0.31:8080"];
const MAP: &str = "/etc/haproxy/hosts.map";

/// A running one, gone when dropped.
#[derive(Debug)]
pub struct Router {
    balancer: Balancer,
    /// Where it listens.
    pub address: String,
    _folder: TempDir,
}

impl Router {
    /// The host of each installation.
    pub const HOSTS: [&str; 2] = ["a.signup.example", "b.signup.example"];

    /// Starts it before two addresses.
    ///
    /// # Panics
    /// Says what the page has lost.
    pub fn start(servers: [&str; 2]) -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-map-").tempdir().expect("a folder");
        let map = folder.path().join("hosts.map");
        let hosts = sharding::settings("map").expect("the page has the map");
        assert!(Self::HOSTS.iter().all(|host| hosts.contains(host)), "other hosts: {hosts}");
        std::fs::write(&map, format!("{hosts}\n")).expect("the folder is writable");
        let mut settings = sharding::settings("haproxy").expect("the page has them").to_owned();
        let mut put = |at: &str, here: &str| {
            assert!(settings.contains(at), "the handbook no longer says {at}");
            settings = settings.replace(at, here);
        };
        let address = Balancer::free_address();
        put(FRONT, &address);
        put(MAP, &map.display().to_string());
        for (at, server) in SERVERS.into_iter().zip(servers) {
            put(at, server);
        }
        Self { balancer: Balancer::start(&settings, &address), address, _folder: folder }
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.balancer.process_id()
    }
}
