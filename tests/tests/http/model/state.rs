//! The model: what the server must know, as plainly as it can be said. Times are
//! milliseconds; what refers to something else does so by its place in a list.

use serde_json::{Value, json};

use super::steps::{Form, LNAMES, NAMES, SERVERS};

pub(super) const TOKEN_MILLIS: i64 = 600_000;
pub(super) const SIGN_UP_TOKEN_MILLIS: i64 = 300_000;
pub(super) const CODE_MILLIS: i64 = 300_000;
const SEALED_MILLIS: i64 = 900_000;
const KEY_MILLIS: i64 = 86_400_000;
const REJECTIONS: usize = 10;
const WRONG_VERIFIERS: usize = 3;
/// How long, and how soon, a claim's answer is given again.
const CLAIM_AGAIN_MILLIS: i64 = 60_000;
const CLAIMS_APART_MILLIS: i64 = 5_000;

/// Whom a client knows: its own number and the name's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) client: usize,
    pub(super) name: usize,
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) client: usize,
    /// For whom, and whether the password is to be claimed; a plain one is for anybody.
    pub(super) bound: Option<(Person, bool)>,
    pub(super) expires: i64,
    pub(super) is_used: bool,
    pub(super) rejections_left: usize,
    pub(super) is_ended: bool,
}

/// A request to sign somebody up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    pub(super) token: usize,
    pub(super) key: Option<usize>,
    pub(super) person: Person,
    /// `None` with a plain token.
    is_claim: Option<bool>,
    pub(super) body: Value,
    form: Filled,
}

/// What was filled in, so that it can be sent with another token.
type Filled = (usize, usize, usize);

#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) client: usize,
    key: usize,
    first: Attempt,
    /// The token of a page, whose own answer it is.
    token: Option<usize>,
    /// The first answer, to the byte, if anybody got it.
    pub(super) answer: Option<String>,
    pub(super) credential: usize,
    sealed_until: i64,
    expires: i64,
    is_wiped: bool,
}

#[derive(Debug)]
pub(super) struct Credential {
    pub(super) user: i64,
    /// `None` where the answer that told it was lost.
    pub(super) username: Option<String>,
    pub(super) passwords: Vec<String>,
    /// Which of them opens.
    pub(super) live: Option<usize>,
    pub(super) is_used: bool,
    pub(super) is_rotated: bool,
    pub(super) is_ended: bool,
}

#[derive(Debug)]
pub(super) struct Code {
    pub(super) text: String,
    pub(super) client: usize,
    pub(super) credential: usize,
    expires: i64,
    claimed: Option<i64>,
    answered: i64,
    wrong_left: usize,
}

#[derive(Debug)]
pub(super) struct OwnToken {
    pub(super) text: String,
    pub(super) credential: usize,
    pub(super) expires: i64,
    pub(super) is_ended: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) tokens: Vec<Token>,
    pub(super) attempts: Vec<Attempt>,
    /// Who has an account, and with which credential.
    pub(super) people: Vec<(Person, usize)>,
    pub(super) keys: Vec<Keyed>,
    pub(super) credentials: Vec<Credential>,
    pub(super) codes: Vec<Code>,
    pub(super) own: Vec<OwnToken>,
}

/// What must become of a request to sign somebody up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// An account.
    Fresh,
    /// The first answer to this key.
    Replay(usize),
    /// No, and a rejection that counts against the token.
    Rejected(u16, &'static str),
    /// The token is not let in.
    Unknown,
}

impl Token {
    pub(super) fn new(
        text: String,
        client: usize,
        bound: Option<(Person, bool)>,
        now: i64,
    ) -> Self {
        let lives = if bound.is_some() { SIGN_UP_TOKEN_MILLIS } else { TOKEN_MILLIS };
        let (expires, is_used, is_ended) = (now + lives, false, false);
        Self { text, client, bound, expires, is_used, rejections_left: REJECTIONS, is_ended }
    }
}

