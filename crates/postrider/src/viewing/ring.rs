//! The ring: the latest rows of a show, numbered.

use std::collections::VecDeque;

use domain::limits;

/// The latest rows.
pub struct Ring {
    /// What makes its numbers those of no other ring, of this server or of one before.
    name: String,
    /// The number of the row that stands first.
    first: u64,
    rows: VecDeque<String>,
}

/// Where somebody goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// With this row.
    At(u64),
    /// With this row, and what came before it is not known any more.
    Lost(u64),
}

/// What stands behind a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rest {
    /// The rows, as they are sent.
    pub text: String,
    /// How many rows before them are gone.
    pub missed: u64,
    /// Where to go on.
    pub next: u64,
}

impl Ring {
    /// An empty ring with a random name.
    pub fn new(random: [u8; 16]) -> Self {
        let name = random.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { name, first: 0, rows: VecDeque::new() }
    }

    /// The number that the next row gets.
    pub fn next(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    /// Adds a row; the oldest makes room.
    pub fn push(&mut self, row: &str) {
        let row = format!("id: {}-{}\n{row}", self.name, self.next());
        if self.rows.len() == limits::LIVE_ROWS_KEPT {
            self.rows.pop_front();
            self.first += 1;
        }
        self.rows.push_back(row);
    }

    /// Where to go on behind a row, which is none of this ring's where it is of another one.
    pub fn mark(&self, last: Option<&str>) -> Mark {
        let Some(last) = last else { return Mark::At(self.next()) };
        let number = last.rsplit_once('-').filter(|(name, _)| *name == self.name);
        let number = number.and_then(|(_, number)| number.parse::<u64>().ok());
        match number.filter(|number| *number < self.next()) {
            Some(number) => Mark::At(number + 1),
            None => Mark::Lost(self.next()),
        }
    }

    /// The rows from a place on.
    pub fn rest(&self, from: u64) -> Rest {
        let begin = from.max(self.first);
        let skip = usize::try_from(begin - self.first).unwrap_or(usize::MAX);
        let text = self.rows.iter().skip(skip).map(String::as_str).collect();
        Rest { text, missed: begin - from, next: self.next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(rows: usize) -> Ring {
        let mut ring = Ring::new([0xab; 16]);
        (0..rows).for_each(|number| ring.push(&format!("data: {number}\n\n")));
        ring
    }

    #[test]
    fn who_comes_back_goes_on_behind_the_last_row() {
        let ring = ring(3);
        let check = |last: Option<&str>, want| assert_eq!(ring.mark(last), want, "{last:?}");
        check(None, Mark::At(3));
        check(Some("abababababab-0"), Mark::At(1));
        check(Some("abababababab-2"), Mark::At(3));
        for unknown in ["abababababab-3", "abababababab-", "ab-1", "1", "", "-1", "abababababab--1"]
        {
            check(Some(unknown), Mark::Lost(3));
        }
        let rest = ring.rest(1);
        let text = "id: abababababab-1\ndata: 1\n\nid: abababababab-2\ndata: 2\n\n";
        assert_eq!(rest, Rest { text: text.to_owned(), missed: 0, next: 3 });
    }

    #[test]
    fn who_is_slow_is_told_how_much_is_gone() {
        let ring = ring(limits::LIVE_ROWS_KEPT + 5);
        let rest = ring.rest(2);
        assert_eq!((rest.missed, rest.next), (3, limits::LIVE_ROWS_KEPT as u64 + 5));
        assert!(rest.text.starts_with("id: abababababab-5\n"));
        assert_eq!(rest.text.matches("data: ").count(), limits::LIVE_ROWS_KEPT);
        assert_eq!(ring.rest(rest.next).text, "");
    }
}
