//! The account is there: its credential, this once.

use leptos::{html, prelude::*};

use crate::{
    browser,
    credential::Credential,
    flow::Flow,
    i18n::{Key, text},
    widget::Widget,
};

/// The credential, to look at, copy and keep.
#[component]
pub(crate) fn Done(widget: Widget) -> impl IntoView {
    let api = widget.settings.with_untracked(|settings| settings.api.clone());
    let (username, password) = widget.flow.with_untracked(|flow| match flow {
        Flow::Done(account) => (account.username.clone(), account.password.clone()),
        _ => (String::new(), None),
    });
    let lead = text(if password.is_some() { Key::DoneOnce } else { Key::DoneWithoutPassword });
    let credential =
        password.clone().map(|password| Credential { api, username: username.clone(), password });
    view! {
        <div class="doorstep-form doorstep-done" part="done">
            <h2 class="doorstep-title" part="title" tabindex="-1">{text(Key::DoneTitle)}</h2>
            <p class="doorstep-once" part="once" class:doorstep-mild=credential.is_none()>{lead}</p>
            <Secret
                id=widget.id("username")
                name="username"
                label=Key::Username
                value=username
                is_hidden=false
            />
            {password
                .map(|password| {
                    view! {
                        <Secret
                            id=widget.id("password")
                            name="password"
                            label=Key::Password
                            value=password
                            is_hidden=true
                        />
                    }
                })}
            {credential.map(|credential| view! { <Downloads credential /> })}
        </div>
    }
}

/// A value to copy, and to look at on request where it is secret.
#[component]
fn Secret(
    id: String,
    name: &'static str,
    label: Key,
    value: String,
    is_hidden: bool,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let is_shown = RwSignal::new(!is_hidden);
    let said = RwSignal::new(None::<Key>);
    let copy = move |_| {
        if let Some(input) = input.get_untracked() {
            browser::copy(input, move |is_copied| {
                // The page may have taken the form away meanwhile.
                let _ = said.try_set(Some(if is_copied { Key::Copied } else { Key::CopyByHand }));
            });
        }
    };
    let toggle = is_hidden.then(|| {
        view! {
            <button
                class="doorstep-button doorstep-quiet"
                part="button show"
                type="button"
                aria-controls=id.clone()
                aria-pressed=move || is_shown.get().to_string()
                on:click=move |_| is_shown.update(|is_shown| *is_shown = !*is_shown)
            >
                {move || text(if is_shown.get() { Key::Hide } else { Key::Show })}
            </button>
        }
    });
    view! {
        <div class="doorstep-row" part="row">
            <label class="doorstep-label" part="label" for=id.clone()>{text(label)}</label>
            <div class="doorstep-secret">
                <input
                    class="doorstep-input"
                    part="input"
                    node_ref=input
                    id=id
                    name=name
                    type=move || if is_shown.get() { "text" } else { "password" }
                    autocomplete=if is_hidden { "new-password" } else { "username" }
                    dir="ltr"
                    spellcheck="false"
                    readonly
                    prop:value=value
                />
                {toggle}
                <button class="doorstep-button doorstep-quiet" part="button copy" type="button" on:click=copy>
                    {move || text(if said.get() == Some(Key::Copied) { Key::Copied } else { Key::Copy })}
                </button>
            </div>
            <p class="doorstep-hint" role="status">
                {move || said.get().map(text)}
            </p>
        </div>
    }
}

/// The credential as files.
#[component]
fn Downloads(credential: Credential) -> impl IntoView {
    let (env, json) = (credential.as_env(), credential.as_json());
    let save = |name, media_type, content: &str| {
        if let Err(error) = browser::download(name, media_type, content) {
            browser::complain(&error);
        }
    };
    view! {
        <div class="doorstep-actions">
            <button
                class="doorstep-button"
                part="button download"
                type="button"
                on:click=move |_| save("doorstep.env", "text/plain", &env)
            >
                {text(Key::DownloadEnv)}
            </button>
            <button
                class="doorstep-button doorstep-quiet"
                part="button download"
                type="button"
                on:click=move |_| save("doorstep.json", "application/json", &json)
            >
                {text(Key::DownloadJson)}
            </button>
        </div>
    }
}
