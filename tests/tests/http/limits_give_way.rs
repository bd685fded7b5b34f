//! T-100: every limit there is refuses what is too much, says until when, and gives way
//! then.

use std::time::Duration;

use doorstep_accounts::Limit;
use doorstep_tests::{Kind, MailServer, OAuthClient, Server, on_both, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::{
    confirmation::mailing,
    limits::{assert_refused, profile, server, token},
};

/// More at once than the limit allows, however slow the machine is.
const AT_ONCE: usize = 30;

/// What the requests need that were made before them.
struct Means {
    server: Server,
    client: OAuthClient,
    register: String,
    user: (String, String),
    /// One for each sign-up.
    sign_up: Vec<String>,
    _mails: Option<MailServer>,
}

/// A server on which one limit is tight and there are no others.
async fn means(kind: Kind, limit: Limit) -> Means {
    // Two for what is made here, and two to get through.
    let rate = |other: &Limit| if *other == limit { "4/2s burst 4" } else { "off" };
    let rates: Vec<_> = Limit::ALL.iter().map(|other| (other.name(), rate(other))).collect();
    // Only what sends mails limits them.
    let mails = (limit == Limit::Confirmation).then(MailServer::start);
    let server = match &mails {
        None => server(kind, &rates).await,
        Some(mails) => {
            let setting = |name: &str| format!("DOORSTEP_RATES__{}", name.to_uppercase());
            let names: Vec<_> = rates.iter().map(|(name, _)| setting(name)).collect();
            let set = names.iter().zip(&rates).map(|(name, (_, rate))| (name.as_str(), *rate));
            let tight: Vec<_> = set.chain([("DOORSTEP_LIMITS__SCALE", "1")]).collect();
            mailing(kind, mails, &tight).await
        }
    };
    let client = server.client("register", &["srv.example"], &[]);
    let register = server.token(&client, "register").await;
    let mut ada = person("srv.example", "ada");
    ada["user"]["email"] = "ada@mail.example".into();
    let made = server.sign_up(&register, &ada).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let api = &made.json()["user"]["api"];
    let text = |name: &str| api[name].as_str().unwrap().to_owned();
    let user = (text("username"), text("password"));
    let mut sign_up = Vec::new();
    if limit == Limit::SignUpAddress {
        for at in 0..=AT_ONCE {
            sign_up.push(server.sign_up_token(&client, &format!("u{at}")).await);
        }
    }
    Means { server, client, register, user, sign_up, _mails: mails }
}

impl Means {
    /// One that the limit counts.
    fn request(&self, limit: Limit, at: usize) -> RequestBuilder {
        let Self { server, client, register, user, sign_up, .. } = self;
        let users = |method| server.request(method, "/api/users");
        match limit {
            Limit::Token => token(server, client),
            Limit::SignUp | Limit::SignUpDay | Limit::SignUpServer => users(Method::POST)
                .bearer_auth(register)
                .json(&person("srv.example", &format!("u{at}"))),
            Limit::SignUpAddress => users(Method::POST)
                .bearer_auth(&sign_up[at])
                .header("idempotency-key", format!("the-key-of-the-form-{at}"))
                .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } })),
            Limit::ClientFailure => {
                token(server, &OAuthClient { id: client.id.clone(), secret: format!("no{at}") })
            }
            Limit::LoginFailure => profile(server, &(user.0.clone(), format!("no{at}"))),
            Limit::AddressFailure => profile(server, &(format!("nobody{at}"), "no".to_owned())),
            Limit::OwnToken => server
                .request(Method::POST, "/api/oauth/introspect")
                .basic_auth(&client.id, Some(&client.secret))
                .form(&[("token", register)]),
            Limit::Caller => profile(server, user),
            Limit::Change => users(Method::PATCH)
                .basic_auth(&user.0, Some(&user.1))
                .json(&json!({ "user": { "city": "Rome" } })),
            Limit::Confirmation => server
                .request(Method::POST, "/api/users/confirmation")
                .basic_auth(&user.0, Some(&user.1)),
            Limit::Address => users(Method::GET),
        }
    }
}

async fn gives_way(kind: Kind, limit: Limit) {
    let means = means(kind, limit).await;
    let at_once: Vec<_> =
        (0..AT_ONCE).map(|at| tokio::spawn(send(means.request(limit, at)))).collect();
    let (mut wait, mut passed) = (0, None);
    for answer in at_once {
        let answer = answer.await.unwrap();
        if answer.status == 429 {
            assert_refused(&answer, limit.name());
            wait = wait.max(answer.header("retry-after").parse().unwrap());
        } else {
            passed = Some(answer.status);
        }
    }
    assert!(wait > 0, "{}: thirty at once are too many", limit.name());
    tokio::time::sleep(Duration::from_secs(wait)).await;
    let answer = send(means.request(limit, AT_ONCE)).await;
    assert_eq!(Some(answer.status), passed, "{}: {}", limit.name(), answer.text);
}

async fn each_limit_refuses_and_gives_way(kind: Kind) {
    let all: Vec<_> =
        Limit::ALL.iter().map(|limit| tokio::spawn(gives_way(kind, *limit))).collect();
    for one in all {
        one.await.unwrap();
    }
}

on_both!(each_limit_refuses_and_gives_way);
