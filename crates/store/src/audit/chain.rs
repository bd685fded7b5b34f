//! The two writes by which a lane grows: its head moves on, and the rows come behind it. In
//! one way to the database, as the lane's next one waits in the meantime.

use doorstep_accounts::{
    KeyRing,
    audit::{Entry, Head, Row},
};

use super::{BEHIND, Turn};
use crate::{
    Conn, StoreError,
    connect::Link,
    many::{Many, Script, WIDEST, add},
};

/// What a lane grows by.
#[derive(Debug)]
pub(crate) struct Links {
    pub(super) from: Head,
    pub(crate) head: Head,
    mac: String,
    rows: Vec<Row>,
}

/// Both writes as parts of a `WITH`, the first of whose fifteen values is number `$first`.
/// `moved` has a row if the lane ends where the caller thinks, and `chained` one for each row.
pub(crate) fn parts(first: usize) -> String {
    let value = |at: usize| format!("${}", first + at);
    let [seq, hash, mac, lane, from_seq, from_hash] = [0, 1, 2, 3, 4, 5].map(value);
    let columns: Vec<_> = (6..15).map(value).collect();
    let columns = columns.join(", ");
    format!(
        "moved AS (
            UPDATE audit_heads SET seq = {seq}, hash = {hash}, mac = {mac}
            WHERE lane = {lane} AND seq = {from_seq} AND hash = {from_hash} RETURNING 1
        ), chained AS (
            INSERT INTO audit_log (lane, seq, id, actor, action, subject, details, created_at,
                                   hash, mac)
            SELECT {lane}, v.* FROM unnest({columns}) AS v
            WHERE EXISTS (SELECT 1 FROM moved)
            ON CONFLICT (lane, seq) DO NOTHING RETURNING 1
        )"
    )
}

/// Binds the values of [`parts`].
macro_rules! bind_links {
    ($query:expr, $links:expr) => {{
        let (from, head, mac, rows) = $links.parts();
        let query = $query
            .bind(head.seq)
            .bind(&head.hash)
            .bind(mac)
            .bind(head.lane)
            .bind(from.seq)
            .bind(&from.hash);
        crate::many::arrays!(
            query,
            rows,
            row,
            (),
            [
                row.seq,
                &row.entry.id,
                &row.entry.actor,
                &row.entry.action,
                &row.entry.subject,
                &row.entry.details,
                row.entry.created_at.0,
                &row.hash,
                &row.mac
            ]
        )
    }};
}

pub(crate) use bind_links;

impl Links {
    pub(super) fn new(from: Head, entries: &[Entry], ring: &KeyRing) -> Self {
        let mut head = from.clone();
        let rows = entries.iter().map(|entry| head.append(entry.clone(), ring)).collect();
        Self { from, mac: head.mac(ring), head, rows }
    }

    pub(crate) fn parts(&self) -> (&Head, &Head, &str, &[Row]) {
        (&self.from, &self.head, &self.mac, &self.rows)
    }

    /// The first statement moves the head, and the others add rows if it did.
    pub(crate) fn add_to(&self, script: &mut Script) -> Result<(), sqlx::Error> {
        static MOVE: Many = Many::new(
            "UPDATE audit_heads SET seq = v.column2, hash = v.column3, mac = v.column4 FROM",
            6,
            "WHERE column1 < @1 AND lane = v.column5 AND seq = v.column6 AND hash = v.column7",
            1,
        );
        // `changes()` is what the statement before wrote: nothing, if the head is elsewhere.
        static ADD: Many = Many::new(
            "INSERT INTO audit_log (lane, seq, id, actor, action, subject, details, created_at, hash, mac)
             SELECT column2, column3, column4, column5, column6, column7, column8, column9,
                    column10, column11 FROM",
            10,
            "WHERE column1 < @1 AND changes() > 0 ON CONFLICT (lane, seq) DO NOTHING",
            1,
        );
        let Self { from, head, mac, rows } = self;
        let wide = std::mem::take(&mut script.wide);
        add!(
            script,
            MOVE,
            [],
            [head].as_slice(),
            head,
            [head.seq, &head.hash, mac, head.lane, from.seq, &from.hash]
        );
        script.wide = wide;
        for rows in rows.chunks(WIDEST) {
            add!(
                script,
                ADD,
                [],
                rows,
                row,
                [
                    row.lane,
                    row.seq,
                    &row.entry.id,
                    &row.entry.actor,
                    &row.entry.action,
                    &row.entry.subject,
                    &row.entry.details,
                    row.entry.created_at.0,
                    &row.hash,
                    &row.mac,
                ]
            );
        }
        Ok(())
    }
}

impl Conn<'_> {
    /// `false`: the lane does not end where the caller thinks.
    pub(super) async fn chain(
        &mut self,
        turn: &mut Turn,
        from: &Head,
        entries: &[Entry],
        ring: &KeyRing,
    ) -> Result<bool, StoreError> {
        let links = Links::new(from.clone(), entries, ring);
        let (moved, added) = match &mut self.link {
            Link::Postgres(connection) => {
                let counts = "SELECT (SELECT COUNT(*) FROM moved), (SELECT COUNT(*) FROM chained)";
                let text = sqlx::AssertSqlSafe(format!("WITH {} {counts}", parts(1)));
                let query = bind_links!(sqlx::query_as::<_, (i64, i64)>(text), links);
                let (moved, added) = query.fetch_one(&mut **connection).await?;
                (moved > 0, added.unsigned_abs())
            }
            Link::Sqlite(connection) => {
                let mut script = Script::new(0);
                links.add_to(&mut script)?;
                let written = script.run(connection).await?.written;
                let (moved, added) = written.split_first().unwrap_or((&0, &[]));
                (*moved > 0, added.iter().sum())
            }
        };
        if !moved {
            return Ok(false);
        }
        if added < links.rows.len() as u64 {
            // The head has moved already, so this transaction has to be given up.
            turn.give_up(BEHIND);
            return Err(StoreError::AuditClosed);
        }
        turn.next = Some(links.head);
        Ok(true)
    }
}
