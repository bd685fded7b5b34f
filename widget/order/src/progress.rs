//! The project comes up: what the server says of it, by its events, or asked again and
//! again where events do not get through.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use doorstep_widget_kit::{
    browser::sleep,
    object::{get, object, text},
    problem::problem,
};
use js_sys::JSON;
use leptos::{prelude::*, task};
use wasm_bindgen::JsValue;

use crate::{
    client::AbortController,
    ended::{Ended, EndedView},
    events::Events,
    order::Order,
    watching::Watching,
};

/// Between two looks at the order.
const LOOK_MS: i32 = 2_000;
/// After so many of these times without a word from the stream, which says something
/// every 15 seconds, we ask ourselves.
const SILENCE: u32 = 10;

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Waiting,
    Working,
    Ready,
}

/// What the views follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) stage: RwSignal<Stage>,
    /// A sentence of whoever brings the project up; empty for ours.
    pub(crate) said: RwSignal<String>,
}

/// An order that is watched.
struct Watch {
    order: Order,
    id: String,
    progress: Progress,
    abort: AbortController,
    /// How long the stream has been silent.
    silence: Cell<u32>,
    is_over: Cell<bool>,
    last_status: RefCell<String>,
}

impl Order {
    /// The order is placed: watches it, if the page wants that.
    pub(crate) fn follow(self, id: String, status: &str) {
        let watches = self.state.with_value(|state| state.steps.progress);
        self.tell_order(&id, status, JsValue::NULL, JsValue::NULL);
        if self.is_gone() {
            return;
        }
        if !watches {
            self.forget_attempt();
            self.end(id, Ended::Placed);
            return;
        }
        self.note_placed(&id);
        let progress = Progress { stage: RwSignal::new(Stage::Waiting), said: RwSignal::default() };
        self.draw(move || view! { <Watching order=self progress /> }, true);
        let abort = AbortController::new();
        self.state.update_value(|state| state.watched = Some(abort.clone()));
        let watch = Rc::new(Watch {
            order: self,
            id,
            progress,
            abort,
            // At first nobody knows whether there is a stream.
            silence: Cell::new(SILENCE - 1),
            is_over: Cell::new(false),
            last_status: RefCell::new(status.to_owned()),
        });
        task::spawn_local(Rc::clone(&watch).listen());
        task::spawn_local(watch.look_again());
    }

    /// The person wants a failed order tried again.
    pub(crate) fn retry(self, id: String) {
        if self.is_sending.get_untracked() {
            return;
        }
        self.trouble.set(crate::order::Trouble::None);
        self.is_sending.set(true);
        let client = self.client();
        task::spawn_local(async move {
            let answer = client.retry(&id).await;
            if self.is_gone() {
                return;
            }
            self.is_sending.set(false);
            match answer {
                Some(answer) if answer.is_ok() => {
                    self.follow(id, &text(&get(&answer.document, "order"), "status"));
                }
                answer => self.refuse(answer.and_then(|it| problem(it.status, &it.document))),
            }
        });
    }

    /// Nobody waits for it any more.
    pub(crate) fn stop(self) {
        if let Some(Some(watched)) = self.state.try_update_value(|state| state.watched.take()) {
            watched.abort();
        }
    }

    fn end(self, id: String, ended: Ended) {
        // Whoever copies the credential is not torn away from it.
        let focuses = !self.shows_credential.get_untracked();
        let view = move || view! { <EndedView order=self id=id.clone() ended=ended.clone() /> };
        self.draw(view, focuses);
    }

    /// `doorstep:order`. Nothing that was typed is in it but the project's name.
    fn tell_order(self, id: &str, status: &str, project: JsValue, failure: JsValue) {
        let order = object([("id", id.into()), ("status", status.into())]);
        let detail = object([("order", order.into()), ("project", project), ("failure", failure)]);
        self.host().tell("order", &detail, false);
    }
}

impl Watch {
    fn is_over(&self) -> bool {
        self.is_over.get() || self.order.is_gone()
    }

    /// Follows the stream; comes again where it breaks off.
    async fn listen(self: Rc<Self>) {
        let client = self.order.client();
        let mut last = String::new();
        while !self.is_over() {
            if let Some(reader) = client.events(&self.id, &last, &self.abort.signal()).await {
                let mut events = Events::default();
                while let Some(piece) = reader.next().await {
                    if self.is_over() {
                        return;
                    }
                    self.silence.set(0);
                    // A stream begins with all that ever happened to the order, also before it was tried again. So an
                    // event says that there is news, and the order says which.
                    if let Some(event) = events.take(&piece).pop() {
                        last = event.id;
                        self.look(&JSON::parse(&event.data).unwrap_or_default()).await;
                    }
                }
            }
            sleep(LOOK_MS).await;
        }
    }