impl Attempt {
    /// The form as it is sent with a token: a plain one needs to be told for whom.
    pub(super) fn new(state: &State, token: usize, key: Option<usize>, form: Filled) -> Self {
        let (name, spelling, lname) = form;
        let mut user = json!({ "fname": "Ada", "lname": LNAMES[lname] });
        let Token { client, bound, .. } = state.tokens[token];
        let person = bound.map_or(Person { client, name }, |(person, _)| person);
        if bound.is_none() {
            user["provider_server"] = SERVERS[client][spelling].into();
            user["provider_username"] = NAMES[name][spelling].into();
        }
        let is_claim = bound.map(|(_, is_claim)| is_claim);
        Self { token, key, person, is_claim, body: json!({ "user": user }), form }
    }

    pub(super) fn of(state: &State, token: usize, form: Form) -> Self {
        Self::new(state, token, form.key, (form.name, form.spelling, form.lname))
    }

    /// The same form with another token.
    pub(super) fn with(&self, state: &State, token: usize) -> Self {
        Self::new(state, token, self.key, self.form)
    }

    fn is_same_request(&self, other: &Self) -> bool {
        (self.person, self.is_claim, &self.body) == (other.person, other.is_claim, &other.body)
    }
}

impl State {
    pub(super) fn expect(&self, attempt: &Attempt, now: i64) -> Expected {
        let token = &self.tokens[attempt.token];
        let has_expired = now >= token.expires;
        if token.is_ended || has_expired && !token.is_used {
            return Expected::Unknown;
        }
        if token.bound.is_some() && attempt.key.is_none() {
            return Expected::Rejected(400, "invalid_request");
        }
        if let Some(at) = self.known_key(token.client, attempt.key, now) {
            let known = &self.keys[at];
            if !known.first.is_same_request(attempt) {
                return Expected::Rejected(422, "idempotency-key-reused");
            }
            let own = token.bound.map(|_| attempt.token);
            if known.token != own && token.bound.is_some() && has_expired {
                return Expected::Rejected(401, "invalid_token");
            }
            return Expected::Replay(at);
        }
        if token.is_used {
            return Expected::Rejected(401, "invalid_token");
        }
        if self.people.iter().any(|(person, _)| *person == attempt.person) {
            return Expected::Rejected(409, "already-registered");
        }
        Expected::Fresh
    }

    fn known_key(&self, client: usize, key: Option<usize>, now: i64) -> Option<usize> {
        let is_it =
            |known: &Keyed| known.client == client && Some(known.key) == key && now < known.expires;
        self.keys.iter().position(is_it)
    }

    /// A token was seen: after its end it stays ended.
    pub(super) fn unknown(&mut self, token: usize) {
        self.tokens[token].is_ended = true;
    }

    pub(super) fn rejected(&mut self, token: usize, times: usize) {
        let token = &mut self.tokens[token];
        if token.bound.is_some() {
            token.rejections_left = token.rejections_left.saturating_sub(times);
            token.is_ended |= token.rejections_left == 0;
        }
    }

    /// Whether the key still tells the secret; when it is asked too late, never again.
    pub(super) fn tells(&mut self, key: usize, now: i64) -> bool {
        let known = &mut self.keys[key];
        known.is_wiped |= now >= known.sealed_until;
        let credential = &self.credentials[known.credential];
        !known.is_wiped && !credential.is_used && !credential.is_ended
    }

    /// Somebody has an account now; gives the credential's place.
    pub(super) fn created(&mut self, attempt: &Attempt, credential: Credential) -> usize {
        let at = self.credentials.len();
        self.credentials.push(credential);
        self.people.push((attempt.person, at));
        let token = &mut self.tokens[attempt.token];
        token.is_used = token.bound.is_some();
        at
    }

