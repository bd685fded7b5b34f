//! Claims: of many at once one gets the password.

use proptest::sample::Index;
use reqwest::Method;

use super::{
    play::{Play, at_once, ensure, pick, said, text},
    sign_ups::claim_form,
    steps::How,
};
use crate::claims::{VERIFIER, WRONG};

impl Play {
    pub(super) async fn claim(
        &mut self,
        code: Index,
        how: How,
        times: usize,
    ) -> Result<(), String> {
        let Some(at) = pick(code, &self.state.codes) else { return Ok(()) };
        let code = &self.state.codes[at];
        let (client, verifier) = match how {
            How::Rightly => (code.client, VERIFIER),
            How::WithAnotherVerifier => (code.client, WRONG),
            How::AsAnotherClient => (1 - code.client, VERIFIER),
        };
        let form = claim_form(&code.text, verifier);
        let credential = code.credential;
        let answers = at_once(times, || {
            let client = self.client(client);
            let request = self.server.request(Method::POST, "/api/credentials/claim");
            request.basic_auth(&client.id, Some(&client.secret)).form(&form)
        })
        .await;
        let expected = match how {
            How::Rightly => self.state.claims(at, self.now()),
            How::WithAnotherVerifier => {
                self.state.wrong_verifier(at, times);
                false
            }
            How::AsAnotherClient => false,
        };
        let mut passwords = Vec::new();
        for answer in &answers {
            match (answer.status.as_u16(), answer.json()["error"].as_str()) {
                (200, _) => {
                    let user = &answer.json()["user"];
                    let known = &self.state.credentials[credential];
                    let is_its = user["api"]["username"].as_str() == known.username.as_deref();
                    ensure(is_its, || format!("somebody else's: {}", said(answer)))?;
                    passwords.push(text(&user["api"]["password"])?);
                }
                (400, Some("invalid_grant")) => {}
                _ => return Err(said(answer)),
            }
        }
        ensure(passwords.len() == usize::from(expected), || {
            format!("{} passwords, {expected} that there is one", passwords.len())
        })?;
        if let Some(password) = passwords.pop() {
            let now = self.now();
            self.state.claimed(at, password, now);
        }
        Ok(())
    }
}
