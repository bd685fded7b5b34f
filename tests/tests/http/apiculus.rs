//! The Apiculus API: its lists, its envelope, and what its tests share.

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{admin_users::admin, catalog::SAMPLE};

pub(crate) const CREATE: &str = "/api/pass/createNewUser";
pub(crate) const HELPER: &str = "/api/pass/signUpHelper";
pub(crate) const TOKEN: &str = "x-access-token";

/// The password of administrators whom [`admin`] makes.
pub(crate) const ROOT_PASSWORD: &str = "a-long-enough-password";

/// A server with the sample's catalogue, an administrator, and a session of this one.
pub(crate) async fn ready(kind: Kind) -> (Server, String) {
    let server = Server::start(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    admin(&server, "root@host.example");
    let token = token(&server, "root@host.example", ROOT_PASSWORD).await;
    (server, token)
}

pub(crate) async fn log_in(server: &Server, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    send(server.request(Method::POST, "/auth/login").json(&body)).await
}

/// The token of a new session.
pub(crate) async fn token(server: &Server, email: &str, password: &str) -> String {
    let answer = log_in(server, email, password).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["result"]["token"].as_str().unwrap().to_owned()
}

pub(crate) async fn helper(server: &Server, token: &str) -> Answer {
    send(server.request(Method::GET, HELPER).header(TOKEN, token)).await
}

pub(crate) async fn create(server: &Server, token: &str, body: &Value) -> Answer {
    send(server.request(Method::POST, CREATE).header(TOKEN, token).json(body)).await
}

/// The documented sample, with its quote repaired.
pub(crate) fn sample() -> Value {
    json!({
        "fname": "user",
        "lname": "sample",
        "email": "usersample@gmail.com",
        "organization_name": "Indiqus",
        "countryCode": "91",
        "mobileNumber": "9876543210",
        "password": "UserSam@178",
        "acsRegion": "noida",
        "address": "xyz street",
        "city": "Bangalore",
        "state": "Karnataka",
        "country": "IN",
        "zipcode": 607_878,
        "currency": "INR",
        "tax_category": "Taxable",
        "tax_type1": "CNPJ",
        "taxation_id1": "3453242343234",
        "tax_type2": "GSTIN",
        "taxation_id2": "1234567890",
        "tax_type3": "",
        "taxation_id3": "",
        "credit_period": 2,
        "credit_limit": 1000,
        "resellerCode": "CODE",
    })
}

/// The sample with other members; null takes one away.
pub(crate) fn sample_with(members: &Value) -> Value {
    let mut body = sample();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

/// Status and code of a refusal, after a look at its envelope.
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
    assert_eq!(body["httpStatus"], answer.status.as_u16(), "{}", answer.text);
    assert_eq!((&body["success"], &body["jobStatusCode"]), (&json!(false), &json!(2)));
    assert_eq!(body["result"], json!({}));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert!(!text(&body["error"]["message"]).is_empty(), "{}", answer.text);
    assert!(!text(&body["jobId"]).is_empty());
    (answer.status.as_u16(), text(&body["error"]["code"]))
}

async fn countries_and_their_states_are_everybodys(kind: Kind) {
    let server = Server::start(kind).await;
    let list = server.get("/api/v1/countryList").await;
    assert_eq!(list.status, 200);
    assert_eq!(list.header("cache-control"), "public, max-age=86400");
    let list = list.json();
    let countries = list["result"]["countries"].as_array().unwrap();
    assert!(list.as_object().unwrap().len() == 1 && countries.len() == 249);
    let country = |code: &str| {
        let found = countries.iter().find(|country| country["code"] == code);
        found.unwrap_or_else(|| panic!("{code} is not in the list")).clone()
    };
    let id = |country: &Value| country["objectId"].as_str().unwrap().to_owned();
    let india = country("IN");
    assert_eq!((&india["name"], &india["phone"]), (&json!("India"), &json!("91")));
    let mut ids: Vec<_> = countries.iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), countries.len());

    let states = async |query: String| server.get(&format!("/api/v1/stateList{query}")).await;
    let answer = states(format!("?code={}", id(&india))).await;
    let found = answer.json();
    let found = found["result"]["state"].as_array().unwrap();
    let arunachal = found.iter().find(|state| state["Subdivision_Code"] == "AR").unwrap();
    assert_eq!(arunachal["Country_Code"], "IN");
    assert_eq!(arunachal["Subdivision_Name"], "Arunāchal Pradesh");
    assert_eq!(arunachal["Subdivion_Type"], "State");
    let none = states(format!("?code={}", id(&country("AQ")))).await;
    assert_eq!(none.json(), json!({ "result": { "state": [] } }));

    for query in ["", "?code=", "?code=IN", "?code=%00", "?code=%ff", "?code=x&code=y", "?c=1"] {
        let refused = states(query.to_owned()).await;
        assert_eq!(refusal(&refused), (400, "VALIDATION_FAILED".to_owned()), "{query}");
        assert_eq!(refused.json()["error"]["fields"][0]["field"], "code");
    }
    // A reader that has it is not sent it again.
    let path = format!("/api/v1/stateList?code={}", id(&india));
    let again = server.request(Method::GET, &path).header("if-none-match", answer.header("etag"));
    let again = send(again).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
}

