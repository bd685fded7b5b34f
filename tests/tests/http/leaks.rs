//! That a leak is noticed: every test looks for secrets where none may stand, and here
//! some stand there.

use std::{io::Write as _, panic::AssertUnwindSafe};

use doorstep_tests::{Kind, Server, keep_secret, on_both, person, send};
use reqwest::Method;

const PLANTED: &str = "planted-in-a-table";

/// What a server is asked anyway, with a refusal and a command among it.
async fn some_traffic(server: &Server) -> String {
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let user = server.new_user(&bearer, "srv", "ada").await;
    let request = server.request(Method::GET, "/api/users").basic_auth(&user.0, Some(&user.1));
    assert_eq!(send(request).await.status, 200);
    let answer = server.sign_up(&bearer, &person("srv", "ada")).await;
    assert_eq!(answer.status, 409);
    bearer
}

fn log(server: &Server, text: &str) {
    let path = server.folder().join("log");
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    writeln!(file, "{{\"message\":\"got {text} from a panel\"}}").unwrap();
}

async fn everything_is_searched_and_a_leak_is_found(kind: Kind) {
    let server = Server::start(kind).await;
    let bearer = some_traffic(&server).await;
    keep_secret("planted text", PLANTED);
    let plant = "INSERT INTO facts (name, value) VALUES ('x', 'planted-in-a-table')";
    server.database.execute(plant).await;
    log(&server, &bearer);
    let report = server.end();
    // Keys, a client's secret, a token, Authorization values and a password at least.
    assert!(report.secrets >= 8, "{report:?}");
    assert!(report.bytes > 10_000, "nothing is logged at trace: {report:?}");
    let table = if kind == Kind::Sqlite { "doorstep.db" } else { "facts.value" };
    for place in [
        "the log",
        "the metrics",
        "what `doorstep client create` logged",
        "the answer 409 to POST /api/users",
        table,
    ] {
        assert!(report.places.iter().any(|it| it == place), "{place}: {:?}", report.places);
    }
    let found = |kind: &str, place: &str| {
        let leaks = report.leaks.iter().filter(|it| it.kind == kind);
        leaks.filter(|it| it.place.starts_with(place)).count()
    };
    assert_eq!(found("access token", "the log"), 1, "{:?}", report.leaks);
    assert!(found("planted text", table) >= 1, "{:?}", report.leaks);
    let elsewhere = report.leaks.iter().filter(|it| it.place != "the log");
    assert!(elsewhere.clone().all(|it| it.kind == "planted text"), "{:?}", report.leaks);
    for leak in &report.leaks {
        assert!(!leak.near.contains(&bearer[..20]) && !leak.near.contains(PLANTED), "{leak}");
    }
}

async fn a_leak_fails_its_test(kind: Kind) {
    let server = Server::start(kind).await;
    let bearer = some_traffic(&server).await;
    log(&server, &bearer);
    let failure = std::panic::catch_unwind(AssertUnwindSafe(|| drop(server))).unwrap_err();
    let failure = failure.downcast_ref::<String>().unwrap();
    assert!(failure.contains("access token in the log"), "{failure}");
    assert!(failure.contains("got [secret] from a panel"), "{failure}");
    assert!(!failure.contains(&bearer[..20]));
}

on_both!(everything_is_searched_and_a_leak_is_found, a_leak_fails_its_test);
