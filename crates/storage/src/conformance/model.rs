//! Random operations, carried out by the engine under test and by the memory engine side by side.

use domain::id::Seq;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Subject;
use super::fixture::{
    append, attempt, destination, event, filtered, open_delivery, read_all, settlement,
};
use crate::{AttemptQuery, Depth, Fate, Settlement, Store, Wanted, memory};

type Open<'a> = &'a dyn Fn() -> Subject;

#[derive(Clone, Debug)]
enum Operation {
    /// Events by the number of their source and the length of their payload.
    Append(Vec<(u8, usize)>),
    Trim(u64),
    Read {
        from: u64,
        source: Option<u8>,
        bytes_max: usize,
    },
    Settle {
        to: u64,
        cursor: u64,
        opened: Vec<(u64, u32)>,
        closed: Vec<u64>,
        attempts: Vec<Tried>,
        filtered: Vec<(u8, u64)>,
    },
    Load(u64),
    Search {
        to: Option<u64>,
        seq: Option<u64>,
        fate: Option<Fate>,
    },
}

type Tried = (u64, u32, Fate);

fn operation() -> impl Strategy<Value = Operation> {
    let fate =
        || prop::sample::select(vec![Fate::Delivered, Fate::Retry, Fate::GaveUp, Fate::Expired]);
    prop_oneof![
        5 => prop::collection::vec((0_u8..4, 0_usize..600), 0..12).prop_map(Operation::Append),
        1 => (0_u64..150).prop_map(Operation::Trim),
        4 => (1_u64..150, prop::option::of(0_u8..5), 1_usize..4000)
            .prop_map(|(from, source, bytes_max)| Operation::Read { from, source, bytes_max }),
        3 => (
            0_u64..3,
            1_u64..100,
            prop::collection::vec((1_u64..20, 0_u32..3), 0..6),
            prop::collection::vec(1_u64..20, 0..6),
            prop::collection::vec((1_u64..20, 0_u32..3, fate()), 0..6),
            prop::collection::vec((0_u8..3, 1_u64..9), 0..3),
        )
            .prop_map(|(to, cursor, opened, closed, attempts, filtered)| Operation::Settle {
                to, cursor, opened, closed, attempts, filtered
            }),
        2 => (0_u64..3).prop_map(Operation::Load),
        2 => (
            prop::option::of(0_u64..3),
            prop::option::of(1_u64..20),
            prop::option::of(fate()),
        )
            .prop_map(|(to, seq, fate)| Operation::Search { to, seq, fate }),
    ]
}

/// J1 to J4, S1 to S3: after any operations both engines answer alike.
pub fn random_operations_end_like_the_models(open: Open<'_>) {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&prop::collection::vec(operation(), 1..60), |operations| {
            let Subject { store, _keep } = open();
            let model = memory::open();
            for operation in operations {
                compare(&store, &model, operation);
            }
            compare(&store, &model, Operation::Read { from: 1, source: None, bytes_max: 1 });
            Ok(())
        })
        .unwrap();
}

fn compare(store: &Store, model: &Store, operation: Operation) {
    let shown = format!("{operation:?}");
    let both = [store, model];
    match operation {
        Operation::Append(sizes) => {
            let one = |(source, size): &(u8, usize)| event(&source.to_string(), &"x".repeat(*size));
            let events: Vec<_> = sizes.iter().map(one).collect();
            same(both.map(|store| append(store, events.clone())), &shown);
        }
        Operation::Trim(before) => {
            same(both.map(|store| store.journal.trim(Seq(before)).wait().unwrap()), &shown);
        }
        Operation::Read { from, source, bytes_max } => {
            let wanted =
                source.map_or(Wanted::All, |source| super::fixture::only(&source.to_string()));
            let read = |store: &Store| read_all(&*store.journal, Seq(from), &wanted, bytes_max);
            same(both.map(read), &shown);
        }
        Operation::Settle { to, cursor, opened, closed, attempts, filtered: counts } => {
            let to = destination(to);
            let step = Settlement {
                opened: opened.into_iter().map(|(seq, tries)| open_delivery(seq, tries)).collect(),
                closed: closed.into_iter().map(Seq).collect(),
                attempts: attempts
                    .into_iter()
                    .map(|(seq, number, fate)| attempt(&to, seq, number, fate))
                    .collect(),
                filtered: counts
                    .into_iter()
                    .map(|(reason, count)| filtered(&format!("reason-{reason}"), count))
                    .collect(),
                ..settlement(to, cursor)
            };
            same(both.map(|store| store.schedule.commit(step.clone()).wait().unwrap()), &shown);
        }
        Operation::Load(to) => {
            let load =
                |store: &Store| store.schedule.load(&(&destination(to)).into()).wait().unwrap();
            same(both.map(load), &shown);
        }
        Operation::Search { to, seq, fate } => {
            let query = AttemptQuery {
                destination: to.map(destination),
                seq: seq.map(Seq),
                fate,
                rows_max: 10,
                depth: Depth::Answer,
                ..AttemptQuery::default()
            };
            let search = |store: &Store| store.ledger.attempts(query.clone()).wait().unwrap();
            same(both.map(search), &shown);
            same(both.map(|store| store.ledger.totals().wait().unwrap()), &shown);
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>([found, expected]: [T; 2], operation: &str) {
    assert_eq!(found, expected, "after {operation}");
}
