//! People who sign up at the same time, each with a key, and ask again until they have
//! an account, whatever becomes of the servers meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Answer, OAuthClient, Site, person, try_send};

/// Between two attempts of one person. A page would wait the second that it is told;
/// these are in a hurry, so that there is always somebody under way.
const PAUSE: Duration = Duration::from_millis(50);
/// Attempts of one person: five minutes of them.
const PATIENCE: usize = 6_000;
/// The provider server of all of them.
const PANEL: &str = "srv.example";

/// Who has been told that there is an account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Which of the people, from 0.
    pub person: usize,
    /// The user's number.
    pub id: i64,
    /// The credential's name.
    pub username: String,
    /// The credential's password.
    pub password: String,
}

/// What came back, counted while it goes on.
#[derive(Debug, Default)]
pub struct Tally {
    /// Sign-ups that were sent, again ones included.
    pub sent: AtomicUsize,
    /// People who were told that there is an account.
    pub acknowledged: AtomicUsize,
    /// Of these, who were told what an earlier attempt had done.
    pub replayed: AtomicUsize,
    /// Requests whose connection was refused or broke.
    pub unanswered: AtomicUsize,
    /// Answers that say to come again: 503.
    pub unavailable: AtomicUsize,
    /// Answers that say that the same request is under way: 409 `request-in-progress`.
    pub in_progress: AtomicUsize,
    /// Answers of what stands in front, when the server behind it went: 502 and 504.
    pub gateway: AtomicUsize,
}

/// What they shall do.
#[derive(Debug, Clone)]
pub struct Order {
    /// Where they ask: each attempt at the next of these.
    pub sites: Vec<Site>,
    /// The client that registers them.
    pub client: OAuthClient,
    /// How many there are, if nobody stops them before.
    pub people: usize,
    /// How many ask at a time.
    pub at_once: usize,
    /// How long each of these waits between two people.
    pub pause: Duration,
}

/// The people, under way.
#[derive(Debug)]
pub struct Crowd {
    /// What came back so far.
    pub tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
    workers: JoinSet<Result<Vec<Account>, String>>,
}

impl Crowd {
    /// Sends them off.
    pub fn start(order: Order) -> Self {
        let (tally, stop) = (Arc::<Tally>::default(), Arc::<AtomicBool>::default());
        let next = Arc::<AtomicUsize>::default();
        let order = Arc::new(order);
        let mut workers = JoinSet::new();
        for _ in 0..order.at_once {
            let member = Member {
                order: Arc::clone(&order),
                tally: Arc::clone(&tally),
                bearer: String::new(),
            };
            let (stop, next) = (Arc::clone(&stop), Arc::clone(&next));
            workers.spawn(async move {
                let worked = member.work(&next, &stop).await;
                // One answer that may not be is enough: nobody goes on.
                stop.fetch_or(worked.is_err(), Relaxed);
                worked
            });
        }
        Self { tally, stop, workers }
    }

    /// How many have an account.
    pub fn acknowledged(&self) -> usize {
        self.tally.acknowledged.load(Relaxed)
    }

