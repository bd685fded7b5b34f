//! Sign-ups that share a transaction.

mod at_once;
mod ways;

pub use ways::Ways;

use std::collections::HashSet;

use doorstep_accounts::{
    Challenge, Credential, Fingerprint, IdempotencyKey, Identity, Timestamp, TokenHash, User,
    audit::Entry, user::email_key,
};

use crate::{
    Conn, NewClaim, NewReplay, NewUser, StoreError,
    log::NewEvent,
    many::{Many, all_many, exec_many},
};

/// Everything that a sign-up writes, beside what it takes of limits.
#[derive(Debug)]
pub struct SignUp {
    /// The client that registers the user.
    pub client_id: String,
    /// Who the user is at the provider.
    pub identity: Identity,
    /// The sign-up token that is used up, if there is one.
    pub token: Option<TokenHash>,
    /// The user.
    pub user: User,
    /// The same with an address of ours, if this one may be somebody's.
    pub fallback: Option<Fallback>,
    /// The first credential.
    pub credential: Credential,
    /// The code that stands for its password, if that is to be claimed.
    pub claim: Option<SignUpClaim>,
    /// What a retry will need, if the caller sent a key.
    pub replay: Option<SignUpReplay>,
    /// The event's id.
    pub event: String,
    /// The event's payload: a JSON object.
    pub payload: String,
    /// For the audit log.
    pub audit: Entry,
}

/// What is written of a user whose address is taken. It is made ready for every address,
/// so that a taken one takes no longer.
#[derive(Debug)]
pub struct Fallback {
    /// The user, with another address.
    pub user: User,
    /// The event's payload.
    pub payload: String,
}

/// What was written of sign-ups that came together.
#[derive(Debug, Default)]
pub struct Written {
    /// The numbers of the users that there are now.
    pub ids: HashSet<i64>,
    /// Those of them whose address was taken.
    pub fallen_back: HashSet<i64>,
}

/// [`NewClaim`] of a sign-up.
#[derive(Debug)]
pub struct SignUpClaim {
    /// Its hash.
    pub code: TokenHash,
    /// What the verifier hashes to.
    pub challenge: Challenge,
    /// From when it is no longer valid.
    pub expires_at: Timestamp,
}

/// [`NewReplay`] of a sign-up.
#[derive(Debug)]
pub struct SignUpReplay {
    /// The key.
    pub key: IdempotencyKey,
    /// Of which request.
    pub fingerprint: Fingerprint,
    /// The password, sealed.
    pub sealed: String,
    /// Until when the sealed copy may be opened.
    pub sealed_until: Timestamp,
    /// Until when the key is remembered.
    pub expires_at: Timestamp,
}

impl SignUp {
    fn new_user(&self, fallen_back: &HashSet<i64>) -> NewUser<'_> {
        let fallback = self.fallback.as_ref().filter(|_| fallen_back.contains(&self.user.id));
        let user = fallback.map_or(&self.user, |fallback| &fallback.user);
        NewUser { user, client_id: Some(&self.client_id), password: None }
    }

    fn new_claim(&self) -> Option<NewClaim<'_>> {
        let SignUpClaim { code, challenge, expires_at } = self.claim.as_ref()?;
        Some(NewClaim {
            code,
            client_id: &self.client_id,
            credential_id: &self.credential.id,
            challenge,
            expires_at: *expires_at,
        })
    }

    fn new_replay(&self) -> Option<NewReplay<'_>> {
        let SignUpReplay { key, fingerprint, sealed, sealed_until, expires_at } =
            self.replay.as_ref()?;
        Some(NewReplay {
            client_id: &self.client_id,
            key,
            fingerprint,
            user_id: self.user.id,
            credential_id: &self.credential.id,
            sealed,
            token: self.token.as_ref(),
            sealed_until: *sealed_until,
            expires_at: *expires_at,
            now: self.user.created_at,
        })
    }

    fn new_event(&self, fallen_back: &HashSet<i64>) -> NewEvent<'_> {
        let fallback = self.fallback.as_ref().filter(|_| fallen_back.contains(&self.user.id));
        let payload = fallback.map_or(&self.payload, |fallback| &fallback.payload);
        NewEvent {
            id: &self.event,
            kind: "user.created",
            user_id: self.user.id,
            payload: payload.into(),
            now: self.user.created_at,
        }
    }

    /// What is unique of an identity; also the order in which they are taken, so that
    /// two transactions with the same ones do not wait for each other.
    fn identity_key(&self) -> (&str, &str, &str) {
        let Identity { provider, server_key, username_key, .. } = &self.identity;
        (provider, server_key, username_key)
    }
}

/// What decides whether a client may sign up somebody of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// Whether registration is switched off for either.
    pub stopped: bool,
    /// The client that the server is assigned to.
    pub owner: Option<String>,
    /// Whether any server is assigned to the client.
    pub has_servers: bool,
}

