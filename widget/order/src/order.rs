//! One order on a page: its state, and what moves it.

use std::{
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use doorstep_widget_kit::{
    attempt::Attempt, browser, host::Host, object::text, screen::Screen, texts::Texts,
};
use leptos::{prelude::*, task};
use wasm_bindgen::JsValue;

use crate::{
    client::{AbortController, Client},
    i18n::Key,
    offer::{Image, Offer, Product, Setting},
    question::{Asks, NAME_LENGTH, Question, VALUE_LENGTH},
    step::StepView,
    steps::{Step, Steps},
};

pub(crate) const FAULT: &str = "[aria-invalid=true]";
pub(crate) const SUMMARY: &str = ".doorstep-summary";
pub(crate) const TITLE: &str = ".doorstep-title";

/// The class of the place above us while it holds back the credential.
const KEPT: &str = "doorstep-kept";

/// Tells apart the orders of one page: ids must not collide in a document.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The state of one order. A handful of handles, copied freely; the owner that made
/// them frees what they stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    id: u32,
    pub(crate) trouble: RwSignal<Trouble>,
    pub(crate) is_sending: RwSignal<bool>,
    /// Whether the person wants to see the credential beside.
    pub(crate) shows_credential: RwSignal<bool>,
    pub(crate) location: RwSignal<String>,
    pub(crate) product: RwSignal<String>,
    pub(crate) image: RwSignal<String>,
    pub(crate) name: Question,
    pub(crate) api_password: Question,
    /// What no view follows.
    pub(crate) state: StoredValue<State, LocalStorage>,
}

/// What went wrong, on top of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// Nothing came back.
    NoAnswer,
    /// It passes.
    Busy,
    /// Fields are marked; more that belongs to none, a sentence a line.
    Faults {
        marked: u8,
        elsewhere: Vec<String>,
    },
    /// There is nothing to order.
    Nothing,
    /// Why the server says no.
    Refused(String),
}

pub(crate) struct State {
    pub(crate) client: Client,
    pub(crate) username: String,
    /// Whether the person must say the password, which the page no longer has.
    pub(crate) is_locked: bool,
    texts: Texts,
    pub(crate) steps: Steps,
    pub(crate) offer: Option<Offer>,
    /// What images are told: all that was ever asked, by image.
    asked: Vec<(String, Question)>,
    pub(crate) at: usize,
    pub(crate) attempt: Option<Attempt>,
    /// Where the key is kept in the tab.
    pub(crate) note: String,
    /// Whether the order is from before the page was loaded again.
    pub(crate) is_resumed: bool,
    pub(crate) watched: Option<AbortController>,
    pub(crate) host: Host,
    screen: Screen,
    /// Draws again what is there.
    view: Rc<dyn Fn()>,
}

