//! Logs on disk, line by line, as the auditor reads them.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A log that many write to, in turn.
#[derive(Clone)]
pub struct Notes(Rc<Inner>);

struct Inner {
    path: PathBuf,
    out: RefCell<BufWriter<File>>,
    lines: Cell<u64>,
}

impl Notes {
    /// An empty log.
    pub fn new(path: &Path, first: &str) -> anyhow::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        out.write_all(first.as_bytes())?;
        let inner = Inner { path: path.to_owned(), out: RefCell::new(out), lines: Cell::new(0) };
        Ok(Self(Rc::new(inner)))
    }

    /// Adds a line, its end included.
    pub fn add(&self, line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
        self.0.lines.set(self.0.lines.get() + 1);
        self.0.out.borrow_mut().write_fmt(line)
    }

    /// How many lines were added.
    pub fn lines(&self) -> u64 {
        self.0.lines.get()
    }

    /// Where it is, with everything written.
    pub fn written(&self) -> std::io::Result<&Path> {
        self.0.out.borrow_mut().flush()?;
        Ok(&self.0.path)
    }
}
