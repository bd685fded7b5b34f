//! `GET /api/users`: the whole documented schema.

use doorstep_accounts::{Timestamp, User, labels::OWN};
use iso_currency::Currency;
use serde::Serialize;
use serde_json::Value;

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
#[derive(Debug, Serialize)]
pub struct Profile<'a> {
    user: Shown<'a>,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: i64,
    email: &'a str,
    fname: Option<&'a Value>,
    lname: Option<&'a Value>,
    phone: Option<&'a Value>,
    address1: Option<&'a Value>,
    address2: Option<&'a Value>,
    city: Option<&'a Value>,
    company_name: Option<&'a Value>,
    country: Option<&'a Value>,
    zip: Option<&'a Value>,
    vat: Option<&'a Value>,
    state: Option<&'a Value>,
    locale: Option<&'a Value>,
    timezone: &'a str,
    currency: ShownCurrency<'a>,
    c_sftp_pass: bool,
    created_at: String,
    updated_at: String,
    /// What the operator's form asked besides; there is no such member where it asked
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<&'a Value>,
    billing_plan: ShownPlan<'a>,
    services: Held,
    quota: ShownQuotas,
    unprocessed_usage: f64,
}

#[derive(Debug, Serialize)]
struct ShownCurrency<'a> {
    code: &'a str,
    symbol: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownPlan<'a> {
    id: i64,
    name: &'a str,
}

/// How much there is of each. What nobody can have here yet is none.
#[derive(Debug, Default, Serialize)]
struct Held {
    projects: i64,
    containers: i64,
    container_services: i64,
    container_images: i64,
    container_registries: i64,
    dns_zones: i64,
}

#[derive(Debug, Serialize)]
struct ShownQuotas {
    containers: Share,
    cr: Share,
    dns_zones: Share,
}

#[derive(Debug, Serialize)]
struct Share {
    current: i64,
    quota: i64,
    is_over: bool,
    available: i64,
}

impl Share {
    fn of(used: i64, allowed: i64) -> Self {
        Self {
            current: used,
            quota: allowed,
            is_over: used > allowed,
            available: (allowed - used).max(0),
        }
    }
}

/// A user as the user sees it.
pub fn profile<'a>(
    user: &'a User,
    plan: &'a Plan,
    held: Holdings,
    timezone: &'a str,
) -> Profile<'a> {
    let shown = |field: &str| user.shown(field);
    let code = user.text("currency").unwrap_or_default();
    let symbol = Currency::from_code(code).map(|currency| currency.symbol().to_string());
    let Holdings { projects, containers } = held;
    Profile {
        user: Shown {
            id: user.id,
            email: &user.email,
            fname: shown("fname"),
            lname: shown("lname"),
            phone: shown("phone"),
            address1: shown("address1"),
            address2: shown("address2"),
            city: shown("city"),
            company_name: shown("company_name"),
            country: shown("country"),
            zip: shown("zip"),
            vat: shown("vat"),
            state: shown("state"),
            locale: shown("locale"),
            timezone,
            currency: ShownCurrency { code, symbol },
            c_sftp_pass: shown("c_sftp_pass").and_then(Value::as_bool).unwrap_or(false),
            created_at: rfc3339(user.created_at),
            updated_at: rfc3339(user.updated_at),
            custom: user.labels.get(OWN),
            billing_plan: ShownPlan { id: plan.id, name: &plan.name },
            services: Held { projects, containers, ..Held::default() },
            quota: ShownQuotas {
                containers: Share::of(containers, plan.quotas.containers),
                cr: Share::of(NOTHING_USED, plan.quotas.cr),
                dns_zones: Share::of(NOTHING_USED, plan.quotas.dns_zones),
            },
            unprocessed_usage: 0.0,
        },
    }
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
