//! What the widget learns at start from its sign-up token alone.

use std::collections::BTreeMap;

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

/// What is the operator's in every form of theirs, whoever it is for: it comes with the
/// form's texts, in an object after the last of them, so that the form is drawn with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Whose form it is.
    pub brand: Brand,
    /// Custom properties of the form's style.
    pub colors: BTreeMap<&'static str, String>,
    /// Optional fields to ask for where the page does not say which, with spaces between.
    pub suggested: String,
}

/// What stands above the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brand {
    /// The platform's name.
    pub name: Option<String>,
    /// The URL of a logo.
    pub logo: Option<String>,
}

/// The name of that object's only member.
pub const OPERATOR: &str = "operator";

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
