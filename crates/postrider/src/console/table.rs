//! A table: columns as wide as what stands in them, numbers to the right, the last column as it is.

use super::{Palette, Tint};
use crate::terminal::plain;

/// What stands in one place of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    text: String,
    tint: Option<Tint>,
    is_number: bool,
}

impl Cell {
    /// A text; whatever it holds, the terminal only shows it.
    pub fn text(text: &str) -> Self {
        Self { text: plain(text), tint: None, is_number: false }
    }

    /// A number.
    pub fn number(number: impl ToString) -> Self {
        Self { text: number.to_string(), tint: None, is_number: true }
    }

    /// The same in a colour.
    #[must_use]
    pub fn tinted(self, tint: Tint) -> Self {
        Self { tint: Some(tint), ..self }
    }
}

/// Rows below a head.
#[derive(Debug)]
pub struct Table<const COLUMNS: usize> {
    head: [&'static str; COLUMNS],
    rows: Vec<[Cell; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// A table without rows.
    pub fn new(head: [&'static str; COLUMNS]) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, row: [Cell; COLUMNS]) {
        self.rows.push(row);
    }

    /// Its lines, each with its end.
    pub fn lines(&self, palette: Palette) -> String {
        let mut text = String::new();
        let head = self.head.map(Cell::text);
        for row in std::iter::once(&head).chain(&self.rows) {
            let cells = row.iter().enumerate().map(|(column, cell)| self.padded(column, cell));
            let cells = cells.zip(row).map(|((before, shown, after), cell)| {
                let shown = cell.tint.map_or(shown.clone(), |tint| palette.tinted(tint, &shown));
                format!("{before}{shown}{after}")
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// A cell with the spaces before and after it.
    fn padded(&self, column: usize, cell: &Cell) -> (String, String, String) {
        let spaces = " ".repeat(self.width(column) - cell.text.chars().count());
        let is_last = column + 1 == COLUMNS;
        if self.is_of_numbers(column) && !is_last {
            (spaces, cell.text.clone(), String::new())
        } else {
            (String::new(), cell.text.clone(), spaces)
        }
    }

    fn is_of_numbers(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row[column].is_number)
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].text.chars().count());
        cells.chain([self.head[column].len()]).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let mut table = Table::new(["NAME", "COUNT", "WHERE"]);
        table.row([Cell::text("über"), Cell::number(7), Cell::text("here")]);
        table.row([
            Cell::text("a\u{1b}[31m").tinted(Tint::Bad),
            Cell::number(12_000),
            Cell::text(""),
        ]);
        let want = "NAME    COUNT  WHERE\nüber        7  here\na␛[31m  12000\n";
        assert_eq!(table.lines(Palette::Plain), want);
        let coloured = table.lines(Palette::Coloured);
        assert!(coloured.ends_with("\u{1b}[31ma␛[31m\u{1b}[0m  12000\n"), "{coloured:?}");
    }
}
