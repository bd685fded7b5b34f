//! What the HTTP library does by itself: a server that says hello.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use axum::{Router, routing::get};

/// The argument by which this program is that server.
pub(crate) const ARGUMENT: &str = "hello";

/// The server, as a process of its own: the load must not run on its threads.
pub(crate) struct Hello {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Hello {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("a program knows its own path");
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let said = child.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut line).expect("it is text");
        let address = line.trim().parse().expect("it says where it listens");
        Self { child, address }
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is that server, until it is killed.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it has an address"));
        let hello = Router::new().route("/", get(|| async { "hello" }));
        axum::serve(listener, hello).await.expect("it serves");
    });
}
