//! Two whole installations behind a router that goes by the host, with the handbook's
//! settings: neither has anything of the other.

use doorstep_tests::{Answer, Kind, OAuthClient, Router, Server, Site, person, send};
use reqwest::Method;
use serde_json::{Value, json};

struct Front(Site);

impl Front {
    async fn token(&self, host: &str, client: &OAuthClient) -> Answer {
        let request = self.0.request(Method::POST, "/api/oauth/token").header("host", host);
        let request = request.basic_auth(&client.id, Some(&client.secret));
        send(request.form(&[("grant_type", "client_credentials"), ("scope", "register")])).await
    }

    async fn sign_up(&self, host: &str, token: &str, body: &Value) -> Answer {
        let request = self.0.request(Method::POST, "/api/users").header("host", host);
        send(request.bearer_auth(token).json(body)).await
    }
}

fn with_address(server: &str, username: &str, address: &str) -> Value {
    let mut body = person(server, username);
    body["user"]["email"] = json!(address);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn each_host_leads_to_its_own_installation() {
    let [a, b] = Router::HOSTS;
    let (url_a, url_b) = (format!("http://{a}"), format!("http://{b}"));
    let behind = ("DOORSTEP_SERVER__TRUSTED_PROXIES", "127.0.0.0/8");
    let first = [("DOORSTEP_PUBLIC_URL", url_a.as_str()), behind];
    let first = Server::start_with(Kind::Postgres, &first).await;
    let second = [("DOORSTEP_PUBLIC_URL", url_b.as_str()), behind];
    let second = Server::start_with(Kind::Postgres, &second).await;
    let address = |server: &Server| server.url.trim_start_matches("http://").to_owned();
    let router = Router::start([&address(&first), &address(&second)]);
    let front = Front(Site::new(&format!("http://{}", router.address)));
    let one = first.client("register", &["one.example"], &[]);
    let two = second.client("register", &["two.example"], &[]);
    // A client is known where it was made, and a token where it was given.
    let granted = front.token(a, &one).await.json();
    let token_a = granted["access_token"].as_str().unwrap();
    let granted = front.token(&b.to_uppercase(), &two).await.json();
    let token_b = granted["access_token"].as_str().unwrap();
    assert_eq!(front.token(b, &one).await.status, 401);
    let ada = with_address("one.example", "ada", "ada@example.com");
    assert_eq!(front.sign_up(b, token_a, &ada).await.status, 401);
    // One username at two provider servers, with one address: two accounts, since neither
    // installation knows of the other's.
    assert_eq!(front.sign_up(&format!("{a}:443"), token_a, &ada).await.status, 201);
    let other = with_address("two.example", "ada", "ada@example.com");
    assert_eq!(front.sign_up(b, token_b, &other).await.status, 201);
    // In one of them each is there once.
    assert_eq!(front.sign_up(a, token_a, &ada).await.status, 409);
    // An address that somebody has is stored for nobody else; at whom it is does not show.
    let again = with_address("one.example", "grace", "ada@example.com");
    assert_eq!(front.sign_up(a, token_a, &again).await.status, 201);
    // The other's provider server is not the client's.
    let foreign = front.sign_up(a, token_a, &person("two.example", "eve")).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text);
    // Nobody is led astray by a host that is neither.
    assert_eq!(front.token("c.signup.example", &one).await.status, 421);
    let users = "SELECT COUNT(*) FROM users";
    let of_one = "SELECT COUNT(*) FROM identities WHERE server = 'one.example'";
    let of_two = "SELECT COUNT(*) FROM identities WHERE server = 'two.example'";
    let of_ada = "SELECT COUNT(*) FROM users WHERE email = 'ada@example.com'";
    for (server, wanted) in [(&first, [2, 2, 0, 1]), (&second, [1, 0, 1, 1])] {
        for (sql, wanted) in [users, of_one, of_two, of_ada].into_iter().zip(wanted) {
            assert_eq!(server.database.count(sql).await, wanted, "{} {sql}", server.url);
        }
    }
}
