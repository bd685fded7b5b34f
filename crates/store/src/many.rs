//! Statements about many rows at once.
//!
//! A database prepares a statement by its text, so a text for every number of rows
//! would be prepared over and over. There are few [`WIDTHS`]; a list that is shorter is
//! filled up with its last row, which the statement passes over: each row has a number,
//! and `@1` is how many count. Both databases call the columns of `VALUES` `column1`,
//! `column2` and so on; `column1` is the number.
//!
//! The texts for the two differ in one thing: in SQLite's the values of rows are `?`
//! without a number. A numbered one is a name, and it would search all names for each.

use std::{fmt::Write as _, sync::OnceLock};

/// How many rows a statement can have. At the most a third more than needed on average,
/// and few enough that a connection keeps all texts of a sign-up prepared.
const WIDTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Longer lists take several statements: a twelve-column row of this many is far below
/// what SQLite (32,766) and PostgreSQL (65,535) take as parameters.
pub(crate) const WIDEST: usize = 64;

/// A statement with a list of rows in the middle, written once per width.
#[derive(Debug)]
pub(crate) struct Many {
    before: &'static str,
    columns: usize,
    after: &'static str,
    /// Parameters beside those of the rows: `@1`, how many rows count, is the first.
    shared: usize,
    sqlite: Texts,
    postgres: Texts,
}

type Texts = [OnceLock<String>; WIDTHS.len()];

/// For whom a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Many {
    /// `before (VALUES rows) AS v after`, where rows have so many columns of ours.
    pub(crate) const fn new(
        before: &'static str,
        columns: usize,
        after: &'static str,
        shared: usize,
    ) -> Self {
        let sqlite = [const { OnceLock::new() }; WIDTHS.len()];
        let postgres = [const { OnceLock::new() }; WIDTHS.len()];
        Self { before, columns, after, shared, sqlite, postgres }
    }

    /// The text for so many rows, and how many it has. The values of the rows come
    /// first, then those that they share.
    pub(crate) fn text(&'static self, dialect: Dialect, rows: usize) -> (&'static str, usize) {
        let at = WIDTHS.iter().position(|width| *width >= rows).unwrap_or(WIDTHS.len() - 1);
        let width = WIDTHS[at];
        let texts = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        (texts[at].get_or_init(|| self.write(dialect, width)), width)
    }

    fn write(&self, dialect: Dialect, width: usize) -> String {
        let own = width * self.columns;
        let shared = |text: &str| {
            (1..=self.shared).fold(text.to_owned(), |text, at| {
                text.replace(&format!("@{at}"), &format!("${}", own + at))
            })
        };
        let mut text = format!("{} (VALUES ", shared(self.before));
        let mut parameter = 0;
        for row in 0..width {
            // Writing to a string does not fail.
            let _ = write!(text, "{}({row}", if row == 0 { "" } else { ", " });
            for _ in 0..self.columns {
                parameter += 1;
                let _ = match dialect {
                    Dialect::Sqlite => write!(text, ", ?"),
                    Dialect::Postgres => write!(text, ", ${parameter}"),
                };
            }
            text.push(')');
        }
        text.push_str(") AS v ");
        text.push_str(&shared(self.after));
        text
    }
}

/// The rows, and the last one again until there are as many as the text has.
pub(crate) fn filled_up<T>(rows: &[T], width: usize) -> impl Iterator<Item = &T> {
    rows.iter().chain(rows.last().into_iter().cycle()).take(width)
}

/// How many rows count, as the statement's first parameter.
pub(crate) fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// Runs a [`Many`] for all rows of a slice; gives the number of rows that it wrote.
macro_rules! exec_many {
    ($conn:expr, $many:expr, [$($shared:expr),*], $rows:expr, |$row:pat_param| [$($value:expr),* $(,)?]) => {{
        let mut written = 0;
        for rows in $rows.chunks(crate::many::WIDEST) {
            written += match &mut $conn.link {
                crate::connect::Link::Sqlite(c) => {
                    let (text, width) = $many.text(crate::many::Dialect::Sqlite, rows.len());
                    let mut query = sqlx::query(text);
                    for $row in crate::many::filled_up(rows, width) { query = query$(.bind($value))*; }
                    let query = query.bind(crate::many::count(rows))$(.bind($shared))*;
                    query.execute(&mut **c).await?.rows_affected()
                }
                crate::connect::Link::Postgres(c) => {
                    let (text, width) = $many.text(crate::many::Dialect::Postgres, rows.len());
                    let mut query = sqlx::query(text);
                    for $row in crate::many::filled_up(rows, width) { query = query$(.bind($value))*; }
                    let query = query.bind(crate::many::count(rows))$(.bind($shared))*;
                    query.execute(&mut **c).await?.rows_affected()
                }
            };
        }
        written
    }};
}

/// Runs a [`Many`] for all rows of a slice; gives all that it returns.
macro_rules! all_many {
    ($conn:expr, $found:ty, $many:expr, [$($shared:expr),*], $rows:expr, |$row:pat_param| [$($value:expr),* $(,)?]) => {{
        let mut found: Vec<$found> = Vec::new();
        for rows in $rows.chunks(crate::many::WIDEST) {
            found.extend(match &mut $conn.link {
                crate::connect::Link::Sqlite(c) => {
                    let (text, width) = $many.text(crate::many::Dialect::Sqlite, rows.len());
                    let mut query = sqlx::query_as::<_, $found>(text);
                    for $row in crate::many::filled_up(rows, width) { query = query$(.bind($value))*; }
                    let query = query.bind(crate::many::count(rows))$(.bind($shared))*;
                    query.fetch_all(&mut **c).await?
                }
                crate::connect::Link::Postgres(c) => {
                    let (text, width) = $many.text(crate::many::Dialect::Postgres, rows.len());
                    let mut query = sqlx::query_as::<_, $found>(text);
                    for $row in crate::many::filled_up(rows, width) { query = query$(.bind($value))*; }
                    let query = query.bind(crate::many::count(rows))$(.bind($shared))*;
                    query.fetch_all(&mut **c).await?
                }
            });
        }
        found
    }};
}

pub(crate) use {all_many, exec_many};

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: Many = Many::new("UPDATE t SET n = @2 FROM", 2, "WHERE column1 < @1", 2);

    #[test]
    fn a_text_is_wide_enough_and_made_once() {
        let (text, width) = PAIRS.text(Dialect::Postgres, 1);
        assert_eq!(text, "UPDATE t SET n = $4 FROM (VALUES (0, $1, $2)) AS v WHERE column1 < $3");
        assert_eq!(width, 1);
        let (text, width) = PAIRS.text(Dialect::Sqlite, 3);
        let rows = "(0, ?, ?), (1, ?, ?), (2, ?, ?), (3, ?, ?)";
        assert_eq!(
            text,
            format!("UPDATE t SET n = $10 FROM (VALUES {rows}) AS v WHERE column1 < $9")
        );
        assert_eq!(width, 4);
        assert!(std::ptr::eq(text, PAIRS.text(Dialect::Sqlite, 4).0));
        assert_eq!(PAIRS.text(Dialect::Sqlite, WIDEST).1, WIDEST);
        assert_eq!(WIDTHS.last(), Some(&WIDEST));
    }

    #[test]
    fn what_is_missing_is_filled_up_with_the_last() {
        assert_eq!(filled_up(&[1, 2, 3], 4).copied().collect::<Vec<_>>(), [1, 2, 3, 3]);
        assert_eq!(filled_up::<i32>(&[], 4).count(), 0);
    }
}
