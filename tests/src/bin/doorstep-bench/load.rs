//! Requests over connections that stay open, each with one request under way.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use crate::figures::Round;

/// The request of a number that comes once; `None` when there are no more.
pub(crate) type Requests = Arc<dyn Fn(u64) -> Option<Request<Full<Bytes>>> + Send + Sync>;

/// How requests are sent.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) to: SocketAddr,
    pub(crate) requests: Requests,
    pub(crate) connections: usize,
    /// Sent before, and not counted.
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// Requests a second in all, whose time counts from when they were to be sent, so
    /// that a stall is not hidden. Without it the next one goes out when one is answered.
    pub(crate) rate: Option<f64>,
}

struct Shared {
    load: Load,
    next: AtomicU64,
    counting: AtomicBool,
    over: AtomicBool,
    began: Instant,
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    micros: Vec<u32>,
    others: BTreeMap<String, u64>,
    acknowledged: Vec<u64>,
    failed: u64,
}

impl Load {
    /// Sends them, and tells what came of it.
    pub(crate) async fn run(self) -> Round {
        let (connections, warm_up, measured) = (self.connections, self.warm_up, self.measured);
        let shared = Arc::new(Shared {
            load: self,
            next: AtomicU64::new(0),
            counting: AtomicBool::new(false),
            over: AtomicBool::new(false),
            began: Instant::now(),
        });
        let mut workers = JoinSet::new();
        for _ in 0..connections {
            workers.spawn(work(Arc::clone(&shared)));
        }
        tokio::time::sleep(warm_up).await;
        shared.counting.store(true, Ordering::Relaxed);
        let from = Instant::now();
        let mut seen = Vec::new();
        let enough = tokio::time::sleep(measured);
        tokio::pin!(enough);
        // It ends early when there are no more requests.
        let took = loop {
            tokio::select! {
                () = &mut enough => break from.elapsed(),
                ended = workers.join_next() => match ended {
                    Some(one) => seen.push(one.expect("no request panics")),
                    None => break from.elapsed(),
                },
            }
        };
        shared.counting.store(false, Ordering::Relaxed);
        shared.over.store(true, Ordering::Relaxed);
        while let Some(one) = workers.join_next().await {
            seen.push(one.expect("no request panics"));
        }
        let mut round = Round::new(took);
        for Seen { micros, others, acknowledged, failed } in seen {
            round.add(micros, others);
            round.acknowledged.extend(acknowledged);
            round.failed += failed;
        }
        round.finish()
    }
}

/// Sends so many requests, and gives the bodies of the answers.
pub(crate) async fn collect(
    to: SocketAddr,
    requests: Requests,
    connections: usize,
    count: u64,
) -> Vec<Bytes> {
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (next, requests) = (Arc::clone(&next), Arc::clone(&requests));
        workers.spawn(async move {
            let mut connection = connect(to).await.expect("the server takes connections");
            let mut bodies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let request = (number < count).then(|| requests(number)).flatten();
                let Some(request) = request else { return bodies };
                let (status, body) =
                    exchange(&mut connection, request).await.expect("the server answers");
                assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
                bodies.push(body);
            }
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

async fn work(shared: Arc<Shared>) -> Seen {
    let mut seen = Seen::default();
    let mut kept = None;
    while !shared.over.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = (shared.load.requests)(number) else { break };
        let planned = shared.load.rate.map(|rate| {
            #[expect(clippy::cast_precision_loss, reason = "there are millions at the most")]
            let after = number as f64 / rate;
            shared.began + Duration::from_secs_f64(after)
        });
        if let Some(planned) = planned {
            tokio::time::sleep_until(planned.into()).await;
            if shared.over.load(Ordering::Relaxed) {
                break;
            }
        }
        let began = planned.unwrap_or_else(Instant::now);
        let outcome = match kept.take() {
            Some(connection) => Ok(connection),
            None => connect(shared.load.to).await,
        };
        let outcome = match outcome {
            Ok(mut connection) => {
                let answer = exchange(&mut connection, request).await;
                if answer.is_ok() && !connection.is_closed() {
                    kept = Some(connection);
                }
                answer
            }
            Err(error) => Err(error),
        };
        match &outcome {
            Ok((status, _)) if status.is_success() => seen.acknowledged.push(number),
            _ => seen.failed += 1,
        }
        // What ended in the measured time counts: of a slow server it may have begun before.
        if !shared.counting.load(Ordering::Relaxed) {
            continue;
        }
        match outcome {
            Ok((status, _)) if status.is_success() => {
                let micros = began.elapsed().as_micros();
                seen.micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
            }
            Ok((status, _)) => *seen.others.entry(status.as_u16().to_string()).or_default() += 1,
            Err(error) => *seen.others.entry(error).or_default() += 1,
        }
    }
    seen
}

async fn connect(to: SocketAddr) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(to).await.map_err(|error| error.kind().to_string())?;
    stream.set_nodelay(true).map_err(|error| error.kind().to_string())?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), String> {
    let told = |error: hyper::Error| error.to_string();
    connection.ready().await.map_err(told)?;
    let answer = connection.send_request(request).await.map_err(told)?;
    let status = answer.status();
    if status == StatusCode::SERVICE_UNAVAILABLE && !answer.headers().contains_key("retry-after") {
        return Err("503 without Retry-After".to_owned());
    }
    let body = answer.into_body().collect().await.map_err(told)?;
    Ok((status, body.to_bytes()))
}
