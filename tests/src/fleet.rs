//! Three servers on one PostgreSQL behind HAProxy, as the handbook has it.

use doorstep_handbook::replicas;

use crate::{Balancer, Replica};

/// Where the handbook's three servers and its HAProxy are.
const SERVERS: [&str; 3] = ["10.0.0.21:8080", "10.0.0.22:8080", "10.0.0.23:8080"];
const FRONT: &str = "203.0.113.10:443 ssl crt /etc/haproxy/signup.pem";

/// What stands beside and in front of the first server.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) replicas: Vec<Replica>,
    _balancer: Balancer,
}

impl Fleet {
    /// Puts HAProxy at the address in front of the first one and its replicas, each a pair
    /// of URLs: for requests and for operations.
    pub(crate) fn start(address: &str, first: (&str, &str), replicas: Vec<Replica>) -> Self {
        let mut settings = replicas::settings("haproxy").next().expect("the page").to_owned();
        let mut put = |at: &str, here: String| {
            assert!(settings.contains(at), "the handbook no longer says {at}");
            settings = settings.replace(at, &here);
        };
        put(FRONT, address.to_owned());
        let others = replicas.iter().map(|replica| (replica.site().url.as_str(), replica.ops()));
        for (at, (url, ops)) in SERVERS.into_iter().zip(std::iter::once(first).chain(others)) {
            let address = url.trim_start_matches("http://");
            let (_, port) = ops.rsplit_once(':').expect("a port");
            put(at, format!("{address} port {port}"));
        }
        Self { replicas, _balancer: Balancer::start(&settings, address) }
    }
}
