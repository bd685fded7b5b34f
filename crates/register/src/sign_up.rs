//! Signing somebody up.

mod draft;
mod together;

use std::sync::atomic::{AtomicBool, Ordering};

use doorstep_accounts::{
    Application, Assurance, Created, Decision, Fingerprint, Handover, IdempotencyKey, Identity,
    Limit, PlainToken, Principal, Refusal, Scope, SignUpToken, Subject, Timestamp, User,
    idempotency::open, secret::version_of,
};
use doorstep_store::{Conn, NewUser, StoreError, failpoint};

use self::draft::make_email_up;
use crate::{
    Context, Error,
    again::{again, again_alone},
    confirmation,
    limiter::Charge,
    meter::{Meter, refuse_known, take},
    over::{self, Over},
    registration::{check_open, is_its_own},
};

pub use self::together::SignUps;

/// Made-up addresses are 48 random bits apart; a second clash in a row would be
/// a fault of the random source.
const EMAIL_TRIES: usize = 3;

/// How long a key is remembered at all: a day, as payment providers do.
pub(crate) const KEY_SECONDS: i64 = 24 * 60 * 60;

/// The caller's key, and which request it is for.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// The request.
    pub fingerprint: Fingerprint,
}

/// Creates the user, the credential, the event and the audit row: all or none.
///
/// The identity decides: whoever takes it first gets the account, everybody else
/// [`Refusal::AlreadyRegistered`] and never a credential. A retry with the first
/// request's key gets the first answer again; refused attempts leave no trace, so
/// a corrected body may be sent with the same key.
///
/// Accounts count against the limits, attempts that end otherwise do not; the
/// answer to a retry is given whatever the limits say.
pub async fn sign_up(
    context: &Context,
    meter: &Meter,
    caller: &Principal,
    application: Application,
    keyed: Option<&Keyed>,
) -> Result<Created, Error> {
    let Subject::App { client_id } = &caller.subject else {
        return Err(Refusal::InsufficientScope { needed: Scope::Register }.into());
    };
    let token = caller.sign_up.as_deref();
    if token.is_some_and(|token| token.assurance == Assurance::Anonymous) {
        // Nobody vouches for the person: such a sign-up waits, and is not made here.
        return Err(Refusal::InsufficientScope { needed: Scope::Register }.into());
    }
    let now = context.clock.now();
    let (application, confirmation) = (&application, None);
    let stale = AtomicBool::new(false);
    let attempt =
        Attempt { context, meter, client_id, token, confirmation, application, keyed, now, stale };
    attempt.finish().await
}

/// The first answer again, for a request that could not be made today: what is asked of
/// people may have changed since it was answered. `None`: nobody has made it.
pub async fn sign_up_again(
    context: &Context,
    meter: &Meter,
    caller: &Principal,
    application: Application,
    keyed: &Keyed,
) -> Result<Option<Created>, Error> {
    let Subject::App { client_id } = &caller.subject else { return Ok(None) };
    let (application, keyed, token) = (&application, Some(keyed), caller.sign_up.as_deref());
    if token.is_some_and(|token| token.assurance == Assurance::Anonymous) {
        // It was answered by what waits.
        return Ok(None);
    }
    let (now, stale) = (context.clock.now(), AtomicBool::new(false));
    let confirmation = None;
    let attempt =
        Attempt { context, meter, client_id, token, confirmation, application, keyed, now, stale };
    attempt.finish_with(attempt.only_replay()).await
}

/// That somebody who may said yes to a pending sign-up.
pub(crate) struct Confirmation<'a> {
    /// Which one.
    pub(crate) id: &'a str,
    /// Who, for the audit log.
    pub(crate) actor: String,
    /// Whether it counts against the client's limits, as its own sign-ups do.
    pub(crate) counts: bool,
}

/// Creates the user of a pending sign-up in the name of a client, if it still waits.
pub(crate) async fn sign_up_confirmed(
    context: &Context,
    meter: &Meter,
    client_id: &str,
    application: &Application,
    keyed: Option<&Keyed>,
    confirmation: &Confirmation<'_>,
) -> Result<Created, Error> {
    let (token, confirmation) = (None, Some(confirmation));
    let now = context.clock.now();
    let stale = AtomicBool::new(false);
    let attempt =
        Attempt { context, meter, client_id, token, confirmation, application, keyed, now, stale };
    attempt.finish().await
}

