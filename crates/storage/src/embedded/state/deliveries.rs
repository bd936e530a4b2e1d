//! What is known of deliveries, for people: the newest row of the ledger of each, and what is open.
//!
//! Rows with an index are found one by one. Those of events that were delivered at once have none but
//! the sparse one: the blocks that may hold any of them are scanned, each once for all destinations.

use std::collections::{BTreeMap, HashMap};

use domain::id::{DestinationId, ReplayId, Seq};
use domain::reason::Reason;
use rusqlite::{Connection, OptionalExtension};

use super::open::{self, COLUMNS, TABLES, replay_key};
use super::{ledger, replays};
use crate::deliveries::{DeliveryRecord, OpenPage, OpenQuery, Tried};
use crate::embedded::{limits, sqlite};
use crate::schedule::OpenDelivery;

/// What is known of each delivery, in the order asked for.
pub fn records(
    connection: &Connection,
    wanted: &[(DestinationId, Seq)],
) -> rusqlite::Result<Vec<DeliveryRecord>> {
    let transaction = connection.unchecked_transaction()?;
    let mut search = Records::new(&transaction, wanted)?;
    search.indexed()?;
    search.at_once()?;
    wanted.iter().map(|(destination, seq)| search.record(destination, *seq)).collect()
}

/// A delivery: the key of its destination, and its event.
type Delivery = (i64, i64);

/// What the ledger has of a delivery: its newest row, and how many attempts.
#[derive(Clone, Copy, Default)]
struct Rows {
    newest: i64,
    attempts: u32,
}

struct Records<'a> {
    connection: &'a Connection,
    /// Keys and cursors of the destinations that ever had a commit.
    destinations: HashMap<DestinationId, (i64, Option<Seq>)>,
    /// Replays that have not ended, newest first, by destination.
    replays: HashMap<DestinationId, Vec<ReplayId>>,
    found: BTreeMap<Delivery, Rows>,
}

impl<'a> Records<'a> {
    fn new(connection: &'a Connection, wanted: &[(DestinationId, Seq)]) -> rusqlite::Result<Self> {
        let (mut destinations, mut found) = (HashMap::new(), BTreeMap::new());
        for (id, seq) in wanted {
            if !destinations.contains_key(id) {
                let Some(key) = ledger::destination_key(connection, id)? else { continue };
                let cursor = open::cursor(connection, &id.into())?.map(|(_, cursor)| cursor);
                destinations.insert(id.clone(), (key, cursor));
            }
            if let Some((key, _)) = destinations.get(id) {
                found.insert((*key, sqlite::from_seq(*seq)), Rows::default());
            }
        }
        let mut replays = HashMap::<_, Vec<_>>::new();
        for replay in replays::open(connection)?.iter() {
            replays.entry(replay.plan.destination.clone()).or_default().insert(0, replay.id);
        }
        Ok(Self { connection, destinations, replays, found })
    }

