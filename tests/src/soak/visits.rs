//! Who comes by: newcomers, people who are known, strangers, and pages.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{OAuthClient, Server};

/// Of so many visits one is a newcomer's, who asks four times; another is a stranger's,
/// another a page's. The others are people who are known.
const ROUND: u64 = 10;
/// How many people are remembered: enough that no row is always the same.
const KNOWN: usize = 512;
/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(30);

/// All that come to one server.
pub(super) struct Visitors {
    http: reqwest::Client,
    url: String,
    client: OAuthClient,
    count: AtomicU64,
    known: Mutex<VecDeque<(String, String)>>,
    /// Microseconds, since they were taken last.
    times: Mutex<Vec<u32>>,
    failures: Mutex<BTreeMap<String, u64>>,
    note: fn(&str, &str),
}

/// What was answered within a time.
pub(super) struct Window {
    pub(super) count: u64,
    /// Of a hundred answers the slowest but one, from when the request was due.
    pub(super) p99: Duration,
}

impl Visitors {
    pub(super) async fn to(server: &Server, note: fn(&str, &str)) -> Self {
        let client = server.client("register", &["srv.example"], &[]);
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // As the harness: the server closes what is idle for five seconds.
            .pool_idle_timeout(Duration::from_secs(2))
            .build()
            .expect("an HTTP client");
        let visitors = Self {
            http,
            url: server.url.clone(),
            client,
            count: AtomicU64::new(0),
            known: Mutex::default(),
            times: Mutex::default(),
            failures: Mutex::default(),
            note,
        };
        // Somebody must be known before the first who is.
        visitors.newcomer(0, Instant::now()).await;
        visitors.count.store(1, Ordering::Relaxed);
        visitors
    }

    /// The next visit; its time counts from when it was due.
    pub(super) async fn visit(&self, due: Instant) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        match number % ROUND {
            0 => self.newcomer(number, due).await,
            1 => self.stranger(due).await,
            2 => {
                self.ask("the loader", 200, self.request(Method::GET, "/v1/doorstep.js"), due)
                    .await;
            }
            _ => self.acquaintance(number, due).await,
        }
    }

    /// A panel mints a token, the widget asks what it says, the person signs up, and
    /// the new credential is used.
    async fn newcomer(&self, number: u64, due: Instant) {
        let details = json!([{
            "type": "user_registration",
            "provider_server": "srv.example",
            "provider_username": format!("v{number}"),
        }]);
        let mint = self
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&self.client.id, Some(&self.client.secret))
            .form(&[
                ("grant_type", "client_credentials"),
                ("scope", "register"),
                ("authorization_details", &details.to_string()),
            ]);
        let Some(minted) = self.ask("a sign-up token", 200, mint, due).await else { return };
        let token = minted["access_token"].as_str().unwrap_or_default();
        (self.note)("sign-up token", token);
        let session = self.request(Method::GET, "/api/widget/session").bearer_auth(token);
        self.ask("the session", 200, session, Instant::now()).await;
        let person = json!({ "user": {
            "fname": "Ada", "lname": "Lovelace", "email": format!("v{number}@mail.example"),
        } });
        let sign_up = self
            .request(Method::POST, "/api/users")
            .bearer_auth(token)
            .header("idempotency-key", format!("soak-{number:020}"))
            .json(&person);
        let Some(made) = self.ask("a sign-up", 201, sign_up, Instant::now()).await else { return };
        let api = &made["user"]["api"];
        let [username, password] =
            ["username", "password"].map(|name| api[name].as_str().unwrap_or_default().to_owned());
        (self.note)("password", &password);
        self.own_account((&username, &password), Instant::now()).await;
        let mut known = lock(&self.known);
        if known.len() == KNOWN {
            known.pop_front();
        }
        known.push_back((username, password));
    }

    async fn acquaintance(&self, number: u64, due: Instant) {
        let credential = {
            let known = lock(&self.known);
            let at = usize::try_from(number).unwrap_or_default() % known.len().max(1);
            known.get(at).cloned()
        };
        if let Some((username, password)) = credential {
            self.own_account((&username, &password), due).await;
        }
    }

    async fn own_account(&self, (username, password): (&str, &str), due: Instant) {
        let request = self.request(Method::GET, "/api/users").basic_auth(username, Some(password));
        self.ask("the own account", 200, request, due).await;
    }

    async fn stranger(&self, due: Instant) {
        let request = self.request(Method::GET, "/api/users").basic_auth("nobody", Some("guess"));
        self.ask("an account of nobody's", 401, request, due).await;
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends it, notes how long it took, and what came instead of what should have.
    async fn ask(
        &self,
        what: &str,
        expected: u16,
        request: RequestBuilder,
        due: Instant,
    ) -> Option<Value> {
        let answer = match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // No body of a refusal is shown: it is counted.
                answer.bytes().await.map(|body| (status, body))
            }
            Err(error) => Err(error),
        };
        lock(&self.times).push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
        match answer {
            Ok((status, body)) if status == expected => {
                Some(serde_json::from_slice(&body).unwrap_or_default())
            }
            Ok((status, _)) => self.fail(format!("{what}: {status} in place of {expected}")),
            // Without its address, in which nothing is secret, and its cause, of which
            // there are many.
            Err(_) => self.fail(format!("{what}: no answer")),
        }
    }

    fn fail(&self, what: String) -> Option<Value> {
        *lock(&self.failures).entry(what).or_default() += 1;
        None
    }

    /// A visit that found no place: too many others are still waiting for answers.
    pub(super) fn give_up(&self) {
        self.fail("a visit: too many others wait for answers".to_owned());
    }

    /// What was answered since the last time.
    pub(super) fn take_window(&self) -> Window {
        let mut times = std::mem::take(&mut *lock(&self.times));
        times.sort_unstable();
        let slow = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
        Window { count: times.len() as u64, p99: Duration::from_micros(slow.into()) }
    }

    /// What failed, and how often.
    pub(super) fn failures(&self) -> Vec<String> {
        lock(&self.failures).iter().map(|(what, count)| format!("{what}, {count} times")).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
