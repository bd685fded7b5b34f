//! Access tokens, by hash.

use std::collections::HashSet;

use doorstep_accounts::{Binding, Scopes, Timestamp, TokenHash};
use sqlx::{Postgres, postgres::PgArguments, query::QueryAs};

use crate::{
    Conn, StoreError,
    clients::scopes,
    exec,
    many::{Many, all_many, arrays, exec_many},
};

/// A token to add.
#[derive(Debug)]
pub struct NewToken<'a> {
    /// Its hash.
    pub hash: &'a TokenHash,
    /// For whom it speaks.
    pub owner: &'a TokenOwner,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when it is no longer valid.
    pub expires_at: Timestamp,
    /// What it is bound to, if it is a sign-up token: for one use.
    pub binding: Option<&'a Binding>,
    /// The thumbprint of the key whose holder alone may use it.
    pub jkt: Option<&'a str>,
}

/// Rejected requests that a sign-up token survives: enough for a person's
/// mistakes, too few for guessing.
const ATTEMPTS: i64 = 10;

/// When a sign-up token `t` may be used, at the time `@2`.
macro_rules! usable {
    () => {
        "t.uses_left > 0 AND t.attempts_left > 0 AND t.revoked_at IS NULL AND t.expires_at > @2"
    };
}

pub(crate) use usable;

const TAKE_ONE: &str = concat!(
    "UPDATE tokens AS t SET uses_left = uses_left - 1 WHERE ",
    usable!(),
    " AND hash IN (SELECT column2 FROM"
);

/// For whom a token speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenOwner {
    /// An OAuth client.
    Client(String),
    /// A user's API credential.
    Credential(String),
}

impl TokenOwner {
    fn client(&self) -> Option<&str> {
        if let Self::Client(id) = self { Some(id) } else { None }
    }

    fn credential(&self) -> Option<&str> {
        if let Self::Credential(id) = self { Some(id) } else { None }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        let (Self::Client(id) | Self::Credential(id)) = self;
        id
    }
}

/// A token with everything that decides whether it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// For whom it speaks.
    pub owner: TokenOwner,
    /// The user behind the credential, if it is a credential's.
    pub user_id: Option<i64>,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when it is no longer valid.
    pub expires_at: Timestamp,
    /// What it is bound to, if it is a sign-up token.
    pub binding: Option<Binding>,
    /// The thumbprint of the key whose holder alone may use it.
    pub jkt: Option<String>,
    /// How many more sign-ups a sign-up token is good for.
    pub uses_left: Option<i64>,
    /// Whether its client is a publishable one, which vouches for nobody.
    pub anonymous: bool,
    /// Whether a sign-up token was used. Its own answer may be asked for again.
    pub used: bool,
    /// Whether the token, its client or its credential was ended, or the user's
    /// account is not active.
    pub ended: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    hash: String,
    client_id: Option<String>,
    credential_id: Option<String>,
    scopes: String,
    issued_at: i64,
    expires_at: i64,
    binding: Option<String>,
    jkt: Option<String>,
    uses_left: Option<i64>,
    attempts_left: Option<i64>,
    revoked_at: Option<i64>,
    client_disabled_at: Option<i64>,
    publishable_id: Option<String>,
    user_id: Option<i64>,
    credential_revoked_at: Option<i64>,
    credential_expires_at: Option<i64>,
    active: Option<bool>,
    is_admin: Option<bool>,
}

impl Row {
    fn read(&self) -> Result<TokenRow, StoreError> {
        let owner = match (&self.client_id, &self.credential_id) {
            (Some(id), None) => TokenOwner::Client(id.clone()),
            (None, Some(id)) => TokenOwner::Credential(id.clone()),
            _ => return Err(StoreError::Corrupt { what: "a token's owner" }),
        };
        Ok(TokenRow {
            ended: self.revoked_at.is_some()
                || self.attempts_left.is_some_and(|left| left <= 0)
                || self.client_disabled_at.is_some()
                || self.credential_revoked_at.is_some()
                || self.active == Some(false),
            owner,
            user_id: self.user_id,
            // An administrator's token ends with the office.
            scopes: match self.is_admin {
                Some(false) => scopes(&self.scopes)?.within(Scopes::OF_A_USER),
                _ => scopes(&self.scopes)?,
            },
            issued_at: Timestamp(self.issued_at),
            // No token outlives the credential that obtained it.
            expires_at: Timestamp(
                self.credential_expires_at.map_or(self.expires_at, |end| end.min(self.expires_at)),
            ),
            jkt: self.jkt.clone(),
            uses_left: self.uses_left,
            anonymous: self.publishable_id.is_some(),
            used: self.uses_left.is_some_and(|left| left <= 0),
            binding: self.binding.as_deref().map(binding).transpose()?,
        })
    }
}

