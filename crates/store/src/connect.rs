//! Opening a database, bringing it up to date, and connections to it.

use std::{
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use doorstep_accounts::audit::Entry;
use sqlx::{
    PgConnection, Postgres, Sqlite, SqliteConnection,
    migrate::{MigrateError, Migrator},
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use tokio::sync::watch;

use crate::{
    StoreError,
    audit::{self, Ledger},
    lent::{Lender, Lent},
    many::Script,
    turn::{LockError, lock_folder},
};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// How long a caller waits for a connection before it is told to come back: long
/// enough for a burst, short enough that a browser is still there.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a caller waits for the one that writes on SQLite.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers on SQLite. Reads are microseconds each, so more would only add memory.
const SQLITE_READERS: u32 = 4;
/// What the writer keeps of the file in memory, as far as it read it, in KiB: a sign-up
/// changes pages all over the indices of what is random.
const WRITER_CACHE: &str = "-32768";
/// After how many pages of 4 KiB in the log of changes the file itself is written, twice
/// SQLite's own number: a page that changed often meanwhile is written once.
const LOG_PAGES: &str = "2000";
/// What SQLite's log of changes keeps on the disk when a reader that held it up is gone:
/// [`LOG_PAGES`], as cutting it off and growing again takes longer than to leave it.
const LOG_BYTES: &str = "8388608";
/// How our sessions call themselves at PostgreSQL, so that others of us see them.
pub(crate) const APPLICATION: &str = "doorstep";
/// Connections to PostgreSQL, beside [`POSTGRES_SHARED`]. Its own limit is 100 for all
/// replicas.
const POSTGRES_CONNECTIONS: u32 = 10;
/// Connections to PostgreSQL for what many requests do together: [`POSTGRES_WRITERS`] for
/// sign-ups and as many for tokens, and two for look-ups.
const POSTGRES_SHARED: u32 = 6;
/// After how long such a connection is asked whether it is well: what stands between us
/// and the database may have forgotten it, and the answer would never come.
const SHARED_QUIET: Duration = Duration::from_secs(5);
/// Never: a file does not go away.
const A_FILE: Duration = Duration::MAX;
/// Transactions at a time in which many requests share one kind of writing: while one
/// waits for the disk the other one works. More would only make each one's part smaller.
const POSTGRES_WRITERS: usize = 2;
/// How many texts a connection keeps prepared. On SQLite a sign-up is one of two dozen
/// statements, in several widths, and to prepare a wide one anew takes longer than to run it.
const STATEMENTS: usize = 512;

/// An open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) user_ids: Arc<crate::users::Numbers>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) jobs_added: watch::Sender<u64>,
    /// How many transactions were committed.
    pub(crate) commits: watch::Sender<u64>,
    pub(crate) deliveries_added: watch::Sender<u64>,
}

#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite {
        write: Lender<Sqlite>,
        read: Lender<Sqlite>,
        folder: PathBuf,
    },
    /// `shared` is for what many requests do together.
    Postgres {
        pool: Lender<Postgres>,
        shared: Lender<Postgres>,
    },
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    begun: Begun,
    entries: Vec<Entry>,
    ledger: Arc<Ledger>,
    added: Added,
    jobs_added: watch::Sender<u64>,
    commits: watch::Sender<u64>,
    deliveries_added: watch::Sender<u64>,
}

/// What a transaction adds that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Added {
    pub(crate) job: bool,
    pub(crate) delivery: bool,
}

#[derive(Debug)]
enum Begun {
    /// On the one writing connection, begun immediately.
    Sqlite(Lent<Sqlite>),
    /// Read committed.
    Postgres(Lent<Postgres>),
}

/// A connection for reading.
#[derive(Debug)]
pub struct Read(Reading);

#[derive(Debug)]
enum Reading {
    Sqlite(Lent<Sqlite>),
    Postgres(Lent<Postgres>),
}

/// A borrowed connection: every statement is a method of this.
#[derive(Debug)]
pub struct Conn<'a> {
    pub(crate) link: Link<'a>,
    /// What the transaction adds to the audit log when it commits.
    pub(crate) entries: Option<&'a mut Vec<Entry>>,
    /// What the transaction adds that somebody waits for.
    pub(crate) added: Option<&'a mut Added>,
    /// Statements that are put off: see [`Conn::putting_off`].
    pub(crate) put_off: Option<Script>,
}

