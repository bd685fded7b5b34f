//! Fields that the operator declares: who must answer them, by which rules, and where the
//! answers are.

use std::{fs, time::Duration};

use doorstep_tests::{Answer, Kind, OAuthClient, Server, cli_output, on_both, program, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    publishable,
    signup_page::{fault, fill, open, tag, value},
};

pub(crate) const ORIGIN: &str = "https://panel.example:2083";

/// One of each kind.
pub(crate) const FORM: &str = r#"
[form]
fields = "country"

[[form.custom]]
name = "vat_id"
kind = "text"
label = "VAT <b>number</b>"
hint = "As on your invoices"
min_length = 4
max_length = 20
texts.de = { label = "USt-IdNr.", hint = "Wie auf Ihren Rechnungen" }

[[form.custom]]
name = "size"
kind = "choice"
label = "Company size"
required = true
options = ["1-9", { value = "10+", label = "10 or more" }]
texts.de = { label = "Größe", options = { "10+" = "10 oder mehr" } }

[[form.custom]]
name = "staff"
kind = "number"
label = "Employees"
min = 1
max = 100000

[[form.custom]]
name = "since"
kind = "date"
label = "Customer since"
min = "1990-01-01"
max = "2030-12-31"

[[form.custom]]
name = "terms"
kind = "consent"
label = "I accept the [terms & conditions]"
link = "https://host.example/terms?a=1&b=2"
required = true
texts.de = { label = "Ich akzeptiere die [AGB]", link = "https://host.example/agb" }
"#;

pub(crate) async fn setup(kind: Kind) -> (Server, OAuthClient) {
    let server = Server::start_with_file(kind, FORM, publishable::ON).await;
    let client = server.client("register", &["srv.example"], &[ORIGIN]);
    (server, client)
}

fn body(custom: &Value) -> Value {
    json!({ "user": { "fname": "Ada", "lname": "Lovelace", "custom": custom } })
}

fn all() -> Value {
    json!({ "vat_id": " GB123 ", "size": "10+", "staff": "0042", "since": "2024-02-29", "terms": true })
}

/// What becomes of them.
fn kept() -> Value {
    json!({ "vat_id": "GB123", "size": "10+", "staff": 42, "since": "2024-02-29", "terms": true })
}

async fn page(server: &Server, token: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, "/api/users").bearer_auth(token).json(body);
    send(request.header("origin", ORIGIN).header("idempotency-key", "the-key-of-this-form")).await
}

/// Pointers and codes.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{}", answer.text);
    let faults = answer.json()["faults"].as_array().unwrap().clone();
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

async fn the_form_is_told_what_to_ask(kind: Kind) {
    let (server, client) = setup(kind).await;
    let token = server.sign_up_token(&client, "ada").await;
    let session = server.request(Method::GET, "/api/widget/session").bearer_auth(&token);
    let session = send(session.header("origin", ORIGIN)).await.json();
    let names: Vec<_> =
        session["custom"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["vat_id", "size", "staff", "since", "terms"]);
    assert_eq!(
        session["custom"][1],
        json!({
            "name": "size", "kind": "choice", "required": true, "options": ["1-9", "10+"],
            "words": { "label": "Company size", "hint": "", "options": ["1-9", "10 or more"] },
            "languages": {
                "de": { "label": "Größe", "hint": "", "options": ["1-9", "10 oder mehr"] }
            },
        })
    );
    assert_eq!(session["custom"][2]["max"], "100000");

    // A page that has no token yet is told the same.
    publishable::publishable_for(&server, "blog.example", ORIGIN);
    let form = server.request(Method::GET, "/api/widget/form").header("origin", ORIGIN);
    let form = send(form).await;
    assert_eq!(form.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(form.json()["custom"], session["custom"]);
    assert_eq!(form.json()["fields"], json!(["country"]));
    let other =
        server.request(Method::GET, "/api/widget/form").header("origin", "https://x.example");
    assert!(send(other).await.headers.get("access-control-allow-origin").is_none());
    let doctor = server.cli_output(&["doctor"], "");
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("size (choice, required), staff (number)"), "{said}");
}

