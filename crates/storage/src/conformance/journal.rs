//! J1 to J5, as far as they can be seen from outside a running engine.

use std::thread;

use domain::event::{EventKind, Identities};
use domain::id::Seq;
use domain::time::Timestamp;

use super::Subject;
use super::fixture::{append, event, events, hash, only, read_all};
use crate::{GapReason, SeqRange, Wanted};

type Open<'a> = &'a dyn Fn() -> Subject;

/// J1: whoever has the answer finds the head moved and the event there.
pub fn j1_an_answered_event_can_be_read(open: Open<'_>) {
    let subject = open();
    let journal = &subject.store.journal;
    for number in 1..=20 {
        let range = append(&subject.store, vec![event("web", &format!("{number}"))]);
        assert_eq!(range, SeqRange { first: Seq(number), last: Seq(number) });
        assert_eq!(*journal.head().borrow(), Seq(number + 1));
        let chunk = journal.read(range.first, Wanted::All, 1).wait().unwrap();
        let read = chunk.frames.iter().find_map(|frame| frame.event(range.first)).unwrap();
        assert_eq!(read.payload, number.to_string());
    }
}

/// J1, J2: callers at once get places of their own, each batch's side by side and in order.
pub fn j1_answers_of_many_callers_at_once_are_true(open: Open<'_>) {
    let subject = open();
    let store = &subject.store;
    thread::scope(|scope| {
        for caller in 0..8 {
            scope.spawn(move || {
                for batch in 0..20 {
                    let texts: Vec<_> = (0..5).map(|n| format!("{caller}/{batch}/{n}")).collect();
                    let events = texts.iter().map(|text| event("web", text)).collect();
                    let range = append(store, events);
                    assert_eq!(range.last, range.first.plus(4));
                    let read = read_all(&*store.journal, range.first, &Wanted::All, 1 << 20);
                    let found = read.events.iter().take(5).map(|event| &event.payload);
                    assert!(found.eq(texts.iter().map(String::as_bytes)));
                }
            });
        }
    });
    let read = read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20);
    assert_eq!(read.places(), (1..=800).collect::<Vec<_>>());
    assert_eq!(read.gaps, []);
}

/// J2: batches handed over one after the other get places in that order, answered or not.
pub fn j2_places_rise_in_the_order_of_acceptance(open: Open<'_>) {
    let subject = open();
    let receipts: Vec<_> = (1..=50)
        .map(|size| (size, subject.store.journal.append(events("web", size)).unwrap()))
        .collect();
    let mut next = Seq::FIRST;
    for (size, receipt) in receipts {
        let range = receipt.wait().unwrap();
        assert_eq!(range.first, next);
        next = range.first.plus(size as u64);
        assert_eq!(range.last.next(), next);
    }
}

/// J2: removing the newest events does not free their places.
pub fn j2_a_trimmed_place_is_not_given_away_again(open: Open<'_>) {
    let subject = open();
    append(&subject.store, events("web", 3));
    assert_eq!(subject.store.journal.trim(Seq(100)).wait().unwrap(), Seq(4));
    assert_eq!(append(&subject.store, events("web", 1)).first, Seq(4));
}

/// J3: whatever the size of the chunks, every event comes once and in order.
pub fn j3_a_read_yields_everything_in_order(open: Open<'_>) {
    let subject = open();
    for size in 1..=30 {
        append(&subject.store, events("web", size));
    }
    let all = (1..=465).collect::<Vec<_>>();
    for bytes_max in [1, 100, 5_000, usize::MAX] {
        for from in [1, 2, 17, 464, 465] {
            let read = read_all(&*subject.store.journal, Seq(from), &Wanted::All, bytes_max);
            assert_eq!(read.places(), all[from as usize - 1..]);
            assert_eq!(read.gaps, []);
        }
    }
}

/// J3: what is gone is reported, exactly and once.
pub fn j3_a_read_reports_what_was_trimmed(open: Open<'_>) {
    let subject = open();
    for _ in 0..10 {
        append(&subject.store, events("web", 10));
    }
    subject.store.journal.trim(Seq(41)).wait().unwrap();
    let read = read_all(&*subject.store.journal, Seq(7), &Wanted::All, 1);
    assert_eq!(read.places(), (41..=100).collect::<Vec<_>>());
    let [gap] = &read.gaps[..] else { panic!("one gap, not {:?}", read.gaps) };
    assert_eq!(gap.range, SeqRange { first: Seq(7), last: Seq(40) });
    assert_eq!(gap.reason, GapReason::Trimmed);

    subject.store.journal.trim(Seq(101)).wait().unwrap();
    let read = read_all(&*subject.store.journal, Seq(50), &only("none"), 1);
    assert_eq!(read.events, []);
    assert_eq!(read.gaps[0].range, SeqRange { first: Seq(50), last: Seq(100) });
}

