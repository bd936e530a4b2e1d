//! What one transaction adds up before it writes it: counters, and the rows of the sparse index.

use std::collections::HashMap;

use rusqlite::Connection;

use super::writer::block_of;
use super::{minutes, replays};
use crate::embedded::sqlite;
use crate::ledger::{AttemptRecord, Fate, Totals};

/// What is added up, by destination and block.
#[derive(Default)]
pub struct Sums {
    blocks: HashMap<(i64, i64), Sum>,
    /// Events that were filtered, by destination and reason.
    pub filtered: HashMap<(i64, i64), u64>,
    /// Of minutes, which are written later.
    pub minutes: minutes::Sums,
    /// Of replays.
    pub replays: replays::Sums,
    /// Rows that were written.
    pub rows: u64,
}

/// What is added to a destination's counters and to its row of the sparse index.
struct Sum {
    totals: Totals,
    delivered: i64,
    seq_min: i64,
    seq_max: i64,
    at_min: i64,
    at_max: i64,
}

impl Sums {
    /// Counts an attempt, which is the row `id` of a destination.
    pub fn add(&mut self, destination: i64, id: i64, attempt: &AttemptRecord) {
        self.rows += 1;
        minutes::add(&mut self.minutes, destination, attempt);
        let sum = self.blocks.entry((destination, block_of(id))).or_insert_with(|| Sum {
            totals: Totals::zero(attempt.destination.clone()),
            delivered: 0,
            seq_min: i64::MAX,
            seq_max: i64::MIN,
            at_min: i64::MAX,
            at_max: i64::MIN,
        });
        match attempt.replay {
            None => sum.totals.count(attempt.fate, attempt.number),
            Some(replay) => self.replays.add(replay, attempt),
        }
        sum.at_min = sum.at_min.min(attempt.at.0);
        sum.at_max = sum.at_max.max(attempt.at.0);
        if attempt.fate == Fate::Delivered {
            sum.delivered += 1;
            if attempt.number <= 1 && attempt.replay.is_none() {
                let seq = sqlite::from_seq(attempt.seq);
                sum.seq_min = sum.seq_min.min(seq);
                sum.seq_max = sum.seq_max.max(seq);
            }
        }
    }

    /// Adds all of it to what is stored.
    pub fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.replays.write(connection)?;
        self.write_totals(connection)?;
        self.write_spans(connection)?;
        self.write_filtered(connection)
    }

    fn write_totals(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut upsert = connection.prepare_cached(
            "INSERT INTO totals (destination, delivered_first_try, delivered_on_retry, retries,
                 gave_up, expired)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET
                 delivered_first_try = delivered_first_try + excluded.delivered_first_try,
                 delivered_on_retry = delivered_on_retry + excluded.delivered_on_retry,
                 retries = retries + excluded.retries,
                 gave_up = gave_up + excluded.gave_up,
                 expired = expired + excluded.expired",
        )?;
        for ((destination, _), Sum { totals, .. }) in &self.blocks {
            let counts = [
                totals.delivered_first_try,
                totals.delivered_on_retry,
                totals.retries,
                totals.gave_up,
                totals.expired,
            ];
            if counts.iter().all(|count| *count == 0) {
                continue;
            }
            let [first_try, on_retry, retries, gave_up, expired] = counts.map(u64::cast_signed);
            upsert.execute((destination, first_try, on_retry, retries, gave_up, expired))?;
        }
        Ok(())
    }

    fn write_filtered(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut upsert = connection.prepare_cached(
            "INSERT INTO filtered (destination, reason, count) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for ((destination, reason), count) in &self.filtered {
            upsert.execute((destination, reason, count.cast_signed()))?;
        }
        Ok(())
    }

    fn write_spans(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut upsert = connection.prepare_cached(
            "INSERT INTO spans (destination, block, delivered, seq_min, seq_max, at_min, at_max)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET
                 delivered = delivered + excluded.delivered,
                 seq_min = min(seq_min, excluded.seq_min),
                 seq_max = max(seq_max, excluded.seq_max),
                 at_min = min(at_min, excluded.at_min),
                 at_max = max(at_max, excluded.at_max)",
        )?;
        for ((destination, block), sum) in &self.blocks {
            let Sum { delivered, seq_min, seq_max, at_min, at_max, .. } = sum;
            upsert.execute((destination, block, delivered, seq_min, seq_max, at_min, at_max))?;
        }
        Ok(())
    }
}
