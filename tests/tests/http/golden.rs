//! Requests and the answers that they get, as files: `tests/golden/<door>/<case>.json`.
//!
//! The door of panels and their users is one as well, though it is in no list: `native`.
//!
//! A case is told to a server of its own, which has the sample's catalogue and one
//! administrator. Its exchanges follow one another, each in the way in which the door's
//! callers say who they are, or `"as": "nobody"`. `body` is sent as JSON, `text` as it
//! stands. An answer has the status, the headers that are named, and the body; `…` is a
//! number or text that is not empty, for what differs each time.

use std::{collections::BTreeMap, fs, path::Path};

use doorstep_dialects::{Authentication, DIALECTS, Dialect};
use doorstep_tests::{Kind, Server, on_both, send};
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    admin_users::{Login, admin},
    apiculus::{ROOT_PASSWORD, token},
    catalog::SAMPLE,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
const ANY: &str = "…";
const NATIVE: &str = "native";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    exchanges: Vec<Exchange>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    request: Asked,
    answer: Answered,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    method: String,
    path: String,
    #[serde(default, rename = "as")]
    who: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Value,
}

/// Who calls a door, as its callers say it.
enum Root {
    /// An administrator, by API credential.
    Login(Login),
    /// An administrator, by a session's token in the header.
    Session(&'static str, String),
    /// An OAuth client, by its access token.
    Client(String),
}

impl Root {
    async fn of(server: &Server, door: Option<&Dialect>) -> Self {
        let Some(door) = door else {
            let client = server.client("register", &[], &[]);
            return Self::Client(server.token(&client, "register").await);
        };
        let (_, login) = admin(server, "root@host.example");
        match door.authentication {
            Authentication::Token { header } => {
                let session = token(server, "root@host.example", ROOT_PASSWORD).await;
                Self::Session(header, session)
            }
            Authentication::Usual | Authentication::Basic { .. } => Self::Login(login),
        }
    }

    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Login((username, password)) => request.basic_auth(username, Some(password)),
            Self::Session(header, session) => request.header(*header, session),
            Self::Client(token) => request.bearer_auth(token),
        }
    }
}

async fn check(kind: Kind, door: Option<&Dialect>, path: &Path) {
    let folder = door.map_or(NATIVE, |door| door.name);
    let name = format!("{folder}/{}", path.file_name().unwrap().display());
    let text = fs::read_to_string(path).unwrap();
    let case: Case = serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    assert!(!case.exchanges.is_empty(), "{name} has no exchanges");
    let server = Server::start(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    let root = Root::of(&server, door).await;
    for (at, Exchange { request, answer: expected }) in case.exchanges.iter().enumerate() {
        let place = format!("{name}, exchange {}: {}", at + 1, case.what);
        let mut sent = server.request(request.method.parse().unwrap(), &request.path);
        sent = match request.who.as_deref() {
            None => root.sign(sent),
            Some("nobody") => sent,
            Some(other) => panic!("{place}: nobody is called {other}"),
        };
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        } else if let Some(text) = &request.text {
            sent = sent.body(text.clone());
        }
        let answer = send(sent).await;
        assert_eq!(answer.status.as_u16(), expected.status, "{place}\n{}", answer.text);
        for (name, value) in &expected.headers {
            let mut found = answer.header(name).into();
            blot(&mut found, &value.as_str().into());
            assert_eq!(found, value.as_str(), "{place}\n{name}");
        }
        let mut found = answer.json();
        blot(&mut found, &expected.body);
        assert_eq!(found, expected.body, "{place}\n{}", answer.text);
    }
}

/// Puts the mark for any text where it is expected and there is some.
fn blot(found: &mut Value, expected: &Value) {
    let is_some = found.is_number() || found.as_str().is_some_and(|text| !text.is_empty());
    match (found, expected) {
        (found, Value::String(mark)) if mark == ANY && is_some => *found = ANY.into(),
        (Value::Object(found), Value::Object(expected)) => {
            for (name, expected) in expected {
                if let Some(found) = found.get_mut(name) {
                    blot(found, expected);
                }
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            for (found, expected) in found.iter_mut().zip(expected) {
                blot(found, expected);
            }
        }
        _ => {}
    }
}

async fn every_case_gets_its_answer(kind: Kind) {
    let doors = DIALECTS.iter().map(|door| (door.name, Some(door))).chain([(NATIVE, None)]);
    for (name, door) in doors {
        let folder = Path::new(FOLDER).join(name);
        let files = fs::read_dir(folder).unwrap_or_else(|_| panic!("golden/{name} is missing"));
        let mut cases = 0;
        for file in files {
            check(kind, door, &file.unwrap().path()).await;
            cases += 1;
        }
        assert!(cases > 0, "golden/{name} has no cases");
    }
}

on_both!(every_case_gets_its_answer);
