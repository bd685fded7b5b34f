//! `GET /api/orders/{id}/events`: what happens to an order, as Server-Sent Events.
//!
//! Whoever works on the order may be another process, so the database is looked at; by
//! one task for all who watch the same order, and more seldom while nothing happens. A
//! stream ends with the order's end or after some minutes; whoever watches then asks
//! again and names by `Last-Event-ID` what came last, so that nothing is missed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use doorstep_accounts::order::{Order, OrderChange};
use doorstep_dialects::compute_stacks_orders as dialect;
use doorstep_register::{self as register, Context};
use doorstep_wire::Code;
use http_body_util::channel::{Channel, Sender};
use tokio::{sync::watch, time::Instant};

use super::{
    App,
    caller::Caller,
    reject::{Reject, chain},
    users::own_id,
};

const LAST_EVENT_ID: &str = "last-event-id";
/// What tells proxies of the nginx kind to pass on what comes, as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How soon the database is looked at again after a change.
const SOON: Duration = Duration::from_millis(100);
/// How seldom it is when nothing happens: a person does not notice.
const SELDOM: Duration = Duration::from_secs(2);
/// How often something is sent when nothing happens, so that neither proxies nor we
/// keep a connection on which nobody is any more.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts: the right to it is checked when it begins.
const LONGEST: Duration = Duration::from_mins(5);
/// After which time a browser comes again when a stream breaks off.
const RETRY_MILLIS: u32 = 2_000;
/// Streams of one user: some tabs, each with some orders.
const MOST_OF_ONE: usize = 16;

/// Everything that is known of an order.
#[derive(Debug, Clone, Default)]
struct Seen {
    order: Option<Order>,
    changes: Vec<OrderChange>,
}

/// Who watches what.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    orders: Mutex<HashMap<String, Weak<watch::Receiver<Seen>>>>,
    /// How many streams each user has.
    streams: Mutex<HashMap<i64, usize>>,
}

/// A stream's place among those that there may be.
struct Place {
    app: App,
    user: i64,
}

impl Place {
    fn take(app: &App, user: i64) -> Result<Self, Reject> {
        let mut streams = app.watchers.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = streams.values().sum();
        let own = streams.get(&user).copied().unwrap_or(0);
        if own >= MOST_OF_ONE || all >= app.settings.limits.event_streams {
            let detail = "too many streams are open: close some, or ask for the order itself";
            return Err(Reject::new(Code::Unavailable, detail)
                .with(header::RETRY_AFTER, HeaderValue::from_static("5")));
        }
        streams.insert(user, own + 1);
        Ok(Self { app: app.clone(), user })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.app.watchers.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = streams.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                streams.remove(&self.user);
            }
        }
    }
}

/// The handler.
pub(crate) async fn events(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Reject> {
    let user = own_id(&caller)?;
    let after = match headers.get(LAST_EVENT_ID) {
        None => 0,
        Some(id) => {
            let number = id.to_str().ok().and_then(|id| id.trim().parse::<i64>().ok());
            let malformed = || {
                Reject::new(
                    Code::InvalidRequest,
                    "Last-Event-ID must be the id of an event that came",
                )
            };
            number.filter(|number| *number >= 0).ok_or_else(malformed)?
        }
    };
    let order = register::find_order(&app.context, user, &id).await?;
    let place = Place::take(&app, user)?;
    let (sender, body) = Channel::<Bytes>::new(16);
    let seen = watch_order(&app, &order.id);
    tokio::spawn(async move {
        // Whoever has left is noticed at the next thing that is sent.
        let _ = feed(&place.app, sender, seen, after).await;
        drop(place);
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (UNBUFFERED, HeaderValue::from_static("no")),
    ];
    Ok((StatusCode::OK, headers, Body::new(body)).into_response())
}

/// Sends what happens after a revision.
async fn feed(
    app: &App,
    mut sender: Sender<Bytes>,
    seen: Arc<watch::Receiver<Seen>>,
    after: i64,
) -> Result<(), http_body_util::channel::SendError> {
    let mut last = after;
    let mut seen_now = watch::Receiver::clone(&seen);
    let until = Instant::now() + LONGEST;
    sender.send_data(Bytes::from(format!("retry: {RETRY_MILLIS}\n\n"))).await?;
    loop {
        let (text, is_over) = {
            let now = seen_now.borrow_and_update();
            match &now.order {
                // It was not looked at yet.
                None => (String::new(), false),
                Some(order) => {
                    let new = now.changes.iter().filter(|change| change.revision > last);
                    let text = new.map(|change| event(change, order)).collect();
                    last = last.max(order.revision);
                    (text, order.state.is_final())
                }
            }
        };
        if !text.is_empty() {
            sender.send_data(Bytes::from(text)).await?;
        }
        if is_over {
            return Ok(());
        }
        tokio::select! {
            changed = seen_now.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(HEARTBEAT) => {
                sender.send_data(Bytes::from_static(b": still here\n\n")).await?;
            }
            () = tokio::time::sleep_until(until) => return Ok(()),
            () = app.stopping.cancelled() => return Ok(()),
        }
    }
}

/// An event as text. JSON has no line breaks of its own.
fn event(change: &OrderChange, order: &Order) -> String {
    let data = serde_json::to_string(&dialect::encode_event(change, order)).unwrap_or_default();
    format!("event: order\nid: {}\ndata: {data}\n\n", change.revision)
}

/// What is known of an order, for all who watch it.
fn watch_order(app: &App, id: &str) -> Arc<watch::Receiver<Seen>> {
    let mut orders = app.watchers.orders.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(watched) = orders.get(id).and_then(Weak::upgrade) {
        // One whose task has ended is of no use.
        if watched.has_changed().is_ok() {
            return watched;
        }
    }
    let (sender, receiver) = watch::channel(Seen::default());
    let receiver = Arc::new(receiver);
    orders.insert(id.to_owned(), Arc::downgrade(&receiver));
    let (app, id) = (app.clone(), id.to_owned());
    let watched = Arc::downgrade(&receiver);
    tokio::spawn(async move {
        look(&app.context, &id, &sender, &watched).await;
        let mut orders = app.watchers.orders.lock().unwrap_or_else(PoisonError::into_inner);
        // Another task may watch it by now.
        if orders.get(&id).is_some_and(|other| other.ptr_eq(&watched)) {
            orders.remove(&id);
        }
    });
    receiver
}

/// Looks at the order until it has ended or nobody watches it.
async fn look(
    context: &Context,
    id: &str,
    sender: &watch::Sender<Seen>,
    watched: &Weak<watch::Receiver<Seen>>,
) {
    let (mut pause, mut last) = (SOON, 0);
    while watched.strong_count() > 0 {
        match register::watch_order(context, id, last).await {
            Ok(None) => return,
            Ok(Some((order, changes))) if order.revision > last => {
                last = order.revision;
                let is_over = order.state.is_final();
                sender.send_modify(|seen| {
                    seen.changes.extend(changes);
                    seen.order = Some(order);
                });
                if is_over {
                    // Those who watch have what they need; the sender goes after them.
                    return;
                }
                pause = SOON;
            }
            Ok(Some(_)) => pause = (pause * 3 / 2).min(SELDOM),
            Err(error) => {
                tracing::debug!(order = id, cause = chain(&error), "an order cannot be looked at");
                pause = SELDOM;
            }
        }
        tokio::time::sleep(pause).await;
    }
}
