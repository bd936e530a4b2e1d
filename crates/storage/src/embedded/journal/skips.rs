//! Places that no event will ever have: a restore passes over all that the lost journal may have
//! given away since the backup. They are no gaps to a reader, for nothing is missing there.

use domain::id::Seq;
use rusqlite::Connection;

use crate::embedded::sqlite;
use crate::journal::SeqRange;

/// The table, which older versions do without: to them the places are trimmed.
pub const SKIPS: &str = "
    CREATE TABLE skips (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL);
";

/// All of them, in order.
pub fn skips(connection: &Connection) -> rusqlite::Result<Vec<SeqRange>> {
    let mut select =
        connection.prepare_cached("SELECT first_seq, last_seq FROM skips ORDER BY first_seq")?;
    let place = |row: &rusqlite::Row<'_>, index| row.get(index).map(sqlite::to_seq);
    select
        .query_map([], |row| Ok(SeqRange { first: place(row, 0)?, last: place(row, 1)? }))?
        .collect()
}

/// Notes that these places are passed over.
pub fn add(connection: &Connection, range: SeqRange) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO skips (first_seq, last_seq) VALUES (?1, ?2)",
        (sqlite::from_seq(range.first), sqlite::from_seq(range.last)),
    )?;
    Ok(())
}

/// What of a range is not passed over, in order.
pub fn without(range: SeqRange, skips: &[SeqRange]) -> Vec<SeqRange> {
    let mut left = Vec::new();
    let mut first = range.first;
    for skip in skips.iter().filter(|skip| range.first <= skip.last && skip.first <= range.last) {
        if first < skip.first {
            left.push(SeqRange { first, last: Seq(skip.first.0 - 1) });
        }
        first = skip.last.next();
    }
    if first <= range.last {
        left.push(SeqRange { first, last: range.last });
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_range_stands_between_the_skips() {
        let ranges = |pairs: &[(u64, u64)]| -> Vec<_> {
            pairs.iter().map(|(a, b)| SeqRange { first: Seq(*a), last: Seq(*b) }).collect()
        };
        let skips = ranges(&[(10, 19), (30, 39)]);
        let check = |range: (u64, u64), left: &[(u64, u64)]| {
            assert_eq!(without(ranges(&[range])[0], &skips), ranges(left), "{range:?}");
        };
        check((1, 9), &[(1, 9)]);
        check((1, 10), &[(1, 9)]);
        check((10, 19), &[]);
        check((12, 15), &[]);
        check((15, 25), &[(20, 25)]);
        check((5, 45), &[(5, 9), (20, 29), (40, 45)]);
        check((40, 45), &[(40, 45)]);
    }
}