#[derive(Debug)]
pub(crate) enum Link<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Begun {
    fn link(&mut self) -> Link<'_> {
        match self {
            Self::Sqlite(lent) => Link::Sqlite(lent),
            Self::Postgres(lent) => Link::Postgres(lent),
        }
    }
}

impl Tx {
    /// The connection, for statements inside this transaction.
    pub fn conn(&mut self) -> Conn<'_> {
        Conn {
            link: self.begun.link(),
            entries: Some(&mut self.entries),
            added: Some(&mut self.added),
            put_off: None,
        }
    }

    /// Makes everything durable, or nothing. What was noted for the audit log is
    /// chained here, last: see [`Conn::add_audit`].
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self { mut begun, entries, ledger, added, jobs_added, deliveries_added, commits } =
            self;
        let turn = if entries.is_empty() {
            None
        } else {
            let mut conn = Conn { link: begun.link(), entries: None, added: None, put_off: None };
            Some(audit::append(&mut conn, &ledger, &entries).await?)
        };
        match begun {
            Begun::Sqlite(lent) => lent.commit().await?,
            Begun::Postgres(lent) => lent.commit().await?,
        }
        if let Some(turn) = turn {
            turn.settle();
        }
        commits.send_modify(|commits| *commits += 1);
        if added.job {
            jobs_added.send_modify(|commits| *commits += 1);
        }
        if added.delivery {
            deliveries_added.send_modify(|commits| *commits += 1);
        }
        Ok(())
    }
}

impl<'a> Conn<'a> {
    /// One that writes lists of so many rows at the most into a [`Script`] in place of the
    /// database, and says of each that it succeeded. Other statements are not put off.
    pub(crate) fn putting_off(
        connection: &'a mut SqliteConnection,
        rows: usize,
        entries: &'a mut Vec<Entry>,
    ) -> Self {
        let (link, put_off) = (Link::Sqlite(connection), Some(Script::whole(rows)));
        Self { link, entries: Some(entries), added: None, put_off }
    }
}

impl Read {
    /// The connection, for statements that do not write.
    pub fn conn(&mut self) -> Conn<'_> {
        let link = match &mut self.0 {
            Reading::Sqlite(lent) => Link::Sqlite(lent),
            Reading::Postgres(lent) => Link::Postgres(lent),
        };
        Conn { link, entries: None, added: None, put_off: None }
    }

    /// All statements went well: the next one who reads may have the connection as it is.
    pub fn done(self) {
        match self.0 {
            Reading::Sqlite(lent) => lent.give_back(),
            Reading::Postgres(lent) => lent.give_back(),
        }
    }
}

/// The database cannot be opened or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Neither of the two kinds of URL.
    #[error("the database URL must be sqlite://PATH or postgres://USER@HOST/NAME")]
    Url,
    /// The file of a SQLite database cannot be created.
    #[error("cannot create the database file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another program works on the folder of a SQLite database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database does not answer, or refuses us.
    #[error("cannot connect to the database")]
    Connect(#[source] sqlx::Error),
    /// The schema is of a newer version of this program.
    #[error(
        "the database was migrated by a newer version (migration {0}): install that version or restore a backup"
    )]
    Newer(i64),
    /// The schema cannot be brought up to date.
    #[error("cannot migrate the database")]
    Migrate(#[source] MigrateError),
}