/// Binds the columns of new tokens.
pub(crate) fn bound<'q, O>(
    query: QueryAs<'q, Postgres, O, PgArguments>,
    new: &[NewToken<'_>],
) -> QueryAs<'q, Postgres, O, PgArguments> {
    arrays!(
        query,
        new,
        token,
        (),
        [
            token.hash.as_stored().to_owned(),
            token.owner.client().map(str::to_owned),
            token.owner.credential().map(str::to_owned),
            token.scopes.to_string(),
            token.issued_at.0,
            token.expires_at.0,
            token.binding.map(|binding| binding.to_json().to_string()),
            token.binding.map(|_| 1_i64),
            token.binding.map(|_| ATTEMPTS),
            token.jkt.map(str::to_owned)
        ]
    )
}

impl Conn<'_> {
    /// Adds a token.
    pub async fn add_token(&mut self, token: &NewToken<'_>) -> Result<(), StoreError> {
        self.add_tokens(std::slice::from_ref(token)).await
    }

    /// Adds tokens.
    pub async fn add_tokens(&mut self, new: &[NewToken<'_>]) -> Result<(), StoreError> {
        static ADD: Many = Many::new(
            "INSERT INTO tokens (hash, client_id, credential_id, scopes, issued_at, expires_at,
                                 binding, uses_left, attempts_left, jkt)
             SELECT column2, column3, column4, column5, column6, column7, column8, column9,
                    column10, column11 FROM",
            10,
            "WHERE column1 < @1",
            1,
        );
        exec_many!(self, ADD, [], new, |token| [
            token.hash.as_stored(),
            token.owner.client(),
            token.owner.credential(),
            token.scopes.to_string(),
            token.issued_at.0,
            token.expires_at.0,
            token.binding.map(|binding| binding.to_json().to_string()),
            token.binding.map(|_| 1_i64),
            token.binding.map(|_| ATTEMPTS),
            token.jkt,
        ]);
        Ok(())
    }

    /// A token by its hash.
    pub async fn token(&mut self, hash: &TokenHash) -> Result<Option<TokenRow>, StoreError> {
        Ok(self.tokens(std::slice::from_ref(hash)).await?.pop().flatten())
    }

    /// Tokens by their hashes, in their order.
    pub async fn tokens(
        &mut self,
        hashes: &[TokenHash],
    ) -> Result<Vec<Option<TokenRow>>, StoreError> {
        static FIND: Many = Many::new(
            "SELECT t.hash, t.client_id, t.credential_id, t.scopes, t.issued_at, t.expires_at,
                    t.revoked_at, t.binding, t.jkt, t.uses_left, t.attempts_left,
                    c.disabled_at AS client_disabled_at, p.client_id AS publishable_id, k.user_id,
                    k.revoked_at AS credential_revoked_at,
                    k.expires_at AS credential_expires_at, u.active, u.is_admin
             FROM tokens t
             LEFT JOIN clients c ON c.id = t.client_id
             LEFT JOIN publishable_clients p ON p.client_id = t.client_id
             LEFT JOIN credentials k ON k.id = t.credential_id
             LEFT JOIN users u ON u.id = k.user_id
             WHERE t.hash IN (SELECT column2 FROM",
            1,
            "WHERE column1 < @1)",
            1,
        );
        // Many requests at once come with few tokens.
        let mut different: Vec<_> = hashes.iter().collect();
        different.sort_by_key(|hash| hash.as_stored());
        different.dedup();
        let rows = all_many!(self, Row, FIND, [], different, |hash| [hash.as_stored()]);
        let find = |hash: &TokenHash| {
            let row = rows.iter().find(|row| row.hash == hash.as_stored());
            row.map(Row::read).transpose()
        };
        hashes.iter().map(find).collect()
    }

    /// Uses a sign-up token up. `false`: it was used, ended or has expired. The
    /// conditions stand in the write itself, so of many at once one wins.
    pub async fn use_token(
        &mut self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(!self.use_tokens(&[hash], now).await?.is_empty())
    }

    /// Uses sign-up tokens up; gives those that could be used.
    pub(crate) async fn use_tokens(
        &mut self,
        hashes: &[&TokenHash],
        now: Timestamp,
    ) -> Result<HashSet<String>, StoreError> {
        static USE: Many = Many::new(TAKE_ONE, 1, "WHERE column1 < @1) RETURNING hash", 2);
        let used = all_many!(self, (String,), USE, [now.0], hashes, |hash| [hash.as_stored()]);
        Ok(used.into_iter().map(|(hash,)| hash).collect())
    }

    /// Uses sign-up tokens up that are known to be usable; gives how many it used.
    pub(crate) async fn use_all_tokens(
        &mut self,
        hashes: &[&TokenHash],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        static USE: Many = Many::new(TAKE_ONE, 1, "WHERE column1 < @1)", 2);
        Ok(exec_many!(self, USE, [now.0], hashes, |hash| [hash.as_stored()]))
    }

    /// Counts a rejected request against a sign-up token.
    pub async fn count_rejection(&mut self, hash: &TokenHash) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE tokens SET attempts_left = attempts_left - 1 WHERE hash = $1 AND attempts_left > 0",
            hash.as_stored(),
        );
        Ok(())
    }

    /// Ends a token.
    pub async fn revoke_token(
        &mut self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE tokens SET revoked_at = COALESCE(revoked_at, $1) WHERE hash = $2",
            now.0,
            hash.as_stored(),
        );
        Ok(())
    }

    /// Ends the token of that id ([`TokenHash::id`]); gives how many worked until now.
    /// As all that end several, it ends the expired ones too: a clock that is set back
    /// must not bring them to life again.
    pub async fn end_token(&mut self, id: &str, now: Timestamp) -> Result<u64, StoreError> {
        let Some(digits) = id_digits(id) else { return Ok(0) };
        let hash = format!("{digits}%");
        let worked = exec!(
            self,
            "UPDATE tokens SET revoked_at = $1
             WHERE hash LIKE $2 AND revoked_at IS NULL AND expires_at > $1",
            now.0,
            &hash,
        );
        exec!(
            self,
            "UPDATE tokens SET revoked_at = $1 WHERE hash LIKE $2 AND revoked_at IS NULL",
            now.0,
            &hash,
        );
        Ok(worked)
    }

    /// Ends all tokens that a client obtained; gives how many worked until now.
    pub async fn end_tokens_of_client(
        &mut self,
        client_id: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let worked = exec!(
            self,
            "UPDATE tokens SET revoked_at = $1
             WHERE client_id = $2 AND revoked_at IS NULL AND expires_at > $1",
            now.0,
            client_id,
        );
        exec!(
            self,
            "UPDATE tokens SET revoked_at = $1 WHERE client_id = $2 AND revoked_at IS NULL",
            now.0,
            client_id,
        );
        Ok(worked)
    }

    /// Ends all tokens that a user's API credentials obtained; gives how many worked
    /// until now.
    pub async fn end_tokens_of_user(
        &mut self,
        user_id: i64,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let worked = exec!(
            self,
            "UPDATE tokens SET revoked_at = $1
             WHERE credential_id IN (SELECT id FROM credentials WHERE user_id = $2)
               AND revoked_at IS NULL AND expires_at > $1",
            now.0,
            user_id,
        );
        exec!(
            self,
            "UPDATE tokens SET revoked_at = $1
             WHERE credential_id IN (SELECT id FROM credentials WHERE user_id = $2)
               AND revoked_at IS NULL",
            now.0,
            user_id,
        );
        Ok(worked)
    }

    /// Forgets tokens that expired before `before`; gives how many.
    pub async fn sweep_tokens(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM tokens WHERE expires_at < $1", before.0))
    }
}

/// The beginning of the hash that an id names ([`TokenHash::id`]).
pub(crate) fn id_digits(id: &str) -> Option<String> {
    let digits = id.strip_prefix("tok_")?;
    let is_id = digits.len() == TokenHash::ID_DIGITS
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_id.then(|| digits.to_ascii_lowercase())
}

fn binding(text: &str) -> Result<Binding, StoreError> {
    Binding::from_stored(text).ok_or(StoreError::Corrupt { what: "a token's binding" })
}
