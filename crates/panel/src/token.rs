//! Access tokens, as the server issued them.

use std::{fmt, time::Duration};

use oauth2::AccessToken;

/// Declares the kinds of token. They are types of their own, so that none that
/// could sign anybody up gets into a page.
macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            secret: AccessToken,
            expires_in: Option<Duration>,
        }

        impl $name {
            pub(crate) const fn new(secret: AccessToken, expires_in: Option<Duration>) -> Self {
                Self { secret, expires_in }
            }

            /// The token itself.
            pub fn secret(&self) -> &str {
                self.secret.secret()
            }

            /// How long it lives from when it was issued.
            pub const fn expires_in(&self) -> Option<Duration> {
                self.expires_in
            }
        }

        /// Secrets do not print.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("expires_in", &self.expires_in)
                    .finish_non_exhaustive()
            }
        }
    )+};
}

tokens! {
    /// Signs one person up, once, from a page: what
    /// [`Panel::embed`](crate::Panel::embed) puts there.
    ///
    /// It does not print. Get a fresh one for each page view and do not keep it.
    SignUpToken;

    /// Signs up any customer of the client's servers: for the back end alone,
    /// where no form is wanted.
    ///
    /// It does not print, and no page may see it.
    RegisterToken;
}
