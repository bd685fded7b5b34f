//! A panel's back end, as a client of the server.

use std::fmt;

use doorstep_wire::{Problem, paths, session};
use http::{StatusCode, header::ACCEPT};
use oauth2::{
    ClientId, ClientSecret, EndpointNotSet, EndpointSet, RequestTokenError, Scope, TokenResponse,
    TokenUrl,
    basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse},
};
use reqwest::Client;
use url::Url;

use crate::{
    Account, Credential, Embed, Error, RegisterToken, Registrant, SignUpToken, Verifier,
    account::{AccountBody, ClaimedBody},
    transport::{self, client},
};

/// The scope under which a person is signed up.
const REGISTER: &str = "register";
/// The parameter that binds a token (RFC 9396 §2), and its error (§5).
const DETAILS: &str = "authorization_details";
const DETAILS_REFUSED: &str = "invalid_authorization_details";

type OAuth =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A panel's back end. Make one when the panel starts and share it: it keeps
/// its connections open between calls.
#[derive(Clone)]
pub struct Panel {
    server: String,
    origin: String,
    oauth: OAuth,
    /// Of the same client, for the one call that `oauth2` does not know.
    client_secret: ClientSecret,
    http: Client,
}

impl Panel {
    /// A client of the server at `server_url`, with what `doorstep client
    /// create` printed.
    ///
    /// Plain HTTP is refused but to this machine, because each call carries a
    /// secret.
    pub fn new(
        server_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        let url = parse(server_url)?;
        let server = url.as_str().trim_end_matches('/').to_owned();
        let token_url = TokenUrl::new(format!("{server}{}", paths::OAUTH_TOKEN))
            .map_err(|_| refused(server_url, "it does not join with a path"))?;
        let client_secret = ClientSecret::new(client_secret.into());
        let oauth = BasicClient::new(ClientId::new(client_id.into()))
            .set_client_secret(client_secret.clone())
            .set_token_uri(token_url);
        let origin = url.origin().ascii_serialization();
        Ok(Self { origin, server, oauth, client_secret, http: client()? })
    }

    /// The server's origin: what the page's content security policy has to name.
    pub fn server_origin(&self) -> &str {
        &self.origin
    }

    /// A fresh sign-up token, for one person's one page view: it signs up that
    /// person and nobody else, once, within five minutes.
    pub async fn sign_up_token(&self, person: &Registrant) -> Result<SignUpToken, Error> {
        let answer = self.token(Some(person)).await?;
        // A server that does not know the parameter ignores it (RFC 6749 §3.2),
        // and its token would sign up anybody: no page may have that.
        if !answer.access_token().secret().starts_with(session::TOKEN_PREFIX) {
            return Err(self.protocol("its token is not bound to the person"));
        }
        Ok(SignUpToken::new(answer.access_token().clone(), answer.expires_in()))
    }

    /// A register token, for sign-ups that the back end sends by itself. It is
    /// good for every customer, so it must not get into a page.
    pub async fn register_token(&self) -> Result<RegisterToken, Error> {
        let answer = self.token(None).await?;
        Ok(RegisterToken::new(answer.access_token().clone(), answer.expires_in()))
    }

    /// The script tag that puts the form where it stands, for the person whom
    /// the token is for.
    pub fn embed<'a>(&'a self, token: &'a SignUpToken) -> Embed<'a> {
        Embed::new(&self.server, token.secret())
    }

    /// The credential that stands behind the code which the page got, for a token
    /// that was [`claimed_with`](Registrant::claimed_with) `verifier`. The password
    /// is made by this call. If its answer was lost, the same call within a minute
    /// gives another password.
    pub async fn claim(&self, code: &str, verifier: &Verifier) -> Result<Credential, Error> {
        let request = self
            .http
            .post(format!("{}{}", self.server, paths::CLAIM))
            .header(ACCEPT, "application/json")
            .form(&[
                ("client_id", self.oauth.client_id().as_str()),
                ("client_secret", self.client_secret.secret()),
                ("claim_code", code),
                ("code_verifier", verifier.secret()),
            ])
            .build();
        let answer = transport::send(&self.http, &self.server, request).await?;
        if answer.status() == StatusCode::OK {
            return serde_json::from_slice::<ClaimedBody>(answer.body())
                .map(|body| body.user.api)
                .map_err(|_| self.protocol("it is not a credential"));
        }
        let refusal = serde_json::from_slice::<BasicErrorResponse>(answer.body())
            .map_err(|_| self.protocol("it is not an OAuth error"))?;
        Err(match refusal.error() {
            BasicErrorResponseType::InvalidGrant => Error::ClaimRefused,
            _ => self.token_error(RequestTokenError::ServerResponse(refusal)),
        })
    }

