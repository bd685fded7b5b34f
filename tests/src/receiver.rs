//! A receiver of webhooks on a port of its own, which answers as a test tells it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
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
    /// The status. Without one the connection is reset.
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

    /// None: the connection is reset.
    pub fn reset() -> Self {
        Self::new(0, "")
    }

    /// Such an answer, after that while.
    #[must_use]
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

type Answering = dyn Fn(&Call) -> Reply + Send + Sync;

/// The receiver; gone when dropped.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    cut: Arc<AtomicUsize>,
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
        let cut = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cut);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                let cut = Arc::clone(&counted);
                tokio::spawn(async move { serve(stream, &*answer, &kept, &cut).await });
            }
        });
        Self { url, calls, cut, task }
    }

    /// How many callers closed before they had their answer, or all of it.
    pub fn cut(&self) -> usize {
        self.cut.load(Ordering::SeqCst)
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
async fn serve(
    mut stream: TcpStream,
    answer: &Answering,
    kept: &Mutex<Vec<Call>>,
    cut: &AtomicUsize,
) -> Option<()> {
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
    tokio::select! {
        () = tokio::time::sleep(after) => {}
        // Who sends one request has no more to say until it is answered.
        read = stream.read_u8() => if read.is_err() {
            cut.fetch_add(1, Ordering::SeqCst);
            return None;
        },
    }
    if status == 0 {
        // Bytes that nobody reads make the kernel reset it.
        let _ = stream.set_zero_linger();
        return None;
    }
    let text = format!(
        "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    if stream.write_all(text.as_bytes()).await.is_err() {
        cut.fetch_add(1, Ordering::SeqCst);
    }
    stream.shutdown().await.ok()
}

fn headers(head: &str) -> HashMap<String, String> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect()
}
