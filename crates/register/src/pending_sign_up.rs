//! Sign-ups that nobody vouches for: held, listed, confirmed, rejected.

use std::fmt;

use doorstep_accounts::{
    Application, Assurance, Created, Decision, Identity, Limit, PendingSignUp, Principal, Refusal,
    Scope, Subject, Timestamp, audit::pseudonym, ids::IdKind, labels, pending::answers_to_keep,
};
use doorstep_fields::SignUp;
use doorstep_store::{Conn, NewPending, PendingQuery, StoreError};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value};

use crate::{
    Context, Error, Keyed,
    change_account::labels_too_large,
    meter::{Meter, refuse_known, take},
    registration::check_open,
    sign_up::{Confirmation, sign_up_confirmed},
    widget_token::publishable_terms,
};

/// Who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decider {
    /// The client that could sign the person up itself.
    Client(String),
    /// An administrator.
    Admin(i64),
    /// Whoever has the server's command line.
    Operator,
}

impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Admin(id) => write!(f, "user:{id}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// A sign-up that waits now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// How long it waits, in seconds from when it came.
    pub expires_in: i64,
    /// Whether this is the answer to an earlier request with the same key.
    pub replayed: bool,
}

/// Some of the pending sign-ups.
#[derive(Debug, Clone)]
pub struct PendingPage {
    /// Oldest first.
    pub sign_ups: Vec<PendingSignUp>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Sign-ups on one page of the list.
const PAGE: u8 = 100;

/// Keeps a sign-up until somebody who can decides. It makes no user, issues no
/// credential and reserves no name, and it does not tell whether the name is taken:
/// whoever asks has shown nothing but patience.
pub async fn hold_sign_up(
    context: &Context,
    meter: &Meter,
    caller: &Principal,
    application: Application,
    keyed: &Keyed,
) -> Result<Held, Error> {
    match hold(context, meter, caller, application, keyed).await {
        Err(Error::Failed(StoreError::Contended(_))) => Err(Refusal::RequestInProgress.into()),
        other => other,
    }
}

async fn hold(
    context: &Context,
    meter: &Meter,
    caller: &Principal,
    application: Application,
    keyed: &Keyed,
) -> Result<Held, Error> {
    let (Subject::App { client_id }, Some(token)) = (&caller.subject, caller.sign_up.as_deref())
    else {
        return Err(Refusal::SignUpTokenNeeded.into());
    };
    if !labels::fit(&application.labels) {
        return Err(Refusal::Invalid { faults: vec![labels_too_large()] }.into());
    }
    let now = context.clock.now();
    // As a sign-up with any other token: accepting it costs as much.
    let address = meter.address().to_string();
    let charges: Vec<_> =
        [(Limit::SignUpDay, client_id.as_str()), (Limit::SignUpAddress, &address)]
            .into_iter()
            .filter_map(|(limit, part)| context.limiter.charge(limit, &[part], &context.keys))
            .collect();
    if let Err(refusal) = refuse_known(context, meter, &charges) {
        let mut read = context.store.read().await?;
        let held = replay(&mut read.conn(), client_id, keyed, now).await?;
        return held.ok_or_else(|| refusal.into());
    }
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    conn.lock_pending(client_id).await?;
    if let Some(held) = replay(&mut conn, client_id, keyed, now).await? {
        return Ok(held);
    }
    let terms = publishable_terms(context)?;
    let Application { identity, answers, labels, .. } = application;
    check_open(context, &mut conn, client_id, &identity.server_key).await?;
    if !conn.use_token(&token.hash, now).await? {
        return Err(Refusal::InvalidToken.into());
    }
    if conn.publishable_server(client_id).await?.as_ref() != Some(&identity.server_key) {
        return Err(Refusal::ProviderServerNotAllowed { server: identity.server_key }.into());
    }
    let sign_up = PendingSignUp {
        id: IdKind::PendingSignUp.mint(&*context.clock, &*context.entropy),
        client_id: client_id.clone(),
        identity,
        answers: answers_to_keep(&answers),
        labels,
        created_at: now,
        expires_at: now.plus_seconds(terms.pending_seconds),
        decision: None,
    };
    let new = NewPending { sign_up: &sign_up, key: &keyed.key, fingerprint: &keyed.fingerprint };
    if !conn.add_pending(&new, terms.most_pending).await? {
        return Err(Refusal::TooManyPending.into());
    }
    let actor = format!("client:{client_id}");
    audit(context, &mut conn, &actor, "sign_up.hold", &sign_up).await?;
    take(context, &mut conn, meter, &charges).await?;
    tx.commit().await?;
    Ok(held(&sign_up, false))
}

/// The first answer again, if the key was used for this very request.
async fn replay(
    conn: &mut Conn<'_>,
    client_id: &str,
    keyed: &Keyed,
    now: Timestamp,
) -> Result<Option<Held>, Error> {
    match conn.pending_of_key(client_id, &keyed.key, now).await? {
        Some((fingerprint, _)) if fingerprint != keyed.fingerprint.as_stored() => {
            Err(Refusal::IdempotencyKeyReused.into())
        }
        found => Ok(found.map(|(_, sign_up)| held(&sign_up, true))),
    }
}

fn held(sign_up: &PendingSignUp, replayed: bool) -> Held {
    let expires_in = sign_up.expires_at.seconds() - sign_up.created_at.seconds();
    Held { id: sign_up.id.clone(), expires_in, replayed }
}

/// The sign-ups in a state that the decider may decide, after an id.
pub async fn list_sign_ups(
    context: &Context,
    decider: &Decider,
    status: &str,
    after: &str,
) -> Result<PendingPage, Error> {
    let client_id = match decider {
        Decider::Client(id) => Some(id.as_str()),
        Decider::Admin(_) | Decider::Operator => None,
    };
    // One more than is shown tells whether there are more.
    let query = PendingQuery { client_id, status, after, limit: i64::from(PAGE) + 1 };
    let mut read = context.store.read().await?;
    let mut sign_ups = read.conn().list_pending(query, context.clock.now()).await?;
    let more = sign_ups.len() > usize::from(PAGE);
    sign_ups.truncate(usize::from(PAGE));
    Ok(PendingPage { sign_ups, more })
}

/// Makes the user that a pending sign-up asked for, exactly as a sign-up does.
pub async fn confirm_sign_up(
    context: &Context,
    meter: &Meter,
    decider: &Decider,
    id: &str,
    keyed: Option<&Keyed>,
) -> Result<Created, Error> {
    let sign_up = find(context, decider, id).await?;
    let application = match sign_up.decision {
        None => sign_up.application().map_err(|faults| Refusal::Invalid {
            faults: faults.iter().map(|fault| FieldProblem::of(fault, "/user")).collect(),
        })?,
        // What it said is forgotten; a retry with the first request's key needs none of it.
        Some(_) => nothing(&sign_up.identity),
    };
    let client_id = match decider {
        Decider::Client(id) => id,
        Decider::Admin(_) | Decider::Operator => &sign_up.client_id,
    };
    let counts = matches!(decider, Decider::Client(_));
    let confirmation = Confirmation { id, actor: decider.to_string(), counts };
    sign_up_confirmed(context, meter, client_id, &application, keyed, &confirmation).await
}

/// Decides that there will be no account.
pub async fn reject_sign_up(context: &Context, decider: &Decider, id: &str) -> Result<(), Error> {
    let sign_up = find(context, decider, id).await?;
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.decide_pending(id, Decision::Rejected, context.clock.now()).await? {
        return Err(Refusal::PendingDecided.into());
    }
    audit(context, &mut conn, &decider.to_string(), "sign_up.reject", &sign_up).await?;
    tx.commit().await?;
    Ok(())
}

/// A pending sign-up that the decider may decide: a client those of the servers
/// that are assigned to it. Of others nobody learns that they exist.
async fn find(context: &Context, decider: &Decider, id: &str) -> Result<PendingSignUp, Error> {
    let mut read = context.store.read().await?;
    let mut conn = read.conn();
    let found = if crate::authenticate::is_plain(id) {
        conn.pending(id, context.clock.now()).await?
    } else {
        None
    };
    let sign_up = found.ok_or(Refusal::PendingNotFound)?;
    if let Decider::Client(client_id) = decider {
        // A client that may register on any server that is nobody's has no say over
        // people who came another way.
        let owner = conn.server_owner(&sign_up.identity.server_key).await?;
        if owner.as_ref() != Some(client_id) {
            return Err(Refusal::PendingNotFound.into());
        }
    }
    Ok(sign_up)
}

/// Who of the callers of the API decides: clients with their own tokens and
/// administrators. Sign-up tokens are for pages, which decide nothing.
impl TryFrom<&Principal> for Decider {
    type Error = Refusal;

