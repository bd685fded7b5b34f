//! Which steps a page wants, and in what order they come. Pure.

/// Something that a person is asked, on a view of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Where, and how much of it.
    Product,
    /// What it is called, and what runs in it.
    Project,
    /// What that is told.
    Settings,
    /// Nothing more: a press places the order. Where the page left all others out.
    Review,
}

/// What the page wants, by its attribute `order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    product: bool,
    project: bool,
    settings: bool,
    /// Whether the person watches the project come up.
    pub(crate) progress: bool,
}

/// The words of the attribute.
const WORDS: [&str; 4] = ["product", "project", "settings", "progress"];

impl Steps {
    /// Those that the attribute names; all of them if it is empty.
    pub(crate) fn of(asked: &str) -> Self {
        let is_asked =
            |word: &str| words(asked).next().is_none() || words(asked).any(|asked| asked == word);
        let [product, project, settings, progress] = WORDS.map(is_asked);
        Self { product, project, settings, progress }
    }

    /// Words that nobody knows.
    pub(crate) fn unknown(asked: &str) -> Vec<&str> {
        words(asked).filter(|word| !WORDS.contains(word)).collect()
    }

    /// The views of this order: settings only where the image has some, and against
    /// the page's wish where it must be told something that nobody else can know.
    pub(crate) fn shown(self, has_settings: bool, must_tell: bool) -> Vec<Step> {
        let mut shown = Vec::new();
        if self.product {
            shown.push(Step::Product);
        }
        if self.project {
            shown.push(Step::Project);
        }
        if must_tell || self.settings && has_settings {
            shown.push(Step::Settings);
        }
        if shown.is_empty() {
            shown.push(Step::Review);
        }
        shown
    }

    /// Whether all of an image's settings are asked for, or only what must be told.
    pub(crate) fn asks_all_settings(self) -> bool {
        self.settings
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Step, Steps};

    #[test]
    fn an_empty_attribute_asks_for_everything() {
        let all = Steps::of(" ");
        assert!(all.progress);
        assert_eq!(all.shown(true, false), [Step::Product, Step::Project, Step::Settings]);
        assert_eq!(all.shown(false, false), [Step::Product, Step::Project]);
    }

    #[test]
    fn each_step_can_be_left_out() {
        let shown = |asked| Steps::of(asked).shown(true, false);
        assert_eq!(shown("project, settings"), [Step::Project, Step::Settings]);
        assert_eq!(shown("settings\nproduct"), [Step::Product, Step::Settings]);
        assert_eq!(shown("progress"), [Step::Review]);
        assert!(!Steps::of("product").progress);
        assert_eq!(Steps::unknown("product prices"), ["prices"]);
    }

    #[test]
    fn what_must_be_told_is_asked_in_any_case() {
        assert_eq!(Steps::of("progress").shown(true, true), [Step::Settings]);
        assert_eq!(Steps::of("product").shown(true, true), [Step::Product, Step::Settings]);
    }
}