    /// The account was made by a request with a key.
    pub(super) fn keyed(
        &mut self,
        attempt: &Attempt,
        credential: usize,
        answer: Option<String>,
        now: i64,
    ) {
        let (Some(key), Token { client, bound, .. }) = (attempt.key, &self.tokens[attempt.token])
        else {
            return;
        };
        let is_claim = bound.is_some_and(|(_, is_claim)| is_claim);
        let sealed = if is_claim { SEALED_MILLIS.min(CODE_MILLIS) } else { SEALED_MILLIS };
        let known = Keyed {
            client: *client,
            key,
            token: bound.map(|_| attempt.token),
            first: attempt.clone(),
            answer,
            credential,
            sealed_until: now + sealed,
            expires: now + KEY_MILLIS,
            is_wiped: false,
        };
        self.keys.retain(|other| (other.client, other.key) != (known.client, known.key));
        self.keys.push(known);
    }

    pub(super) fn new_code(&mut self, text: String, client: usize, credential: usize, now: i64) {
        let (expires, claimed, answered) = (now + CODE_MILLIS, None, 0);
        let wrong_left = WRONG_VERIFIERS;
        self.codes.push(Code { text, client, credential, expires, claimed, answered, wrong_left });
    }

    pub(super) fn wrong_verifier(&mut self, code: usize, times: usize) {
        let code = &mut self.codes[code];
        code.wrong_left = code.wrong_left.saturating_sub(times);
    }

    /// Whether the right client with the right verifier gets a password now; a code that
    /// is asked for after its time never works again.
    pub(super) fn claims(&mut self, code: usize, now: i64) -> bool {
        let code = &mut self.codes[code];
        if code.wrong_left == 0 {
            return false;
        }
        let is_timely = match code.claimed {
            None => now < code.expires,
            Some(first) => now < first + CLAIM_AGAIN_MILLIS,
        };
        if !is_timely {
            code.wrong_left = 0;
            return false;
        }
        let is_apart = code.claimed.is_none() || code.answered + CLAIMS_APART_MILLIS <= now;
        let credential = &self.credentials[code.credential];
        is_apart && !credential.is_used && !credential.is_rotated && !credential.is_ended
    }

    pub(super) fn claimed(&mut self, code: usize, password: String, now: i64) {
        let code = &mut self.codes[code];
        code.claimed.get_or_insert(now);
        code.answered = now;
        let at = code.credential;
        self.new_password(at, password);
    }

    /// The one that opens now; what a replay would have told is wiped.
    pub(super) fn new_password(&mut self, credential: usize, password: String) {
        let changed = &mut self.credentials[credential];
        changed.live = Some(changed.passwords.len());
        changed.passwords.push(password);
        self.wipe(credential);
    }

    /// The one that the first answer tells, and tells again.
    pub(super) fn first_password(&mut self, credential: usize, password: String) {
        let made = &mut self.credentials[credential];
        (made.live, made.passwords) = (Some(0), vec![password]);
    }

    pub(super) fn used(&mut self, credential: usize) {
        self.credentials[credential].is_used = true;
        self.wipe(credential);
    }

    pub(super) fn ended(&mut self, credential: usize) {
        let ended = &mut self.credentials[credential];
        (ended.is_ended, ended.live) = (true, None);
        self.end_own_tokens(credential);
        self.wipe(credential);
    }

    pub(super) fn end_own_tokens(&mut self, credential: usize) {
        for token in self.own.iter_mut().filter(|token| token.credential == credential) {
            token.is_ended = true;
        }
    }

    fn wipe(&mut self, credential: usize) {
        for known in self.keys.iter_mut().filter(|known| known.credential == credential) {
            known.is_wiped = true;
        }
    }

    /// Username and password of a credential that opens, as far as anybody knows them.
    pub(super) fn login(&self, credential: usize) -> Option<(String, String)> {
        let known = &self.credentials[credential];
        Some((known.username.clone()?, known.passwords[known.live?].clone()))
    }
}
