//! What comes back, where the code writes it member by member and has no type for the
//! whole.
//!
//! Nothing is made of these: a test holds the answers of a real server to them.

#![expect(dead_code, reason = "the types describe, and are never made")]

pub(super) mod apiculus;
pub(super) mod everlytic;

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// An object without members.
#[derive(ToSchema)]
pub(super) struct Nothing {}

/// The bytes of a file or a page.
#[derive(ToSchema)]
pub(super) struct Page(String);

/// An OpenAPI document.
#[derive(ToSchema)]
pub(super) struct Document {
    /// The version of OpenAPI.
    openapi: String,
    /// What it describes.
    info: BTreeMap<String, Value>,
    /// Paths and their operations.
    paths: BTreeMap<String, Value>,
}

/// Server-Sent Events.
#[derive(ToSchema)]
pub(super) struct OrderStream(String);

/// One's own account.
#[derive(ToSchema)]
pub(super) struct Profile {
    /// The account.
    user: ProfileMembers,
}

/// One's own account.
#[derive(ToSchema)]
struct ProfileMembers {
    /// The platform's number for the user.
    id: i64,
    /// The address on record.
    email: String,
    /// First name.
    fname: Option<String>,
    /// Last name.
    lname: Option<String>,
    /// Phone.
    phone: Option<String>,
    /// Address.
    address1: Option<String>,
    /// Its second line.
    address2: Option<String>,
    /// City.
    city: Option<String>,
    /// Company.
    company_name: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    /// Postal code.
    zip: Option<String>,
    /// VAT number.
    vat: Option<String>,
    /// State or region.
    state: Option<String>,
    /// ISO 639-1.
    locale: Option<String>,
    /// The platform's time zone.
    timezone: String,
    /// In what the account pays.
    currency: Currency,
    /// Whether SFTP takes a password.
    c_sftp_pass: bool,
    /// When the account was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it changed last.
    #[schema(format = DateTime)]
    updated_at: String,
    /// What the person answered to the fields that the operator declared.
    #[schema(required = false)]
    custom: BTreeMap<String, Value>,
    /// The plan.
    billing_plan: doorstep_wire::onboarding::Named,
    /// How many of each kind there are.
    services: BTreeMap<String, i64>,
    /// How many of each kind there may be.
    quota: BTreeMap<String, Allowance>,
    /// What has not been charged yet.
    unprocessed_usage: f64,
}

/// A currency.
#[derive(ToSchema)]
struct Currency {
    /// ISO 4217.
    code: String,
    /// How people write it.
    symbol: Option<String>,
}

/// How many there may be.
#[derive(ToSchema)]
struct Allowance {
    /// How many there are.
    current: i64,
    /// How many there may be.
    quota: i64,
    /// Whether there are more.
    is_over: bool,
    /// How many more there may be.
    available: i64,
}

/// Whether an address is its user's.
#[derive(ToSchema)]
pub(super) struct Confirmation {
    /// Where the question stands.
    email_confirmation: ConfirmationStanding,
}

/// Where the question stands whether an address is its user's.
#[derive(ToSchema)]
struct ConfirmationStanding {
    /// How it stands.
    status: String,
}

/// API credentials.
#[derive(ToSchema)]
pub(super) struct CredentialList {
    /// All of the user's, also those that were revoked.
    api_credentials: Vec<Credential>,
}

/// An API credential.
#[derive(ToSchema)]
pub(super) struct OneCredential {
    /// The credential.
    api_credential: Credential,
}

/// An API credential whose password is shown this once.
#[derive(ToSchema)]
pub(super) struct NewCredential {
    /// The credential.
    api_credential: CredentialWithPassword,
}

