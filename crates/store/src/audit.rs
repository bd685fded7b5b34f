//! The audit log: rows that are chained when their transaction commits.
//!
//! A transaction only collects its entries ([`Conn::add_audit`]); [`crate::Tx::commit`]
//! chains them as its last statements, so a lane's head is locked for the commit
//! alone. Inside a process a lane is lent to one transaction at a time, so even
//! that lock is waited for only when two servers happen to use the same lane.

mod chain;

pub(crate) use chain::{Links, bind_links, parts};

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use doorstep_accounts::{
    Entropy, KeyRing, Timestamp,
    audit::{Entry, Head, LANES, Row, Seal},
};
use serde_json::{Map, Value};

use crate::{Conn, Store, StoreError, all, connect::Database, document, exec, one};

/// The lanes that this process may use, and the ring that it chains with.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    ring: OnceLock<KeyRing>,
    /// A stack: a server with little to do stays on one lane.
    free: Mutex<Vec<Lane>>,
}

#[derive(Debug)]
struct Lane {
    number: i64,
    /// Where it ended when this process used it last, which saves reading it and
    /// shows if it was put back since.
    head: Option<Head>,
}

/// A lane, lent to a transaction until it ends.
#[derive(Debug)]
pub(crate) struct Turn {
    ledger: Arc<Ledger>,
    lane: Lane,
    /// Where the lane ends once the transaction is committed.
    next: Option<Head>,
    /// Whether somebody else wrote to it, so that it must not be used again.
    broken: bool,
}

impl Ledger {
    fn turn(self: &Arc<Self>) -> Option<Turn> {
        let lane = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Turn { ledger: Arc::clone(self), lane, next: None, broken: false })
    }
}

impl Turn {
    /// A lane whose end this process knows, and what it grows by. Whoever learns that nothing
    /// was written says so by [`Self::stand`]: otherwise the end is not known any more.
    pub(crate) fn known(ledger: &Arc<Ledger>, entries: &[Entry]) -> Option<(Self, Links)> {
        let mut turn = ledger.turn()?;
        let from = turn.lane.head.take()?;
        let links = Links::new(from, entries, ledger.ring.get()?);
        turn.next = Some(links.head.clone());
        Some((turn, links))
    }

    /// Nothing was written: the lane ends where it did.
    pub(crate) fn stand(mut self, links: Links) {
        self.lane.head = Some(links.from);
    }

    /// The transaction is committed.
    pub(crate) fn settle(mut self) {
        self.lane.head = self.next.take();
    }

    /// The lane is evidence now: whoever continued it would sign what was done to it.
    fn give_up(&mut self, why: &str) {
        self.broken = true;
        tracing::error!(
            lane = self.lane.number,
            why,
            "the audit log was changed from outside and goes on in another lane: run `doorstep audit verify`"
        );
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.broken {
            let lane = Lane { number: self.lane.number, head: self.lane.head.take() };
            let mut free = self.ledger.free.lock().unwrap_or_else(PoisonError::into_inner);
            if lane.head.is_some() {
                free.push(lane);
            } else {
                // Nobody knows whether a transaction that was lost on the way still holds it.
                free.insert(0, lane);
            }
        }
    }
}

const BEHIND: &str = "a row was added behind its head";

#[derive(sqlx::FromRow)]
struct AuditRow {
    lane: i64,
    seq: i64,
    id: String,
    actor: String,
    action: String,
    subject: String,
    details: String,
    created_at: i64,
    hash: String,
    mac: String,
}

#[derive(sqlx::FromRow)]
struct UnchainedRow {
    id: String,
    actor: String,
    action: String,
    subject: String,
    details: String,
    created_at: i64,
}

