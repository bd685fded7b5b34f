//! The verbs: one file, one use-case.
//!
//! A use-case takes a [`Context`] and values that were parsed at the door, and
//! gives an outcome or an [`Error`]. Nothing here knows HTTP or a dialect.

mod admin_users;
mod administer;
mod again;
mod audit;
mod authenticate;
mod authenticate_client;
mod catalog;
mod change_account;
mod claim_credential;
mod confirmation;
mod customers;
mod erase_user;
mod export_user;
mod frame;
mod issue_credential;
mod issue_token;
mod limiter;
mod lookups;
mod manage_client;
mod manage_credentials;
mod meter;
mod orders;
mod over;
mod own_token;
mod pending_sign_up;
mod registration;
mod revoke_tokens;
mod session;
mod sign_up;
mod together;
mod webhooks;
mod widget_token;
mod writes;
mod writing_thread;

pub use admin_users::{
    ManagedOutcome, change_user, create_user, find_user, list_users, set_suspension,
};
pub use administer::{
    CreatedAdmin, CreatedClient, NewClientRequest, OperatorError, create_admin, create_client,
    disable_client, list_clients, note_keys,
};
pub use audit::{Finding, Verified, adopt_audit, export_audit, verify_audit};
pub use authenticate::{Presented, authenticate_token, check_origin, log_in, visit};
pub use authenticate_client::ClientAuthentication;
pub use catalog::{ImportedCatalog, LiveCatalog, check_catalog, import_catalog, show_catalog};
pub use change_account::change_account;
pub use claim_credential::{ClaimError, ClaimRequest, Claimed, claim_credential};
pub use confirmation::{
    Asker, CodeState, Errand, Letter, ask_again, begin_letter, confirm_email, letter_failed,
    letter_sent, look_at_code,
};
pub use customers::{
    CustomerOutcome, change_customer, create_customer, find_customer, list_customers,
    list_customers_users,
};
pub use erase_user::{Eraser, erase_user};
pub use export_user::export_user;
pub use frame::frame_ancestors;
pub use issue_token::{IssuedToken, TokenError, TokenRequest, Tokens, issue_token};
pub use limiter::Limiter;
pub use lookups::Lookups;
pub use manage_client::{RotatedSecret, rotate_secret, set_keys};
pub use manage_credentials::{
    CredentialChange, Issued, Manager, NewCredential, add_credential, change_credential,
    list_credentials, reissue_credential, revoke_credential, rotate_credential, show_credential,
};
pub use meter::{Meter, admit};
pub use orders::{
    Assignment, Audience, Begun, Holdings, OrderRequest, OrderSecret, PlacedOrder, Settled,
    Speaker, account, authorize_callback, begin_order, cancel_order, complete_order, fail_order,
    find_order, list_orders, note_order, offered_to, place_order, retry_order, wait_for_answer,
    watch_order,
};
pub use own_token::{Introspected, introspect_token, revoke_token};
pub use pending_sign_up::{
    Decider, Held, PendingPage, confirm_sign_up, hold_sign_up, is_anonymous, list_sign_ups,
    reject_sign_up,
};
pub use registration::{check_registration, set_registration};
pub use revoke_tokens::{TokenChoice, revoke_tokens};
pub use session::{OpenedSession, authenticate_session, close_session, open_session};
pub use sign_up::{Keyed, SignUps, count_rejection, sign_up, sign_up_again};
pub use webhooks::{
    add_endpoint, disable_endpoint, enable_endpoint, list_dead, list_endpoints, note_gone,
    remove_endpoint, replay_events,
};
pub use widget_token::{
    PuzzleSolution, WidgetTokenRequest, check_widget_page, issue_widget_token, publishable_terms,
};

use std::{fmt, pin::Pin, sync::Arc};

use doorstep_accounts::{Clock, Entropy, KeyRing, NameRules, Refusal, Secret, SecretHash};
use doorstep_fields::Field;
use doorstep_store::{Store, StoreError};

