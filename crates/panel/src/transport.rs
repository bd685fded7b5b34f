//! HTTP with deadlines and a bound on what is read.
//!
//! `oauth2`'s own adapter is for an older `reqwest`; the crate takes any
//! closure from request to response instead, so this is one.

use std::{pin::Pin, time::Duration};

use http::{StatusCode, header::RETRY_AFTER};
use oauth2::{HttpRequest, HttpResponse};
use reqwest::{Client, Request, redirect::Policy};

use crate::Error;

/// A page waits for the answer, so a server that does not accept within this
/// time counts as down.
const CONNECT: Duration = Duration::from_secs(3);
/// The whole exchange: the server does one transaction, this is a slow one.
const WHOLE: Duration = Duration::from_secs(10);
/// Answers are a token or an account, each about a kilobyte.
const LARGEST_ANSWER: usize = 256 * 1024;

/// A client that keeps its connections. Redirects are not followed: they would
/// carry credentials to wherever the answer points.
pub(crate) fn client() -> Result<Client, Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread was faster, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    Client::builder()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(Policy::none())
        .user_agent(concat!("doorstep-panel/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(Error::Setup)
}

/// [`send`] for `oauth2`. The futures own what they use: `oauth2` asks for them
/// under every lifetime, and one that borrows could then not move between threads.
pub(crate) fn for_oauth(
    client: &Client,
    server: &str,
) -> impl Fn(HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send>> {
    let (client, server) = (client.clone(), server.to_owned());
    move |request| {
        let (client, server) = (client.clone(), server.clone());
        Box::pin(async move { send(&client, &server, request.try_into()).await })
    }
}

/// Sends `request` and reads the answer. An answer that only says "later" is
/// an error here, so that its `Retry-After` is not lost further up.
pub(crate) async fn send(
    client: &Client,
    server: &str,
    request: reqwest::Result<Request>,
) -> Result<HttpResponse, Error> {
    let unreachable = |source: reqwest::Error| Error::Unreachable {
        server: server.to_owned(),
        source: source.without_url(),
    };
    let request = request.map_err(unreachable)?;
    let mut answer = client.execute(request).await.map_err(unreachable)?;
    let status = answer.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        return Err(Error::Busy { status: status.as_u16(), retry_after });
    }
    let headers = std::mem::take(answer.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Error::Protocol { server: server.to_owned(), reason: "it is too long" });
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
