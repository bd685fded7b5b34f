//! The two writes by which a lane grows: its head moves on, and the rows come behind it. In
//! one way to the database, as the lane's next one waits in the meantime.

use doorstep_accounts::{
    KeyRing,
    audit::{Entry, Head, Row},
};
use sqlx::SqliteConnection;

use super::{BEHIND, Turn};
use crate::{
    Conn, StoreError,
    connect::Link,
    many::{Many, Script, WIDEST, add, arrays},
};

impl Conn<'_> {
    /// `false`: the lane does not end where the caller thinks.
    pub(super) async fn chain(
        &mut self,
        turn: &mut Turn,
        from: &Head,
        entries: &[Entry],
        ring: &KeyRing,
    ) -> Result<bool, StoreError> {
        /// Both in one way to the database, in which the lane's next one waits.
        const AT_ONCE: &str = "WITH moved AS (
                UPDATE audit_heads SET seq = $1, hash = $2, mac = $3
                WHERE lane = $4 AND seq = $5 AND hash = $6 RETURNING 1
            ), added AS (
                INSERT INTO audit_log (lane, seq, id, actor, action, subject, details, created_at,
                                       hash, mac)
                SELECT $4, v.* FROM unnest($7, $8, $9, $10, $11, $12, $13, $14, $15) AS v
                WHERE EXISTS (SELECT 1 FROM moved)
                ON CONFLICT (lane, seq) DO NOTHING RETURNING 1
            )
            SELECT (SELECT COUNT(*) FROM moved), (SELECT COUNT(*) FROM added)";
        let mut head = from.clone();
        let rows: Vec<_> = entries.iter().map(|entry| head.append(entry.clone(), ring)).collect();
        let mac = head.mac(ring);
        let (moved, added) = match &mut self.link {
            Link::Postgres(connection) => {
                let query = sqlx::query_as::<_, (i64, i64)>(AT_ONCE)
                    .bind(head.seq)
                    .bind(&head.hash)
                    .bind(mac)
                    .bind(head.lane)
                    .bind(from.seq)
                    .bind(&from.hash);
                let query = arrays!(
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
                );
                let (moved, added) = query.fetch_one(&mut **connection).await?;
                (moved > 0, added.unsigned_abs())
            }
            Link::Sqlite(connection) => {
                chain_by_script(connection, from, (&head, &mac), &rows).await?
            }
        };
        if !moved {
            return Ok(false);
        }
        if added < rows.len() as u64 {
            // The head has moved already, so this transaction has to be given up.
            turn.give_up(BEHIND);
            return Err(StoreError::AuditClosed);
        }
        turn.next = Some(head);
        Ok(true)
    }
}

/// Both as one message to SQLite's thread; gives whether the head was moved, and how many
/// rows were added.
async fn chain_by_script(
    connection: &mut SqliteConnection,
    from: &Head,
    (head, mac): (&Head, &str),
    rows: &[Row],
) -> Result<(bool, u64), StoreError> {
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
    let mut script = Script::new(0);
    add!(
        script,
        MOVE,
        [],
        [head].as_slice(),
        head,
        [head.seq, &head.hash, mac, head.lane, from.seq, &from.hash]
    );
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
    let written = script.run(connection).await?;
    let (moved, added) = written.split_first().unwrap_or((&0, &[]));
    Ok((*moved > 0, added.iter().sum()))
}
