//! While the project comes up.

use leptos::prelude::*;

use crate::{
    credential::CredentialButton,
    i18n::Key,
    order::Order,
    progress::{Progress, Stage},
};

const STAGES: [(Stage, Key); 3] = [
    (Stage::Waiting, Key::StageOrdered),
    (Stage::Working, Key::StageWorking),
    (Stage::Ready, Key::StageReady),
];

/// How far it is, and what is said of it.
#[component]
pub(crate) fn Watching(order: Order, progress: Progress) -> impl IntoView {
    let stages = STAGES
        .into_iter()
        .map(|(stage, key)| {
            let class = move || {
                if progress.stage.get() >= stage {
                    "doorstep-stage doorstep-reached"
                } else {
                    "doorstep-stage"
                }
            };
            let current = move || (progress.stage.get() == stage).then_some("step");
            view! {
                <li class=class part="stage" aria-current=current>
                    {order.say(key)}
                </li>
            }
        })
        .collect_view();
    let is_resumed = order.state.with_value(|state| state.is_resumed);
    let leave = if is_resumed { Key::OrderedBefore } else { Key::MayLeave };
    let said = move || {
        let said = progress.said.get();
        if !said.is_empty() {
            return said;
        }
        let is_working = progress.stage.get() == Stage::Working;
        order.say(if is_working { Key::Working } else { Key::Waiting })
    };
    view! {
        <div class="doorstep-form" part="progress" aria-busy="true">
            <h2 class="doorstep-title" part="title" tabindex="-1">
                {order.titled(Key::ProgressTitle)}
            </h2>
            <ol class="doorstep-stages">{stages}</ol>
            <p class="doorstep-said" role="status">
                {said}
            </p>
            <p class="doorstep-hint">{order.say(leave)}</p>
            <div class="doorstep-actions">
                <CredentialButton order />
            </div>
        </div>
    }
}
