//! `doorstep serve`

use std::{net::SocketAddr, time::Duration};

use doorstep_accounts::Timestamp;
use doorstep_register::{Context, list_clients};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use tokio::{
    net::TcpSocket,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Settings,
    http::{
        self, App,
        listen::{self, Door},
        ops,
    },
    jobs::Runner,
    reload::Reload,
    webhooks::{self, Relay},
};

/// How often expired tokens are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// How often the key file's date is looked at: after a rotation, what is new uses
/// the new version within this time. SIGHUP makes it at once.
const FOLLOW_KEYS_EVERY: Duration = Duration::from_secs(2);
/// How many looks for work go by until what is to be sent is counted for the metrics.
const COUNT_EVERY_LOOKS: u32 = 10;
/// How long an expired token is kept, so that a log entry can still be explained.
const KEEP_EXPIRED_SECONDS: i64 = 86_400;
/// How long something for one use is remembered after it would be refused for its age: a
/// clock that was ahead may be set right, and by more it is an operator who does it.
const KEEP_USED_SECONDS: i64 = 3_600;
/// How long a job that was given up is kept for somebody to look at.
const KEEP_DEAD_SECONDS: i64 = 30 * 86_400;
/// How long what was typed into a failed order is kept for another try: as the text of
/// `order_secrets_gone` says.
const KEEP_SECRETS_SECONDS: i64 = 7 * 86_400;

pub(super) async fn run(mut settings: Settings, json: bool, reload: Reload) -> Result<(), String> {
    let socket = bind(settings.server.listen, "server.listen", "DOORSTEP_LISTEN")?;
    let ops_socket = bind(settings.ops.listen, "ops.listen", "DOORSTEP_OPS_LISTEN")?;
    let address = |socket: &TcpSocket| {
        socket.local_addr().map_err(|error| format!("the listener has no address: {error}"))
    };
    let (public, private) = (address(&socket)?, address(&ops_socket)?);
    if settings.server.public_url.is_none() {
        settings.server.public_url = Some(format!("http://{public}"));
    }
    settings.limits.connections = listen::places(settings.limits.connections);
    // The port opens only when there is somebody behind it.
    let context = super::open(&settings).await?;
    let open = |socket| listen::listen(socket).map_err(|error| format!("cannot listen: {error}"));
    let (listener, ops_listener) = (open(socket)?, open(ops_socket)?);
    let (stopping, stop) = (CancellationToken::new(), CancellationToken::new());
    let drain = Duration::from_secs(settings.limits.drain_seconds);
    // Whoever reads that the server listens may send it a signal at once.
    watch_signals(stopping.clone(), drain, stop.clone())?;
    let hang_up = hang_up()?;
    announce(&context, &settings, public, private, json).await?;

    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| format!("metrics cannot start: {error}"))?;
    let keeper = tokio::spawn(ops::sum_up(metrics.clone()));
    let ops_stop = CancellationToken::new();
    let health = ops::router(context.store.clone(), &settings.ops, stopping, metrics);
    let ops_door = Door::new(health, settings.limits.clone());
    let ops = tokio::spawn(listen::serve(ops_listener, ops_door, ops_stop.clone()));
    let counter = webhooks::watch(context.clone(), settings.jobs.poll() * COUNT_EVERY_LOOKS);
    let counter = tokio::spawn(counter);
    let sweeper = tokio::spawn(sweep(context.clone(), settings.webhooks.keep_days));
    let runner = settings.jobs.in_serve.then(|| Runner::new(&context, &settings));
    let runner = runner.map(|runner| tokio::spawn(runner.run(stop.clone())));
    let flush = CancellationToken::new();
    let relay = settings.jobs.in_serve.then(|| Relay::new(&context, &settings, flush.clone()));
    let relay = relay.map(|relay| tokio::spawn(relay.run()));

    let store = context.store.clone();
    let limits = settings.limits.clone();
    let app = App::new(context, settings, stop.clone());
    let door = Door::new(reload.router(app.clone()), limits);
    let follower = tokio::spawn(follow(app, door.clone(), reload, hang_up));
    listen::serve(listener, door, stop).await;
    // Of what the last requests did, endpoints are still told.
    flush.cancel();
    if let Some(relay) = relay {
        let _ = relay.await;
    }
    if let Some(runner) = runner {
        let _ = runner.await;
    }
    sweeper.abort();
    keeper.abort();
    counter.abort();
    follower.abort();
    ops_stop.cancel();
    let _ = ops.await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn bind(address: SocketAddr, setting: &str, variable: &str) -> Result<TcpSocket, String> {
    listen::bind(address).map_err(|error| {
        format!("cannot listen on {address}: {error}. Choose another address with {setting} or {variable}")
    })
}

