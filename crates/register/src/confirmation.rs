//! Asking by mail whether an address is its user's.
//!
//! A mail that cannot be sent holds nobody up: what is written with the user is a job.
//! Each of its tries makes a code, keeps its hash, and sends the code itself, which so
//! is known to the reader of the mail and to nobody else.

use doorstep_accounts::{
    Confirmation, ConfirmationState, JobKind, Limit, Lookup, PlainToken, Refusal, Timestamp,
    TokenKind, User, ids::IdKind,
};
use doorstep_store::{Conn, Lease, NewJob, StoreError};
use serde_json::{Map, Value};

use crate::{
    Context, Error, Settled,
    limiter::Charge,
    meter::{Meter, refuse_known, take},
};

/// What a worker sends.
#[derive(Debug)]
pub struct Letter {
    /// To whom.
    pub email: String,
    /// What its reader shows.
    pub code: PlainToken,
    /// How long it counts, in seconds.
    pub seconds: i64,
}

/// What a worker finds.
#[derive(Debug)]
pub enum Errand {
    /// A mail to send.
    Go(Letter),
    /// There is nothing to ask any more.
    Over,
    /// The job is somebody else's.
    Lost,
}

/// What a code is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeState {
    /// Its reader can confirm the address.
    Open,
    /// The address is confirmed.
    Used,
    /// Nothing: it is too old, was replaced, or never was one.
    Ended,
}

/// Who wants a mail to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// The user.
    User(i64),
    /// An administrator, for a user.
    Admin {
        /// The administrator.
        admin_id: i64,
        /// The user.
        user_id: i64,
    },
}

/// Asks whether a user's address is the user's, if mails are sent and somebody may read
/// this one. The last word on an address: what was asked about another one is forgotten.
pub(crate) async fn ask(
    context: &Context,
    conn: &mut Conn<'_>,
    user: &User,
    now: Timestamp,
) -> Result<Option<Confirmation>, StoreError> {
    if context.terms.confirm_seconds.is_none() || user.email_generated {
        conn.forget_confirmation(user.id).await?;
        return Ok(None);
    }
    let id = IdKind::Job.mint(&*context.clock, &*context.entropy);
    conn.ask_for_confirmation(user, &id, now).await?;
    let job = NewJob {
        id: &id,
        kind: JobKind::ConfirmEmail,
        payload: &Map::new(),
        user_id: Some(user.id),
        due_at: now,
    };
    conn.add_job(&job, now).await?;
    let state = ConfirmationState::Waiting;
    Ok(Some(Confirmation { state, sent_at: None, reason: None }))
}

/// What a mail costs the user who causes it.
pub(crate) fn charges(context: &Context, user_id: i64) -> Vec<Charge> {
    if context.terms.confirm_seconds.is_none() {
        return Vec::new();
    }
    let user = user_id.to_string();
    let charge = context.limiter.charge(Limit::Confirmation, &[&user], &context.keys);
    charge.into_iter().collect()
}

/// Asks again. Gives where the question stands: an address that is confirmed is not
/// asked about.
pub async fn ask_again(
    context: &Context,
    meter: &Meter,
    asker: Asker,
) -> Result<ConfirmationState, Error> {
    let (user_id, actor) = match asker {
        Asker::User(id) => (id, id),
        Asker::Admin { admin_id, user_id } => (user_id, admin_id),
    };
    let charges = charges(context, user_id);
    refuse_known(context, meter, &charges)?;
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let user = conn.user_for_change(user_id).await?.ok_or(Refusal::UserNotFound)?;
    let managed = conn.managed_user(&Lookup::Id(user_id)).await?;
    if managed.is_some_and(|managed| managed.confirmed_at.is_some()) {
        return Ok(ConfirmationState::Confirmed);
    }
    let why = if context.terms.confirm_seconds.is_none() {
        Some("the operator has set no mail server")
    } else if user.email_generated {
        Some("the address was made up, set one that you read first")
    } else {
        None
    };
    if let Some(why) = why {
        return Err(Refusal::ConfirmationUnavailable { why }.into());
    }
    ask(context, &mut conn, &user, now).await?;
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let (actor, subject) = (format!("user:{actor}"), format!("user:{user_id}"));
    conn.add_audit(&id, &actor, "email.ask", &subject, &Map::new(), now).await?;
    take(context, &mut conn, meter, &charges).await?;
    tx.commit().await?;
    Ok(ConfirmationState::Waiting)
}

