//! Every guarded route refuses everybody else. The list of routes is the
//! server's own: a new one without an entry here fails.

use doorstep_accounts::Scope;
use doorstep_dialects::{Authentication, DoorContext, Reply};
use doorstep_server::http::routes::{Access, routes};
use doorstep_tests::{Kind, OAuthClient, Server, on_both, send};
use doorstep_wire::{Code, Problem};
use reqwest::{Method, RequestBuilder};

/// Each guarded route with a body that would be accepted from the right caller.
const GUARDED: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/api/users",
        r#"{"user":{"fname":"A","lname":"B","provider_server":"s","provider_username":"covered"}}"#,
    ),
    ("GET", "/api/users", ""),
    ("GET", "/api/widget/session", ""),
    ("GET", "/api/signups", ""),
    ("POST", "/api/signups/{sign_up}/confirm", ""),
    ("DELETE", "/api/signups/{sign_up}", ""),
    ("PATCH", "/api/users", r#"{"user":{"city":"Rome"}}"#),
    ("POST", "/api/users/confirmation", ""),
    ("GET", "/api/users/api_credentials", ""),
    ("POST", "/api/users/api_credentials", "{}"),
    ("GET", "/api/users/api_credentials/{credential}", ""),
    ("PATCH", "/api/users/api_credentials/{credential}", "{}"),
    ("DELETE", "/api/users/api_credentials/{credential}", ""),
    ("POST", "/api/users/api_credentials/{credential}/rotate", ""),
    ("GET", "/api/admin/users/{user}/api_credentials", ""),
    ("POST", "/api/admin/users/{user}/api_credentials", "{}"),
    ("GET", "/api/admin/users/{user}/api_credentials/{credential}", ""),
    ("PATCH", "/api/admin/users/{user}/api_credentials/{credential}", "{}"),
    ("DELETE", "/api/admin/users/{user}/api_credentials/{credential}", ""),
    ("POST", "/api/admin/users/{user}/api_credentials/{credential}/rotate", ""),
    ("POST", "/api/users/{user}/api_credentials", "{}"),
    ("GET", "/api/admin/users", ""),
    (
        "POST",
        "/api/admin/users",
        r#"{"user":{"fname":"A","lname":"B","email":"covered@mail.example"}}"#,
    ),
    ("GET", "/api/admin/users/{user}", ""),
    ("PATCH", "/api/admin/users/{user}", r#"{"user":{"city":"Rome"}}"#),
    ("PUT", "/api/admin/users/{user}", r#"{"user":{"city":"Rome"}}"#),
    ("DELETE", "/api/admin/users/{user}", ""),
    ("GET", "/api/products", ""),
    ("GET", "/products", ""),
    ("GET", "/api/locations", ""),
    ("GET", "/api/container_images", ""),
    ("GET", "/api/container_images/{image}", ""),
    ("GET", "/api/orders", ""),
    ("POST", "/api/orders", r#"{"order":{}}"#),
    ("GET", "/api/orders/{order}", ""),
    ("GET", "/api/orders/{order}/events", ""),
    ("POST", "/api/orders/{order}/cancel", ""),
    ("POST", "/api/orders/{order}/retry", ""),
    ("GET", "/api/order", ""),
    ("POST", "/api/order", r#"{"order":{}}"#),
    ("GET", "/api/order/{order}", ""),
    ("POST", "/api/admin/users/{user}/confirmation", ""),
    ("POST", "/api/admin/users/{user}/suspension", ""),
    ("DELETE", "/api/admin/users/{user}/suspension", ""),
    ("POST", "/auth/logout", ""),
    ("GET", "/api/pass/signUpHelper", ""),
    ("POST", "/api/pass/createNewUser", "{}"),
    ("GET", "/api/2.0", ""),
    ("GET", "/api/2.0/", ""),
    ("GET", "/api/2.0/users", ""),
    ("GET", "/api/2.0/users/", ""),
    ("POST", "/api/2.0/users", "{}"),
    ("POST", "/api/2.0/users/", "{}"),
    ("GET", "/api/2.0/users/{user}", ""),
    ("PUT", "/api/2.0/users/{user}", "{}"),
    ("DELETE", "/api/2.0/users/{user}", ""),
    ("GET", "/api/2.0/customers", ""),
    ("GET", "/api/2.0/customers/", ""),
    ("POST", "/api/2.0/customers", "{}"),
    ("POST", "/api/2.0/customers/", "{}"),
    ("GET", "/api/2.0/customers/{customer}", ""),
    ("PUT", "/api/2.0/customers/{customer}", "{}"),
    ("DELETE", "/api/2.0/customers/{customer}", ""),
];

/// Whether everybody who has a token at all may call the route.
fn is_public(method: &str, path: &str) -> bool {
    let route = routes().find(|route| (route.method, route.path) == (method, path));
    matches!(route.unwrap().access, Access::Needs(scopes) if scopes.contains(&Scope::Public))
}

/// How callers of a path say who they are.
fn way(path: &str) -> Authentication {
    doorstep_dialects::at(path).map_or(Authentication::Usual, |door| door.authentication)
}

/// How a path says that it does not know the caller.
fn refused(path: &str) -> Reply {
    let problem = Problem::new(Code::Unauthenticated, "");
    let context = DoorContext { public_url: "", request_id: "", default_locale: "" };
    match doorstep_dialects::at(path) {
        Some(door) => (door.refused)(Code::Unauthenticated, &problem, &context),
        None => Reply::problem(&problem),
    }
}

/// Puts credentials on a request.
type Sign = Box<dyn Fn(RequestBuilder) -> RequestBuilder>;

#[test]
fn every_guarded_route_is_in_the_list() {
    for route in routes() {
        let listed =
            GUARDED.iter().any(|(method, path, _)| (*method, *path) == (route.method, route.path));
        match route.access {
            Access::Needs(_) => assert!(
                listed,
                "{} {} has no refusal test: add it to GUARDED in this file",
                route.method, route.path
            ),
            Access::Open => assert!(!listed, "{} {} is open", route.method, route.path),
        }
    }
}

async fn every_guarded_route_refuses_everybody_else(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let register = server.token(&client, "register").await;
    let public = server.token(&client, "public").await;
    let (username, password) = server.new_user(&register, "s", "bob").await;
    let own = OAuthClient { id: username.clone(), secret: password.clone() };
    let user_public = server.token(&own, "public").await;
    let database = &server.database;
    let users = database.count("SELECT COUNT(*) FROM users").await;

    let (head, last) = register.split_at(register.len() - 1);
    let unknown = format!("{head}{}", if last == "x" { "y" } else { "x" });
    let bearer = |token: &str| -> Sign {
        let token = token.to_owned();
        Box::new(move |request| request.bearer_auth(&token))
    };
    let header = |value: String| -> Sign {
        Box::new(move |request| request.header("authorization", value.clone()))
    };
    let callers: Vec<(&str, Sign, u16)> = vec![
        ("nobody", Box::new(|request| request), 401),
        ("a token that was never issued", bearer(&unknown), 401),
        ("no token at all", bearer("x"), 401),
        ("a public token", bearer(&public), 403),
        ("a user's public token", bearer(&user_public), 403),
        (
            "a wrong password",
            {
                let name = username.clone();
                Box::new(move |r| r.basic_auth(&name, Some("no")))
            },
            401,
        ),
        ("an unknown username", Box::new(|r| r.basic_auth("nobody", Some("no"))), 401),
        // T-098: a browser sends cookies for every page that asks it to.
        (
            "a cookie",
            {
                let value = format!("access_token={register}; Authorization=Bearer {register}");
                Box::new(move |request| request.header("cookie", value.clone()))
            },
            401,
        ),
        ("another scheme", header("Digest x".to_owned()), 400),
        ("a bare word", header("Bearer".to_owned()), 400),
        ("broken base64", header("Basic !!".to_owned()), 400),
    ];
    for (method, path, body) in GUARDED {
        let request = || {
            let request = server.request(method.parse::<Method>().unwrap(), path);
            if body.is_empty() {
                request
            } else {
                request.header("content-type", "application/json").body(*body)
            }
        };
        let is_public = is_public(method, path);
        let way = way(path);
        for (who, sign, usual) in &callers {
            // What is for everybody is for them as well.
            if is_public && *usual == 403 {
                continue;
            }
            // A door with a way of its own takes no other for a credential.
            let status = if way == Authentication::Usual { *usual } else { 401 };
            let answer = send(sign(request())).await;
            assert_eq!(answer.status.as_u16(), status, "{who}: {method} {path}: {}", answer.text);
            assert_eq!(answer.header("content-type"), refused(path).media_type);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.json()["errors"][0].is_string() || way != Authentication::Usual);
            if status == 401 {
                let scheme = match way {
                    Authentication::Basic { .. } => "Basic realm=",
                    _ => "Bearer realm=",
                };
                assert!(answer.header("www-authenticate").starts_with(scheme), "{who}");
            }
        }
        // Known there, and no administrator.
        let known = match way {
            Authentication::Usual => None,
            Authentication::Basic { .. } => Some(request().basic_auth(&username, Some(&password))),
            Authentication::Token { header } => Some(request().header(header, &user_public)),
        };
        if let Some(known) = known {
            assert_eq!(send(known).await.status, 403, "{method} {path}");
        }
        let nothing_sent = send(request()).await;
        assert!(!nothing_sent.header("www-authenticate").contains("error="));
        let twice = request().bearer_auth(&register).header("authorization", "Bearer y");
        let status = if way == Authentication::Usual { 400 } else { 401 };
        assert_eq!(send(twice).await.status, status, "two headers: {method} {path}");
        let in_url =
            server.request(method.parse().unwrap(), &format!("{path}?access_token={register}"));
        assert_eq!(send(in_url).await.status, 401, "token in the URL: {method} {path}");
    }
    assert!(!server.log().contains(&register), "a token stands in the log");
    assert_eq!(database.count("SELECT COUNT(*) FROM users").await, users);
}

/// Also one that was good until now.
async fn a_token_that_ended_is_refused_everywhere(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let register = server.token(&client, "register").await;
    let database = &server.database;
    for end in ["UPDATE tokens SET expires_at = 1", "UPDATE tokens SET revoked_at = 1"] {
        database.execute(end).await;
        for (method, path, body) in GUARDED {
            let request = server
                .request(method.parse().unwrap(), path)
                .bearer_auth(&register)
                .header("content-type", "application/json")
                .body(*body);
            let request = match way(path) {
                Authentication::Token { header } => request.header(header, &register),
                _ => request,
            };
            let answer = send(request).await;
            assert_eq!(answer.status, 401, "{end}: {method} {path}");
            let code = &answer.json()["code"];
            assert!(
                code == "invalid_token" || way(path) != Authentication::Usual,
                "{}",
                answer.text
            );
        }
    }
}

async fn a_client_that_holds_profile_scopes_is_still_nobody(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register profile_read profile_update", &[], &[]);
    let token = server.token(&client, "profile_read profile_update").await;
    let get = send(server.request(Method::GET, "/api/users").bearer_auth(&token)).await;
    assert_eq!(get.refusal(), (403, "user_needed".to_owned()));
}

on_both!(
    every_guarded_route_refuses_everybody_else,
    a_token_that_ended_is_refused_everywhere,
    a_client_that_holds_profile_scopes_is_still_nobody
);
