//! Every operation, in the order in which a reader meets them.

mod administration;
mod apiculus;
mod credentials;
mod everlytic;
mod oauth;
mod onboarding;
mod pages;
mod users;

use super::operation::{Kind, Operation, Parameter};
use crate::http::paging::{MOST_PAGES, MOST_PER_PAGE};

/// Some operations, and what they are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// The tag.
    pub(super) name: &'static str,
    /// A sentence.
    pub(super) description: &'static str,
    /// What is in it.
    pub(super) operations: &'static [Operation],
}

/// All of them. A test holds them against the table of routes.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "OAuth",
        description: "How panels and programs get tokens.",
        operations: oauth::OPERATIONS,
    },
    Section {
        name: "Users",
        description: "Sign-up, one's own account, and sign-ups that wait for a yes.",
        operations: users::OPERATIONS,
    },
    Section {
        name: "Credentials",
        description: "API credentials: a username and a password for HTTP Basic.",
        operations: credentials::OPERATIONS,
    },
    Section {
        name: "Onboarding",
        description: "From a new account to a running project: what there is to order, and orders.",
        operations: onboarding::OPERATIONS,
    },
    Section {
        name: "Administration",
        description: "Users, for administrators.",
        operations: administration::OPERATIONS,
    },
    Section {
        name: "Apiculus",
        description: "For clients that were written for Apiculus' account API.",
        operations: apiculus::OPERATIONS,
    },
    Section {
        name: "Everlytic",
        description: "For clients that were written for Everlytic's users and customers.",
        operations: everlytic::OPERATIONS,
    },
    Section {
        name: "Pages",
        description: "What browsers and readers load.",
        operations: pages::OPERATIONS,
    },
];

const IDEMPOTENCY_KEY: Parameter = Parameter::header(
    "Idempotency-Key",
    Kind::Pattern("^[!#-~]{16,128}$"),
    "Makes a retry safe: the same key and request get the first answer again. 16 to 128 printable characters, such as \
     a UUID; a new one for each new request.",
);
const PAGE: Parameter = Parameter::query("page", Kind::Number(1, MOST_PAGES), "Which page, from 1");
const PER_PAGE: Parameter = Parameter::query(
    "per_page",
    Kind::Number(1, MOST_PER_PAGE),
    "Entries on a page; 25 unless said otherwise",
);