async fn answers_are_kept_as_labels_and_seen_wherever_labels_are(kind: Kind) {
    let (server, client) = setup(kind).await;
    let token = server.sign_up_token(&client, "ada").await;
    let mut sent = body(&all());
    sent["user"]["merge_labels"] = json!({ "doorstep": { "terms": false }, "crm": 7 });
    let first = page(&server, &token, &sent).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let labels = first.json()["user"]["labels"].clone();
    assert_eq!((&labels["doorstep"], &labels["crm"]), (&kept(), &7.into()));
    assert_eq!(first.json()["ignored"], json!(["/user/merge_labels/doorstep"]));

    // The same once more is the same account, and with another answer another request.
    let again = page(&server, &token, &sent).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    sent["user"]["custom"]["staff"] = 43.into();
    let refused = page(&server, &token, &sent).await;
    assert_eq!(refused.refusal(), (422, "idempotency-key-reused".to_owned()));

    let api = first.json()["user"]["api"].clone();
    let text = |name: &str| api[name].as_str().unwrap().to_owned();
    let own = |method| {
        server.request(method, "/api/users").basic_auth(text("username"), Some(text("password")))
    };
    assert_eq!(send(own(Method::GET)).await.json()["user"]["custom"], kept());
    // Nobody takes back by a label what was said in the form.
    let change =
        json!({ "user": { "merge_labels": { "doorstep": { "terms": false }, "crm": 8 } } });
    assert_eq!(send(own(Method::PATCH).json(&change)).await.status, 200);
    assert_eq!(send(own(Method::GET)).await.json()["user"]["custom"], kept());

    let exported = server.cli(&["user", "export", "1"], "").unwrap();
    let labels = &exported["data"]["account"][0]["labels"];
    assert_eq!((&labels["doorstep"], &labels["crm"]), (&kept(), &8.into()), "{exported}");
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'user.created' AND payload LIKE '%\"since\":\"2024-02-29\"%'";
    assert_eq!(server.database.count(told).await, 1);
}

async fn every_fault_of_a_form_is_told_at_once_with_its_field(kind: Kind) {
    let (server, client) = setup(kind).await;
    let token = server.sign_up_token(&client, "ada").await;
    let at = |name: &str, code: &str| (format!("/user/custom/{name}"), code.to_owned());
    let refused = page(&server, &token, &body(&json!({ "size": "x", "terms": false }))).await;
    assert_eq!(faults(&refused), [at("size", "unknown_choice"), at("terms", "consent_needed")]);
    assert_eq!(refused.json()["faults"][0]["field"], "size");
    assert_eq!(
        refused.json()["errors"],
        json!([
            "Company size is none of the choices",
            "I accept the terms & conditions needs a yes: send true"
        ])
    );
    // Whoever has a person's token has asked the person.
    let refused = page(&server, &token, &body(&Value::Null)).await;
    assert_eq!(faults(&refused), [at("size", "required"), at("terms", "consent_needed")]);
    let long = "x".repeat(30_000);
    for (custom, expected) in [
        (
            json!({ "vat_id": long, "size": "10 or more", "staff": 100_001, "since": "2026-02-30", "terms": "no" }),
            ["too_long", "unknown_choice", "too_large", "invalid_date", "wrong_type"],
        ),
        (
            json!({ "vat_id": "GB\u{202E}321", "size": ["10+"], "staff": "1e999", "since": "1989-12-31", "terms": false }),
            ["control_character", "wrong_type", "invalid_number", "too_early", "consent_needed"],
        ),
        (
            json!({ "vat_id": "GB1", "size": "10", "staff": 0, "since": "2031-01-01", "terms": "off" }),
            ["too_short", "unknown_choice", "too_small", "too_late", "consent_needed"],
        ),
        (
            json!({ "vat_id": true, "size": {}, "staff": 1.5, "since": 20_240_101, "terms": 1.5 }),
            ["wrong_type", "wrong_type", "invalid_number", "invalid_date", "wrong_type"],
        ),
    ] {
        let names = ["vat_id", "size", "staff", "since", "terms"];
        let expected: Vec<_> =
            names.into_iter().zip(expected).map(|(name, code)| at(name, code)).collect();
        assert_eq!(faults(&page(&server, &token, &body(&custom)).await), expected, "{custom}");
    }
    let answer = page(&server, &token, &body(&json!("x"))).await;
    assert!(faults(&answer).contains(&("/user/custom".to_owned(), "wrong_type".to_owned())));
    // A number that no program can hold is no JSON for us, and not a failure.
    let raw = r#"{"user":{"fname":"A","lname":"B","custom":{"staff":1e999}}}"#;
    let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
    let request = request.header("content-type", "application/json").body(raw);
    let request = request.header("idempotency-key", "the-key-of-this-form");
    assert_eq!(send(request.header("origin", ORIGIN)).await.status, 400);

    // Refused attempts leave no trace: the same key and token still make the account.
    let mut sent = all();
    sent["nobody_declared_this"] = "x".into();
    let done = page(&server, &token, &body(&sent)).await;
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(done.json()["ignored"], json!(["/user/custom/nobody_declared_this"]));
    assert_eq!(done.json()["user"]["labels"]["doorstep"], kept());
}

