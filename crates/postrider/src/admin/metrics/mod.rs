//! `GET /metrics`: what Prometheus scrapes.
//!
//! In come the gauges and the counters of the ledger; out goes text. Deliberately unknown here: who
//! counts, and what the numbers are good for.

pub mod families;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use domain::delivery::policy::Class;
use domain::destination::Destination;
use domain::id::Seq;
use domain::time::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use storage::Totals;

use self::families::{Family, Kind};
use super::Needs;
use super::problem::Problem;
use super::status;
use crate::live::{DestinationGauge, Gauges, Times};
use crate::{clock, version};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything there is to say at one moment, a family after the other.
#[derive(Debug, Default)]
struct Scrape(Vec<(&'static Family, Vec<Sample>)>);

/// A value, and the values of its family's labels.
#[derive(Debug)]
struct Sample {
    labels: Vec<String>,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Count(u64),
    Level(f64),
    Times(Times),
}

/// Answers a scrape.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "System",
    responses(
        (status = 200, description = "What Prometheus scrapes", content_type = "application/openmetrics-text", body = String),
    )
)]
pub async fn show(State(needs): State<Arc<Needs>>) -> Result<impl IntoResponse, Problem> {
    let totals = needs.store.ledger.totals().await?;
    let mut scrape = Scrape::default();
    scrape.server(&needs);
    scrape.destinations(&needs, &totals, clock::now());
    let mut registry = Registry::default();
    registry.register_collector(Box::new(scrape));
    let mut text = String::new();
    let encoded = prometheus_client::encoding::text::encode(&mut text, &registry);
    encoded.map_err(|error| Problem::new(500, "internal", error.to_string()))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text))
}

impl Scrape {
    fn say(&mut self, family: &'static Family, labels: &[&str], value: Value) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let sample = Sample { labels, value };
        match self.0.iter_mut().find(|(known, _)| *known == family) {
            Some((_, samples)) => samples.push(sample),
            None => self.0.push((family, vec![sample])),
        }
    }

    /// What is said of the server as a whole.
    fn server(&mut self, needs: &Needs) {
        let gauges = &needs.gauges;
        let count = |counter: &std::sync::atomic::AtomicU64| Value::Count(counter.load(Relaxed));
        self.say(&families::ACCEPTED, &[], count(&gauges.accepted));
        self.say(&families::DUPLICATES, &[], count(&gauges.duplicates));
        self.say(&families::TURNED_AWAY, &[], count(&gauges.turned_away));
        self.say(&families::STORE_SECONDS, &[], Value::Times(gauges.store_time.times()));
        self.rejections(gauges);
        self.spans(gauges);
        let is_low = u8::from(gauges.is_disk_low.load(Relaxed));
        self.say(&families::DISK_LOW, &[], Value::Level(f64::from(is_low)));
        let free = gauges.disk_free_bytes.load(Relaxed);
        if free < u64::MAX {
            self.say(&families::DISK_FREE, &[], Value::Level(free as f64));
        }
        let started = needs.started_at.0 as f64 / 1_000.0;
        self.say(&families::STARTED, &[], Value::Level(started));
        self.say(&families::MEMORY, &[], Value::Level(resident_bytes() as f64));
        let build = [version::VERSION, version::COMMIT];
        self.say(&families::BUILD, &build, Value::Level(1.0));
    }

    fn rejections(&mut self, gauges: &Gauges) {
        for ((source, reason), count) in gauges.refusals.counts() {
            let source = source.as_ref().map_or("", |source| source.as_str());
            self.say(&families::REJECTIONS, &[source, reason.code()], Value::Count(count));
        }
    }

    fn spans(&mut self, gauges: &Gauges) {
        let spans = &gauges.spans;
        self.say(&families::SPANS_TAKEN, &[], Value::Count(spans.taken.load(Relaxed)));
        let dropped = [
            ("no_room", &spans.crowded_out),
            ("refused", &spans.refused),
            ("unsent", &spans.unsent),
        ];
        for (reason, count) in dropped {
            self.say(&families::SPANS_DROPPED, &[reason], Value::Count(count.load(Relaxed)));
        }
    }

