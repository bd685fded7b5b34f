//! The events of an order: all of them, in order, to whoever comes late or comes again.

use std::time::Duration;

use doorstep_tests::{Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{Login, call},
    orders::{customer, ended, id_of, look, order, place, shop},
};

/// An event as it came.
#[derive(Debug, Clone)]
struct Event {
    id: i64,
    data: Value,
}

/// Opens a stream.
async fn open(server: &Server, who: &Login, id: &str, after: Option<&str>) -> reqwest::Response {
    let path = format!("/api/orders/{id}/events");
    let request = server.request(Method::GET, &path).basic_auth(&who.0, Some(&who.1));
    let mut request = request.header("accept", "text/event-stream");
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    request.send().await.unwrap()
}

/// Reads a stream to its end.
async fn read(mut stream: reqwest::Response) -> Vec<Event> {
    assert_eq!(stream.status(), 200);
    let mut text = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    events(&text)
}

fn events(text: &str) -> Vec<Event> {
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event: order\n"));
    let events = blocks.map(|block| {
        let line = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        let id = line("id:").parse().unwrap();
        let data: Value = serde_json::from_str(&line("data:")).unwrap();
        assert_eq!(data["revision"], id);
        Event { id, data }
    });
    events.collect()
}

fn states(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.data["status"].as_str().unwrap().to_owned()).collect()
}

async fn a_stream_tells_everything_and_ends_with_the_order(kind: Kind) {
    // The worker is another process, as behind a load balancer.
    let (server, _folder) = shop(kind, &[("DOORSTEP_JOBS__IN_SERVE", "false")]).await;
    let ada = customer(&server, "ada").await;
    let id = id_of(&place(&server, &ada, &order("watched")).await);
    let mut streams = Vec::new();
    for _ in 0..5 {
        let stream = open(&server, &ada, &id, None).await;
        let header = |name: &str| stream.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        streams.push(tokio::spawn(read(stream)));
    }
    let worker = server.worker(&[]);
    for stream in streams {
        let seen = tokio::time::timeout(Duration::from_mins(1), stream).await.unwrap().unwrap();
        assert_eq!(states(&seen), ["open", "pending", "processing", "completed"]);
        assert_eq!(seen.iter().map(|event| event.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(seen[3].data["project"]["name"], "watched");
        assert!(seen[2].data.get("project").is_none());
    }
    drop(worker);
    // Who comes late gets what was missed, and who has it all gets nothing.
    for (after, expected) in [
        (None, vec!["open", "pending", "processing", "completed"]),
        (Some("0"), vec!["open", "pending", "processing", "completed"]),
        (Some("2"), vec!["processing", "completed"]),
        (Some("4"), vec![]),
        (Some("99"), vec![]),
    ] {
        let seen = read(open(&server, &ada, &id, after).await).await;
        assert_eq!(states(&seen), expected, "{after:?}");
    }
    for after in ["x", "-1", "1e3", "99999999999999999999"] {
        assert_eq!(open(&server, &ada, &id, Some(after)).await.status(), 400, "{after}");
    }
}

async fn a_failed_order_tells_why_and_goes_on_after_a_retry(kind: Kind) {
    let (server, folder) = shop(kind, &[]).await;
    let ada = customer(&server, "ada").await;
    let place_of = folder.path().to_owned();
    let aside = place_of.with_extension("aside");
    std::fs::rename(&place_of, &aside).unwrap();
    let id = id_of(&place(&server, &ada, &order("unlucky")).await);
    let seen = read(open(&server, &ada, &id, None).await).await;
    assert_eq!(states(&seen), ["open", "pending", "processing", "failed"]);
    assert_eq!(seen[3].data["failure"]["code"], "storage_failed");
    std::fs::rename(&aside, &place_of).unwrap();
    let path = format!("/api/orders/{id}/retry");
    call(&server, &ada, Method::POST, &path, json!({})).await;
    let last = seen[3].id.to_string();
    let seen = read(open(&server, &ada, &id, Some(&last)).await).await;
    assert_eq!(states(&seen), ["pending", "processing", "completed"]);
}

/// Opens streams until there is no place.
async fn fill(server: &Server, who: &Login, id: &str) -> Vec<reqwest::Response> {
    let mut streams = Vec::new();
    loop {
        let stream = open(server, who, id, None).await;
        if stream.status() != 200 {
            assert_eq!(stream.status(), 503);
            assert!(stream.headers().contains_key("retry-after"));
            return streams;
        }
        streams.push(stream);
    }
}

async fn streams_are_bounded_and_give_their_places_back(kind: Kind) {
    let settings = [("DOORSTEP_JOBS__IN_SERVE", "false"), ("DOORSTEP_LIMITS__EVENT_STREAMS", "20")];
    let (mut server, _folder) = shop(kind, &settings).await;
    let (ada, bob) = (customer(&server, "ada").await, customer(&server, "bob").await);
    let adas = id_of(&place(&server, &ada, &order("a")).await);
    let bobs = id_of(&place(&server, &bob, &order("b")).await);
    // One user does not take all the places, and all together no more than there are.
    let adas = fill(&server, &ada, &adas).await;
    assert_eq!(adas.len(), 16);
    let kept = fill(&server, &bob, &bobs).await;
    assert_eq!(kept.len(), 4);
    assert_eq!(look(&server, &bob, &bobs).await["status"], "pending");
    // A stop does not wait for those who watch.
    let begun = std::time::Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "streams hold up a stop");
    server.restart();
    assert_eq!(fill(&server, &bob, &bobs).await.len(), 16);
}

async fn what_others_may_not_see_they_do_not_see_as_it_happens(kind: Kind) {
    let (server, _folder) = shop(kind, &[]).await;
    let (ada, bob) = (customer(&server, "ada").await, customer(&server, "bob").await);
    let id = id_of(&place(&server, &ada, &order("mine")).await);
    assert_eq!(open(&server, &bob, &id, None).await.status(), 404);
    let nobody = server.request(Method::GET, &format!("/api/orders/{id}/events"));
    assert_eq!(send(nobody).await.status, 401);
    ended(&server, &ada, &id).await;
    // Asked for as JSON it is what it is, and as a page it is not there.
    let html = server.request(Method::GET, &format!("/api/orders/{id}/events"));
    let html = html.basic_auth(&ada.0, Some(&ada.1)).header("accept", "text/html");
    assert_eq!(send(html).await.status, 406);
    let elsewhere = server.request(Method::GET, "/api/orders").basic_auth(&ada.0, Some(&ada.1));
    assert_eq!(send(elsewhere.header("accept", "text/event-stream")).await.status, 406);
}

on_both!(
    a_stream_tells_everything_and_ends_with_the_order,
    a_failed_order_tells_why_and_goes_on_after_a_retry,
    streams_are_bounded_and_give_their_places_back,
    what_others_may_not_see_they_do_not_see_as_it_happens,
);
