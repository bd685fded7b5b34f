//! The form: a loop over the fields. No field is named here.

use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    i18n::{Key, text},
    row::Row,
    settings::{self, Settings},
    summary::Summary,
    widget::Widget,
};

/// Title, what went wrong, the fields, the button.
#[component]
pub(crate) fn Form(widget: Widget) -> impl IntoView {
    // The fields change only when the host asks for others; a new token must not
    // draw them anew.
    let fields = Memo::new(move |_| widget.settings.with(|settings| settings.fields.clone()));
    let rows = move || {
        let fields = fields.get();
        let shown = Settings { fields, ..Settings::default() }.shown();
        settings::place(&shown)
            .into_iter()
            .map(|placed| view! { <Row widget placed /> })
            .collect_view()
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        widget.send();
    };
    view! {
        <form
            class="doorstep-form"
            part="form"
            novalidate
            aria-labelledby=widget.id("title")
            aria-busy=move || widget.is_sending().to_string()
            on:submit=send
            on:pointerdown=move |_| widget.press()
            on:pointerup=move |_| widget.release()
            on:pointercancel=move |_| widget.release()
            on:pointerleave=move |_| widget.release()
        >
            <h2 class="doorstep-title" part="title" id=widget.id("title")>{text(Key::Title)}</h2>
            <ForWhom widget />
            <Summary widget />
            <div class="doorstep-rows">{rows}</div>
            <button
                class="doorstep-button"
                part="button submit"
                type="submit"
                // Not `disabled`, which would throw the focus away.
                aria-disabled=move || widget.is_sending().then_some("true")
            >
                {move || text(if widget.is_sending() { Key::Sending } else { Key::Send })}
            </button>
            <p class="doorstep-unseen" role="status">
                {move || widget.is_sending().then(|| text(Key::Sending))}
            </p>
        </form>
    }
}

/// Which user of which server will have the account: the person can see that the
/// panel got it right.
#[component]
fn ForWhom(widget: Widget) -> impl IntoView {
    move || {
        let (username, server) = widget.settings.with(|settings| {
            (settings.provider_username.clone(), settings.provider_server.clone())
        });
        (!username.is_empty()).then(|| {
            view! {
                <p class="doorstep-lead" part="lead">
                    <bdi class="doorstep-user">{username}</bdi>
                    <bdi>{server}</bdi>
                </p>
            }
        })
    }
}
