//! Requests to the server.
//!
//! By the browser's own `fetch`, with which a request is one object: a client
//! library would weigh as much as all the requests that we make.

use doorstep_wire::frame;
use js_sys::{Object, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::*};

use crate::object::object;

/// How long to wait: three times what the server gives a request before it
/// answers 408, so that what we call unreachable has nothing left to say.
const PATIENCE_MS: u32 = 30_000;

#[wasm_bindgen]
extern "C" {
    // Whatever is wrong with the request, the promise says it.
    fn fetch(address: &str, how: &Object) -> Promise;

    #[wasm_bindgen(js_name = parseFloat)]
    fn parse_float(text: &str) -> f64;

    #[wasm_bindgen(js_namespace = AbortSignal)]
    fn timeout(milliseconds: u32) -> JsValue;

    /// What came back.
    #[derive(Debug)]
    pub type Response;

    /// The HTTP status.
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Response) -> u16;

    /// A `ReadableStream`, or null.
    #[wasm_bindgen(method, getter)]
    pub fn body(this: &Response) -> JsValue;

    #[wasm_bindgen(method, catch)]
    fn json(this: &Response) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &Response) -> Headers;

    type Headers;

    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> Option<String>;
}

/// A request, and who asks.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `GET` and the like.
    pub method: &'a str,
    /// The server's origin and the path.
    pub address: String,
    /// The scheme and what goes with it.
    pub authorization: &'a str,
    /// The page around our frame; empty where we are part of the page.
    pub embedder: &'a str,
    /// Headers beside.
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON.
    pub body: Option<&'a str>,
}

/// An answer with a document in it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Seconds after which it may be tried again (`Retry-After`); no number if the server does not say so, or by a date.
    pub wait: f64,
    /// The JSON.
    pub document: JsValue,
}

impl Answer {
    /// Whether the server did what it was asked for.
    pub fn is_ok(&self) -> bool {
        matches!(self.status, 200..300)
    }
}

impl Request<'_> {
    /// Sends it and reads the document. Every failure between us and the server
    /// is none: whatever it was, the person can only send again.
    pub async fn answer(self) -> Option<Answer> {
        let response = self.send(&timeout(PATIENCE_MS)).await?;
        let document = response.json().ok()?.await.ok()?;
        let wait =
            response.headers().get("Retry-After").map_or(f64::NAN, |text| parse_float(&text));
        Some(Answer { status: response.status(), wait, document })
    }

    /// Sends it; the body is left to the caller. `until` is the signal that ends it.
    pub async fn send(self, until: &JsValue) -> Option<Response> {
        let headers = object([("Authorization", self.authorization.into())]);
        let set = |name: &str, value: &str| {
            // A plain object takes every member.
            let _ = js_sys::Reflect::set(&headers, &name.into(), &value.into());
        };
        if !self.embedder.is_empty() {
            set(frame::EMBEDDER, self.embedder);
        }
        if self.body.is_some() {
            set("Content-Type", "application/json");
        }
        for (name, value) in self.headers {
            set(name, value);
        }
        let how = object([
            ("method", self.method.into()),
            ("credentials", "omit".into()),
            ("headers", headers.into()),
            ("body", self.body.map_or(JsValue::UNDEFINED, JsValue::from_str)),
            ("signal", until.clone()),
        ]);
        Some(fetch(&self.address, &how).await.ok()?.unchecked_into())
    }
}
