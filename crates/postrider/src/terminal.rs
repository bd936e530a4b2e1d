//! Lines for whoever sits at the terminal: written by a thread of their own, so that a terminal
//! that does not read delays nobody. What it has no room for is dropped and counted.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Lines that may wait for the terminal. Source: chosen.
const LINES_MAX: usize = 256;

/// Takes lines; cheap to clone.
#[derive(Clone)]
pub struct Terminal {
    lines: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

impl Terminal {
    /// A terminal that writes to `out`, and the thread that does it; it ends with the last clone.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn new(out: impl Write + Send + 'static) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (lines, receiver) = sync_channel::<String>(LINES_MAX);
        let mut out = out;
        let writer = move || {
            for line in receiver {
                // Nobody reads any more: the server goes on without a terminal.
                if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("terminal".to_owned()).spawn(writer)?;
        Ok((Self { lines, dropped: Arc::default() }, thread))
    }

    /// Writes a line, unless too many wait already.
    pub fn line(&self, line: impl Into<String>) {
        if self.lines.try_send(line.into()).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Makes text of strangers fit for a terminal: control characters are shown, not obeyed.
pub fn plain(text: &str) -> String {
    let shown = |character: char| match character {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn control_characters_are_not_obeyed() {
        assert_eq!(plain("a\u{1b}[31m\nb\u{202e}é"), "a␛[31m␊b\u{fffd}é");
    }
}
