//! The audit log read back: verifying it, exporting it, and taking over the rows
//! of the time before it was chained.

use doorstep_accounts::{
    Identity, KeyRing, Timestamp,
    audit::{Fault, Head, LANES, Row, Seal, pseudonym},
};
use doorstep_store::{Store, StoreError};
use serde_json::{Map, Value};

use crate::Context;

/// Rows read at a time: a log of any length needs no more memory than this.
const PAGE: i64 = 500;

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// How many rows are in order.
    pub rows: u64,
    /// Where each lane that has rows ends. Kept elsewhere, they show later that
    /// nothing up to them was taken back.
    pub heads: Vec<Head>,
    /// The first fault of each lane that has one.
    pub findings: Vec<Finding>,
}

/// The first bad row of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The lane.
    pub lane: i64,
    /// The number of the row in the lane.
    pub seq: i64,
    /// The row's id, if there is a row.
    pub id: Option<String>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Walks every lane from its first row to its head. `begun`: whether the log was ever
/// written to, as is noted outside of the database. `anchors` are heads that were
/// noted earlier: the log must still go through them.
pub async fn verify_audit(
    context: &Context,
    begun: bool,
    anchors: &[Head],
) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    let empty = context.store.read().await?.conn().audit_is_empty().await?;
    if begun {
        // Adopted once, when the log began: what is there now was left or came later.
        let rest = context.store.read().await?.conn().unchained_audit(None, 1).await?;
        verified.findings.extend(rest.into_iter().map(|entry| Finding {
            lane: 0,
            seq: 0,
            id: Some(entry.id),
            fault: Fault::Unchained,
        }));
    }
    if empty && begun {
        verified.findings.push(Finding { lane: 0, seq: 0, id: None, fault: Fault::LogMissing });
        return Ok(verified);
    }
    if empty && anchors.is_empty() {
        return Ok(verified);
    }
    for lane in 0..LANES {
        let anchors: Vec<_> = anchors.iter().filter(|anchor| anchor.lane == lane).collect();
        match walk(context, lane, &anchors, &mut verified.rows).await {
            Ok(end) if end.seq > 0 => verified.heads.push(end),
            Ok(_) => {}
            Err(Stop::Found(finding)) => verified.findings.push(finding),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    if let Some((lane, seq)) = context.store.read().await?.conn().audit_stray().await? {
        verified.findings.push(Finding { lane, seq, id: None, fault: Fault::Inserted });
    }
    Ok(verified)
}

/// Why a walk ends before the lane does.
enum Stop {
    Found(Finding),
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

async fn walk(
    context: &Context,
    lane: i64,
    anchors: &[&Head],
    count: &mut u64,
) -> Result<Head, Stop> {
    let found = |seq, id, fault| Err(Stop::Found(Finding { lane, seq, id, fault }));
    let mut at = Head::genesis(lane);
    // A server may be writing meanwhile. Rows and head are committed together, so
    // what a head counts is there before one reads the head.
    let mut head = genuine_head(context, &at).await?;
    loop {
        while at.seq < head.seq {
            let mut rows =
                context.store.read().await?.conn().audit_rows(lane, at.seq, PAGE).await?;
            rows.retain(|row| row.seq <= head.seq);
            if rows.is_empty() {
                return found(at.seq + 1, None, Fault::Truncated);
            }
            for row in rows {
                if let Err(fault) = at.next(&row, &context.audit) {
                    return Err(Stop::Found(explain(context, &at, row, fault).await?));
                }
                *count += 1;
                if anchors.iter().any(|anchor| anchor.seq == at.seq && anchor.hash != at.hash) {
                    return found(at.seq, Some(row.entry.id), Fault::Replaced);
                }
            }
        }
        if at.hash != head.hash {
            return found(head.seq, None, Fault::HeadChanged);
        }
        let beyond = context.store.read().await?.conn().audit_rows(lane, at.seq, 1).await?;
        let Some(row) = beyond.into_iter().next() else { break };
        // Written since the head was read, or by nobody: then no head counts it.
        head = genuine_head(context, &at).await?;
        if head.seq == at.seq {
            return found(row.seq, Some(row.entry.id), Fault::Inserted);
        }
    }
    if anchors.iter().any(|anchor| anchor.seq > at.seq) {
        return found(at.seq + 1, None, Fault::Truncated);
    }
    Ok(at)
}

/// The lane's head. If it was tampered with, the rows after `at` may still tell
/// which of them was meant.
async fn genuine_head(context: &Context, at: &Head) -> Result<Head, Stop> {
    let lane = at.lane;
    let found = context.store.read().await?.conn().audit_head(lane).await?;
    let (seq, fault) = match &found {
        None => (at.seq + 1, Fault::HeadMissing),
        Some((head, mac)) => match head.check(mac, &context.audit) {
            Seal::Genuine if head.seq >= at.seq => return Ok(head.clone()),
            Seal::Genuine | Seal::Forged => (head.seq, Fault::HeadChanged),
            Seal::UnknownVersion(version) => (head.seq, Fault::UnknownVersion(version)),
        },
    };
    let finding = Finding { lane, seq, id: None, fault };
    Err(Stop::Found(first_bad(context, at.clone()).await?.unwrap_or(finding)))
}

/// The first bad row, whatever the head says.
async fn first_bad(context: &Context, mut at: Head) -> Result<Option<Finding>, StoreError> {
    loop {
        let rows = context.store.read().await?.conn().audit_rows(at.lane, at.seq, PAGE).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in rows {
            if let Err(fault) = at.next(&row, &context.audit) {
                return explain(context, &at, row, fault).await.map(Some);
            }
        }
    }
}

/// Says more exactly what a fault is.
async fn explain(
    context: &Context,
    at: &Head,
    row: Row,
    fault: Fault,
) -> Result<Finding, StoreError> {
    let lane = at.lane;
    Ok(match fault {
        Fault::Missing => Finding { lane, seq: at.seq + 1, id: None, fault },
        Fault::Changed if was_elsewhere(context, &row).await? => {
            Finding { lane, seq: row.seq, id: Some(row.entry.id), fault: Fault::Reordered }
        }
        _ => Finding { lane, seq: row.seq, id: Some(row.entry.id), fault },
    })
}

/// Whether the row was written after another one than it stands behind.
async fn was_elsewhere(context: &Context, row: &Row) -> Result<bool, StoreError> {
    if row.follows(&Head::genesis(row.lane).hash) {
        return Ok(true);
    }
    let mut after = i64::MIN;
    loop {
        let rows = context.store.read().await?.conn().audit_rows(row.lane, after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        after = last.seq;
        if rows.iter().any(|before| row.follows(&before.hash)) {
            return Ok(true);
        }
    }
}

/// Hands out every row of the time, lane by lane, each in order.
pub async fn export_audit<E: From<StoreError>>(
    context: &Context,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    mut take: impl FnMut(&Row) -> Result<(), E>,
) -> Result<u64, E> {
    let mut count = 0;
    for lane in 0..LANES {
        let mut after = 0;
        loop {
            let mut read = context.store.read().await?;
            let rows = read.conn().audit_rows(lane, after, PAGE).await?;
            drop(read);
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                let at = row.entry.created_at;
                if since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until) {
                    take(row)?;
                    count += 1;
                }
            }
        }
    }
    Ok(count)
}

/// Chains the rows of the time before the log was chained, marked as such and
/// with a pseudonym in place of the username. Gives how many there were. Only for the
/// moment when the log begins: whoever can write to the database alone could have
/// rows of their own signed later.
pub async fn adopt_audit(store: &Store, ring: &KeyRing) -> Result<u64, StoreError> {
    let mut adopted = 0;
    let mut last = None;
    loop {
        let rows = store.read().await?.conn().unchained_audit(last.as_ref(), PAGE).await?;
        let Some(end) = rows.last() else { return Ok(adopted) };
        last = Some(end.clone());
        let mut tx = store.begin().await?;
        for mut entry in rows {
            // Not what a server wrote. It stays, for `audit verify` to tell of.
            let Ok(details) = serde_json::from_str(&entry.details) else {
                tracing::error!(id = entry.id, "an audit row of an older version is unreadable");
                continue;
            };
            entry.details = Value::Object(without_username(ring, details)).to_string();
            adopted += u64::from(tx.conn().adopt_audit(entry).await?);
        }
        tx.commit().await?;
    }
}

fn without_username(ring: &KeyRing, mut details: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::String(username_key)) = details.remove("provider_username") {
        let text = |name| details.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let identity = Identity {
            provider: text("provider"),
            server_key: text("provider_server"),
            server: text("provider_server"),
            username: username_key.clone(),
            username_key,
        };
        details.insert("identity".to_owned(), pseudonym(&identity, ring).into());
    }
    details.insert("before_the_chain".to_owned(), Value::Bool(true));
    details
}