/// Nobody has asked the person, so nobody can know.
async fn a_program_need_not_answer_and_what_it_says_is_checked(kind: Kind) {
    let (server, client) = setup(kind).await;
    let token = server.token(&client, "register").await;
    let sign_up = async |username: &str, custom: Value| {
        let mut body = body(&custom);
        body["user"]["provider_server"] = "srv.example".into();
        body["user"]["provider_username"] = username.into();
        server.sign_up(&token, &body).await
    };
    let plain = sign_up("ada", Value::Null).await;
    assert_eq!(plain.status, 201, "{}", plain.text);
    assert!(plain.json()["user"]["labels"].get("doorstep").is_none());
    let some = sign_up("bob", json!({ "staff": 3, "size": "" })).await;
    assert_eq!(some.json()["user"]["labels"]["doorstep"], json!({ "staff": 3 }));
    let bad = sign_up("eve", json!({ "staff": 0, "terms": false })).await;
    let codes: Vec<_> = faults(&bad).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["too_small", "consent_needed"]);
}

/// As many as a body holds: none is kept, and twenty are told. What is no text says where.
async fn thousands_of_members_and_bytes_that_are_no_text_are_told(kind: Kind) {
    let (server, client) = setup(kind).await;
    let token = server.token(&client, "register").await;
    let mut custom: Value = (0..2500).map(|at| (format!("a{at}"), Value::from(at))).collect();
    custom["staff"] = 3.into();
    let mut body = body(&custom);
    body["user"]["provider_server"] = "srv.example".into();
    body["user"]["provider_username"] = "ada".into();
    let many = server.sign_up(&token, &body).await;
    assert_eq!(many.status, 201, "{}", many.text);
    assert_eq!(many.json()["user"]["labels"]["doorstep"], json!({ "staff": 3 }));
    assert_eq!(many.json()["ignored"].as_array().unwrap().len(), 20);

    let bytes = b"{\"user\":{\"custom\":{\"vat_id\":\"\xff\"}}}".to_vec();
    let post = server.request(Method::POST, "/api/users").bearer_auth(&token);
    let bad = send(post.header("content-type", "application/json").body(bytes)).await;
    assert_eq!(bad.refusal(), (400, "malformed_body".to_owned()));
    assert!(bad.text.contains("line 1, column 30"), "{}", bad.text);
}

async fn a_panel_can_answer_for_a_person_but_not_consent(kind: Kind) {
    let (server, client) = setup(kind).await;
    let details = |locked: Value| {
        json!({
            "type": "user_registration", "provider_server": "srv.example",
            "provider_username": "ada", "locked": locked, "prefill": { "since": "2020-05-01" },
        })
    };
    for (locked, why) in [
        (json!({ "terms": true }), "consent"),
        (json!({ "staff": 0 }), "the least is 1"),
        (json!({ "nobody": "x" }), "there is no field"),
    ] {
        let refused = server.mint(&client, &details(locked)).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(why), "{}", refused.text);
    }
    let answer = server.mint(&client, &details(json!({ "staff": 12, "size": "1-9" }))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let session = server.request(Method::GET, "/api/widget/session").bearer_auth(&token);
    let session = send(session.header("origin", ORIGIN)).await.json();
    assert_eq!(session["locked"], json!({ "staff": "12", "size": "1-9" }));
    assert_eq!(session["prefill"], json!({ "since": "2020-05-01" }));

    let other = page(&server, &token, &body(&json!({ "terms": true, "staff": 13 }))).await;
    assert_eq!(other.refusal(), (403, "authorization_details_mismatch".to_owned()));
    // Left out, or the same in another spelling: both are what the panel said.
    let done = page(&server, &token, &body(&json!({ "terms": true, "staff": "12" }))).await;
    assert_eq!(done.status, 201, "{}", done.text);
    let labels = &done.json()["user"]["labels"]["doorstep"];
    assert_eq!(*labels, json!({ "size": "1-9", "staff": 12, "terms": true }));
}

