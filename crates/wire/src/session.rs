//! What the widget learns at start from its sign-up token alone.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How sign-up tokens begin: with one, there is a session to ask for.
pub const TOKEN_PREFIX: &str = "sgn_";

/// `200` of `GET /api/widget/session`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The panel.
    pub provider: String,
    /// The panel's server, as the panel wrote it.
    pub provider_server: String,
    /// The person's name there, as the panel wrote it.
    pub provider_username: String,
    /// Answers that the form starts with, by field name.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub prefill: Map<String, Value>,
    /// Answers that the person cannot change, by field name.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub locked: Map<String, Value>,
    /// Seconds until the token expires.
    pub expires_in: i64,
    /// How the password is handed over: `inline` or `claim`.
    pub credential_delivery: String,
    /// Optional fields to ask for where the page does not say which.
    pub fields: Vec<String>,
    /// Whose form it is.
    pub branding: Branding,
}

/// How the operator's brand looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Branding {
    /// The platform's name.
    pub name: Option<String>,
    /// The URL of a logo.
    pub logo: Option<String>,
    /// The accent colour, `#rrggbb`.
    pub color: Option<String>,
    /// What can be read on it, `#rrggbb`.
    pub on_color: Option<String>,
}
