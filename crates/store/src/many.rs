//! Statements about many rows at once.
//!
//! A database prepares a statement by its text, so a text for every number of rows
//! would be prepared over and over. PostgreSQL takes each column as one array, which is
//! also what it takes fastest: a value of its own for each place of each row costs it
//! more than to write the row. SQLite knows no arrays. For it there are few [`WIDTHS`];
//! a list that is shorter is filled up with its last row, which the statement passes
//! over: each row has a number below `@1` if it counts.
//!
//! The columns are `column2`, `column3` and so on, as SQLite calls those of `VALUES`;
//! `column1` is the number. SQLite's values are `?` without a number: a numbered one is
//! a name, and it would search all names for each.

use std::{fmt::Write as _, sync::OnceLock};

/// How many rows a statement can have in SQLite. At the most a third more than needed on
/// average, and few enough that a connection keeps all texts of a sign-up prepared.
const WIDTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Longer lists take several statements: a twelve-column row of this many is far below
/// what SQLite takes as parameters (32,766).
pub(crate) const WIDEST: usize = 64;

/// A statement with a list of rows in the middle, written once for each of its texts.
#[derive(Debug)]
pub(crate) struct Many {
    before: &'static str,
    columns: usize,
    after: &'static str,
    /// Parameters beside those of the rows: `@1`, how many rows count, is the first.
    shared: usize,
    sqlite: [OnceLock<String>; WIDTHS.len()],
    postgres: OnceLock<String>,
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
        Self { before, columns, after, shared, sqlite, postgres: OnceLock::new() }
    }

    /// SQLite's text for so many rows, and how many it has. The values of the rows come
    /// first, then those that they share.
    pub(crate) fn sqlite(&'static self, rows: usize) -> (&'static str, usize) {
        let at = WIDTHS.iter().position(|width| *width >= rows).unwrap_or(WIDTHS.len() - 1);
        let width = WIDTHS[at];
        (self.sqlite[at].get_or_init(|| self.with_values(width)), width)
    }

    /// PostgreSQL's text. The columns come first, then the values that rows share.
    pub(crate) fn postgres(&'static self) -> &'static str {
        self.postgres.get_or_init(|| self.with_arrays())
    }

    fn with_values(&self, width: usize) -> String {
        let mut list = "(VALUES ".to_owned();
        for row in 0..width {
            // Writing to a string does not fail.
            let _ = write!(list, "{}({row}", if row == 0 { "" } else { ", " });
            for _ in 0..self.columns {
                list.push_str(", ?");
            }
            list.push(')');
        }
        list.push_str(") AS v");
        self.around(&list, width * self.columns)
    }

    fn with_arrays(&self) -> String {
        let listed = |item: &dyn Fn(usize) -> String| {
            (1..=self.columns).map(item).collect::<Vec<_>>().join(", ")
        };
        let arrays = listed(&|at| format!("${at}"));
        let names = listed(&|at| format!("column{}", at + 1));
        let list = format!("unnest({arrays}) WITH ORDINALITY AS v({names}, column1)");
        self.around(&list, self.columns)
    }

    fn around(&self, list: &str, own: usize) -> String {
        (1..=self.shared).fold(format!("{} {list} {}", self.before, self.after), |text, at| {
            text.replace(&format!("@{at}"), &format!("${}", own + at))
        })
    }
}

/// The rows, and the last one again until there are as many as the text has.
pub(crate) fn filled_up<T>(rows: &[T], width: usize) -> impl Iterator<Item = &T> {
    rows.iter().chain(rows.last().into_iter().cycle()).take(width)
}

/// What the numbers of the rows are below, as the statement's first parameter: SQLite's
/// begin with 0.
pub(crate) fn bound<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// Binds each column as an array. All values are named for each column, and one of them
/// is taken: the others' parts of the row would be unused.
macro_rules! arrays {
    ($query:expr, $rows:expr, $row:pat_param, $all:expr, [$($value:expr),*]) => {
        $query$(.bind($rows.iter().map(|$row| {
            if false {
                let _ = $all;
            }
            $value
        }).collect::<Vec<_>>()))*
    };
}

/// Runs a [`Many`] for all rows of a slice; gives the number of rows that it wrote.
macro_rules! exec_many {
    ($conn:expr, $many:expr, [$($shared:expr),*], $rows:expr, |$row:pat_param| [$($value:expr),* $(,)?]) => {{
        let mut written = 0;
        for rows in $rows.chunks(crate::many::WIDEST) {
            written += match &mut $conn.link {
                crate::connect::Link::Sqlite(c) => {
                    let (text, width) = $many.sqlite(rows.len());
                    let mut query = sqlx::query(text);
                    for $row in crate::many::filled_up(rows, width) { query = query$(.bind($value))*; }
                    let query = query.bind(crate::many::bound(rows))$(.bind($shared))*;
                    query.execute(&mut **c).await?.rows_affected()
                }
                crate::connect::Link::Postgres(c) => {
                    let query = sqlx::query($many.postgres());
                    let query = crate::many::arrays!(query, rows, $row, ($($value),*), [$($value),*]);
                    // All count, and the numbers begin with 1.
                    let query = query.bind(i64::MAX)$(.bind($shared))*;
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
                    let (text, width) = $many.sqlite(rows.len());
                    let mut query = sqlx::query_as::<_, $found>(text);
                    for $row in crate::many::filled_up(rows, width) { query = query$(.bind($value))*; }
                    let query = query.bind(crate::many::bound(rows))$(.bind($shared))*;
                    query.fetch_all(&mut **c).await?
                }
                crate::connect::Link::Postgres(c) => {
                    let query = sqlx::query_as::<_, $found>($many.postgres());
                    let query = crate::many::arrays!(query, rows, $row, ($($value),*), [$($value),*]);
                    // All count, and the numbers begin with 1.
                    let query = query.bind(i64::MAX)$(.bind($shared))*;
                    query.fetch_all(&mut **c).await?
                }
            });
        }
        found
    }};
}

pub(crate) use {all_many, arrays, exec_many};

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: Many = Many::new("UPDATE t SET n = @2 FROM", 2, "WHERE column1 < @1", 2);

    #[test]
    fn a_text_is_wide_enough_and_made_once() {
        let (text, width) = PAIRS.sqlite(3);
        let rows = "(0, ?, ?), (1, ?, ?), (2, ?, ?), (3, ?, ?)";
        assert_eq!(
            text,
            format!("UPDATE t SET n = $10 FROM (VALUES {rows}) AS v WHERE column1 < $9")
        );
        assert_eq!(width, 4);
        assert!(std::ptr::eq(text, PAIRS.sqlite(4).0));
        assert_eq!(PAIRS.sqlite(WIDEST).1, WIDEST);
        assert_eq!(WIDTHS.last(), Some(&WIDEST));
    }

    #[test]
    fn postgres_gets_a_column_as_an_array() {
        let list = "unnest($1, $2) WITH ORDINALITY AS v(column2, column3, column1)";
        assert_eq!(PAIRS.postgres(), format!("UPDATE t SET n = $4 FROM {list} WHERE column1 < $3"));
    }

    #[test]
    fn what_is_missing_is_filled_up_with_the_last() {
        assert_eq!(filled_up(&[1, 2, 3], 4).copied().collect::<Vec<_>>(), [1, 2, 3, 3]);
        assert_eq!(filled_up::<i32>(&[], 4).count(), 0);
    }
}
