//! The audit log's chains: what a row's hash covers, and what is wrong with one.
//!
//! The log is a fixed number of chains, the *lanes*. In a lane the rows are
//! numbered without gaps from 1, and each row has
//!
//! - `hash`: SHA-256 over the previous row's hash and the row itself. Whoever has
//!   an export can recompute it, without a key.
//! - `mac`: HMAC-SHA-256 with the audit ring over lane, number and hash. Whoever
//!   has the database and not the key file cannot add or rewrite a row.
//!
//! A lane's *head* says where it ends, with a mac of its own kind: without it the
//! last rows could be cut off. What the database alone cannot show is a return to
//! an earlier state of the whole lane, head included; for that, keep the heads
//! that `doorstep audit verify --json` prints somewhere else.
//!
//! Why lanes: one chain has one head, and the lock on it would be held until the
//! commit is on disk, so that on PostgreSQL one commit could not share its fsync
//! with the next. A lane is used by one transaction at a time and by all in turn,
//! so nobody waits, and yet each row is chained in the transaction that it tells
//! of: there is no moment at which a committed row could be removed unseen.

use sha2::{Digest as _, Sha256};

use crate::{
    clock::Timestamp,
    idempotency::joined,
    keys::KeyRing,
    provider::Identity,
    secret::{hex, mac, verify_mac, version_of},
};

/// How many chains there are: more than several replicas have transactions at
/// once, and few enough that a check visits them in no time.
pub const LANES: i64 = 64;

/// What happened, before it has a place in the log. Holds no secret, and of a
/// person only ids and [`pseudonym`]s: rows are never changed, not even to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Who did it: `client:…`, `user:…`, `operator`.
    pub actor: String,
    /// What, as in `user.create`.
    pub action: String,
    /// To whom or what, as in `user:7`.
    pub subject: String,
    /// More, as the text of a JSON object.
    pub details: String,
    /// When.
    pub created_at: Timestamp,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its lane.
    pub lane: i64,
    /// Its number in the lane, from 1.
    pub seq: i64,
    /// What happened.
    pub entry: Entry,
    /// The chain up to and with this row, in hex.
    pub hash: String,
    /// `v<version>:<hex>`
    pub mac: String,
}

/// Where a lane ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The lane.
    pub lane: i64,
    /// The number of its last row; 0 without any.
    pub seq: i64,
    /// The hash of its last row.
    pub hash: String,
}

/// Whether a mac was made with the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// By one of its keys.
    Genuine,
    /// By none.
    Forged,
    /// It names a version that the ring lacks.
    UnknownVersion(u32),
}

/// What is wrong with a row or a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The row says something else than what was written.
    Changed,
    /// The row was not written by a server that has the keys.
    Inserted,
    /// The row stands in another one's place.
    Reordered,
    /// The row is gone.
    Missing,
    /// The row and all after it are gone.
    Truncated,
    /// The row is another one than was noted elsewhere.
    Replaced,
    /// The record of where the lane ends is gone.
    HeadMissing,
    /// The record of where the lane ends was not written by a server.
    HeadChanged,
    /// The row names a key that the key file lacks.
    UnknownVersion(u32),
    /// Everything is gone, rows and heads.
    LogMissing,
    /// The row was added to the table of the time before the chain, or is unreadable.
    Unchained,
}

impl Fault {
    /// One word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::Missing => "missing",
            Self::Truncated => "truncated",
            Self::Replaced => "replaced",
            Self::HeadMissing => "head_missing",
            Self::HeadChanged => "head_changed",
            Self::UnknownVersion(_) => "unknown_key_version",
            Self::LogMissing => "log_missing",
            Self::Unchained => "unchained",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Changed => "it was changed after it was written",
            Self::Inserted => "it was not written by a server with this key file",
            Self::Reordered => "it stands in another row's place",
            Self::Missing => "it is missing",
            Self::Truncated => "it and everything after it are missing",
            Self::Replaced => "it is another row than the one noted earlier",
            Self::HeadMissing => "the record of where the lane ends is missing",
            Self::HeadChanged => {
                "the record of where the lane ends was not written by a server with this key file"
            }
            Self::LogMissing => {
                "the key file says that the log has begun, and this database, which was used, has none: it was removed"
            }
            Self::Unchained => {
                "it stands in the table of the time before the chain, where no server writes"
            }
            Self::UnknownVersion(version) => {
                return write!(f, "the key file lacks version {version} of the audit key");
            }
        })
    }
}

impl Entry {
    /// The hash of this entry after that one.
    pub fn hash(&self, lane: i64, previous: &str) -> String {
        let (lane, at) = (lane.to_string(), self.created_at.0.to_string());
        let parts = [
            "doorstep audit 1",
            previous,
            &lane,
            &self.id,
            &at,
            &self.actor,
            &self.action,
            &self.subject,
            &self.details,
        ];
        hex(&Sha256::digest(joined(&parts.map(str::as_bytes))))
    }
}

impl Head {
    /// The head of a lane without rows: the hash before the first is all zeros.
    pub fn genesis(lane: i64) -> Self {
        Self { lane, seq: 0, hash: "0".repeat(64) }
    }

    /// Chains an entry: gives its row, and is the head after it.
    pub fn append(&mut self, entry: Entry, ring: &KeyRing) -> Row {
        self.hash = entry.hash(self.lane, &self.hash);
        self.seq += 1;
        let (lane, seq, hash) = (self.lane, self.seq, self.hash.clone());
        Row { lane, seq, entry, mac: authenticate("row", lane, seq, &hash, ring), hash }
    }

    /// The head's mac, with the ring's newest key.
    pub fn mac(&self, ring: &KeyRing) -> String {
        authenticate("head", self.lane, self.seq, &self.hash, ring)
    }

