//! Where requests go and what comes back: a server, a replica, or what stands in front.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::leaks;

/// How long anything may take before a test is told that it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// An address and a client for it; cheap to clone, and there when the server is not.
#[derive(Debug, Clone)]
pub struct Site {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    http: reqwest::Client,
}

impl Site {
    /// The site with that URL.
    pub fn new(url: &str) -> Self {
        // The provider is process-wide; a second installation is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            // The server closes what is idle for five seconds (`limits.head_seconds`); a request that
            // goes out in that moment gets no answer, and a `POST` is not sent again by itself.
            .pool_idle_timeout(Duration::from_secs(2))
            .build()
            .expect("an HTTP client");
        Self { url: url.to_owned(), http }
    }

    /// Another address, by the same client.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), http: self.http.clone() }
    }

    /// A request to be completed by the caller.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header as text; empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status and problem code, which most tests are about.
    pub fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// The shortest sign-up.
pub fn person(server: &str, username: &str) -> Value {
    json!({ "user": {
        "fname": "Ada", "lname": "Lovelace",
        "provider_server": server, "provider_username": username,
    } })
}

/// Sends a request and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.expect("an answer")
}

/// Sends a request and reads the answer, unless the server ends before all of it is there.
pub async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    leaks::asked(&request);
    let (method, url) = (request.method().clone(), request.url().clone());
    let response = client.execute(request).await?;
    let answer = Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await?,
    };
    assert!(answer.header("set-cookie").is_empty(), "T-098: {method} {url} sets a cookie");
    leaks::answered(&method, &url, &answer);
    Ok(answer)
}
