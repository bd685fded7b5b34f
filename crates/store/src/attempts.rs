//! Those who say a name and have to show that it is theirs. They are held up by limits, so
//! what is used of these is looked up together with what they have to show: one way to the
//! database, and whether there is such a name makes no difference to it.

use doorstep_accounts::limits::LimitKey;
use sqlx::{ColumnIndex, FromRow, Row, ValueRef as _};

/// Somebody who says a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    /// The name, if it can be one.
    pub name: Option<String>,
    /// The limits by which whoever says it is held up.
    pub limits: [Option<LimitKey>; 2],
}

impl LoginAttempt {
    /// Of one that no limit holds up, or that was held to its limits before.
    pub fn unlimited(name: Option<&str>) -> Self {
        Self { name: name.map(str::to_owned), limits: [None; 2] }
    }
}

/// What is used of an attempt's limits: theoretical arrival times; none at rest.
pub type Used = [Option<i64>; 2];

/// Each attempt once, and for each of all where it is among those: many requests come from
/// few callers.
pub(crate) fn distinct(all: &[LoginAttempt]) -> (Vec<&LoginAttempt>, Vec<usize>) {
    let mut different: Vec<&LoginAttempt> = Vec::new();
    let places = all.iter().map(|one| {
        different.iter().position(|known| *known == one).unwrap_or_else(|| {
            different.push(one);
            different.len() - 1
        })
    });
    let places = places.collect();
    (different, places)
}

/// What an outer join may not have found. It has an `id` if it did.
#[derive(Debug)]
pub(crate) struct Perhaps<T>(pub(crate) Option<T>);

impl<'r, R, T> FromRow<'r, R> for Perhaps<T>
where
    R: Row,
    T: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        if row.try_get_raw("id")?.is_null() {
            return Ok(Self(None));
        }
        T::from_row(row).map(|found| Self(Some(found)))
    }
}
