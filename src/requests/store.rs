//! Where requests are kept: an SQLite database of each project's own in the user's state directory, readable by that user alone.
//!
//! It is written by the session that records, and read by anybody beside it. A list is made of small rows; what is large is in tables of
//! its own, and read only when it is asked for.

mod text;

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, TransactionBehavior, params, params_from_iter};

use super::filter::{Filter, glob};
use super::model::{Exchange, Recorded, Summary};
pub use crate::config::Keep;
use crate::error::{Failure, Kind, Result};
use text::Wanted;

/// The layout of the tables. A store of a newer one is left alone.
const SCHEMA: i32 = 3;
/// The first one, in which triggers kept the totals, a third of the time that a request took.
const WITH_TRIGGERS: i32 = 1;
/// The one before samples were kept.
const WITHOUT_SAMPLES: i32 = 2;
/// Says that a database is one of these: "prty".
const APPLICATION: i32 = 0x7072_7479;
/// Bytes with which each database begins.
const HEADER: u64 = 100;
/// Another one may be writing for so long.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        began INTEGER NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        target TEXT NOT NULL,
        status INTEGER,
        micros INTEGER NOT NULL,
        size INTEGER NOT NULL,
        statements INTEGER NOT NULL,
        error TEXT,
        bytes INTEGER NOT NULL,
        server_id TEXT
    );
    CREATE TABLE details (
        id INTEGER PRIMARY KEY REFERENCES requests (id) ON DELETE CASCADE,
        exchange TEXT NOT NULL,
        request_body BLOB,
        response_body BLOB
    );
    CREATE TABLE totals (only INTEGER PRIMARY KEY CHECK (only = 1), count INTEGER NOT NULL, bytes INTEGER NOT NULL);
    INSERT INTO totals VALUES (1, 0, 0);
";

/// What a profiler has seen of requests.
const SAMPLES: &str = "
    CREATE TABLE samples (
        id INTEGER PRIMARY KEY REFERENCES requests (id) ON DELETE CASCADE,
        count INTEGER NOT NULL,
        graph TEXT NOT NULL
    );
";

const COLUMNS: &str = "id, began, method, target, status, micros, size, statements, error";

/// An open store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// The store of a project, by the name of its container, which is one for each directory.
///
/// # Errors
/// There is no home.
pub fn path(environment: &BTreeMap<String, String>, container: &str) -> Result<PathBuf> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Ok(state.ok_or_else(no_directory)?.join("parity/requests").join(format!("{container}.sqlite")))
}

/// The failure where there is no home.
pub fn no_directory() -> Failure {
    Failure::new(Kind::Other, "there is no directory for recorded requests").hint("set XDG_STATE_HOME or HOME to an absolute path")
}