async fn a_sign_up_that_waits_keeps_its_answers(kind: Kind) {
    let (server, _) = setup(kind).await;
    let client = publishable::publishable_for(&server, "blog.example", publishable::ORIGIN);
    let token = publishable::token(&server, &client, "ada").await;
    let send = |custom: Value| {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        let request = request.header("idempotency-key", "the-key-of-this-form");
        send(request.header("origin", publishable::ORIGIN).json(&body(&custom)))
    };
    let codes: Vec<_> =
        faults(&send(json!({ "terms": false })).await).into_iter().map(|it| it.1).collect();
    assert_eq!(codes, ["required", "consent_needed"]);
    let held = send(all()).await;
    assert_eq!(held.status, 202, "{}", held.text);
    let listed = server.cli(&["signups", "list"], "").unwrap();
    let id = listed["sign_ups"][0]["id"].as_str().unwrap().to_owned();
    server.cli(&["signups", "confirm", &id], "").unwrap();
    let exported = server.cli(&["user", "export", "1"], "").unwrap();
    assert_eq!(exported["data"]["account"][0]["labels"]["doorstep"], kept(), "{exported}");
}

async fn a_person_answers_them_without_a_script(kind: Kind) {
    let (server, client) = setup(kind).await;
    let details = json!({
        "type": "user_registration", "provider_server": "srv.example", "provider_username": "ada",
        "locked": { "staff": 12 }, "prefill": { "since": "2020-05-01" },
    });
    let token = server.mint(&client, &details).await.json()["access_token"].clone();
    let form = open(&server, token.as_str().unwrap(), &[("vat_id", "GB1")]).await;
    assert!(form.text.contains("VAT &#60;b&#62;number&#60;/b&#62;"), "{}", form.text);
    assert!(form.text.contains("<option value=\"10+\">10 or more</option>"), "{}", form.text);
    let consent = "I accept the <a class=\"doorstep-link\" href=\"https://host.example/terms?a=1&#38;b=2\" target=\"_blank\" rel=\"noopener\">terms &#38; conditions</a>";
    assert!(form.text.contains(consent), "{}", form.text);
    assert!(tag(&form, "staff").contains(" readonly"));
    assert_eq!((value(&form, "staff"), value(&form, "since")), ("12".into(), "2020-05-01".into()));
    assert!(tag(&form, "since").contains(" type=\"date\""));
    assert!(tag(&form, "since").contains(" min=\"1990-01-01\" max=\"2030-12-31\""));
    assert!(!tag(&form, "terms").contains(" checked"));

    let names = [("fname", "Ada"), ("lname", "Lovelace")];
    let bad = [("vat_id", "GB1"), ("size", "11"), ("since", "2026-02-30")];
    let again = fill(&server, &form, &[&names[..], &bad].concat()).await;
    assert_eq!(again.status, 422);
    assert_eq!(
        fault(&again, "vat_id"),
        "VAT &#60;b&#62;number&#60;/b&#62; is too short: use at least 4 characters"
    );
    assert_eq!(fault(&again, "size"), "Company size is none of the choices");
    assert_eq!(fault(&again, "since"), "Customer since must look like 2026-02-28");
    assert_eq!(fault(&again, "terms"), "Please tick this box to go on");
    assert!(again.text.contains("<a href=\"#doorstep-terms\">Please tick this box"));
    assert!(again.text.contains("Please check the marked fields."));
    assert_eq!(value(&again, "vat_id"), "GB1");

    let good =
        [("vat_id", "GB12"), ("size", "10+"), ("since", ""), ("terms", "true"), ("staff", "99")];
    let done = fill(&server, &again, &[&names[..], &good].concat()).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let exported = server.cli(&["user", "export", "1"], "").unwrap();
    let labels = &exported["data"]["account"][0]["labels"]["doorstep"];
    let expected = json!({ "vat_id": "GB12", "size": "10+", "staff": 12, "terms": true });
    assert_eq!(*labels, expected);
}

