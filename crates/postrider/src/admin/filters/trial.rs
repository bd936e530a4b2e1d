//! One trial: the latest events of the journal, from the newest back, each judged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::connection::Connection;
use domain::event::{EventKind, json};
use domain::filter::path::{Path, pick};
use domain::filter::{Sieve, Verdict, decide};
use domain::id::{ConnectionId, Seq, SourceId};
use domain::limits;
use domain::source::Source;
use domain::workspace::Workspace;
use serde::Serialize;
use storage::{Journal, StoredEvent, Wanted};
use utoipa::ToSchema;

use super::request::TrialRequest;
use crate::admin::catalog;
use crate::admin::problem::Problem;
use crate::lookup::before_skip;

/// What is tried on which events.
pub struct Trial {
    /// The rules for the events of each source; of a source that is not here nothing is tried.
    sieves: Sieves,
    last: u32,
}

enum Sieves {
    /// The same for all sources.
    One(Box<Sieve>),
    BySource(Vec<(SourceId, Sieve)>),
}

/// What one trial may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Places of the journal that it looks at.
    pub places_max: u64,
    /// Time after which it goes no further.
    pub time_max: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { places_max: limits::TRIAL_PLACES_MAX, time_max: limits::TRIAL_TIME_MAX }
    }
}

/// What came of a trial.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Tally {
    /// Events that were judged.
    events: u32,
    /// Whether all events that were asked for were judged, as far as they are stored: not where too
    /// much lies between them, or they took too long.
    complete: bool,
    /// The oldest and the newest event judged.
    #[schema(value_type = Option<u64>)]
    first_seq: Option<Seq>,
    #[schema(value_type = Option<u64>)]
    last_seq: Option<Seq>,
    /// How many events had which verdict: `passes`, or the code of a reason.
    #[schema(value_type = HashMap<String, u64>)]
    counts: BTreeMap<&'static str, u64>,
    /// The newest events of each verdict.
    #[schema(value_type = HashMap<String, Vec<TrialSample>>)]
    samples: BTreeMap<&'static str, Vec<TrialSample>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TrialSample {
    #[schema(value_type = u64)]
    seq: Seq,
    #[schema(value_type = String)]
    kind: EventKind,
    /// The name of the event, where it has one.
    event: Option<String>,
    verdict: &'static str,
}

impl Trial {
    /// Finds the rules that would hold if the filter were saved.
    ///
    /// # Errors
    /// Where the source or the destination is not there.
    pub fn prepare(request: TrialRequest, workspace: &Workspace) -> Result<Self, Problem> {
        let TrialRequest { source, destination, filter, last } = request;
        if let Some(id) = &source {
            catalog::find::<Source>(workspace, id.as_str())?;
        }
        let Some(id) = destination else {
            let sieve = Sieve::of_filter(filter, ConnectionId::new(""));
            let sieves = match source {
                Some(source) => Sieves::BySource(vec![(source, sieve)]),
                None => Sieves::One(Box::new(sieve)),
            };
            return Ok(Self { sieves, last });
        };
        let destination = catalog::find(workspace, id.as_str())?;
        let is_ours = |one: &&Connection| {
            one.destination == id && source.as_ref().is_none_or(|source| one.source == *source)
        };
        let rules = |one: &Connection| {
            let connection = Connection { filter: filter.clone(), ..one.clone() };
            (one.source.clone(), Sieve::new(destination, &connection))
        };
        let sieves: Vec<_> = workspace.connections.iter().filter(is_ours).map(rules).collect();
        if sieves.is_empty() {
            let detail = format!("no connection leads to destination {id}; make it first");
            return Err(Problem::new(404, "no_connection", detail));
        }
        Ok(Self { sieves: Sieves::BySource(sieves), last })
    }

