//! A panel's back end, as a client of the server.

use std::fmt;

use doorstep_wire::{Problem, paths};
use http::{StatusCode, header::ACCEPT};
use oauth2::{
    ClientId, ClientSecret, EndpointNotSet, EndpointSet, RequestTokenError, Scope, TokenResponse,
    TokenUrl,
    basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType},
};
use reqwest::Client;
use url::Url;

use crate::{
    Account, Credential, Embed, Error, RegisterToken,
    account::AccountBody,
    transport::{self, client},
};

/// The scope under which a person is signed up.
const REGISTER: &str = "register";

type OAuth =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A panel's back end. Make one when the panel starts and share it: it keeps
/// its connections open between calls.
#[derive(Clone)]
pub struct Panel {
    server: String,
    origin: String,
    oauth: OAuth,
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
        let oauth = BasicClient::new(ClientId::new(client_id.into()))
            .set_client_secret(ClientSecret::new(client_secret.into()))
            .set_token_uri(token_url);
        Ok(Self { origin: url.origin().ascii_serialization(), server, oauth, http: client()? })
    }

    /// The server's origin: what the page's content security policy has to name.
    pub fn server_origin(&self) -> &str {
        &self.origin
    }

    /// A fresh register token, for one page view.
    pub async fn register_token(&self) -> Result<RegisterToken, Error> {
        let send = transport::for_oauth(&self.http, &self.server);
        let answer = self
            .oauth
            .exchange_client_credentials()
            .add_scope(Scope::new(REGISTER.to_owned()))
            .request_async(&send)
            .await
            .map_err(|error| self.token_error(error))?;
        Ok(RegisterToken::new(answer.access_token().clone(), answer.expires_in()))
    }

    /// The script tag that puts the form where it stands, for the customer
    /// `provider_username` of this panel's machine `provider_server`.
    pub fn embed<'a>(
        &'a self,
        token: &'a RegisterToken,
        provider_server: &'a str,
        provider_username: &'a str,
    ) -> Embed<'a> {
        Embed::new(&self.server, token.secret(), provider_server, provider_username)
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

    fn token_error(&self, error: RequestTokenError<Error, BasicErrorResponse>) -> Error {
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::ServerResponse(answer) => match answer.error() {
                BasicErrorResponseType::InvalidClient => Error::ClientRefused,
                BasicErrorResponseType::InvalidScope
                | BasicErrorResponseType::UnauthorizedClient => {
                    Error::ScopeRefused { scope: REGISTER.to_owned() }
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
