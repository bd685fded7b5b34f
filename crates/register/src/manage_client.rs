//! What the operator does with a client's secrets and keys.

use doorstep_accounts::{
    JwkSet, Secret, SecretHash, Timestamp,
    client::{SECRET_LENGTH, SECRET_PREFIX},
};

use doorstep_store::Conn;

use crate::{
    Context, OperatorError,
    administer::{audit, unknown_client},
};

/// A secret that is to be replaced has a reason for it; a month is no transition.
const MAX_GRACE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A client's new secret, shown this once.
#[derive(Debug)]
pub struct RotatedSecret {
    /// The secret in clear.
    pub secret: Secret,
    /// Until when the one that it replaces works.
    pub old_until: Timestamp,
}

/// Gives a client a new secret. The last one works for `grace_seconds` more; any
/// before that ends now, so that two are valid at the most.
pub async fn rotate_secret(
    context: &Context,
    client_id: &str,
    grace_seconds: i64,
) -> Result<RotatedSecret, OperatorError> {
    if !(0..=MAX_GRACE_SECONDS).contains(&grace_seconds) {
        return Err(OperatorError::Argument("--grace must be 0 to 30 days".to_owned()));
    }
    let secret = new_secret(context);
    let now = context.clock.now();
    let old_until = now.plus_seconds(grace_seconds);
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let hash = SecretHash::of(&secret, &context.keys);
    refuse_publishable(&mut conn, client_id).await?;
    if !conn.rotate_secret(client_id, &hash, now, old_until).await? {
        return Err(unknown_client(client_id));
    }
    audit(context, &mut conn, "client.rotate", &format!("client:{client_id}")).await?;
    tx.commit().await?;
    Ok(RotatedSecret { secret, old_until })
}

/// Replaces a client's public keys; signatures by the old ones are refused at once.
pub async fn set_keys(
    context: &Context,
    client_id: &str,
    keys: &JwkSet,
) -> Result<(), OperatorError> {
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    refuse_publishable(&mut conn, client_id).await?;
    if !conn.set_keys(client_id, keys).await? {
        return Err(unknown_client(client_id));
    }
    audit(context, &mut conn, "client.keys", &format!("client:{client_id}")).await?;
    tx.commit().await?;
    Ok(())
}

/// A publishable client's id stands in pages. With a secret it could do more than
/// its pages, which is not what the operator made it for.
async fn refuse_publishable(conn: &mut Conn<'_>, client_id: &str) -> Result<(), OperatorError> {
    if conn.client(client_id).await?.is_some_and(|client| client.publishable) {
        return Err(OperatorError::Argument(format!(
            "{client_id} is publishable: it has neither a secret nor keys"
        )));
    }
    Ok(())
}

/// A new secret.
pub(crate) fn new_secret(context: &Context) -> Secret {
    Secret::generate(SECRET_PREFIX, SECRET_LENGTH, &*context.entropy)
}