/// Begins a try of a job: makes its code. The one before ends here, for a mail that is
/// tried again may have arrived, and of two links one is enough.
pub async fn begin_letter(context: &Context, lease: &Lease) -> Result<Errand, StoreError> {
    let Some(seconds) = context.terms.confirm_seconds else {
        return Ok(Errand::Lost);
    };
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.hold_job(lease).await? {
        return Ok(Errand::Lost);
    }
    let code = PlainToken::generate(TokenKind::Confirmation, &*context.entropy);
    if let Some(addressee) = conn.addressee(&lease.job_id).await?
        && conn
            .set_confirmation_code(&lease.job_id, &code.hash(), now.plus_seconds(seconds))
            .await?
    {
        tx.commit().await?;
        return Ok(Errand::Go(Letter { email: addressee.email, code, seconds }));
    }
    conn.finish_job(lease).await?;
    tx.commit().await?;
    Ok(Errand::Over)
}

/// Writes that the mail server took the mail.
pub async fn letter_sent(context: &Context, lease: &Lease) -> Result<Settled, StoreError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.finish_job(lease).await? {
        return Ok(Settled::Lost);
    }
    conn.note_mail_sent(lease, now).await?;
    tx.commit().await?;
    Ok(Settled::Written)
}

/// Writes that the mail will not be sent. The job stays with the reason, for people to
/// look at.
pub async fn letter_failed(
    context: &Context,
    lease: &Lease,
    reason: &str,
) -> Result<Settled, StoreError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.bury_job(lease, reason, now).await? {
        return Ok(Settled::Lost);
    }
    conn.note_mail_failed(lease, reason).await?;
    tx.commit().await?;
    Ok(Settled::Written)
}

/// Looks at a code, and changes nothing: programs that follow links in mails confirm
/// nothing by it.
pub async fn look_at_code(context: &Context, code: &str) -> Result<CodeState, Error> {
    let Ok(code) = PlainToken::parse_confirmation(code) else { return Ok(CodeState::Ended) };
    let found = context.store.read().await?.conn().confirmation_code(&code.hash()).await?;
    Ok(match found {
        Some(row) if row.is_used => CodeState::Used,
        Some(row) if row.expires_at > context.clock.now() => CodeState::Open,
        _ => CodeState::Ended,
    })
}

/// Confirms the address that a code was sent to. A code that did so says so again.
pub async fn confirm_email(context: &Context, code: &str) -> Result<CodeState, Error> {
    let Ok(code) = PlainToken::parse_confirmation(code) else { return Ok(CodeState::Ended) };
    let hash = code.hash();
    let found = context.store.read().await?.conn().confirmation_code(&hash).await?;
    let Some(row) = found else { return Ok(CodeState::Ended) };
    let now = context.clock.now();
    if row.is_used {
        return Ok(CodeState::Used);
    } else if row.expires_at <= now {
        return Ok(CodeState::Ended);
    }
    let id = row.user_id;
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    conn.user_for_change(id).await?;
    if !conn.use_confirmation_code(id, &hash, now).await? {
        drop(tx);
        // Somebody pressed the button twice, or a newer mail was sent just now.
        return look_at_code(context, code.expose()).await;
    }
    let fields = Value::from(vec!["confirmed_at"]);
    let details = Map::from_iter([("fields".to_owned(), fields)]);
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&event, "user.updated", id, &details, now).await?;
    let audit = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let subject = format!("user:{id}");
    conn.add_audit(&audit, &subject, "email.confirmed", &subject, &Map::new(), now).await?;
    tx.commit().await?;
    Ok(CodeState::Used)
}