impl Store {
    /// Opens the store to write to it. It is made if it is not there.
    ///
    /// # Errors
    /// It cannot be made, or what is there is not one.
    pub fn open(path: &Path) -> Result<Self> {
        make_private(path).map_err(|error| {
            let kind = if error.kind() == std::io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Other };
            Failure::new(kind, format!("cannot make the store of requests, {}", path.display())).caused_by(&error)
        })?;
        Self::connect(path)
    }

    /// Opens it to read; `None`: nothing has been recorded.
    ///
    /// # Errors
    /// What is there is not a store.
    pub fn find(path: &Path) -> Result<Option<Self>> {
        // A link to nowhere is no store either.
        if path.exists() { Self::connect(path).map(Some) } else { Ok(None) }
    }

    fn connect(path: &Path) -> Result<Self> {
        // SQLite would take so little for nothing, and write over it.
        if (1..HEADER).contains(&std::fs::metadata(path).map_or(0, |found| found.len())) {
            return Err(damaged(path).cause("it is not a database"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| explain(error, path);
        let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        prepare(&mut connection, path)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Stores requests, all or none of them, and removes the oldest beyond what is kept. Returns their numbers.
    ///
    /// # Errors
    /// A full disk, another writer that does not end.
    pub fn insert(&mut self, exchanges: &[Recorded], keep: Keep) -> Result<Vec<i64>> {
        let path = &self.path;
        let stored = insert(&mut self.connection, exchanges, keep);
        if stored.is_err() {
            // What was written of it is no use to anybody.
            let _ = empty_journal(&self.connection);
        }
        stored.map_err(|error| explain(error, path))
    }

    /// The requests that are meant, the oldest first, and how many there are in the store.
    ///
    /// # Errors
    /// The store's.
    pub fn list(&self, filter: &Filter) -> Result<(Vec<Recorded<Summary>>, u64)> {
        let text = filter.text.as_deref().map(Wanted::new).transpose()?;
        self.try_list(filter, text.as_ref()).map_err(|error| explain(error, &self.path))
    }

    /// One request, whole.
    ///
    /// # Errors
    /// The store's.
    pub fn get(&self, id: i64) -> Result<Option<Recorded>> {
        let query = "SELECT exchange, request_body, response_body FROM details WHERE id = ?1";
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?));
        let found = self.connection.query_row(query, [id], read).optional().map_err(|error| explain(error, &self.path))?;
        let Some((text, request, response)) = found else { return Ok(None) };
        let mut exchange: Exchange = serde_json::from_str(&text).map_err(|error| damaged(&self.path).caused_by(&error))?;
        exchange.id = id;
        exchange.request_body.content = request;
        exchange.response_body.content = response;
        Ok(Some(Recorded::new(exchange)))
    }

    /// All that a filter lets through. The store is written meanwhile: what is gone from it since it was listed is left out.
    ///
    /// # Errors
    /// Those of [`Self::list`] and [`Self::get`].
    pub fn all(&self, filter: &Filter) -> Result<Vec<Recorded>> {
        self.listed(self.list(filter)?.0.iter().map(|summary| summary.expose().id))
    }

    /// Those of a list, without what is gone since.
    fn listed(&self, ids: impl Iterator<Item = i64>) -> Result<Vec<Recorded>> {
        ids.filter_map(|id| self.get(id).transpose()).collect()
    }

    /// The lowest and the highest number; `None`: it is empty.
    ///
    /// # Errors
    /// The store's.
    pub fn ends(&self) -> Result<Option<(i64, i64)>> {
        let read = |row: &Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?));
        // Each of the two is one step in the index; both in one SELECT are a walk through all.
        let query = "SELECT (SELECT min(id) FROM requests), (SELECT max(id) FROM requests)";
        self.connection.query_row(query, [], read).map_err(|error| explain(error, &self.path))
    }

    /// Removes some of them, or all. What is removed is overwritten. Returns how many there were.
    ///
    /// # Errors
    /// The store's.
    pub fn clear(&mut self, ids: &[i64]) -> Result<usize> {
        let path = &self.path;
        clear(&mut self.connection, ids).map_err(|error| explain(error, path))
    }

    fn try_list(&self, filter: &Filter, text: Option<&Wanted>) -> rusqlite::Result<(Vec<Recorded<Summary>>, u64)> {
        let (conditions, values) = conditions(filter);
        let all = format!("{}{conditions} ORDER BY id DESC", select(filter));
        let limit = if text.is_some() { String::new() } else { filter.last.map_or_else(String::new, |last| format!(" LIMIT {last}")) };
        let mut statement = self.connection.prepare(&(all + &limit))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            // Behind the summary's columns there are the details.
            if let Some(text) = text
                && !text.is_in(row, 9)?
            {
                continue;
            }
            found.push(Recorded::new(summary(row)?));
            if filter.last.is_some_and(|last| found.len() >= last) {
                break;
            }
        }
        found.reverse();
        let count: i64 = self.connection.query_row("SELECT count FROM totals", [], |row| row.get(0))?;
        Ok((found, count.unsigned_abs()))
    }
}

