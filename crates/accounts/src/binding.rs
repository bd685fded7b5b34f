//! What a sign-up token is bound to: `authorization_details` (RFC 9396) of type
//! `user_registration`.

use doorstep_fields::{Field, Kind, Raw, field};
use serde_json::{Map, Value, json};

use crate::{
    client::canonical_origin,
    delivery::{Challenge, Delivery},
    jwk::is_thumbprint,
    names::NameRules,
    provider::Identity,
};

/// The type of the one object in `authorization_details`.
pub const TYPE: &str = "user_registration";
/// An honest binding is a few hundred bytes.
pub const MAX_BYTES: usize = 8 * 1024;
/// Pages of one panel; a longer list is a list of customers.
const MAX_ORIGINS: usize = 16;

/// For whom a sign-up token is, and what it says about that person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The only person whom it signs up.
    pub identity: Identity,
    /// Origins of the pages that may use it; empty: all of its client's.
    pub origins: Vec<String>,
    /// Answers that the person cannot change.
    pub locked: Map<String, Value>,
    /// Answers that the form starts with.
    pub prefill: Map<String, Value>,
    /// How the password is handed over.
    pub delivery: Delivery,
    /// The thumbprint (RFC 7638) of the only key whose holder may use it (RFC 9449).
    pub jkt: Option<String>,
}

/// Members that the object may have. Anything else is refused: a panel that asks
/// for a restriction which we do not know must not believe that it holds.
const MEMBERS: &[&str] = &[
    "type",
    "locations",
    "actions",
    "provider",
    "provider_server",
    "provider_username",
    "origins",
    "locked",
    "prefill",
    "credential_delivery",
    "code_challenge",
    "code_challenge_method",
    "jkt",
];

impl Binding {
    /// Reads the parameter. `endpoint` is the URL of the user API, the only
    /// location that it may name; names are held to `rules`, and answers to the catalogue's
    /// fields and those that the operator declared. The error is a sentence for the client's developer.
    pub fn parse(
        text: &str,
        endpoint: &str,
        rules: NameRules,
        declared: &[Field],
    ) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it is longer than {MAX_BYTES} bytes"));
        }
        Self::read(text, endpoint, rules, Some(declared))
    }

    /// `declared` is not known of what was stored: the operator may have declared other
    /// fields since.
    fn read(
        text: &str,
        endpoint: &str,
        rules: NameRules,
        declared: Option<&[Field]>,
    ) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
        let Some([Value::Object(object)]) = value.as_array().map(Vec::as_slice) else {
            return Err("it must be a list with one object".to_owned());
        };
        if object.get("type").and_then(Value::as_str) != Some(TYPE) {
            return Err(format!("the type must be {TYPE:?}"));
        }
        if let Some(unknown) = object.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
            return Err(format!("{unknown:?} is not a member that this server knows"));
        }
        expect(object, "locations", &json!([endpoint]))?;
        expect(object, "actions", &json!(["create"]))?;
        let text = |name: &str| match object.get(name) {
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            None => Ok(None),
            Some(_) => Err(format!("{name} must be text")),
        };
        let required = |name: &str| text(name)?.ok_or_else(|| format!("{name} is missing"));
        let provider = text("provider")?.unwrap_or(crate::provider::DEFAULT_PROVIDER);
        let (server, username) = (required("provider_server")?, required("provider_username")?);
        let identity = Identity::parse_by(rules, provider, server, username).map_err(|faults| {
            faults.iter().map(|fault| fault.message()).collect::<Vec<_>>().join("; ")
        })?;
        let jkt = match text("jkt")? {
            Some(jkt) if !is_thumbprint(jkt) => {
                return Err(
                    "jkt must be a SHA-256 thumbprint in base64url: 43 characters".to_owned()
                );
            }
            jkt => jkt.map(str::to_owned),
        };
        Ok(Self {
            jkt,
            identity,
            origins: origins(object.get("origins"))?,
            locked: answers(object.get("locked"), "locked", declared)?,
            prefill: answers(object.get("prefill"), "prefill", declared)?,
            delivery: delivery(
                text("credential_delivery")?,
                text("code_challenge")?,
                text("code_challenge_method")?,
            )?,
        })
    }

    /// The form in which it is stored and told to the client (RFC 9396 §7).
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "type": TYPE,
            "provider": self.identity.provider,
            "provider_server": self.identity.server,
            "provider_username": self.identity.username,
            "origins": self.origins,
            "locked": self.locked,
            "prefill": self.prefill,
            "credential_delivery": self.delivery.name(),
        });
        if let Delivery::Claim { challenge } = &self.delivery {
            object["code_challenge"] = challenge.as_str().into();
            object["code_challenge_method"] = "S256".into();
        }
        if let Some(jkt) = &self.jkt {
            object["jkt"] = jkt.as_str().into();
        }
        object
    }

    /// Reads what was stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        // Without the bound: what was left out is written out.
        Self::read(&format!("[{text}]"), "", NameRules::LENIENT, None).ok()
    }
}

