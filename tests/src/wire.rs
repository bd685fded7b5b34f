//! The network between a server and its database, on a port of its own, which can lose all
//! that is on the way.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// The wire; cut when dropped.
#[derive(Debug)]
pub struct Wire {
    /// Where to connect to.
    pub address: SocketAddr,
    /// How often it lost everything.
    losses: watch::Sender<u64>,
    /// Ends with the value, and all connections with it.
    _tasks: JoinSet<()>,
}

impl Wire {
    /// A wire to there.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (losses, seen) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((here, _)) = listener.accept().await {
                let there = TcpStream::connect(("127.0.0.1", port)).await;
                connections.spawn(carry(here, there.expect("a database"), seen.clone()));
            }
        });
        Self { address, losses, _tasks: tasks }
    }

    /// From now on nothing arrives that is sent on the connections that there are, and neither
    /// side is told: what a firewall does that has forgotten them. New ones work.
    pub fn lose(&self) {
        self.losses.send_modify(|losses| *losses += 1);
    }
}

async fn carry(mut here: TcpStream, mut there: TcpStream, mut losses: watch::Receiver<u64>) {
    losses.mark_unchanged();
    let (mut asked, mut answered) = here.split();
    let (mut answers, mut asks) = there.split();
    tokio::select! {
        biased;
        Ok(()) = losses.changed() => {}
        () = pump(&mut asked, &mut asks) => return,
        () = pump(&mut answers, &mut answered) => return,
    }
    // Read, so that nobody notices that it goes nowhere.
    pump(&mut asked, &mut tokio::io::sink()).await;
    // Nor does the other end learn that this one is gone.
    std::future::pending::<()>().await;
}

async fn pump(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
