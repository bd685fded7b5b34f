//! Requests to sign somebody up: once, again, eight at a time, and in the middle of a
//! kill.

use std::time::Duration;

use doorstep_tests::{Answer, OAuthClient};
use proptest::sample::Index;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    play::{Play, at_once, ensure, pick, said, text},
    state::{Attempt, Credential, Expected},
    steps::{Form, KEYS},
};

/// Requests in the air when the server is killed.
const KILLED: usize = 8;

impl Play {
    pub(super) async fn create(
        &mut self,
        token: Index,
        form: Form,
        times: usize,
    ) -> Result<(), String> {
        let Some(token) = pick(token, &self.state.tokens) else { return Ok(()) };
        let attempt = Attempt::of(&self.state, token, form);
        self.sign_up(attempt, times).await
    }

    pub(super) async fn again(
        &mut self,
        attempt: Index,
        with: Option<Index>,
        times: usize,
    ) -> Result<(), String> {
        let Some(at) = pick(attempt, &self.state.attempts) else { return Ok(()) };
        let attempt = match with.and_then(|index| pick(index, &self.state.tokens)) {
            Some(token) => self.state.attempts[at].with(&self.state, token),
            None => self.state.attempts[at].clone(),
        };
        self.sign_up(attempt, times).await
    }

    fn request(&self, attempt: &Attempt) -> RequestBuilder {
        let token = &self.state.tokens[attempt.token].text;
        let request = self.server.request(Method::POST, "/api/users").bearer_auth(token);
        let request = request.json(&attempt.body);
        match attempt.key {
            Some(key) => request.header("idempotency-key", KEYS[key]),
            None => request,
        }
    }

    async fn sign_up(&mut self, attempt: Attempt, times: usize) -> Result<(), String> {
        self.state.attempts.push(attempt.clone());
        let expected = self.state.expect(&attempt, self.now());
        let answers = at_once(times, || self.request(&attempt)).await;
        self.judge(&attempt, expected, &answers).map_err(|why| format!("{expected:?}: {why}"))
    }

    fn judge(
        &mut self,
        attempt: &Attempt,
        expected: Expected,
        answers: &[Answer],
    ) -> Result<(), String> {
        let unknown = (401, "invalid_token".to_owned());
        match expected {
            Expected::Unknown => {
                self.state.unknown(attempt.token);
                answers.iter().try_for_each(|it| ensure(it.refusal() == unknown, || said(it)))
            }
            Expected::Rejected(status, code) => {
                // In the course of it the token may be rejected for the last time.
                let left = self.state.tokens[attempt.token].rejections_left;
                let may_end = answers.len() > left;
                self.state.rejected(attempt.token, answers.len());
                answers.iter().try_for_each(|it| {
                    let is_expected = it.refusal() == (status, code.to_owned());
                    ensure(is_expected || may_end && it.refusal() == unknown, || said(it))
                })
            }
            Expected::Replay(key) => {
                let tells = self.state.tells(key, self.now());
                answers.iter().try_for_each(|it| self.is_replay(key, tells, it))
            }
            Expected::Fresh => self.one_is_fresh(attempt, answers),
        }
    }

    fn is_replay(&self, key: usize, tells: bool, answer: &Answer) -> Result<(), String> {
        let known = &self.state.keys[key];
        let is_replay = answer.status == 201 && answer.header("idempotent-replayed") == "true";
        ensure(is_replay, || format!("no replay: {}", said(answer)))?;
        if let (true, Some(first)) = (tells, &known.answer) {
            return ensure(answer.text == *first, || {
                format!("another answer than the first:\n{}\n{first}", answer.text)
            });
        }
        let credential = &self.state.credentials[known.credential];
        let user = &answer.json()["user"];
        ensure(user["id"] == credential.user, || said(answer))?;
        ensure(user["api"]["username"].as_str() == credential.username.as_deref(), || {
            said(answer)
        })?;
        let secrets = [&user["api"]["password"], &user["api"]["claim_code"]];
        let tells_one = secrets.iter().any(|secret| secret.is_string());
        ensure(tells == tells_one, || format!("tells {tells}: {}", said(answer)))
    }

    /// Of several at once one makes the account. The others get its answer, or are told
    /// to wait or that the name is taken.
    fn one_is_fresh(&mut self, attempt: &Attempt, answers: &[Answer]) -> Result<(), String> {
        let is_fresh =
            |it: &&Answer| it.status == 201 && it.header("idempotent-replayed").is_empty();
        let fresh: Vec<_> = answers.iter().filter(is_fresh).collect();
        ensure(fresh.len() == 1, || {
            let all: Vec<_> = answers.iter().map(said).collect();
            format!("{} accounts were made:\n{}", fresh.len(), all.join("\n"))
        })?;
        for other in answers.iter().filter(|it| !is_fresh(it)) {
            let refusal = other.refusal();
            let is_allowed = match (attempt.key, refusal.0, refusal.1.as_str()) {
                (Some(_), 201, _) => other.text == fresh[0].text,
                (Some(_), 409, "request-in-progress")
                | (None, 409, "already-registered")
                | (None, 503, "unavailable") => true,
                _ => false,
            };
            ensure(is_allowed, || format!("beside a fresh one: {}", said(other)))?;
        }
        self.made(attempt, fresh[0])
    }

