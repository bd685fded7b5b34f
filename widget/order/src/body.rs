//! What is sent: a `doorstep_wire::onboarding::NewOrder`.

/// An order, ready to be sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) project_name: String,
    pub(crate) location: String,
    pub(crate) product: String,
    pub(crate) containers: Vec<Container>,
}

/// Something that runs in the project.
#[derive(Debug, Clone, Default)]
pub(crate) struct Container {
    pub(crate) image: String,
    pub(crate) params: Vec<Param>,
}

/// What it is told.
#[derive(Clone, Default)]
pub(crate) struct Param {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) is_secret: bool,
}

/// The value can be a password.
impl std::fmt::Debug for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Param").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Draft {
    /// The request's body.
    pub(crate) fn body(&self) -> String {
        self.written(true)
    }

    /// The same without what is secret: for what is kept in the tab, of which nobody
    /// shall be able to guess a password, with however many tries.
    pub(crate) fn open_body(&self) -> String {
        self.written(false)
    }

    fn written(&self, with_secrets: bool) -> String {
        let param = |it: &Param| {
            let value = if with_secrets || !it.is_secret { it.value.as_str() } else { "" };
            ["{\"key\":", &quoted(&it.key), ",\"value\":", &quoted(value), "}"].concat()
        };
        let container = |it: &Container| {
            [
                "{\"image_id\":",
                number(&it.image),
                ",\"resources\":{\"product_id\":",
                number(&self.product),
                "},\"params\":[",
                &it.params.iter().map(param).collect::<Vec<_>>().join(","),
                "]}",
            ]
            .concat()
        };
        [
            "{\"order\":{\"project_name\":",
            &quoted(&self.project_name),
            ",\"location_id\":",
            number(&self.location),
            ",\"containers\":[",
            &self.containers.iter().map(container).collect::<Vec<_>>().join(","),
            "]}}",
        ]
        .concat()
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    // Texts always have a JSON form; the error's own text would be dead weight.
    serde_json::to_string(text).unwrap_or_default()
}

/// A number that the server gave us, as it was written. Were it something else, the
/// server would say so.
fn number(id: &str) -> &str {
    let is_number = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit());
    if is_number { id } else { "null" }
}

#[cfg(test)]
mod tests {
    use doorstep_wire::onboarding::NewOrder;

    use super::{Container, Draft, Param};

    #[test]
    fn the_body_is_the_documented_one() {
        let param = |key: &str, value: &str, is_secret| Param {
            key: key.to_owned(),
            value: value.to_owned(),
            is_secret,
        };
        let draft = Draft {
            project_name: "Ada's \"site\"".to_owned(),
            location: "1".to_owned(),
            product: "7".to_owned(),
            containers: vec![Container {
                image: "3".to_owned(),
                params: vec![param("title", "T", false), param("password", "hunter2", true)],
            }],
        };
        let sent: NewOrder = serde_json::from_str(&draft.body()).unwrap();
        assert_eq!(sent.order.project_name, "Ada's \"site\"");
        let container = &sent.order.containers[0];
        assert_eq!((container.image_id, container.resources.product_id), (Some(3), 7));
        assert_eq!(container.params[1].value, "hunter2");
        assert!(!draft.open_body().contains("hunter2"));
        assert!(draft.open_body().contains("title"));
        assert!(!format!("{draft:?}").contains("hunter2"));

        let nothing = Draft { containers: vec![Container::default()], ..Draft::default() }.body();
        let sent: serde_json::Value = serde_json::from_str(&nothing).unwrap();
        assert!(sent["order"]["location_id"].is_null());
    }
}
