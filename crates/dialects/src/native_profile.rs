//! `GET /api/users`: the whole documented schema.

use doorstep_accounts::{Timestamp, User, labels::OWN};
use iso_currency::Currency;
use serde_json::{Map, Value, json};

/// The plan that accounts are on, from the operator's settings.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What an account may have.
    pub quotas: Quotas,
}

/// How many of each kind an account may have.
#[derive(Debug, Clone)]
pub struct Quotas {
    /// Containers.
    pub containers: i64,
    /// Container registries.
    pub cr: i64,
    /// DNS zones.
    pub dns_zones: i64,
}

/// What a user has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Holdings {
    /// Projects.
    pub projects: i64,
    /// Containers.
    pub containers: i64,
}

/// Of the other kinds there is nothing that could be counted.
const NOTHING_USED: i64 = 0;

/// The documented body.
pub fn profile(user: &User, plan: &Plan, held: Holdings, timezone: &str) -> Value {
    let text = |field: &str| user.shown(field).cloned().unwrap_or(Value::Null);
    let currency = user.text("currency").unwrap_or_default();
    let symbol = Currency::from_code(currency).map(|currency| currency.symbol().to_string());
    let mut body = Map::new();
    body.insert("id".into(), user.id.into());
    body.insert("email".into(), user.email.clone().into());
    for field in [
        "fname",
        "lname",
        "phone",
        "address1",
        "address2",
        "city",
        "company_name",
        "country",
        "zip",
        "vat",
        "state",
        "locale",
    ] {
        body.insert(field.into(), text(field));
    }
    body.insert("timezone".into(), timezone.into());
    body.insert("currency".into(), json!({ "code": currency, "symbol": symbol }));
    let sftp = user.profile.get("c_sftp_pass").and_then(Value::as_bool).unwrap_or(false);
    body.insert("c_sftp_pass".into(), sftp.into());
    body.insert("created_at".into(), rfc3339(user.created_at).into());
    body.insert("updated_at".into(), rfc3339(user.updated_at).into());
    // What the operator's form asked besides; there is no such member where it asked nothing.
    if let Some(custom) = user.labels.get(OWN) {
        body.insert("custom".into(), custom.clone());
    }
    body.insert("billing_plan".into(), json!({ "id": plan.id, "name": plan.name }));
    let services = [
        "projects",
        "containers",
        "container_services",
        "container_images",
        "container_registries",
        "dns_zones",
    ];
    let count = |kind: &str| match kind {
        "projects" => held.projects,
        "containers" => held.containers,
        _ => NOTHING_USED,
    };
    let services: Map<_, _> =
        services.into_iter().map(|kind| (kind.to_owned(), count(kind).into())).collect();
    body.insert("services".into(), services.into());
    body.insert(
        "quota".into(),
        json!({
            "containers": quota(held.containers, plan.quotas.containers),
            "cr": quota(NOTHING_USED, plan.quotas.cr),
            "dns_zones": quota(NOTHING_USED, plan.quotas.dns_zones),
        }),
    );
    body.insert("unprocessed_usage".into(), json!(0.0));
    json!({ "user": body })
}

fn quota(used: i64, allowed: i64) -> Value {
    json!({
        "current": used,
        "quota": allowed,
        "is_over": used > allowed,
        "available": (allowed - used).max(0),
    })
}

/// `2019-04-04T07:36:50.637Z`, as in the documented example.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(rfc3339(Timestamp(1_554_363_410_637)), "2019-04-04T07:36:50.637Z");
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
    }
}
