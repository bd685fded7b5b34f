//! One person who comes to several doors.

use std::sync::Arc;

use doorstep_dialects::DIALECTS;
use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    admin_users::{Login, admin, login},
    apiculus::{ROOT_PASSWORD, TOKEN, sample_with, token},
    catalog::SAMPLE,
    everlytic::new_customer,
};

/// Who asks.
struct Callers {
    server: Server,
    root: Login,
    session: String,
    register: String,
    customer: i64,
}

impl Callers {
    async fn ready(kind: Kind) -> Self {
        let server = Server::start(kind).await;
        server.cli(&["catalog", "import", SAMPLE], "").unwrap();
        let (_, root) = admin(&server, "root@host.example");
        let session = token(&server, "root@host.example", ROOT_PASSWORD).await;
        let client = server.client("public register", &[], &[]);
        let register = server.token(&client, "register").await;
        let customer = new_customer(&server, &root).await;
        Self { server, root, session, register, customer }
    }

    fn request(&self, method: Method, path: &str, who: &str) -> RequestBuilder {
        let request = self.server.request(method, path);
        match who {
            "administrator" => request.basic_auth(&self.root.0, Some(&self.root.1)),
            "session" => request.header(TOKEN, &self.session),
            _ => request.bearer_auth(&self.register),
        }
    }
}

