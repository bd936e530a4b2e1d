//! Rejections read back. Those of sources and those of nobody known are two lists, put together by time.

use domain::id::SourceId;
use domain::time::Timestamp;
use rusqlite::{Connection, Row};

use crate::ledger::{
    RejectionCursor, RejectionPage, RejectionQuery, RejectionRecord, rejections_left,
};

/// The newest rejections that match.
pub fn list(connection: &Connection, query: &RejectionQuery) -> rusqlite::Result<RejectionPage> {
    let transaction = connection.unchecked_transaction()?;
    let before = query.older_than.unwrap_or(RejectionCursor::NEWEST);
    let most = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
    let wants = |is_known| query.source.as_ref().is_none_or(|one| one.is_some() == is_known);
    let (mut known, mut strange) = (Vec::new(), Vec::new());
    if wants(true) {
        known =
            newest(&transaction, query, "id > 0 AND id < ?1 ORDER BY id DESC", most(before.known))?;
    }
    if wants(false) {
        let beyond = most(before.strange).saturating_neg();
        strange = newest(&transaction, query, "id < 0 AND id > ?1 ORDER BY id", beyond)?;
    }
    let ends = [&known, &strange]
        .map(|found: &Vec<(u64, _)>| (found.len(), found.last().map(|(place, _)| *place)));
    let older_than = rejections_left(query, ends);
    let mut rejections: Vec<_> = known.into_iter().chain(strange).map(|(_, one)| one).collect();
    rejections.sort_by_key(|one| std::cmp::Reverse(one.at));
    Ok(RejectionPage { rejections, older_than })
}

/// The newest of one list, each with its place in it.
fn newest(
    connection: &Connection,
    query: &RejectionQuery,
    of_list: &str,
    before: i64,
) -> rusqlite::Result<Vec<(u64, RejectionRecord)>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT id, at, source, reason, detail, sample FROM rejections
         WHERE (?2 IS NULL OR source = ?2) AND (?3 IS NULL OR reason = ?3)
             AND (?4 IS NULL OR at >= ?4) AND (?5 IS NULL OR at < ?5) AND {of_list} LIMIT ?6"
    ))?;
    let source = query.source.as_ref().and_then(|one| one.as_ref()).map(SourceId::as_str);
    let times = (query.from.map(|at| at.0), query.to.map(|at| at.0));
    let params = (before, source, &query.reason, times.0, times.1, query.rows_max);
    select.query_map(params, rejection)?.collect()
}

fn rejection(row: &Row<'_>) -> rusqlite::Result<(u64, RejectionRecord)> {
    let record = RejectionRecord {
        at: Timestamp(row.get(1)?),
        source: row.get::<_, Option<String>>(2)?.map(SourceId::new),
        reason: row.get(3)?,
        detail: row.get(4)?,
        sample: row.get(5)?,
    };
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), record))
}