    /// Judges the latest events, as many as asked for and within the bounds.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn run(&self, journal: &dyn Journal, bounds: Bounds) -> Result<Tally, Problem> {
        let (start, mut tally) = (Instant::now(), Tally::default());
        let head = journal.head_now();
        let first = first_stored(journal, head).await?;
        let (mut end, mut places_left) = (head, bounds.places_max);
        while end > first
            && places_left > 0
            && tally.events < self.last
            && start.elapsed() < bounds.time_max
        {
            let places = limits::TRIAL_STRIDE.min(places_left);
            let begin = Seq(end.0.saturating_sub(places)).max(first);
            places_left -= end.0 - begin.0;
            let stride = self.stride(journal, begin, end).await?;
            for (event, verdict) in stride.judged.iter().rev() {
                if tally.events < self.last {
                    tally.add(event, verdict);
                }
            }
            end = match stride.judged.is_empty() {
                true => before_skip(journal, stride.begin, end).await?.max(first),
                false => stride.begin,
            };
            tokio::task::yield_now().await;
        }
        tally.complete = tally.events == self.last || end <= first;
        Ok(tally)
    }

    /// Judges the events from `begin` to `end`, and those before that share a frame with them.
    async fn stride(&self, journal: &dyn Journal, begin: Seq, end: Seq) -> Result<Stride, Problem> {
        let mut stride = Stride { begin, judged: Vec::new() };
        let mut next = begin;
        while next < end {
            let chunk = journal.read(next, self.sieves.wanted(), limits::READ_BYTES).await?;
            for frame in &chunk.frames {
                stride.begin = stride.begin.min(frame.first());
                for event in frame.events().filter(|event| event.seq < end) {
                    let verdict = self.judge(&event);
                    stride.judged.extend(verdict.map(|verdict| (event, verdict)));
                }
            }
            next = chunk.next;
        }
        Ok(stride)
    }

    fn judge(&self, event: &StoredEvent) -> Option<&'static str> {
        let sieve = self.sieves.of(&event.source)?;
        Some(match decide(sieve, &event.subject()) {
            Verdict::Passes => "passes",
            Verdict::Filtered(reason) => reason.code(),
        })
    }
}

/// A run of the journal, judged.
struct Stride {
    begin: Seq,
    judged: Vec<(StoredEvent, &'static str)>,
}

/// The place of the first event that is still stored.
async fn first_stored(journal: &dyn Journal, head: Seq) -> Result<Seq, Problem> {
    if head == Seq::FIRST {
        return Ok(head);
    }
    let chunk = journal.read(Seq::FIRST, Wanted::All, 1).await?;
    Ok(chunk.frames.first().map_or(chunk.next, |frame| frame.first()))
}

impl Sieves {
    fn wanted(&self) -> Wanted {
        match self {
            Self::One(_) => Wanted::All,
            Self::BySource(sieves) => {
                Wanted::Sources(sieves.iter().map(|(source, _)| source.clone()).collect())
            }
        }
    }

