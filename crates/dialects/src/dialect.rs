//! What makes a door, and the list of all doors.

use doorstep_accounts::{Catalog, ManagedUser, Refusal, UserForm};
use doorstep_wire::{Code, Problem};
use serde_json::Value;

use crate::{apiculus, compute_stacks_admin, everlytic};

/// Every door at which administrators' programs make users. A further one is a file
/// beside this one and a line here; paths, guard, envelope and golden files follow.
pub static DIALECTS: &[Dialect] =
    &[compute_stacks_admin::DIALECT, apiculus::DIALECT, everlytic::DIALECT];

/// The door that a path belongs to, also where it has nothing at that path: what is
/// refused there is refused in its own words.
pub fn at(path: &str) -> Option<&'static Dialect> {
    let is_below = |root: &str| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    DIALECTS.iter().find(|dialect| dialect.roots.iter().any(|root| is_below(root)))
}

/// Somebody else's contract for making users.
///
/// It says how things are written, never what is allowed: who may call, what is
/// unique, what is limited, audited and told is one core for all of them.
#[derive(Debug)]
pub struct Dialect {
    /// Its name: that of its file and of the folder of its golden files.
    pub name: &'static str,
    /// Where all its paths begin. Every answer below them is in its envelope.
    pub roots: &'static [&'static str],
    /// Where it makes users, in each spelling; the first is the one to name.
    pub create: &'static [&'static str],
    /// How its callers say who they are.
    pub authentication: Authentication,
    /// Whether bodies may be forms as well. They are read as objects of text.
    pub takes_forms: bool,
    /// Which of our fields it can carry, and under which names.
    pub carries: &'static [Carried],
    /// Reads a new user, by the catalogue where the contract has choices. Everything that
    /// is wrong is reported together.
    pub decode: fn(&[u8], &Catalog) -> Result<UserForm, Refusal>,
    /// A body in one form, whatever the order of its members, and without passwords:
    /// what tells one keyed request from another is kept as a fast hash.
    pub fingerprint: fn(&[u8]) -> Result<String, Refusal>,
    /// The answer with the new user.
    pub created: fn(&Made<'_>, &DoorContext<'_>) -> Reply,
    /// The answer that says no. The problem has the request's id.
    pub refused: fn(Code, &Problem, &DoorContext<'_>) -> Reply,
}

/// One of our fields in a dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The catalogue's name.
    pub ours: &'static str,
    /// Theirs.
    pub theirs: &'static str,
}

impl Carried {
    /// A field that has the same name there.
    pub const fn same(name: &'static str) -> Self {
        Self { ours: name, theirs: name }
    }
}

/// How callers say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// As everywhere here: `Authorization` with a token or an API credential.
    Usual,
    /// `Authorization: Basic` with an API credential, and nothing else.
    Basic {
        /// The realm that a refusal names.
        realm: &'static str,
    },
    /// The token of a session, or an access token, alone in a header of its own.
    Token {
        /// The header, in lower case.
        header: &'static str,
    },
}

/// What a dialect has to know that does not stand in the request.
#[derive(Debug, Clone, Copy)]
pub struct DoorContext<'a> {
    /// The server's own URL, without a slash at the end.
    pub public_url: &'a str,
    /// The request's id, which finds it in the log.
    pub request_id: &'a str,
    /// The language of accounts that name none.
    pub default_locale: &'a str,
}

/// A user that was made, and by which request.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The user.
    pub managed: &'a ManagedUser,
    /// What was asked for.
    pub form: &'a UserForm,
    /// Whether this is the answer to an earlier request with the same key.
    pub replayed: bool,
}

/// An answer as a dialect writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// Where what was made is.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, media_type: "application/json", location: None, body: body.to_string() }
    }

    /// The same answer, with where the new thing is.
    #[must_use]
    pub fn located(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    /// A problem as it is (RFC 9457).
    pub fn problem(problem: &Problem) -> Self {
        // It has text and numbers only, so it serialises.
        let body = serde_json::to_string(problem).unwrap_or_default();
        let (status, media_type) = (problem.status, "application/problem+json");
        Self { status, media_type, location: None, body }
    }
}

#[cfg(test)]
mod tests {
    use doorstep_fields::field;

    use super::*;

    #[test]
    fn a_path_belongs_to_the_door_whose_root_it_is_below() {
        let name = |path| at(path).map(|dialect| dialect.name);
        for path in ["/api/admin/users", "/api/admin/users/7", "/api/admin/users/7/nothing"] {
            assert_eq!(name(path), Some("compute_stacks_admin"), "{path}");
        }
        for path in ["/api/admin/usersx", "/api/admin", "/api/users", "/", ""] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn the_doors_do_not_stand_in_one_anothers_way() {
        for dialect in DIALECTS {
            for path in dialect.create.iter().chain(dialect.roots) {
                assert_eq!(at(path).map(|it| it.name), Some(dialect.name), "{path}");
            }
            for Carried { ours, .. } in dialect.carries {
                assert!(field(ours).is_some(), "{}: {ours} is no field", dialect.name);
            }
        }
    }
}