    fn destinations(&mut self, needs: &Needs, totals: &[Totals], now: Timestamp) {
        let snapshot = needs.store.catalog.watch().borrow().clone();
        let head = needs.store.journal.head_now();
        for one in &snapshot.workspace.destinations {
            let id = one.id.as_str();
            let gauge = needs.gauges.of(&one.id);
            self.work(id, &gauge);
            if let Some(totals) = totals.iter().find(|totals| totals.destination == one.id) {
                self.deliveries(id, totals);
            }
            self.backlog(one, &gauge, (head, now));
        }
    }

    fn deliveries(&mut self, id: &str, totals: &Totals) {
        let filtered = totals.filtered.iter().map(|filtered| filtered.count).sum();
        let results = [
            ("first_try", totals.delivered_first_try),
            ("on_retry", totals.delivered_on_retry),
            ("gave_up", totals.gave_up),
            ("expired", totals.expired),
            ("filtered", filtered),
        ];
        for (result, count) in results {
            self.say(&families::DELIVERIES, &[id, result], Value::Count(count));
        }
    }

    fn work(&mut self, id: &str, gauge: &DestinationGauge) {
        for (class, count) in gauge.work.attempts() {
            let outcome = class.map_or("delivered", Class::word);
            self.say(&families::ATTEMPTS, &[id, outcome], Value::Count(count));
        }
        self.say(&families::ATTEMPT_SECONDS, &[id], Value::Times(gauge.work.took()));
        let until = Value::Times(gauge.work.until_delivered());
        self.say(&families::DELIVERY_SECONDS, &[id], until);
    }

    fn backlog(
        &mut self,
        one: &Destination,
        gauge: &DestinationGauge,
        (head, now): (Seq, Timestamp),
    ) {
        let id = one.id.as_str();
        let glance = gauge.glance(head);
        let flow = gauge.flow.glance().filter(|_| one.is_at_work());
        self.say(&families::WAITING, &[id], Value::Level(glance.waiting as f64));
        self.say(&families::RETRYING, &[id], Value::Level(glance.retrying as f64));
        let age = glance.oldest_at.map_or(0.0, |at| now.since(at).as_secs_f64());
        self.say(&families::OLDEST_SECONDS, &[id], Value::Level(age));
        if let Some(flow) = flow {
            self.say(&families::LIMIT, &[id], Value::Level(f64::from(flow.limit)));
        }
        let state = status::state(one, flow, glance.retrying);
        self.say(&families::STATE, &[id, state], Value::Level(1.0));
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (family, samples) in &self.0 {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            let help = format!("{}.", family.help);
            let mut metric = encoder.encode_descriptor(family.name, &help, None, kind)?;
            for sample in samples {
                encode(&mut metric, family, sample)?;
            }
        }
        Ok(())
    }
}

fn encode(
    metric: &mut MetricEncoder<'_>,
    family: &Family,
    sample: &Sample,
) -> Result<(), fmt::Error> {
    if family.labels.is_empty() {
        return encode_value(metric, &sample.value);
    }
    let labels: Vec<_> = family.labels.iter().copied().zip(sample.labels.iter().cloned()).collect();
    encode_value(&mut metric.encode_family(&labels)?, &sample.value)
}

fn encode_value(metric: &mut MetricEncoder<'_>, value: &Value) -> Result<(), fmt::Error> {
    match value {
        Value::Count(count) => metric.encode_counter::<NoLabelSet, u64, u64>(count, None),
        Value::Level(level) => metric.encode_gauge(level),
        Value::Times(times) => metric.encode_histogram::<NoLabelSet>(
            times.sum_seconds,
            times.count,
            &times.buckets,
            None,
        ),
    }
}

/// Memory of this process, where the machine says.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}