impl Conn<'_> {
    /// [`Grounds`] of clients, each with a server and with the subjects by which
    /// registration is switched off for the two; in their order.
    pub async fn grounds(
        &mut self,
        pairs: &[(&str, &str, String, String)],
    ) -> Result<Vec<Grounds>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT column1,
                    (SELECT COUNT(*) FROM registration_stops s
                     WHERE s.subject = column4 OR s.subject = column5),
                    (SELECT o.client_id FROM client_servers o WHERE o.server_key = column3),
                    (SELECT h.client_id FROM client_servers h WHERE h.client_id = column2 LIMIT 1)
             FROM",
            4,
            "WHERE column1 < @1 ORDER BY column1",
            1,
        );
        let rows = all_many!(
            self,
            (i64, i64, Option<String>, Option<String>),
            FIND,
            [],
            pairs,
            |(client_id, server_key, client, server)| [*client_id, *server_key, client, server]
        );
        let grounds = rows.into_iter().map(|(_, stops, owner, any)| Grounds {
            stopped: stops > 0,
            owner,
            has_servers: any.is_some(),
        });
        Ok(grounds.collect())
    }

    /// Writes all of those that can be written, and of the others nothing: their name,
    /// token or key is taken, or is that of an earlier one of the list. Whose address is
    /// taken gets the one of the fall-back. `None`: somebody came in between, and the
    /// transaction must be given up.
    pub async fn add_sign_ups(
        &mut self,
        all: &[&SignUp],
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let mut going = firsts(all);
        going.sort_by(|a, b| a.identity_key().cmp(&b.identity_key()));
        going = self.without_used_keys(going).await?;
        going = self.using_tokens(going, now).await?;
        going = self.taking_identities(going).await?;
        let mut fallen_back = self.with_taken_addresses(&going).await?;
        going = self.adding_users(going, &mut fallen_back).await?;
        if going.is_empty() {
            return Ok(Some(Written::default()));
        }
        if !self.add_what_hangs_on_users(&going).await? {
            return Ok(None);
        }
        let events: Vec<_> = going.iter().map(|one| one.new_event(&fallen_back)).collect();
        self.add_events(&events).await?;
        Ok(Some(Written { ids: going.iter().map(|one| one.user.id).collect(), fallen_back }))
    }

    /// Writes what is left of a sign-up whose token is used, whose identity is taken and
    /// whose user is added. `false`: its key is taken.
    pub async fn finish_sign_up(&mut self, one: &SignUp) -> Result<bool, StoreError> {
        if !self.add_what_hangs_on_users(&[one]).await? {
            return Ok(false);
        }
        self.add_events(&[one.new_event(&HashSet::new())]).await?;
        Ok(true)
    }

    /// All but what is told of it.
    async fn add_what_hangs_on_users(&mut self, all: &[&SignUp]) -> Result<bool, StoreError> {
        let credentials: Vec<_> = all.iter().map(|one| &one.credential).collect();
        self.add_credentials(&credentials).await?;
        let claims: Vec<_> = all.iter().filter_map(|one| one.new_claim()).collect();
        self.add_claims(&claims).await?;
        let mut keys: Vec<_> = all.iter().filter_map(|one| one.new_replay()).collect();
        keys.sort_by_cached_key(|one| (one.client_id.to_owned(), one.key.hash()));
        if self.take_keys(&keys).await? < keys.len() as u64 {
            return Ok(false);
        }
        let entries = self.entries.as_mut().ok_or(StoreError::AuditClosed)?;
        entries.extend(all.iter().map(|one| one.audit.clone()));
        Ok(true)
    }

    async fn without_used_keys<'a>(
        &mut self,
        mut going: Vec<&'a SignUp>,
    ) -> Result<Vec<&'a SignUp>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT i.client_id, i.key_hash FROM idempotency i
             WHERE (i.client_id, i.key_hash) IN (SELECT column2, column3 FROM",
            2,
            "WHERE column1 < @1)",
            1,
        );
        let keys: Vec<_> = going.iter().filter_map(|one| one.new_replay()).collect();
        let used = all_many!(self, (String, String), FIND, [], keys, |one| [
            one.client_id,
            one.key.hash()
        ]);
        if !used.is_empty() {
            let used: HashSet<_> = used.into_iter().collect();
            going.retain(|one| {
                let key = one.replay.as_ref().map(|it| (one.client_id.clone(), it.key.hash()));
                key.is_none_or(|key| !used.contains(&key))
            });
        }
        Ok(going)
    }

    async fn using_tokens<'a>(
        &mut self,
        mut going: Vec<&'a SignUp>,
        now: Timestamp,
    ) -> Result<Vec<&'a SignUp>, StoreError> {
        let hashes: Vec<_> = going.iter().filter_map(|one| one.token.as_ref()).collect();
        let used = self.use_tokens(&hashes, now).await?;
        if used.len() < hashes.len() {
            going.retain(|one| {
                one.token.as_ref().is_none_or(|token| used.contains(token.as_stored()))
            });
        }
        Ok(going)
    }

    async fn taking_identities<'a>(
        &mut self,
        going: Vec<&'a SignUp>,
    ) -> Result<Vec<&'a SignUp>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT i.user_id FROM identities i WHERE i.user_id IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        let taken: Vec<_> = going.iter().map(|one| (&one.identity, one.user.id)).collect();
        if self.take_identities(&taken).await? == taken.len() as u64 {
            return Ok(going);
        }
        let owners = all_many!(self, (i64,), FIND, [], taken, |(_, id)| [*id]);
        let (going, others) = divide(going, owners);
        self.give_back_tokens(&others).await?;
        Ok(going)
    }

    /// The users whose address is somebody's, or that of an earlier one of the list. It
    /// is asked for every address, so a taken one makes no difference.
    async fn with_taken_addresses(
        &mut self,
        going: &[&SignUp],
    ) -> Result<HashSet<i64>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT u.email_key FROM users u WHERE u.email_key IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        let with_fallback = going.iter().filter(|one| one.fallback.is_some());
        let keys: Vec<_> =
            with_fallback.map(|one| (one.user.id, email_key(&one.user.email))).collect();
        let taken = all_many!(self, (String,), FIND, [], keys, |(_, key)| [key]);
        let mut taken: HashSet<String> = taken.into_iter().map(|(key,)| key).collect();
        Ok(keys.into_iter().filter_map(|(id, key)| (!taken.insert(key)).then_some(id)).collect())
    }

    /// Adds the users. Whose address somebody took just now gets the other one, and whose
    /// other one is taken is left out.
    async fn adding_users<'a>(
        &mut self,
        going: Vec<&'a SignUp>,
        fallen_back: &mut HashSet<i64>,
    ) -> Result<Vec<&'a SignUp>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT u.id FROM users u WHERE u.id IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        static FREE: Many = Many::new(
            "DELETE FROM identities WHERE user_id IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        let mut others = going.clone();
        for _ in 0..2 {
            let mut new: Vec<_> = others.iter().map(|one| one.new_user(fallen_back)).collect();
            // In the order of what is unique, as identities are.
            new.sort_by_cached_key(|one| email_key(&one.user.email));
            if self.add_users(&new).await? == new.len() as u64 {
                return Ok(going);
            }
            let added = all_many!(self, (i64,), FIND, [], new, |one| [one.user.id]);
            (_, others) = divide(others, added);
            let mut again = false;
            for one in &others {
                again |= one.fallback.is_some() && fallen_back.insert(one.user.id);
            }
            if !again {
                break;
            }
        }
        exec_many!(self, FREE, [], others, |one| [one.user.id]);
        self.give_back_tokens(&others).await?;
        let left_out: Vec<_> = others.iter().map(|one| (one.user.id,)).collect();
        let (_, going) = divide(going, left_out);
        Ok(going)
    }

    async fn give_back_tokens(&mut self, of: &[&SignUp]) -> Result<(), StoreError> {
        static GIVE: Many = Many::new(
            "UPDATE tokens SET uses_left = uses_left + 1 WHERE hash IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        let hashes: Vec<_> = of.iter().filter_map(|one| one.token.as_ref()).collect();
        exec_many!(self, GIVE, [], hashes, |hash| [hash.as_stored()]);
        Ok(())
    }
}

/// Those that share nothing unique with an earlier one.
fn firsts<'a>(all: &[&'a SignUp]) -> Vec<&'a SignUp> {
    let (mut identities, mut tokens, mut keys) = (HashSet::new(), HashSet::new(), HashSet::new());
    let is_first = |one: &&'a SignUp| {
        let one = *one;
        let key = one.replay.as_ref().map(|it| (&*one.client_id, it.key.hash()));
        let token = one.token.as_ref().map(TokenHash::as_stored);
        // Each of them is noted, whatever the others say.
        let identity = identities.insert(one.identity_key());
        let token = token.is_none_or(|token| tokens.insert(token));
        let key = key.is_none_or(|key| keys.insert(key));
        identity && token && key
    };
    all.iter().copied().filter(is_first).collect()
}

/// Those whose users are in the list, and the others.
fn divide(all: Vec<&SignUp>, ids: Vec<(i64,)>) -> (Vec<&SignUp>, Vec<&SignUp>) {
    let ids: HashSet<i64> = ids.into_iter().map(|(id,)| id).collect();
    all.into_iter().partition(|one| ids.contains(&one.user.id))
}
