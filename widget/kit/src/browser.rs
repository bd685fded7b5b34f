//! What we ask of the browser itself.

use js_sys::{Array, Object, Promise, Reflect};
use leptos::prelude::{document, window};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue, prelude::*};
use web_sys::{Blob, BlobPropertyBag, Element, HtmlAnchorElement, HtmlInputElement, Url};

use crate::object::{get, object};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(what: &JsValue);

    #[wasm_bindgen(js_namespace = console, js_name = warn)]
    fn console_warn(what: &str);

    // `execCommand` is deprecated and is all there is on a page without TLS.
    #[wasm_bindgen(js_namespace = document, js_name = execCommand, catch)]
    fn exec_command(command: &str) -> Result<bool, JsValue>;

    #[wasm_bindgen(js_namespace = ["navigator", "clipboard"], js_name = writeText, catch)]
    fn write_text(text: &str) -> Result<Promise, JsValue>;

    // Where there is none, the constructor is not there, and that throws.
    type PasswordCredential;

    #[wasm_bindgen(constructor, catch)]
    fn new(data: &Object) -> Result<PasswordCredential, JsValue>;

    #[wasm_bindgen(js_namespace = ["navigator", "credentials"], js_name = store, catch)]
    fn store(credential: &PasswordCredential) -> Result<Promise, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    // A page in a sandbox has no storage, and merely naming it throws.
    #[wasm_bindgen(js_namespace = sessionStorage, js_name = getItem, catch)]
    fn get_item(name: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(js_namespace = sessionStorage, js_name = setItem, catch)]
    fn set_item(name: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = sessionStorage, js_name = removeItem, catch)]
    fn remove_item(name: &str) -> Result<(), JsValue>;
}

/// What the tab was asked to keep under that name; empty without it.
pub fn recall(name: &str) -> String {
    get_item(name).ok().flatten().unwrap_or_default()
}

/// Asks the tab to keep a text until it is closed.
pub fn keep(name: &str, text: &str) {
    // A full or forbidden store costs the retry after a reload, and nothing else.
    let _ = set_item(name, text);
}

/// Takes back what the tab was asked to keep.
pub fn forget(name: &str) {
    let _ = remove_item(name);
}

/// Whether there is a connection, as far as the browser knows: it can be wrong in saying
/// so, hardly in denying it.
pub fn is_online() -> bool {
    get(&get(&window(), "navigator"), "onLine").as_bool().unwrap_or(true)
}

/// Whether the browser's own store of passwords can be asked to keep one. In a frame it
/// refuses, for the page around is somebody else's.
pub fn keeps_passwords() -> bool {
    let window = window();
    let is_there = Reflect::has(&window, &"PasswordCredential".into()).unwrap_or(false);
    is_there && get(&window, "parent") == *AsRef::<JsValue>::as_ref(&window)
}

/// Asks it; the browser asks the person.
pub fn keep_password(username: &str, password: &str) {
    let data = object([("id", username.into()), ("password", password.into())]);
    // The person has copied it or not, and is told by the browser what became of it.
    if let Ok(credential) = PasswordCredential::new(&data) {
        let _ = store(&credential);
    }
}

/// Tells the page's developer what went wrong.
pub fn complain(what: &JsValue) {
    console_error(what);
}

/// Tells the page's developer what to look at.
pub fn warn(what: &str) {
    console_warn(what);
}

/// Waits.
pub async fn sleep(milliseconds: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        // It fails only for code that is a text.
        let _ =
            window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    // Nobody rejects it.
    let _ = promise.await;
}

/// Sixteen random bytes.
pub fn chance() -> [u8; 16] {
    let mut bytes = [0; 16];
    // Every browser that runs wasm has it, on pages without TLS too. Were it to
    // fail, the key would be the same for all: the server then refuses, and
    // signs nobody up twice.
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes
}

/// Copies a text; then says whether that worked.
///
/// The clipboard needs TLS and the page's leave. Without them the old command
/// copies what is selected in the input that shows the text; without that it is
/// left selected, for the person's own Ctrl+C.
pub fn copy(text: &str, shown: Option<HtmlInputElement>, then: impl FnOnce(bool) + 'static) {
    let promise = write_text(text);
    spawn_local(async move {
        let is_written = match promise {
            Ok(promise) => promise.await.is_ok(),
            Err(_) => false,
        };
        then(is_written || shown.as_ref().is_some_and(copy_selected));
    });
}

/// The input that shares its parent with a button.
pub fn input_beside(button: &Element) -> Option<HtmlInputElement> {
    button.parent_element()?.query_selector("input").ok()??.dyn_into().ok()
}

fn copy_selected(input: &HtmlInputElement) -> bool {
    // Nothing can be copied out of a password input.
    let kind = input.type_();
    input.set_type("text");
    input.select();
    let copied = exec_command("copy").unwrap_or(false);
    if copied {
        input.set_type(&kind);
    }
    copied
}

/// Offers a file for download, without a server.
pub fn download(name: &str, content: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("text/plain");
    let parts = Array::of1(&content.into());
    let blob = Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    Url::revoke_object_url(&url)
}
