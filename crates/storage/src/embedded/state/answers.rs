//! What endpoints answered, each distinct answer of a destination once; attempts refer to it by key.
//!
//! Most answers of an endpoint are alike, and those that are alike are mostly shared in memory: then
//! a key is found by the place of the answer in memory, without looking into it. What is new is
//! told from what is known by a digest.
//!
//! An endpoint that never says the same twice must neither fill the file nor slow the writer. So
//! each destination has a shelf for answers to what was delivered and one for the others, and on
//! each there is room for some: the one not seen for longest makes room for a new one, and of those
//! that are new in one commit only a few are kept. Keys are never used twice, so an attempt whose
//! answer has gone has none.
//!
//! Each answer knows the newest block of the ledger that refers to it, and goes with that block.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use domain::delivery::trace::Excerpt;
use rusqlite::Connection;
use xxhash_rust::xxh3::Xxh3Default;

use super::writer::block_of;
use crate::embedded::limits;
use crate::ledger::{AttemptRecord, Fate};

/// Answers of the destinations that had attempts lately; only what is committed is kept.
#[derive(Default)]
pub struct Answers {
    shelves: HashMap<Place, Shelf>,
    /// What the attempt before answered: mostly the same.
    last: Option<Last>,
    /// The commit under way, counted from the first one.
    commit: u64,
    /// Bytes of the answers that were stored in it.
    stored_bytes: usize,
}

/// Which shelf an answer stands on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    destination: i64,
    is_delivered: bool,
}

/// An answer that was just referred to.
struct Last {
    place: Place,
    answer: Weak<Excerpt>,
    block: i64,
    key: i64,
}

/// The answers of one place.
#[derive(Default)]
struct Shelf {
    /// By digest.
    stored: HashMap<i64, Stored>,
    /// Digests of shared answers, by their place in memory.
    known: HashMap<usize, Known>,
    /// The last commit in which something new came, and how much.
    news: (u64, usize),
}

/// An answer in the file.
struct Stored {
    key: i64,
    /// About the newest attempt that refers to it, and exactly its block.
    newest_attempt: i64,
}

/// An answer in memory. As long as this points to it, nothing else can stand in its place.
struct Known {
    answer: Weak<Excerpt>,
    digest: i64,
}

impl Answers {
    /// Begins a commit, in which a few new answers are kept.
    pub fn begin_commit(&mut self) {
        self.commit += 1;
        self.stored_bytes = 0;
    }

    /// About how many bytes of answers the last commit has stored.
    pub fn stored_bytes(&self) -> u64 {
        self.stored_bytes as u64
    }

    /// The key of an attempt's answer; none where it has none, or it is not kept.
    pub fn key(
        &mut self,
        connection: &Connection,
        (destination, id): (i64, i64),
        attempt: &AttemptRecord,
    ) -> rusqlite::Result<Option<i64>> {
        let Some(answer) = &attempt.trace.answer else { return Ok(None) };
        let place = Place { destination, is_delivered: attempt.fate == Fate::Delivered };
        let block = block_of(id);
        if let Some(last) = &self.last
            && (last.place, last.block) == (place, block)
            && last.answer.as_ptr() == Arc::as_ptr(answer)
        {
            return Ok(Some(last.key));
        }
        let key = self.look_up(connection, (place, id), answer)?;
        self.last = key.map(|key| Last { place, answer: Arc::downgrade(answer), block, key });
        Ok(key)
    }

    fn look_up(
        &mut self,
        connection: &Connection,
        (place, id): (Place, i64),
        answer: &Arc<Excerpt>,
    ) -> rusqlite::Result<Option<i64>> {
        let shelf = match self.shelves.entry(place) {
            Entry::Occupied(shelf) => shelf.into_mut(),
            Entry::Vacant(none) => none.insert(Shelf::load(connection, place)?),
        };
        let digest = shelf.digest(answer);
        if let Some(stored) = shelf.stored.get_mut(&digest) {
            stored.refer(connection, id)?;
            return Ok(Some(stored.key));
        }
        if !shelf.takes_news(self.commit) {
            return Ok(None);
        }
        shelf.make_room(connection)?;
        self.stored_bytes += bytes(answer);
        shelf.store(connection, (place, id), (digest, answer)).map(Some)
    }

