//! Changing one's own account.

use doorstep_accounts::{
    Change, Refusal, User,
    ids::IdKind,
    labels,
    user::{email_key, write_profile},
};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value};

use crate::{
    Context, Error, confirmation,
    meter::{Meter, take},
};

/// Writes the changed answers and labels; the event and the audit row name the
/// fields, not their contents. Another address is asked about by mail, and that counts
/// against the user's share of mails.
pub async fn change_account(
    context: &Context,
    meter: &Meter,
    user_id: i64,
    change: Change,
) -> Result<User, Error> {
    let Change { answers, cleared, labels: added } = change;
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let mut user = conn.user_for_change(user_id).await?.ok_or(Refusal::InvalidCredential)?;
    let providers = conn.providers_of(user_id).await?;

    write_profile(&mut user.profile, &answers);
    for field in &cleared {
        user.profile.remove(*field);
    }
    let mut is_other = false;
    if let Some(email) = answers.text("email") {
        if email_key(email) != email_key(&user.email) {
            user.email_generated = false;
            is_other = true;
        }
        email.clone_into(&mut user.email);
    }
    let settable = added
        .into_iter()
        .filter(|(key, _)| {
            !labels::is_reserved(key, "")
                && !providers.iter().any(|own| labels::is_reserved(key, own))
        })
        .collect();
    labels::merge(&mut user.labels, settable);
    if !labels::fit(&user.labels) {
        return Err(Refusal::InvalidChange { faults: vec![labels_too_large()] }.into());
    }
    user.updated_at = now;
    if !conn.change_user(&user).await? {
        return Err(Refusal::InvalidChange { faults: vec![email_taken()] }.into());
    }
    let charges = if is_other {
        confirmation::ask(context, &mut conn, &user, now).await?;
        confirmation::charges(context, user_id)
    } else {
        Vec::new()
    };

    let fields: Vec<Value> = answers
        .values()
        .map(|(name, _)| name)
        .chain(cleared)
        .map(|name| Value::String(name.to_owned()))
        .collect();
    let details = Map::from_iter([("fields".to_owned(), Value::Array(fields))]);
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&event, "user.updated", user_id, &details, now).await?;
    let audit = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let actor = format!("user:{user_id}");
    conn.add_audit(&audit, &actor, "user.update", &actor, &details, now).await?;
    take(context, &mut conn, meter, &charges).await?;
    tx.commit().await?;
    Ok(user)
}

/// Labels that together are more than a user may have.
pub(crate) fn labels_too_large() -> FieldProblem {
    FieldProblem {
        pointer: "/user/merge_labels".to_owned(),
        field: "merge_labels".to_owned(),
        code: "too_large".to_owned(),
        message: format!("The labels are together more than {} bytes", labels::MAX_BYTES),
    }
}

/// An address that another account has.
pub(crate) fn email_taken() -> FieldProblem {
    FieldProblem {
        pointer: "/user/email".to_owned(),
        field: "email".to_owned(),
        code: "taken".to_owned(),
        message: "E-mail is in use by another account".to_owned(),
    }
}