    /// Whether it is over: all have an account, or one was told what nobody may be told.
    pub fn is_over(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Waits until so many have an account, or it is over.
    pub async fn reaches(&self, acknowledged: usize) {
        while self.acknowledged() < acknowledged && !self.is_over() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Nobody new begins. Who has begun goes on until there is an account.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Waits for all of them; their accounts, or the answer that nobody may get.
    pub async fn end(mut self) -> Result<(Vec<Account>, Arc<Tally>), String> {
        let mut accounts = Vec::new();
        while let Some(worker) = self.workers.join_next().await {
            accounts.extend(worker.map_err(|error| error.to_string())??);
        }
        accounts.sort_by_key(|account| account.person);
        Ok((accounts, self.tally))
    }
}

/// One of those who ask at a time.
struct Member {
    order: Arc<Order>,
    tally: Arc<Tally>,
    /// The back end's token, once it has one.
    bearer: String,
}

impl Member {
    async fn work(mut self, next: &AtomicUsize, stop: &AtomicBool) -> Result<Vec<Account>, String> {
        let mut accounts = Vec::new();
        while !stop.load(Relaxed) {
            let person = next.fetch_add(1, Relaxed);
            if person >= self.order.people {
                break;
            }
            accounts.push(self.sign_up(person).await?);
            if !self.order.pause.is_zero() {
                tokio::time::sleep(self.order.pause).await;
            }
        }
        Ok(accounts)
    }

    fn site(&self, person: usize, attempt: usize) -> &Site {
        &self.order.sites[(person + attempt) % self.order.sites.len()]
    }

    async fn sign_up(&mut self, who: usize) -> Result<Account, String> {
        let name = format!("u{who}");
        // Every fourth comes from a page, by a token that is for this person and one use.
        let is_page = who.is_multiple_of(4);
        let body = if is_page {
            json!({ "user": { "fname": "Ada", "lname": "Lovelace" } })
        } else {
            person(PANEL, &name)
        };
        let mut own = String::new();
        for attempt in 0..PATIENCE {
            let site = self.site(who, attempt).clone();
            let token = if is_page { &mut own } else { &mut self.bearer };
            if token.is_empty() {
                let details = is_page.then_some(name.as_str());
                match ask_for_token(&site, &self.order.client, details, &self.tally).await? {
                    Some(new) => *token = new,
                    None => continue,
                }
            }
            let request = site
                .request(Method::POST, "/api/users")
                .bearer_auth(&*token)
                .header("idempotency-key", format!("the-key-of-the-person-{who}"))
                .json(&body);
            self.tally.sent.fetch_add(1, Relaxed);
            let Ok(answer) = try_send(request).await else {
                self.tally.unanswered.fetch_add(1, Relaxed);
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            match answer.status.as_u16() {
                201 => return self.acknowledged(who, &answer),
                // It has ended; the next one does as well.
                401 => token.clear(),
                _ => come_again(&answer, &self.tally).await?,
            }
        }
        Err(format!("{name} has no account after {PATIENCE} attempts"))
    }

    fn acknowledged(&self, who: usize, answer: &Answer) -> Result<Account, String> {
        let user = &answer.json()["user"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (Some(id), Some(username), Some(password)) =
            (user["id"].as_i64(), text(&user["api"]["username"]), text(&user["api"]["password"]))
        else {
            return Err(format!("the account of u{who} has no number or no credential"));
        };
        if answer.header("idempotent-replayed") == "true" {
            self.tally.replayed.fetch_add(1, Relaxed);
        }
        self.tally.acknowledged.fetch_add(1, Relaxed);
        Ok(Account { person: who, id, username, password })
    }
}

/// A token of the back end, or one for a person; none when it is to be tried again.
async fn ask_for_token(
    site: &Site,
    client: &OAuthClient,
    person: Option<&str>,
    tally: &Tally,
) -> Result<Option<String>, String> {
    let mut form = vec![("grant_type", "client_credentials"), ("scope", "register")];
    let details = person.map(|name| {
        json!([{ "type": "user_registration", "provider_server": PANEL,
                 "provider_username": name }])
        .to_string()
    });
    form.extend(details.as_deref().map(|details| ("authorization_details", details)));
    let request = site
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&form);
    let Ok(answer) = try_send(request).await else {
        tally.unanswered.fetch_add(1, Relaxed);
        tokio::time::sleep(PAUSE).await;
        return Ok(None);
    };
    if answer.status == 200 {
        return Ok(answer.json()["access_token"].as_str().map(str::to_owned));
    }
    come_again(&answer, tally).await?;
    Ok(None)
}

/// What may be answered to somebody who will ask again; anything else is a fault.
async fn come_again(answer: &Answer, tally: &Tally) -> Result<(), String> {
    let counter = match answer.refusal() {
        (503, _) => &tally.unavailable,
        // The one that was sent before has not ended at the database.
        (409, code) if code == "request-in-progress" => &tally.in_progress,
        (502 | 504, _) => &tally.gateway,
        (status, _) => return Err(format!("a client was told {status}: {}", answer.text)),
    };
    counter.fetch_add(1, Relaxed);
    tokio::time::sleep(PAUSE).await;
    Ok(())
}
