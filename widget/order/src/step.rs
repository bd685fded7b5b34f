//! One step: its title, what went wrong, what is asked, and the way on.

use leptos::{either::EitherOf4, ev::SubmitEvent, prelude::*};

use crate::{
    choices::{ImageChoice, LocationChoice, ProductChoice},
    credential::CredentialButton,
    i18n::Key,
    line::Line,
    numbers,
    order::Order,
    steps::Step,
    summary::Summary,
};

/// A step, by its place among those that are shown.
#[component]
pub(crate) fn StepView(order: Order, step: Step, at: usize, count: usize) -> impl IntoView {
    let is_last = at + 1 == count;
    let title = match step {
        Step::Product => order.say(Key::ProductTitle),
        Step::Project => order.say(Key::ProjectTitle),
        Step::Settings => {
            let image = order.images().into_iter().next().unwrap_or_default();
            order.fill(Key::SettingsTitle, &[("image", &image.label)])
        }
        Step::Review => order.say(Key::ReviewTitle),
    };
    let place = if count > 1 {
        let [step, steps] = [at + 1, count].map(|number| numbers::plain(order, number));
        order.fill(Key::StepOf, &[("step", &step), ("steps", &steps)])
    } else {
        String::new()
    };
    let asked = match step {
        Step::Product => EitherOf4::A(view! {
            <LocationChoice order />
            <ProductChoice order />
        }),
        Step::Project => EitherOf4::B(view! {
            <Line order question=order.name scope="project" />
            <ImageChoice order />
        }),
        Step::Settings => EitherOf4::C(settings(order)),
        Step::Review => EitherOf4::D(()),
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        order.submit(at);
    };
    let says = move || {
        let key = match (is_last, order.is_sending.get()) {
            (_, true) => Key::Placing,
            (true, false) => Key::Place,
            (false, false) => Key::Continue,
        };
        order.say(key)
    };
    let announces = move || if order.is_sending.get() { says() } else { String::new() };
    let digest = if is_last { order.digest() } else { Default::default() };
    let [price, product, location] = digest;
    view! {
        <form
            class="doorstep-form"
            part="form"
            novalidate
            aria-labelledby=order.id("title")
            aria-describedby=order.id("place")
            aria-busy=move || order.sending("true")
            on:submit=send
        >
            <p class="doorstep-place" id=order.id("place")>
                {place}
            </p>
            <h2 class="doorstep-title" part="title" id=order.id("title") tabindex="-1">
                {title}
            </h2>
            <Summary order again=move || order.place() />
            <div class="doorstep-rows">{asked}</div>
            // What a press will order, where the press is.
            <p class="doorstep-digest" part="digest">
                <bdi>{product}</bdi>
                <bdi>{location}</bdi>
                <bdi class="doorstep-price">{price}</bdi>
            </p>
            <div class="doorstep-actions doorstep-ways">
                <button
                    class="doorstep-button"
                    part="button submit"
                    type="submit"
                    // Not `disabled`, which would throw the focus away.
                    aria-disabled=move || order.sending("true")
                >
                    {says}
                </button>
                <button
                    class="doorstep-button doorstep-quiet"
                    part="button back"
                    type="button"
                    hidden=(at == 0).then_some("")
                    on:click=move |_| order.go_back()
                >
                    {order.say(Key::Back)}
                </button>
                <CredentialButton order />
            </div>
            <p class="doorstep-unseen" role="status">{announces}</p>
        </form>
    }
}

/// What each image is told; with its name above, where there are several.
fn settings(order: Order) -> impl IntoView {
    let asked: Vec<_> =
        order.questions().into_iter().filter(|(_, asked)| !asked.is_empty()).collect();
    let is_alone = asked.len() == 1;
    asked
        .into_iter()
        .map(|(image, asked)| {
            let lines = asked
                .into_iter()
                .map(|question| view! { <Line order question scope=image.id.clone() /> })
                .collect_view();
            view! {
                <fieldset class="doorstep-group doorstep-rows">
                    <legend class=if is_alone { "doorstep-unseen" } else { "doorstep-label" }>
                        {image.label.clone()}
                    </legend>
                    {lines}
                </fieldset>
            }
        })
        .collect_view()
}
