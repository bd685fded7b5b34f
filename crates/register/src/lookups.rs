//! What requests at the same time look up, in one statement for all of them: most of
//! what a look-up costs is the way to the database and back.
//!
//! Nothing is remembered, so what ended is ended for the next request.

use std::sync::Arc;

use doorstep_accounts::{Timestamp, TokenHash, limits::LimitKey};
use doorstep_store::{Account, ClientLogin, Conn, Login, Store, StoreError, TokenRow};

use crate::{Context, together::Together};

/// What can be asked for many at once.
trait Question: Clone + Send + Sync + 'static {
    type Answer: Send + 'static;

    /// The answers in the order of the questions.
    fn answer_all(
        conn: &mut Conn<'_>,
        now: Timestamp,
        all: &[Self],
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
        let answers = Q::answer_all(&mut read.conn(), now, &[question]).await?;
        answers.into_iter().next().ok_or(StoreError::Corrupt { what: "the answer to a question" })
    }
}

async fn answer_all<Q: Question>(
    store: Store,
    now: Timestamp,
    all: Vec<Q>,
) -> Vec<Result<Q::Answer, Failed>> {
    let found = async {
        let mut read = store.read_together().await?;
        let answers = Q::answer_all(&mut read.conn(), now, &all).await?;
        read.done();
        Ok::<_, StoreError>(answers)
    };
    match found.await {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => {
            tracing::debug!(%error, "a shared look-up failed");
            all.iter().map(|_| Err(Failed)).collect()
        }
    }
}

/// The look-ups of a process that wait. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lookups {
    tokens: Queue<TokenHash>,
    logins: Queue<Username>,
    clients: Queue<ClientId>,
    stops: Queue<Subjects>,
    accounts: Queue<UserId>,
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
    /// says that name is held up: one way to the database for both.
    pub(crate) async fn login(
        &self,
        context: &Context,
        limits: Vec<LimitKey>,
        username: Option<&str>,
    ) -> Result<(Used, Option<Login>), StoreError> {
        self.logins.ask(context, Username { limits, name: username.map(str::to_owned) }).await
    }

    /// What it takes to let a client in, likewise.
    pub(crate) async fn client_login(
        &self,
        context: &Context,
        limits: Vec<LimitKey>,
        id: Option<&str>,
    ) -> Result<(Used, Option<ClientLogin>), StoreError> {
        self.clients.ask(context, ClientId { limits, id: id.map(str::to_owned) }).await
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
        all: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        conn.tokens(all).await
    }
}

/// Theoretical arrival times, in the order of the limits' keys; none at rest.
pub(crate) type Used = Vec<Option<i64>>;

/// What is used of all these limits, for each who asks.
async fn used_of_all<'a>(
    conn: &mut Conn<'_>,
    all: impl Iterator<Item = &'a Vec<LimitKey>> + Clone + Send,
) -> Result<Vec<Used>, StoreError> {
    let keys: Vec<_> = all.clone().flatten().copied().collect();
    let mut used = conn.used_of(&keys).await?.into_iter();
    Ok(all.map(|limits| used.by_ref().take(limits.len()).collect()).collect())
}

#[derive(Debug, Clone)]
struct Username {
    limits: Vec<LimitKey>,
    name: Option<String>,
}

impl Question for Username {
    type Answer = (Used, Option<Login>);

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let used = used_of_all(conn, all.iter().map(|one| &one.limits)).await?;
        let names: Vec<_> = all.iter().filter_map(|one| one.name.as_deref()).collect();
        let mut logins = conn.logins(&names).await?.into_iter();
        let login = |one: &Self| one.name.as_ref().and_then(|_| logins.next().flatten());
        Ok(used.into_iter().zip(all.iter().map(login)).collect())
    }
}

#[derive(Debug, Clone)]
struct ClientId {
    limits: Vec<LimitKey>,
    id: Option<String>,
}

impl Question for ClientId {
    type Answer = (Used, Option<ClientLogin>);

    async fn answer_all(
        conn: &mut Conn<'_>,
        now: Timestamp,
        all: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let used = used_of_all(conn, all.iter().map(|one| &one.limits)).await?;
        // Many requests come from few clients: a statement for each of these.
        let mut different: Vec<_> = all.iter().filter_map(|one| one.id.as_deref()).collect();
        different.sort_unstable();
        different.dedup();
        let mut found = Vec::new();
        for id in different {
            found.push((id, conn.client_login(id, now).await?));
        }
        let login = |one: &Self| {
            let at = found.iter().find(|(known, _)| one.id.as_deref() == Some(*known));
            at.and_then(|(_, login)| login.clone())
        };
        Ok(used.into_iter().zip(all.iter().map(login)).collect())
    }
}

#[derive(Debug, Clone)]
struct Subjects((String, String));

impl Question for Subjects {
    type Answer = bool;

    async fn answer_all(
        conn: &mut Conn<'_>,
        _: Timestamp,
        all: &[Self],
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
        all: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let ids: Vec<_> = all.iter().map(|UserId(id)| *id).collect();
        conn.accounts(&ids).await
    }
}
