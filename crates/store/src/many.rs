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
//! a name, and it would search all names for each. So what rows share is bound again
//! wherever it stands, and a text can follow another one in a [`Script`].

use std::{fmt::Write as _, sync::OnceLock};

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, Either, Executor as _, SqliteConnection,
    error::BoxDynError,
    sqlite::{SqliteArguments, SqliteRow},
};

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

    /// SQLite's text for so many rows, or for more, and their values behind those that are
    /// there: `bind` adds those of so many rows, and `shared` are `@1` and so on.
    pub(crate) fn sqlite(
        &'static self,
        rows: usize,
        values: &mut SqliteArguments,
        shared: &[i64],
        bind: impl FnOnce(&mut SqliteArguments, usize) -> Result<(), BoxDynError>,
    ) -> Result<&'static str, sqlx::Error> {
        // `@` and one digit: see `shared_in`.
        debug_assert!(shared.len() == self.shared && self.shared < 10);
        let at = WIDTHS.iter().position(|width| *width >= rows).unwrap_or(WIDTHS.len() - 1);
        let width = WIDTHS[at];
        let add = |values: &mut SqliteArguments, text: &'static str| {
            shared_in(text).try_for_each(|at| sqlx::Arguments::add(values, shared[at - 1]))
        };
        add(values, self.before)
            .and_then(|()| bind(values, width))
            .and_then(|()| add(values, self.after))
            .map_err(sqlx::Error::Encode)?;
        Ok(self.sqlite[at].get_or_init(|| self.with_values(width)))
    }

    /// PostgreSQL's text. The columns come first, then the values that rows share.
    pub(crate) fn postgres(&'static self) -> &'static str {
        self.postgres.get_or_init(|| self.with_arrays())
    }

    fn with_values(&self, width: usize) -> String {
        let mut text = self.before.to_owned();
        text.push_str(" (VALUES ");
        for row in 0..width {
            // Writing to a string does not fail.
            let _ = write!(text, "{}({row}", if row == 0 { "" } else { ", " });
            for _ in 0..self.columns {
                text.push_str(", ?");
            }
            text.push(')');
        }
        text.push_str(") AS v ");
        text.push_str(self.after);
        (1..=self.shared).fold(text, |text, at| text.replace(&format!("@{at}"), "?"))
    }

    fn with_arrays(&self) -> String {
        let listed = |item: &dyn Fn(usize) -> String| {
            (1..=self.columns).map(item).collect::<Vec<_>>().join(", ")
        };
        let arrays = listed(&|at| format!("${at}"));
        let names = listed(&|at| format!("column{}", at + 1));
        let Self { before, columns, after, .. } = self;
        let text =
            format!("{before} unnest({arrays}) WITH ORDINALITY AS v({names}, column1) {after}");
        (1..=self.shared)
            .fold(text, |text, at| text.replace(&format!("@{at}"), &format!("${}", columns + at)))
    }
}

/// Which of the shared values a text has, in their order: `@` and one digit.
fn shared_in(text: &str) -> impl Iterator<Item = usize> {
    text.split('@').skip(1).filter_map(|rest| {
        let digit = rest.chars().next()?.to_digit(10)?;
        usize::try_from(digit).ok()
    })
}

/// Statements that SQLite's thread gets as one message. Each message is waited for by two
/// threads in turn, which takes longer than to write a row.
#[derive(Debug, Default)]
pub(crate) struct Script {
    text: String,
    pub(crate) values: SqliteArguments,
    /// All its lists are made this wide: with a width for each there would be too many
    /// texts to keep prepared.
    pub(crate) wide: usize,
    /// Whether each statement must write what it is to write.
    is_whole: bool,
    statements: usize,
}

/// What came of a [`Script`].
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// How many rows each statement wrote.
    pub(crate) written: Vec<u64>,
    /// What they returned.
    pub(crate) rows: Vec<SqliteRow>,
}

/// Fails if the statement before did not write so many rows: what is no JSON is an error.
/// It depends on a function of which SQLite knows that it is no constant, or it would be
/// computed before anybody knows whether it is needed.
const WROTE: &str = "SELECT 1 WHERE CASE changes() WHEN ? THEN 0 ELSE json('no' || changes()) END";

impl Script {
    /// For lists of so many rows at the most.
    pub(crate) fn new(wide: usize) -> Self {
        Self { wide, ..Self::default() }
    }

    /// A transaction of its own, of which nothing is left if a statement does not write what
    /// it is to write.
    pub(crate) fn whole(wide: usize) -> Self {
        let mut script = Self { wide, is_whole: true, ..Self::default() };
        script.push("BEGIN IMMEDIATE");
        script
    }