fn expect(object: &Map<String, Value>, name: &str, only: &Value) -> Result<(), String> {
    match object.get(name) {
        None => Ok(()),
        Some(value) if value == only => Ok(()),
        Some(_) => Err(format!("{name} must be {only}, or left out")),
    }
}

fn delivery(
    name: Option<&str>,
    challenge: Option<&str>,
    method: Option<&str>,
) -> Result<Delivery, String> {
    match (name, challenge, method) {
        (None | Some("inline"), None, None) => Ok(Delivery::Inline),
        (None | Some("inline"), ..) => {
            Err("code_challenge is for credential_delivery \"claim\"".to_owned())
        }
        (Some("claim"), Some(challenge), None | Some("S256")) => Challenge::parse(challenge)
            .map(|challenge| Delivery::Claim { challenge })
            .ok_or_else(|| "code_challenge must be the 43 characters of S256".to_owned()),
        (Some("claim"), None, _) => {
            Err("credential_delivery \"claim\" needs a code_challenge".to_owned())
        }
        (Some("claim"), ..) => Err("code_challenge_method must be \"S256\"".to_owned()),
        (Some(_), ..) => {
            Err("credential_delivery must be \"inline\" or \"claim\", or left out".to_owned())
        }
    }
}

fn origins(value: Option<&Value>) -> Result<Vec<String>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let list = value.as_array().filter(|list| list.len() <= MAX_ORIGINS);
    let list = list.ok_or_else(|| format!("origins must be a list of at most {MAX_ORIGINS}"))?;
    list.iter()
        .map(|origin| {
            let text = origin.as_str().ok_or_else(|| "an origin must be text".to_owned())?;
            canonical_origin(text)
        })
        .collect()
}

