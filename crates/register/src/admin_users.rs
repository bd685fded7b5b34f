//! Users, as administrators make, find, change and suspend them.

use doorstep_accounts::{
    ConfirmationState, Lookup, ManagedUser, Membership, MembershipForm, Refusal, Scope, Timestamp,
    User, UserForm,
    customer::new_hash,
    ids::IdKind,
    labels, password,
    user::{email_key, write_profile},
};
use doorstep_store::{Conn, StoreError, Taken};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value};

use crate::{
    Context, Error, Keyed,
    again::again,
    change_account::{email_taken, labels_too_large},
    confirmation,
    session::compute,
    sign_up::KEY_SECONDS,
};

/// A user that was made or changed.
#[derive(Debug, Clone)]
pub struct ManagedOutcome {
    /// The user.
    pub managed: ManagedUser,
    /// Whether this is the answer to an earlier request with the same key.
    pub replayed: bool,
}

/// Creates a user: the row, the event and the audit row, or none of them. It gets no
/// API credential and no identity at a provider.
///
/// A taken e-mail or external id is a fault of the field, for administrators see all
/// users anyway. A retry with the first request's key gets the user again.
pub async fn create_user(
    context: &Context,
    admin_id: i64,
    form: &UserForm,
    keyed: Option<&Keyed>,
) -> Result<ManagedOutcome, Error> {
    let attempt = Attempt { context, admin_id, form, keyed };
    if let Some(replayed) = attempt.replay(&mut context.store.read().await?.conn()).await? {
        return Ok(replayed);
    }
    match again(context, || attempt.run()).await {
        // Contention on PostgreSQL: another request with this key has not ended yet.
        Err(Error::Failed(StoreError::Contended(_))) if keyed.is_some() => {
            Err(Refusal::RequestInProgress.into())
        }
        other => other,
    }
}

/// One request's try.
struct Attempt<'a> {
    context: &'a Context,
    admin_id: i64,
    form: &'a UserForm,
    keyed: Option<&'a Keyed>,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<ManagedOutcome, Error> {
        let Self { context, admin_id, form, keyed } = *self;
        let now = context.clock.now();
        let hash = hash(context, form).await?;
        let mut managed = self.new_user(context.store.next_user_id().await?, now)?;
        let id = managed.user.id;
        let mut tx = context.store.begin().await?;
        let mut conn = tx.conn();
        if let Some(membership) = &mut managed.membership {
            join(&mut conn, membership, form.membership.as_ref()).await?;
        }
        if !conn.add_managed_user(&managed, hash.as_deref()).await? {
            // The first request with the same key may have ended just now.
            if let Some(replayed) = self.replay(&mut conn).await? {
                return Ok(replayed);
            }
            return Err(taken(conn.taken(&managed).await?, &managed));
        }
        if managed.confirmed_at.is_none() {
            managed.confirmation =
                confirmation::ask(context, &mut conn, &managed.user, now).await?;
        }
        if let Some(Keyed { key, fingerprint }) = keyed {
            let kept = (id, now.plus_seconds(KEY_SECONDS));
            let password = hash.as_deref();
            if !conn.take_admin_key(admin_id, key, fingerprint, password, kept).await? {
                return match self.replay(&mut conn).await? {
                    Some(replayed) => Ok(replayed),
                    None => Err(Refusal::IdempotencyKeyReused.into()),
                };
            }
        }
        if let Some(prefix) = &form.account_prefix {
            managed.account_number = Some(conn.number_account(id, prefix).await?);
        }
        let mut payload = managed.user.profile.clone();
        payload.insert("id".to_owned(), id.into());
        payload.insert("email".to_owned(), managed.user.email.clone().into());
        payload.insert("external_id".to_owned(), managed.external_id.clone().into());
        payload.insert("labels".to_owned(), Value::Object(managed.user.labels.clone()));
        if let Some(membership) = &managed.membership {
            payload.insert("customer_id".to_owned(), membership.customer_id.into());
            payload.insert("username".to_owned(), membership.username.clone().into());
        }
        let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
        conn.add_event(&event, "user.created", id, &payload, now).await?;
        let details = Map::from_iter([("is_admin".to_owned(), managed.user.is_admin.into())]);
        audit(context, &mut conn, (admin_id, "user.create", id), &details, now).await?;
        tx.commit().await?;
        Ok(ManagedOutcome { managed, replayed: false })
    }

    fn new_user(&self, id: i64, now: Timestamp) -> Result<ManagedUser, Refusal> {
        let Self { context, form, .. } = *self;
        let mut profile = Map::new();
        profile.insert("locale".to_owned(), context.terms.default_locale.clone().into());
        profile.insert("currency".to_owned(), context.terms.default_currency.clone().into());
        let user = User {
            id,
            email: String::new(),
            email_generated: false,
            profile,
            labels: Map::new(),
            active: true,
            is_admin: false,
            created_at: now,
            updated_at: now,
        };
        let membership = form.membership.as_ref().map(|form| Membership {
            customer_id: form.customer_id.unwrap_or_default(),
            username: form.username.clone().unwrap_or_default(),
            can_customer_admin: false,
            seed: new_hash(&*context.entropy),
        });
        let mut managed = ManagedUser {
            user,
            external_id: None,
            confirmed_at: None,
            account_number: None,
            membership,
            confirmation: None,
        };
        write(&mut managed, form, now)?;
        Ok(managed)
    }

    /// The first answer again, if the key was used for this very request.
    async fn replay(&self, conn: &mut Conn<'_>) -> Result<Option<ManagedOutcome>, Error> {
        let Some(Keyed { key, fingerprint }) = self.keyed else { return Ok(None) };
        let now = self.context.clock.now();
        let Some(found) = conn.admin_replay(self.admin_id, key, now).await? else {
            return Ok(None);
        };
        let same_password = match (&self.form.password, found.password) {
            (None, None) => true,
            (Some(sent), Some(hash)) => {
                let sent = sent.clone();
                compute(move || password::verify(&hash, &sent)).await?
            }
            _ => false,
        };
        if found.fingerprint != fingerprint.as_stored() || !same_password {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let missing = StoreError::Corrupt { what: "the user of an administrator's key" };
        let managed = conn.managed_user(&Lookup::Id(found.user_id)).await?.ok_or(missing)?;
        Ok(Some(ManagedOutcome { managed, replayed: true }))
    }
}