    /// One more, which is to write so many rows. Its values are there.
    pub(crate) fn add(&mut self, text: &str, expected: usize) -> Result<(), sqlx::Error> {
        self.push(text);
        if self.is_whole {
            self.push(WROTE);
            let expected = i64::try_from(expected).unwrap_or(i64::MAX);
            sqlx::Arguments::add(&mut self.values, expected).map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }

    /// One more, which may write as many as there are; gives its place in [`Ran::written`].
    pub(crate) fn add_free(&mut self, text: &str) -> usize {
        self.push(text);
        self.statements - 1
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str(";\n");
        self.statements += 1;
    }

    /// Runs them, and commits what [`Self::whole`] began.
    pub(crate) async fn run(
        mut self,
        connection: &mut SqliteConnection,
    ) -> Result<Ran, sqlx::Error> {
        if self.is_whole {
            self.push("COMMIT");
        }
        let Self { text, values, .. } = self;
        // Of texts of ours, as they are.
        let mut all = connection.fetch_many(sqlx::query_with(AssertSqlSafe(text), values));
        let mut ran = Ran::default();
        while let Some(step) = all.try_next().await? {
            match step {
                Either::Left(done) => ran.written.push(done.rows_affected()),
                Either::Right(row) => ran.rows.push(row),
            }
        }
        Ok(ran)
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

/// Binds rows for SQLite; gives the text, which has that many places at the least.
macro_rules! values {
    ($values:expr, $wide:expr, $many:expr, [$($shared:expr),*], $rows:expr, $row:pat_param, [$($value:expr),*]) => {
        $many.sqlite(
            $rows.len().max($wide),
            $values,
            &[crate::many::bound($rows), $($shared),*],
            |values, width| {
                for $row in crate::many::filled_up($rows, width) {
                    $(sqlx::Arguments::add(values, $value)?;)*
                }
                Ok(())
            },
        )?
    };
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

/// Adds a [`Many`] to a [`Script`], in which it is to write all of the rows.
macro_rules! add {
    ($script:expr, $many:expr, [$($shared:expr),*], $rows:expr, $row:pat_param, [$($value:expr),* $(,)?]) => {{
        let wide = $script.wide;
        let text = crate::many::values!(&mut $script.values, wide, $many, [$($shared),*], $rows, $row, [$($value),*]);
        $script.add(text, $rows.len())?;
    }};
}

/// Runs a [`Many`] for all rows of a slice; gives the number of rows that it wrote. Where
/// statements are put off, it gives how many it is to write: see [`Conn::putting_off`].
///
/// [`Conn::putting_off`]: crate::Conn::putting_off
macro_rules! exec_many {
    ($conn:expr, $many:expr, [$($shared:expr),*], $rows:expr, |$row:pat_param| [$($value:expr),* $(,)?]) => {{
        let mut written = 0;
        for rows in $rows.chunks(crate::many::WIDEST) {
            written += match (&mut $conn.link, &mut $conn.put_off) {
                (crate::connect::Link::Sqlite(_), Some(script)) => {
                    crate::many::add!(script, $many, [$($shared),*], rows, $row, [$($value),*]);
                    rows.len() as u64
                }
                (crate::connect::Link::Sqlite(c), None) => {
                    let mut values = sqlx::sqlite::SqliteArguments::default();
                    let text = crate::many::values!(&mut values, 0, $many, [$($shared),*], rows, $row, [$($value),*]);
                    sqlx::query_with(text, values).execute(&mut **c).await?.rows_affected()
                }
                (crate::connect::Link::Postgres(c), _) => {
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
                    let mut values = sqlx::sqlite::SqliteArguments::default();
                    let text = crate::many::values!(&mut values, 0, $many, [$($shared),*], rows, $row, [$($value),*]);
                    sqlx::query_as_with::<_, $found, _>(text, values).fetch_all(&mut **c).await?
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

pub(crate) use {add, all_many, arrays, exec_many, values};

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: Many =
        Many::new("UPDATE t SET n = @2 FROM", 2, "WHERE column1 < @1 AND n < @2", 2);

    #[test]
    fn a_text_is_wide_enough_and_made_once() {
        let text = |rows| {
            let mut values = SqliteArguments::default();
            let bind = |values: &mut SqliteArguments, width| {
                (0..2 * width).try_for_each(|_| sqlx::Arguments::add(values, "row"))
            };
            let text = PAIRS.sqlite(rows, &mut values, &[1, 2], bind).unwrap();
            (text, format!("{values:?}"))
        };
        let (three, values) = text(3);
        let rows = "(0, ?, ?), (1, ?, ?), (2, ?, ?), (3, ?, ?)";
        let wanted =
            format!("UPDATE t SET n = ? FROM (VALUES {rows}) AS v WHERE column1 < ? AND n < ?");
        assert_eq!(three, wanted);
        // In the order of the text: what is shared is there wherever it stands.
        let order: Vec<_> = values.split("Int64(").skip(1).map(|at| &at[..1]).collect();
        assert_eq!(order, ["2", "1", "2"]);
        assert_eq!(values.matches("row").count(), 8);
        assert!(std::ptr::eq(three, text(4).0));
        assert!(text(WIDEST).0.contains(&format!("({}, ?, ?))", WIDEST - 1)));
        assert_eq!(WIDTHS.last(), Some(&WIDEST));
    }

    #[test]
    fn postgres_gets_a_column_as_an_array() {
        let list = "unnest($1, $2) WITH ORDINALITY AS v(column2, column3, column1)";
        let wanted = format!("UPDATE t SET n = $4 FROM {list} WHERE column1 < $3 AND n < $4");
        assert_eq!(PAIRS.postgres(), wanted);
    }

    #[test]
    fn what_is_missing_is_filled_up_with_the_last() {
        assert_eq!(filled_up(&[1, 2, 3], 4).copied().collect::<Vec<_>>(), [1, 2, 3, 3]);
        assert_eq!(filled_up::<i32>(&[], 4).count(), 0);
    }
}
