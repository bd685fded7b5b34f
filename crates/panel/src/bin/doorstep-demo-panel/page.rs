//! The page, from its template.

use askama::Template;

use crate::{customer::Customer, state::Connection};

/// The one page.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page<'a> {
    pub(crate) customer: &'a Customer,
    pub(crate) provider_server: &'a str,
    pub(crate) cloud: Cloud,
    /// Whether the panel's back end fetches the credential itself.
    pub(crate) claims: bool,
}

/// What the "Cloud apps" card shows.
pub(crate) enum Cloud {
    /// The customer has an account.
    Connected(Connection),
    /// The customer can sign up: the script tag.
    Form(String),
    /// No token was to be had.
    Unavailable,
}

impl Page<'_> {
    /// The page as HTML.
    pub(crate) fn html(&self) -> String {
        self.render().expect("the template only writes text into memory")
    }

    /// The letter in the customer's badge.
    fn initial(&self) -> char {
        self.customer.as_str().chars().next().unwrap_or('a').to_ascii_uppercase()
    }
}
