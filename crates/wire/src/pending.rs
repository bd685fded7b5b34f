//! Sign-ups that wait for the provider's confirmation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `202` of `POST /api/users` with an anonymous sign-up token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingSignedUp {
    /// The sign-up.
    pub sign_up: PendingStatus,
}

/// What the page learns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingStatus {
    /// `sup_…`
    pub id: String,
    /// `pending`.
    pub status: String,
    /// Seconds until it is forgotten, from when it came.
    pub expires_in: i64,
}

/// `200` of `GET /api/signups`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingList {
    /// Oldest first, at most 100.
    pub sign_ups: Vec<PendingEntry>,
    /// Whether there are more: ask again with `after` and the last id.
    pub more: bool,
}

/// A pending sign-up, for whoever decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingEntry {
    /// `sup_…`
    pub id: String,
    /// `pending`, `confirmed` or `rejected`.
    pub status: String,
    /// The publishable client whose page it came from.
    pub client_id: String,
    /// The panel.
    pub provider: String,
    /// The panel's server.
    pub provider_server: String,
    /// Who the person claims to be there. Nobody has checked it.
    pub provider_username: String,
    /// The answers, by field name; none once it is decided.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub user: Map<String, Value>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub expires_at: String,
}
