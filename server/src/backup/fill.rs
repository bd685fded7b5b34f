//! Filling a database with an installation, examined on the way and counted afterwards.

use std::path::Path;

use doorstep_accounts::{Clock as _, ids::IdKind};
use doorstep_store::{
    Store,
    whole::{Applied, Column, Load, Value},
};
use serde_json::{Map, Value as Json};

use super::{BackupError, Examiner, Summary};
use crate::{
    key_file::Keys,
    system::{SystemClock, SystemEntropy},
};

/// Rows written by one statement: few round trips, and within what both databases take
/// as arguments of one.
const BATCH: usize = 200;

/// A database that is being filled. Dropped before its end, it is as it was.
#[derive(Debug)]
pub(crate) struct Filler {
    load: Load,
    examiner: Examiner,
    tables: Vec<(&'static str, Vec<Column>)>,
    batch: Vec<Vec<Value>>,
}

impl Filler {
    pub(crate) async fn begin(
        store: &Store,
        migrations: &[Applied],
        replace: bool,
        keys: Keys,
    ) -> Result<Self, BackupError> {
        let load = store.load(migrations, replace).await?;
        Ok(Self { load, examiner: Examiner::new(keys), tables: Vec::new(), batch: Vec::new() })
    }

    /// From here on rows are that table's.
    pub(crate) async fn table(
        &mut self,
        table: &'static str,
        columns: Vec<Column>,
    ) -> Result<(), BackupError> {
        self.write().await?;
        if self.load.columns(table).await? != columns {
            return Err(BackupError::Damaged("a table has other columns than its schema"));
        }
        self.examiner.table(table, columns.clone());
        self.tables.push((table, columns));
        Ok(())
    }

    pub(crate) async fn row(&mut self, row: Vec<Value>) -> Result<(), BackupError> {
        self.examiner.row(&row)?;
        self.batch.push(row);
        if self.batch.len() == BATCH { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), BackupError> {
        if let Some((table, columns)) = self.tables.last()
            && !self.batch.is_empty()
        {
            self.load.add(table, columns, std::mem::take(&mut self.batch)).await?;
            crate::failpoint::at("restore-rows");
        }
        Ok(())
    }

    /// Ends the filling: reads all of it again, and notes in the audit log that it
    /// happened. `last` is what must not fail any more before it is so.
    pub(crate) async fn finish(
        mut self,
        store: &Store,
        action: &str,
        key_path: &Path,
        made_at: String,
        last: impl AsyncFnOnce(&Summary) -> Result<Keys, BackupError>,
    ) -> Result<Summary, BackupError> {
        self.write().await?;
        let summary = self.examiner.finish(key_path, made_at)?;
        for (table, columns) in &self.tables {
            let there = self.load.tally(table, columns).await?;
            if summary.tables.get(table) != Some(&there) {
                return Err(BackupError::NotTheSame { table });
            }
        }
        let keys = last(&summary).await?;
        if !self.load.conn().audit_is_empty().await? {
            store.open_audit(&keys.audit, &SystemEntropy);
            let id = IdKind::Audit.mint(&SystemClock, &SystemEntropy);
            let as_of = Json::from(summary.made_at.as_str());
            let details = Map::from_iter([("as_of".to_owned(), as_of)]);
            let now = SystemClock.now();
            let mut conn = self.load.conn();
            conn.add_audit(&id, "operator", action, "database", &details, now).await?;
        }
        crate::failpoint::at("restore-commit");
        self.load.commit().await?;
        Ok(summary)
    }
}