impl Store {
    /// Gives the log its heads. Only for a log that never began: to make heads that
    /// are missing would hide that it was taken away.
    pub async fn begin_audit(&self, ring: &KeyRing) -> Result<(), StoreError> {
        if !self.read().await?.conn().audit_is_empty().await? {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for lane in 0..LANES {
            let head = Head::genesis(lane);
            exec!(
                &mut tx.conn(),
                "INSERT INTO audit_heads (lane, seq, hash, mac) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (lane) DO NOTHING",
                head.lane,
                head.seq,
                &head.hash,
                head.mac(ring),
            );
        }
        tx.commit().await
    }

    /// Makes the audit log ready for rows that are chained with the ring. Must be
    /// called once before a transaction with an entry commits. Writes nothing.
    pub fn open_audit(&self, ring: &KeyRing, entropy: &dyn Entropy) {
        let first = match &self.database {
            // One writer: one lane.
            Database::Sqlite { .. } => 0,
            // Replicas start at different lanes.
            Database::Postgres { .. } => {
                let mut random = [0];
                entropy.fill(&mut random);
                i64::from(random[0]) % LANES
            }
        };
        if self.ledger.ring.set(ring.clone()).is_ok() {
            let lanes = (0..LANES).rev().map(|at| (first + at) % LANES);
            *self.ledger.free.lock().unwrap_or_else(PoisonError::into_inner) =
                lanes.map(|number| Lane { number, head: None }).collect();
        }
    }
}

/// Chains the entries onto a free lane.
pub(crate) async fn append(
    conn: &mut Conn<'_>,
    ledger: &Arc<Ledger>,
    entries: &[Entry],
) -> Result<Turn, StoreError> {
    let ring = ledger.ring.get().ok_or(StoreError::AuditClosed)?;
    // Kept, so that they are not tried again.
    let mut passed = Vec::new();
    loop {
        let mut turn = ledger.turn().ok_or(StoreError::AuditClosed)?;
        if conn.extend(&mut turn, entries, ring).await? {
            return Ok(turn);
        }
        passed.push(turn);
    }
}

impl Conn<'_> {
    /// Notes who did what to whom; written, as the transaction's last statements,
    /// when it commits. The details hold no secret, and nothing of a person that
    /// would have to be erased.
    ///
    /// # Errors
    /// Outside of a transaction there is nothing that the entry could go with.
    #[expect(clippy::unused_async, reason = "a statement like its neighbours, to its callers")]
    pub async fn add_audit(
        &mut self,
        id: &str,
        actor: &str,
        action: &str,
        subject: &str,
        details: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let entries = self.entries.as_mut().ok_or(StoreError::AuditClosed)?;
        entries.push(Entry {
            id: id.to_owned(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            details: document(details),
            created_at: now,
        });
        Ok(())
    }

    /// Writes the entries at the lane's end. `false`: another lane must take them.
    async fn extend(
        &mut self,
        turn: &mut Turn,
        entries: &[Entry],
        ring: &KeyRing,
    ) -> Result<bool, StoreError> {
        let known = turn.lane.head.take();
        if let Some(head) = &known
            && self.chain(turn, head, entries, ring).await?
        {
            return Ok(true);
        }
        // First use, or another server used it since.
        let Some((head, mac)) = self.lock_head(turn.lane.number).await? else {
            turn.give_up("its head is missing");
            return Ok(false);
        };
        match head.check(&mac, ring) {
            Seal::Genuine if known.is_some_and(|known| head.seq <= known.seq) => {
                turn.give_up("its head was put back");
                Ok(false)
            }
            Seal::Genuine if !self.audit_rows(head.lane, head.seq, 1).await?.is_empty() => {
                turn.give_up(BEHIND);
                Ok(false)
            }
            Seal::Genuine => self.chain(turn, &head, entries, ring).await,
            Seal::Forged => {
                turn.give_up("its head is forged");
                Ok(false)
            }
            // Another server has a newer key file; this one will have it soon.
            Seal::UnknownVersion(_) => Ok(false),
        }
    }

    /// A lane's head and its mac, locked until the transaction ends.
    async fn lock_head(&mut self, lane: i64) -> Result<Option<(Head, String)>, StoreError> {
        let row = one!(
            self,
            (i64, String, String),
            "UPDATE audit_heads SET seq = seq WHERE lane = $1 RETURNING seq, hash, mac",
            lane,
        );
        Ok(row.map(|(seq, hash, mac)| (Head { lane, seq, hash }, mac)))
    }

    /// A lane's head and its mac.
    pub async fn audit_head(&mut self, lane: i64) -> Result<Option<(Head, String)>, StoreError> {
        let row = one!(
            self,
            (i64, String, String),
            "SELECT seq, hash, mac FROM audit_heads WHERE lane = $1",
            lane,
        );
        Ok(row.map(|(seq, hash, mac)| (Head { lane, seq, hash }, mac)))
    }

    /// A lane's rows after that number, in order, `limit` at the most.
    pub async fn audit_rows(
        &mut self,
        lane: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = all!(
            self,
            AuditRow,
            "SELECT lane, seq, id, actor, action, subject, details, created_at, hash, mac
             FROM audit_log WHERE lane = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            lane,
            after,
            limit,
        );
        Ok(rows.into_iter().map(Row::from).collect())
    }

    /// A row outside of every lane, if there is one.
    pub async fn audit_stray(&mut self) -> Result<Option<(i64, i64)>, StoreError> {
        Ok(one!(
            self,
            (i64, i64),
            "SELECT lane, seq FROM audit_log WHERE lane < 0 OR lane >= $1 OR seq < 1
             ORDER BY lane, seq LIMIT 1",
            LANES,
        ))
    }

    /// Whether the log has neither heads nor rows.
    pub async fn audit_is_empty(&mut self) -> Result<bool, StoreError> {
        let any = one!(
            self,
            (i64,),
            "SELECT lane FROM audit_heads UNION ALL SELECT lane FROM audit_log LIMIT 1",
        );
        Ok(any.is_none())
    }

    /// Whether nobody was ever here: no client, no user, and nothing logged.
    pub async fn is_untouched(&mut self) -> Result<bool, StoreError> {
        let any = one!(
            self,
            (String,),
            "SELECT id FROM clients UNION ALL SELECT CAST(id AS TEXT) FROM users
             UNION ALL SELECT id FROM audit LIMIT 1",
        );
        Ok(any.is_none() && self.audit_is_empty().await?)
    }

    /// Rows of the time before the log was chained that come after the one given,
    /// oldest first.
    pub async fn unchained_audit(
        &mut self,
        after: Option<&Entry>,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let (at, id) =
            after.map_or((i64::MIN, ""), |entry| (entry.created_at.0, entry.id.as_str()));
        let rows = all!(
            self,
            UnchainedRow,
            "SELECT id, actor, action, subject, details, created_at FROM audit
             WHERE created_at > $1 OR (created_at = $1 AND id > $2)
             ORDER BY created_at, id LIMIT $3",
            at,
            id,
            limit,
        );
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// Chains a row of the time before, in the form given. `false`: another server
    /// did it already.
    pub async fn adopt_audit(&mut self, entry: Entry) -> Result<bool, StoreError> {
        let taken = exec!(self, "DELETE FROM audit WHERE id = $1", &entry.id);
        let entries = self.entries.as_mut().ok_or(StoreError::AuditClosed)?;
        if taken == 1 {
            entries.push(entry);
        }
        Ok(taken == 1)
    }
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
        Self {
            lane: row.lane,
            seq: row.seq,
            entry: Entry {
                id: row.id,
                actor: row.actor,
                action: row.action,
                subject: row.subject,
                details: row.details,
                created_at: Timestamp(row.created_at),
            },
            hash: row.hash,
            mac: row.mac,
        }
    }
}

impl From<UnchainedRow> for Entry {
    fn from(row: UnchainedRow) -> Self {
        Self {
            id: row.id,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            details: row.details,
            created_at: Timestamp(row.created_at),
        }
    }
}
