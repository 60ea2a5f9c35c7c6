//! What a profiler has seen of requests, beside them: it goes with them, and counts as theirs.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{Store, count, damaged, explain, number};
use crate::error::Result;

/// Requests that are looked through for those that were profiled; beyond that nobody finds them again.
const MOST_ROWS: i64 = 20_000;

/// What was seen of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    pub count: u64,
    /// What a flame graph is drawn from, as JSON.
    pub graph: String,
}

impl Store {
    /// Adds samples to requests that came after one, by what the server calls them, and takes those out that have found theirs.
    ///
    /// # Errors
    /// The store's.
    pub fn add_samples(&mut self, after: i64, samples: &mut BTreeMap<String, Samples>) -> Result<()> {
        let path = &self.path;
        add(&mut self.connection, after, samples).map_err(|error| explain(error, path))
    }

    /// What was seen of a request; `None`: nobody looked at it.
    ///
    /// # Errors
    /// The store's.
    pub fn samples(&self, id: i64) -> Result<Option<Samples>> {
        let query = "SELECT count, graph FROM samples WHERE id = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok(Samples { count: row.get::<_, i64>(0)?.unsigned_abs(), graph: row.get(1)? });
        self.connection.query_row(query, [id], read).optional().map_err(|error| explain(error, &self.path))
    }

    /// The same as a value.
    ///
    /// # Errors
    /// The store's; what is there is not JSON.
    pub fn flame_graph(&self, id: i64) -> Result<Option<(u64, serde_json::Value)>> {
        let Some(Samples { count, graph }) = self.samples(id)? else { return Ok(None) };
        serde_json::from_str(&graph).map(|graph| Some((count, graph))).map_err(|error| damaged(&self.path).caused_by(&error))
    }
}

fn add(connection: &mut Connection, after: i64, samples: &mut BTreeMap<String, Samples>) -> rusqlite::Result<()> {
    let mut found = Vec::new();
    {
        // The newest first: it takes no index, which each request that is recorded would have to pay for.
        let mut query = connection.prepare_cached("SELECT id, server_id FROM requests WHERE id > ?1 ORDER BY id DESC LIMIT ?2")?;
        let mut rows = query.query([after, MOST_ROWS])?;
        while let Some(row) = rows.next()? {
            if let Some(server_id) = row.get_ref(1)?.as_str_or_null().ok().flatten()
                && samples.contains_key(server_id)
            {
                found.push((row.get::<_, i64>(0)?, server_id.to_owned()));
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut more = 0;
    for (id, server_id) in &found {
        let Some(Samples { count, graph }) = samples.get(server_id) else { continue };
        let bytes = number(graph.len() as u64);
        // Unless it was removed just now, or another profiler has seen it as well.
        let is_there = transaction
            .execute("UPDATE requests SET bytes = bytes + ?2 WHERE id = ?1 AND id NOT IN (SELECT id FROM samples)", [*id, bytes])?;
        if is_there > 0 {
            transaction
                .execute("INSERT INTO samples (id, count, graph) VALUES (?1, ?2, ?3)", rusqlite::params![id, number(*count), graph])?;
            more += bytes;
        }
    }
    count(&transaction, 0, more)?;
    transaction.commit()?;
    for (_, server_id) in found {
        samples.remove(&server_id);
    }
    Ok(())
}
