//! The commands in the handbook are those that work.

use std::{io::Write as _, process::Stdio};

use doorstep_accounts::event::KINDS;
use doorstep_handbook::{apiculus, everlytic, onboarding, webhooks};
use doorstep_tests::{Kind, Receiver, Reply, Server, on_both};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    admin_users::admin,
    apiculus::{ROOT_PASSWORD, ready},
    orders::shop,
    webhooks::{QUICK, endpoint, is_signed},
};

/// The shell commands of a page, in its order.
fn commands(page: &str) -> String {
    let mut commands = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == "```sh" {
            for line in lines.by_ref().take_while(|line| *line != "```") {
                commands.push_str(line);
                commands.push('\n');
            }
        }
    }
    commands
}

/// Runs a page's commands against a server; what they print.
async fn run(server: &Server, page: &str, variables: &[(&str, &str)]) -> String {
    let script = commands(page);
    assert!(script.matches("curl ").count() > 5, "the page has lost its commands");
    let variables = [&[("SERVER", server.url.as_str())], variables].concat();
    shell(&script, &variables).await
}

/// Runs commands; what they print.
async fn shell(script: &str, variables: &[(&str, &str)]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let output = Command::new("bash")
        .args(["-eu", "-o", "pipefail"])
        .arg(file.path())
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    said
}

async fn the_page_leads_from_nothing_to_a_project(kind: Kind) {
    let (server, folder) = shop(kind, &[]).await;
    let (_, (username, password)) = admin(&server, "you@example.com");
    let client = server.client("public register", &[], &[]);
    let said = run(
        &server,
        onboarding::PAGE,
        &[
            ("ADMIN", &format!("{username}:{password}")),
            ("CLIENT", &format!("{}:{}", client.id, client.secret)),
        ],
    )
    .await;
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            r#"{"id":1,"name":"small","price":"0.0","currency":"INR","term":"hour"}"#,
            r#"{"name":"wp_title","param_type":"static","value":"My site","required":false}"#,
            r#"{"name":"wp_password","param_type":"password","value":null,"required":true}"#,
            "set the domain to 192.168.1.10",
            &format!(
                r#"{{"status":"completed","project":{{"id":1,"name":"my test project","link":"https://projects.example/1?order={}"}},"location":{{"id":1,"name":"demo"}},"failure":null}}"#,
                std::fs::read_dir(folder.path())
                    .unwrap()
                    .next()
                    .unwrap()
                    .unwrap()
                    .file_name()
                    .display()
            ),
            r#"{"revision":1,"status":"open"}"#,
            r#"{"revision":2,"status":"pending"}"#,
            r#"{"revision":3,"status":"processing"}"#,
            r#"{"revision":4,"status":"completed"}"#,
            "project 1 is there",
        ]
    );
}

async fn an_apiculus_client_makes_a_user(kind: Kind) {
    let (server, _) = ready(kind).await;
    let root = [("EMAIL", "root@host.example"), ("PASSWORD", ROOT_PASSWORD)];
    let said = run(&server, apiculus::PAGE, &root).await;
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            r#"{"account_type":11,"onboarded":true}"#,
            r#"{"currency":["INR","RWF","OMR"],"acsRegion":["noida"],"tax":["CNPJ","GSTIN"]}"#,
            r#"{"Subdivision_Code":"KA","Subdivision_Name":"Karnātaka"}"#,
            r#"{"httpStatus":200,"success":true,"replayed":false,"id":"API-E001"}"#,
            "true",
        ]
    );
}

async fn an_everlytic_client_makes_a_user(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, (username, key)) = admin(&server, "you@example.com");
    let said = run(&server, everlytic::PAGE, &[("ADMIN", &format!("{username}:{key}"))]).await;
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            r#"{"name":"Test User","username":"test@engines.example","language":"default","can_customer_admin":"yes"}"#,
            r#""Ada Lovelace""#,
            "true",
            r#""home""#,
        ]
    );
}

async fn a_webhook_is_checked_as_the_page_says(kind: Kind) {
    let receiver = Receiver::start(|_| Reply::new(200, "")).await;
    let server = Server::start_with(kind, &QUICK).await;
    let (_, key) = endpoint(&server, &receiver.url, &["*"]);
    // The page's own request, as a receiver would get it.
    let said =
        shell(&commands(webhooks::PAGE), &[("KEY", &key), ("RECEIVER", &receiver.url)]).await;
    assert_eq!(said, "200\n");
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv.example", "ada").await;
    let mut patience = 1_500;
    while receiver.calls().len() < 2 {
        patience -= 1;
        assert!(patience > 0, "{}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (_, rest) = webhooks::PAGE.split_once("```python\n").unwrap();
    let (code, _) = rest.split_once("```").unwrap();
    let check = "
import json, sys
key, *calls = json.load(sys.stdin)
for headers, body in calls:
    altered = dict(headers, **{'webhook-id': 'evt_other'})
    later = int(headers['webhook-timestamp']) + 301
    print(is_genuine(key, headers, body.encode()), is_genuine(key, altered, body.encode()),
          is_genuine(key, headers, b' ' + body.encode()), is_genuine(key, headers, body.encode(), later))
";
    let calls: Vec<_> = receiver.calls();
    assert!(calls.iter().all(|call| is_signed(call, &key)));
    let calls: Vec<_> =
        calls.iter().map(|call| serde_json::json!([call.headers, call.body])).collect();
    let input = serde_json::json!([key, calls[0], calls[1]]).to_string();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(format!("{code}{check}").as_bytes()).unwrap();
    let mut python = Command::new("python3")
        .arg(file.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = python.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "True False False False\nTrue False False False\n", "{complained}");
    for (event, tells) in KINDS {
        let row = format!("| `{event}` | {tells} |");
        assert!(webhooks::PAGE.contains(&row), "the page lacks the row {row:?}");
    }
}

on_both!(
    a_webhook_is_checked_as_the_page_says,
    the_page_leads_from_nothing_to_a_project,
    an_apiculus_client_makes_a_user,
    an_everlytic_client_makes_a_user,
);
