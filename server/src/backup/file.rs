//! The format: JSON lines. A header; the key file, if it is in it; each table with its
//! columns, its rows as arrays, and their count and digest; at the end the SHA-256 of
//! every byte before.

use std::io::{BufRead, Read as _, Write};

use doorstep_store::whole::{Applied, Column, Kind, TABLES, Tally, Value};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::BackupError;
use crate::key_file::{self, Keys};

/// The number of this format.
const FORMAT: u64 = 1;
/// The longest line that is read: far beyond any row, and little memory.
const LONGEST_LINE: u64 = 64 << 20;

/// What a backup begins with.
#[derive(Debug)]
pub(crate) struct Header {
    /// When it was made, in RFC 3339.
    pub(crate) made_at: String,
    /// The migrations of its schema.
    pub(crate) migrations: Vec<Applied>,
    /// The key file.
    pub(crate) keys: Option<Keys>,
}

/// What comes after it.
#[derive(Debug)]
pub(crate) enum Part {
    Table(&'static str, Vec<Column>),
    Row(Vec<Value>),
    End,
}

/// Writes a backup.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    out: W,
    hash: Sha256,
    tally: Tally,
}

impl<W: Write> Writer<W> {
    pub(crate) fn begin(
        out: W,
        made_at: &str,
        migrations: &[Applied],
        keys: Option<&Keys>,
    ) -> Result<Self, BackupError> {
        let mut writer = Self { out, hash: Sha256::new(), tally: Tally::default() };
        let migrations: Vec<_> =
            migrations.iter().map(|it| json!([it.version, it.checksum])).collect();
        writer.json(&json!({
            "doorstep_backup": FORMAT,
            "made_at": made_at,
            "migrations": migrations,
            "keys": keys.is_some(),
        }))?;
        if let Some(keys) = keys {
            let text = Zeroizing::new(keys.to_text());
            let mut line = Zeroizing::new(Vec::new());
            serde_json::to_writer(&mut *line, text.as_str())
                .map_err(|error| BackupError::Write(error.into()))?;
            writer.line(&line)?;
        }
        Ok(writer)
    }

    pub(crate) fn table(&mut self, table: &str, columns: &[Column]) -> Result<(), BackupError> {
        self.tally = Tally::default();
        let columns: Vec<_> =
            columns.iter().map(|column| json!([column.name, column.kind.name()])).collect();
        self.json(&json!({ "table": table, "columns": columns }))
    }

    pub(crate) fn row(&mut self, row: &[Value]) -> Result<(), BackupError> {
        self.tally.add(row);
        let values = row.iter().map(|value| match value {
            Value::Text(text) => Json::from(text.as_deref()),
            Value::Integer(integer) => Json::from(*integer),
            Value::Boolean(boolean) => Json::from(*boolean),
        });
        self.json(&values.collect())
    }

    pub(crate) fn table_end(&mut self) -> Result<(), BackupError> {
        self.json(&json!({ "rows": self.tally.rows, "digest": self.tally.digest() }))
    }

    pub(crate) fn finish(mut self) -> Result<W, BackupError> {
        let sum = hex(&self.hash.clone().finalize());
        self.json(&json!({ "sha256": sum }))?;
        self.out.flush().map_err(BackupError::Write)?;
        Ok(self.out)
    }

    fn json(&mut self, json: &Json) -> Result<(), BackupError> {
        self.line(json.to_string().as_bytes())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), BackupError> {
        for bytes in [line, b"\n"] {
            self.hash.update(bytes);
            self.out.write_all(bytes).map_err(BackupError::Write)?;
        }
        Ok(())
    }
}

