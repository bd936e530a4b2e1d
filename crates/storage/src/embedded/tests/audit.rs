//! What is kept of what people did: its bounds, and its crash.

use std::time::Duration;

use domain::time::Timestamp;
use tempfile::TempDir;

use super::{open_default, subject_with};
use crate::conformance::Subject;
use crate::conformance::audit::deed;
use crate::embedded::{AuditLimits, Options, open};
use crate::{AuditQuery, Deed, Store};

fn kept(store: &Store) -> Vec<u64> {
    let query = AuditQuery { rows_max: 99, ..AuditQuery::default() };
    store.audit.list(query).wait().unwrap().records.iter().map(|one| one.id).collect()
}

fn note(store: &Store, deed: Deed) {
    store.audit.note(vec![deed]).wait().unwrap();
}

#[test]
fn u3_accesses_push_out_no_change_and_the_oldest_go_first() {
    let dir = TempDir::new().unwrap();
    let limits = AuditLimits { records_max: 2, age_max: Duration::from_secs(10) };
    let options = Options { audit: limits, ..Options::default() };
    let (store, engine) = open(dir.path(), options).unwrap();
    note(&store, deed("anna", "create", "a"));
    for _ in 0..5 {
        note(&store, deed("anna", "view", "a"));
    }
    assert_eq!(kept(&store), [6, 5, 1]);
    note(&store, deed("anna", "change", "a"));
    note(&store, deed("anna", "remove", "a"));
    assert_eq!(kept(&store), [8, 7, 6, 5]);
    let mut late = deed("anna", "create", "b");
    late.author.at = Timestamp(late.author.at.0 + 10_001);
    note(&store, late);
    assert_eq!(kept(&store), [9, 6, 5], "what is too old goes with the next of its class");
    engine.close().unwrap();
    let (store, _engine) = open_default(dir.path());
    note(&store, deed("anna", "view", "a"));
    assert_eq!(kept(&store), [10, 9, 6, 5], "numbers go on");
}

#[test]
fn a_clock_that_is_wrong_for_a_while_takes_no_record_along() {
    let Subject { store, _keep } = subject_with(Options::default());
    for _ in 0..40 {
        note(&store, deed("anna", "create", "a"));
    }
    let mut late = deed("anna", "create", "b");
    late.author.at = Timestamp(i64::MAX / 2);
    note(&store, late);
    note(&store, deed("anna", "create", "c"));
    assert_eq!(kept(&store).len(), 42);
}

#[test]
fn records_from_a_time_that_was_wrong_push_out_none_that_come_after_them() {
    let dir = TempDir::new().unwrap();
    let limits = AuditLimits { records_max: 2, ..AuditLimits::default() };
    let options = Options { audit: limits, ..Options::default() };
    let (store, _engine) = open(dir.path(), options).unwrap();
    for _ in 0..3 {
        let mut late = deed("anna", "create", "b");
        late.author.at = Timestamp(i64::MAX / 2);
        note(&store, late);
    }
    note(&store, deed("anna", "create", "c"));
    assert_eq!(kept(&store), [4, 3]);
}
