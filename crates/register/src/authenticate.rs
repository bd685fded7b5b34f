//! Finding out who is calling. Everything that can end a caller's right is
//! checked here and nowhere else.

use doorstep_accounts::{
    Assurance, Credential, Limit, PlainToken, Principal, Proof, Refusal, Scopes, Secret,
    SecretHash, SignUpToken, Subject, Timestamp, dpop,
};
use doorstep_store::{Account, Login, StoredAccount, TokenOwner};

use crate::{
    Context, Error,
    meter::{Attempts, Meter, admit},
    over::{self, Over},
};

/// How a token is sent.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// Alone (RFC 6750).
    Bearer,
    /// With a proof of the key that it is bound to (RFC 9449 §7.1).
    Dpop {
        /// The proof.
        proof: &'a str,
        /// The request's method.
        method: &'a str,
        /// The request's URL as the caller knows it.
        url: &'a str,
    },
}

/// Checks an access token: known, not expired, not revoked, its owner still allowed,
/// and if it is bound to a key, that the caller has that key. A proof is used up
/// before anything else is done with the request, except that the token is held to its
/// share of requests: using a proof up is a commit.
pub async fn authenticate_token(
    context: &Context,
    meter: &Meter,
    text: &Secret,
    presented: Presented<'_>,
) -> Result<Principal, Error> {
    let token = PlainToken::parse(text.expose()).map_err(|_| Refusal::InvalidToken)?;
    let hash = token.hash();
    let row = context.lookups.token(context, &hash).await?;
    let row = row.filter(|row| !row.ended).ok_or(Refusal::InvalidToken)?;
    let expired = context.clock.now() >= row.expires_at;
    // The answer to a sign-up may be lost until after its token expired.
    if expired && !row.used {
        over::end(context, Over::Token(&hash)).await;
        return Err(Refusal::InvalidToken.into());
    }
    match (presented, &row.jkt) {
        (Presented::Bearer, None) => {}
        (Presented::Bearer, Some(_)) => return Err(Refusal::TokenIsBound.into()),
        (Presented::Dpop { .. }, None) => return Err(Refusal::TokenIsNotBound.into()),
        (Presented::Dpop { proof, method, url }, Some(jkt)) => {
            let request = dpop::Request { method, url, token: Some(text) };
            let proof = check_proof(context, proof, request, Some(jkt))?;
            admit(context, meter, Limit::Caller, &[hash.as_stored()])?;
            use_up(context, proof).await?;
        }
    }
    let sign_up = row.binding.map(|binding| {
        let assurance = if row.anonymous { Assurance::Anonymous } else { Assurance::Panel };
        let (jkt, expires_at, used) = (row.jkt, row.expires_at, row.used);
        Box::new(SignUpToken { hash, binding, jkt, assurance, expires_at, expired, used })
    });
    let subject = match (row.owner, row.user_id) {
        (TokenOwner::Client(client_id), _) => Subject::App { client_id },
        (TokenOwner::Credential(credential_id), Some(user_id)) => {
            Subject::User { user_id, credential_id }
        }
        (TokenOwner::Credential(_), None) => return Err(Refusal::InvalidToken.into()),
    };
    Ok(Principal { subject, scopes: row.scopes, sign_up })
}

/// Lets a user in who sends an API credential with a request. Failures are counted
/// by username and address, so nobody can lock somebody else out.
pub async fn log_in(
    context: &Context,
    meter: &Meter,
    username: &str,
    password: &Secret,
) -> Result<Principal, Error> {
    let attempts = Attempts::new(context, meter, Limit::LoginFailure, username);
    let limited = attempts.limited(plain(username))?;
    let (used, login) = context.lookups.login(context, limited).await?;
    attempts.judge(used)?;
    finish_log_in(context, &attempts, login, password).await
}

/// [`log_in`] to look at one's own account, which comes with it.
pub async fn visit(
    context: &Context,
    meter: &Meter,
    username: &str,
    password: &Secret,
) -> Result<(Principal, Option<Account>), Error> {
    let attempts = Attempts::new(context, meter, Limit::LoginFailure, username);
    let limited = attempts.limited(plain(username))?;
    let (used, login, stored) = context.lookups.visit(context, limited).await?;
    attempts.judge(used)?;
    let principal = finish_log_in(context, &attempts, login, password).await?;
    Ok((principal, stored.map(StoredAccount::read).transpose()?))
}

async fn finish_log_in(
    context: &Context,
    attempts: &Attempts<'_>,
    login: Option<Login>,
    password: &Secret,
) -> Result<Principal, Error> {
    let found = authenticate_credential(context, login, password).await;
    let found = found.map(|(principal, _)| principal);
    match &found {
        Ok(_) => attempts.succeeded(),
        Err(Error::Refused(_)) => attempts.count_failure().await?,
        Err(Error::Failed(_)) => {}
    }
    found
}

