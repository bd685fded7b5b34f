//! What becomes of orders: taken back, failed, tried again, ordered from a page, erased.

use doorstep_tests::{Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{admin, call},
    catalog::SAMPLE,
    orders::{act, customer, ended, id_of, look, order, place, shop},
};

async fn an_order_is_taken_back_before_work_begins_and_not_after(kind: Kind) {
    // Nobody works here.
    let (mut server, folder) = shop(kind, &[("DOORSTEP_JOBS__IN_SERVE", "false")]).await;
    let ada = customer(&server, "ada").await;
    let mut body = order("mine");
    body["order"]["containers"][0]["domains"] = json!(["www.mine.example"]);
    let id = id_of(&place(&server, &ada, &body).await);
    assert_eq!(look(&server, &ada, &id).await["can_cancel"], true);
    // The name is taken, for everybody, while the order may become a project.
    let bob = customer(&server, "bob").await;
    let taken = place(&server, &bob, &body).await;
    assert_eq!(taken.json()["faults"][0]["code"], "taken", "{}", taken.text);
    let cancelled = act(&server, &ada, &id, "cancel").await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.json()["order"]["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(act(&server, &ada, &id, "cancel").await.refusal(), (409, "order_state".to_owned()));
    assert_eq!(act(&server, &ada, &id, "retry").await.refusal(), (409, "order_state".to_owned()));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 0);
    let sealed = "SELECT COUNT(*) FROM orders WHERE sealed IS NOT NULL";
    assert_eq!(server.database.count(sealed).await, 0);
    // The same body is another order now, also within the minute.
    let again = id_of(&place(&server, &ada, &body).await);
    assert_ne!(again, id);
    server.kill();
    server.set("DOORSTEP_JOBS__IN_SERVE", "true");
    server.restart();
    assert_eq!(ended(&server, &ada, &again).await["status"], "completed");
    assert_eq!(
        act(&server, &ada, &again, "cancel").await.refusal(),
        (409, "order_state".to_owned())
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

async fn a_driver_that_fails_says_why_and_can_be_tried_again(kind: Kind) {
    let (server, folder) = shop(kind, &[]).await;
    let ada = customer(&server, "ada").await;
    // The folder is a file for a while: also root cannot write into that.
    let place_of = folder.path().to_owned();
    let aside = place_of.with_extension("aside");
    std::fs::rename(&place_of, &aside).unwrap();
    std::fs::write(&place_of, "").unwrap();
    let id = id_of(&place(&server, &ada, &order("unlucky")).await);
    let failed = ended(&server, &ada, &id).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["failure"]["code"], "storage_failed");
    let message = failed["failure"]["message"].as_str().unwrap();
    assert!(message.contains("Try again"), "{message}");
    assert!(!failed.to_string().contains(&place_of.display().to_string()), "a path is shown");
    assert_eq!((&failed["project"], &failed["can_retry"]), (&Value::Null, &json!(true)));
    let dead = "SELECT COUNT(*) FROM jobs WHERE died_at IS NOT NULL AND attempts = 10
                  AND reason LIKE 'the folder %'";
    assert_eq!(server.database.count(dead).await, 1);
    std::fs::remove_file(&place_of).unwrap();
    std::fs::rename(&aside, &place_of).unwrap();
    let retried = act(&server, &ada, &id, "retry").await;
    assert_eq!(retried.status, 202, "{}", retried.text);
    let done = ended(&server, &ada, &id).await;
    assert_eq!((&done["status"], &done["failure"]), (&json!("completed"), &Value::Null));
    let secrets = std::fs::read_to_string(place_of.join(&id).join("secrets.json")).unwrap();
    assert!(secrets.contains("hunter2-and-more"));
    assert_eq!(act(&server, &ada, &id, "retry").await.refusal(), (409, "order_state".to_owned()));
    let told = "SELECT COUNT(*) FROM events WHERE kind IN ('order.failed', 'order.retried', 'order.completed')";
    assert_eq!(server.database.count(told).await, 3);
}

async fn keys_may_rotate_while_an_order_waits(kind: Kind) {
    let (mut server, _folder) = shop(kind, &[("DOORSTEP_JOBS__IN_SERVE", "false")]).await;
    let ada = customer(&server, "ada").await;
    let id = id_of(&place(&server, &ada, &order("waits")).await);
    server.cli(&["keys", "rotate"], "").unwrap();
    server.database.execute("UPDATE key_versions SET created_at = 1").await;
    let retired = server.cli(&["keys", "retire", "1", "--ring", "seal"], "");
    assert!(retired.unwrap_err().contains("is used by 1 sealed copies"));
    server.kill();
    server.set("DOORSTEP_JOBS__IN_SERVE", "true");
    server.restart();
    assert_eq!(ended(&server, &ada, &id).await["status"], "completed");
    server.cli(&["keys", "retire", "1", "--ring", "seal"], "").unwrap();
}

async fn nothing_can_be_ordered_where_nobody_brings_it_up(kind: Kind) {
    let server = Server::start(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    let ada = customer(&server, "ada").await;
    let refused = place(&server, &ada, &order("x")).await;
    assert_eq!(refused.refusal(), (403, "ordering_disabled".to_owned()));
}

/// The widget goes on after a sign-up, on the page of a panel.
async fn a_page_orders_with_the_credential_that_it_was_given(kind: Kind) {
    let (server, _folder) = shop(kind, &[]).await;
    let client = server.client("register", &["srv.example"], &["https://one.example"]);
    server.client("register", &[], &["https://two.example"]);
    let token = server.sign_up_token(&client, "ada").await;
    let body = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } });
    let signed_up = server
        .request(Method::POST, "/api/users")
        .bearer_auth(&token)
        .header("origin", "https://one.example")
        .header("idempotency-key", "the-key-of-this-form");
    let signed_up = send(signed_up.json(&body)).await.json();
    let ada = crate::admin_users::login(&signed_up["user"]["api"]);
    let ask = |method: Method, path: &str, origin: &str| {
        server.request(method, path).basic_auth(&ada.0, Some(&ada.1)).header("origin", origin)
    };
    let one = "https://one.example";
    let placed = send(ask(Method::POST, "/api/orders", one).json(&order("from a page"))).await;
    assert_eq!(placed.header("access-control-allow-origin"), one);
    let id = id_of(&placed);
    for path in
        ["/api/products", "/api/container_images/1", "/api/orders", &format!("/api/orders/{id}")]
    {
        let answer = send(ask(Method::GET, path, one)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("access-control-allow-origin")),
            (200, one),
            "{path}"
        );
    }
    // Another provider's page, somebody's page, and what is no part of ordering.
    for (path, origin) in [
        ("/api/orders", "https://two.example"),
        ("/api/orders", "https://evil.example"),
        ("/api/orders", "null"),
        ("/api/users", one),
        ("/api/users/api_credentials", one),
        ("/api/order", one),
    ] {
        let answer = send(ask(Method::GET, path, origin)).await;
        assert_eq!(answer.refusal(), (403, "origin_not_allowed".to_owned()), "{path} {origin}");
    }
    // A browser is not told to ask the person for a password.
    let wrong = server.request(Method::GET, "/api/orders").basic_auth(&ada.0, Some("no"));
    let answer = send(wrong.header("origin", one)).await;
    assert_eq!(answer.status, 401);
    let challenges = answer.headers.get_all("www-authenticate");
    assert!(challenges.iter().all(|it| !it.to_str().unwrap().starts_with("Basic")));
    let preflight = server
        .request(Method::OPTIONS, &format!("/api/orders/{id}/events"))
        .header("origin", one)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization,last-event-id");
    let answer = send(preflight).await;
    assert_eq!(answer.header("access-control-allow-origin"), one);
    assert!(answer.header("access-control-allow-headers").contains("last-event-id"));
    // The provider is gone, and its pages with it.
    server.cli(&["client", "disable", &client.id], "").unwrap();
    let answer = send(ask(Method::GET, "/api/orders", one)).await;
    assert_eq!(answer.refusal().1, "origin_not_allowed");
    assert_eq!(call(&server, &ada, Method::GET, "/api/orders", Value::Null).await.status, 200);
}