/// J3: a reader of one source gets all of it, and comes past the others.
pub fn j3_unwanted_sources_are_passed_over(open: Open<'_>) {
    let subject = open();
    for number in 0..40 {
        let source = if number % 10 == 3 { "app" } else { "web" };
        append(&subject.store, events(source, 3));
    }
    append(&subject.store, vec![event("web", "1"), event("app", "2")]);
    let read = read_all(&*subject.store.journal, Seq::FIRST, &only("app"), 1);
    let expected = [3_u64, 13, 23, 33].iter().flat_map(|batch| batch * 3 + 1..=batch * 3 + 3);
    assert_eq!(read.places(), expected.chain([122]).collect::<Vec<_>>());
    let read = read_all(&*subject.store.journal, Seq::FIRST, &only("nobody"), 1);
    assert_eq!(read.events, []);
    assert_eq!(read.gaps, []);
}

/// J3: at the head there is nothing, and nothing is skipped.
pub fn j3_at_the_head_a_read_is_empty(open: Open<'_>) {
    let subject = open();
    for _ in 0..2 {
        let head = *subject.store.journal.head().borrow();
        let chunk = subject.store.journal.read(head, Wanted::All, 1 << 20).wait().unwrap();
        assert!(chunk.frames.is_empty() && chunk.gaps.is_empty());
        assert_eq!(chunk.next, head);
        append(&subject.store, events("web", 3));
    }
}

/// J4: payloads and all that stands beside them.
pub fn j4_bytes_come_out_as_they_went_in(open: Open<'_>) {
    let subject = open();
    let payloads = ["{}", "", "{\"n\":9007199254740993, \"😀\" : 1e400 }", "\u{0}\u{7f}", "x"];
    let mut expected = Vec::new();
    for (number, kind) in EventKind::ALL.into_iter().enumerate() {
        for (index, payload) in payloads.into_iter().enumerate() {
            let mut event = event(&format!("source {index}"), payload);
            event.kind = kind;
            event.received_at = Timestamp(number as i64 - 3);
            event.identities = Identities {
                user: hash(number as u64),
                anonymous: hash(u64::MAX * (index as u64 % 2)),
            };
            expected.push(event);
        }
    }
    append(&subject.store, expected.clone());
    append(&subject.store, vec![event("large", &"x".repeat(3 << 20))]);
    let read = read_all(&*subject.store.journal, Seq::FIRST, &Wanted::All, 1);
    assert_eq!(read.events.len(), expected.len() + 1);
    for (read, expected) in read.events.iter().zip(&expected) {
        assert_eq!(read.source, expected.source);
        assert_eq!(read.kind, expected.kind);
        assert_eq!(read.received_at, expected.received_at);
        assert_eq!(read.identities, expected.identities);
        assert_eq!(read.payload, expected.payload);
    }
    assert_eq!(read.events.last().unwrap().payload.len(), 3 << 20);
}

/// J5: an event at or after the place stays, also where that keeps earlier ones of its frame.
pub fn j5_a_trim_cuts_only_whole_frames_before_its_place(open: Open<'_>) {
    let subject = open();
    let journal = &subject.store.journal;
    for _ in 0..3 {
        append(&subject.store, events("web", 10));
    }
    for (before, first_left) in [(0, 1), (1, 1), (10, 1), (11, 11), (11, 11), (5, 11), (20, 11)] {
        assert_eq!(journal.trim(Seq(before)).wait().unwrap(), Seq(first_left));
        let read = read_all(&**journal, Seq::FIRST, &Wanted::All, 1 << 20);
        assert_eq!(read.places(), (first_left..=30).collect::<Vec<_>>());
    }
}

/// J5: the oldest go first, no more than needed, and their readers are told.
pub fn j5_a_trim_to_a_size_cuts_the_oldest_frames(open: Open<'_>) {
    let subject = open();
    let journal = &subject.store.journal;
    for number in 0..10 {
        append(&subject.store, vec![event("web", &format!("{number}").repeat(200_000))]);
    }
    assert_eq!(journal.trim_to(1 << 30).wait().unwrap(), Seq(1));
    let stock = || journal.stock().wait().unwrap();
    assert!(stock().used_bytes >= 2_000_000 && stock().first == Seq(1), "{:?}", stock());
    let first_left = journal.trim_to(1_000_000).wait().unwrap();
    assert!(stock().used_bytes <= 1_000_000 && stock().first == first_left, "{:?}", stock());
    assert!(stock().oldest_at > Some(Timestamp(0)));
    assert!((Seq(6)..=Seq(7)).contains(&first_left), "{first_left} is the first left");
    let read = read_all(&**journal, Seq(2), &Wanted::All, 1);
    assert_eq!(read.places(), (first_left.0..=10).collect::<Vec<_>>());
    assert_eq!(read.gaps[0].range, SeqRange { first: Seq(2), last: Seq(first_left.0 - 1) });
    assert_eq!(journal.trim_to(0).wait().unwrap(), Seq(11));
    assert_eq!((stock().first, stock().oldest_at), (Seq(11), None));
    assert_eq!(append(&subject.store, events("web", 1)).first, Seq(11));
}

/// No events, no place: the range ends before it begins.
pub fn an_empty_batch_takes_no_place(open: Open<'_>) {
    let subject = open();
    let range = append(&subject.store, Vec::new());
    assert_eq!(range, SeqRange { first: Seq(1), last: Seq(0) });
    assert_eq!(append(&subject.store, events("web", 1)).first, Seq(1));
}