    /// Removes the answers that no block from `oldest` on refers to.
    pub fn retain(&mut self, connection: &Connection, oldest: i64) -> rusqlite::Result<()> {
        connection.prepare_cached("DELETE FROM answers WHERE block < ?1")?.execute([oldest])?;
        for shelf in self.shelves.values_mut() {
            shelf.stored.retain(|_, stored| block_of(stored.newest_attempt) >= oldest);
        }
        Ok(())
    }
}

impl Shelf {
    fn load(connection: &Connection, place: Place) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached(
            "SELECT digest, key, block FROM answers WHERE destination = ?1 AND delivered = ?2",
        )?;
        let rows = select.query_map((place.destination, place.is_delivered), |row| {
            let newest_attempt = row.get::<_, i64>(2)? << limits::BLOCK_BITS;
            Ok((row.get(0)?, Stored { key: row.get(1)?, newest_attempt }))
        })?;
        Ok(Self { stored: rows.collect::<Result<_, _>>()?, ..Self::default() })
    }

    fn digest(&mut self, answer: &Arc<Excerpt>) -> i64 {
        let address = Arc::as_ptr(answer).addr();
        if let Some(known) = self.known.get(&address) {
            return known.digest;
        }
        let digest = digest(answer);
        if self.known.len() >= limits::ANSWERS_MAX {
            self.known.retain(|_, known| known.answer.strong_count() > 0);
        }
        if self.known.len() < limits::ANSWERS_MAX {
            self.known.insert(address, Known { answer: Arc::downgrade(answer), digest });
        }
        digest
    }

    /// Whether one more new answer is kept in this commit.
    fn takes_news(&mut self, commit: u64) -> bool {
        if self.news.0 != commit {
            self.news = (commit, 0);
        }
        self.news.1 += 1;
        self.news.1 <= limits::NEW_ANSWERS_PER_COMMIT_MAX
    }

    /// Removes the answer that was not seen for longest, where there is no room for another one.
    fn make_room(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.stored.len() < limits::ANSWERS_MAX {
            return Ok(());
        }
        let age = |(_, stored): &(&i64, &Stored)| (stored.newest_attempt, stored.key);
        let Some((digest, stored)) = self.stored.iter().min_by_key(age) else { return Ok(()) };
        let digest = *digest;
        connection.prepare_cached("DELETE FROM answers WHERE key = ?1")?.execute([stored.key])?;
        self.stored.remove(&digest);
        Ok(())
    }

    fn store(
        &mut self,
        connection: &Connection,
        (place, id): (Place, i64),
        (digest, answer): (i64, &Excerpt),
    ) -> rusqlite::Result<i64> {
        let headers = serde_json::to_string(&answer.headers)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        connection
            .prepare_cached(
                "INSERT INTO answers (destination, delivered, digest, block, headers, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                place.destination,
                place.is_delivered,
                digest,
                block_of(id),
                headers,
                &answer.body,
            ))?;
        let key = connection.last_insert_rowid();
        self.stored.insert(digest, Stored { key, newest_attempt: id });
        Ok(key)
    }
}

impl Stored {
    /// Notes that an attempt refers to it; its block is written only where it is a newer one.
    fn refer(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        if block_of(self.newest_attempt) < block_of(id) {
            connection
                .prepare_cached("UPDATE answers SET block = ?2 WHERE key = ?1")?
                .execute((self.key, block_of(id)))?;
        }
        self.newest_attempt = id;
        Ok(())
    }
}

/// What tells answers of one destination apart. An endpoint that finds two with the same digest
/// sees one of its own in the place of the other.
fn digest(answer: &Excerpt) -> i64 {
    let mut hasher = Xxh3Default::new();
    answer.hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// About what an answer takes.
pub fn bytes(answer: &Excerpt) -> usize {
    let of_header = |(name, value): &(String, String)| name.len() + value.len();
    answer.body.len() + answer.headers.iter().map(of_header).sum::<usize>()
}
