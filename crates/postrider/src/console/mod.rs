//! The console: how commands print.
//!
//! In comes what was found out; out go data on standard output, and progress, hints and errors on
//! standard error. Colour is used where somebody looks at a terminal and has not asked for none; a
//! bar is drawn only where standard error is one. Deliberately unknown here: what is printed.

mod bar;
mod table;

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};

pub use bar::{Bar, Progress};
pub use table::{Cell, Table};

/// For whom findings are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    /// For people.
    #[default]
    Lines,
    /// For programs: one JSON object, or one per line.
    Json,
}

/// What is printed besides data and errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Voice {
    /// Progress and hints.
    #[default]
    Full,
    /// Nothing.
    Quiet,
}

/// What a colour says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tint {
    /// All is well.
    Good,
    /// It needs a look.
    Poor,
    /// It failed.
    Bad,
    /// Less important than the rest.
    Faint,
}

impl Tint {
    /// Source: ECMA-48, section 8.3.117.
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Poor => "33",
            Self::Bad => "31",
            Self::Faint => "2",
        }
    }
}

/// Whether texts are coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Palette {
    /// They are.
    Coloured,
    /// They are not.
    Plain,
}

/// What decides about colours.
struct Surface<'a> {
    is_terminal: bool,
    /// The variable `NO_COLOR`.
    no_colour: Option<&'a OsStr>,
    /// The variable `TERM`.
    term: Option<&'a OsStr>,
}

impl Surface<'_> {
    /// Source: <https://no-color.org>.
    fn palette(&self) -> Palette {
        let refused = self.no_colour.is_some_and(|value| !value.is_empty());
        let is_dumb = self.term.is_some_and(|term| term == "dumb");
        if self.is_terminal && !refused && !is_dumb { Palette::Coloured } else { Palette::Plain }
    }
}

impl Palette {
    /// The text in a colour, where there are any.
    pub fn tinted(self, tint: Tint, text: &str) -> String {
        match self {
            Self::Coloured => format!("\u{1b}[{}m{text}\u{1b}[0m", tint.code()),
            Self::Plain => text.to_owned(),
        }
    }
}

/// Where commands print.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// How standard output is coloured.
    pub palette: Palette,
    /// How standard error is.
    pub aside: Palette,
    has_bars: bool,
    voice: Voice,
}

impl Console {
    /// The console of this process.
    pub fn of_process() -> Self {
        let (no_colour, term) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
        let (no_colour, term) = (no_colour.as_deref(), term.as_deref());
        let palette = |is_terminal| Surface { is_terminal, no_colour, term }.palette();
        Self {
            palette: palette(io::stdout().is_terminal()),
            aside: palette(io::stderr().is_terminal()),
            has_bars: io::stderr().is_terminal(),
            voice: Voice::Full,
        }
    }

    /// The same with another voice.
    pub fn speaking(self, voice: Voice) -> Self {
        Self { voice, ..self }
    }

    /// Prints data.
    ///
    /// # Errors
    /// Where nobody reads any more, as in `postrider tail | head -1`.
    pub fn show(&self, text: &str) -> io::Result<()> {
        self.show_bytes(text.as_bytes())
    }

    /// Prints data as it is.
    ///
    /// # Errors
    /// Where nobody reads any more.
    pub fn show_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Prints how something gets on, or what to do next, where that is wanted.
    pub fn remark(&self, line: &str) {
        if self.voice == Voice::Full {
            self.tell(line);
        }
    }

    /// Prints a line beside the data that says what went wrong.
    pub fn tell(&self, line: &str) {
        // Where standard error is closed, nobody wants to know.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Prints an error, and what to do about it.
    pub fn fail(&self, failure: &Failure) {
        let mark = self.aside.tinted(Tint::Bad, "error:");
        self.tell(&format!("{mark} {failure}"));
    }

    /// A bar for work of this size; lines where standard error is no terminal, and none where they are
    /// not wanted.
    pub fn bar(&self) -> Bar {
        let is_wanted = self.has_bars && self.voice == Voice::Full;
        if is_wanted { Bar::drawn() } else { Bar::none() }
    }
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub struct Failure {
    what: String,
    hint: String,
}

impl Failure {
    /// A failure and what to do about it; the hint may be empty.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, hint } = self;
        if hint.is_empty() { write!(out, "{what}") } else { write!(out, "{what}; {hint}") }
    }
}

/// How a command ended that did what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All is well.
    Well,
    /// Something is damaged, lost or not done.
    Unwell,
    /// Something needs a look.
    NeedsLook,
}

impl Ending {
    /// Well, where this holds; unwell otherwise.
    pub fn well_if(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::Unwell }
    }

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Unwell => 1,
            Self::NeedsLook => 2,
        }
    }
}

/// A number with commas between its thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_that_take_it() {
        let check = |is_terminal, no_colour: Option<&str>, term: Option<&str>, want: Palette| {
            let (no_colour, term) = (no_colour.map(OsStr::new), term.map(OsStr::new));
            let surface = Surface { is_terminal, no_colour, term };
            assert_eq!(surface.palette(), want, "{is_terminal} {no_colour:?} {term:?}");
        };
        check(true, None, Some("xterm"), Palette::Coloured);
        check(true, None, None, Palette::Coloured);
        check(true, Some(""), None, Palette::Coloured);
        check(true, Some("1"), Some("xterm"), Palette::Plain);
        check(true, None, Some("dumb"), Palette::Plain);
        check(false, None, Some("xterm"), Palette::Plain);
    }

    #[test]
    fn plain_texts_stay_as_they_are() {
        assert_eq!(Palette::Plain.tinted(Tint::Bad, "x"), "x");
        assert_eq!(Palette::Coloured.tinted(Tint::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
    }

    #[test]
    fn thousands_are_told_apart() {
        for (number, want) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), want);
        }
    }
}