/// A door at which one and the same person can come.
struct Entrance {
    path: &'static str,
    who: &'static str,
    /// The person as the door wants it, by e-mail address and customer.
    body: fn(&str, i64) -> Value,
    made: u16,
    /// The status, and what the body has to say, for those who come second.
    taken: (u16, &'static str),
}

/// Every door of an administrator's program. A further one is an entry; without it the
/// test fails.
const ENTRANCES: &[Entrance] = &[
    Entrance {
        path: "/api/admin/users",
        who: "administrator",
        body: |email, _| json!({ "user": { "fname": "Ada", "lname": "L", "email": email } }),
        made: 201,
        // As this API's own server answers, and its clients expect.
        taken: (422, "\"taken\""),
    },
    Entrance {
        path: "/api/pass/createNewUser",
        who: "session",
        body: |email, _| sample_with(&json!({ "email": email })),
        made: 200,
        taken: (409, "EMAIL_TAKEN"),
    },
    Entrance {
        path: "/api/2.0/users",
        who: "administrator",
        body: |email, customer| json!({ "name": "Ada L", "email": email, "username": email, "customer_id": customer }),
        made: 201,
        taken: (409, "already exists"),
    },
];

async fn ask(callers: &Callers, entrance: &Entrance, email: &str) -> Answer {
    let body = (entrance.body)(email, callers.customer);
    send(callers.request(Method::POST, entrance.path, entrance.who).json(&body)).await
}

/// Rounds of fifty requests at once.
fn rounds(kind: Kind) -> usize {
    // PostgreSQL runs them at the same time, SQLite one after the other, in an order of
    // chance: it takes more of them to see each order.
    match kind {
        Kind::Sqlite => 20,
        Kind::Postgres | Kind::Replicas => 6,
    }
}

/// How many users have the address of a round.
const ROUNDS: &str = "SELECT COUNT(*) FROM users WHERE email_key LIKE 'round%'";

async fn one_person_at_many_doors_is_one_user(kind: Kind) {
    for door in DIALECTS {
        let listed = ENTRANCES.iter().any(|entrance| door.create.contains(&entrance.path));
        assert!(listed, "{} has no entry in ENTRANCES", door.name);
    }
    let callers = Arc::new(Callers::ready(kind).await);
    // One after the other, each door first once.
    for first in ENTRANCES {
        let email = format!("first{}@mail.example", first.path.len());
        let made = ask(&callers, first, &email).await;
        assert_eq!(made.status.as_u16(), first.made, "{}: {}", first.path, made.text);
        for second in ENTRANCES {
            let refused = ask(&callers, second, &email.to_uppercase()).await;
            let (status, says) = second.taken;
            assert_eq!(refused.status.as_u16(), status, "{}: {}", second.path, refused.text);
            assert!(refused.text.contains(says), "{}: {}", second.path, refused.text);
        }
    }
    // All at once.
    for round in 0..rounds(kind) {
        let email = format!("round{round}@mail.example");
        let attempts: Vec<_> = (0..50)
            .map(|number| {
                let (callers, email) = (Arc::clone(&callers), email.clone());
                tokio::spawn(async move {
                    let entrance = &ENTRANCES[number % ENTRANCES.len()];
                    (entrance, ask(&callers, entrance, &email).await)
                })
            })
            .collect();
        let mut made = 0;
        for attempt in attempts {
            let (entrance, answer) = attempt.await.unwrap();
            let status = answer.status.as_u16();
            if status == entrance.made {
                made += 1;
            } else if status != 503 {
                assert_eq!(status, entrance.taken.0, "{}: {}", entrance.path, answer.text);
                assert!(answer.text.contains(entrance.taken.1), "{}", answer.text);
            }
        }
        assert_eq!(made, 1, "round {round}");
        assert_eq!(callers.server.database.count(ROUNDS).await, i64::try_from(round).unwrap() + 1);
    }
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'user.created'";
    let expected = i64::try_from(rounds(kind) + ENTRANCES.len()).unwrap();
    assert_eq!(callers.server.database.count(told).await, expected);
}

/// A panel's user is the provider's: an address that somebody has makes no second user
/// of that person, and tells nobody whose it is. The identity is what is taken.
async fn a_panel_and_an_administrator_do_not_make_one_address_twice(kind: Kind) {
    let callers = Arc::new(Callers::ready(kind).await);
    for round in 0..rounds(kind) {
        let email = format!("round{round}@mail.example");
        let native = json!({ "user": {
            "fname": "Ada", "lname": "L", "email": email,
            "provider_server": "srv.example", "provider_username": format!("ada{round}"),
        } });
        let attempts: Vec<_> = (0..50)
            .map(|number| {
                let (callers, email) = (Arc::clone(&callers), email.clone());
                let native = native.clone();
                tokio::spawn(async move {
                    if let Some(entrance) = ENTRANCES.get(number % (ENTRANCES.len() + 1)) {
                        (Some(entrance), ask(&callers, entrance, &email).await)
                    } else {
                        let request = callers.request(Method::POST, "/api/users", "client");
                        (None, send(request.json(&native)).await)
                    }
                })
            })
            .collect();
        let (mut by_panel, mut by_administrator) = (0, 0);
        for attempt in attempts {
            let (entrance, answer) = attempt.await.unwrap();
            let status = answer.status.as_u16();
            match entrance {
                None if status == 201 => by_panel += 1,
                None => assert!(matches!(status, 409 | 503), "{}", answer.text),
                Some(entrance) if status == entrance.made => by_administrator += 1,
                Some(entrance) => {
                    assert!(status == entrance.taken.0 || status == 503, "{}", answer.text);
                }
            }
        }
        assert_eq!(by_panel, 1, "round {round}");
        assert!(by_administrator <= 1, "round {round}");
        assert_eq!(callers.server.database.count(ROUNDS).await, i64::try_from(round).unwrap() + 1);
    }
}

/// What was issued at one door opens the account that the other door made.
async fn a_user_of_any_door_gets_credentials_at_one(kind: Kind) {
    let callers = Callers::ready(kind).await;
    for entrance in ENTRANCES {
        let email = format!("door{}@mail.example", entrance.path.len());
        let made = ask(&callers, entrance, &email).await;
        assert_eq!(made.status.as_u16(), entrance.made, "{}", made.text);
        let users = callers.request(Method::GET, "/api/admin/users", "administrator");
        let users = send(users).await.json();
        let user = users["users"].as_array().unwrap().iter().find(|it| it["email"] == email);
        let path = format!("/api/users/{}/api_credentials", user.unwrap()["id"]);
        let named = json!({ "api_credential": { "name": "first" } });
        let issued = callers.request(Method::POST, &path, "administrator").json(&named);
        let (username, password) = login(&send(issued).await.json()["api_credential"]);
        let own = callers.server.request(Method::GET, "/api/users");
        let own = send(own.basic_auth(username, Some(password))).await;
        assert_eq!(own.json()["user"]["email"], email, "{}", entrance.path);
    }
}

on_both!(
    one_person_at_many_doors_is_one_user,
    a_panel_and_an_administrator_do_not_make_one_address_twice,
    a_user_of_any_door_gets_credentials_at_one,
);
