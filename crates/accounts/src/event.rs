//! THE table of events: what the world is told about users.

/// Declares the kinds, each with what it tells.
macro_rules! kinds {
    ($($name:literal: $tells:literal;)+) => {
        /// All kinds, each with what it tells; the handbook's page has the same table.
        pub const KINDS: &[(&str, &str)] = &[$(($name, $tells),)+];
    };
}

kinds! {
    "user.created": "The account: its answers, `id`, `email` and `labels`.";
    "user.updated": "`fields`: the names of what was changed, not the contents.";
    "user.suspended": "Nothing more.";
    "user.unsuspended": "Nothing more.";
    "user.deleted": "`id`. Forget the person as well: everything else that was still to be told of them is empty.";
    "credential.created": "`id` and `username` of the API credential.";
    "credential.updated": "The same.";
    "credential.rotated": "The same.";
    "credential.revoked": "The same.";
    "order.created": "`id`, `status`, `location_id` and `project_id` of the order.";
    "order.completed": "The same.";
    "order.failed": "The same, and `failure`: a code.";
    "order.cancelled": "As `order.created`.";
    "order.retried": "As `order.created`.";
}

/// Whether there is such a kind.
pub fn is_kind(name: &str) -> bool {
    KINDS.iter().any(|(kind, _)| *kind == name)
}

/// The family of a kind, as a topic: `user.*` of `user.created`.
pub fn family(kind: &str) -> String {
    let family = kind.split_once('.').map_or(kind, |(family, _)| family);
    format!("{family}.*")
}

/// What an endpoint can be told about: everything (`*`), a family, a kind.
pub fn is_topic(text: &str) -> bool {
    text == "*" || KINDS.iter().any(|(kind, _)| *kind == text || family(kind) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_a_kind_a_family_or_all() {
        for topic in ["*", "user.*", "credential.*", "order.*", "user.created", "order.failed"] {
            assert!(is_topic(topic), "{topic}");
        }
        for text in ["", "user", "user.", "**", "user.crea*", "person.*", "user.created ", "USER.*"]
        {
            assert!(!is_topic(text), "{text}");
        }
        assert!(is_kind("user.created") && !is_kind("user.*"));
    }

    #[test]
    fn each_kind_stands_in_the_table_once() {
        for (at, (kind, tells)) in KINDS.iter().enumerate() {
            assert!(KINDS[..at].iter().all(|(other, _)| other != kind), "{kind}");
            assert!(!tells.is_empty());
        }
    }
}