/// Checks answers by the rules of their fields. A blank one would lock nothing, and a
/// consent is nobody's to give but the person's.
fn answers(
    value: Option<&Value>,
    name: &str,
    declared: Option<&[Field]>,
) -> Result<Map<String, Value>, String> {
    let object = match value {
        None => return Ok(Map::new()),
        Some(Value::Object(object)) => object,
        Some(_) => return Err(format!("{name} must be an object")),
    };
    for (key, value) in object {
        let own = || declared?.iter().find(|field| field.name == key);
        let Some(field) = field(key).or_else(own) else {
            if declared.is_none() {
                continue;
            }
            return Err(format!("{name}: there is no field {key:?}"));
        };
        if field.kind == Kind::Consent {
            return Err(format!("{name}: {key:?} is a consent, which only the person can give"));
        }
        let digits;
        let raw = match value {
            Value::String(text) => Raw::Text(text),
            Value::Number(number) if field.kind == Kind::Number => {
                digits = number.to_string();
                Raw::Text(&digits)
            }
            Value::Bool(flag) => Raw::Flag(*flag),
            _ => return Err(format!("{name}: {} must be text or a switch", field.label)),
        };
        match field.parse(raw) {
            Ok(answer) if answer.value.is_some() => {}
            Ok(_) => return Err(format!("{name}: {} is blank or unknown", field.label)),
            Err(fault) => return Err(format!("{name}: {} {fault}", field.label)),
        }
    }
    Ok(object.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "https://api.example/api/users";

    fn parse(extra: &str) -> Result<Binding, String> {
        let text = format!(
            r#"[{{"type":"user_registration","provider_server":"Srv.example","provider_username":"Bob"{extra}}}]"#
        );
        Binding::parse(&text, ENDPOINT, NameRules::default(), &[])
    }

    #[test]
    fn a_full_binding_is_kept_through_storage() {
        let binding = parse(
            r#","locations":["https://api.example/api/users"],"actions":["create"],"provider":"Plesk",
               "origins":["HTTPS://Panel.example:443"],"locked":{"email":"b@x.example"},
               "prefill":{"fname":"Bob","c_sftp_pass":true},"credential_delivery":"inline",
               "jkt":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs""#,
        )
        .unwrap();
        assert_eq!(binding.identity.server_key, "srv.example");
        assert_eq!(binding.identity.provider, "plesk");
        assert_eq!(binding.origins, ["https://panel.example"]);
        assert_eq!(Binding::from_stored(&binding.to_json().to_string()), Some(binding));
        let claim = parse(
            r#","credential_delivery":"claim","code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM""#,
        )
        .unwrap();
        assert_eq!(claim.to_json()["code_challenge_method"], "S256");
        assert_eq!(Binding::from_stored(&claim.to_json().to_string()), Some(claim));
    }

    #[test]
    fn declared_fields_are_answered_by_their_rules_and_consents_by_nobody() {
        let declared = [
            Field { range: ["1", ""], ..Field::declared("staff", "Staff", Kind::Number) },
            Field::declared("day", "Day", Kind::Date),
            Field::declared("terms", "Terms", Kind::Consent),
        ];
        let parse = |answers: &str| {
            let text = format!(
                r#"[{{"type":"user_registration","provider_server":"s","provider_username":"u","prefill":{{{answers}}}}}]"#
            );
            Binding::parse(&text, ENDPOINT, NameRules::default(), &declared)
        };
        let binding = parse(r#""staff":3,"day":"2026-02-28","fname":"Ada""#).unwrap();
        // Also when nothing is declared any more.
        assert_eq!(Binding::from_stored(&binding.to_json().to_string()), Some(binding));
        for (answers, why) in [
            (r#""staff":0"#, "Staff is too small: the least is 1"),
            (r#""staff":1.5"#, "Staff is not a whole number"),
            (r#""day":"2026-02-30""#, "Day is not a day"),
            (r#""day":7"#, "Day must be text"),
            (r#""terms":true"#, "only the person can give"),
            (r#""nothing":"x""#, "there is no field"),
        ] {
            let error = parse(answers).unwrap_err();
            assert!(error.contains(why), "{answers}: {error}");
        }
    }

    #[test]
    fn everything_else_is_refused_and_says_why() {
        for (extra, why) in [
            (r#","jkt":"x""#, "jkt"),
            (r#","jkt":"""#, "jkt"),
            (r#","jkt":null"#, "jkt"),
            (r#","jkt":["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]"#, "jkt"),
            (r#","code_challenge":"x""#, "code_challenge"),
            (r#","locations":["https://evil.example"]"#, "locations"),
            (r#","actions":["delete"]"#, "actions"),
            (r#","credential_delivery":"claim""#, "code_challenge"),
            (r#","credential_delivery":"mail""#, "credential_delivery"),
            (r#","credential_delivery":"claim","code_challenge":"x""#, "43"),
            (
                r#","credential_delivery":"claim","code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","code_challenge_method":"plain""#,
                "S256",
            ),
            (r#","code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM""#, "claim"),
            (r#","origins":"https://a.example""#, "origins"),
            (r#","origins":["a.example"]"#, "a.example"),
            (r#","locked":{"is_admin":"true"}"#, "is_admin"),
            (r#","locked":{"email":"nope"}"#, "E-mail"),
            (r#","locked":{"fname":""}"#, "First name"),
            (r#","prefill":{"locale":"foo"}"#, "Language"),
            (r#","prefill":[]"#, "prefill"),
            (r#","provider":7"#, "provider"),
            (r#","provider_server":"a b""#, "provider_server"),
        ] {
            let error = parse(extra).unwrap_err();
            assert!(error.contains(why), "{extra}: {error}");
        }
        for text in [
            "",
            "{}",
            "[]",
            "[1]",
            r#"[{"type":"other"}]"#,
            r#"[{"type":"user_registration"}]"#,
            "[{},{}]",
        ] {
            assert!(Binding::parse(text, ENDPOINT, NameRules::default(), &[]).is_err(), "{text}");
        }
        assert!(
            Binding::parse(&" ".repeat(MAX_BYTES + 1), ENDPOINT, NameRules::default(), &[])
                .is_err()
        );
    }

    #[test]
    fn the_largest_that_is_accepted_comes_back_from_storage() {
        // What was left out is written out when it is stored, which makes it longer.
        let long = "é".repeat(255);
        let fields: Vec<_> = ["company_name", "address1", "address2", "state"]
            .map(|name| format!(r#""{name}":"{long}""#))
            .to_vec();
        let fields = fields.join(",");
        let text = |origins: usize, rest: usize| {
            let host = ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(40)].join(".");
            let origins = vec![format!(r#""https://{host}.example""#); origins].join(",");
            let rest = "x".repeat(rest);
            format!(
                r#"[{{"type":"user_registration","provider_server":"s","provider_username":"u","origins":[{origins}],"locked":{{{fields}}},"prefill":{{{fields},"city":"{rest}"}}}}]"#
            )
        };
        let origins = (1..=16).rev().find(|count| text(*count, 0).len() < MAX_BYTES).unwrap();
        let rest = (MAX_BYTES - text(origins, 0).len()).min(255);
        let whole = text(origins, rest);
        assert!(whole.len() > MAX_BYTES - 10, "{}", whole.len());
        let binding = Binding::parse(&whole, ENDPOINT, NameRules::default(), &[]).unwrap();
        let stored = binding.to_json().to_string();
        assert!(stored.len() + 2 > MAX_BYTES);
        assert_eq!(Binding::from_stored(&stored), Some(binding));
    }
}
