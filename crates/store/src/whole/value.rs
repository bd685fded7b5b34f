//! What can stand in a column, whatever the database.

use sha2::{Digest as _, Sha256};
use sqlx::{
    ColumnIndex, Database, Decode, Encode, QueryBuilder, Row, Type, query_builder::Separated,
};

use crate::StoreError;

/// The types of the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `TEXT`
    Text,
    /// `BIGINT`
    Integer,
    /// `BOOLEAN`
    Boolean,
}

impl Kind {
    /// The type's name in the migrations, which is both databases'.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "BIGINT",
            Self::Boolean => "BOOLEAN",
        }
    }

    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        let named = |kind: &Self| kind.name().eq_ignore_ascii_case(name);
        [Self::Text, Self::Integer, Self::Boolean].into_iter().find(named)
    }
}

/// A table's column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

/// A value, or null of a type: PostgreSQL asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of a column of text.
    Text(Option<String>),
    /// Of a column of numbers.
    Integer(Option<i64>),
    /// Of a column of yes and no.
    Boolean(Option<bool>),
}

impl Value {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { text.as_deref() } else { None }
    }

    /// The number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(integer) = self { *integer } else { None }
    }

    /// Each value says where it ends, so that no two rows are the same bytes.
    pub(super) fn feed(&self, hash: &mut Sha256) {
        match self {
            Self::Text(None) | Self::Integer(None) | Self::Boolean(None) => hash.update(b"n"),
            Self::Text(Some(text)) => {
                hash.update(b"t");
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
            Self::Integer(Some(integer)) => {
                hash.update(b"i");
                hash.update(integer.to_be_bytes());
            }
            Self::Boolean(Some(boolean)) => {
                hash.update(b"b");
                hash.update([u8::from(*boolean)]);
            }
        }
    }
}

/// Reads a row.
pub(super) fn read<R: Row>(row: &R, columns: &[Column]) -> Result<Vec<Value>, StoreError>
where
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<bool>: Decode<'r, R::Database> + Type<R::Database>,
{
    let read = |(at, column): (usize, &Column)| {
        Ok(match column.kind {
            Kind::Text => Value::Text(row.try_get(at)?),
            Kind::Integer => Value::Integer(row.try_get(at)?),
            Kind::Boolean => Value::Boolean(row.try_get(at)?),
        })
    };
    columns.iter().enumerate().map(read).collect()
}

/// The statement that adds rows.
pub(super) fn insertion<DB: Database>(
    table: &str,
    columns: &[Column],
    rows: Vec<Vec<Value>>,
) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
    for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<i64>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<bool>: Encode<'q, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(format!("INSERT INTO {table} ({}) ", names(columns)));
    query.push_values(rows, |mut row: Separated<'_, DB, &'static str>, values| {
        for value in values {
            match value {
                Value::Text(text) => row.push_bind(text),
                Value::Integer(integer) => row.push_bind(integer),
                Value::Boolean(boolean) => row.push_bind(boolean),
            };
        }
    });
    query
}

/// The columns' names, as SQL has them.
pub(super) fn names(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}
