//! How long a refusal takes tells nobody who exists: measured as an attacker would, in
//! turn, by the hundred. Only what is compared counts, so a slow machine changes nothing.

use std::time::Instant;

use doorstep_tests::{Kind, OAuthClient, Server, on_both};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

/// Of each kind of request.
const SAMPLES: usize = 2_000;
/// What can be told apart in a network: a difference of this part, and of so many
/// microseconds, that is not chance.
const PART: f64 = 0.05;
const MICROS: f64 = 50.0;
/// Welch's t, as it is used for side channels: chance gets there once in 100,000 times.
const T: f64 = 4.5;

/// Sends each kind of request in turn, and gives the microseconds of each.
async fn sample<const KINDS: usize>(
    samples: usize,
    expected: StatusCode,
    request: impl Fn(usize, usize) -> RequestBuilder,
) -> [Vec<f64>; KINDS] {
    let mut micros = [(); KINDS].map(|()| Vec::with_capacity(samples));
    for at in 0..samples {
        // Not always the same one first: what one leaves behind the next one meets.
        for turn in 0..KINDS {
            let kind = (at + turn) % KINDS;
            let request = request(kind, at);
            let began = Instant::now();
            let answer = request.send().await.unwrap();
            let status = answer.status();
            answer.bytes().await.unwrap();
            micros[kind].push(began.elapsed().as_secs_f64() * 1e6);
            assert_eq!(status, expected);
        }
    }
    micros
}

fn median(samples: &[f64]) -> f64 {
    samples[samples.len() / 2]
}

fn mean_and_variance(samples: &[f64]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "there are thousands")]
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let variance = samples.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

/// How the two can be told apart, if they can.
fn difference(one: &[f64], other: &[f64]) -> Result<String, String> {
    let sorted = |samples: &[f64]| {
        let mut samples = samples.to_vec();
        samples.sort_by(f64::total_cmp);
        // The slowest tenth is whatever else the machine did.
        samples.truncate(samples.len() * 9 / 10);
        samples
    };
    let (one, other) = (sorted(one), sorted(other));
    let (fast, slow) = (median(&one).min(median(&other)), median(&one).max(median(&other)));
    let ((mean, error), (other_mean, other_error)) =
        (mean_and_variance(&one), mean_and_variance(&other));
    let t = (mean - other_mean).abs() / (error + other_error).sqrt();
    let apart = slow - fast;
    let told = format!("medians {fast:.0} and {slow:.0} µs, t = {t:.1}");
    if apart > PART * fast && apart > MICROS && t > T { Err(told) } else { Ok(told) }
}

#[expect(clippy::print_stderr, reason = "what was measured, for whoever looks")]
fn assert_alike<const KINDS: usize>(what: [&str; KINDS], micros: &[Vec<f64>; KINDS]) {
    for kind in 1..KINDS {
        let pair = format!("{:?} and {:?}", what[0], what[kind]);
        match difference(&micros[0], &micros[kind]) {
            Ok(told) => eprintln!("{pair}: {told}"),
            Err(told) => panic!("{pair} can be told apart: {told}"),
        }
    }
}

#[test]
fn what_can_be_told_apart_is() {
    // Around 1,000 µs, evenly within 100.
    let samples = |shift: f64| (0..2_000).map(move |at| f64::from(at % 100) + 1_000.0 + shift);
    let base: Vec<_> = samples(0.0).collect();
    for (shift, apart) in [(0.0, false), (40.0, false), (60.0, true), (-60.0, true)] {
        let other: Vec<_> = samples(shift).collect();
        assert_eq!(difference(&base, &other).is_err(), apart, "{shift}");
    }
}

/// At `trace` a request is mostly its log.
const QUIET: (&str, &str) = ("DOORSTEP_LOG__FILTER", "info");

/// T-125.
async fn a_refused_client_or_user_learns_nothing_from_the_time(kind: Kind) {
    let server = Server::start_with(kind, &[QUIET]).await;
    let client = server.client("register", &[], &[]);
    let disabled = server.client("register", &[], &[]);
    // By another one: whoever succeeded from an address is held to less there, and it
    // shows in the time. Nobody else has that address.
    let token = server.token(&server.client("register", &[], &[]), "register").await;
    let user = server.new_user(&token, "srv", "ada").await;
    server.cli(&["client", "disable", &disabled.id], "").unwrap();
    let unknown = OAuthClient { id: "cli_0000000000000000".to_owned(), ..client.clone() };
    let wrong = OAuthClient { secret: disabled.secret.clone(), ..client.clone() };
    let clients = [&unknown, &wrong, &disabled];
    let micros = sample::<3>(SAMPLES, StatusCode::UNAUTHORIZED, |kind, _| {
        server
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&clients[kind].id, Some(&clients[kind].secret))
            .form(&[("grant_type", "client_credentials")])
    })
    .await;
    assert_alike(["an unknown client", "a wrong secret", "a disabled client"], &micros);

    let turned = user.0.chars().rev().collect::<String>();
    let users = [(turned.as_str(), user.1.as_str()), (user.0.as_str(), client.secret.as_str())];
    let micros = sample::<2>(SAMPLES, StatusCode::UNAUTHORIZED, |kind, _| {
        let (name, password) = users[kind];
        server.request(Method::GET, "/api/users").basic_auth(name, Some(password))
    })
    .await;
    assert_alike(["an unknown user", "a wrong password"], &micros);
}

/// T-126.
async fn a_page_learns_nothing_of_an_address_from_the_time(kind: Kind) {
    let samples = SAMPLES / 5;
    let server = Server::start_with(kind, &[QUIET]).await;
    let client = server.client("register", &["srv.example"], &[]);
    let mut tokens = [Vec::new(), Vec::new()];
    for (kind, tokens) in tokens.iter_mut().enumerate() {
        for at in 0..samples {
            tokens.push(server.sign_up_token(&client, &format!("u{kind}-{at}")).await);
        }
    }
    let first = server.sign_up_token(&client, "first").await;
    let sign_up = |token: &str, email: &str| {
        server
            .request(Method::POST, "/api/users")
            .bearer_auth(token)
            .header("idempotency-key", format!("key-{}", &token[token.len() - 20..]))
            .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace", "email": email } }))
    };
    let made = doorstep_tests::send(sign_up(&first, "taken@mail.example")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let micros = sample::<2>(samples, StatusCode::CREATED, |kind, at| {
        let fresh = format!("fresh{at}@mail.example");
        sign_up(&tokens[kind][at], if kind == 0 { "taken@mail.example" } else { &fresh })
    })
    .await;
    assert_alike(["a taken address", "a fresh one"], &micros);
}

on_both!(
    a_refused_client_or_user_learns_nothing_from_the_time,
    a_page_learns_nothing_of_an_address_from_the_time,
);