    fn of(&self, source: &SourceId) -> Option<&Sieve> {
        match self {
            Self::One(sieve) => Some(sieve),
            Self::BySource(sieves) => {
                sieves.iter().find(|(own, _)| own == source).map(|(_, sieve)| sieve)
            }
        }
    }
}

impl Tally {
    /// Counts an event that is older than those before.
    fn add(&mut self, event: &StoredEvent, verdict: &'static str) {
        self.events += 1;
        self.first_seq = Some(event.seq);
        self.last_seq = self.last_seq.or(Some(event.seq));
        *self.counts.entry(verdict).or_default() += 1;
        let samples = self.samples.entry(verdict).or_default();
        if samples.len() < limits::TRIAL_SAMPLES_MAX {
            let (seq, kind) = (event.seq, event.kind);
            samples.push(TrialSample { seq, kind, event: name(event), verdict });
        }
    }
}

/// What an event is called; none where it has no name.
fn name(event: &StoredEvent) -> Option<String> {
    let text = std::str::from_utf8(&event.payload).ok()?;
    let path = Path::of_keys(&["event"]);
    let found = pick(text, std::iter::once(&path));
    let name = found.first().copied().flatten().and_then(json::string)?;
    Some(name.chars().take(limits::SAMPLE_NAME_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use domain::filter::Filter;
    use domain::source::Source;
    use storage::embedded::{self, Options};
    use storage::{Store, memory};

    use super::*;
    use crate::clock;
    use crate::samples::{append, connect, destination};

    async fn run(store: &Store, source: Option<&str>, last: u32) -> Tally {
        run_within(Bounds::default(), store, source, last).await
    }

    async fn run_within(bounds: Bounds, store: &Store, source: Option<&str>, last: u32) -> Tally {
        let sieve = Sieve::of_filter(Filter::default(), ConnectionId::new(""));
        let sieves = match source {
            Some(source) => Sieves::BySource(vec![(SourceId::new(source), sieve)]),
            None => Sieves::One(Box::new(sieve)),
        };
        let trial = Trial { sieves, last };
        trial.run(&*store.journal, bounds).await.expect("a tally")
    }

    fn gist(tally: &Tally) -> (u32, bool, Option<Seq>, Option<Seq>) {
        (tally.events, tally.complete, tally.first_seq, tally.last_seq)
    }

    #[tokio::test]
    async fn a_trial_ends_where_the_journal_begins() {
        let store = memory::open();
        assert_eq!(gist(&run(&store, None, 5).await), (0, true, None, None));
        for _ in 0..700 {
            append(&store, clock::now()).await;
        }
        let tally = run(&store, None, 600).await;
        assert_eq!(gist(&tally), (600, true, Some(Seq(101)), Some(Seq(700))));
        assert_eq!(tally.samples["passes"].len(), limits::TRIAL_SAMPLES_MAX);
        assert_eq!(tally.samples["passes"][1].seq, Seq(699));
        assert_eq!(gist(&run(&store, Some("other"), 1).await), (0, true, None, None));
        store.journal.trim(Seq(400)).await.unwrap();
        let tally = run(&store, Some("s"), 600).await;
        assert_eq!(gist(&tally), (301, true, Some(Seq(400)), Some(Seq(700))), "the rest is gone");
    }

    #[tokio::test]
    async fn places_that_a_restore_has_passed_over_are_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| dir.path().join(name));
        let (store, engine) = embedded::open(&old, Options::default()).unwrap();
        for _ in 0..300 {
            append(&store, clock::now()).await;
        }
        engine.close().unwrap();
        let newest = embedded::restore(&old, &new).unwrap().1;
        let (store, engine) = embedded::open(&new, Options::default()).unwrap();
        let whole = (300, true, Some(Seq(1)), Some(Seq(300)));
        assert_eq!(gist(&run(&store, None, 500).await), whole);
        append(&store, clock::now()).await;
        let tally = run(&store, None, 500).await;
        assert_eq!(gist(&tally), (301, true, Some(Seq(1)), Some(newest)));
        engine.close().unwrap();
    }

    #[tokio::test]
    async fn a_trial_ends_at_its_bounds_and_says_so() {
        let store = memory::open();
        for _ in 0..700 {
            append(&store, clock::now()).await;
        }
        let few = Bounds { places_max: 300, ..Bounds::default() };
        let tally = run_within(few, &store, None, 600).await;
        assert_eq!(gist(&tally), (300, false, Some(Seq(401)), Some(Seq(700))));
        let tally = run_within(few, &store, Some("other"), 600).await;
        assert_eq!(gist(&tally), (0, false, None, None), "further back there may be some");
        assert!(run_within(few, &store, None, 300).await.complete, "all that were asked for");
        let short = Bounds { time_max: Duration::ZERO, ..Bounds::default() };
        assert_eq!(gist(&run_within(short, &store, None, 600).await), (0, false, None, None));
    }

    #[tokio::test]
    async fn a_trial_needs_a_connection_to_its_destination() {
        let store = memory::open();
        connect(&store, destination(true), 1).await;
        let workspace = store.catalog.watch().borrow().workspace.clone();
        let prepare = |source: Option<&str>| {
            let source = source.map(SourceId::new);
            let destination = Some(crate::samples::destination_id());
            let (filter, last) = (Filter::default(), 1);
            let mut workspace = workspace.clone();
            workspace.sources.extend(source.clone().map(|id| Source::new(id, "", "key")));
            let request = TrialRequest { source, destination, filter, last };
            Trial::prepare(request, &workspace).is_ok()
        };
        assert!(prepare(None) && prepare(Some("s")));
        assert!(!prepare(Some("other")));
    }
}
