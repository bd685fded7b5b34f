//! The form: a loop over the fields. No field is named here.

use doorstep_wire::session::TOKEN_PREFIX;
use leptos::prelude::*;

use crate::{i18n::Key, row::Row, settings, summary::Summary, widget::Widget};

/// Title, what went wrong, the fields, the button.
#[component]
pub(crate) fn Form(widget: Widget) -> impl IntoView {
    let settings = widget.settings();
    let named = settings.provider_username;
    let user = StoredValue::new(named);
    let username =
        move || user.with_value(|named| widget.person.with(|it| or(named, &it.username)));
    let server = move || widget.person.with(|it| or(&settings.provider_server, &it.server));
    let [brand, logo] = widget.brand();
    let is_nobodys = brand.is_empty() && logo.is_empty();
    // A sign-up token says for whom the form is: the line is there before it has.
    let is_bound = settings.token.starts_with(TOKEN_PREFIX);
    let rows = settings::place(&widget.fields())
        .into_iter()
        .map(|placed| view! { <Row widget placed /> })
        .collect_view();
    let says = move || widget.say(if widget.is_sending() { Key::Sending } else { Key::Send });
    let announces = move || if widget.is_sending() { says() } else { String::new() };
    view! {
        <form
            class="doorstep-form"
            part="form"
            novalidate
            aria-labelledby=widget.id("title")
            aria-busy=move || widget.sending("true")
        >
            <p class="doorstep-brand" part="brand" hidden=hidden(is_nobodys)>
                <img
                    class="doorstep-logo"
                    part="logo"
                    alt=""
                    src=(!logo.is_empty()).then_some(logo)
                />
                <bdi>{brand}</bdi>
            </p>
            <h2 class="doorstep-title" part="title" id=widget.id("title")>
                {widget.say(Key::Title)}
            </h2>
            // For whom the account will be: the person sees that the panel got it right.
            <p class="doorstep-lead" part="lead" hidden=move || hidden(!is_bound && username().is_empty())>
                <bdi class="doorstep-user">{username}</bdi>
                <bdi>{server}</bdi>
            </p>
            <Summary widget />
            <div class="doorstep-rows">{rows}</div>
            <button
                class="doorstep-button"
                part="button submit"
                type="submit"
                // Not `disabled`, which would throw the focus away.
                aria-disabled=move || widget.sending("true")
            >
                {says}
            </button>
            <p class="doorstep-unseen" role="status">{announces}</p>
        </form>
    }
}

/// The attribute's value: there, or not.
pub(crate) fn hidden(is_hidden: bool) -> Option<&'static str> {
    is_hidden.then_some("")
}

/// What the host says, else what the token says.
fn or(host: &str, token: &str) -> String {
    if host.is_empty() { token.to_owned() } else { host.to_owned() }
}