    /// Looks at the order where the stream is silent.
    async fn look_again(self: Rc<Self>) {
        loop {
            sleep(LOOK_MS).await;
            if self.is_over() {
                return;
            }
            self.silence.set(self.silence.get() + 1);
            if self.silence.get() >= SILENCE {
                self.look(&JsValue::NULL).await;
            }
        }
    }

    /// It is still on its way; the last event may say more.
    fn go_on(&self, status: &str, event: &JsValue) {
        let stage = if status == "processing" { Stage::Working } else { Stage::Waiting };
        let message = text(event, "message");
        let is_news = self.last_status.replace(status.to_owned()) != status;
        let said = if text(event, "status") == status { message } else { String::new() };
        // A status that is set anew is read anew, and a look that heard nothing does not
        // take back what was heard.
        if (is_news || event.is_object()) && self.progress.said.with_untracked(|last| *last != said)
        {
            self.progress.said.set(said);
        }
        self.progress.stage.set(stage);
        if is_news {
            self.order.tell_order(&self.id, status, JsValue::NULL, JsValue::NULL);
        }
    }

    /// Asks for the order as it stands. `event` is what made us look, or null.
    async fn look(&self, event: &JsValue) {
        let answer = self.order.client().order(&self.id).await;
        let Some(answer) = answer.filter(doorstep_widget_kit::fetch::Answer::is_ok) else {
            self.silence.set(SILENCE);
            return;
        };
        if self.is_over() {
            return;
        }
        let order = get(&answer.document, "order");
        let status = text(&order, "status");
        let (project, failure) = (get(&order, "project"), get(&order, "failure"));
        let ended = match status.as_str() {
            "completed" => Ended::Ready(text(&project, "link")),
            "failed" => Ended::Failed {
                why: text(&failure, "message"),
                can_retry: get(&order, "can_retry").as_bool() == Some(true),
            },
            "cancelled" => Ended::Cancelled,
            _ => {
                self.go_on(&status, event);
                return;
            }
        };
        self.is_over.set(true);
        self.abort.abort();
        self.progress.stage.set(Stage::Ready);
        self.order.forget_attempt();
        self.order.end(self.id.clone(), ended);
        self.order.tell_order(
            &self.id,
            &status,
            told(&project, ["id", "name", "link"]),
            told(&failure, ["code", "message"]),
        );
    }
}

/// The named members of an object, or null: what a server adds stays out of the event
/// until somebody says that it is no secret.
fn told<const N: usize>(from: &JsValue, names: [&str; N]) -> JsValue {
    if from.is_object() {
        object(names.map(|name| (name, get(from, name)))).into()
    } else {
        JsValue::NULL
    }
}

#[cfg(test)]
mod tests {
    use doorstep_wire::onboarding::{Failure, OneOrder, OrderEvent, Placed, Project};
    use serde_json::{from_value, json, to_value};

    #[test]
    fn the_names_that_are_read_are_those_that_the_server_writes() {
        let order = json!({
            "id": "", "status": "", "order_data": {}, "created_at": "", "updated_at": "",
            "project": Project { id: 1, name: String::new(), link: Some(String::new()) },
            "location": null, "failure": Failure { code: String::new(), message: String::new() },
        });
        let order: OneOrder = from_value(json!({ "order": order })).unwrap();
        let order = &to_value(order).unwrap()["order"];
        assert!(["status", "can_retry"].iter().all(|name| order.get(name).is_some()));
        assert!(["id", "name", "link"].iter().all(|name| order["project"].get(name).is_some()));
        assert!(["code", "message"].iter().all(|name| order["failure"].get(name).is_some()));
        let event = OrderEvent {
            revision: 1,
            status: String::new(),
            at: String::new(),
            message: Some(String::new()),
            failure: None,
            project: None,
        };
        let event = to_value(event).unwrap();
        assert!(["status", "message"].iter().all(|name| event.get(name).is_some()));
        let placed = Placed {
            id: String::new(),
            status: String::new(),
            redirect_url: None,
            load_balancer_ip: None,
        };
        assert!(["id", "status"].iter().all(|name| to_value(&placed).unwrap().get(name).is_some()));
    }
}