    /// Whether the mac is this head's.
    pub fn check(&self, mac: &str, ring: &KeyRing) -> Seal {
        check("head", self.lane, self.seq, &self.hash, mac, ring)
    }

    /// Whether the row is the next one, and if not, what is wrong. [`Fault::Changed`]
    /// may turn out as [`Fault::Reordered`]: see [`Row::follows`].
    pub fn next(&mut self, row: &Row, ring: &KeyRing) -> Result<(), Fault> {
        if row.seq <= self.seq {
            return Err(Fault::Inserted);
        }
        if row.seq > self.seq + 1 {
            return Err(Fault::Missing);
        }
        if !row.follows(&self.hash) {
            return Err(Fault::Changed);
        }
        match check("row", row.lane, row.seq, &row.hash, &row.mac, ring) {
            Seal::Genuine => {}
            Seal::Forged => return Err(Fault::Inserted),
            Seal::UnknownVersion(version) => return Err(Fault::UnknownVersion(version)),
        }
        self.seq = row.seq;
        self.hash.clone_from(&row.hash);
        Ok(())
    }
}

impl Row {
    /// Whether the row was written after the one with that hash.
    pub fn follows(&self, previous: &str) -> bool {
        self.entry.hash(self.lane, previous) == self.hash
    }
}

/// A name for an identity that only the audit ring's holder can link to it, and
/// only by trying: what is left in the log of somebody who was erased. It starts
/// with the key's version, for another version makes another one.
pub fn pseudonym(identity: &Identity, ring: &KeyRing) -> String {
    let (version, key) = ring.current();
    let Identity { provider, server_key, username_key, .. } = identity;
    let parts = ["pseudonym", provider, server_key, username_key];
    mac(version, &key, &joined(&parts.map(str::as_bytes)))
}

fn authenticate(kind: &str, lane: i64, seq: i64, hash: &str, ring: &KeyRing) -> String {
    let (version, key) = ring.current();
    mac(version, &key, &message(kind, lane, seq, hash))
}

fn check(kind: &str, lane: i64, seq: i64, hash: &str, mac: &str, ring: &KeyRing) -> Seal {
    match (verify_mac(mac, &message(kind, lane, seq, hash), ring), version_of(mac)) {
        (Some(true), _) => Seal::Genuine,
        (None, Some(version)) => Seal::UnknownVersion(version),
        _ => Seal::Forged,
    }
}

/// The kinds differ, so that no row's mac can be passed off as a head's.
fn message(kind: &str, lane: i64, seq: i64, hash: &str) -> Vec<u8> {
    joined(&[kind.as_bytes(), &lane.to_be_bytes(), &seq.to_be_bytes(), hash.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::ring;

    type Change = fn(&mut Vec<Row>);

    fn entry(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            actor: "operator".to_owned(),
            action: "x.y".to_owned(),
            subject: "user:1".to_owned(),
            details: "{}".to_owned(),
            created_at: Timestamp(1),
        }
    }

    fn chain() -> (Vec<Row>, Head) {
        let mut head = Head::genesis(3);
        let rows = ["a", "b", "c"].map(|id| head.append(entry(id), &ring())).to_vec();
        (rows, head)
    }

    fn walk(rows: &[Row]) -> Result<Head, (i64, Fault)> {
        let mut head = Head::genesis(3);
        for row in rows {
            head.next(row, &ring()).map_err(|fault| (row.seq, fault))?;
        }
        Ok(head)
    }

    #[test]
    fn what_was_written_is_in_order_and_nothing_else_is() {
        let (rows, head) = chain();
        assert_eq!(walk(&rows).unwrap(), head);
        let changes: [(Change, (i64, Fault)); 7] = [
            (|rows| rows[1].entry.subject = "user:2".to_owned(), (2, Fault::Changed)),
            (|rows| rows[1].entry.created_at = Timestamp(2), (2, Fault::Changed)),
            (|rows| drop(rows.remove(1)), (3, Fault::Missing)),
            (|rows| rows[2].mac = rows[1].mac.clone(), (3, Fault::Inserted)),
            (|rows| rows[2].mac = "v9:00".to_owned(), (3, Fault::UnknownVersion(9))),
            (|rows| rows[0].seq = -1, (-1, Fault::Inserted)),
            (
                |rows| {
                    let [_, b, c] = rows.as_mut_slice() else { unreachable!() };
                    std::mem::swap(&mut b.seq, &mut c.seq);
                    rows.swap(1, 2);
                },
                (2, Fault::Changed),
            ),
        ];
        for (change, expected) in changes {
            let (mut rows, _) = chain();
            change(&mut rows);
            assert_eq!(walk(&rows), Err(expected));
        }
        // The swapped row was written after another one than it stands behind.
        assert!(rows[2].follows(&rows[1].hash) && !rows[2].follows(&rows[0].hash));
    }

    #[test]
    fn a_rewritten_tail_lacks_the_key_and_a_shortened_one_the_head() {
        let foreign = KeyRing::new([(1, [9; 32])]).unwrap();
        let (rows, head) = chain();
        let mut forged = walk(&rows[..2]).unwrap();
        let row = forged.append(entry("other"), &foreign);
        assert_eq!(walk(&rows[..2]).unwrap().next(&row, &ring()), Err(Fault::Inserted));
        assert_eq!(head.check(&head.mac(&ring()), &ring()), Seal::Genuine);
        assert_eq!(head.check(&head.mac(&foreign), &ring()), Seal::Forged);
        // A row's mac is no head's.
        let shortened = walk(&rows[..2]).unwrap();
        assert_eq!(shortened.check(&rows[1].mac, &ring()), Seal::Forged);
    }
}
