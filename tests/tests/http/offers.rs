//! What can be ordered, before and after a sign-up.

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{admin, call, login},
    catalog::{SAMPLE, import},
};

async fn get(server: &Server, token: &str, path: &str) -> Answer {
    send(server.request(Method::GET, path).bearer_auth(token)).await
}

async fn what_there_is_can_be_read_before_a_sign_up(kind: Kind) {
    let server = Server::start(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    let client = server.client("public register", &["srv.example"], &["https://one.example"]);
    let public = server.token(&client, "public").await;
    // The seed's product, to the letter, and the currency beside it.
    let golden = json!({ "products": [{
        "id": 1,
        "name": "small",
        "price": "0.0",
        "term": "hour",
        "cpu": "1.0",
        "memory": 256,
        "storage": 5,
        "bandwidth": 100,
        "backup": 0,
        "local_disk": 5,
        "memory_swap": null,
        "memory_swappiness": null,
        "region": 1,
        "currency": "INR",
    }] });
    for path in ["/api/products", "/products"] {
        let answer = get(&server, &public, path).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, golden.clone()), "{path}");
    }
    let locations = get(&server, &public, "/api/locations").await.json();
    let regions = json!([{ "id": 1, "name": "demo-1" }]);
    let golden = json!({ "locations": [{ "id": 1, "name": "demo", "regions": regions }] });
    assert_eq!(locations, golden);

    let all = get(&server, &public, "/api/container_images").await.json();
    let one = get(&server, &public, "/api/container_images/1").await.json();
    assert_eq!(all["container_images"], json!([one["container_image"]]));
    let image = &one["container_image"];
    let settings = json!([
        { "id": 1, "container_image_id": 1, "name": "wp_title", "label": "Title of the site",
          "param_type": "static", "value": "My site", "required": false },
        { "id": 2, "container_image_id": 1, "name": "wp_password",
          "label": "Password of the administrator", "param_type": "password", "value": null,
          "required": true },
    ]);
    assert_eq!(image["setting_params"], settings);
    assert_eq!(image["container_image_setting_params"], settings);
    let defaults: Vec<_> =
        image["image_variants"].as_array().unwrap().iter().map(|it| &it["is_default"]).collect();
    assert_eq!(defaults, [true, false]);
    for id in ["2", "0", "-1", "x", "1.0", "99999999999999999999"] {
        let answer = get(&server, &public, &format!("/api/container_images/{id}")).await;
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()), "{id}");
    }

    // A page has only a sign-up token before, and the person's own credential after.
    let token = server.sign_up_token(&client, "ada").await;
    let from_page = |path: &str| {
        let request = server.request(Method::GET, path).bearer_auth(&token);
        send(request.header("origin", "https://one.example"))
    };
    let answer = from_page("/api/products").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("access-control-allow-origin"), "https://one.example");
    server.database.execute("UPDATE tokens SET expires_at = 1").await;
    assert_eq!(from_page("/api/products").await.status, 401);
}

async fn nothing_is_offered_without_a_catalogue(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public", &[], &[]);
    let public = server.token(&client, "public").await;
    for (path, name) in [
        ("/api/products", "products"),
        ("/api/locations", "locations"),
        ("/api/container_images", "container_images"),
    ] {
        let mut golden = json!({});
        golden[name] = json!([]);
        assert_eq!(get(&server, &public, path).await.json(), golden);
    }
}

const GROUPS: &str = r#"
[[location]]
id = 1
name = "here"
[[location.region]]
id = 1
name = "r1"
[[location]]
id = 2
name = "there"
[[location.region]]
id = 2
name = "r2"
[[product]]
id = 1
name = "one"
price = "10"
region = 1
[[product]]
id = 2
name = "two"
region = 2
[[product]]
id = 3
name = "three"
region = 1
[[image]]
id = 1
name = "a"
[[image.variant]]
id = 1
label = "1"
registry_image_tag = "a:1"
[[image.setting]]
id = 1
name = "secret"
param_type = "password"
value = "operators-default"
[[image]]
id = 2
name = "b"
[[image.variant]]
id = 2
label = "1"
registry_image_tag = "b:1"
[[group]]
id = 1
name = "default"
default = true
products = [1, 2]
regions = [1]
images = [1]
[[group]]
id = 2
name = "large"
"#;