/// Checks an API credential, if there is one of that name; gives what the password was
/// compared with as well. A username that does not exist takes as long as a wrong
/// password, and neither is told from an account that is not active.
pub(crate) async fn authenticate_credential(
    context: &Context,
    login: Option<Login>,
    password: &Secret,
) -> Result<(Principal, SecretHash), Error> {
    let Some(login) = login else {
        SecretHash::verify_nothing(password, &context.keys);
        return Err(Refusal::InvalidCredential.into());
    };
    let right = context.verify(&login.credential.secret, password).await;
    if !right || !login.active || !login.credential.is_live(context.clock.now()) {
        return Err(Refusal::InvalidCredential.into());
    }
    note_use(context, &login.credential).await;
    let Credential { user_id, id: credential_id, secret, .. } = login.credential;
    let principal = Principal {
        subject: Subject::User { user_id, credential_id },
        scopes: if login.is_admin { Scopes::OF_AN_ADMIN } else { Scopes::OF_A_USER },
        sign_up: None,
    };
    Ok((principal, secret))
}

/// "Last used" is to the minute: a write for every request would make reading
/// as slow as writing.
const NOTE_USE_MILLIS: u64 = 60_000;

/// Notes the use. The caller is right whether or not the disk takes the note.
async fn note_use(context: &Context, credential: &Credential) {
    let now = context.clock.now();
    // The last use may lie ahead of a clock that was set back.
    let is_fresh = |last: Timestamp| now.0.abs_diff(last.0) < NOTE_USE_MILLIS;
    if credential.last_used_at.is_some_and(is_fresh) {
        return;
    }
    let noted = async {
        let mut tx = context.store.begin().await?;
        tx.conn().credential_used(&credential.id, now).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, credential = credential.id, "a credential's use was not noted");
    }
}

/// Checks a DPoP proof, which may have to be of a certain key, and uses it up, in a
/// transaction of its own: whatever becomes of the request, the proof was seen. Gives
/// the thumbprint of its key.
pub(crate) async fn use_proof(
    context: &Context,
    proof: &str,
    request: dpop::Request<'_>,
    key: Option<&str>,
) -> Result<String, Error> {
    use_up(context, check_proof(context, proof, request, key)?).await
}

fn check_proof(
    context: &Context,
    proof: &str,
    request: dpop::Request<'_>,
    key: Option<&str>,
) -> Result<Proof, Refusal> {
    let refuse = |why| Refusal::InvalidDpopProof { why };
    let proof = Proof::check(proof, request, context.clock.now()).map_err(refuse)?;
    if key.is_some_and(|key| key != proof.jkt) {
        return Err(refuse("is signed by another key than the token is bound to"));
    }
    Ok(proof)
}

async fn use_up(context: &Context, proof: Proof) -> Result<String, Error> {
    let mut tx = context.store.begin().await?;
    let first = tx.conn().use_once(&proof.once, context.clock.now(), proof.expires_at).await?;
    tx.commit().await?;
    if first {
        Ok(proof.jkt)
    } else {
        let why = "was used before: make one for each request";
        Err(Refusal::InvalidDpopProof { why }.into())
    }
}

/// A name that [`is_plain`].
pub(crate) fn plain(name: &str) -> Option<&str> {
    Some(name).filter(|name| is_plain(name))
}

/// Whether a name can be one of ours. Others need not be looked up, and
/// PostgreSQL takes no text with a NUL in it.
pub(crate) fn is_plain(name: &str) -> bool {
    name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Checks that pages of the origin may use the caller's token. Users' own credentials
/// are not for pages of other sites, except `for_users`: then for those of the client
/// that made the user, while it is switched on.
pub async fn check_origin(
    context: &Context,
    caller: &Principal,
    origin: &str,
    for_users: bool,
) -> Result<(), Error> {
    let bound = caller.sign_up.as_ref().map(|token| token.binding.origins.as_slice());
    let elsewhere = bound
        .is_some_and(|origins| !origins.is_empty() && !origins.iter().any(|bound| bound == origin));
    let allowed = match &caller.subject {
        Subject::App { .. } if elsewhere => false,
        Subject::App { client_id } => {
            context.store.read().await?.conn().has_origin(client_id, origin).await?
        }
        Subject::User { user_id, .. } if for_users => {
            let mut read = context.store.read().await?;
            let mut conn = read.conn();
            let client = match conn.registrar(*user_id).await? {
                Some(client_id) => conn.client(&client_id).await?,
                None => None,
            };
            let client = client.filter(|client| client.disabled_at.is_none());
            client.is_some_and(|client| client.origins.iter().any(|it| it == origin))
        }
        Subject::User { .. } => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::OriginNotAllowed { origin: origin.to_owned() }.into())
    }
}
