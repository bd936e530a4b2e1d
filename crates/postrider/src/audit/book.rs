//! The book: what was answered, in order, and what has come of it.
//!
//! Texts are kept as 64-bit hashes under a key of this run: with a hundred million events the chance
//! that any two are taken for one is about 1 in 4,000.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use super::log::Entry;

/// Examples of each kind that are shown. Source: chosen; enough to begin a search with.
const EXAMPLES_MAX: usize = 10;

/// Where an event has no such identity.
const NOBODY: u32 = u32::MAX;

/// Everything known while the logs are read.
#[derive(Default)]
pub struct Book {
    hashes: RandomState,
    events: HashMap<u64, Event>,
    /// The place of an identity in `latest`, by its hash.
    identities: HashMap<u64, u32>,
    /// For each identity the latest line of which an event has arrived; 0 for none.
    latest: Vec<u32>,
    counts: Counts,
    overtaken: Vec<Overtaken>,
}

/// An event that was answered.
struct Event {
    /// The line at which it was answered first.
    line: u32,
    /// How often it arrived.
    copies: u32,
    user: u32,
    anonymous: u32,
}

/// What is counted line by line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Lines of the first log.
    pub answered: u64,
    /// Those of them whose event had been answered before.
    pub answered_again: u64,
    /// Events of it that have an identity, without which no event has a place in an order.
    pub ordered: u64,
    /// Lines of the second log.
    pub arrived: u64,
    /// Those of them whose event was never answered.
    pub unknown: u64,
    /// Events whose first arrival came behind that of a later one of the same identity.
    pub reordered: u64,
}

/// An example of a reordered event: lines of the first log.
#[derive(Clone, Copy, Debug)]
pub struct Overtaken {
    /// The event's own.
    pub line: u32,
    /// That of the later one, which had arrived before it.
    pub by: u32,
}

/// What there is to say at the end.
#[derive(Debug, Default)]
pub struct Findings {
    /// Counted line by line.
    pub counts: Counts,
    /// Events that were answered and never arrived.
    pub lost: u64,
    /// The first of them, as lines of the first log.
    pub lost_lines: Vec<u32>,
    /// Events that arrived more than once.
    pub duplicated: u64,
    /// Arrivals beyond the first of each event.
    pub copies: u64,
    /// The most arrivals of one event.
    pub copies_most: u32,
    /// The first reordered events, in the order of arrival.
    pub overtaken: Vec<Overtaken>,
}

impl Book {
    /// Notes an event that was answered 200.
    pub fn answer(&mut self, line: u32, entry: &Entry) {
        self.counts.answered += 1;
        let key = self.key(entry);
        if self.events.contains_key(&key) {
            self.counts.answered_again += 1;
            return;
        }
        let user = self.identity("user", &entry.user_id);
        let anonymous = self.identity("anonymous", &entry.anonymous_id);
        self.counts.ordered += u64::from(user != NOBODY || anonymous != NOBODY);
        self.events.insert(key, Event { line, copies: 0, user, anonymous });
    }

    /// Notes an arrival.
    pub fn arrive(&mut self, entry: &Entry) {
        self.counts.arrived += 1;
        let key = self.key(entry);
        let Some(event) = self.events.get_mut(&key) else {
            self.counts.unknown += 1;
            return;
        };
        event.copies += 1;
        if event.copies > 1 {
            return;
        }
        let mut by = 0;
        for identity in [event.user, event.anonymous] {
            // An event without this identity has no place there.
            if let Some(latest) = self.latest.get_mut(identity as usize) {
                by = by.max(*latest);
                *latest = event.line.max(*latest);
            }
        }
        if by > event.line {
            self.counts.reordered += 1;
            if self.overtaken.len() < EXAMPLES_MAX {
                self.overtaken.push(Overtaken { line: event.line, by });
            }
        }
    }

    /// Closes the book.
    pub fn findings(self) -> Findings {
        let mut findings = Findings { counts: self.counts, ..Findings::default() };
        for event in self.events.values() {
            match event.copies {
                0 => findings.lost_lines.push(event.line),
                1 => {}
                more => {
                    findings.duplicated += 1;
                    findings.copies += u64::from(more - 1);
                }
            }
            findings.copies_most = findings.copies_most.max(event.copies);
        }
        findings.lost = findings.lost_lines.len() as u64;
        findings.lost_lines.sort_unstable();
        findings.lost_lines.truncate(EXAMPLES_MAX);
        findings.overtaken = self.overtaken;
        findings
    }

    fn key(&self, entry: &Entry) -> u64 {
        self.hashes.hash_one((&entry.source, &entry.message_id))
    }

    fn identity(&mut self, kind: &str, id: &str) -> u32 {
        if id.is_empty() {
            return NOBODY;
        }
        let next = u32::try_from(self.latest.len()).unwrap_or(NOBODY);
        let hash = self.hashes.hash_one((kind, id));
        let place = *self.identities.entry(hash).or_insert(next);
        if place == next {
            self.latest.push(0);
        }
        place
    }
}

impl Findings {
    /// Whether nothing was lost, and nothing reordered of what has an order.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.counts.reordered == 0
    }

    /// The lines of the first log that examples name.
    pub fn lines(&self) -> BTreeSet<u32> {
        let overtaken = self.overtaken.iter().flat_map(|one| [one.line, one.by]);
        self.lost_lines.iter().copied().chain(overtaken).collect()
    }
}
