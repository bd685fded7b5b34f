//! The order is sent, and what the server says to it.

use doorstep_widget_kit::{
    attempt::Attempt,
    browser,
    fetch::Answer,
    object::{get, text},
    problem::{Problem, problem},
};
use doorstep_wire::Code;
use leptos::{prelude::*, task};

use crate::{
    body::{Container, Draft, Param},
    i18n,
    offer::Image,
    order::{FAULT, Order, SUMMARY, Trouble, after_this},
    question::Question,
    steps::Step,
};

impl Order {
    /// The person goes on. At the last step that places the order.
    pub(crate) fn submit(self, at: usize) {
        if self.is_sending.get_untracked() {
            return;
        }
        let steps = self.steps();
        let step = steps.get(at).copied().unwrap_or(Step::Review);
        let asked: Vec<Question> = match step {
            Step::Project => vec![self.name],
            Step::Settings => self.questions().into_iter().flat_map(|(_, asked)| asked).collect(),
            Step::Product | Step::Review => Vec::new(),
        };
        // All of them, so that all that is wrong is said at once.
        let wrong = asked.into_iter().map(|it| u8::from(!it.check())).fold(0, u8::saturating_add);
        if wrong > 0 {
            self.mark(wrong, Vec::new());
        } else if at + 1 < steps.len() {
            self.go(at + 1);
        } else {
            self.place();
        }
    }

    /// Sends the order.
    pub(crate) fn place(self) {
        let questions = self.questions();
        let draft = Draft {
            project_name: self.project_name(),
            location: self.location.get_untracked(),
            product: self.product.get_untracked(),
            containers: questions.iter().map(|(image, asked)| container(image, asked)).collect(),
        };
        let (last, note) =
            self.state.with_value(|state| (state.attempt.clone(), browser::recall(&state.note)));
        let open = draft.open_body();
        let attempt = Attempt::of(last, &note, draft.body(), &open, browser::chance);
        self.state.update_value(|state| {
            browser::keep(&state.note, &attempt.note());
            state.attempt = Some(attempt.clone());
        });
        self.trouble.set(Trouble::None);
        self.is_sending.set(true);
        let client = self.client();
        task::spawn_local(async move {
            let answer = client.place(&attempt.key, &attempt.body).await;
            if self.is_gone() {
                return;
            }
            self.is_sending.set(false);
            self.receive(answer, attempt.is_recalled);
        });
    }

    fn receive(self, answer: Option<Answer>, is_recalled: bool) {
        if let Some(answer) = &answer
            && answer.is_ok()
        {
            let order = get(&answer.document, "order");
            self.follow(text(&order, "id"), &text(&order, "status"));
            return;
        }
        let refusal = answer.and_then(|it| problem(it.status, &it.document));
        if let Some(problem) = &refusal
            && problem.code == Code::IdempotencyKeyReused.name()
            && is_recalled
        {
            // From before the page was loaded again, with another password in it.
            self.is_sending.set(true);
            task::spawn_local(async move {
                let is_found = self.resume_same().await;
                if self.is_gone() {
                    return;
                }
                self.is_sending.set(false);
                if !is_found {
                    self.refuse(None);
                }
            });
            return;
        }
        self.refuse(refusal);
    }

    /// Says why it is a no.
    pub(crate) fn refuse(self, refusal: Option<Problem>) {
        let host = self.host();
        let Some(problem) = refusal else {
            self.trouble.set(Trouble::NoAnswer);
            self.focus_soon(SUMMARY);
            host.tell_error("unreachable", []);
            return;
        };
        let passes = problem.status == 429 || problem.status >= 500;
        if problem.faults.is_empty() || passes {
            self.trouble.set(if passes {
                Trouble::Busy
            } else {
                Trouble::Refused(problem.detail.clone())
            });
            self.focus_soon(SUMMARY);
        } else {
            self.blame(&problem);
        }
        let fields = problem.faults.iter().map(|it| it.field.as_str());
        host.tell_error(&problem.code, fields);
    }

    /// Says what is wrong where it was answered, and leads the person there.
    fn blame(self, problem: &Problem) {
        let (steps, questions) = (self.steps(), self.questions());
        let (mut marked, mut elsewhere) = (0_u8, Vec::new());
        let mut first: Option<usize> = None;
        for fault in &problem.faults {
            let (step, question) = match param(&fault.pointer) {
                _ if fault.pointer == "/order/project_name" => (Step::Project, Some(self.name)),
                Some((container, param)) => {
                    let asked = questions.get(container).and_then(|(_, asked)| asked.get(param));
                    (Step::Settings, asked.copied())
                }
                None => (Step::Review, None),
            };
            let at = steps.iter().position(|it| *it == step);
            match (at, question) {
                (Some(at), Some(question)) => {
                    let is_known = i18n::is_known(&fault.code);
                    let what = if is_known { &fault.code } else { &fault.sentence };
                    question.fault.set(what.clone());
                    marked = marked.saturating_add(1);
                    first = Some(first.map_or(at, |first| first.min(at)));
                }
                _ => elsewhere.push(fault.sentence.clone()),
            }
        }
        match first {
            Some(at) if self.state.with_value(|state| state.at != at) => {
                self.go(at);
                after_this(move || self.mark(marked, elsewhere));
            }
            Some(_) => self.mark(marked, elsewhere),
            None => {
                self.trouble.set(Trouble::Refused(elsewhere.join("\n")));
                self.focus_soon(SUMMARY);
            }
        }
    }

    /// Says that fields are marked, and leads the person to the first.
    pub(crate) fn mark(self, marked: u8, elsewhere: Vec<String>) {
        if !self.is_gone() {
            self.trouble.set(Trouble::Faults { marked, elsewhere });
            self.focus_soon(FAULT);
        }
    }

    /// The next order is another one, even if it says the same.
    pub(crate) fn forget_attempt(self) {
        self.state.update_value(|state| {
            browser::keep(&state.note, "");
            state.attempt = None;
        });
        self.note_begun();
    }
}

fn container(image: &Image, asked: &[Question]) -> Container {
    let param = |it: &Question| {
        it.asks.with_value(|asks| Param {
            key: asks.name.clone(),
            value: it.answer.get_untracked(),
            is_secret: asks.is_secret,
        })
    };
    Container { image: image.id.clone(), params: asked.iter().map(param).collect() }
}

/// Which parameter of which container a fault is about.
fn param(pointer: &str) -> Option<(usize, usize)> {
    let segments: Vec<&str> = pointer.split('/').collect();
    match segments[..] {
        ["", "order", "containers", container, "params", param, ..] => {
            Some((container.parse().ok()?, param.parse().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::param;

    #[test]
    fn a_pointer_leads_to_the_parameter() {
        assert_eq!(param("/order/containers/1/params/12/value"), Some((1, 12)));
        for other in
            ["/order/containers/1/params", "/order/containers/x/params/1", "/order/params/1"]
        {
            assert_eq!(param(other), None, "{other}");
        }
    }
}