async fn a_user_sees_what_its_group_may_have(kind: Kind) {
    let server = Server::start(kind).await;
    import(&server, GROUPS).unwrap();
    let (_, root) = admin(&server, "root@host.example");
    let user = async |email: &str, group: Value| {
        let body = json!({ "user": {
            "fname": "A", "lname": "B", "email": email, "user_group_id": group,
        } });
        let made = call(&server, &root, Method::POST, "/api/admin/users", body).await;
        let path = format!("/api/users/{}/api_credentials", made.json()["user"]["id"]);
        let issued = call(&server, &root, Method::POST, &path, json!({})).await;
        login(&issued.json()["api_credential"])
    };
    let in_default = user("a@mail.example", Value::Null).await;
    let in_large = user("b@mail.example", 2.into()).await;
    let in_unknown = user("c@mail.example", 9.into()).await;
    let ids = async |who: &(String, String), path: &str, list: &str| -> Vec<i64> {
        let answer = call(&server, who, Method::GET, path, Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(!answer.text.contains("operators-default"), "a secret default is shown");
        let items = answer.json()[list].as_array().unwrap().clone();
        items.iter().map(|it| it["id"].as_i64().unwrap()).collect()
    };
    for (who, products, locations, images) in [
        (&in_default, vec![1], vec![1], vec![1]),
        (&in_large, vec![1, 2, 3], vec![1, 2], vec![1, 2]),
        // The operator has named a group that is not there: nothing is opened by mistake.
        (&in_unknown, vec![], vec![], vec![]),
    ] {
        assert_eq!(ids(who, "/api/products", "products").await, products);
        assert_eq!(ids(who, "/api/locations", "locations").await, locations);
        assert_eq!(ids(who, "/api/container_images", "container_images").await, images);
    }
    let other = call(&server, &in_default, Method::GET, "/api/container_images/2", Value::Null);
    assert_eq!(other.await.status, 404);
}

async fn a_catalogue_that_does_not_hold_together_is_refused(kind: Kind) {
    let server = Server::start(kind).await;
    let said = import(
        &server,
        r#"
[[location]]
id = 1
name = "here"
[[product]]
id = 1
name = "one"
price = 1.5
term = "week"
region = 7
[[product]]
id = 1
name = "two"
cpu = "1,5"
[[image]]
id = 1
name = "a"
requires = [1, 2]
icon_url = "javascript:alert(1)"
[[image.setting]]
id = 1
name = "a b"
param_type = "secret"
[[group]]
id = 1
name = "g"
products = [5]
"#,
    )
    .unwrap_err()
    .replace("\\\"", "\"");
    for part in [
        "location 1 \"here\" has no region",
        "product 1 \"one\".price must be a decimal number in quotes",
        "product 1 \"one\".term must be one of",
        "product \"one\" names the region 7",
        "product 2 \"two\".id is another one's as well",
        "product 2 \"two\".cpu must be a decimal",
        "product 2 \"two\".region is missing",
        "image 1 \"a\".requires names 1",
        "image 1 \"a\".requires names 2",
        "image 1 \"a\".icon_url is not an https URL",
        "image 1 \"a\" has no variant",
        "setting 1 \"a b\".name must have letters",
        "setting 1 \"a b\".param_type must be one of",
        "group \"g\" names the product 5",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
}

on_both!(
    what_there_is_can_be_read_before_a_sign_up,
    nothing_is_offered_without_a_catalogue,
    a_user_sees_what_its_group_may_have,
    a_catalogue_that_does_not_hold_together_is_refused,
);