/// Reads a backup, and believes nothing of it.
pub(crate) struct Reader<R> {
    input: R,
    hash: Sha256,
    line: Zeroizing<Vec<u8>>,
    /// The tables that may still come.
    rest: &'static [&'static str],
    columns: Option<Vec<Column>>,
    tally: Tally,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn begin(input: R) -> Result<(Self, Header), BackupError> {
        let mut reader = Self {
            input,
            hash: Sha256::new(),
            line: Zeroizing::default(),
            rest: TABLES,
            columns: None,
            tally: Tally::default(),
        };
        let header = reader.json().map_err(|error| match error {
            BackupError::Damaged("a line is no JSON") => BackupError::Foreign,
            other => other,
        })?;
        match header["doorstep_backup"].as_u64() {
            Some(FORMAT) => {}
            Some(newer) => return Err(BackupError::Newer(newer)),
            None => return Err(BackupError::Foreign),
        }
        let bad = || BackupError::Damaged("its header");
        let migration = |it: &Json| {
            Some(Applied { version: it[0].as_i64()?, checksum: it[1].as_str()?.to_owned() })
        };
        let migrations = header["migrations"].as_array().ok_or_else(bad)?;
        let migrations: Option<Vec<_>> = migrations.iter().map(migration).collect();
        let made_at = header["made_at"].as_str().ok_or_else(bad)?.to_owned();
        let keys = if header["keys"] == true {
            reader.read_line()?;
            let text: Zeroizing<String> = Zeroizing::new(
                serde_json::from_slice(&reader.line)
                    .map_err(|_| BackupError::Damaged("its keys"))?,
            );
            Some(key_file::from_text(&text).ok_or(BackupError::Damaged("its keys"))?)
        } else {
            None
        };
        Ok((reader, Header { made_at, migrations: migrations.ok_or_else(bad)?, keys }))
    }

    /// The next part. After the end there is nothing.
    pub(crate) fn next(&mut self) -> Result<Part, BackupError> {
        loop {
            let before = self.hash.clone();
            let line = self.json()?;
            match (&line, &self.columns) {
                (Json::Array(values), Some(columns)) => {
                    let row = row(values, columns).ok_or(BackupError::Damaged("a row"))?;
                    self.tally.add(&row);
                    return Ok(Part::Row(row));
                }
                (Json::Object(end), Some(_)) => {
                    let rows = end.get("rows").and_then(Json::as_u64);
                    let digest = end.get("digest").and_then(Json::as_str);
                    if (rows, digest) != (Some(self.tally.rows), Some(&self.tally.digest())) {
                        return Err(BackupError::Damaged("the rows of a table"));
                    }
                    self.columns = None;
                }
                (Json::Object(object), None) => {
                    if let Some(sum) = object.get("sha256") {
                        if *sum != hex(&before.finalize()) {
                            return Err(BackupError::Damaged("its checksum"));
                        }
                        return self.nothing_more().map(|()| Part::End);
                    }
                    let (table, columns) =
                        self.head(&line).ok_or(BackupError::Damaged("a table's head"))?;
                    self.tally = Tally::default();
                    self.columns = Some(columns.clone());
                    return Ok(Part::Table(table, columns));
                }
                _ => return Err(BackupError::Damaged("a line is out of place")),
            }
        }
    }

    /// A table that may come now, and its columns.
    fn head(&mut self, line: &Json) -> Option<(&'static str, Vec<Column>)> {
        let name = line["table"].as_str()?;
        let at = self.rest.iter().position(|table| *table == name)?;
        let table = self.rest[at];
        self.rest = &self.rest[at + 1..];
        let column = |it: &Json| {
            let name = it[0].as_str()?.to_owned();
            Some(Column { name, kind: Kind::named(it[1].as_str()?)? })
        };
        Some((table, line["columns"].as_array()?.iter().map(column).collect::<Option<_>>()?))
    }

    fn nothing_more(&mut self) -> Result<(), BackupError> {
        let mut more = [0];
        match self.input.read(&mut more).map_err(|error| BackupError::reading(&error))? {
            0 => Ok(()),
            _ => Err(BackupError::Damaged("there is something after its end")),
        }
    }

    fn json(&mut self) -> Result<Json, BackupError> {
        self.read_line()?;
        serde_json::from_slice(&self.line).map_err(|_| BackupError::Damaged("a line is no JSON"))
    }

    fn read_line(&mut self) -> Result<(), BackupError> {
        self.line.clear();
        let read = (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut self.line);
        read.map_err(|error| BackupError::reading(&error))?;
        self.hash.update(self.line.as_slice());
        match self.line.pop() {
            Some(b'\n') => Ok(()),
            _ => Err(BackupError::Damaged("its end is missing")),
        }
    }
}

/// The row's values, if they are what the columns say.
fn row(values: &[Json], columns: &[Column]) -> Option<Vec<Value>> {
    let value = |(json, column): (&Json, &Column)| {
        Some(match (column.kind, json) {
            (Kind::Text, Json::Null) => Value::Text(None),
            (Kind::Integer, Json::Null) => Value::Integer(None),
            (Kind::Boolean, Json::Null) => Value::Boolean(None),
            (Kind::Text, json) => Value::Text(Some(json.as_str()?.to_owned())),
            (Kind::Integer, json) => Value::Integer(Some(json.as_i64()?)),
            (Kind::Boolean, json) => Value::Boolean(Some(json.as_bool()?)),
        })
    };
    if values.len() != columns.len() {
        return None;
    }
    values.iter().zip(columns).map(value).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let columns = [("name", Kind::Text), ("value", Kind::Integer)]
            .map(|(name, kind)| Column { name: name.to_owned(), kind });
        let migrations = [Applied { version: 1, checksum: "ab".to_owned() }];
        let mut writer = Writer::begin(Vec::new(), "2026-01-01T00:00:00Z", &migrations, None);
        let writer = writer.as_mut().unwrap();
        writer.table("counters", &columns).unwrap();
        for value in [None, Some(i64::MAX)] {
            let row = [Value::Text(Some("a\n\"\u{0}ü".to_owned())), Value::Integer(value)];
            writer.row(&row).unwrap();
        }
        writer.table_end().unwrap();
        let mut out = Vec::new();
        std::mem::swap(&mut out, &mut writer.out);
        let again = Writer { out, hash: writer.hash.clone(), tally: writer.tally };
        again.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<usize, BackupError> {
        let (mut reader, header) = Reader::begin(bytes)?;
        assert_eq!(header.migrations[0].version, 1);
        let mut rows = 0;
        loop {
            match reader.next()? {
                Part::Row(_) => rows += 1,
                Part::Table(table, _) => assert_eq!(table, "counters"),
                Part::End => return Ok(rows),
            }
        }
    }

    #[test]
    fn it_comes_back_and_no_bit_and_no_end_can_be_missing() {
        let sample = sample();
        assert_eq!(read(&sample).unwrap(), 2);
        for end in 0..sample.len() {
            assert!(read(&sample[..end]).is_err(), "cut at {end}");
        }
        let header = sample.iter().position(|byte| *byte == b'\n').unwrap();
        for at in header..sample.len() {
            let mut damaged = sample.clone();
            damaged[at] ^= 1;
            assert!(read(&damaged).is_err(), "a bit at {at}");
        }
        assert!(read(&[sample.as_slice(), b"\n"].concat()).is_err());
        assert!(matches!(read(b"SQLite format 3\n"), Err(BackupError::Foreign)));
        assert!(matches!(read(b"{\"doorstep_backup\":2}\n"), Err(BackupError::Newer(2))));
    }
}
