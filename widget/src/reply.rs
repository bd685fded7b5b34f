//! What came back: types of `doorstep_wire`, read member by member as problems are.

use doorstep_widget_kit::object::{get, object};
use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::flow::{Account, Handover};

/// Members of `doorstep_wire::user::SignedUpUser` that the whole page may know.
const PUBLIC: [&str; 9] =
    ["id", "fname", "lname", "email", "locale", "currency", "country", "company_name", "labels"];

/// Reads a `doorstep_wire::user::SignedUp`, or a `doorstep_wire::pending::PendingSignedUp`;
/// nothing if it is neither.
pub(crate) fn account(document: &JsValue) -> Option<Account> {
    if is_pending(document) {
        return Some(Account { username: String::new(), handover: Handover::Pending });
    }
    let api = get(&get(document, "user"), "api");
    Some(Account {
        username: get(&api, "username").as_string()?,
        handover: match (get(&api, "password").as_string(), get(&api, "claim_code").as_string()) {
            (Some(password), _) => Handover::Password(password),
            (None, Some(code)) => Handover::Claim(code),
            (None, None) => Handover::Delivered,
        },
    })
}

fn is_pending(document: &JsValue) -> bool {
    get(&get(document, "sign_up"), "id").is_string()
}

/// The detail of `doorstep:success`. Members are named one by one: what a server
/// adds to its answer stays out of it until somebody says that it is no secret.
pub(crate) fn announced(document: &JsValue, username: &str) -> JsValue {
    if is_pending(document) {
        return object([("status", "pending".into())]).into();
    }
    let user = get(document, "user");
    let api = object([("username", username.into())]);
    let members = PUBLIC.into_iter().map(|name| (name, get(&user, name)));
    let user: Object = object(members.chain([("api", api.into())]));
    object([("user", user.into())]).into()
}

#[cfg(test)]
mod tests {
    use doorstep_wire::user::SignedUp;
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn the_names_that_are_read_are_those_that_the_server_writes() {
        let sent = json!({ "user": {
            "id": 1, "fname": "", "lname": "", "email": "", "locale": "", "currency": "",
            "country": null, "company_name": null,
            "api": { "username": "", "password": null, "claim_code": "" }, "labels": {},
        }});
        let signed_up = to_value(from_value::<SignedUp>(sent).unwrap()).unwrap();
        let user = &signed_up["user"];
        assert!(PUBLIC.iter().all(|name| user.get(name).is_some()));
        assert!(
            ["username", "password", "claim_code"]
                .iter()
                .all(|name| user["api"].get(name).is_some())
        );
    }
}
