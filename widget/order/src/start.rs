//! Below the credential: whether the person wants a project now.

use doorstep_widget_kit::{browser, problem::Problem};
use leptos::{ev::SubmitEvent, prelude::*, task};

use crate::{
    i18n::Key,
    line::Line,
    offer::Offer,
    order::{Order, SUMMARY, Trouble},
    summary::Summary,
};

impl Order {
    /// Asks whether the person wants a project. Nothing is asked of the server before they
    /// say so: with the first use of the password the server forgets it, and a page that
    /// is loaded again could not show it any more.
    pub(crate) fn open(self) {
        if !self.is_locked() || self.has_begun() {
            self.draw(move || view! { <Start order=self /> }, false);
        }
    }

    /// The person wants a project.
    pub(crate) fn begin(self) {
        if self.is_sending.get_untracked() {
            return;
        }
        if self.is_locked() {
            if !self.api_password.check() {
                self.mark(1, Vec::new());
                return;
            }
            let password = self.api_password.answer.get_untracked();
            self.state.update_value(|state| state.client.authorize(&state.username, &password));
        }
        self.trouble.set(Trouble::None);
        self.is_sending.set(true);
        task::spawn_local(async move {
            let offer = self.client().offer().await;
            if self.is_gone() {
                return;
            }
            match offer {
                Ok(offer) => self.enter(offer).await,
                Err(refusal) => {
                    self.is_sending.set(false);
                    self.turn_away(refusal);
                }
            }
        });
    }

    /// Goes to the first step, or on with the order that is on its way already.
    async fn enter(self, offer: Offer) {
        let is_empty = offer.places().next().is_none();
        self.state.update_value(|state| {
            state.offer = Some(offer);
            state.is_locked = false;
        });
        let is_resumed = self.resume().await;
        if self.is_gone() {
            return;
        }
        self.is_sending.set(false);
        if is_resumed {
            return;
        }
        if is_empty {
            browser::warn("Doorstep: there is nothing to order. Has a catalogue been imported?");
            self.trouble.set(Trouble::Nothing);
            self.focus_soon(SUMMARY);
            return;
        }
        self.note_begun();
        self.show_credential(false);
        self.settle();
        self.go(0);
    }

    fn turn_away(self, refusal: Option<Problem>) {
        if self.is_locked() && refusal.as_ref().is_some_and(|problem| problem.status == 401) {
            self.api_password.fault.set("wrong_password".to_owned());
            self.mark(1, Vec::new());
        } else {
            self.refuse(refusal);
        }
    }

    fn is_locked(self) -> bool {
        self.state.with_value(|state| state.is_locked)
    }
}

/// The credential stays where it is until the person goes on.
#[component]
pub(crate) fn Start(order: Order) -> impl IntoView {
    let is_locked = order.is_locked();
    let [title, lead, button] = if is_locked {
        [Key::UnlockTitle, Key::UnlockLead, Key::Continue]
    } else {
        [Key::NextTitle, Key::NextLead, Key::Start]
    };
    let asked = is_locked.then(|| view! { <Line order question=order.api_password scope="api" /> });
    let begin = move |event: SubmitEvent| {
        event.prevent_default();
        order.begin();
    };
    view! {
        <form
            class="doorstep-form"
            part="next"
            novalidate
            aria-labelledby=order.id("title")
            aria-busy=move || order.sending("true")
            on:submit=begin
        >
            <h2 class="doorstep-title" part="title" id=order.id("title") tabindex="-1">
                {order.say(title)}
            </h2>
            <p class="doorstep-once doorstep-mild">{order.say(lead)}</p>
            <Summary order again=move || order.begin() />
            {asked.into_iter().collect_view()}
            <div class="doorstep-actions">
                <button
                    class="doorstep-button"
                    part="button start"
                    type="submit"
                    aria-disabled=move || order.sending("true")
                >
                    {order.say(button)}
                </button>
            </div>
        </form>
    }
}
