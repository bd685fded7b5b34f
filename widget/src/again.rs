//! Sending again by itself: when the server has said after how long, and when the
//! connection is back.
//!
//! That is harmless, for the key is the same; and it is only done with what the person
//! saw go out. Who types meanwhile presses the button when they are ready.

use doorstep_widget_kit::browser;
use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use crate::{
    flow::{Flow, Trouble},
    i18n::Key,
    widget::Widget,
};

/// How often in a row. A server that sends everybody away is not asked for hours by a
/// tab that nobody looks at.
const TRIES: u32 = 5;

/// From here on minutes say as much as seconds do.
const IN_MINUTES: f64 = 120.0;

const TICK: std::time::Duration = std::time::Duration::from_secs(1);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type RelativeTimeFormat;

    // Throws on a locale that is no BCP 47 tag.
    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new(locale: &str) -> Result<RelativeTimeFormat, JsValue>;

    #[wasm_bindgen(method)]
    fn format(this: &RelativeTimeFormat, value: f64, unit: &str) -> String;
}

/// Whether a try of its own is to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again {
    /// Seconds until then; 0 while nothing is counted.
    seconds: RwSignal<f64>,
    /// Which wait it is, or 0: the clock of an earlier one does nothing.
    wait: StoredValue<u32>,
    /// How many waits there were.
    waits: StoredValue<u32>,
    /// Tries of our own since the person pressed the button.
    tries: StoredValue<u32>,
}

impl Again {
    /// Must be called inside the owner that lives as long as the form.
    pub(crate) fn new() -> Self {
        Self {
            seconds: RwSignal::new(0.0),
            wait: StoredValue::new(0),
            waits: StoredValue::new(0),
            tries: StoredValue::new(0),
        }
    }

    /// The person pressed the button, and begins anew.
    pub(crate) fn reset(self) {
        self.stop();
        self.tries.set_value(0);
    }

    /// The person typed: what goes out next is theirs to say.
    pub(crate) fn stop(self) {
        self.wait.set_value(0);
        self.seconds.set(0.0);
    }

    /// Whether what is under way was our own doing: then the focus is left alone.
    pub(crate) fn is_own_doing(self) -> bool {
        self.tries.get_value() > 0
    }

    fn begin(self) -> Option<u32> {
        let may = self.tries.get_value() < TRIES;
        may.then(|| {
            self.waits.update_value(|waits| *waits += 1);
            let wait = self.waits.get_value();
            self.wait.set_value(wait);
            wait
        })
    }
}

impl Widget {
    /// There was no answer, or none that helps: goes on by itself where it is known when.
    /// `seconds` is no number where the server does not say it.
    pub(crate) fn wait(self, seconds: f64) {
        let is_offline = self.flow.with_untracked(|it| *it == Flow::Unreachable(Trouble::Offline));
        let is_busy = self.flow.with_untracked(|it| *it == Flow::Unreachable(Trouble::Busy));
        if !(is_offline || is_busy && seconds >= 0.0) {
            return;
        }
        let Some(wait) = self.again.begin() else { return };
        if is_offline {
            self.look_for_connection(wait);
        } else {
            // A second at least, so that "now" is no loop.
            self.count_down(wait, Date::now() + seconds.max(1.0) * 1_000.0);
        }
    }

    /// By the time of day: the timers of a tab in the background are late.
    fn count_down(self, wait: u32, end: f64) {
        if self.again.wait.try_get_value() != Some(wait) {
            return;
        }
        let left = (end - Date::now()) / 1_000.0;
        if left > 0.0 {
            self.again.seconds.set(left.ceil());
            set_timeout(move || self.count_down(wait, end), TICK);
        } else {
            self.go_on();
        }
    }

    /// Asks every second, as the countdown does: a listener would have to be taken off the
    /// page again, and weighs more.
    fn look_for_connection(self, wait: u32) {
        if self.again.wait.try_get_value() != Some(wait) {
            return;
        }
        if browser::is_online() {
            self.go_on();
        } else {
            set_timeout(move || self.look_for_connection(wait), TICK);
        }
    }

    fn go_on(self) {
        self.again.stop();
        self.again.tries.update_value(|tries| *tries += 1);
        self.dispatch();
    }

    /// When the next try is, as the person's language says it: "in 12 seconds".
    pub(crate) fn next_try(self) -> String {
        let seconds = self.again.seconds.get();
        if seconds == 0.0 {
            return String::new();
        }
        let (count, unit) = if seconds < IN_MINUTES {
            (seconds, "second")
        } else {
            ((seconds / 60.0).ceil(), "minute")
        };
        let locale = self.texts(|texts| texts.locale.clone());
        let Ok(format) = RelativeTimeFormat::new(&locale) else { return String::new() };
        let when = format.format(count, unit);
        self.texts(|texts| texts.fill(Key::NextTry as u8, &[("when", &when)]))
    }
}

/// Why nothing came back.
pub(crate) fn trouble() -> Trouble {
    if browser::is_online() { Trouble::NoAnswer } else { Trouble::Offline }
}
