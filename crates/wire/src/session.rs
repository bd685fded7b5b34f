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
    /// Fields of the operator's own, which are asked for in any case.
    pub custom: Vec<Custom>,
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
    /// Fields of the operator's own, with the words of the texts' language alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<Custom>,
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

/// `200` of `GET /api/widget/form`: the same without a token, for pages that have none
/// until the form is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Form {
    /// Optional fields to ask for where the page does not say which.
    pub fields: Vec<String>,
    /// Fields of the operator's own, which are asked for in any case.
    pub custom: Vec<Custom>,
    /// Whose form it is.
    pub branding: Branding,
}

/// A field that the operator declared. Its answer is a member of `custom` in a sign-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Custom {
    /// By which the answer is sent and kept.
    pub name: String,
    /// `text`, `choice`, `number`, `date` or `consent`.
    pub kind: String,
    /// Whether a person must answer; of a consent, whether they must say yes.
    pub required: bool,
    /// The least number, or the first day (ISO 8601).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// The greatest number, or the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// How many digits of a number may stand after the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u32>,
    /// The shortest text, in characters as people count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The longest text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// What may be answered to a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What people read, where `languages` has not theirs.
    pub words: Words,
    /// What people read, by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub languages: BTreeMap<String, Words>,
}

/// What people read of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Words {
    /// Its label. Of a consent that has a link, the link's words are in brackets.
    pub label: String,
    /// What helps to answer; may be empty.
    pub hint: String,
    /// What stands for each of the options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What is consented to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
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
