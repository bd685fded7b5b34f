//! Whether what is in a backup, or on its way to another database, is a whole
//! installation: the keys fit, the audit chains go through, the counters are ahead.

use std::{collections::BTreeMap, path::Path};

use doorstep_accounts::{
    SecretHash, Timestamp,
    audit::{Entry, Fault, Head, LANES, Row, Seal},
};
use doorstep_store::{
    KeyVersion,
    whole::{Column, Tally, Value},
};

use super::BackupError;
use crate::{key_file::Keys, live_keys};

/// What was found.
#[derive(Debug)]
pub(crate) struct Summary {
    /// When it was made.
    pub(crate) made_at: String,
    /// The tables.
    pub(crate) tables: BTreeMap<&'static str, Tally>,
    /// The keys that it was made with.
    pub(crate) keys: Keys,
    /// The versions of them on which something in it depends.
    pub(crate) versions: Vec<KeyVersion>,
}

impl Summary {
    /// How many rows a table has.
    pub(crate) fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |tally| tally.rows)
    }
}

/// Looks at every row as it passes.
#[derive(Debug)]
pub(crate) struct Examiner {
    keys: Keys,
    tables: BTreeMap<&'static str, Tally>,
    table: &'static str,
    columns: Vec<Column>,
    versions: Vec<KeyVersion>,
    heads: BTreeMap<i64, (Head, String)>,
    /// Where the rows that have passed end, by lane.
    walked: BTreeMap<i64, Head>,
    counters: BTreeMap<String, i64>,
    highest: BTreeMap<&'static str, i64>,
}

impl Examiner {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            tables: BTreeMap::new(),
            table: "",
            columns: Vec::new(),
            versions: Vec::new(),
            heads: BTreeMap::new(),
            walked: BTreeMap::new(),
            counters: BTreeMap::new(),
            highest: BTreeMap::new(),
        }
    }

    /// From here on rows are that table's.
    pub(crate) fn table(&mut self, table: &'static str, columns: Vec<Column>) {
        (self.table, self.columns) = (table, columns);
        self.tables.insert(table, Tally::default());
    }

    pub(crate) fn row(&mut self, row: &[Value]) -> Result<(), BackupError> {
        if let Some(tally) = self.tables.get_mut(self.table) {
            tally.add(row);
        }
        let fields = Fields { columns: &self.columns, row };
        match self.table {
            "counters" => {
                self.counters.insert(fields.text("name")?, fields.integer("value")?);
            }
            "users" | "projects" => {
                let highest = self.highest.entry(self.table).or_default();
                *highest = (*highest).max(fields.integer("id")?);
            }
            "key_versions" => {
                let bad = |_| BackupError::Damaged("a key's version");
                self.versions.push(KeyVersion {
                    ring: fields.text("ring")?,
                    version: u32::try_from(fields.integer("version")?).map_err(bad)?,
                    fingerprint: SecretHash::from_stored(fields.text("fingerprint")?),
                    created_at: Timestamp(fields.integer("created_at")?),
                    retired_at: fields.integer("retired_at").ok().map(Timestamp),
                });
            }
            "audit_heads" => {
                let (lane, seq) = (fields.integer("lane")?, fields.integer("seq")?);
                let head = Head { lane, seq, hash: fields.text("hash")? };
                self.heads.insert(lane, (head, fields.text("mac")?));
            }
            "audit_log" => self.chained(&fields.audit_row()?)?,
            "audit" if self.keys.audit_begun => {
                let id = fields.text("id")?;
                return Err(BackupError::Audit(format!("row {id:?}: {}", Fault::Unchained)));
            }
            _ => {}
        }
        Ok(())
    }

    /// Rows come lane by lane, in order.
    fn chained(&mut self, row: &Row) -> Result<(), BackupError> {
        if !(0..LANES).contains(&row.lane) {
            return Err(fault(row.lane, row.seq, Fault::Inserted));
        }
        let at = self.walked.entry(row.lane).or_insert_with(|| Head::genesis(row.lane));
        at.next(row, &self.keys.audit).map_err(|found| fault(row.lane, row.seq, found))
    }

    pub(crate) fn finish(
        mut self,
        key_path: &Path,
        made_at: String,
    ) -> Result<Summary, BackupError> {
        live_keys::hold_against(key_path, &self.keys, &self.versions)?;
        let used = self.highest.get("users").is_some_and(|highest| *highest > 0);
        if self.keys.audit_begun && used && self.heads.is_empty() {
            return Err(BackupError::Audit(Fault::LogMissing.to_string()));
        }
        // Before it begins it has neither heads nor rows.
        let begun = !self.heads.is_empty() || !self.walked.is_empty();
        for lane in (0..LANES).filter(|_| begun) {
            let end = self.walked.remove(&lane).unwrap_or_else(|| Head::genesis(lane));
            let found = match self.heads.get(&lane) {
                None => Some(Fault::HeadMissing),
                Some((head, mac)) => match head.check(mac, &self.keys.audit) {
                    Seal::UnknownVersion(version) => Some(Fault::UnknownVersion(version)),
                    Seal::Genuine if head.seq > end.seq => Some(Fault::Truncated),
                    Seal::Genuine if head.seq == end.seq && head.hash == end.hash => None,
                    _ => Some(Fault::HeadChanged),
                },
            };
            if let Some(found) = found {
                return Err(fault(lane, end.seq, found));
            }
        }
        for (table, highest) in &self.highest {
            if self.counters.get(*table).is_none_or(|counter| counter < highest) {
                return Err(BackupError::Counter(table));
            }
        }
        let Self { tables, keys, versions, .. } = self;
        Ok(Summary { made_at, tables, keys, versions })
    }
}

fn fault(lane: i64, seq: i64, fault: Fault) -> BackupError {
    BackupError::Audit(format!("lane {lane}, row {seq}: {} ({fault})", fault.name()))
}

/// A row's values by their columns' names.
struct Fields<'a> {
    columns: &'a [Column],
    row: &'a [Value],
}

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.row.get(self.columns.iter().position(|column| column.name == name)?)
    }

    fn text(&self, name: &str) -> Result<String, BackupError> {
        let text = self.get(name).and_then(Value::text);
        text.map(str::to_owned).ok_or(BackupError::Damaged("a column is missing"))
    }

    fn integer(&self, name: &str) -> Result<i64, BackupError> {
        let integer = self.get(name).and_then(Value::integer);
        integer.ok_or(BackupError::Damaged("a column is missing"))
    }

    fn audit_row(&self) -> Result<Row, BackupError> {
        Ok(Row {
            lane: self.integer("lane")?,
            seq: self.integer("seq")?,
            entry: Entry {
                id: self.text("id")?,
                actor: self.text("actor")?,
                action: self.text("action")?,
                subject: self.text("subject")?,
                details: self.text("details")?,
                created_at: Timestamp(self.integer("created_at")?),
            },
            hash: self.text("hash")?,
            mac: self.text("mac")?,
        })
    }
}
