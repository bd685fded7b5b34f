//! Does what a step says, and holds the answers to what the model expects.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, TestClock, send};
use proptest::sample::Index;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    state::{OwnToken, Person, State, TOKEN_MILLIS, Token},
    steps::{CLIENTS, NAMES, SERVERS, Step},
};
use crate::claims::CHALLENGE;

/// A server, and what must be in it.
pub(super) struct Play {
    pub(super) clock: TestClock,
    pub(super) server: Server,
    pub(super) clients: Vec<OAuthClient>,
    pub(super) state: State,
}

/// Says what is wrong unless it is right.
pub(super) fn ensure(is_right: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(what()) }
}

/// An answer, for people.
pub(super) fn said(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text)
}

/// Sends the same request several times at once.
pub(super) async fn at_once(times: usize, request: impl Fn() -> RequestBuilder) -> Vec<Answer> {
    let sent: Vec<_> = (0..times).map(|_| tokio::spawn(send(request()))).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.expect("an answer"));
    }
    answers
}

/// One of a list, if there is any.
pub(super) fn pick<T>(index: Index, list: &[T]) -> Option<usize> {
    (!list.is_empty()).then(|| index.index(list.len()))
}

impl Play {
    pub(super) async fn start(kind: Kind) -> Self {
        let clock = TestClock::new();
        let server = clock.server(kind, &[]).await;
        let servers = SERVERS.iter().map(|spellings| spellings[0]);
        let clients = servers.map(|name| server.client("register", &[name], &[])).collect();
        Self { clock, server, clients, state: State::default() }
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.millis()
    }