#[tokio::test]
async fn a_declaration_that_cannot_be_asked_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let start = |file: &str, command: &str| {
        fs::write(folder.path().join("doorstep.toml"), file).unwrap();
        cli_output(&program(), &[], folder.path(), &[command], "")
    };
    let bad = "[[form.custom]]\nname = \"fname\"\nkind = \"text\"\nlabel = \"X\"\n";
    let output = start(bad, "serve");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        said.contains("form.custom.fname has the name of a field that the form knows"),
        "{said}"
    );
    let doctor = start(&bad.replace("fname", "size").replace("text", "choice"), "doctor");
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("form.custom.size.options must be a list"), "{said}");
    let variable = [("DOORSTEP_FORM__CUSTOM".to_owned(), "x".to_owned())];
    fs::write(folder.path().join("doorstep.toml"), "").unwrap();
    let output = cli_output(&program(), &variable, folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("form.custom"), "{said}");
}

/// From the next request on; and a token of before still works.
#[tokio::test(flavor = "multi_thread")]
async fn declarations_are_read_again_under_a_running_server() {
    let (server, client) = setup(Kind::Sqlite).await;
    let details = json!({
        "type": "user_registration", "provider_server": "srv.example",
        "provider_username": "ada", "locked": { "staff": 5 },
    });
    let token = server.mint(&client, &details).await.json()["access_token"].clone();
    let asks = async |names: &[&str], times: usize| {
        let one = |name: &&str| {
            format!(
                "[[form.custom]]\nname = \"{name}\"\nkind = \"text\"\nlabel = \"X\"\nrequired = true\n"
            )
        };
        let text: String = names.iter().map(one).collect();
        fs::write(server.folder().join("doorstep.toml"), text).unwrap();
        server.signal("HUP");
        for _ in 0..600 {
            if server.log().matches("the settings were read again").count() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the settings were not read");
    };
    asks(&["team"], 1).await;
    let send = async |custom: Value| page(&server, token.as_str().unwrap(), &body(&custom)).await;
    let refused = send(json!({ "team": "Red\u{202E}" })).await;
    assert_eq!(
        faults(&refused),
        [("/user/custom/team".to_owned(), "control_character".to_owned())]
    );
    let done = send(json!({ "team": "Red", "staff": 6 })).await;
    assert_eq!(done.json()["ignored"], json!(["/user/custom/staff"]));
    assert_eq!(done.json()["user"]["labels"]["doorstep"], json!({ "team": "Red" }));

    // Whoever did not hear of it asks again, in the words of then.
    asks(&["team", "colour"], 2).await;
    let again = send(json!({ "team": "Red", "staff": 6 })).await;
    assert_eq!(again.status, 201, "{}", again.text);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json(), done.json());
    // Another request with that key is as wrong as any.
    let other = send(json!({ "team": "Blue" })).await;
    assert_eq!(faults(&other), [("/user/custom/colour".to_owned(), "required".to_owned())]);
    let users = server.database.count("SELECT COUNT(*) FROM users").await;
    assert_eq!(users, 1);
}

on_both!(
    the_form_is_told_what_to_ask,
    answers_are_kept_as_labels_and_seen_wherever_labels_are,
    every_fault_of_a_form_is_told_at_once_with_its_field,
    a_program_need_not_answer_and_what_it_says_is_checked,
    thousands_of_members_and_bytes_that_are_no_text_are_told,
    a_panel_can_answer_for_a_person_but_not_consent,
    a_sign_up_that_waits_keeps_its_answers,
    a_person_answers_them_without_a_script,
);
