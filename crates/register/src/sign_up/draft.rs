//! What a sign-up will write, made ready before its transaction begins.

use doorstep_accounts::{
    Application, Delivery, Handover, Identity, PlainToken, Refusal, Secret, SecretHash, TokenKind,
    User,
    audit::{Entry, pseudonym},
    credential,
    idempotency::seal,
    ids::IdKind,
    labels,
    user::write_profile,
};
use doorstep_store::{Fallback, SignUp, SignUpClaim, SignUpReplay};
use serde_json::{Map, Value};

use super::{Attempt, KEY_SECONDS, Keyed};
use crate::{Context, change_account::labels_too_large, issue_credential::new_credential};

/// How long a retry gets the password again: a lost answer is asked for within
/// seconds, a closed laptop within minutes.
const SEALED_SECONDS: i64 = 15 * 60;

impl Attempt<'_> {
    /// The user that the application describes.
    pub(super) fn new_user(&self, id: i64) -> Result<User, Refusal> {
        let Application { identity, answers, labels: added, .. } = self.application;
        let terms = &self.context.terms;
        let mut profile = Map::new();
        profile.insert("locale".to_owned(), Value::String(terms.default_locale.clone()));
        profile.insert("currency".to_owned(), Value::String(terms.default_currency.clone()));
        write_profile(&mut profile, answers);
        let mut user_labels = labels::of_identity(identity);
        labels::merge(&mut user_labels, added.clone());
        if !labels::fit(&user_labels) {
            return Err(Refusal::Invalid { faults: vec![labels_too_large()] });
        }
        Ok(User {
            id,
            email: answers.text("email").unwrap_or_default().to_owned(),
            email_generated: false,
            profile,
            labels: user_labels,
            active: true,
            is_admin: false,
            created_at: self.now,
            updated_at: self.now,
        })
    }

    /// What there is to write for that user with another address, if this one may be
    /// somebody's.
    pub(super) fn fallback(&self, user: &User) -> Option<Fallback> {
        if user.email.is_empty() {
            return None;
        }
        let mut user = user.clone();
        make_email_up(self.context, &mut user, &self.application.identity);
        Some(Fallback { payload: payload(&user), user })
    }

    /// What there is to write for that user, who may still lack an address, and what
    /// its owner is told of the credential.
    pub(super) fn draft(&self, mut user: User) -> (SignUp, Handover) {
        let Self { context, client_id, token, confirmation, application, now, .. } = *self;
        let identity = &application.identity;
        if user.email.is_empty() {
            make_email_up(context, &mut user, identity);
        }
        let (mut credential, password) =
            new_credential(context, user.id, 1, credential::SIGN_UP_NAME, now);
        let mut claim = None;
        let handover = match token.map(|token| &token.binding.delivery) {
            Some(Delivery::Claim { challenge }) => {
                credential.secret = SecretHash::unset();
                let code = PlainToken::generate(TokenKind::ClaimCode, &*context.entropy);
                let expires_in = context.terms.claim_seconds;
                claim = Some(SignUpClaim {
                    code: code.hash(),
                    challenge: challenge.clone(),
                    expires_at: now.plus_seconds(expires_in),
                });
                Handover::Claim { code: Secret::new(code.expose()), expires_in }
            }
            _ => Handover::Password(password),
        };
        let by_client = format!("client:{client_id}");
        let actor = confirmation.map_or(by_client, |confirmation| confirmation.actor.clone());
        let rows = SignUp {
            client_id: client_id.to_owned(),
            identity: identity.clone(),
            token: token.map(|token| token.hash.clone()),
            replay: self.keyed.and_then(|keyed| self.replay_of(keyed, &handover)),
            event: IdKind::Event.mint(&*context.clock, &*context.entropy),
            payload: payload(&user),
            audit: self.entry(actor, user.id),
            user,
            fallback: None,
            credential,
            claim,
        };
        (rows, handover)
    }

    /// The answer, for a retry with the same key.
    fn replay_of(&self, keyed: &Keyed, handover: &Handover) -> Option<SignUpReplay> {
        let (secret, seconds) = match handover {
            Handover::Password(password) => (password, SEALED_SECONDS),
            // No longer than the code lives.
            Handover::Claim { code, expires_in } => (code, SEALED_SECONDS.min(*expires_in)),
            Handover::Delivered => return None,
        };
        let context = self.context;
        Some(SignUpReplay {
            key: keyed.key.clone(),
            fingerprint: keyed.fingerprint.clone(),
            sealed: seal(secret, &keyed.key, self.client_id, &context.seal, &*context.entropy),
            sealed_until: self.now.plus_seconds(seconds),
            expires_at: self.now.plus_seconds(KEY_SECONDS),
        })
    }

    /// What the audit log will say.
    fn entry(&self, actor: String, user_id: i64) -> Entry {
        let Self { context, application: Application { identity, .. }, .. } = *self;
        let mut details = Map::from_iter([
            ("provider".to_owned(), Value::from(identity.provider.clone())),
            ("provider_server".to_owned(), Value::from(identity.server_key.clone())),
            // Not the username: the row stays when the user is erased.
            ("identity".to_owned(), Value::from(pseudonym(identity, &context.audit))),
        ]);
        if identity.is_confusable() {
            details.insert("confusable".to_owned(), true.into());
        }
        Entry {
            id: IdKind::Audit.mint(&*context.clock, &*context.entropy),
            actor,
            action: "user.create".to_owned(),
            subject: format!("user:{user_id}"),
            details: Value::Object(details).to_string(),
            created_at: self.now,
        }
    }
}

/// What the outside world is told of the user.
fn payload(user: &User) -> String {
    let mut payload = user.profile.clone();
    payload.insert("id".to_owned(), user.id.into());
    payload.insert("email".to_owned(), user.email.clone().into());
    payload.insert("labels".to_owned(), Value::Object(user.labels.clone()));
    Value::Object(payload).to_string()
}

/// Gives the user an address of ours.
pub(super) fn make_email_up(context: &Context, user: &mut User, identity: &Identity) {
    user.email = made_up_email(context, identity);
    user.email_generated = true;
}

/// `<username>_<12 hex digits>@<domain>`, the reference implementation's
/// pattern. Of a username in ASCII only its `@` has to go; another one would need
/// mail servers that know RFC 6531.
fn made_up_email(context: &Context, identity: &Identity) -> String {
    let mut random = [0; 6];
    context.entropy.fill(&mut random);
    let suffix = u64::from_be_bytes([
        0, 0, random[0], random[1], random[2], random[3], random[4], random[5],
    ]);
    // RFC 5321 §4.5.3.1.1 gives the part before the `@` 64 octets; 13 are the suffix.
    let username = if identity.username_key.is_ascii() { &identity.username_key } else { "user" };
    let name: String = username.chars().take(51).collect();
    // Two dots in a row and one at the end are no address.
    let dots = name.contains("..") || name.ends_with('.');
    let name: String =
        name.chars().map(|c| if c == '@' || (dots && c == '.') { '-' } else { c }).collect();
    format!("{name}_{suffix:012x}@{}", context.terms.email_domain)
}