    /// Looks for all rows but those of events that were delivered at once as they came.
    fn indexed(&mut self) -> rusqlite::Result<()> {
        let made = "fate <> 4 AND coalesce(reason, 0) NOT IN
            (SELECT key FROM reasons WHERE code IN (?3, ?4))";
        let [skipped, removed] = [Reason::Skipped.code(), Reason::RemovedForGood.code()];
        for (index, which) in [
            ("attempts_by_seq", "(fate <> 1 OR number > 1)"),
            ("attempts_of_replays", "replay IS NOT NULL AND fate = 1 AND number <= 1"),
        ] {
            let mut select = self.connection.prepare_cached(&format!(
                "SELECT coalesce(max(id), 0), count(*) FILTER (WHERE {made})
                 FROM attempts INDEXED BY {index}
                 WHERE {which} AND destination = ?1 AND seq = ?2"
            ))?;
            for ((destination, seq), rows) in &mut self.found {
                let (newest, attempts): (i64, u32) = select
                    .query_row((destination, seq, skipped, removed), |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                rows.add(newest, attempts);
            }
        }
        Ok(())
    }

    /// Looks for the rows of events that were delivered at once.
    fn at_once(&mut self) -> rusqlite::Result<()> {
        let mut scan = self.connection.prepare_cached(
            "SELECT id, destination, seq FROM attempts WHERE id >= ?1 AND id < ?2
                 AND seq BETWEEN ?3 AND ?4 AND fate = 1 AND number <= 1 AND replay IS NULL",
        )?;
        for (block, (first, last)) in self.blocks()? {
            let (begin, end) = (block << limits::BLOCK_BITS, (block + 1) << limits::BLOCK_BITS);
            let mut rows = scan.query((begin, end, first, last))?;
            while let Some(row) = rows.next()? {
                let delivery: Delivery = (row.get(1)?, row.get(2)?);
                if let Some(rows) = self.found.get_mut(&delivery) {
                    rows.add(row.get(0)?, 1);
                }
            }
        }
        Ok(())
    }

    /// The blocks that may hold any of the events, each with the first and the last of those.
    fn blocks(&self) -> rusqlite::Result<BTreeMap<i64, (i64, i64)>> {
        let mut blocks = BTreeMap::new();
        let mut spans = self.connection.prepare_cached(
            "SELECT block, seq_min, seq_max FROM spans
             WHERE destination = ?1 AND seq_max >= ?2 AND seq_min <= ?3",
        )?;
        for (key, _) in self.destinations.values() {
            let own =
                || self.found.range((*key, i64::MIN)..=(*key, i64::MAX)).map(|(one, _)| one.1);
            let (Some(first), Some(last)) = (own().next(), own().next_back()) else { continue };
            let mut rows = spans.query((key, first, last))?;
            while let Some(row) = rows.next()? {
                let (block, min, max): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let mut inside = self.found.range((*key, min)..=(*key, max.max(min)));
                let Some(((_, first), _)) = inside.next() else { continue };
                let last = inside.next_back().map_or(*first, |((_, last), _)| *last);
                let range = blocks.entry(block).or_insert((*first, last));
                *range = (range.0.min(*first), range.1.max(last));
            }
        }
        Ok(blocks)
    }

    fn record(&self, destination: &DestinationId, seq: Seq) -> rusqlite::Result<DeliveryRecord> {
        let Some((key, cursor)) = self.destinations.get(destination) else {
            return Ok(DeliveryRecord::default());
        };
        let rows = self.found.get(&(*key, sqlite::from_seq(seq))).copied().unwrap_or_default();
        let mut replaying = None;
        for id in self.replays.get(destination).into_iter().flatten() {
            replaying = self.open(replay_key(*id), seq)?.map(|open| (*id, open));
            if replaying.is_some() {
                break;
            }
        }
        Ok(DeliveryRecord {
            last: ledger::by_id(self.connection, rows.newest)?,
            attempts: rows.attempts,
            open: self.open(*key, seq)?,
            replaying,
            cursor: *cursor,
        })
    }

    fn open(&self, reader: i64, seq: Seq) -> rusqlite::Result<Option<OpenDelivery>> {
        self.connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM {TABLES} WHERE o.destination = ?1 AND o.seq = ?2"
            ))?
            .query_row((reader, sqlite::from_seq(seq)), open::delivery)
            .optional()
    }
}

impl Rows {
    fn add(&mut self, newest: i64, attempts: u32) {
        self.newest = self.newest.max(newest);
        self.attempts = self.attempts.saturating_add(attempts);
    }
}

/// The newest open deliveries of a reader that match.
pub fn open(connection: &Connection, query: &OpenQuery) -> rusqlite::Result<OpenPage> {
    let transaction = connection.unchecked_transaction()?;
    let Some((key, _)) = open::cursor(&transaction, &query.reader)? else {
        return Ok(OpenPage::default());
    };
    let tried = match query.tried {
        None => "",
        Some(Tried::Once) => "AND o.attempts > 0",
        Some(Tried::Never) => "AND o.attempts = 0",
    };
    let before = sqlite::from_seq(query.before.unwrap_or(Seq(u64::MAX)));
    // The last one that may be looked at; the first one of all where there are fewer.
    let floor: Option<i64> = transaction
        .prepare_cached(
            "SELECT seq FROM open_deliveries WHERE destination = ?1 AND seq < ?2
             ORDER BY seq DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row((key, before, limits::SCANNED_OPEN_MAX - 1), |row| row.get(0))
        .optional()?;
    let mut select = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES}
         WHERE o.destination = ?1 AND o.seq < ?2 AND o.seq >= ?3 {tried}
             AND coalesce(r.code, '') = coalesce(?4, r.code, '')
             AND o.status = coalesce(?5, o.status)
         ORDER BY o.seq DESC LIMIT ?6"
    ))?;
    let params = (key, before, floor.unwrap_or(0), &query.reason, query.status, query.rows_max);
    let found: Vec<OpenDelivery> =
        select.query_map(params, open::delivery)?.collect::<Result<_, _>>()?;
    let is_full = found.len() >= usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    let before = match found.last() {
        Some(last) if is_full => Some(last.seq),
        _ => floor.map(sqlite::to_seq),
    };
    Ok(OpenPage { open: found, before })
}
