//! The page around the form: its options, and the one callback that may learn the
//! credential.

use doorstep_widget_kit::{
    browser,
    object::{self, answer, get, object, text},
    problem::problem,
};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    flow::{Account, Handover, Reply},
    settings::Settings,
};

/// Gives the credential, or the code that stands for it, to the page that asked
/// for it by its `onCredential`.
pub(crate) fn hand_over(options: &JsValue, account: &Account) {
    let (name, secret) = match &account.handover {
        Handover::Password(password) => ("password", password),
        Handover::Claim(code) => ("claimCode", code),
        Handover::Delivered | Handover::Pending => return,
    };
    let callback = get(options, "onCredential");
    let Some(callback) = callback.dyn_ref::<Function>() else { return };
    let username = JsValue::from_str(&account.username);
    let credential = object([("username", username), (name, secret.into())]);
    if let Err(error) = callback.call1(options, &credential) {
        // The person has the credential on the screen in any case.
        browser::complain(&error);
    }
}

/// Goes on to the first project, where the page wants that: the loader brings what it
/// takes. By the password alone, for nothing else can order from a page; where that was
/// given out before, whoever has begun can say it.
pub(crate) fn proceed(options: &JsValue, account: &Account) {
    let password = match &account.handover {
        Handover::Password(password) => password.as_str(),
        Handover::Delivered => "",
        Handover::Claim(_) | Handover::Pending => return,
    };
    let proceed = get(options, "proceed");
    let Some(proceed) = proceed.dyn_ref::<Function>() else { return };
    let username = JsValue::from_str(&account.username);
    if let Err(error) = proceed.call2(options, &username, &password.into()) {
        browser::complain(&error);
    }
}

/// Buys a sign-up token from the page's prover, which has solved a puzzle, for who
/// the person claims to be; or says what the server said.
pub(crate) async fn buy_token(options: &JsValue, settings: &Settings) -> Result<String, Reply> {
    let username = JsValue::from_str(&settings.provider_username);
    let provider = JsValue::from_str(&settings.provider);
    let prove: Function = get(options, "prove").unchecked_into();
    let said = match prove.call2(options, &username, &provider) {
        Ok(promise) => promise.unchecked_into::<Promise>().await.unwrap_or_default(),
        Err(_) => JsValue::UNDEFINED,
    };
    get(&said, "token").as_string().ok_or_else(|| {
        let status = get(&said, "status").as_f64().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is the status of an HTTP response"
        )]
        let status = status as u16;
        problem(status, &get(&said, "document")).map_or(Reply::None, Reply::Problem)
    })
}

/// Reads the options. What is absent or of another type counts as empty.
pub(crate) fn settings(options: &JsValue) -> Settings {
    let text = |name| text(options, name);
    Settings {
        api: text("api"),
        embedder: text("embedder"),
        token: text("token"),
        client: text("client"),
        provider: text("provider"),
        provider_server: text("providerServer"),
        provider_username: text("providerUsername"),
        fields: text("fields"),
        suggested: text("suggested"),
        theme: text("theme"),
        language: text("language"),
        locale: text("locale"),
    }
}

/// Whose form it is: the operator's name, and the address of a picture.
pub(crate) fn brand(options: &JsValue) -> [String; 2] {
    let brand = get(options, "brand");
    ["name", "logo"].map(|member| object::text(&brand, member))
}

/// What the page already knows of a field's answer.
pub(crate) fn prefilled(options: &JsValue, field: &str) -> String {
    answer(&get(options, "values"), field).unwrap_or_default()
}

/// Tells the page's developer of fields that nobody knows.
pub(crate) fn warn_of_unknown(settings: &Settings) {
    for name in settings.unknown() {
        browser::warn(
            &("Doorstep: there is no field `".to_owned() + name + "` to show; check `fields`"),
        );
    }
}