    /// The account that `credential` opens: proof that it works.
    pub async fn account(&self, credential: &Credential) -> Result<Account, Error> {
        let request = self
            .http
            .get(format!("{}{}", self.server, paths::USERS))
            .basic_auth(&credential.username, Some(&credential.password))
            .header(ACCEPT, "application/json")
            .build();
        let answer = transport::send(&self.http, &self.server, request).await?;
        match answer.status() {
            StatusCode::OK => serde_json::from_slice::<AccountBody>(answer.body())
                .map(|body| body.user)
                .map_err(|_| self.protocol("it is not an account")),
            StatusCode::UNAUTHORIZED => Err(Error::CredentialRefused),
            _ => Err(self.refusal(answer.body())),
        }
    }

    async fn token(&self, person: Option<&Registrant>) -> Result<BasicTokenResponse, Error> {
        let send = transport::for_oauth(&self.http, &self.server);
        let mut request =
            self.oauth.exchange_client_credentials().add_scope(Scope::new(REGISTER.to_owned()));
        if let Some(person) = person {
            request = request.add_extra_param(DETAILS, person.authorization_details());
        }
        request.request_async(&send).await.map_err(|error| self.token_error(error))
    }

    fn token_error(&self, error: RequestTokenError<Error, BasicErrorResponse>) -> Error {
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::ServerResponse(answer) => match answer.error() {
                BasicErrorResponseType::InvalidClient => Error::ClientRefused,
                BasicErrorResponseType::InvalidScope
                | BasicErrorResponseType::UnauthorizedClient => {
                    Error::ScopeRefused { scope: REGISTER.to_owned() }
                }
                BasicErrorResponseType::Extension(code) if code == DETAILS_REFUSED => {
                    let detail = answer.error_description().cloned().unwrap_or_default();
                    Error::RegistrantRefused { detail }
                }
                other => Error::Refused {
                    code: other.as_ref().to_owned(),
                    detail: answer.error_description().cloned().unwrap_or_default(),
                },
            },
            // What could not be read may hold a token, so it goes no further.
            RequestTokenError::Parse(_, body) => serde_json::from_slice::<Problem>(&body)
                .map_or_else(
                    |_| self.protocol("it is not a token"),
                    |problem| Error::Refused { code: problem.code, detail: problem.detail },
                ),
            RequestTokenError::Other(_) => self.protocol("it is empty"),
        }
    }

    fn refusal(&self, body: &[u8]) -> Error {
        serde_json::from_slice::<Problem>(body).map_or_else(
            |_| self.protocol("it is not a problem document"),
            |problem| Error::Refused { code: problem.code, detail: problem.detail },
        )
    }

    fn protocol(&self, reason: &'static str) -> Error {
        Error::Protocol { server: self.server.clone(), reason }
    }
}

/// Secrets do not print.
impl fmt::Debug for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panel")
            .field("server", &self.server)
            .field("client_id", &self.oauth.client_id())
            .finish_non_exhaustive()
    }
}

fn refused(url: &str, reason: &'static str) -> Error {
    Error::ServerUrl { url: url.to_owned(), reason }
}

fn parse(text: &str) -> Result<Url, Error> {
    let url =
        Url::parse(text).map_err(|_| refused(text, "write it like https://cloud.example.com"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("(not shown)", "leave the username and password out of it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused(text, "leave out what follows ? or #"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        "http" => Err(refused(text, "use https, or the secret could be read on its way")),
        _ => Err(refused(text, "use https")),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_only_for_this_machine() {
        for good in [
            "https://cloud.example.com",
            "https://cloud.example.com/doorstep/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            assert!(Panel::new(good, "id", "secret").is_ok(), "{good}");
        }
        for bad in [
            "cloud.example.com",
            "http://cloud.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "https://cloud.example.com/?a=b",
        ] {
            assert!(Panel::new(bad, "id", "secret").is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_secret_prints() {
        let panel = Panel::new("https://cloud.example.com", "id", "hunter2").unwrap();
        assert!(!format!("{panel:?}").contains("hunter2"));
        let error = Panel::new("https://ada:hunter2@cloud.example.com", "id", "s").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
        let credential = Credential { username: "ada".into(), password: "hunter2".into() };
        assert!(!format!("{credential:?}").contains("hunter2"));
    }
}
