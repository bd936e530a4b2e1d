//! Lines for whoever reads standard output and standard error: written by threads of their own, so
//! that a terminal or a log collector that does not read delays nobody. What there is no room for
//! is dropped, and how much that was is said as soon as there is room again.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that may wait. Source: chosen; a burst of a second.
const LINES_MAX: usize = 1_024;

/// Takes lines; cheap to clone.
#[derive(Clone)]
pub struct Terminal {
    entries: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

enum Entry {
    /// Text to write, its line end included.
    Text(String),
    /// Everything before it is to be written; then whoever waits is told.
    Flush(SyncSender<()>),
}

impl Terminal {
    /// A terminal that writes to `out` until its last clone is gone or nobody reads any more.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn new(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (entries, receiver) = sync_channel(LINES_MAX);
        let dropped = Arc::<AtomicU64>::default();
        let terminal = Self { entries, dropped: dropped.clone() };
        let thread = std::thread::Builder::new().name("terminal".to_owned());
        // The thread is not joined: where nobody reads, it may wait forever.
        drop(thread.spawn(move || write_all(&receiver, &dropped, out))?);
        Ok(terminal)
    }

    /// Writes a line, unless too many wait already.
    pub fn line(&self, line: impl Into<String>) {
        let mut text = line.into();
        text.push('\n');
        self.text(text);
    }

    /// Waits until everything so far is written, but no longer than `time_max`.
    pub fn flush(&self, time_max: Duration) {
        let (done, wait) = sync_channel(1);
        if self.entries.try_send(Entry::Flush(done)).is_ok() {
            // Whether it is written or nobody reads: in both cases there is nothing more to do.
            let _ = wait.recv_timeout(time_max);
        }
    }

    fn text(&self, text: String) {
        if self.entries.try_send(Entry::Text(text)).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

/// Writes what comes in; ends where nobody reads any more, and the server goes on without.
fn write_all(entries: &Receiver<Entry>, dropped: &AtomicU64, mut out: impl Write) {
    for entry in entries {
        let written = match entry {
            Entry::Text(text) => write_text(&mut out, &text, dropped),
            Entry::Flush(done) => {
                // Whoever waited may have given up.
                let _ = done.send(());
                Ok(())
            }
        };
        if written.is_err() {
            return;
        }
    }
}

fn write_text(out: &mut impl Write, text: &str, dropped: &AtomicU64) -> io::Result<()> {
    let missing = dropped.swap(0, Relaxed);
    if missing > 0 {
        writeln!(out, "({missing} lines were dropped: nobody read them in time)")?;
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Collects the pieces of one log line, and hands it to a terminal as a whole.
pub struct LineWriter {
    terminal: Terminal,
    bytes: Vec<u8>,
}

impl LineWriter {
    /// A writer of one line.
    pub fn new(terminal: Terminal) -> Self {
        Self { terminal, bytes: Vec::new() }
    }
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.terminal.text(String::from_utf8_lossy(&self.bytes).into_owned());
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
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    use super::*;

    /// Writes to a shared text; its first write waits until it is let.
    struct Gated {
        gate: Option<Receiver<()>>,
        text: Arc<Mutex<String>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(gate) = self.gate.take() {
                gate.recv().map_err(io::Error::other)?;
            }
            self.text.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Terminal, Sender<()>, Arc<Mutex<String>>) {
        let (open, gate) = std::sync::mpsc::channel();
        let text = Arc::<Mutex<String>>::default();
        let terminal = Terminal::new(Gated { gate: Some(gate), text: text.clone() }).unwrap();
        (terminal, open, text)
    }

    #[test]
    fn lines_are_written_in_order_and_flushed() {
        let (terminal, open, text) = gated();
        open.send(()).unwrap();
        terminal.line("one");
        terminal.line("two");
        terminal.flush(Duration::from_secs(30));
        assert_eq!(*text.lock().unwrap(), "one\ntwo\n");
    }

    #[test]
    fn nobody_waits_for_a_reader_that_does_not_read() {
        let (terminal, open, text) = gated();
        for number in 0..LINES_MAX + 10 {
            terminal.line(number.to_string());
        }
        let dropped = terminal.dropped.load(Relaxed);
        assert!((9..=10).contains(&dropped), "one line may be in the writer's hands: {dropped}");
        open.send(()).unwrap();
        // The inbox may still be full: then nothing is waited for, and it is asked again.
        while !text.lock().unwrap().contains(" lines were dropped") {
            terminal.flush(Duration::from_secs(30));
        }
        assert!(text.lock().unwrap().contains(&format!("({dropped} lines were dropped")));
    }

    #[test]
    fn control_characters_are_not_obeyed() {
        assert_eq!(plain("a\u{1b}[31m\nb\u{202e}é"), "a␛[31m␊b\u{fffd}é");
    }
}
