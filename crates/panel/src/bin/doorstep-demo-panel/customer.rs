//! Who is signed in to the panel.

use std::fmt;

/// A customer's username on the panel, in the form that Unix account names have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Customer(String);

impl Customer {
    /// As long as a Unix account name may be.
    const MAX: usize = 32;

    /// The name, if it is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let good = name.len() <= Self::MAX
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
            });
        good.then(|| Self(name.to_owned()))
    }

    /// The customer of a browser that has not said who it is.
    pub(crate) fn ada() -> Self {
        Self("ada".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_unix_account_name() {
        for good in ["ada", "b0b", "x-1.y_z"] {
            assert!(Customer::parse(good).is_some(), "{good}");
        }
        for bad in ["", "1st", "Ada", "a b", "a;b", "<b>", "ädä", &"a".repeat(33)] {
            assert!(Customer::parse(bad).is_none(), "{bad}");
        }
    }
}