async fn the_helper_says_what_there_is_to_choose_from(kind: Kind) {
    let server = Server::start(kind).await;
    admin(&server, "root@host.example");
    let root = token(&server, "root@host.example", ROOT_PASSWORD).await;
    let before = helper(&server, &root).await;
    assert_eq!(refusal(&before), (503, "CATALOG_INCOMPLETE".to_owned()));
    assert_eq!(before.header("retry-after"), "60");
    let early = create(&server, &root, &sample()).await;
    assert_eq!(refusal(&early), (503, "CATALOG_INCOMPLETE".to_owned()));
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();

    let mut answer = helper(&server, &root).await.json();
    let job = answer["jobId"].take();
    assert_eq!(job.as_str().unwrap().len(), 36);
    let golden = json!({
        "httpStatus": 200,
        "success": true,
        "error": {},
        "sync": true,
        "jobId": null,
        "jobStatusCode": 1,
        "cached": false,
        "replayed": false,
        "result": {
            "currency": ["INR", "RWF", "OMR"],
            "acsRegion": ["noida"],
            "tax_category": [
                { "displayText": "In India, outside the special economic zones", "value": "Taxable" },
                { "displayText": "In a special economic zone of India", "value": "SEZ" },
                { "displayText": "Outside India", "value": "EMBASSY" },
            ],
            "tax_types": [
                { "name": "CNPJ", "validation": { "alpha_num": true, "required": true, "min": 11, "max": 15 } },
                { "name": "GSTIN", "validation": { "alpha_num": true, "required": false, "min": 10, "max": 10 } },
            ],
        },
    });
    assert_eq!(answer, golden);
}

/// What is refused before anything is read, and where there is nothing, is in the
/// envelope as well.
async fn every_refusal_is_in_the_envelope(kind: Kind) {
    let (server, root) = ready(kind).await;
    let at = |method: Method, path: &str| server.request(method, path);
    let not_json = at(Method::POST, CREATE).header(TOKEN, &root).body("fname=user");
    assert_eq!(refusal(&send(not_json).await).0, 415);
    let large = json!({ "fname": "a".repeat(40_000) });
    assert_eq!(refusal(&create(&server, &root, &large).await).0, 413);
    for (method, path, status) in [
        (Method::GET, CREATE, 405),
        (Method::POST, HELPER, 405),
        (Method::GET, "/auth/login", 405),
        (Method::GET, "/api/pass/nothing", 404),
        (Method::GET, "/auth", 404),
        (Method::GET, "/api/v1/nothing", 404),
        (Method::POST, CREATE, 401),
        (Method::GET, HELPER, 401),
        (Method::POST, "/auth/logout", 401),
    ] {
        let answer = send(at(method.clone(), path)).await;
        assert_eq!(refusal(&answer).0, status, "{method} {path}");
    }
    let get = send(at(Method::GET, CREATE)).await;
    assert_eq!(get.header("allow"), "POST");
    // The token is taken from its header and nowhere else, and from one.
    for request in [
        at(Method::GET, HELPER).bearer_auth(&root),
        at(Method::GET, &format!("{HELPER}?{TOKEN}={root}")),
        at(Method::GET, HELPER).header(TOKEN, &root).header(TOKEN, "other"),
        at(Method::GET, HELPER).header(TOKEN, ""),
    ] {
        assert_eq!(refusal(&send(request).await), (401, "UNAUTHENTICATED".to_owned()));
    }
    // And a session is nothing at the other doors.
    let elsewhere = send(at(Method::GET, "/api/admin/users").bearer_auth(&root)).await;
    assert_eq!(elsewhere.refusal(), (401, "invalid_token".to_owned()));
}

on_both!(
    countries_and_their_states_are_everybodys,
    the_helper_says_what_there_is_to_choose_from,
    every_refusal_is_in_the_envelope,
);