impl Store {
    /// Opens the database at `sqlite://PATH` or `postgres://…`. The file of a
    /// SQLite database is created if it is missing, readable by its owner only.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let database = if let Some(path) = url.strip_prefix("sqlite://") {
            Self::open_sqlite(Path::new(path)).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(ConnectError::Connect)?;
            let options = options.application_name(APPLICATION).options([
                // A statement that waits longer holds a connection that others need.
                ("lock_timeout", "2s"),
                ("statement_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "10s"),
            ]);
            let pool: Lender<Postgres> =
                Lender::new(options.clone(), POSTGRES_CONNECTIONS, ACQUIRE_TIMEOUT, Duration::ZERO);
            pool.lend().await.map_err(ConnectError::Connect)?.give_back();
            let options = options.options([
                // Who is waited for holds up all that share the transaction: they are
                // better off alone.
                ("lock_timeout", "200ms"),
                // Every statement finds its rows by an index. PostgreSQL would plan it
                // anew each time, which takes longer than to run it, or read the whole
                // of a table that was small when it looked.
                ("plan_cache_mode", "force_generic_plan"),
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
            ]);
            // A broken one shows at the first statement. What was only asked is asked again
            // alone; who wrote is told to come back, as nobody knows whether it is written.
            let shared = Lender::new(options, POSTGRES_SHARED, ACQUIRE_TIMEOUT, SHARED_QUIET);
            Database::Postgres { pool, shared }
        } else {
            return Err(ConnectError::Url);
        };
        Ok(Self {
            database,
            user_ids: Arc::default(),
            ledger: Arc::default(),
            jobs_added: watch::Sender::default(),
            commits: watch::Sender::default(),
            deliveries_added: watch::Sender::default(),
        })
    }

    async fn open_sqlite(path: &Path) -> Result<Database, ConnectError> {
        let text = path.to_string_lossy();
        // Every setting of the connection is ours, and memory is no place for accounts.
        if text.is_empty() || text == ":memory:" || text.contains('?') {
            return Err(ConnectError::Url);
        }
        // SQLite gives its WAL and shared-memory files the mode of this one.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(|source| ConnectError::File { path: path.to_owned(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged sign-up survives a power cut, not only a crash.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("trusted_schema", "OFF")
            .pragma("journal_size_limit", LOG_BYTES)
            // What many rows at once change is kept until their statement ends: by default
            // in a file beyond 64 KiB, which every shared transaction would write.
            .pragma("temp_store", "MEMORY")
            .statement_cache_capacity(STATEMENTS);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        // The first connection switches a new file to WAL, for which the busy
        // timeout does not wait: of two at once one fails.
        let turn = wait_for_turn(folder.clone()).await?;
        let writing = options
            .clone()
            .pragma("cache_size", WRITER_CACHE)
            .pragma("wal_autocheckpoint", LOG_PAGES);
        let write = Lender::new(writing, 1, WRITE_TIMEOUT, A_FILE);
        drop(write.lend().await.map_err(ConnectError::Connect)?);
        let reading = options.pragma("query_only", "ON");
        let read = Lender::new(reading, SQLITE_READERS, ACQUIRE_TIMEOUT, A_FILE);
        drop(turn);
        Ok(Database::Sqlite { write, read, folder })
    }

    /// Brings the schema up to date. Safe to call at every start.
    ///
    /// Of several programs that start at once one migrates and the others wait:
    /// on PostgreSQL by sqlx's advisory lock, on SQLite by a lock file
    /// beside it (not on the file itself: closing a second handle to it would drop SQLite's own locks).
    pub async fn migrate(&self) -> Result<(), ConnectError> {
        self.migrate_by(&MIGRATOR).await
    }

    pub(crate) async fn migrate_by(&self, migrator: &Migrator) -> Result<(), ConnectError> {
        let done = match &self.database {
            Database::Sqlite { write, folder, .. } => {
                let _turn = wait_for_turn(folder.clone()).await?;
                let mut lent = write.lend().await.map_err(ConnectError::Connect)?;
                migrator.run(&mut *lent).await
            }
            Database::Postgres { pool, .. } => {
                let mut lent = pool.lend().await.map_err(ConnectError::Connect)?;
                migrator.run(&mut *lent).await
            }
        };
        done.map_err(|error| match error {
            MigrateError::VersionMissing(version) => ConnectError::Newer(version),
            other => ConnectError::Migrate(other),
        })
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match &self.database {
            Database::Sqlite { write, .. } => {
                let mut lent = write.lend().await?;
                lent.begin("BEGIN IMMEDIATE").await?;
                Ok(self.transaction(Begun::Sqlite(lent)))
            }
            Database::Postgres { pool, .. } => self.begin_on(pool).await,
        }
    }

    /// Begins a transaction that many requests share. It gives up early where it would
    /// have to wait for another one.
    pub async fn begin_together(&self) -> Result<Tx, StoreError> {
        match &self.database {
            Database::Sqlite { .. } => self.begin().await,
            Database::Postgres { shared, .. } => self.begin_on(shared).await,
        }
    }

    async fn begin_on(&self, lender: &Lender<Postgres>) -> Result<Tx, StoreError> {
        let mut lent = lender.lend().await?;
        lent.begin("BEGIN").await?;
        Ok(self.transaction(Begun::Postgres(lent)))
    }

    /// How many of [`Self::begin_together`] should be under way for one purpose.
    pub const fn writers(&self) -> usize {
        match &self.database {
            Database::Sqlite { .. } => 1,
            Database::Postgres { .. } => POSTGRES_WRITERS,
        }
    }

    fn transaction(&self, begun: Begun) -> Tx {
        Tx {
            begun,
            entries: Vec::new(),
            ledger: Arc::clone(&self.ledger),
            added: Added::default(),
            jobs_added: self.jobs_added.clone(),
            commits: self.commits.clone(),
            deliveries_added: self.deliveries_added.clone(),
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Ok(Read(match &self.database {
            Database::Sqlite { read, .. } => Reading::Sqlite(read.lend().await?),
            Database::Postgres { pool, .. } => Reading::Postgres(pool.lend().await?),
        }))
    }

    /// A connection for what many requests read together.
    pub async fn read_together(&self) -> Result<Read, StoreError> {
        match &self.database {
            Database::Sqlite { .. } => self.read().await,
            Database::Postgres { shared, .. } => Ok(Read(Reading::Postgres(shared.lend().await?))),
        }
    }

    /// Waits for connections in use and closes all.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Database::Postgres { pool, shared } => {
                shared.close().await;
                pool.close().await;
            }
        }
    }
}

