//! The requests, by the API credential that the sign-up has just given.

use doorstep_widget_kit::{
    fetch::{Answer, Request},
    object::text,
    problem::{Problem, problem},
};
use doorstep_wire::paths;
use js_sys::Promise;
use leptos::prelude::window;
use wasm_bindgen::{JsCast, prelude::*};

use crate::offer::Offer;

#[wasm_bindgen]
extern "C" {
    /// Ends requests that nobody waits for any more.
    #[derive(Debug, Clone)]
    pub(crate) type AbortController;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> AbortController;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn signal(this: &AbortController) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn abort(this: &AbortController);

    type TextDecoderStream;

    #[wasm_bindgen(constructor)]
    fn new() -> TextDecoderStream;

    type Bytes;

    // Throws where the bytes were read already.
    #[wasm_bindgen(method, js_name = pipeThrough, catch)]
    fn pipe_through(this: &Bytes, through: &TextDecoderStream) -> Result<Texts, JsValue>;

    type Texts;

    #[wasm_bindgen(method, js_name = getReader)]
    fn reader(this: &Texts) -> Reader;

    /// What arrives, piece by piece.
    pub(crate) type Reader;

    #[wasm_bindgen(method)]
    fn read(this: &Reader) -> Promise;
}

impl Reader {
    /// The next piece; nothing at the end, whoever made it.
    pub(crate) async fn next(&self) -> Option<String> {
        let piece = self.read().await.ok()?;
        doorstep_widget_kit::object::get(&piece, "value").as_string()
    }
}

/// Who asks, and where.
#[derive(Clone)]
pub(crate) struct Client {
    api: String,
    embedder: String,
    authorization: String,
}

impl Client {
    /// `options` are those of the form; the loader has put the server's origin there.
    pub(crate) fn new(options: &JsValue, username: &str, password: &str) -> Self {
        let mut client = Self {
            api: text(options, "api"),
            embedder: text(options, "embedder"),
            authorization: String::new(),
        };
        client.authorize(username, password);
        client
    }

    /// Asks by another password from here on.
    pub(crate) fn authorize(&mut self, username: &str, password: &str) {
        // Both are made by the server, of ASCII; what somebody types may be anything else,
        // and has to be as wrong for the server as it is.
        let password = password.trim().chars().map(|it| if it.is_ascii() { it } else { '?' });
        let pair = username.to_owned() + ":" + &password.collect::<String>();
        let pair = window().btoa(&pair).unwrap_or_default();
        self.authorization = "Basic ".to_owned() + &pair;
    }

    /// What there is to order, or why the server does not say it.
    pub(crate) async fn offer(&self) -> Result<Offer, Option<Problem>> {
        let mut documents = Vec::new();
        for path in [paths::PRODUCTS, paths::LOCATIONS, paths::IMAGES] {
            let answer = self.get(path).await.ok_or(None)?;
            if !answer.is_ok() {
                return Err(problem(answer.status, &answer.document));
            }
            documents.push(answer.document);
        }
        Ok(Offer::read(&documents[0], &documents[1], &documents[2]))
    }

    /// An order as it stands.
    pub(crate) async fn order(&self, id: &str) -> Option<Answer> {
        self.get(&path(paths::ORDER, id)).await
    }

    /// The user's orders, newest first.
    pub(crate) async fn orders(&self) -> Option<Answer> {
        self.get(paths::ORDERS).await
    }

    /// Places an order.
    pub(crate) async fn place(&self, key: &str, body: &str) -> Option<Answer> {
        let headers = [("Idempotency-Key", key)];
        self.ask("POST", paths::ORDERS, &headers, Some(body)).answer().await
    }

    /// Has a failed order tried again.
    pub(crate) async fn retry(&self, id: &str) -> Option<Answer> {
        self.ask("POST", &path(paths::ORDER_RETRY, id), &[], None).answer().await
    }

    /// What happens to an order from an event on; nothing if there is no stream.
    pub(crate) async fn events(&self, id: &str, after: &str, until: &JsValue) -> Option<Reader> {
        let headers = [("Accept", "text/event-stream"), ("Last-Event-ID", after)];
        let headers = if after.is_empty() { &headers[..1] } else { &headers };
        let response =
            self.ask("GET", &path(paths::ORDER_EVENTS, id), headers, None).send(until).await?;
        if response.status() != 200 {
            return None;
        }
        let bytes: Bytes = response.body().dyn_into::<js_sys::Object>().ok()?.unchecked_into();
        Some(bytes.pipe_through(&TextDecoderStream::new()).ok()?.reader())
    }

    async fn get(&self, path: &str) -> Option<Answer> {
        self.ask("GET", path, &[], None).answer().await
    }

    fn ask<'a>(
        &'a self,
        method: &'a str,
        path: &str,
        headers: &'a [(&'a str, &'a str)],
        body: Option<&'a str>,
    ) -> Request<'a> {
        Request {
            method,
            address: self.api.clone() + path,
            authorization: &self.authorization,
            embedder: &self.embedder,
            headers,
            body,
        }
    }
}

/// A path of one order, whose pattern has a gap for the id.
fn path(pattern: &str, id: &str) -> String {
    let (before, gap) = pattern.split_once('{').unwrap_or((pattern, ""));
    let (_, after) = gap.split_once('}').unwrap_or_default();
    before.to_owned() + id + after
}

#[cfg(test)]
mod tests {
    use doorstep_wire::paths;

    use super::path;

    #[test]
    fn an_order_has_its_paths() {
        assert_eq!(path(paths::ORDER, "ord_1"), "/api/orders/ord_1");
        assert_eq!(path(paths::ORDER_EVENTS, "ord_1"), "/api/orders/ord_1/events");
    }
}