async fn an_erased_user_leaves_no_words_in_orders(kind: Kind) {
    let (server, _folder) = shop(kind, &[("DOORSTEP_JOBS__IN_SERVE", "false")]).await;
    let ada = customer(&server, "ada").await;
    let (_, root) = admin(&server, "root@host.example");
    id_of(&place(&server, &ada, &order("Ada's secret plan")).await);
    let number = call(&server, &ada, Method::GET, "/api/users", Value::Null).await.json();
    let path = format!("/api/admin/users/{}", number["user"]["id"]);
    assert_eq!(call(&server, &root, Method::DELETE, &path, Value::Null).await.status, 204);
    for sql in [
        "SELECT COUNT(*) FROM orders WHERE document <> '{}' OR sealed IS NOT NULL OR project_name <> ''",
        "SELECT COUNT(*) FROM orders WHERE state <> 'cancelled'",
        "SELECT COUNT(*) FROM jobs",
        "SELECT COUNT(*) FROM order_keys",
        "SELECT COUNT(*) FROM events WHERE payload LIKE '%secret plan%'",
    ] {
        assert_eq!(server.database.count(sql).await, 0, "{sql}");
    }
}

on_both!(
    an_order_is_taken_back_before_work_begins_and_not_after,
    a_driver_that_fails_says_why_and_can_be_tried_again,
    keys_may_rotate_while_an_order_waits,
    nothing_can_be_ordered_where_nobody_brings_it_up,
    a_page_orders_with_the_credential_that_it_was_given,
    an_erased_user_leaves_no_words_in_orders,
);
