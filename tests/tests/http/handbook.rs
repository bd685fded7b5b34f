//! The commands in the handbook are those that work.

use std::{io::Write as _, process::Stdio};

use doorstep_handbook::onboarding;
use doorstep_tests::{Kind, on_both};
use tokio::process::Command;

use crate::{admin_users::admin, orders::shop};

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

async fn the_page_leads_from_nothing_to_a_project(kind: Kind) {
    let (server, folder) = shop(kind, &[]).await;
    let (_, (username, password)) = admin(&server, "you@example.com");
    let client = server.client("public register", &[], &[]);
    let script = commands(onboarding::PAGE);
    assert!(script.matches("curl ").count() > 10, "the page has lost its commands");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let output = Command::new("bash")
        .args(["-eu", "-o", "pipefail"])
        .arg(file.path())
        .env("SERVER", &server.url)
        .env("ADMIN", format!("{username}:{password}"))
        .env("CLIENT", format!("{}:{}", client.id, client.secret))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}\n{}", server.log());
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

on_both!(the_page_leads_from_nothing_to_a_project);