    pub(super) async fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Register { client } => self.register(client).await,
            Step::Mint { client, name, is_claim } => self.mint(client, name, is_claim).await,
            Step::Create { token, form, times } => self.create(token, form, times).await,
            Step::Again { attempt, with, times } => self.again(attempt, with, times).await,
            Step::Revoke { token } => self.revoke(token).await,
            Step::Claim { code, how, times } => self.claim(code, how, times).await,
            Step::LogIn { credential, password } => self.log_in(credential, password).await,
            Step::Obtain { credential } => self.obtain(credential).await,
            Step::Use { token } => self.use_own(token).await,
            Step::Rotate { credential, times } => self.rotate(credential, times).await,
            Step::End { credential } => self.end(credential).await,
            Step::Go { seconds } => {
                self.clock.go(seconds);
                Ok(())
            }
            Step::Kill => {
                self.server.kill();
                self.server.restart();
                Ok(())
            }
            Step::KillDuring { token, form, millis } => self.kill_during(token, form, millis).await,
        }
    }

    async fn register(&mut self, client: usize) -> Result<(), String> {
        let text = self.server.token(&self.clients[client], "register").await;
        let now = self.now();
        self.state.tokens.push(Token::new(text, client, None, now));
        Ok(())
    }

    async fn mint(&mut self, client: usize, name: usize, is_claim: bool) -> Result<(), String> {
        let mut details = json!({
            "type": "user_registration",
            "provider_server": SERVERS[client][0],
            "provider_username": NAMES[name][0],
        });
        if is_claim {
            details["credential_delivery"] = "claim".into();
            details["code_challenge"] = CHALLENGE.into();
            details["code_challenge_method"] = "S256".into();
        }
        let answer = self.server.mint(&self.clients[client], &details).await;
        ensure(answer.status == 200, || said(&answer))?;
        let text = answer.json()["access_token"].as_str().unwrap_or_default().to_owned();
        let bound = Some((Person { client, name }, is_claim));
        let now = self.now();
        self.state.tokens.push(Token::new(text, client, bound, now));
        Ok(())
    }

    async fn revoke(&mut self, token: Index) -> Result<(), String> {
        let Some(token) = pick(token, &self.state.tokens) else { return Ok(()) };
        let Token { text, client, .. } = &self.state.tokens[token];
        let OAuthClient { id, secret } = &self.clients[*client];
        let revoke = self.server.request(Method::POST, "/api/oauth/revoke");
        let answer = send(revoke.basic_auth(id, Some(secret)).form(&[("token", text)])).await;
        ensure(answer.status == 200, || said(&answer))?;
        self.state.tokens[token].is_ended = true;
        Ok(())
    }

    /// A request of a user, by username and password.
    pub(super) fn by(
        &self,
        method: Method,
        path: &str,
        login: &(String, String),
    ) -> RequestBuilder {
        self.server.request(method, path).basic_auth(&login.0, Some(&login.1))
    }

    /// Whether a password opens its account.
    pub(super) async fn opens(&self, username: &str, password: &str) -> Result<bool, String> {
        let login = (username.to_owned(), password.to_owned());
        let answer = send(self.by(Method::GET, "/api/users", &login)).await;
        ensure(matches!(answer.status.as_u16(), 200 | 401), || said(&answer))?;
        Ok(answer.status == 200)
    }

    async fn log_in(&mut self, credential: Index, password: Index) -> Result<(), String> {
        let Some(at) = pick(credential, &self.state.credentials) else { return Ok(()) };
        let known = &self.state.credentials[at];
        let (Some(username), Some(password)) = (&known.username, pick(password, &known.passwords))
        else {
            return Ok(());
        };
        let opens = self.opens(username, &known.passwords[password]).await?;
        let is_live = known.live == Some(password);
        ensure(opens == is_live, || {
            format!("password {password}: opens {opens}, lives {is_live}")
        })?;
        if opens {
            self.state.used(at);
        }
        Ok(())
    }

    async fn obtain(&mut self, credential: Index) -> Result<(), String> {
        let Some(at) = pick(credential, &self.state.credentials) else { return Ok(()) };
        let Some((id, secret)) = self.state.login(at) else { return Ok(()) };
        let text = self.server.token(&OAuthClient { id, secret }, "profile_read").await;
        self.state.used(at);
        let expires = self.now() + TOKEN_MILLIS;
        self.state.own.push(OwnToken { text, credential: at, expires, is_ended: false });
        Ok(())
    }

    async fn use_own(&mut self, token: Index) -> Result<(), String> {
        let Some(at) = pick(token, &self.state.own) else { return Ok(()) };
        let now = self.now();
        let token = &mut self.state.own[at];
        token.is_ended |= now >= token.expires;
        let request = self.server.request(Method::GET, "/api/users").bearer_auth(&token.text);
        let answer = send(request).await;
        let expected = if token.is_ended { 401 } else { 200 };
        ensure(answer.status == expected, || format!("not {expected}: {}", said(&answer)))
    }

    async fn rotate(&mut self, credential: Index, times: usize) -> Result<(), String> {
        let Some(at) = pick(credential, &self.state.credentials) else { return Ok(()) };
        let Some(login) = self.state.login(at) else { return Ok(()) };
        let path = format!("{}/rotate", self.path_of(at));
        let answers = at_once(times, || self.by(Method::POST, &path, &login)).await;
        let mut fresh = Vec::new();
        for answer in &answers {
            let api = &answer.json()["api_credential"];
            match (answer.status.as_u16(), api["password"].as_str()) {
                (200, Some(password)) => fresh.push(password.to_owned()),
                // Another one was there first.
                (401 | 503, _) if times > 1 => {}
                _ => return Err(said(answer)),
            }
        }
        self.state.used(at);
        self.state.credentials[at].is_rotated = true;
        self.state.end_own_tokens(at);
        let mut live = Vec::new();
        for password in fresh {
            if self.opens(&login.0, &password).await? {
                live.push(password);
            } else {
                self.state.credentials[at].passwords.push(password);
            }
        }
        ensure(live.len() == 1, || format!("{} of the new passwords open", live.len()))?;
        self.state.new_password(at, live.remove(0));
        Ok(())
    }

    async fn end(&mut self, credential: Index) -> Result<(), String> {
        let Some(at) = pick(credential, &self.state.credentials) else { return Ok(()) };
        let Some(login) = self.state.login(at) else { return Ok(()) };
        let answer = send(self.by(Method::DELETE, &self.path_of(at), &login)).await;
        ensure(answer.status == 204, || said(&answer))?;
        self.state.ended(at);
        Ok(())
    }

    /// The path of a credential, the first of its user.
    fn path_of(&self, credential: usize) -> String {
        let number = self.state.credentials[credential].user * 1_000_000 + 1;
        format!("/api/users/api_credentials/{number}")
    }
}

/// A text in a JSON document.
pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} is no text"))
}

const _: () = assert!(CLIENTS == SERVERS.len());
