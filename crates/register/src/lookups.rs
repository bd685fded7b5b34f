//! What requests at the same time look up, in one statement for all of them: most of
//! what a look-up costs is the way to the database and back.
//!
//! Nothing is remembered, so what ended is ended for the next request.

use std::sync::Arc;

use doorstep_accounts::{Timestamp, TokenHash};
use doorstep_store::{
    Account, ClientLogin, Conn, Login, LoginAttempt, Store, StoreError, StoredAccount, TokenRow,
    Used,
};

use crate::{Context, together::Together};

/// What can be asked for many at once.
trait Question: Clone + Send + Sync + 'static {
    type Answer: Send + 'static;

    /// The answers in the order of the questions.
    fn answer_all(
        conn: &mut Conn<'_>,
        now: Timestamp,
        all: Vec<Self>,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

/// A shared look-up failed.
#[derive(Debug, Clone, Copy)]
struct Failed;

/// The questions of one kind that wait. One is at work: what comes meanwhile goes
/// together the sooner.
#[derive(Debug)]
struct Queue<Q: Question>(Together<Q, Result<Q::Answer, Failed>>);

impl<Q: Question> Default for Queue<Q> {
    fn default() -> Self {
        Self(Together::new(1))
    }
}

impl<Q: Question> Clone for Queue<Q> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q: Question> Queue<Q> {
    async fn ask(&self, context: &Context, question: Q) -> Result<Q::Answer, StoreError> {
        let (store, clock) = (context.store.clone(), Arc::clone(&context.clock));
        let work = move |all| answer_all(store.clone(), clock.now(), all);
        if let Ok(Ok(answer)) = self.0.have_done(question.clone(), work).await {
            return Ok(answer);
        }
        // Alone it learns what is wrong, if it is anything of its own.
        let mut read = context.store.read().await?;
        let now = context.clock.now();
        let answers = Q::answer_all(&mut read.conn(), now, vec![question]).await?;
        answers.into_iter().next().ok_or(StoreError::Corrupt { what: "the answer to a question" })
    }
}

async fn answer_all<Q: Question>(
    store: Store,
    now: Timestamp,
    all: Vec<Q>,
) -> Vec<Result<Q::Answer, Failed>> {
    let count = all.len();
    let found = async {
        let mut read = store.read_together().await?;
        let answers = Q::answer_all(&mut read.conn(), now, all).await?;
        read.done();
        Ok::<_, StoreError>(answers)
    };
    match found.await {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => {
            tracing::debug!(%error, "a shared look-up failed");
            (0..count).map(|_| Err(Failed)).collect()
        }
    }
}

/// The look-ups of a process that wait. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lookups {
    tokens: Queue<TokenHash>,
    logins: Queue<User>,
    clients: Queue<Client>,
    stops: Queue<Subjects>,
    accounts: Queue<UserId>,
    visits: Queue<Visitor>,
}

impl Lookups {
    /// A token by its hash.
    pub(crate) async fn token(
        &self,
        context: &Context,
        hash: &TokenHash,
    ) -> Result<Option<TokenRow>, StoreError> {
        self.tokens.ask(context, hash.clone()).await
    }

    /// An API credential by its username, and what is used of the limits by which whoever
    /// says that name is held up.
    pub(crate) async fn login(
        &self,
        context: &Context,
        attempt: LoginAttempt,
    ) -> Result<(Used, Option<Login>), StoreError> {
        self.logins.ask(context, User(attempt)).await
    }

    /// The same, and the account of whoever has that name.
    pub(crate) async fn visit(
        &self,
        context: &Context,
        attempt: LoginAttempt,
    ) -> Result<(Used, Option<Login>, Option<StoredAccount>), StoreError> {
        self.visits.ask(context, Visitor(attempt)).await
    }

    /// What it takes to let a client in, likewise.
    pub(crate) async fn client_login(
        &self,
        context: &Context,
        attempt: LoginAttempt,
    ) -> Result<(Used, Option<ClientLogin>), StoreError> {
        self.clients.ask(context, Client(attempt)).await
    }

    /// Whether registration is switched off for either of two subjects.
    pub(crate) async fn is_stopped(
        &self,
        context: &Context,
        subjects: (String, String),
    ) -> Result<bool, StoreError> {
        self.stops.ask(context, Subjects(subjects)).await
    }

    /// A user's account.
    pub(crate) async fn account(
        &self,
        context: &Context,
        user_id: i64,
    ) -> Result<Option<Account>, StoreError> {
        self.accounts.ask(context, UserId(user_id)).await
    }
}

impl Question for TokenHash {
    type Answer = Option<TokenRow>;

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: Vec<Self>,
    ) -> Result<Vec<Self::Answer>, StoreError> {
        conn.tokens(&all).await
    }
}

#[derive(Debug, Clone)]
struct User(LoginAttempt);

impl Question for User {
    type Answer = (Used, Option<Login>);

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: Vec<Self>,
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let attempts: Vec<_> = all.into_iter().map(|User(attempt)| attempt).collect();
        conn.logins(&attempts).await
    }
}

#[derive(Debug, Clone)]
struct Visitor(LoginAttempt);

impl Question for Visitor {
    type Answer = (Used, Option<Login>, Option<StoredAccount>);

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: Vec<Self>,
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let attempts: Vec<_> = all.into_iter().map(|Visitor(attempt)| attempt).collect();
        conn.logins_with_accounts(&attempts).await
    }
}

#[derive(Debug, Clone)]
struct Client(LoginAttempt);

impl Question for Client {
    type Answer = (Used, Option<ClientLogin>);

    async fn answer_all(
        conn: &mut Conn<'_>,
        now: Timestamp,
        all: Vec<Self>,
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let attempts: Vec<_> = all.into_iter().map(|Client(attempt)| attempt).collect();
        conn.client_logins(&attempts, now).await
    }
}

#[derive(Debug, Clone)]
struct Subjects((String, String));

impl Question for Subjects {
    type Answer = bool;

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: Vec<Self>,
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let both = all.iter().flat_map(|Subjects((one, other))| [one.as_str(), other.as_str()]);
        let stopped = conn.stopped(both.collect()).await?;
        let is_stopped =
            |Subjects((one, other)): &Self| stopped.contains(one) || stopped.contains(other);
        Ok(all.iter().map(is_stopped).collect())
    }
}

#[derive(Debug, Clone)]
struct UserId(i64);

impl Question for UserId {
    type Answer = Option<Account>;

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: Vec<Self>,
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let ids: Vec<_> = all.iter().map(|UserId(id)| *id).collect();
        conn.accounts(&ids).await
    }
}