    /// Takes an account that was made into the model.
    fn made(&mut self, attempt: &Attempt, answer: &Answer) -> Result<(), String> {
        let now = self.now();
        let user = &answer.json()["user"];
        let id = user["id"].as_i64().ok_or_else(|| said(answer))?;
        let api = &user["api"];
        let username = text(&api["username"])?;
        let known = &self.state.credentials;
        let is_new =
            known.iter().all(|it| it.user != id && it.username.as_ref() != Some(&username));
        ensure(is_new, || format!("somebody else's: {}", said(answer)))?;
        let credential = Credential::new(id, Some(username));
        let at = self.state.created(attempt, credential);
        self.state.keyed(attempt, at, Some(answer.text.clone()), now);
        let bound = self.state.tokens[attempt.token].bound;
        if bound.is_some_and(|(_, is_claim)| is_claim) {
            ensure(api["password"] == Value::Null, || said(answer))?;
            let client = attempt.person.client;
            self.state.new_code(text(&api["claim_code"])?, client, at, now);
        } else {
            self.state.first_password(at, text(&api["password"])?);
        }
        Ok(())
    }

    /// Kills the server while it signs somebody up, and finds out by the same request
    /// what became of it: it must agree with whatever was answered before.
    pub(super) async fn kill_during(
        &mut self,
        token: Index,
        form: Form,
        millis: u64,
    ) -> Result<(), String> {
        let attempt =
            pick(token, &self.state.tokens).map(|token| Attempt::of(&self.state, token, form));
        let expected = attempt.as_ref().map(|attempt| self.state.expect(attempt, self.now()));
        let (Some(attempt), Some(Expected::Fresh)) = (attempt, expected) else {
            self.server.kill();
            self.server.restart();
            return Ok(());
        };
        self.state.attempts.push(attempt.clone());
        let sent: Vec<_> = (0..KILLED)
            .map(|_| {
                let request = self.request(&attempt);
                tokio::spawn(async move {
                    let answer = request.send().await.ok()?;
                    let status = answer.status().as_u16();
                    Some((status, answer.text().await.ok()?))
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.server.kill();
        let mut made = None;
        for answer in sent {
            if let Some((201, text)) = answer.await.expect("no panic") {
                let is_same = attempt.key.is_some() && made.as_ref() == Some(&text);
                ensure(made.is_none() || is_same, || format!("made twice:\n{made:?}\n{text}"))?;
                made = Some(text);
            }
        }
        self.server.restart();
        let answer = at_once(1, || self.request(&attempt)).await.remove(0);
        let is_first = answer.header("idempotent-replayed").is_empty();
        match (answer.status.as_u16(), attempt.key, made) {
            (201, Some(_), Some(made)) => {
                ensure(answer.text == made && !is_first, || {
                    format!("not the answer of before the kill, {made}: {}", said(&answer))
                })?;
                self.made(&attempt, &answer)
            }
            (201, _, None) => self.made(&attempt, &answer),
            (409, None, made) if answer.refusal().1 == "already-registered" => {
                self.lost(&attempt, &answer, made.as_deref())
            }
            (.., made) => Err(format!("after a kill, before which {made:?}: {}", said(&answer))),
        }
    }

    /// Takes an account into the model whose answer may not have arrived.
    fn lost(
        &mut self,
        attempt: &Attempt,
        answer: &Answer,
        made: Option<&str>,
    ) -> Result<(), String> {
        let owner = &answer.json()["user"]["id"];
        let id = owner.as_i64().ok_or_else(|| format!("whose is it? {}", said(answer)))?;
        let Some(made) = made else {
            self.state.created(attempt, Credential::new(id, None));
            return Ok(());
        };
        let made: Value = serde_json::from_str(made).map_err(|error| error.to_string())?;
        let user = &made["user"];
        ensure(user["id"] == *owner, || format!("made {user}, owned by {owner}"))?;
        let username = text(&user["api"]["username"])?;
        let at = self.state.created(attempt, Credential::new(id, Some(username)));
        self.state.first_password(at, text(&user["api"]["password"])?);
        Ok(())
    }

    /// What authenticates a client.
    pub(super) fn client(&self, at: usize) -> &OAuthClient {
        &self.clients[at]
    }
}

impl Credential {
    fn new(user: i64, username: Option<String>) -> Self {
        let (passwords, live) = (Vec::new(), None);
        let (is_used, is_rotated, is_ended) = (false, false, false);
        Self { user, username, passwords, live, is_used, is_rotated, is_ended }
    }
}

/// What a claim sends.
pub(super) fn claim_form(code: &str, verifier: &str) -> Value {
    json!({ "claim_code": code, "code_verifier": verifier })
}