/// An API credential.
#[derive(ToSchema)]
struct Credential {
    /// Its number.
    id: i64,
    /// What it is for, in words.
    name: Option<String>,
    /// The username for HTTP Basic.
    username: String,
    /// Whether it works.
    status: CredentialStatus,
    /// When it was issued.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was used last.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// When its password was replaced last.
    #[schema(format = DateTime)]
    rotated_at: Option<String>,
    /// From when it is no longer valid; null: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was revoked.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

/// An API credential whose password is shown this once.
#[derive(ToSchema)]
struct CredentialWithPassword {
    /// Its number.
    id: i64,
    /// What it is for, in words.
    name: Option<String>,
    /// The username for HTTP Basic.
    username: String,
    /// The password for HTTP Basic. Keep it: it is not shown again.
    password: String,
    /// Whether it works.
    status: CredentialStatus,
    /// When it was issued.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when it is no longer valid; null: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Whether a credential works.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum CredentialStatus {
    /// It works.
    Active,
    /// The panel's back end has not claimed it.
    Unclaimed,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// Users.
#[derive(ToSchema)]
pub(super) struct ManagedUserList {
    /// A page of them.
    users: Vec<ManagedUser>,
}

/// A user.
#[derive(ToSchema)]
pub(super) struct OneManagedUser {
    /// The user.
    user: ManagedUser,
    /// Answers that were replaced by something else, if any.
    #[schema(required = false)]
    substituted: Vec<doorstep_wire::user::Substituted>,
    /// JSON pointers of members that mean nothing here.
    #[schema(required = false)]
    ignored: Vec<String>,
}

/// A user, as administrators see them.
#[derive(ToSchema)]
struct ManagedUser {
    /// The platform's number for the user.
    id: i64,
    /// The address on record.
    email: String,
    /// First name.
    fname: Option<String>,
    /// Last name.
    lname: Option<String>,
    /// Phone.
    phone: Option<String>,
    /// Company.
    company_name: Option<String>,
    /// Address.
    address1: Option<String>,
    /// Its second line.
    address2: Option<String>,
    /// City.
    city: Option<String>,
    /// State or region.
    state: Option<String>,
    /// Postal code.
    zip: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    /// ISO 639-1.
    locale: Option<String>,
    /// ISO 4217.
    currency: Option<String>,
    /// How people write it.
    currency_symbol: Option<String>,
    /// VAT number.
    vat: Option<String>,
    /// Kept for the caller.
    bypass_billing: bool,
    /// Whether SFTP takes a password.
    c_sftp_pass: bool,
    /// The group.
    user_group_id: i64,
    /// The same.
    user_group: Group,
    /// The caller's own number for the user.
    external_id: Option<String>,
    /// Whether the user may use the account.
    active: bool,
    /// Whether the user administers the platform.
    is_admin: bool,
    /// `{provider: {server: username}}` and labels of callers.
    labels: BTreeMap<String, Value>,
    /// Since when the address counts as the person's.
    #[schema(format = DateTime)]
    confirmed_at: Option<String>,
    /// When the account was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it changed last.
    #[schema(format = DateTime)]
    updated_at: String,
    /// What has not been charged yet, if it was asked for.
    #[schema(required = false)]
    unprocessed_usage: f64,
}

/// A group of users.
#[derive(ToSchema)]
struct Group {
    /// Its number.
    id: i64,
}

/// What an order has become.
#[derive(ToSchema)]
pub(super) struct OrderSettled {
    /// The order.
    order: OrderStanding,
}

/// How an order stands.
#[derive(ToSchema)]
struct OrderStanding {
    /// A UUID.
    id: String,
    /// Its status.
    status: String,
}

/// An access token.
#[derive(ToSchema)]
pub(super) struct IssuedToken {
    /// The token.
    access_token: String,
    /// `Bearer`, or `DPoP` for one that is bound to a key.
    token_type: String,
    /// Seconds until it expires.
    expires_in: i64,
    /// What it is good for, with spaces between.
    scope: String,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// What it is bound to (RFC 9396), as sent and completed.
    #[schema(required = false)]
    authorization_details: Vec<BTreeMap<String, Value>>,
    /// `anonymous` where nobody vouches for the person.
    #[schema(required = false)]
    assurance: String,
}

/// What a token is (RFC 7662). Of one that is not active this is all.
#[derive(ToSchema)]
pub(super) struct TokenState {
    /// Whether it is one of the client's and works.
    active: bool,
    /// Whose it is.
    #[schema(required = false)]
    client_id: String,
    /// The same.
    #[schema(required = false)]
    sub: String,
    /// This server.
    #[schema(required = false)]
    iss: String,
    /// This server.
    #[schema(required = false)]
    aud: String,
    /// What it is good for, with spaces between.
    #[schema(required = false)]
    scope: String,
    /// Seconds since the Unix epoch: when it was issued.
    #[schema(required = false)]
    iat: i64,
    /// The same.
    #[schema(required = false)]
    nbf: i64,
    /// Seconds since the Unix epoch: when it expires.
    #[schema(required = false)]
    exp: i64,
    /// Its number.
    #[schema(required = false)]
    jti: String,
    /// `Bearer` or `DPoP`.
    #[schema(required = false)]
    token_type: String,
    /// The key that it is bound to (RFC 9449).
    #[schema(required = false)]
    cnf: BTreeMap<String, Value>,
    /// What it is bound to (RFC 9396).
    #[schema(required = false)]
    authorization_details: Vec<BTreeMap<String, Value>>,
    /// How many sign-ups it is still good for.
    #[schema(required = false)]
    uses_remaining: i64,
}

/// How the OAuth endpoints say no (RFC 6749 §5.2).
#[derive(ToSchema)]
pub(super) struct OAuthError {
    /// The registered name of the reason.
    error: String,
    /// A sentence for the client's developer.
    #[schema(required = false)]
    error_description: String,
}

/// A claimed credential.
#[derive(ToSchema)]
pub(super) struct Claimed {
    /// The user.
    user: ClaimedUser,
}

/// A user whose credential was claimed.
#[derive(ToSchema)]
struct ClaimedUser {
    /// The platform's number for the user.
    id: i64,
    /// The API credential.
    api: ClaimedApi,
}

/// An API credential for HTTP Basic.
#[derive(ToSchema)]
struct ClaimedApi {
    /// The username.
    username: String,
    /// The password; in this answer and never again.
    password: String,
}

/// A puzzle, member for member as ALTCHA's solvers read it.
#[derive(ToSchema)]
pub(super) struct IssuedChallenge {
    /// `SHA-256`.
    algorithm: String,
    /// SHA-256 of the salt and the decimal number, in hex.
    challenge: String,
    /// The number is between 0 and this.
    maxnumber: u32,
    /// A nonce, and what the challenge is bound to.
    salt: String,
    /// The server's signature.
    signature: String,
    /// Seconds until it expires.
    expires_in: i64,
}

/// Authorization server metadata (RFC 8414); more members than these.
#[derive(ToSchema)]
pub(super) struct AuthorizationServer {
    /// This server.
    issuer: String,
    /// Where tokens are.
    token_endpoint: String,
    /// Where they end.
    revocation_endpoint: String,
    /// Where they are asked about.
    introspection_endpoint: String,
    /// Which grants there are.
    grant_types_supported: Vec<String>,
    /// Which scopes there are.
    scopes_supported: Vec<String>,
}

/// Protected resource metadata (RFC 9728); more members than these.
#[derive(ToSchema)]
pub(super) struct ProtectedResource {
    /// This API.
    resource: String,
    /// Who gives tokens for it.
    authorization_servers: Vec<String>,
    /// Which scopes there are.
    scopes_supported: Vec<String>,
}