/// Counts a request that was rejected against the sign-up token that it came
/// with, in a transaction of its own: the count must outlive the rejection.
pub async fn count_rejection(context: &Context, token: &SignUpToken) -> Result<(), StoreError> {
    let mut tx = context.store.begin().await?;
    tx.conn().count_rejection(&token.hash).await?;
    tx.commit().await
}

/// One request's try.
struct Attempt<'a> {
    context: &'a Context,
    meter: &'a Meter,
    client_id: &'a str,
    token: Option<&'a SignUpToken>,
    /// If it is the end of a sign-up that waited.
    confirmation: Option<&'a Confirmation<'a>>,
    application: &'a Application,
    keyed: Option<&'a Keyed>,
    now: Timestamp,
    /// Whether the key would have told a password, and its time is over.
    stale: AtomicBool,
}

impl Attempt<'_> {
    /// The whole of it, and what was found out on the way.
    async fn finish(&self) -> Result<Created, Error> {
        self.finish_with(self.within_limits()).await
    }

    /// The first answer again, and nothing else.
    async fn only_replay(&self) -> Result<Option<Created>, Error> {
        let mut read = self.context.store.read().await?;
        let replayed = self.replay(&mut read.conn()).await?;
        read.done();
        Ok(replayed)
    }

    async fn finish_with<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let ended = work.await;
        if let (Some(keyed), true) = (self.keyed, self.stale.load(Ordering::Relaxed)) {
            over::end(self.context, Over::Replay(self.client_id, &keyed.key)).await;
        }
        ended
    }

    /// Limits first, and what contention means.
    async fn within_limits(&self) -> Result<Created, Error> {
        let charges = self.charges();
        if let Err(refusal) = refuse_known(self.context, self.meter, &charges) {
            let replayed = self.replay(&mut self.context.store.read().await?.conn()).await?;
            return replayed.ok_or_else(|| refusal.into());
        }
        let id = self.context.store.next_user_id().await?;
        let user = self.new_user(id)?;
        let tried = self.may_go_together(&user);
        if tried && let Some(created) = self.together(user.clone(), &charges).await? {
            return Ok(created);
        }
        // What hardly ever runs is not a part of each request's future.
        let alone = || Box::pin(self.alone(user.clone(), &charges));
        let ended = if tried {
            again_alone(self.context, alone).await
        } else {
            again(self.context, alone).await
        };
        match ended {
            // Contention on PostgreSQL: another request with this key, for this
            // identity or about this sign-up has not ended yet.
            Err(Error::Failed(StoreError::Contended(_)))
                if self.keyed.is_some() || self.confirmation.is_some() =>
            {
                Err(Refusal::RequestInProgress.into())
            }
            other => other,
        }
    }

    /// What an account counts against. Who may name anybody is held to more than who
    /// has a token for one person.
    fn charges(&self) -> Vec<Charge> {
        if self.confirmation.is_some_and(|confirmation| !confirmation.counts) {
            return Vec::new();
        }
        let context = self.context;
        let charge = |limit, part: &str| context.limiter.charge(limit, &[part], &context.keys);
        let day = charge(Limit::SignUpDay, self.client_id);
        let charges = if self.token.is_some() {
            [day, charge(Limit::SignUpAddress, &self.meter.address().to_string()), None]
        } else {
            let server = charge(Limit::SignUpServer, &self.application.identity.server_key);
            [charge(Limit::SignUp, self.client_id), day, server]
        };
        charges.into_iter().flatten().collect()
    }

    /// In a transaction of its own, which finds out whatever there is to say.
    async fn alone(&self, mut user: User, charges: &[Charge]) -> Result<Created, Error> {
        let Self { context, client_id, token, confirmation, application, now, .. } = *self;
        let identity = &application.identity;

        let mut tx = context.store.begin().await?;
        let mut conn = tx.conn();
        if let Some(replayed) = self.replay(&mut conn).await? {
            return Ok(replayed);
        }
        check_open(context, &mut conn, client_id, &identity.server_key).await?;
        if let Some(Confirmation { id, .. }) = confirmation
            && !conn.decide_pending(id, Decision::Confirmed, now).await?
        {
            return self.replay(&mut conn).await?.ok_or_else(|| Refusal::PendingDecided.into());
        }
        if let Some(token) = token
            && !conn.use_token(&token.hash, now).await?
        {
            // Of two requests at once with one token, the other one may have won
            // with this very key.
            return self.replay(&mut conn).await?.ok_or_else(|| Refusal::InvalidToken.into());
        }
        if confirmation.is_none() {
            check_server(&mut conn, client_id, identity).await?;
        }
        if !conn.take_identity(identity, user.id).await? {
            // The first request with the same key may have ended just now.
            if let Some(replayed) = self.replay(&mut conn).await? {
                return Ok(replayed);
            }
            let owner = conn.identity_owner(identity).await?;
            let user_id = owner.and_then(|(id, owner)| {
                // A page learns that the name is taken, a back end also by whom.
                (owner.as_deref() == Some(client_id) && token.is_none()).then_some(id)
            });
            return Err(Refusal::AlreadyRegistered { user_id }.into());
        }
        add_user(context, &mut conn, &mut user, identity, client_id).await?;
        if context.terms.confirm_seconds.is_some() && !user.email_generated {
            confirmation::ask(context, &mut conn, &user, now).await?;
        }
        let (rows, handover) = self.draft(user);
        if !conn.finish_sign_up(&rows).await? {
            // The key went to a request for somebody else in the meantime.
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        take(context, &mut conn, self.meter, charges).await?;
        failpoint::at("sign-up-commit");
        tx.commit().await?;
        failpoint::at("sign-up-committed");
        Ok(self.answer(rows.user, rows.credential.username, handover, false))
    }

    /// The first answer again, if the key was used for this very request.
    async fn replay(&self, conn: &mut Conn<'_>) -> Result<Option<Created>, Error> {
        let Self { context, client_id, token, .. } = *self;
        let Some(Keyed { key, fingerprint }) = self.keyed else { return Ok(None) };
        let Some(found) = conn.replay(client_id, key, context.clock.now()).await? else {
            return Ok(None);
        };
        if found.fingerprint != fingerprint.as_stored() {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let own = found.token.as_deref() == token.map(|token| token.hash.as_stored());
        if !own && token.is_some_and(|token| token.expired) {
            return Err(Refusal::InvalidToken.into());
        }
        self.stale.fetch_or(found.stale, Ordering::Relaxed);
        let missing = StoreError::Corrupt { what: "the user of an idempotency key" };
        let user = conn.user(found.user_id).await?.ok_or(missing)?;
        context.follow(&context.seal, found.sealed.as_deref().and_then(version_of)).await;
        let handover = found
            .sealed
            .as_deref()
            .and_then(|sealed| open(sealed, key, client_id, &context.seal))
            .map_or(Handover::Delivered, |secret| {
                if PlainToken::parse_claim_code(secret.expose()).is_ok() {
                    Handover::Claim { code: secret, expires_in: context.terms.claim_seconds }
                } else {
                    Handover::Password(secret)
                }
            });
        Ok(Some(self.answer(user, found.api_username, handover, true)))
    }

    fn answer(
        &self,
        user: User,
        api_username: String,
        handover: Handover,
        replayed: bool,
    ) -> Created {
        let sent = self.application.answers.text("email").filter(|_| self.token.is_some());
        Created {
            shown_email: sent.unwrap_or(&user.email).to_owned(),
            user,
            api_username,
            handover,
            replaced: self.application.replaced.clone(),
            ignored: self.application.ignored.clone(),
            replayed,
        }
    }
}

/// A server that is assigned belongs to its client; a client with assigned
/// servers stays within them.
pub(crate) async fn check_server(
    conn: &mut Conn<'_>,
    client_id: &str,
    identity: &Identity,
) -> Result<(), Error> {
    let owner = conn.server_owner(&identity.server_key).await?;
    let allowed = is_its_own(
        client_id,
        owner.as_deref(),
        owner.is_none() && conn.has_servers(client_id).await?,
    );
    if allowed {
        Ok(())
    } else {
        Err(Refusal::ProviderServerNotAllowed { server: identity.server_key.clone() }.into())
    }
}

/// Adds the user under the address that was sent, or under a made-up one when
/// none was sent or somebody has it.
async fn add_user(
    context: &Context,
    conn: &mut Conn<'_>,
    user: &mut User,
    identity: &Identity,
    client_id: &str,
) -> Result<(), Error> {
    for _ in 0..=EMAIL_TRIES {
        if user.email.is_empty() {
            make_email_up(context, user, identity);
        }
        let new = NewUser { user, client_id: Some(client_id), password: None };
        if conn.add_user(&new).await? {
            return Ok(());
        }
        user.email.clear();
    }
    Err(StoreError::Corrupt { what: "every made-up e-mail address" }.into())
}
