//! The data directory: what is made, what is refused, and that a refusal changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use domain::account::Role;
use domain::id::Seq;
use tempfile::TempDir;

use super::crash::crashed_copy;
use super::open_default;
use crate::AccountEdit;
use crate::conformance::accounts::user;
use crate::conformance::fixture::{append, destination, events, settlement};
use crate::embedded::{Options, open};
use crate::error::OpenError;

pub fn content(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

#[test]
fn a_missing_directory_is_made_and_opens_again() {
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join("a/b");
    let (store, engine) = open_default(&dir);
    append(&store, events("web", 3));
    engine.close().unwrap();
    let names: Vec<_> = content(&dir).into_keys().collect();
    let expected =
        ["catalog.db", "format", "index.db", "journal.db", "lock", "secrets.key", "state.db"];
    assert_eq!(names, expected);
    assert!(fs::read_to_string(dir.join("format")).unwrap().starts_with("postrider-data 1\n"));
    let mode = fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else on the machine reads events and hashes");
    let (store, _engine) = open_default(&dir);
    assert_eq!(append(&store, events("web", 1)).first.0, 4);
}

#[test]
fn a_newer_format_is_refused_and_nothing_changes() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("format"), "postrider-data 2\nmade by postrider 9.0.0\n").unwrap();
    fs::write(dir.path().join("journal.db"), "something new").unwrap();
    let before = content(dir.path());
    let error = open(dir.path(), Options::default()).err().unwrap();
    assert!(matches!(error, OpenError::NewerFormat { found: 2, supported: 1, .. }), "{error}");
    assert_eq!(content(dir.path()), before);
}

#[test]
fn a_foreign_directory_is_refused_and_nothing_changes() {
    for (name, text) in [("photo.jpg", "x"), ("format", "mp3"), ("format", "postrider-data x")] {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join(name), text).unwrap();
        let before = content(dir.path());
        let error = open(dir.path(), Options::default()).err().unwrap();
        assert!(matches!(error, OpenError::NotOurs { .. }), "{error}");
        assert_eq!(content(dir.path()), before);
    }
}

#[test]
fn an_empty_file_system_and_an_interrupted_start_are_taken() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    fs::write(dir.path().join(".snapshot"), "").unwrap();
    fs::write(dir.path().join(".format.new"), "postri").unwrap();
    let (store, _engine) = open_default(dir.path());
    append(&store, events("web", 1));
}

#[test]
fn a_second_holder_is_refused_and_told_the_first() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    let error = open(dir.path(), Options::default()).err().unwrap();
    let OpenError::InUse { holder, .. } = error else { panic!("in use, not {error}") };
    assert_eq!(holder, std::process::id().to_string());
    append(&store, events("web", 1));
    drop(engine);
    open_default(dir.path());
}

#[test]
fn a_path_that_cannot_be_written_is_an_error() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.join("data"), file] {
        let error = open(&path, Options::default()).err().unwrap();
        assert!(matches!(error, OpenError::Io { .. }), "{error}");
    }
}

/// A directory in which every database holds something: one that was closed, and one as a kill leaves it.
fn lived_in() -> [TempDir; 2] {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    append(&store, events("web", 3));
    store.schedule.commit(settlement(destination(1), 2)).wait().unwrap();
    let found = AccountEdit::Found(user("anna", Role::Admin));
    store.accounts.edit(found, Vec::new()).wait().unwrap();
    let killed = crashed_copy(dir.path());
    engine.close().unwrap();
    [dir, killed]
}

#[test]
fn a_database_that_is_lost_is_missed_and_nothing_changes() {
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let empty = |path: &Path| fs::write(path, "").unwrap();
    let lose: [&dyn Fn(&Path); 2] = [&remove, &empty];
    for name in ["state.db", "journal.db", "catalog.db"] {
        for (dir, lose) in lose.iter().flat_map(|lose| lived_in().map(|dir| (dir, lose))) {
            let lost = dir.path().join(name);
            lose(&lost);
            let names = || content(dir.path()).into_keys().filter(|name| name.ends_with(".db"));
            let before = names().collect::<Vec<_>>();
            let error = open(dir.path(), Options::default()).err().unwrap();
            let OpenError::Missing { path, beside } = &error else { panic!("{name}: {error}") };
            assert_eq!(*path, lost);
            assert!(beside.exists() && beside != path, "{error}");
            assert_eq!(names().collect::<Vec<_>>(), before, "nothing was made in its place");
        }
    }
}

#[test]
fn an_index_that_is_gone_is_no_loss() {
    for dir in lived_in() {
        fs::remove_file(dir.path().join("index.db")).unwrap();
        let (store, _engine) = open_default(dir.path());
        assert_eq!(*store.journal.head().borrow(), Seq(4));
    }
}

/// Whatever has reached the disk of a first start, the next one goes on with it.
#[test]
fn a_first_start_that_was_interrupted_goes_on_wherever_it_was() {
    const NAMES: [&str; 5] = ["state.db", "journal.db", "index.db", "catalog.db", "secrets.key"];
    let whole = TempDir::new().unwrap();
    let (_store, engine) = open_default(whole.path());
    let killed = crashed_copy(whole.path());
    engine.close().unwrap();
    for (made, mask) in
        [&whole, &killed].iter().flat_map(|made| (0..32).map(move |mask| (made, mask)))
    {
        let dir = TempDir::new().unwrap();
        let is_there = |name: &str| {
            let number = NAMES.iter().position(|one| name.starts_with(one));
            number.is_none_or(|number| mask >> number & 1 == 1)
        };
        for (name, bytes) in content(made.path()).iter().filter(|(name, _)| is_there(name)) {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        let (store, _engine) = open_default(dir.path());
        assert_eq!(append(&store, events("web", 1)).first, Seq(1), "{mask:b}");
    }
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("format"), content(whole.path())["format"].as_slice()).unwrap();
    fs::write(dir.path().join("state.db"), "").unwrap();
    open_default(dir.path());
}
