//! The account is there: its credential, this once.

use doorstep_widget_kit::browser;
use leptos::prelude::*;
use web_sys::Element;

use crate::{
    credential::Credential,
    flow::{Account, Handover},
    i18n::Key,
    widget::Widget,
};

/// The credential, to look at, copy and keep.
#[component]
pub(crate) fn Done(widget: Widget, api: String, account: Account) -> impl IntoView {
    let Account { username, handover } = account;
    let mild = "doorstep-once doorstep-mild";
    let (lead, class, password) = match handover {
        Handover::Password(password) => (Key::DoneOnce, "doorstep-once", password),
        Handover::Claim(_) => (Key::DoneByProvider, mild, String::new()),
        Handover::Delivered => (Key::DoneWithoutPassword, mild, String::new()),
        Handover::Pending => (Key::PendingLead, mild, String::new()),
    };
    // Without a username there is no account yet.
    let pending = username.is_empty().then_some("");
    let title = if username.is_empty() { Key::PendingTitle } else { Key::DoneTitle };
    let hidden = password.is_empty().then_some("");
    let credential = Credential { api, username: username.clone(), password: password.clone() };
    let credential = StoredValue::new_local(credential);
    view! {
        <div class="doorstep-form doorstep-done" part="done">
            <h2 class="doorstep-title" part="title" tabindex="-1">
                {move || widget.follow(title)}
            </h2>
            <p class=class part="once">
                {move || widget.follow(lead)}
            </p>
            <div hidden=pending>
                <Secret
                    widget
                    id=widget.id("username")
                    name="username"
                    label=Key::Username
                    value=username
                    is_hidden=false
                />
            </div>
            <div hidden=hidden>
                <Secret
                    widget
                    id=widget.id("password")
                    name="password"
                    label=Key::Password
                    value=password
                    is_hidden=true
                />
            </div>
            <div class="doorstep-actions" hidden=hidden>
                <Keep widget credential kind="env" act=save_env label=Key::DownloadEnv />
                <Keep widget credential kind="json" act=save_json label=Key::DownloadJson />
                <span hidden=(!browser::keeps_passwords()).then_some("")>
                    <Keep widget credential kind="browser" act=save_password label=Key::SaveInBrowser />
                </span>
            </div>
            // Where the loader puts what comes after. Without anything that is computed it would be written as HTML, which
            // the frame forbids.
            <div class="doorstep-next" id=widget.id("next")></div>
        </div>
    }
}

/// A value to copy, and to look at on request where it is secret.
#[component]
fn Secret(
    widget: Widget,
    id: String,
    name: &'static str,
    label: Key,
    value: String,
    is_hidden: bool,
) -> impl IntoView {
    let is_shown = RwSignal::new(!is_hidden);
    let said = RwSignal::new(String::new());
    let copied = value.clone();
    let copy = move |button: &Element| {
        let report = move |is_copied| {
            let key = if is_copied { Key::Copied } else { Key::CopyByHand };
            // The page may have taken the form away meanwhile.
            let _ = said.try_set(widget.say(key));
        };
        browser::copy(&copied, browser::input_beside(button), report);
    };
    let toggles = move || widget.follow(if is_shown.get() { Key::Hide } else { Key::Show });
    view! {
        <div class="doorstep-row" part="row">
            <label class="doorstep-label" part="label" for=id.clone()>
                {move || widget.follow(label)}
            </label>
            <div class="doorstep-secret">
                <input
                    class="doorstep-input"
                    part="input"
                    id=id
                    name=name
                    type=move || Some(if is_shown.get() { "text" } else { "password" })
                    autocomplete=if is_hidden { "new-password" } else { "username" }
                    dir="ltr"
                    spellcheck="false"
                    readonly=""
                    value=value
                />
                <button
                    class="doorstep-button doorstep-quiet"
                    part="button show"
                    type="button"
                    hidden=(!is_hidden).then_some("")
                    value=widget.act("show", move |_| is_shown.update(|is_shown| *is_shown = !*is_shown))
                >
                    {toggles}
                </button>
                <button
                    class="doorstep-button doorstep-quiet"
                    part="button copy"
                    type="button"
                    value=widget.act(name, copy)
                >
                    {move || widget.follow(Key::Copy)}
                </button>
            </div>
            <p class="doorstep-hint" part="hint" role="status">
                {move || said.get()}
            </p>
        </div>
    }
}

fn save_env(credential: &Credential) {
    download("doorstep.env", &credential.as_env());
}

fn save_json(credential: &Credential) {
    download("doorstep.json", &credential.as_json());
}

fn save_password(credential: &Credential) {
    browser::keep_password(&credential.username, &credential.password);
}

fn download(name: &str, content: &str) {
    if let Err(error) = browser::download(name, content) {
        browser::complain(&error);
    }
}

/// One way to keep the credential.
#[component]
fn Keep(
    widget: Widget,
    credential: StoredValue<Credential, LocalStorage>,
    kind: &'static str,
    act: fn(&Credential),
    label: Key,
) -> impl IntoView {
    view! {
        <button
            class="doorstep-button doorstep-quiet"
            part="button download"
            type="button"
            value=widget.act(kind, move |_| credential.with_value(act))
        >
            {move || widget.follow(label)}
        </button>
    }
}
