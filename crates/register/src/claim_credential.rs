//! Exchanging a claim code for the password that it stands for.

use doorstep_accounts::{
    Limit, PlainToken, Secret, SecretHash, Timestamp, credential, delivery::is_verifier,
    ids::IdKind,
};
use doorstep_store::{Claim, Conn, StoreError, TokenOwner};
use serde_json::Map;

use crate::{
    Context, TokenError,
    authenticate_client::{Authenticated, ClientAuthentication, authenticate},
    meter::{Meter, admit},
};

/// What a panel's back end sends.
#[derive(Debug)]
pub struct ClaimRequest {
    /// Who asks: the client that the sign-up token was issued to.
    pub client: ClientAuthentication,
    /// The code that the page got.
    pub code: Secret,
    /// What the sign-up token's `code_challenge` was made of.
    pub verifier: Secret,
}

/// A credential, handed over.
#[derive(Debug)]
pub struct Claimed {
    /// The user's number.
    pub user_id: i64,
    /// The API username.
    pub api_username: String,
    /// The API password, made just now.
    pub api_password: Secret,
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The client cannot be let in, or the database failed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The code is unknown, another client's, claimed, expired, or the verifier
    /// is not the one; which one is not said.
    #[error("the claim code cannot be used")]
    InvalidGrant,
    /// The code was claimed a moment ago, perhaps by the very same request: an
    /// answer that was lost is not noticed this fast.
    #[error("the claim code was used a moment ago")]
    TooSoon,
}

impl From<StoreError> for ClaimError {
    fn from(error: StoreError) -> Self {
        Self::Token(TokenError::Failed(error.into()))
    }
}

/// How long after the first answer a lost one is given again.
const RETRY_SECONDS: i64 = 60;
/// Two answers are at least this far apart: of many requests at once one wins, on
/// a machine that is slow to take them too, and who lost an answer to the network
/// can wait this long.
const APART_SECONDS: i64 = 5;

/// Makes the password now and gives it to the client, so that it never waited
/// anywhere and passed through no page.
///
/// An answer that was lost is given again with a new password, for as long as
/// the credential was not used; three wrong verifiers end the code.
pub async fn claim_credential(
    context: &Context,
    meter: &Meter,
    request: &ClaimRequest,
) -> Result<Claimed, ClaimError> {
    // When the request came, not when the database had time for it.
    let now = context.clock.now();
    let Authenticated { owner, .. } = authenticate(context, meter, &request.client).await?;
    admit(context, meter, Limit::OwnToken, &[owner.id()]).map_err(TokenError::Limited)?;
    let TokenOwner::Client(client_id) = owner else { return Err(ClaimError::InvalidGrant) };
    let code = PlainToken::parse_claim_code(request.code.expose())
        .map_err(|_| ClaimError::InvalidGrant)?
        .hash();

    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let claim = conn.claim(&code).await?;
    let Some(claim) = claim.filter(|claim| claim.client_id == client_id && claim.tries_left > 0)
    else {
        return Err(ClaimError::InvalidGrant);
    };
    if !is_verifier(request.verifier.expose()) || !claim.challenge.verify(&request.verifier) {
        conn.count_wrong_verifier(&code).await?;
        tx.commit().await?;
        return Err(ClaimError::InvalidGrant);
    }
    let won = match claim.claimed_at {
        None => conn.take_claim(&code, now).await?,
        Some(first) if now < first.plus_seconds(RETRY_SECONDS) => {
            if !conn.retake_claim(&code, now, now.plus_seconds(-APART_SECONDS)).await? {
                return Err(ClaimError::TooSoon);
            }
            true
        }
        Some(_) => false,
    };
    if !won {
        conn.end_claim(&code, now, now.plus_seconds(-RETRY_SECONDS)).await?;
        tx.commit().await?;
        return Err(ClaimError::InvalidGrant);
    }
    let claimed = hand_over(context, &mut conn, &claim, &client_id, now).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn hand_over(
    context: &Context,
    conn: &mut Conn<'_>,
    claim: &Claim,
    client_id: &str,
    now: Timestamp,
) -> Result<Claimed, ClaimError> {
    let password = credential::new_password(&*context.entropy);
    let hash = SecretHash::of(&password, &context.keys);
    if !conn.set_unused_secret(&claim.credential_id, &hash, now).await? {
        return Err(ClaimError::InvalidGrant);
    }
    let audit = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let actor = format!("client:{client_id}");
    let subject = format!("credential:{}", claim.credential_id);
    conn.add_audit(&audit, &actor, "credential.claim", &subject, &Map::new(), now).await?;
    Ok(Claimed {
        user_id: claim.user_id,
        api_username: claim.api_username.clone(),
        api_password: password,
    })
}
