//! OAuth clients that we did not write go their whole way: `oauth2` (Rust), Authlib
//! (Python) and openid-client (JavaScript).

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_tests::{Kind, Server, Signer, on_both, person};
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, IntrospectionUrl,
    RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType, BasicTokenType},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

use crate::client_authentication;

/// The crate's own HTTP feature is tied to an older reqwest; this is its seam. It
/// revokes over TLS only, so the URLs say `https` here, and this is the proxy.
async fn transport(mut request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let plain = request.uri().to_string().replacen("https://", "http://", 1);
    *request.uri_mut() = plain.parse().expect("a URL without its `s` is one");
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let response = client.execute(request.try_into()?).await?;
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    *answer.body_mut() = response.bytes().await?.to_vec();
    Ok(answer)
}

async fn oauth2_of_rust_goes_its_whole_way(kind: Kind) {
    let server = Server::start(kind).await;
    let made = server.client("public register", &[], &[]);
    let url = |name: &str| format!("{}/api/oauth/{name}", server.url.replacen("http", "https", 1));
    for (auth, username) in [(AuthType::BasicAuth, "basic"), (AuthType::RequestBody, "body")] {
        let client = BasicClient::new(ClientId::new(made.id.clone()))
            .set_client_secret(ClientSecret::new(made.secret.clone()))
            .set_auth_type(auth)
            .set_token_uri(TokenUrl::new(url("token")).unwrap())
            .set_introspection_url(IntrospectionUrl::new(url("introspect")).unwrap())
            .set_revocation_url(RevocationUrl::new(url("revoke")).unwrap());
        let issued = client
            .exchange_client_credentials()
            .add_scope(Scope::new("register".to_owned()))
            .request_async(&transport)
            .await
            .unwrap();
        assert_eq!(*issued.token_type(), BasicTokenType::Bearer);
        assert_eq!(issued.expires_in(), Some(std::time::Duration::from_mins(10)));
        assert_eq!(issued.scopes().unwrap(), &[Scope::new("register".to_owned())]);
        assert!(issued.refresh_token().is_none());
        let token = issued.access_token();
        let answer = server.sign_up(token.secret(), &person("srv", username)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);

        let introspect = || async { client.introspect(token).request_async(&transport).await };
        let known = introspect().await.unwrap();
        assert!(known.active());
        assert_eq!(known.client_id().map(|id| id.as_str()), Some(made.id.as_str()));
        assert_eq!(known.scopes().unwrap(), &[Scope::new("register".to_owned())]);

        let revocable = StandardRevocableToken::AccessToken(token.clone());
        client.revoke_token(revocable).unwrap().request_async(&transport).await.unwrap();
        assert!(!introspect().await.unwrap().active());
        let answer = server.sign_up(token.secret(), &person("srv", "again")).await;
        assert_eq!(answer.refusal(), (401, "invalid_token".to_owned()));

        let wrong =
            client.clone().set_client_secret(ClientSecret::new("not-the-secret".to_owned()));
        let error =
            wrong.exchange_client_credentials().request_async(&transport).await.unwrap_err();
        let RequestTokenError::ServerResponse(response) = error else { panic!("{error:?}") };
        assert_eq!(*response.error(), BasicErrorResponseType::InvalidClient);
    }
}

async fn authlib_of_python_goes_its_whole_way(kind: Kind) {
    goes_its_whole_way(kind, &python(), "authlib_client.py", 2).await;
}

async fn openid_client_of_javascript_goes_its_whole_way(kind: Kind) {
    assert!(
        folder().join("node_modules/openid-client").is_dir(),
        "openid-client is not installed: `cargo xtask setup` does it"
    );
    goes_its_whole_way(kind, Path::new("node"), "openid_client.mjs", 4).await;
}

/// Runs a program against a new server, with a client that has a secret and one that
/// has a key. It must have signed somebody up with each token that it got.
async fn goes_its_whole_way(kind: Kind, interpreter: &Path, script: &str, ways: i64) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let signer = Signer::Es256(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap());
    let keyed = client_authentication::client(&server, &signer.public(), &["--no-secret"]).unwrap();
    let job = json!({
        "issuer": server.url,
        "client": { "id": client.id, "secret": client.secret },
        "keyed": { "id": keyed["client_id"], "pkcs8": STANDARD.encode(key.as_ref()) },
    });
    let said = run(interpreter, script, &job);
    assert_eq!(said["tokens"].as_array().map(Vec::len), usize::try_from(ways).ok());
    let count = async |sql| server.database.count(sql).await;
    assert_eq!(count("SELECT COUNT(*) FROM identities").await, ways);
    assert_eq!(count("SELECT COUNT(*) FROM tokens").await, ways);
    assert_eq!(count("SELECT COUNT(*) FROM tokens WHERE revoked_at IS NULL").await, 0);
}

/// The interpreter with the packages of `tests/clients/requirements.txt`.
pub(crate) fn python() -> PathBuf {
    root().join("target/xtask/oauth-clients/bin/python")
}

/// Runs a script of `tests/clients` on a job; what it answers.
pub(crate) fn run(interpreter: &Path, script: &str, job: &Value) -> Value {
    let mut child = Command::new(interpreter)
        .arg(script)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{} does not start ({error}): `cargo xtask setup` installs it",
                interpreter.display()
            )
        });
    child.stdin.take().unwrap().write_all(job.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}:\n{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn folder() -> PathBuf {
    root().join("tests/clients")
}

on_both!(
    oauth2_of_rust_goes_its_whole_way,
    authlib_of_python_goes_its_whole_way,
    openid_client_of_javascript_goes_its_whole_way,
);
