//! Requests to programs of others: signed (Standard Webhooks), never into a network of
//! one's own unless the operator says so, never redirected, cut in time and in length.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use doorstep_accounts::{
    KeyRing, Timestamp,
    webhook::{Receiver, signature},
};
use reqwest::{
    Client, RequestBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
    redirect::Policy,
};

use crate::{http::chain, public_addresses::is_public};

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 * 1024;

/// How to ask.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    /// The setting that allows addresses which are not public.
    setting: &'static str,
    allow_private: bool,
    timeout: Duration,
}

impl Outbound {
    pub(crate) const fn new(setting: &'static str, allow_private: bool, timeout: Duration) -> Self {
        Self { setting, allow_private, timeout }
    }

    /// A client that connects to addresses that were checked, follows nobody elsewhere,
    /// and keeps that many connections for the next request.
    pub(crate) fn client(&self, idle: usize) -> reqwest::Result<Client> {
        let _ = rustls_provider();
        let client = Client::builder()
            .timeout(self.timeout)
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(idle);
        if self.allow_private {
            client.build()
        } else {
            client.dns_resolver(Arc::new(PublicOnly { setting: self.setting })).build()
        }
    }

    /// The URL, if its form and its address are allowed. A host that is an address is not
    /// looked up by the client, so it is checked here, before each request.
    pub(crate) fn checked(&self, name: &str, url: &str) -> Result<Url, String> {
        let url = well_formed(name, url, self.allow_private, self.setting)?;
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        match address {
            Some(address) if !self.allow_private && !is_public(address) => {
                Err(refused(address, self.setting))
            }
            _ => Ok(url),
        }
    }

    /// The same, and looks up a host that is a name. The inner error is for names that
    /// cannot be looked up: they may be tomorrow.
    pub(crate) async fn looked_up(
        &self,
        name: &str,
        url: &str,
    ) -> Result<Result<(), String>, String> {
        let url = self.checked(name, url)?;
        let Some(url::Host::Domain(host)) = url.host() else { return Ok(Ok(())) };
        if self.allow_private {
            return Ok(Ok(()));
        }
        let lookup = tokio::time::timeout(self.timeout, tokio::net::lookup_host((host, 0))).await;
        match lookup {
            Err(_) => Ok(Err(format!("{host} was not found within {:?}", self.timeout))),
            Ok(Err(error)) => Ok(Err(format!("{host} was not found: {}", chain(&error)))),
            Ok(Ok(found)) => public(found.collect(), self.setting).map(|_| Ok(())),
        }
    }
}

/// Reads a URL; says what is wrong with the thing of that name. It may have a secret in
/// it, so it is not repeated.
pub(crate) fn well_formed(
    name: &str,
    url: &str,
    allow_private: bool,
    setting: &str,
) -> Result<Url, String> {
    let url = Url::parse(url)
        .ok()
        .filter(|url| url.host_str().is_some() && matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| format!("{name} is not an http(s) URL"))?;
    if url.scheme() == "http" && !allow_private {
        return Err(format!(
            "{name} must be https, unless {setting} says that it is in your own network"
        ));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !allow_private && port < 1_024 && ![80, 443].contains(&port) {
        // There a request could be taken for something else, such as a mail.
        return Err(format!("{name} has port {port}: use 443, or one above 1023"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "{name} has a name or password in it: requests are signed instead (`doorstep keys webhook`)"
        ));
    }
    Ok(url)
}

/// A message to a receiver. The id is the same at every try.
pub(crate) fn message(
    client: &Client,
    url: Url,
    (receiver, ring): (Receiver<'_>, &KeyRing),
    (id, now): (&str, Timestamp),
    body: String,
) -> RequestBuilder {
    let signature = signature(receiver, id, now, body.as_bytes(), ring);
    client
        .post(url)
        .header("webhook-id", id)
        .header("webhook-timestamp", now.seconds().to_string())
        .header("webhook-signature", signature)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Doorstep/", env!("CARGO_PKG_VERSION")))
        .body(body)
}

/// The body, up to a length; nothing if it is longer or no text.
pub(crate) async fn read(mut response: reqwest::Response) -> reqwest::Result<Option<String>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(body).ok())
}

/// TLS by ring, as everywhere in this program. A second installation is no error.
fn rustls_provider() -> Result<(), Arc<rustls::crypto::CryptoProvider>> {
    rustls::crypto::ring::default_provider().install_default()
}

fn refused(address: IpAddr, setting: &str) -> String {
    format!("{address} is no public address: set {setting} if it is in your own network")
}

/// Those that are public. None of them is only right if there was none at all.
fn public(all: Vec<SocketAddr>, setting: &str) -> Result<Vec<SocketAddr>, String> {
    let first = all.first().copied();
    let public: Vec<_> = all.into_iter().filter(|it| is_public(it.ip())).collect();
    match first {
        Some(first) if public.is_empty() => Err(refused(first.ip(), setting)),
        _ => Ok(public),
    }
}

/// Looks names up and keeps the addresses that are public, so that the address that was
/// checked is the one that is connected to.
struct PublicOnly {
    setting: &'static str,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let setting = self.setting;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public = public(found.collect(), setting)?;
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