    fn try_from(caller: &Principal) -> Result<Self, Refusal> {
        match (&caller.subject, &caller.sign_up) {
            (Subject::App { client_id }, None) if caller.may(Scope::Register) => {
                Ok(Self::Client(client_id.clone()))
            }
            (Subject::User { user_id, .. }, _) if caller.may(Scope::AdminWrite) => {
                Ok(Self::Admin(*user_id))
            }
            _ => Err(Refusal::InsufficientScope { needed: Scope::Register }),
        }
    }
}

/// Whether nobody vouches for what the caller says.
pub fn is_anonymous(caller: &Principal) -> bool {
    caller.sign_up.as_ref().is_some_and(|token| token.assurance == Assurance::Anonymous)
}

fn nothing(identity: &Identity) -> Application {
    Application {
        identity: identity.clone(),
        answers: SignUp::default(),
        labels: Map::new(),
        replaced: Vec::new(),
        ignored: Vec::new(),
    }
}

async fn audit(
    context: &Context,
    conn: &mut Conn<'_>,
    actor: &str,
    action: &str,
    sign_up: &PendingSignUp,
) -> Result<(), StoreError> {
    let identity = &sign_up.identity;
    let details = Map::from_iter([
        ("provider".to_owned(), Value::from(identity.provider.clone())),
        ("provider_server".to_owned(), Value::from(identity.server_key.clone())),
        // Not the username: the row stays when the person is forgotten.
        ("identity".to_owned(), Value::from(pseudonym(identity, &context.audit))),
    ]);
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let subject = format!("sign_up:{}", sign_up.id);
    conn.add_audit(&id, actor, action, &subject, &details, context.clock.now()).await
}
