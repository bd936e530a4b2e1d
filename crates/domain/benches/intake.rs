//! What it costs to make events of a body, next to what other JSON readers take for the same.
//!
//! In comes one event as a browser SDK sends it, alone and in batches; measured is the way from the
//! bytes of a request to the bytes of each stored event. The others get every value they set for
//! free, where ours works out identities, hashes and times as well. At the end stands a table:
//! microseconds per kilobyte of event, and how many times longer each of the others takes.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use domain::event::EventKind;
use domain::event::fields::Stamp;
use domain::event::intake::{self, Shape};
use domain::id::SourceId;
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use sonic_rs::JsonValueMutTrait;

/// Microseconds that a kilobyte of event may take us, whatever stands around it.
const GOAL_US: f64 = 2.0;

const WARM_UP: Duration = Duration::from_millis(500);
const MEASUREMENT: Duration = Duration::from_secs(2);

/// Events of one body; the first is sent alone, as the body of `/v1/track`.
const SIZES: [usize; 3] = [1, 20, 100];

/// A way from a body to the texts of its events.
type Way = fn(&[u8], Shape) -> usize;

/// Ours first: the others are compared with it.
const WAYS: [(&str, Way); 4] = [
    ("postrider", ours),
    ("serde_json RawValue", raw_values),
    ("serde_json Value", values),
    ("sonic-rs Value", sonic_values),
];

/// What the gateway owes the event below; it has all else.
const OWED: [(&str, &str); 4] = [
    ("rudderId", "\"e4cab80e-2f0e-4fa2-87e0-3a4af182634c\""),
    ("receivedAt", "\"2026-11-25T00:00:00.000Z\""),
    ("request_ip", "\"203.0.113.7\""),
    ("timestamp", "\"2026-11-24T23:59:59.710Z\""),
];

/// A track call as RudderStack's browser SDK sends it; `index` tells it from the others.
fn event(index: usize) -> String {
    let text = include_str!("event.json").trim_end();
    text.replace("000000000000", &format!("{index:012}"))
}

fn body(size: usize) -> (String, Shape) {
    if size == 1 {
        return (event(0), Shape::Single(EventKind::Track));
    }
    let events: Vec<_> = (0..size).map(event).collect();
    let body = format!("{{\"batch\":[{}],\"sentAt\":\"2026-11-25T00:00:00Z\"}}", events.join(","));
    (body, Shape::Batch)
}

fn ours(body: &[u8], shape: Shape) -> usize {
    let source = SourceId::new("source");
    let mut fresh_id = || [7; 16];
    let received_at = Timestamp(1_795_564_800_000);
    let mut stamp = Stamp::new(&source, received_at, "203.0.113.7", &mut fresh_id);
    let intake = intake::read(black_box(body), shape, &mut stamp).expect("a good body");
    intake.events.iter().map(|event| black_box(&event.payload).len()).sum()
}

type RawObject<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Deserialize)]
struct RawBatch<'a> {
    #[serde(borrow)]
    batch: Vec<RawObject<'a>>,
}

fn raw_values(body: &[u8], shape: Shape) -> usize {
    let events = match shape {
        Shape::Single(_) => vec![serde_json::from_slice(black_box(body)).expect("JSON")],
        Shape::Batch => serde_json::from_slice::<RawBatch<'_>>(body).expect("a batch").batch,
    };
    let stored = events.into_iter().map(|mut event: RawObject<'_>| {
        for (name, value) in OWED {
            event.insert(Cow::Borrowed(name), serde_json::from_str(value).expect("JSON"));
        }
        black_box(serde_json::to_vec(&event).expect("an object")).len()
    });
    stored.sum()
}

fn values(body: &[u8], shape: Shape) -> usize {
    let mut whole: serde_json::Value = serde_json::from_slice(black_box(body)).expect("JSON");
    let store = |event: &mut serde_json::Value| {
        for (name, value) in OWED {
            event[name] = serde_json::Value::String(value.trim_matches('"').to_owned());
        }
        black_box(serde_json::to_vec(event).expect("an object")).len()
    };
    match shape {
        Shape::Single(_) => store(&mut whole),
        Shape::Batch => whole["batch"].as_array_mut().expect("a batch").iter_mut().map(store).sum(),
    }
}

fn sonic_values(body: &[u8], shape: Shape) -> usize {
    let mut whole: sonic_rs::Value = sonic_rs::from_slice(black_box(body)).expect("JSON");
    let store = |event: &mut sonic_rs::Value| {
        let object = event.as_object_mut().expect("an object");
        for (name, value) in OWED {
            object.insert(name, value.trim_matches('"'));
        }
        black_box(sonic_rs::to_vec(event).expect("an object")).len()
    };
    if matches!(shape, Shape::Single(_)) {
        return store(&mut whole);
    }
    let batch = whole.get_mut("batch").and_then(sonic_rs::Value::as_array_mut);
    batch.expect("a batch").iter_mut().map(store).sum()
}

fn measure(criterion: &mut Criterion) {
    for size in SIZES {
        let (body, shape) = body(size);
        let mut group = criterion.benchmark_group(format!("intake of {size}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        for (name, way) in WAYS {
            group.bench_function(name, |bencher| bencher.iter(|| way(body.as_bytes(), shape)));
        }
        group.finish();
    }
}

/// What was just measured, in nanoseconds; none where the command line left it out.
///
/// The fastest sample counts: other programs can only make one slower.
fn fastest(results: &Path, size: usize, name: &str) -> Option<f64> {
    let file = results.join(format!("intake of {size}/{name}/new/sample.json"));
    let text = std::fs::read(file).ok()?;
    let Sample { iters, times } = serde_json::from_slice(&text).expect("a sample of criterion");
    let each = iters.into_iter().zip(times).map(|(runs, time)| time / runs);
    each.min_by(f64::total_cmp)
}

/// What criterion keeps of one way: how often each sample ran it, and the time of all those runs.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// One line for each size and way: time per kilobyte, throughput, and the ratio to ours.
fn summary(results: &Path) {
    println!("{:20} {:>7} {:>8} {:>8} {:>7}", "", "events", "µs/kB", "MB/s", "ratio");
    for size in SIZES {
        let bytes = body(size).0.len() as f64;
        let Some(own) = fastest(results, size, WAYS[0].0) else { continue };
        for (name, _) in WAYS {
            let Some(ns) = fastest(results, size, name) else { continue };
            let (us, megabytes, ratio) = (ns / bytes, bytes / ns * 1e3, ns / own);
            println!("{name:20} {size:7} {us:8.2} {megabytes:8.0} {ratio:7.2}");
        }
        let verdict = if own / bytes <= GOAL_US { "met" } else { "missed" };
        println!("goal: at most {GOAL_US} µs per kB of ours: {verdict}\n");
    }
}

fn main() {
    let results = Path::new(env!("CARGO_TARGET_TMPDIR")).join("intake");
    // What an earlier run measured must not pass for this one's.
    if let Err(error) = std::fs::remove_dir_all(&results) {
        assert!(error.kind() == std::io::ErrorKind::NotFound, "{error}");
    }
    let criterion = Criterion::default().output_directory(&results);
    // Half a minute in all: what another second would change is less than what a run differs from
    // the next one.
    let criterion = criterion.warm_up_time(WARM_UP).measurement_time(MEASUREMENT);
    let mut criterion = criterion.configure_from_args();
    measure(&mut criterion);
    criterion.final_summary();
    summary(&results);
}
