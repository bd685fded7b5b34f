//! What is sent, where the code reads it member by member and has no type for the whole.
//!
//! Nothing is made of these: a test sends what they describe to a real server.

#![expect(dead_code, reason = "the types describe, and are never made")]

pub(super) mod apiculus;
pub(super) mod everlytic;

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::fields::person_with;

/// A user with the catalogue's fields, and with what a type has beside them.
macro_rules! people {
    ($($name:ident: $complete:literal, $beside:ty;)+) => {$(
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                person_with($complete, <$beside>::schema())
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

people! {
    NewUser: true, Signing;
    UserChange: false, Changing;
    NewManagedUser: true, Managing;
    ManagedUserChange: false, Managing;
}

/// A sign-up.
#[derive(ToSchema)]
pub(super) struct SignUpRequest {
    /// Who signs up.
    user: NewUser,
}

/// Who signs up: answers to the form, and for whom the account is.
#[derive(ToSchema)]
struct Signing {
    /// Which panel it is; `cpanel` unless said otherwise.
    #[schema(required = false, max_length = 32, examples("cpanel"))]
    provider: String,
    /// The panel's server: a host name, an address or a URL.
    #[schema(required = false, max_length = 512, examples("panel.example.com"))]
    provider_server: String,
    /// Who the person is there.
    #[schema(required = false, max_length = 64, examples("ada"))]
    provider_username: String,
    /// Answers to the fields that the operator of this server declared, by name: text, a number, a day (ISO 8601), or true.
    /// `GET /api/widget/form` lists them. They are kept as labels, below `doorstep`. What is sent is checked;
    /// names that nobody declared are told in `ignored`.
    #[schema(required = false)]
    custom: BTreeMap<String, Value>,
    /// Labels of the caller's own: an object, or a list of such.
    #[schema(required = false)]
    merge_labels: BTreeMap<String, Value>,
}

/// A change of the own account.
#[derive(ToSchema)]
pub(super) struct ChangeRequest {
    /// What is to change.
    user: UserChange,
}

/// What is to change.
#[derive(ToSchema)]
struct Changing {
    /// Labels to add or to replace.
    #[schema(required = false)]
    merge_labels: BTreeMap<String, Value>,
}

/// A user that an administrator makes. `email` must be there.
#[derive(ToSchema)]
pub(super) struct NewManagedUserRequest {
    /// The user.
    user: NewManagedUser,
}

/// A change that an administrator makes.
#[derive(ToSchema)]
pub(super) struct ManagedChangeRequest {
    /// What is to change.
    user: ManagedUserChange,
}

/// A user as administrators make and change them.
#[derive(ToSchema)]
struct Managing {
    /// Whether the user may use the account.
    active: Option<bool>,
    /// Whether the user administers the platform.
    is_admin: Option<bool>,
    /// Kept for the caller.
    bypass_billing: Option<bool>,
    /// The caller's own number for the user, by which it can be found.
    #[schema(max_length = 255)]
    external_id: Option<String>,
    /// VAT number.
    #[schema(max_length = 50)]
    vat: Option<String>,
    /// The group; 1 unless said otherwise.
    #[schema(minimum = 1)]
    user_group_id: Option<i64>,
    /// For logins with an e-mail address; nobody can log in so without one.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: Option<String>,
    /// The same again.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password_confirmation: Option<String>,
    /// Whether the address counts as the person's.
    skip_email_confirm: Option<bool>,
    /// Labels to add or to replace: an object, or a list of such.
    merge_labels: Option<BTreeMap<String, Value>>,
}

/// What a credential is for, and until when.
#[derive(ToSchema)]
pub(super) struct CredentialRequest {
    /// The credential.
    #[schema(required = false)]
    api_credential: CredentialDescription,
}

/// What a credential is for, and until when.
#[derive(ToSchema)]
struct CredentialDescription {
    /// What it is for, in words.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// From when it is no longer valid; null: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// A request for a token.
#[derive(ToSchema)]
pub(super) struct TokenRequest {
    /// Which grant.
    grant_type: Grant,
    /// Scopes with spaces between; `public` unless said otherwise.
    #[schema(required = false, examples("register"))]
    scope: String,
    /// A list with one object of type `user_registration`, as JSON text (RFC 9396): `provider`, `provider_server`,
    /// `provider_username`, `origins`, `locked`, `prefill`, `credential_delivery` (`inline` or `claim`),
    /// `code_challenge` and `code_challenge_method` (`S256`), `jkt`.
    #[schema(
        required = false,
        examples(
            r#"[{"type":"user_registration","provider_server":"panel.example.com","provider_username":"ada"}]"#
        )
    )]
    authorization_details: String,
    /// This server's own URL, if anything (RFC 8707).
    #[schema(required = false)]
    resource: String,
    /// The client, where it does not say who it is by `Authorization: Basic`.
    #[schema(required = false)]
    client_id: String,
    /// Its secret.
    #[schema(required = false, format = Password)]
    client_secret: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer` (RFC 7523).
    #[schema(required = false)]
    client_assertion_type: String,
    /// A JWT that the client signed.
    #[schema(required = false)]
    client_assertion: String,
    /// Of a page without a back end: the puzzle's solution.
    #[schema(required = false)]
    altcha: String,
    /// Of such a page: the panel.
    #[schema(required = false)]
    provider: String,
    /// Of such a page: who the person claims to be there.
    #[schema(required = false)]
    provider_username: String,
}

/// Which grant.
#[derive(ToSchema)]
enum Grant {
    #[schema(rename = "client_credentials")]
    ClientCredentials,
    #[schema(rename = "urn:doorstep:grant:widget")]
    Widget,
}

/// A token of the client's own, to be revoked or asked about.
#[derive(ToSchema)]
pub(super) struct OwnTokenRequest {
    /// The token.
    token: String,
    /// Not needed, so any is taken.
    #[schema(required = false)]
    token_type_hint: String,
    /// The client, where it does not say who it is by `Authorization: Basic`.
    #[schema(required = false)]
    client_id: String,
    /// Its secret.
    #[schema(required = false, format = Password)]
    client_secret: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer` (RFC 7523).
    #[schema(required = false)]
    client_assertion_type: String,
    /// A JWT that the client signed.
    #[schema(required = false)]
    client_assertion: String,
}

/// A code that stands for a password.
#[derive(ToSchema)]
pub(super) struct ClaimRequest {
    /// The code that the page got.
    claim_code: String,
    /// What the challenge in the sign-up token was made of (RFC 7636).
    code_verifier: String,
    /// The client, where it does not say who it is by `Authorization: Basic`.
    #[schema(required = false)]
    client_id: String,
    /// Its secret.
    #[schema(required = false, format = Password)]
    client_secret: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer` (RFC 7523).
    #[schema(required = false)]
    client_assertion_type: String,
    /// A JWT that the client signed.
    #[schema(required = false)]
    client_assertion: String,
}

/// Which page asks for a puzzle.
#[derive(ToSchema)]
pub(super) struct ChallengeRequest {
    /// The publishable client.
    client_id: String,
}

/// A solved puzzle.
#[derive(ToSchema)]
pub(super) struct WidgetTokenRequest {
    /// The grant.
    grant_type: WidgetGrant,
    /// The publishable client.
    client_id: String,
    /// The solution, as ALTCHA's solvers write it.
    altcha: String,
    /// The panel; `cpanel` unless said otherwise.
    #[schema(required = false)]
    provider: String,
    /// Who the person claims to be there.
    provider_username: String,
}

/// The grant for pages without a back end.
#[derive(ToSchema)]
enum WidgetGrant {
    #[schema(rename = "urn:doorstep:grant:widget")]
    Widget,
}

/// What the button of a confirmation sends.
#[derive(ToSchema)]
pub(super) struct ConfirmRequest {
    /// The code of the link.
    code: String,
}

/// What a panel's page sends to open the form, and what the form then sends; beside these
/// the answers to its fields, by their names.
#[derive(ToSchema)]
pub(super) struct SignUpPageRequest {
    /// The sign-up token.
    token: String,
    /// The form's own key. The panel's page has none, and is answered with a form.
    #[schema(required = false)]
    key: String,
    /// Where to send the person afterwards, on an origin of the client's; with claim
    /// delivery that address gets a form with `claim_code` and `username`.
    #[schema(required = false)]
    return_to: String,
}
