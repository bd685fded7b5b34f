//! `/signup`: the form as a page that needs no script.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, keep_secret, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::claims::{CHALLENGE, VERIFIER, claim};

const PANEL: &str = "https://panel.example:2083";
const OTHER: &str = "https://other.example";
const HOSTILE: &str = "\"'><script>alert(1)</script>&amp;";
/// What the page makes of it.
const ESCAPED: &str = "&#34;&#39;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;amp;";

fn details(username: &str, more: &Value) -> Value {
    let mut details = json!({
        "type": "user_registration",
        "provider_server": "srv.example",
        "provider_username": username,
    });
    let more = more.as_object().unwrap().clone();
    details.as_object_mut().unwrap().extend(more);
    details
}

async fn token(server: &Server, client: &OAuthClient, username: &str, more: &Value) -> String {
    let answer = server.mint(client, &details(username, more)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn setup(kind: Kind) -> (Server, OAuthClient) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[PANEL, "https://too.example"]);
    (server, client)
}

/// Sends a form as a browser does from a page of that origin.
async fn post(server: &Server, origin: &str, query: &str, form: &[(&str, &str)]) -> Answer {
    let request = server.request(Method::POST, &format!("/signup{query}")).form(form);
    send(request.header("origin", origin)).await
}

pub(crate) async fn open(server: &Server, token: &str, more: &[(&str, &str)]) -> Answer {
    let answer = post(server, PANEL, "", &[&[("token", token)], more].concat()).await;
    assert_page(&answer);
    answer
}

/// What must hold for every page there, whatever it says.
fn assert_page(answer: &Answer) {
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name}: {}", answer.text);
    }
    assert!(answer.header("permissions-policy").contains("camera=()"));
    assert!(answer.headers.get("set-cookie").is_none());
    let policy = answer.header("content-security-policy");
    for part in
        ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    assert!(!answer.text.contains("<script"), "{}", answer.text);
    assert!(answer.text.contains("<html lang=\""), "{}", answer.text);
}

/// The tag of an input or a list.
pub(crate) fn tag<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let of = |part: &&&str| part.contains(&format!(" name=\"{name}\""));
    let tags: Vec<&str> = answer.text.split('<').collect();
    tags.iter().find(of).unwrap_or_else(|| panic!("no {name}: {}", answer.text))
}

/// The value that stands in an input.
pub(crate) fn value(answer: &Answer, name: &str) -> String {
    let (_, rest) = tag(answer, name).split_once(" value=\"").expect("a value");
    rest.split('"').next().unwrap().to_owned()
}

/// What was said to be wrong with a field.
pub(crate) fn fault(answer: &Answer, name: &str) -> String {
    let begin = format!("id=\"doorstep-{name}-fault\">");
    let (_, rest) = answer.text.split_once(&begin).unwrap_or(("", ""));
    rest.split('<').next().unwrap().to_owned()
}

/// Sends the form that was drawn, with answers.
pub(crate) async fn fill(server: &Server, drawn: &Answer, answers: &[(&str, &str)]) -> Answer {
    let (token, key) = (value(drawn, "token"), value(drawn, "key"));
    keep_secret("the form's key", &key);
    let fixed = [("token", token.as_str()), ("key", key.as_str())];
    let origin = server.url.clone();
    let answer = post(server, &origin, "", &[&fixed, answers].concat()).await;
    assert_page(&answer);
    answer
}

async fn users(server: &Server) -> i64 {
    server.database.count("SELECT COUNT(*) FROM users").await
}

