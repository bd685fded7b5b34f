//! Connections: how many, how slow they may be, and how they end.
//!
//! `axum::serve` gives hyper no timer, so its header deadline never fires, and
//! it has no cap on connections; hence this loop over hyper-util. It speaks
//! HTTP/1.1 only: the sniffing of HTTP/2 waits for a first byte without a
//! deadline, and the proxy in front speaks HTTP/2 to browsers.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{Router, extract::ConnectInfo};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::config::Limits;

/// Connections that the kernel keeps for us while all places are taken.
const BACKLOG: u32 = 4_096;
/// More headers than any browser or proxy sends.
const MAX_HEADERS: usize = 100;
/// After a failed `accept` (no file descriptors left, mostly), for some to be
/// given back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes an address. Nobody gets through before [`listen`].
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the old connections' TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Opens the door.
pub(crate) fn listen(socket: TcpSocket) -> std::io::Result<TcpListener> {
    socket.listen(BACKLOG)
}

/// How many connections there may be: as set, or as many as the system lets us
/// have files, less those that we need for ourselves.
pub(crate) fn places(set: usize) -> usize {
    /// The database, the log, the listeners, the runtime.
    const OWN_FILES: u64 = 64;
    let Ok(files) = rlimit::increase_nofile_limit(u64::MAX) else { return set };
    let most = usize::try_from(files.saturating_sub(OWN_FILES)).unwrap_or(usize::MAX).max(1);
    if most < set {
        tracing::warn!(
            connections = set,
            most,
            "the limit of open files allows fewer connections than limits.connections: raise it (ulimit -n)"
        );
    }
    most.min(set)
}

/// What is served, and how patiently. It can be replaced under the connections that
/// are open: each request is answered by what is there when it comes.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<ArcSwap<Served>>);

#[derive(Debug)]
struct Served {
    router: Router,
    limits: Limits,
}

impl Door {
    /// To these routes.
    pub(crate) fn new(router: Router, limits: Limits) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Served { router, limits })))
    }

    /// To others from now on.
    pub(crate) fn replace(&self, router: Router, limits: Limits) {
        self.0.store(Arc::new(Served { router, limits }));
    }

    fn limits(&self) -> Limits {
        self.0.load().limits.clone()
    }
}

/// Serves until `stop`, then lets requests finish for as long as the limit says.
pub(crate) async fn serve(listener: TcpListener, door: Door, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(door.limits().connections));
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        let (place, (stream, peer)) = match accepted {
            (Ok(place), Ok(accepted)) => (place, accepted),
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
            (Err(_), _) => break,
        };
        let limits = door.limits();
        // Small replies must not wait for more to send.
        let _ = stream.set_nodelay(true);
        // A client that does not read its answer would keep its place for ever.
        let patience = Duration::from_secs(limits.request_seconds);
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(patience));
        let door = door.clone();
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let router = door.0.load().router.clone();
            router.oneshot(request.map(axum::body::Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(limits.head_seconds))
            .max_buf_size(limits.head_bytes.max(8 * 1024))
            .max_headers(MAX_HEADERS)
            // Who has sent everything may say so and still wait for the answer.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    let patience = Duration::from_secs(door.limits().shutdown_seconds);
    if tokio::time::timeout(patience, open.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}