async fn wait_for_turn(folder: PathBuf) -> Result<std::fs::File, ConnectError> {
    let failed = |source| ConnectError::File { path: folder.clone(), source };
    let place = folder.clone();
    let waiting = tokio::task::spawn_blocking(move || lock_folder(&place)).await;
    Ok(waiting.map_err(|error| failed(std::io::Error::other(error)))??)
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    async fn pragma(lender: &Lender<Sqlite>, name: &str) -> String {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
        let row = sqlx::query(sql).fetch_one(&mut *lender.lend().await.unwrap()).await.unwrap();
        row.try_get::<i64, _>(0).map_or_else(|_| row.get(0), |number| number.to_string())
    }

    /// a reader of the settings above believes them; this asks SQLite.
    #[tokio::test]
    async fn sqlite_is_opened_for_durability() {
        let folder = std::env::temp_dir().join(format!("doorstep-opened-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::connect(&format!("sqlite://{}/x.db", folder.display())).await.unwrap();
        let Database::Sqlite { write, read, .. } = &store.database else { panic!("another one") };
        for (lender, query_only) in [(write, "0"), (read, "1")] {
            for (name, value) in [
                ("journal_mode", "wal"),
                ("synchronous", "2"),
                ("foreign_keys", "1"),
                ("busy_timeout", "5000"),
                ("trusted_schema", "0"),
                ("mmap_size", "0"),
                ("journal_size_limit", LOG_BYTES),
                ("temp_store", "2"),
                ("query_only", query_only),
            ] {
                assert_eq!(pragma(lender, name).await, value, "{name}");
            }
        }
        assert_eq!(pragma(write, "cache_size").await, WRITER_CACHE);
        assert_eq!(pragma(write, "wal_autocheckpoint").await, LOG_PAGES);
        let one = write.lend().await.unwrap();
        let another = tokio::time::timeout(Duration::from_millis(50), write.lend()).await;
        assert!(another.is_err(), "two write at a time");
        drop(one);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let (path, mode) = {
                let entry = entry.unwrap();
                let mode = std::os::unix::fs::PermissionsExt::mode(
                    &entry.metadata().unwrap().permissions(),
                );
                (entry.path(), mode)
            };
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
        store.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