impl Order {
    /// Must be called inside the owner that lives as long as the steps.
    pub(crate) fn new(
        host: Host,
        screen: Screen,
        options: &JsValue,
        username: &str,
        password: &str,
    ) -> Self {
        let text = |name| text(options, name);
        let asked = text("order");
        for word in Steps::unknown(&asked) {
            browser::warn(
                &("Doorstep: the attribute order names a step that nobody knows: ".to_owned()
                    + word),
            );
        }
        let texts = Texts::of(options);
        let name = Asks {
            name: "project_name".to_owned(),
            label: texts.say(Key::ProjectName as u8),
            is_required: true,
            is_secret: false,
            longest: NAME_LENGTH,
            // Nobody has answered this before.
            autocomplete: "off",
        };
        let api_password = Asks {
            name: "api_password".to_owned(),
            label: texts.say(Key::ApiPassword as u8),
            is_required: true,
            is_secret: true,
            longest: VALUE_LENGTH,
            autocomplete: "current-password",
        };
        let state = State {
            client: Client::new(options, username, password),
            username: username.to_owned(),
            is_locked: password.is_empty(),
            texts,
            steps: Steps::of(&asked),
            offer: None,
            asked: Vec::new(),
            at: 0,
            attempt: None,
            note: "doorstep-order-".to_owned() + username,
            is_resumed: false,
            watched: None,
            host,
            screen,
            view: Rc::new(|| ()),
        };
        Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            trouble: RwSignal::new(Trouble::None),
            is_sending: RwSignal::new(false),
            shows_credential: RwSignal::new(true),
            location: RwSignal::new(text("orderLocation")),
            product: RwSignal::new(text("orderProduct")),
            image: RwSignal::new(text("orderImage")),
            name: Question::new(name, text("orderName")),
            api_password: Question::new(api_password, String::new()),
            state: StoredValue::new_local(state),
        }
    }

    /// An id that no other order of the page has.
    pub(crate) fn id(self, part: &str) -> String {
        "doorstep-order-".to_owned() + &self.id.to_string() + "-" + part
    }

    pub(crate) fn client(self) -> Client {
        self.state.with_value(|state| state.client.clone())
    }

    pub(crate) fn host(self) -> Host {
        self.state.with_value(|state| state.host.clone())
    }

    /// What the steps say.
    pub(crate) fn texts<T>(self, look: impl FnOnce(&Texts) -> T) -> T {
        self.state.with_value(|state| look(&state.texts))
    }

    pub(crate) fn locale(self) -> String {
        self.texts(|texts| texts.locale.clone())
    }

    /// Goes on in another language, if it is one.
    pub(crate) fn update(self, options: &JsValue) {
        let texts = Texts::of(options);
        let is_same = |last: &Texts| last.language == texts.language && last.locale == texts.locale;
        if self.texts(is_same) {
            return;
        }
        self.state.update_value(|state| state.texts = texts);
        for (question, key) in
            [(self.name, Key::ProjectName), (self.api_password, Key::ApiPassword)]
        {
            let label = self.say(key);
            question.asks.update_value(|asks| asks.label = label);
        }
        let (host, view) = self.state.with_value(|state| (state.host.clone(), state.view.clone()));
        host.keep_focus(|| view());
    }

    /// Whether the page has taken us away.
    pub(crate) fn is_gone(self) -> bool {
        self.trouble.is_disposed()
    }

    /// An attribute's value while the order is on its way.
    pub(crate) fn sending(self, value: &'static str) -> Option<&'static str> {
        self.is_sending.get().then_some(value)
    }

    /// Looks at what is offered.
    pub(crate) fn with_offer<T>(self, look: impl FnOnce(&Offer) -> T) -> T {
        self.state.with_value(|state| look(state.offer.as_ref().unwrap_or(&Offer::default())))
    }

    /// The size that is chosen.
    pub(crate) fn chosen(self) -> Option<Rc<Product>> {
        let id = self.product.get_untracked();
        self.with_offer(|offer| offer.products.iter().find(|it| it.id == id).cloned())
    }

    /// What is chosen to run, and all that it needs.
    pub(crate) fn images(self) -> Vec<Rc<Image>> {
        let id = self.image.get_untracked();
        self.with_offer(|offer| {
            let image = offer.images.iter().find(|it| it.id == id);
            image.and_then(|image| offer.containers(image)).unwrap_or_default()
        })
    }

    /// What the project is called.
    pub(crate) fn project_name(self) -> String {
        let name = self.name.answer.with_untracked(|name| name.trim().to_owned());
        if name.is_empty() { self.say(Key::DefaultName) } else { name }
    }

    /// Takes what there is in place of what there is not: after another choice, or where
    /// the page named something that is gone.
    pub(crate) fn settle(self) {
        let wanted = [self.location, self.product, self.image].map(|it| it.get_untracked());
        let [location, product, image] = self.with_offer(|offer| offer.nearest(&wanted));
        for (signal, value) in
            [(self.location, location), (self.product, product), (self.image, image)]
        {
            if signal.with_untracked(|last| *last != value) {
                signal.set(value);
            }
        }
    }

    /// What each container is told, as far as the person is asked for it.
    pub(crate) fn questions(self) -> Vec<(Rc<Image>, Vec<Question>)> {
        let asks_all = self.state.with_value(|state| state.steps.asks_all_settings());
        let ask = |image: Rc<Image>| {
            let settings = image.settings.iter();
            let asked = settings
                .filter(|it| asks_all || it.must_be_told())
                .map(|it| self.question(&image, it))
                .collect();
            (image, asked)
        };
        self.images().into_iter().map(ask).collect()
    }

    fn question(self, image: &Image, setting: &Setting) -> Question {
        let found = self.state.with_value(|state| {
            let is_it = |(of, it): &&(String, Question)| {
                *of == image.id && it.asks.with_value(|asks| asks.name == setting.name)
            };
            state.asked.iter().find(is_it).map(|(_, it)| *it)
        });
        found.unwrap_or_else(|| {
            let asks = Asks {
                is_required: setting.must_be_told(),
                name: setting.name.clone(),
                label: setting.label.clone(),
                is_secret: setting.is_secret,
                longest: VALUE_LENGTH,
                autocomplete: if setting.is_secret { "new-password" } else { "off" },
            };
            let screen = self.state.with_value(|state| state.screen.clone());
            let question = screen.own(|| Question::new(asks, setting.value.clone()));
            self.state.update_value(|state| state.asked.push((image.id.clone(), question)));
            question
        })
    }

    /// The views of this order.
    pub(crate) fn steps(self) -> Vec<Step> {
        let images = self.images();
        let settings = || images.iter().flat_map(|it| &it.settings);
        let must_tell = settings().any(Setting::must_be_told);
        let steps = self.state.with_value(|state| state.steps);
        steps.shown(settings().next().is_some(), must_tell)
    }

    /// Draws a step, by its place among those that are shown.
    pub(crate) fn go(self, at: usize) {
        self.state.update_value(|state| state.at = at);
        self.trouble.set(Trouble::None);
        self.show(self.keep_step(at), true);
    }

    /// One step back.
    pub(crate) fn go_back(self) {
        if !self.is_sending.get_untracked() {
            self.go(self.state.with_value(|state| state.at).saturating_sub(1));
        }
    }

    /// To the first step: whatever it was that failed, it is on the way from there, and
    /// nothing that was answered is lost.
    pub(crate) fn change(self) {
        if !self.is_sending.get_untracked() {
            self.state.update_value(|state| state.is_resumed = false);
            self.settle();
            self.go(0);
        }
    }

    fn keep_step(self, at: usize) -> Rc<dyn Fn()> {
        let steps = self.steps();
        let step = steps.get(at).copied().unwrap_or(Step::Review);
        let count = steps.len();
        self.keep(move || view! { <StepView order=self step at count /> })
    }

    /// Draws the step anew: another choice changed what there is to choose.
    pub(crate) fn draw_again(self) {
        self.settle();
        let at = self.state.with_value(|state| state.at);
        let (host, view) = (self.host(), self.keep_step(at));
        after_this(move || {
            if !self.is_gone() {
                host.keep_focus(|| view());
            }
        });
    }

    /// Remembers how to draw a view.
    fn keep<V: IntoView + 'static>(self, view: impl Fn() -> V + 'static) -> Rc<dyn Fn()> {
        let screen = self.state.with_value(|state| state.screen.clone());
        let view = Rc::new(view);
        let draws: Rc<dyn Fn()> = Rc::new(move || {
            let view = Rc::clone(&view);
            screen.draw(move || view());
        });
        self.state.update_value(|state| state.view = Rc::clone(&draws));
        draws
    }

    /// Draws a view, and leads the person to it if that is asked, or if it takes the
    /// place of where they are.
    pub(crate) fn draw<V: IntoView + 'static>(self, view: impl Fn() -> V + 'static, focuses: bool) {
        self.show(self.keep(view), focuses);
    }

    fn show(self, view: Rc<dyn Fn()>, focuses: bool) {
        let host = self.host();
        // The view that asks for another is still at work.
        after_this(move || {
            if self.is_gone() {
                return;
            }
            let is_here = host.root.query_selector(":focus").is_ok_and(|it| it.is_some());
            view();
            if focuses || is_here {
                host.focus(TITLE);
            }
        });
    }

    /// Puts the credential away, or shows it again. It is never gone.
    pub(crate) fn show_credential(self, is_shown: bool) {
        self.shows_credential.set(is_shown);
        let Some(place) = self.host().root.parent_element() else { return };
        let classes = place.class_list();
        // A list of classes takes any word.
        let _ = if is_shown { classes.remove_1(KEPT) } else { classes.add_1(KEPT) };
    }

    /// Moves the focus after the view has followed the state.
    pub(crate) fn focus_soon(self, selector: &'static str) {
        let host = self.host();
        task::spawn_local(async move {
            task::tick().await;
            host.focus(selector);
        });
    }

    /// What is about to be ordered, in one line.
    pub(crate) fn digest(self) -> [String; 3] {
        let location = self.location.get_untracked();
        let place = self.with_offer(|offer| {
            let place = offer.locations.iter().find(|it| it.id == location);
            place.map(|it| it.name.clone()).unwrap_or_default()
        });
        let product = self.chosen().unwrap_or_default();
        [crate::numbers::price(self, &product), product.name.clone(), place]
    }

    /// A title with the project's name in it.
    pub(crate) fn titled(self, key: Key) -> String {
        self.fill(key, &[("project", &self.project_name())])
    }
}

/// Once this event has been dealt with.
pub(crate) fn after_this(then: impl FnOnce() + 'static) {
    set_timeout(then, Duration::ZERO);
}
