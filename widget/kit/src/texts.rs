//! Every text that a person reads, by key.

/// Declares the keys and their English, which is the language that is always there, in one table.
#[macro_export]
macro_rules! texts {
    ($($key:ident = $english:literal;)+) => {
        /// Names a text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Key { $($key,)+ }

        /// The text of that name.
        pub(crate) const fn text(key: Key) -> &'static str {
            match key { $(Key::$key => $english,)+ }
        }
    };
}
