//! A receiver of webhooks on a port of its own, which answers as a test tells it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// Its body.
    pub body: String,
}

/// What is answered: after a while, a status, headers and a body.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The while.
    pub after: Duration,
    /// The status.
    pub status: u16,
    /// More header lines, each with its line break.
    pub headers: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// At once.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { after: Duration::ZERO, status, headers: String::new(), body: body.into() }
    }
}

type Answering = dyn Fn(&Call) -> Reply + Send + Sync;

/// The receiver; gone when dropped.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Starts one.
    pub async fn start(answer: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = listener.await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let (answer, kept): (Arc<Answering>, _) = (Arc::new(answer), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                tokio::spawn(async move { serve(stream, &*answer, &kept).await });
            }
        });
        Self { url, calls, task }
    }

    /// What came so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no test panics in it").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request, one answer. A caller that is killed breaks off, which is no matter.
async fn serve(mut stream: TcpStream, answer: &Answering, kept: &Mutex<Vec<Call>>) -> Option<()> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes.drain(..end + 4);
        let headers = headers(&head);
        let length = headers.get("content-length").and_then(|it| it.parse::<usize>().ok());
        break (headers, length.unwrap_or(0));
    };
    while bytes.len() < length {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
    let call = Call { headers: head, body: String::from_utf8_lossy(&bytes).into_owned() };
    kept.lock().expect("no test panics in it").push(call.clone());
    let Reply { after, status, headers, body } = answer(&call);
    tokio::time::sleep(after).await;
    let text = format!(
        "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

fn headers(head: &str) -> HashMap<String, String> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect()
}
