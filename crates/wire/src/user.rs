//! The answer to a sign-up, as the widget reads it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `201` of `POST /api/users`: the documented members and those that the
/// reference implementation sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedUp {
    /// The new user.
    pub user: SignedUpUser,
    /// Answers that were replaced by something else, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substituted: Vec<Substituted>,
    /// JSON pointers of members that a caller may not set and that were passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// The new user, with the credential that is shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedUpUser {
    /// The platform's number for the user.
    pub id: i64,
    /// First name.
    pub fname: String,
    /// Last name.
    pub lname: String,
    /// The address on record; a generated one where none was sent or it was taken.
    pub email: String,
    /// ISO 639-1.
    pub locale: String,
    /// ISO 4217.
    pub currency: String,
    /// ISO 3166-1 alpha-2, if given.
    pub country: Option<String>,
    /// Company, if given.
    pub company_name: Option<String>,
    /// The API credential.
    pub api: Api,
    /// `{provider: {server: username}}` and the caller's own labels.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub labels: Map<String, Value>,
}

/// An API credential for HTTP Basic.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Api {
    /// The username.
    pub username: String,
    /// The password; in this answer and never again.
    pub password: Option<String>,
    /// With claim delivery the code that the panel's back end exchanges for the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_code: Option<String>,
    /// Seconds that the code lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    /// `delivered` in a replay that comes too late to hold the password again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_status: Option<String>,
}

/// Secrets do not print.
impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("username", &self.username).finish_non_exhaustive()
    }
}

/// An answer that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Substituted {
    /// The field.
    pub field: String,
    /// What was sent.
    pub from: String,
    /// What was kept.
    pub to: String,
}