/// The file, this user's alone from its first moment.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = path.symlink_metadata()?;
            // Somebody may have copied it about.
            if found.is_file() && found.permissions().mode() & 0o077 != 0 {
                std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<()> {
    let failed = |error: rusqlite::Error| explain(error, path);
    let pragma = |connection: &Connection, name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    // The whole setup of a store that is new is one step, for two that begin at once.
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;").map_err(failed)?;
    use_wal(connection).map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(failed)?;
    let (schema, application) =
        (pragma(&transaction, "user_version").map_err(failed)?, pragma(&transaction, "application_id").map_err(failed)?);
    drop(transaction);
    match (schema, application) {
        (SCHEMA, APPLICATION) => return Ok(()),
        (WITH_TRIGGERS | WITHOUT_SAMPLES, APPLICATION) | (0, 0) => {}
        (schema, APPLICATION) if schema > SCHEMA => {
            return Err(Failure::new(Kind::BadFile, format!("the store of requests was written by a newer parity: {}", path.display()))
                .hint("update parity, or remove the file to begin a new one"));
        }
        _ => return Err(damaged(path).cause("it is a database of something else")),
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found = pragma(&transaction, "user_version").map_err(failed)?;
    if found == WITH_TRIGGERS || found == WITHOUT_SAMPLES {
        let triggers = if found == WITH_TRIGGERS { "DROP TRIGGER added; DROP TRIGGER removed;" } else { "" };
        let now = format!("{triggers} ALTER TABLE requests ADD COLUMN server_id TEXT; {SAMPLES} PRAGMA user_version = {SCHEMA};");
        transaction.execute_batch(&now).map_err(failed)?;
    } else if found == 0 {
        let others: i64 = transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(failed)?;
        if others > 0 {
            return Err(damaged(path).cause("it is a database of something else"));
        }
        transaction.execute_batch(TABLES).map_err(failed)?;
        transaction.execute_batch(SAMPLES).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        transaction.pragma_update(None, "user_version", SCHEMA).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Switches to write-ahead logging, in which one writes while others read. SQLite does not wait for another process that does the same at
/// this moment, whatever its `busy_timeout`.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL;") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn insert(connection: &mut Connection, exchanges: &[Recorded], keep: Keep) -> rusqlite::Result<Vec<i64>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut ids = Vec::new();
    let mut all_bytes = 0;
    {
        let mut row = transaction.prepare_cached(
            "INSERT INTO requests (began, method, path, target, status, micros, size, statements, error, bytes, server_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let mut details =
            transaction.prepare_cached("INSERT INTO details (id, exchange, request_body, response_body) VALUES (?1, ?2, ?3, ?4)")?;
        for exchange in exchanges.iter().map(Recorded::expose) {
            let text = serde_json::to_string(exchange).unwrap_or_default();
            let bytes = exchange.bytes() + text.len() as u64;
            let Summary { began, method, target, status, micros, size, statements, error, .. } = exchange.summary();
            row.execute(params![
                began,
                method,
                exchange.path(),
                target,
                status,
                number(micros),
                number(size),
                number(statements),
                error,
                number(bytes),
                exchange.server_id
            ])?;
            all_bytes += bytes;
            let id = transaction.last_insert_rowid();
            details.execute(params![id, text, exchange.request_body.content, exchange.response_body.content])?;
            ids.push(id);
        }
    }
    count(&transaction, number(ids.len() as u64), number(all_bytes))?;
    remove_oldest(&transaction, keep)?;
    transaction.commit()?;
    Ok(ids)
}

/// So many more requests, of so many bytes, are in the store.
fn count(connection: &Connection, requests: i64, bytes: i64) -> rusqlite::Result<()> {
    let mut more = connection.prepare_cached("UPDATE totals SET count = count + ?1, bytes = bytes + ?2")?;
    more.execute([requests, bytes]).map(drop)
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn remove_oldest(connection: &Connection, keep: Keep) -> rusqlite::Result<()> {
    let totals = "SELECT count, bytes FROM totals";
    let (all, all_bytes): (i64, i64) = connection.query_row(totals, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (most, most_bytes) = (number(keep.requests), number(keep.bytes));
    let (mut left, mut bytes) = (all, all_bytes);
    let mut until = None;
    if left <= most && bytes <= most_bytes {
        return Ok(());
    }
    let mut oldest = connection.prepare_cached("SELECT id, bytes FROM requests ORDER BY id")?;
    let mut rows = oldest.query([])?;
    while left > most || bytes > most_bytes {
        let Some(row) = rows.next()? else { break };
        until = Some(row.get::<_, i64>(0)?);
        left -= 1;
        bytes -= row.get::<_, i64>(1)?;
    }
    if let Some(until) = until {
        connection.execute("DELETE FROM details WHERE id <= ?1", [until])?;
        connection.execute("DELETE FROM samples WHERE id <= ?1", [until])?;
        connection.execute("DELETE FROM requests WHERE id <= ?1", [until])?;
        count(connection, left - all, bytes - all_bytes)?;
    }
    Ok(())
}

fn clear(connection: &mut Connection, ids: &[i64]) -> rusqlite::Result<usize> {
    // On a full disk the journal of what could not be stored may have the room that this needs.
    empty_journal(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut removed = 0;
    if ids.is_empty() {
        transaction.execute("DELETE FROM details", [])?;
        transaction.execute("DELETE FROM samples", [])?;
        removed = transaction.execute("DELETE FROM requests", [])?;
    }
    for id in ids {
        transaction.execute("DELETE FROM details WHERE id = ?1", [id])?;
        transaction.execute("DELETE FROM samples WHERE id = ?1", [id])?;
        removed += transaction.execute("DELETE FROM requests WHERE id = ?1", [id])?;
    }
    transaction.execute("UPDATE totals SET (count, bytes) = (SELECT count(*), coalesce(sum(bytes), 0) FROM requests)", [])?;
    transaction.commit()?;
    // What was in the journal is gone as well, unless somebody reads it at this moment.
    empty_journal(connection)?;
    if ids.is_empty() {
        // All is overwritten already. That the file gets smaller takes room, too.
        let _ = connection.execute_batch("VACUUM");
        empty_journal(connection)?;
    }
    Ok(removed)
}

fn empty_journal(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn select(filter: &Filter) -> String {
    match filter.text {
        None => format!("SELECT {COLUMNS} FROM requests"),
        Some(_) => format!("SELECT {COLUMNS}, exchange, request_body, response_body FROM requests JOIN details USING (id)"),
    }
}

fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let (mut parts, mut values) = (Vec::new(), Vec::new());
    if let Some(statuses) = &filter.status {
        let mut ways = Vec::new();
        for (lowest, highest) in statuses.ranges() {
            ways.push("status BETWEEN ? AND ?");
            values.extend([Value::from(i64::from(*lowest)), Value::from(i64::from(*highest))]);
        }
        parts.push(format!("({})", ways.join(" OR ")));
    }
    if let Some(path) = &filter.path {
        parts.push("path GLOB ?".into());
        values.push(Value::from(glob(path)));
    }
    if let Some(method) = &filter.method {
        parts.push("method = ?".into());
        values.push(Value::from(method.clone()));
    }
    if let Some(micros) = filter.slower_than {
        parts.push("micros > ?".into());
        values.push(Value::from(number(micros)));
    }
    if let Some(id) = filter.after {
        parts.push("id > ?".into());
        values.push(Value::from(id));
    }
    let text = if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) };
    (text, values)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let unsigned = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
    Ok(Summary {
        id: row.get(0)?,
        began: row.get(1)?,
        method: row.get(2)?,
        target: row.get(3)?,
        status: row.get(4)?,
        micros: unsigned(5)?,
        size: unsigned(6)?,
        statements: unsigned(7)?,
        error: row.get(8)?,
    })
}

fn damaged(path: &Path) -> Failure {
    Failure::new(Kind::BadFile, format!("the store of requests cannot be read: {}", path.display())).hint(format!(
        "move it away, and a new one is begun: mv {0} {0}.broken",
        shlex::try_quote(&path.to_string_lossy()).unwrap_or_default()
    ))
}

fn explain(error: rusqlite::Error, path: &Path) -> Failure {
    let failure = |kind, text: &str| Failure::new(kind, format!("{text}: {}", path.display())).caused_by(&error);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path).caused_by(&error),
        Some(ErrorCode::DiskFull) => {
            failure(Kind::DiskFull, "no space left for recorded requests").hint("`parity requests clear` removes them")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            failure(Kind::Other, "the store of requests is locked by another parity")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            failure(Kind::Other, "the store of requests cannot be opened")
                .hint("it is in your state directory: is that yours, and can it be written?")
        }
        _ => failure(Kind::Other, "the store of requests"),
    }
}

mod samples;
#[cfg(test)]
mod tests;

pub use samples::Samples;
