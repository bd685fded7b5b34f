//! `doorstep audit`

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{Subcommand, ValueEnum};
use doorstep_accounts::{
    Timestamp,
    audit::{Fault, Head, Row},
};
use doorstep_register::{Context, Finding, Verified, export_audit, verify_audit};
use doorstep_store::StoreError;
use serde_json::{Value, json};

use super::{
    Output,
    terminal::{own_file, printable},
};
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check that no row was changed, added, moved or removed; fails if one was
    ///
    /// The log is a set of chains ("lanes"). Each row's hash covers the row before it,
    /// and the key file's audit key signs each row and each lane's end, so a change
    /// needs the database and the key file both. A return of the whole database to an
    /// earlier state cannot be seen in it: keep the output of `audit verify --json` on
    /// another machine, and give it to a later check with --against.
    Verify {
        /// The JSON of an earlier check: the log must still go through its heads
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Write the rows as JSON lines
    ///
    /// Rows come lane by lane, in order. A third party can check them without any key:
    /// `hash` is the SHA-256, in hex, of these texts in UTF-8, each preceded by its
    /// length in bytes as a 64-bit big-endian number: "doorstep audit 1", the hash of
    /// the lane's row before (64 zeros for the first), then lane, id, `created_at`, actor,
    /// action, subject, and details as JSON without white space, its names sorted.
    Export {
        /// Rows from this time on, as 2026-11-22 or 2026-11-22T12:00:00Z
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Timestamp>,
        /// Rows before this time
        #[arg(long, value_name = "TIME", value_parser = time)]
        until: Option<Timestamp>,
        /// The form
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// Where to [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// What an export looks like.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// One JSON object per line
    Jsonl,
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Option<Output>, String> {
    let opened = crate::open::open_to_audit(settings).await;
    let (context, begun) = opened.map_err(|error| chain(&error))?;
    let output = match command {
        Command::Verify { against } => verify(&context, begun, against.as_deref()).await,
        Command::Export { since, until, format: Format::Jsonl, output } => {
            export(&context, since, until, output.as_deref()).await
        }
    };
    context.store.close().await;
    output
}

async fn verify(
    context: &Context,
    begun: bool,
    against: Option<&Path>,
) -> Result<Option<Output>, String> {
    let anchors = against.map(anchors).transpose()?.unwrap_or_default();
    let verified = verify_audit(context, begun, &anchors).await.map_err(|error| chain(&error))?;
    let Verified { rows, heads, findings } = &verified;
    if !findings.is_empty() {
        let faults: Vec<_> = findings.iter().map(sentence).collect();
        return Err(format!("the audit log is not intact: {}", faults.join("; ")));
    }
    let heads: Vec<_> = heads
        .iter()
        .map(|head| json!({ "lane": head.lane, "seq": head.seq, "hash": head.hash }))
        .collect();
    Ok(Some(Output {
        text: format!("The audit log is intact: {rows} rows in {} lanes.", heads.len()),
        json: json!({ "intact": true, "rows": rows, "heads": heads }),
    }))
}

fn sentence(finding: &Finding) -> String {
    let Finding { lane, seq, id, fault } = finding;
    let id = id.as_ref().map(|id| format!(" ({})", printable(id))).unwrap_or_default();
    if matches!(fault, Fault::LogMissing | Fault::Unchained) {
        return format!("row{id}: {} ({fault})", fault.name());
    }
    format!("lane {lane}, row {seq}{id}: {} ({fault})", fault.name())
}

fn anchors(path: &Path) -> Result<Vec<Head>, String> {
    let unusable = |why: &str| format!("--against {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error.to_string()))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| unusable(&error.to_string()))?;
    let heads = json["heads"].as_array().ok_or_else(|| unusable("there are no \"heads\" in it"))?;
    heads
        .iter()
        .map(|head| {
            Some(Head {
                lane: head["lane"].as_i64()?,
                seq: head["seq"].as_i64()?,
                hash: head["hash"].as_str()?.to_owned(),
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| unusable("a head is not {lane, seq, hash}"))
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the rows cannot be written")]
    Write(#[from] std::io::Error),
}

async fn export(
    context: &Context,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    output: Option<&Path>,
) -> Result<Option<Output>, String> {
    let mut sink: BufWriter<Box<dyn Write + Send>> = BufWriter::new(match output {
        None => Box::new(std::io::stdout()),
        Some(path) => Box::new(
            own_file(path).map_err(|error| format!("--output {}: {error}", path.display()))?,
        ),
    });
    let written = export_audit(context, since, until, |row| {
        writeln!(sink, "{}", line(row)).map_err(ExportError::from)
    });
    let written = match written.await {
        Ok(rows) => sink.flush().map(|()| rows).map_err(ExportError::from),
        Err(error) => Err(error),
    };
    let rows = written.map_err(|error| chain(&error))?;
    Ok(output.map(|path| Output {
        text: format!("{rows} rows are in {}.", path.display()),
        json: json!({ "rows": rows, "output": path.display().to_string() }),
    }))
}

fn line(row: &Row) -> String {
    let entry = &row.entry;
    let details = serde_json::from_str(&entry.details);
    let json = json!({
        "lane": row.lane,
        "seq": row.seq,
        "id": entry.id,
        "at": jiff::Timestamp::from_millisecond(entry.created_at.0).ok().map(|at| at.to_string()),
        "created_at": entry.created_at.0,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        // Text that is no JSON any more is evidence too.
        "details": details.unwrap_or_else(|_| Value::from(entry.details.clone())),
        "hash": row.hash,
        "mac": row.mac,
    });
    printable(&json.to_string())
}

fn time(text: &str) -> Result<Timestamp, String> {
    let day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp())
    };
    let parsed = text.parse::<jiff::Timestamp>().ok().or_else(day);
    parsed.map(|at| Timestamp(at.as_millisecond())).ok_or_else(|| {
        "this is neither a day like 2026-11-22 nor a time like 2026-11-22T12:00:00Z".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_moments() {
        assert_eq!(time("1970-01-02").unwrap(), Timestamp(86_400_000));
        assert_eq!(time("1970-01-01T00:00:01Z").unwrap(), Timestamp(1_000));
        assert!(time("yesterday").unwrap_err().contains("2026-11-22"));
    }
}