async fn a_person_signs_up_without_a_script(kind: Kind) {
    let (server, client) = setup(kind).await;
    let more = json!({ "prefill": { "email": "ada@mail.example" }, "locked": { "country": "gb" } });
    let token = token(&server, &client, "ada", &more).await;
    let form = open(&server, &token, &[("company_name", "Engines")]).await;
    assert_eq!(form.status, 200);
    assert_eq!(value(&form, "token"), token);
    assert_eq!(value(&form, "email"), "ada@mail.example");
    assert!(form.text.contains("<bdi class=\"doorstep-user\">ada</bdi> <bdi>srv.example</bdi>"));
    for (name, autocomplete) in
        [("fname", "given-name"), ("lname", "family-name"), ("email", "email")]
    {
        assert!(tag(&form, name).contains(&format!(" autocomplete=\"{autocomplete}\"")));
        assert!(form.text.contains(&format!(" for=\"doorstep-{name}\"")));
    }
    // Nobody asked for the company; the country is the panel's, and shown.
    assert!(!form.text.contains("company_name"));
    assert!(tag(&form, "country").contains(" disabled"));
    assert!(form.text.contains("<option value=\"GB\" selected>United Kingdom"), "{}", form.text);
    assert!(form.text.contains("Set by your provider"));

    // Both faults at once, beside their fields, and what was typed is still there.
    let again = fill(&server, &form, &[("fname", ""), ("lname", "L"), ("email", "nope")]).await;
    assert_eq!(again.status, 422);
    assert_eq!(fault(&again, "fname"), "First name is required");
    assert_eq!(fault(&again, "email"), "E-mail is not an e-mail address like name@example.com");
    assert_eq!((fault(&again, "lname"), value(&again, "lname")), (String::new(), "L".to_owned()));
    assert_eq!(value(&again, "email"), "nope");
    assert!(tag(&again, "email").contains(" aria-invalid=\"true\""));
    assert!(tag(&again, "email").contains(" aria-describedby=\"doorstep-email-fault\""));
    assert!(again.text.contains("<a href=\"#doorstep-fname\">First name is required</a>"));
    assert!(again.text.contains("Please check the marked fields."));
    assert_eq!(value(&again, "key"), value(&form, "key"));
    assert_eq!(users(&server).await, 0);

    // What the panel fixed is the panel's, whatever is sent.
    let answers = [("fname", "Ada"), ("lname", "Lovelace"), ("email", ""), ("country", "DE")];
    let done = fill(&server, &again, &answers).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.text.contains("Your account is ready"), "{}", done.text);
    let (username, password) = (value(&done, "username"), value(&done, "password"));
    keep_secret("API password", &password);
    assert!(!done.text.contains(&token), "the token stays no longer than it is needed");
    assert!(done.text.contains("download=\"doorstep.env\" href=\"data:text/plain,"));
    // The page is loaded again: the same answer, and no second account.
    let replayed = fill(&server, &again, &answers).await;
    assert_eq!(
        (value(&replayed, "username"), value(&replayed, "password")),
        (username.clone(), password.clone())
    );
    assert_eq!(users(&server).await, 1);
    // Once it was used, nobody is shown it again.
    let request = server.request(Method::GET, "/api/users").basic_auth(&username, Some(&password));
    let profile = send(request).await;
    assert_eq!(profile.status, 200, "{}", profile.text);
    assert_eq!(profile.json()["user"]["country"], "GB", "{}", profile.text);
    let late = fill(&server, &again, &answers).await;
    assert!(late.text.contains("was delivered before and is not shown again"), "{}", late.text);
    assert!(!late.text.contains(&password), "it is shown again");
    // Back, something else, and sent again; or opened with a token that was used.
    let other = fill(&server, &again, &[("fname", "Eve"), ("lname", "L")]).await;
    assert_eq!(other.status, 422);
    assert!(other.text.contains("You already have an account here"), "{}", other.text);
    assert!(!other.text.contains("<form"), "{}", other.text);
    let reopened = open(&server, &token, &[]).await;
    assert_eq!(reopened.status, 401);
    assert!(reopened.text.contains("reload it, and open this form again"), "{}", reopened.text);
    assert!(!reopened.text.contains(&token) && !reopened.text.contains("<form"));
    assert_eq!(users(&server).await, 1);
}

async fn nothing_that_is_typed_or_prefilled_becomes_markup(kind: Kind) {
    let (server, client) = setup(kind).await;
    let more = json!({
        "prefill": { "fname": HOSTILE, "company_name": HOSTILE },
        "locked": { "city": HOSTILE },
    });
    let token = token(&server, &client, "ada", &more).await;
    let query = "?fields=company_name+phone&locale=%22%3E%3Cscript%3E&x=%22%3E%3Cscript%3E";
    let form = post(&server, PANEL, query, &[("token", &token), ("lname", HOSTILE)]).await;
    assert_page(&form);
    assert_eq!(form.status, 200, "{}", form.text);
    for name in ["fname", "lname", "company_name", "city"] {
        assert_eq!(value(&form, name), ESCAPED, "{name}");
    }
    assert!(!form.text.contains("\"><script"), "{}", form.text);
    let typed = [("fname", HOSTILE), ("lname", ""), ("phone", HOSTILE), ("email", HOSTILE)];
    let key = value(&form, "key");
    let sent = [&[("token", token.as_str()), ("key", key.as_str())], &typed[..]].concat();
    let again = post(&server, &server.url, query, &sent).await;
    assert_page(&again);
    assert_eq!(again.status, 422);
    for name in ["fname", "phone", "email"] {
        assert_eq!(value(&again, name), ESCAPED, "{name}");
    }
    // What is no token, no key and no address is not shown again, or as text.
    for form in [
        // Short: what is sent as a token is looked for everywhere, and this is no secret.
        [("token", "\"><b>x"), ("key", HOSTILE), ("return_to", HOSTILE)],
        [("token", &token), ("key", HOSTILE), ("return_to", "")],
        [("token", &token), ("key", "0123456789abcdef"), ("return_to", "javascript:alert(1)")],
    ] {
        let answer = post(&server, PANEL, "", &form).await;
        assert_page(&answer);
        assert!(answer.status.is_client_error(), "{}", answer.text);
        assert!(!answer.text.contains("javascript:alert(1)\" rel"), "{}", answer.text);
    }
    assert_eq!(users(&server).await, 0);
}

