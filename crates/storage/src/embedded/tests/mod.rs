//! The embedded engine under the common suite, and what only an engine with a disk can be asked.

mod answers;
mod directory;
mod crash;
mod damage;
mod check;
mod copy;
mod failure;
mod retention;
mod index;
mod issues;
mod audit;
mod seal;
mod minutes;
mod replays;

use std::time::Duration;

use tempfile::TempDir;

use super::{Engine, Options, open};
use crate::Store;
use crate::conformance::{Subject, conformance};

fn subject_with(options: Options) -> Subject {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open(dir.path(), options).unwrap();
    Subject { store, _keep: Box::new((engine, dir)) }
}

mod with_defaults {
    use super::*;

    fn subject() -> Subject {
        subject_with(Options::default())
    }

    conformance!(subject);
}

/// Nothing is served from memory, and every batch gets a frame of its own.
mod from_the_disk {
    use super::*;

    fn subject() -> Subject {
        subject_with(Options {
            tail_bytes_max: 0,
            frame_bytes_max: 1,
            settle_linger: Duration::ZERO,
            ..Options::default()
        })
    }

    conformance!(subject);
}

fn open_default(dir: &std::path::Path) -> (Store, Engine) {
    open(dir, Options::default()).unwrap()
}
