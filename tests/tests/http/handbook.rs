//! The commands in the handbook are those that work.

use std::{io::Write as _, process::Stdio};

use doorstep_handbook::{apiculus, everlytic, onboarding};
use doorstep_tests::{Kind, Server, on_both};
use tokio::process::Command;

use crate::{
    admin_users::admin,
    apiculus::{ROOT_PASSWORD, ready},
    orders::shop,
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
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let output = Command::new("bash")
        .args(["-eu", "-o", "pipefail"])
        .arg(file.path())
        .env("SERVER", &server.url)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}\n{}", server.log());
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

on_both!(
    the_page_leads_from_nothing_to_a_project,
    an_apiculus_client_makes_a_user,
    an_everlytic_client_makes_a_user,
);