async fn only_the_tokens_pages_open_the_form(kind: Kind) {
    let (server, client) = setup(kind).await;
    let bound = token(&server, &client, "ada", &json!({ "origins": [PANEL] })).await;
    for origin in [OTHER, "null", "https://too.example", "https://panel.example"] {
        let answer = post(&server, origin, "", &[("token", &bound)]).await;
        assert_page(&answer);
        assert_eq!(answer.status, 403, "{origin}");
        assert!(answer.text.contains("Go back to your provider"), "{}", answer.text);
        assert!(!answer.text.contains(&bound), "{}", answer.text);
        // Nor does the person come back to a page that is not the token's.
        let back = format!("{origin}/done");
        let answer = post(&server, PANEL, "", &[("token", &bound), ("return_to", &back)]).await;
        assert_eq!(answer.status, 403, "{back}: {}", answer.text);
    }
    assert_eq!(post(&server, PANEL, "", &[("token", &bound)]).await.status, 200);
    let back = format!("{PANEL}/done?x=1");
    let form = post(&server, PANEL, "", &[("token", &bound), ("return_to", &back)]).await;
    assert_eq!((form.status.as_u16(), value(&form, "return_to")), (200, back));

    // Tokens that are no sign-up token, or none at all.
    let plain = server.token(&client, "register").await;
    for (sent, status) in [(plain.as_str(), 403), ("sgn_x", 401), ("", 400)] {
        let answer = post(&server, PANEL, "", &[("token", sent)]).await;
        assert_page(&answer);
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    // A token in an address is not read.
    let answer = server.get(&format!("/signup?token={bound}")).await;
    assert_page(&answer);
    assert_eq!(answer.status, 200);
    assert!(!answer.text.contains("<form") && !answer.text.contains(&bound));
    // Without a back end there is a puzzle, and that takes a script.
    let answer = server.get("/signup?client=cli_x&locale=de").await;
    assert!(answer.text.contains("Dieses Formular braucht JavaScript"), "{}", answer.text);
}

async fn what_is_no_form_of_ours_is_refused_by_a_page(kind: Kind) {
    let (server, client) = setup(kind).await;
    let token = token(&server, &client, "ada", &json!({})).await;
    let json = server.request(Method::POST, "/signup").json(&json!({ "token": token }));
    let json = send(json).await;
    assert_page(&json);
    assert_eq!(json.status, 415);
    let flood = "x".repeat(40_000);
    let large = post(&server, PANEL, "?locale=fr", &[("token", &token), ("fname", &flood)]).await;
    assert_page(&large);
    assert_eq!(large.status, 413);
    assert!(large.text.contains("Cela n’a pas fonctionné"), "{}", large.text);
    let put = send(server.request(Method::PUT, "/signup")).await;
    assert_page(&put);
    assert_eq!((put.status.as_u16(), put.header("allow")), (405, "GET, POST"));

    // Longer than a name may be, and within what a request may be.
    let form = open(&server, &token, &[]).await;
    let answer = fill(&server, &form, &[("fname", &"ä".repeat(101)), ("lname", "L")]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(fault(&answer, "fname"), "First name is too long: use at most 100 characters");
    // Faults of a form may be many: they end no token.
    for _ in 0..12 {
        assert_eq!(fill(&server, &form, &[("fname", "")]).await.status, 422);
    }
    // The token is over, and what was typed is not lost with it.
    server.database.execute("UPDATE tokens SET expires_at = 1").await;
    let late = fill(&server, &form, &[("fname", "Ada"), ("lname", "Lovelace")]).await;
    assert_eq!(late.status, 401);
    assert_eq!((value(&late, "fname"), value(&late, "lname")), ("Ada".into(), "Lovelace".into()));
    assert!(late.text.contains("open this form again") && !late.text.contains("<button"));
    assert_eq!(users(&server).await, 0);
}

async fn the_code_goes_back_to_the_panel_and_the_password_to_no_page(kind: Kind) {
    let (server, client) = setup(kind).await;
    let more = json!({
        "credential_delivery": "claim",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    });
    for (username, back) in [("ada", ""), ("eve", "https://panel.example:2083/done")] {
        let token = token(&server, &client, username, &more).await;
        let form = open(&server, &token, &[("return_to", back)]).await;
        let (key, answers) = (value(&form, "key"), [("fname", "Ada"), ("lname", "L")]);
        let mut sent = vec![("token", token.as_str()), ("key", key.as_str())];
        if !back.is_empty() {
            sent.push(("return_to", back));
        }
        sent.extend(answers);
        let done = post(&server, &server.url, "", &sent).await;
        assert_page(&done);
        assert_eq!(done.status, 200, "{}", done.text);
        assert!(!done.text.contains("name=\"password\"") && !done.text.contains("download="));
        let code = value(&done, "claim_code");
        keep_secret("claim code", &code);
        let is_hidden = tag(&done, "claim_code").contains("type=\"hidden\"");
        assert_eq!(is_hidden, !back.is_empty());
        let policy = done.header("content-security-policy");
        if back.is_empty() {
            assert!(policy.contains("form-action 'self';"), "{policy}");
        } else {
            assert!(done.text.contains(&format!("method=\"post\" action=\"{back}\"")));
            assert!(done.text.contains("Back to panel.example"));
            assert!(policy.contains(&format!("form-action 'self' {PANEL};")), "{policy}");
        }
        let claimed = claim(&server, &client, &code, VERIFIER).await;
        assert_eq!(claimed.status, 200, "{}", claimed.text);
        assert_eq!(claimed.json()["user"]["api"]["username"], value(&done, "username"));
    }
}

async fn the_page_speaks_the_readers_language(kind: Kind) {
    let settings = [
        ("DOORSTEP_BRANDING__NAME", "Example <Cloud>"),
        ("DOORSTEP_FORM__FIELDS", "country currency locale c_sftp_pass"),
    ];
    let server = Server::start_with(kind, &settings).await;
    let client = server.client("register", &["srv.example"], &[PANEL]);
    let token = token(&server, &client, "ada", &json!({ "prefill": { "country": "AT" } })).await;
    for (query, accepted, lang, words) in [
        (
            "",
            "de-AT, en;q=0.5",
            "<html lang=\"de\" dir=\"ltr\">",
            "<option value=\"AT\" selected>Österreich",
        ),
        (
            "?locale=ar",
            "de",
            "<html lang=\"ar\" dir=\"rtl\">",
            "<option value=\"AT\" selected>النمسا",
        ),
        ("?locale=ja", "de", "<html lang=\"ja\" dir=\"ltr\">", "オーストリア"),
        ("", "tlh", "<html lang=\"en\" dir=\"ltr\">", "<option value=\"de\">German"),
    ] {
        let request = server.request(Method::POST, &format!("/signup{query}"));
        let request = request.header("origin", PANEL).header("accept-language", accepted);
        let answer = send(request.form(&[("token", &token)])).await;
        assert_page(&answer);
        assert!(answer.text.contains(lang) && answer.text.contains(words), "{}", answer.text);
        assert!(answer.text.contains("<bdi>Example &#60;Cloud&#62;</bdi>"), "{}", answer.text);
        assert!(tag(&answer, "c_sftp_pass").contains("type=\"checkbox\""));
        let form = format!("action=\"signup{query}\"");
        assert!(answer.text.contains(&form), "{}", answer.text);
        // In Japanese the family's name comes first.
        let place = |name: &str| answer.text.find(&format!("name=\"{name}\"")).unwrap();
        assert_eq!(place("lname") < place("fname"), query == "?locale=ja");
    }
}

on_both!(
    a_person_signs_up_without_a_script,
    nothing_that_is_typed_or_prefilled_becomes_markup,
    only_the_tokens_pages_open_the_form,
    what_is_no_form_of_ours_is_refused_by_a_page,
    the_code_goes_back_to_the_panel_and_the_password_to_no_page,
    the_page_speaks_the_readers_language,
);