/// What every use-case works with.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub store: Store,
    /// The sign-ups that wait to be written.
    pub sign_ups: SignUps,
    /// The tokens that wait to be written.
    pub tokens: Tokens,
    /// What waits to be looked up.
    pub lookups: Lookups,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The pepper ring.
    pub keys: KeyRing,
    /// The ring that replay copies are sealed with.
    pub seal: KeyRing,
    /// The ring that the audit log is chained with.
    pub audit: KeyRing,
    /// The ring that webhooks are signed with.
    pub webhook: KeyRing,
    /// Where the rings come from.
    pub key_source: Arc<dyn KeySource>,
    /// What the operator set.
    pub terms: Terms,
    /// Holds requests to the limits.
    pub limiter: Limiter,
    /// The catalogue as this process read it last: ask [`Context::catalog`].
    pub live_catalog: LiveCatalog,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// Where the rings come from, asked again when something names a version that
/// they lack: another server has rotated a key.
pub trait KeySource: Send + Sync {
    /// Brings the context's rings up to date, if there is anything new.
    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl Context {
    /// Whether the secret is the one that was hashed, by whichever pepper.
    pub(crate) async fn verify(&self, hash: &SecretHash, secret: &Secret) -> bool {
        self.follow(&self.keys, hash.version()).await;
        hash.verify(secret, &self.keys)
    }

    /// Makes sure that the ring has the version, if anybody has it.
    pub(crate) async fn follow(&self, ring: &KeyRing, version: Option<u32>) {
        if version.is_some_and(|version| ring.get(version).is_none()) {
            self.key_source.refresh().await;
        }
    }
}

/// What the operator decides about accounts.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Language of accounts that name none that we know (ISO 639-1).
    pub default_locale: String,
    /// Currency of accounts that name none that we know (ISO 4217).
    pub default_currency: String,
    /// Domain of the addresses that we make up.
    pub email_domain: String,
    /// How long an access token lives, in seconds.
    pub token_seconds: i64,
    /// How long a session lives, in seconds.
    pub session_seconds: i64,
    /// How long a sign-up token lives, in seconds.
    pub sign_up_token_seconds: i64,
    /// How long a claim code lives, in seconds.
    pub claim_seconds: i64,
    /// The server's own URL, without a slash at the end: the issuer of its tokens
    /// (RFC 8414 §2) and the resource that they are for (RFC 8707).
    pub issuer: String,
    /// The URL of the token endpoint.
    pub token_url: String,
    /// The URL of the user API, which sign-up tokens may name.
    pub users_url: String,
    /// What may be a username or a provider server.
    pub names: NameRules,
    /// The fields that the operator declared, beside the catalogue's.
    pub declared: &'static [Field],
    /// Whether anybody may register at all.
    pub registration: bool,
    /// What publishable clients may do, if there may be any.
    pub publishable: Option<PublishableTerms>,
    /// What may be ordered, if anything.
    pub ordering: Option<OrderingTerms>,
    /// How long the code in a mail confirms an address, in seconds, if mails are sent.
    pub confirm_seconds: Option<i64>,
}

/// What the operator decides about orders.
#[derive(Debug, Clone, Copy)]
pub struct OrderingTerms {
    /// Containers that a user may have whose group says nothing about it.
    pub containers: i64,
}

/// What the operator decides about pages without a back end.
#[derive(Debug, Clone, Copy)]
pub struct PublishableTerms {
    /// How long their sign-up tokens live, in seconds.
    pub token_seconds: i64,
    /// How long a sign-up waits, in seconds.
    pub pending_seconds: i64,
    /// How many of a client's sign-ups may wait.
    pub most_pending: i64,
}

/// Why a use-case ended without its outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller is told no.
    #[error("refused: {}", .0.code().name())]
    Refused(Refusal),
    /// Something of ours failed.
    #[error("failed")]
    Failed(#[source] StoreError),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}
