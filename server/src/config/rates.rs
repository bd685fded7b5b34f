//! `[rates]`: how much there may be of what is limited.

use std::collections::BTreeMap;

use doorstep_accounts::{Limit, Rates, limits::Rate};
use serde::{Deserialize, Deserializer, de::Error as _};

/// `[rates]`: one setting for each limit of [`Limit`], under its name, as
/// `"30/min burst 10"`, `"5000/day"` or `"off"`. The defaults and their reasons
/// are in that table.
#[derive(Debug, Clone, Default)]
pub struct RateSettings(pub Rates);

impl<'de> Deserialize<'de> for RateSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rates = Rates::default();
        for (name, text) in BTreeMap::<String, String>::deserialize(deserializer)? {
            let limit = Limit::ALL.iter().find(|limit| limit.name() == name).ok_or_else(|| {
                let names: Vec<_> = Limit::ALL.iter().map(|limit| limit.name()).collect();
                D::Error::custom(format!("rates.{name} is not one of {}", names.join(", ")))
            })?;
            let rate = Rate::parse(&text)
                .map_err(|error| D::Error::custom(format!("rates.{name}: {error}")))?;
            rates.set(*limit, rate);
        }
        Ok(Self(rates))
    }
}
