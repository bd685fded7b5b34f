//! What is chosen rather than said: the place, the size, what runs.

use leptos::prelude::*;

use crate::{i18n::Key, numbers, order::Order};

/// Where the project will be. Nothing is asked where there is one place.
#[component]
pub(crate) fn LocationChoice(order: Order) -> impl IntoView {
    let places = order.with_offer(|offer| {
        offer.places().map(|it| (it.id.clone(), it.name.clone())).collect::<Vec<_>>()
    });
    let change = move |event| {
        order.location.set(event_target_value(&event));
        order.draw_again();
    };
    view! {
        <List order name="location_id" label=Key::Location of=places chosen=order.location change />
    }
}

/// What runs in the project. Nothing is asked where there is one image.
#[component]
pub(crate) fn ImageChoice(order: Order) -> impl IntoView {
    let product = order.chosen().unwrap_or_default();
    let images = order.with_offer(|offer| {
        let images = offer.images_for(&product);
        images.map(|it| (it.id.clone(), it.label.clone())).collect::<Vec<_>>()
    });
    let change = move |event| {
        order.image.set(event_target_value(&event));
        // It may have settings where the last had none.
        order.draw_again();
    };
    view! { <List order name="image_id" label=Key::Image of=images chosen=order.image change /> }
}

/// The platform's own list: the fastest to use on every device.
#[component]
fn List(
    order: Order,
    name: &'static str,
    label: Key,
    /// Each id with its name.
    of: Vec<(String, String)>,
    chosen: RwSignal<String>,
    change: impl Fn(leptos::ev::Event) + 'static,
) -> impl IntoView {
    let hidden = (of.len() < 2).then_some("");
    let chosen = chosen.get_untracked();
    let options = of
        .into_iter()
        .map(|(id, name)| {
            let is_chosen = id == chosen;
            view! {
                <option value=id selected=is_chosen>
                    {name}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="doorstep-row" part="row" hidden=hidden>
            <label class="doorstep-label" part="label" for=order.id(name)>
                {order.say(label)}
            </label>
            <span class="doorstep-select">
                <select
                    class="doorstep-input"
                    part="input"
                    id=order.id(name)
                    name=name
                    disabled=move || order.sending("")
                    on:change=change
                >
                    {options}
                </select>
            </span>
        </div>
    }
}

/// The sizes, side by side: what one compares stands at the same place in each.
#[component]
pub(crate) fn ProductChoice(order: Order) -> impl IntoView {
    let location = order.location.get_untracked();
    let chosen = order.product.get_untracked();
    let products =
        order.with_offer(|offer| offer.products_at(&location).cloned().collect::<Vec<_>>());
    let cards = products
        .into_iter()
        .map(|product| {
            let is_chosen = product.id == chosen;
            let price = numbers::price(order, &product);
            let specs = numbers::specs(order, &product)
                .map(|spec| view! { <span>{spec}</span> })
                .into_iter()
                .collect_view();
            let choose = move |event| {
                order.product.set(event_target_value(&event));
                // What runs may want more.
                order.settle();
            };
            view! {
                <label class="doorstep-choice" part="choice">
                    <input
                        class="doorstep-radio"
                        type="radio"
                        name="product_id"
                        value=product.id.clone()
                        checked=is_chosen
                        on:change=choose
                    />
                    <bdi class="doorstep-choice-name">{product.name.clone()}</bdi>
                    <bdi class="doorstep-price">{price}</bdi>
                    <span class="doorstep-specs">{specs}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="doorstep-group doorstep-choices">
            <legend class="doorstep-unseen">{order.say(Key::Product)}</legend>
            {cards}
        </fieldset>
    }
}
