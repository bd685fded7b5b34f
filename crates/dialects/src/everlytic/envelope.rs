//! What every answer is wrapped in: links by RFC 4287's relations, and an item, a
//! collection or an error.

use doorstep_wire::{Code, Problem, paths};
use serde_json::{Map, Value, json};

use crate::dialect::{DoorContext, Reply};

/// Where something else is.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it is to this: `self`, `next`, `prev`.
    pub rel: &'static str,
    /// Its URL.
    pub href: String,
}

/// A link, with the title that the documented answers give it: the relation, with a
/// capital.
fn link(rel: &str, href: &str) -> Value {
    let mut letters = rel.chars();
    let title: String =
        letters.next().iter().flat_map(|it| it.to_uppercase()).chain(letters).collect();
    json!({ "title": title, "rel": rel, "href": href })
}

fn link_home(context: &DoorContext<'_>) -> Value {
    link("home", &format!("{}{}", context.public_url, paths::EVERLYTIC_HOME))
}

/// One thing.
pub(super) fn item(path: &str, members: &Value, context: &DoorContext<'_>) -> Value {
    let own = link("self", &format!("{}{path}", context.public_url));
    json!({ "links": [own, link_home(context)], "item": members })
}

/// A page of things, each with its path.
pub(super) fn collection(
    things: Vec<(String, Value)>,
    links: &[Link],
    context: &DoorContext<'_>,
) -> Reply {
    let mut all: Vec<_> = links.iter().map(|it| link(it.rel, &it.href)).collect();
    all.push(link_home(context));
    let things: Vec<_> = things
        .into_iter()
        .map(
            |(path, data)| json!({ "href": format!("{}{path}", context.public_url), "data": data }),
        )
        .collect();
    Reply::json(200, &json!({ "links": all, "collection": things }))
}

/// Where everything begins.
pub fn home(context: &DoorContext<'_>) -> Reply {
    let at = |path: &str| format!("{}{path}", context.public_url);
    let links = [
        link("self", &at(paths::EVERLYTIC_HOME)),
        link("users", &at(paths::EVERLYTIC_USERS)),
        link("customers", &at(paths::EVERLYTIC_CUSTOMERS)),
    ];
    Reply::json(200, &json!({ "links": links }))
}

/// What is left of what was deleted.
pub fn nothing(context: &DoorContext<'_>) -> Reply {
    Reply::json(200, &json!({ "links": [link_home(context)] }))
}

/// A refusal. Faults of fields are a malformed request here, and what is taken is a
/// conflict; the other statuses are those of the code.
pub(super) fn refused(code: Code, problem: &Problem, context: &DoorContext<'_>) -> Reply {
    let faults = &problem.faults;
    let taken: Vec<_> =
        faults.iter().filter(|it| it.code == "taken").map(|it| it.field.as_str()).collect();
    let is_taken = !faults.is_empty() && taken.len() == faults.len();
    let status = match code {
        Code::ValidationFailed | Code::InvalidChange if is_taken => 409,
        Code::ValidationFailed | Code::InvalidChange => 400,
        _ => problem.status,
    };
    let message = if is_taken {
        // Clients look for these words.
        let who = if taken.contains(&"unique_id") { "customer" } else { "user" };
        format!("A {who} with this {} already exists.", taken.join(" and this "))
    } else {
        problem.errors.join("; ")
    };
    let mut error = json!({
        "code": status,
        "message": message,
        "reason": code.name(),
        "request_id": problem.request_id,
    });
    if !faults.is_empty() {
        let mut fields = Map::new();
        for fault in faults {
            let codes = fields.entry(fault.field.clone()).or_insert_with(|| json!([]));
            if let Value::Array(codes) = codes {
                codes.push(fault.code.clone().into());
            }
        }
        error["fields"] = fields.into();
    }
    Reply::json(status, &json!({ "links": [link_home(context)], "error": error }))
}

#[cfg(test)]
mod tests {
    use doorstep_wire::FieldProblem;

    use super::*;

    const CONTEXT: DoorContext<'_> =
        DoorContext { public_url: "https://host.example", request_id: "r", default_locale: "en" };

    fn fault(field: &str, code: &str) -> FieldProblem {
        FieldProblem {
            pointer: format!("/{field}"),
            field: field.to_owned(),
            code: code.to_owned(),
            message: format!("{field} is {code}"),
        }
    }

    fn error(faults: Vec<FieldProblem>) -> (u16, Value) {
        let problem = Problem::of_faults(Code::ValidationFailed, faults);
        let reply = refused(Code::ValidationFailed, &problem, &CONTEXT);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["error"]["code"], reply.status);
        (reply.status, body["error"].clone())
    }

    #[test]
    fn what_is_taken_is_a_conflict_and_other_faults_are_not() {
        let (status, body) = error(vec![fault("username", "taken")]);
        assert_eq!(status, 409);
        assert_eq!(body["message"], "A user with this username already exists.");
        assert_eq!(body["fields"], json!({ "username": ["taken"] }));
        let (status, body) = error(vec![fault("username", "taken"), fault("email", "required")]);
        assert_eq!(status, 400);
        assert_eq!(body["message"], "username is taken; email is required");
        assert_eq!(body["fields"], json!({ "username": ["taken"], "email": ["required"] }));
    }

    #[test]
    fn links_are_those_of_the_sample() {
        let body = item("/api/2.0/users/2", &json!({ "id": 2 }), &CONTEXT);
        assert_eq!(
            body,
            json!({
                "links": [
                    { "title": "Self", "rel": "self", "href": "https://host.example/api/2.0/users/2" },
                    { "title": "Home", "rel": "home", "href": "https://host.example/api/2.0/" },
                ],
                "item": { "id": 2 },
            })
        );
    }
}