/// Says where the server is, and what a new installation needs next.
async fn announce(
    context: &Context,
    settings: &Settings,
    public: SocketAddr,
    private: SocketAddr,
    json: bool,
) -> Result<(), String> {
    let clients = list_clients(context).await.map_err(|error| http::chain(&error))?;
    if json {
        println!(
            "{}",
            json!({ "listening": format!("http://{public}"), "ops": format!("http://{private}") })
        );
    } else {
        println!("Doorstep listens on http://{public} (health and metrics: http://{private}).");
        if clients.is_empty() {
            println!(
                "There is no OAuth client yet. Create one for each provider that embeds the sign-up:\n\n  \
                 doorstep client create --name \"My panel\" --scope \"public register\" \\\n    \
                 --provider-server panel.example.com --origin https://panel.example.com:2083\n"
            );
        }
    }
    tracing::info!(%public, %private, clients = clients.len(), url = settings.server.public_url, "listening");
    if !http::widget_is_built() {
        tracing::warn!("{}", http::WIDGET_NOT_BUILT);
    }
    Ok(())
}

/// The first signal stops gently, the second at once. What asks whether the server is
/// ready is told first, and has the time `drain` to send requests elsewhere.
pub(super) fn watch_signals(
    stopping: CancellationToken,
    drain: Duration,
    stop: CancellationToken,
) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("signals cannot be watched: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::spawn(async move {
        let mut next =
            async || tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} };
        next().await;
        tracing::info!("stopping: requests may finish; a second signal stops at once");
        stopping.cancel();
        let gently = async {
            tokio::time::sleep(drain).await;
            stop.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! { () = gently => {}, () = next() => {} }
        std::process::exit(1);
    });
    Ok(())
}

/// SIGHUP, from now on: without a listener it would end the server.
pub(super) fn hang_up() -> Result<Signal, String> {
    signal(SignalKind::hangup()).map_err(|error| format!("signals cannot be watched: {error}"))
}

/// Follows the key file, for what reads no settings again.
pub(super) async fn follow_keys(context: Context, mut hang_up: Signal) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_KEYS_EVERY) => {}
            _ = hang_up.recv() => {}
        }
        context.key_source.refresh().await;
    }
}

/// Follows what the operator changes under the running server.
async fn follow(mut app: App, door: Door, reload: Reload, mut hang_up: Signal) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_KEYS_EVERY) => {}
            _ = hang_up.recv() => reload.run(&mut app, &door),
        }
        app.context.key_source.refresh().await;
    }
}

async fn sweep(context: Context, keep_days: i64) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let before = context.clock.now().plus_seconds(-KEEP_EXPIRED_SECONDS);
        let used = context.clock.now().plus_seconds(-KEEP_USED_SECONDS);
        let dead = context.clock.now().plus_seconds(-KEEP_DEAD_SECONDS);
        let untried = context.clock.now().plus_seconds(-KEEP_SECRETS_SECONDS);
        let untold = context.clock.now().plus_seconds(-86_400 * keep_days);
        let swept = async {
            sweep_buckets(&context).await?;
            sweep_events(&context, untold).await?;
            let mut tx = context.store.begin().await?;
            let count = tx.conn().sweep_tokens(before).await?;
            tx.conn().sweep_keys(context.clock.now()).await?;
            tx.conn().sweep_claims(before).await?;
            tx.conn().sweep_sessions(context.clock.now()).await?;
            tx.conn().sweep_secrets(before).await?;
            tx.conn().sweep_used(used).await?;
            tx.conn().sweep_pending(context.clock.now(), used).await?;
            tx.conn().sweep_jobs(dead).await?;
            tx.conn().sweep_order_keys(context.clock.now()).await?;
            tx.conn().sweep_order_secrets(untried).await?;
            tx.commit().await?;
            Ok::<_, doorstep_store::StoreError>(count)
        };
        match swept.await {
            Ok(count) => tracing::debug!(count, "forgot expired tokens"),
            Err(error) => {
                tracing::warn!(cause = http::chain(&error), "expired tokens are still there");
            }
        }
    }
}

/// Forgets keys of limits that are at rest, some at a time, so that sign-ups get in
/// between.
async fn sweep_buckets(context: &Context) -> Result<(), doorstep_store::StoreError> {
    loop {
        let mut tx = context.store.begin().await?;
        let count = tx.conn().sweep_buckets(context.clock.now()).await?;
        tx.commit().await?;
        if count == 0 {
            return Ok(());
        }
    }
}

/// Forgets old events, in the same way.
async fn sweep_events(
    context: &Context,
    before: Timestamp,
) -> Result<(), doorstep_store::StoreError> {
    loop {
        let mut tx = context.store.begin().await?;
        let count = tx.conn().sweep_events(before).await?;
        tx.commit().await?;
        if count == 0 {
            return Ok(());
        }
    }
}