/// The user who is meant.
pub async fn find_user(context: &Context, lookup: &Lookup) -> Result<ManagedUser, Error> {
    let found = context.store.read().await?.conn().managed_user(lookup).await?;
    found.ok_or_else(|| Refusal::UserNotFound.into())
}

/// A page of users in the order of their numbers, and how many there are in all.
pub async fn list_users(
    context: &Context,
    offset: i64,
    limit: i64,
) -> Result<(Vec<ManagedUser>, i64), Error> {
    Ok(context.store.read().await?.conn().managed_users(offset, limit).await?)
}

/// Changes a user. The event and the audit row name the fields, not their contents. A
/// new password ends the user's sessions: whoever knew the old one may have opened them.
pub async fn change_user(
    context: &Context,
    admin_id: i64,
    user_id: i64,
    form: &UserForm,
) -> Result<ManagedUser, Error> {
    let now = context.clock.now();
    let hash = hash(context, form).await?;
    let ends = form.active == Some(false) || form.is_admin == Some(false);
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if ends {
        may_end(&mut conn, Some(admin_id), user_id).await?;
    }
    conn.user_for_change(user_id).await?.ok_or(Refusal::UserNotFound)?;
    let found = conn.managed_user(&Lookup::Id(user_id)).await?;
    let mut managed = found.ok_or(Refusal::UserNotFound)?;
    let was_active = managed.user.active;
    let before = (managed.user.email.clone(), managed.confirmed_at);
    if let Some(form) = &form.membership {
        change_member(&mut conn, &mut managed, form).await?;
    }
    write(&mut managed, form, now)?;
    if !conn.change_managed_user(&managed, hash.as_deref()).await? {
        // The transaction may be of no more use, and what it ran into is committed.
        drop(tx);
        let taken_by_others = context.store.read().await?.conn().taken(&managed).await?;
        return Err(taken(taken_by_others, &managed));
    }
    ask_anew(context, &mut conn, &mut managed, before, now).await?;
    let details = Map::from_iter([("fields".to_owned(), fields(form).into())]);
    if hash.is_some() {
        conn.close_sessions(user_id, now).await?;
    }
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&event, "user.updated", user_id, &details, now).await?;
    audit(context, &mut conn, (admin_id, "user.update", user_id), &details, now).await?;
    if managed.user.active != was_active {
        note_suspension(context, &mut conn, admin_id, &managed.user, now).await?;
    }
    tx.commit().await?;
    Ok(managed)
}

/// Closes an account or opens it again. A closed one's API credentials and tokens
/// stop at once; they work again when it is opened. Its sessions end.
pub async fn set_suspension(
    context: &Context,
    admin_id: i64,
    user_id: i64,
    suspended: bool,
) -> Result<(), Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if suspended {
        may_end(&mut conn, Some(admin_id), user_id).await?;
    }
    let mut user = conn.user_for_change(user_id).await?.ok_or(Refusal::UserNotFound)?;
    if conn.set_active(user_id, !suspended, now).await? {
        user.active = !suspended;
        note_suspension(context, &mut conn, admin_id, &user, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses to end an administrator's rights where nobody would be left to give them
/// back: the caller's own, and those of the last one. Who asks must still be one: of
/// two who suspend one another, the second is refused.
pub(crate) async fn may_end(
    conn: &mut Conn<'_>,
    admin_id: Option<i64>,
    user_id: i64,
) -> Result<(), Error> {
    conn.lock_administrators().await?;
    if let Some(admin_id) = admin_id {
        let admin = conn.user(admin_id).await?;
        if !admin.is_some_and(|admin| admin.active && admin.is_admin) {
            return Err(Refusal::InsufficientScope { needed: Scope::AdminWrite }.into());
        }
        if admin_id == user_id {
            return Err(Refusal::OwnAccount.into());
        }
    }
    let user = conn.user(user_id).await?.ok_or(Refusal::UserNotFound)?;
    if user.is_admin && conn.other_administrators(user_id).await? == 0 {
        return Err(Refusal::LastAdministrator.into());
    }
    Ok(())
}

/// Sees to it that a new user may be the customer's, and who administers it.
async fn join(
    conn: &mut Conn<'_>,
    membership: &mut Membership,
    form: Option<&MembershipForm>,
) -> Result<(), Error> {
    let customer_id = membership.customer_id;
    if !conn.customer_is_on(customer_id).await? {
        return Err(Refusal::CustomerNotFound.into());
    }
    let is_first = conn.is_first_user(customer_id).await?;
    let said = form.and_then(|form| form.can_customer_admin);
    membership.can_customer_admin = said.unwrap_or(is_first);
    Ok(())
}

/// Writes what the form says into what the user is within a customer, if nobody changed
/// the user since its author looked.
async fn change_member(
    conn: &mut Conn<'_>,
    managed: &mut ManagedUser,
    form: &MembershipForm,
) -> Result<(), Error> {
    // Users who are no customer's are not known by the APIs that speak of customers.
    let hash = managed.hash().ok_or(Refusal::UserNotFound)?;
    if form.hash.as_ref() != Some(&hash) {
        return Err(Refusal::StaleHash.into());
    }
    let Some(membership) = &mut managed.membership else { return Ok(()) };
    if let Some(customer_id) = form.customer_id.filter(|id| *id != membership.customer_id) {
        if !conn.customer_is_on(customer_id).await? {
            return Err(Refusal::CustomerNotFound.into());
        }
        membership.customer_id = customer_id;
    }
    if let Some(username) = &form.username {
        membership.username.clone_from(username);
    }
    membership.can_customer_admin =
        form.can_customer_admin.unwrap_or(membership.can_customer_admin);
    Ok(())
}

/// Writes what the form says into the user.
fn write(managed: &mut ManagedUser, form: &UserForm, now: Timestamp) -> Result<(), Refusal> {
    let ManagedUser { user, external_id, confirmed_at, .. } = managed;
    write_profile(&mut user.profile, &form.answers);
    for field in &form.cleared {
        user.profile.remove(*field);
    }
    for (name, value) in &form.extras {
        if value.is_null() {
            user.profile.remove(name);
        } else {
            user.profile.insert(name.clone(), value.clone());
        }
    }
    if let Some(email) = form.answers.text("email") {
        if email_key(email) != email_key(&user.email) {
            user.email_generated = false;
            *confirmed_at = None;
        }
        email.clone_into(&mut user.email);
    }
    if form.skip_email_confirm {
        confirmed_at.get_or_insert(now);
    }
    if let Some(id) = &form.external_id {
        external_id.clone_from(id);
    }
    labels::merge(&mut user.labels, form.labels.clone());
    if !labels::fit(&user.labels) {
        return Err(Refusal::Invalid { faults: vec![labels_too_large()] });
    }
    user.active = form.active.unwrap_or(user.active);
    user.is_admin = form.is_admin.unwrap_or(user.is_admin);
    user.updated_at = now;
    Ok(())
}

/// Asks about an address that is another one than it was, and of one that somebody
/// vouches for nothing more.
async fn ask_anew(
    context: &Context,
    conn: &mut Conn<'_>,
    managed: &mut ManagedUser,
    (email, confirmed_at): (String, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let ManagedUser { user, confirmation, .. } = managed;
    let is_other = email_key(&email) != email_key(&user.email);
    match managed.confirmed_at {
        None if is_other => *confirmation = confirmation::ask(context, conn, user, now).await?,
        Some(_) if is_other => {
            conn.forget_confirmation(user.id).await?;
            *confirmation = None;
        }
        Some(_) if confirmed_at.is_none() => {
            conn.note_confirmed(user.id).await?;
            if let Some(confirmation) = confirmation {
                confirmation.state = ConfirmationState::Confirmed;
                confirmation.reason = None;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The names of what a change says.
fn fields(form: &UserForm) -> Vec<Value> {
    let flags = [
        ("active", form.active.is_some()),
        ("is_admin", form.is_admin.is_some()),
        ("external_id", form.external_id.is_some()),
        ("password", form.password.is_some()),
        ("skip_email_confirm", form.skip_email_confirm),
        ("labels", !form.labels.is_empty()),
        ("membership", form.membership.is_some()),
    ];
    let said = flags.into_iter().filter(|(_, said)| *said).map(|(name, _)| name);
    let answers = form.answers.values().map(|(name, _)| name);
    let extras = form.extras.keys().map(String::as_str);
    answers.chain(form.cleared.iter().copied()).chain(extras).chain(said).map(Value::from).collect()
}

fn taken(taken: Taken, managed: &ManagedUser) -> Error {
    let mut faults = Vec::new();
    if taken.username {
        faults.push(FieldProblem {
            pointer: "/username".to_owned(),
            field: "username".to_owned(),
            code: "taken".to_owned(),
            message: "Username is in use by another account".to_owned(),
        });
    }
    if taken.external_id {
        faults.push(FieldProblem {
            pointer: "/user/external_id".to_owned(),
            field: "external_id".to_owned(),
            code: "taken".to_owned(),
            message: "External id is in use by another account".to_owned(),
        });
    }
    if faults.is_empty() && !taken.email && managed.membership.is_some() {
        // It was switched off in this moment.
        return Refusal::CustomerNotFound.into();
    }
    if taken.email || faults.is_empty() {
        faults.insert(0, email_taken());
    }
    Refusal::Invalid { faults }.into()
}

async fn hash(context: &Context, form: &UserForm) -> Result<Option<String>, Error> {
    let Some(chosen) = form.password.clone() else { return Ok(None) };
    let entropy = context.entropy.clone();
    let hashed = compute(move || password::hash_any(&chosen, &*entropy)).await?;
    hashed.map(Some).map_err(|_| StoreError::Corrupt { what: "a new password's hash" }.into())
}

async fn note_suspension(
    context: &Context,
    conn: &mut Conn<'_>,
    admin_id: i64,
    user: &User,
    now: Timestamp,
) -> Result<(), Error> {
    let (kind, action) = if user.active {
        ("user.unsuspended", "user.unsuspend")
    } else {
        // Credentials work again afterwards; who logs in with a password can do so again.
        conn.close_sessions(user.id, now).await?;
        ("user.suspended", "user.suspend")
    };
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&event, kind, user.id, &Map::new(), now).await?;
    audit(context, conn, (admin_id, action, user.id), &Map::new(), now).await
}

async fn audit(
    context: &Context,
    conn: &mut Conn<'_>,
    (admin_id, action, user_id): (i64, &str, i64),
    details: &Map<String, Value>,
    now: Timestamp,
) -> Result<(), Error> {
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let (actor, subject) = (format!("user:{admin_id}"), format!("user:{user_id}"));
    conn.add_audit(&id, &actor, action, &subject, details, now).await?;
    Ok(())
}
