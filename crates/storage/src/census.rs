//! The census: which names and which SDKs the events of each source had, how often, and since when.
//!
//! Whoever sends decides what is counted, and may send anything. So names are cut, and of each source a
//! bounded number is kept: those that came most. Twice as many are counted before the others are added
//! up, so that what is new has time to become much.

use std::cmp::Reverse;
use std::collections::HashMap;

use domain::event::{EventKind, Gist, Library};
use domain::id::SourceId;
use domain::limits::{COUNTED_NAME_CHARS_MAX, SOURCE_NAMES_MAX, SOURCE_SDKS_MAX};
use domain::time::Timestamp;
use memchr::memmem::Finder;

use crate::frame::StoredEvent;

/// How often something came, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// How often.
    pub events: u64,
    /// When the first and the last of them were received.
    pub first_at: Timestamp,
    /// See above.
    pub last_at: Timestamp,
}

/// What is counted of a source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SourceCensus {
    /// Names, those that came most first.
    pub names: Vec<NameCount>,
    /// All other names together.
    pub other_names: Option<Seen>,
    /// SDKs, those that came most first.
    pub sdks: Vec<SdkCount>,
    /// All other SDKs together.
    pub other_sdks: Option<Seen>,
}

/// Events of one kind and name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameCount {
    /// The kind.
    pub kind: EventKind,
    /// The name; empty where they have none.
    pub name: String,
    /// How often.
    pub seen: Seen,
}

/// Events of one SDK in one version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SdkCount {
    /// What it calls itself; empty where events name none.
    pub name: String,
    /// Its version; empty where it does not say so.
    pub version: String,
    /// How often.
    pub seen: Seen,
}

/// What is counted of each source.
#[derive(Debug, Default)]
pub struct Census {
    sources: HashMap<SourceId, Counts>,
    word: String,
}

/// Two rankings of one source.
#[derive(Debug)]
struct Counts {
    names: Ranking,
    sdks: Ranking,
    latest_sdk: Option<Written>,
    is_changed: bool,
}

/// An SDK as it is written in a context, so that it need not be read again where it comes again.
///
/// Where the same text stands deeper in a context, it is taken for that SDK: counts rest on what events
/// say of themselves, in any case.
#[derive(Debug)]
struct Written {
    text: Finder<'static>,
    word: String,
}

/// What a ranking is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Topic {
    /// Names; a word is the kind, and the name after a blank.
    Names = 0,
    /// SDKs; a word is the version, and the name after a line feed.
    Sdks = 1,
}

/// A line of a ranking as it is stored; that of all others has an empty word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line<'c> {
    /// Whose.
    pub source: &'c SourceId,
    /// Of which ranking.
    pub topic: Topic,
    /// What is counted.
    pub word: &'c str,
    /// How often; none where the line is no more.
    pub seen: Option<Seen>,
}

/// Words, with how often each came.
#[derive(Debug)]
struct Ranking {
    /// So many are kept.
    kept: usize,
    rows: HashMap<String, Row>,
    other: Option<Row>,
    /// Words that are no more, and were stored.
    gone: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    seen: Seen,
    is_changed: bool,
    is_stored: bool,
}

impl Seen {
    fn once(at: Timestamp) -> Self {
        Self { events: 1, first_at: at, last_at: at }
    }

    fn merge(&mut self, other: Self) {
        self.events += other.events;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

impl Row {
    fn new(seen: Seen) -> Self {
        Self { seen, is_changed: true, is_stored: false }
    }

    fn merge(&mut self, seen: Seen) {
        self.seen.merge(seen);
        self.is_changed = true;
    }
}

impl Default for Counts {
    fn default() -> Self {
        let (names, sdks) = (Ranking::of(SOURCE_NAMES_MAX), Ranking::of(SOURCE_SDKS_MAX));
        Self { names, sdks, latest_sdk: None, is_changed: false }
    }
}

impl Census {
    /// Counts an event.
    pub fn note(&mut self, event: &StoredEvent, gist: &Gist<'_>) {
        let Self { sources, word } = self;
        let counts = match sources.get_mut(&event.source) {
            Some(counts) => counts,
            None => sources.entry(event.source.clone()).or_default(),
        };
        counts.is_changed = true;
        write_name(word, event.kind, gist.name.as_deref().unwrap_or_default());
        counts.names.note(word, event.received_at);
        counts.note_sdk(word, gist.context.unwrap_or_default(), event.received_at);
    }

    /// What is counted of a source.
    pub fn of(&self, source: &SourceId) -> SourceCensus {
        let Some(Counts { names, sdks, .. }) = self.sources.get(source) else {
            return SourceCensus::default();
        };
        let ((names, other_names), (sdks, other_sdks)) = (names.best(), sdks.best());
        let name = |(word, seen): (&str, Seen)| {
            let (kind, name) = word.split_once(' ').unwrap_or((word, ""));
            let kind = EventKind::ALL.into_iter().find(|one| one.as_str() == kind);
            let kind = kind.unwrap_or(EventKind::Other);
            NameCount { kind, name: name.to_owned(), seen }
        };
        let sdk = |(word, seen): (&str, Seen)| {
            let (version, name) = word.split_once('\n').unwrap_or(("", word));
            SdkCount { name: name.to_owned(), version: version.to_owned(), seen }
        };
        SourceCensus {
            names: names.into_iter().map(name).collect(),
            other_names,
            sdks: sdks.into_iter().map(sdk).collect(),
            other_sdks,
        }
    }

    /// Takes over a line as it was stored.
    pub fn restore(&mut self, source: SourceId, topic: Topic, word: String, seen: Seen) {
        let counts = self.sources.entry(source).or_default();
        let ranking = match topic {
            Topic::Names => &mut counts.names,
            Topic::Sdks => &mut counts.sdks,
        };
        let row = Row { seen, is_changed: false, is_stored: true };
        match word.is_empty() {
            true => ranking.other = Some(row),
            false => _ = ranking.rows.insert(word, row),
        }
    }

    /// The lines that are not stored as they are.
    pub fn changes(&self) -> impl Iterator<Item = Line<'_>> {
        let changed = self.sources.iter().filter(|(_, counts)| counts.is_changed);
        changed.flat_map(|(source, counts)| {
            let line = move |topic| move |(word, seen)| Line { source, topic, word, seen };
            let names = counts.names.changes().map(line(Topic::Names));
            names.chain(counts.sdks.changes().map(line(Topic::Sdks)))
        })
    }

    /// All of it is stored.
    pub fn stored(&mut self) {
        for counts in self.sources.values_mut().filter(|counts| counts.is_changed) {
            counts.is_changed = false;
            counts.names.stored();
            counts.sdks.stored();
        }
    }
}

impl Counts {
    fn note_sdk(&mut self, word: &mut String, context: &str, at: Timestamp) {
        let is_there = |sdk: &&Written| sdk.text.find(context.as_bytes()).is_some();
        if let Some(sdk) = self.latest_sdk.as_ref().filter(is_there) {
            return self.sdks.note(&sdk.word, at);
        }
        let library = Library::of(context);
        write_sdk(word, library.as_ref());
        self.sdks.note(word, at);
        if let Some(Library { written, .. }) = library {
            let text = Finder::new(&format!("\"library\":{written}")).into_owned();
            self.latest_sdk = Some(Written { text, word: word.clone() });
        }
    }
}

impl Ranking {
    fn of(kept: usize) -> Self {
        Self { kept, rows: HashMap::new(), other: None, gone: Vec::new() }
    }

    fn note(&mut self, word: &str, at: Timestamp) {
        if let Some(row) = self.rows.get_mut(word) {
            return row.merge(Seen::once(at));
        }
        self.rows.insert(word.to_owned(), Row::new(Seen::once(at)));
        if self.rows.len() > 2 * self.kept {
            self.cut();
        }
    }

    /// Adds up those that came least.
    fn cut(&mut self) {
        let least: Vec<_> = self
            .ranked()
            .split_off(self.kept)
            .into_iter()
            .map(|(word, _)| word.to_owned())
            .collect();
        for word in least {
            let Some(row) = self.rows.remove(&word) else { continue };
            match &mut self.other {
                Some(other) => other.merge(row.seen),
                None => self.other = Some(Row::new(row.seen)),
            }
            self.gone.extend(row.is_stored.then_some(word));
        }
    }

    /// All words, those that came most first; of as many, those that came last.
    fn ranked(&self) -> Vec<(&str, Seen)> {
        let mut all: Vec<_> =
            self.rows.iter().map(|(word, row)| (word.as_str(), row.seen)).collect();
        all.sort_unstable_by_key(|(word, seen)| (Reverse((seen.events, seen.last_at)), *word));
        all
    }

    /// Those that came most, and all others together.
    fn best(&self) -> (Vec<(&str, Seen)>, Option<Seen>) {
        let mut best = self.ranked();
        let rest = best.split_off(best.len().min(self.kept));
        let others = rest.into_iter().map(|(_, seen)| seen);
        let other = others.chain(self.other.map(|row| row.seen)).reduce(|mut all, one| {
            all.merge(one);
            all
        });
        (best, other)
    }

    fn changes(&self) -> impl Iterator<Item = (&str, Option<Seen>)> {
        let gone = self.gone.iter().map(|word| (word.as_str(), None));
        let other = self.other.iter().map(|row| ("", row));
        let rows = self.rows.iter().map(|(word, row)| (word.as_str(), row)).chain(other);
        let changed = rows.filter(|(_, row)| row.is_changed);
        // A word that went and came again is removed first.
        gone.chain(changed.map(|(word, row)| (word, Some(row.seen))))
    }

    fn stored(&mut self) {
        self.gone.clear();
        for row in self.rows.values_mut().chain(&mut self.other) {
            (row.is_changed, row.is_stored) = (false, true);
        }
    }
}

fn write_name(word: &mut String, kind: EventKind, name: &str) {
    word.clear();
    word.push_str(kind.as_str());
    word.push(' ');
    push_cut(word, name);
}

fn write_sdk(word: &mut String, library: Option<&Library<'_>>) {
    word.clear();
    if let Some(library) = library {
        // A version ends where the name begins.
        push_cut(word, library.version.lines().next().unwrap_or_default());
        word.push('\n');
        push_cut(word, &library.name);
    } else {
        word.push('\n');
    }
}

fn push_cut(word: &mut String, text: &str) {
    let more = text.char_indices().nth(COUNTED_NAME_CHARS_MAX).map(|(end, _)| end);
    word.push_str(&text[..more.unwrap_or(text.len())]);
    if more.is_some() {
        word.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(words: &[(&str, u32)]) -> Ranking {
        let mut ranking = Ranking::of(3);
        for (word, times) in words {
            for _ in 0..*times {
                ranking.note(word, Timestamp(1));
            }
        }
        ranking
    }

    fn words(ranking: &Ranking) -> (Vec<(&str, u64)>, u64) {
        let (best, other) = ranking.best();
        let best = best.into_iter().map(|(word, seen)| (word, seen.events)).collect();
        (best, other.map_or(0, |seen| seen.events))
    }

    #[test]
    fn what_comes_most_is_kept_and_the_rest_is_one_number() {
        let few = ranking(&[("a", 1), ("b", 3), ("c", 2)]);
        assert_eq!(words(&few), (vec![("b", 3), ("c", 2), ("a", 1)], 0));
        let more = ranking(&[("a", 1), ("b", 3), ("c", 2), ("d", 5)]);
        assert_eq!(words(&more), (vec![("d", 5), ("b", 3), ("c", 2)], 1));
        let mut flood = ranking(&[("a", 9), ("b", 3)]);
        for number in 0..1_000 {
            flood.note(&format!("id-{number}"), Timestamp(number));
            assert!(flood.rows.len() <= 6);
        }
        for _ in 0..4 {
            flood.note("new", Timestamp(2_000));
        }
        let (best, other) = words(&flood);
        assert_eq!((best, other), (vec![("a", 9), ("new", 4), ("b", 3)], 1_000));
    }

    #[test]
    fn what_is_stored_and_read_back_is_the_same() {
        let source = SourceId::new("app");
        let mut census = Census::default();
        let mut stored: HashMap<(u8, String), Seen> = HashMap::new();
        for number in 0..3_000_i64 {
            let counts = census.sources.entry(source.clone()).or_default();
            let name = if number % 3 == 0 { number % 60 } else { number };
            counts.names.note(&format!("track n{name}"), Timestamp(number));
            counts.sdks.note(&format!("{}\nsdk", number % 90), Timestamp(number));
            counts.is_changed = true;
            if number % 700 != 0 {
                continue;
            }
            for Line { topic, word, seen, .. } in census.changes() {
                let key = (topic as u8, word.to_owned());
                match seen {
                    Some(seen) => _ = stored.insert(key, seen),
                    None => _ = stored.remove(&key).expect("a line"),
                }
            }
            census.stored();
            let mut again = Census::default();
            for ((topic, word), seen) in stored.clone() {
                let topic = if topic == 0 { Topic::Names } else { Topic::Sdks };
                again.restore(source.clone(), topic, word, seen);
            }
            assert_eq!(again.of(&source), census.of(&source), "{number}");
            assert_eq!(again.changes().count(), 0);
        }
        assert!(census.of(&source).other_names.is_some());
        assert!(census.of(&source).other_sdks.is_some());
    }

    #[test]
    fn an_sdk_that_is_known_by_its_text_is_the_one_that_would_be_read() {
        let mut counts = Counts::default();
        let mut want: HashMap<&str, u64> = HashMap::new();
        let contexts = [
            (r#"{"ip":"::1","library":{"name":"web","version":"1"},"os":{}}"#, "1\nweb"),
            (r#"{"library":{"name":"web","version":"1"}}"#, "1\nweb"),
            (r#"{"library":{"name":"web","version":"11"}}"#, "11\nweb"),
            (r#"{"app":{"name":"web","version":"1"}}"#, "\n"),
            (r#"{"library" : {"name":"node"}}"#, "\nnode"),
            ("", "\n"),
        ];
        for at in 0..60_usize {
            // In an order in which each comes after each.
            let (context, word) = contexts[(at * at + at / 6) % contexts.len()];
            counts.note_sdk(&mut String::new(), context, Timestamp(1));
            *want.entry(word).or_default() += 1;
        }
        let (found, _) = words(&counts.sdks);
        assert_eq!(found.into_iter().collect::<HashMap<_, _>>(), want);
        assert_eq!(want.len(), 4);
    }

    #[test]
    fn words_are_cut_and_come_apart_as_they_were_put_together() {
        let mut word = String::new();
        write_name(&mut word, EventKind::Track, &"é".repeat(COUNTED_NAME_CHARS_MAX));
        assert_eq!(word.chars().count(), 6 + COUNTED_NAME_CHARS_MAX);
        write_name(&mut word, EventKind::Track, &"é".repeat(COUNTED_NAME_CHARS_MAX + 9));
        assert!(word.ends_with("é…") && word.chars().count() == 7 + COUNTED_NAME_CHARS_MAX);
        let library = Library { name: "a\nb".into(), version: "1\n2".into(), written: "" };
        write_sdk(&mut word, Some(&library));
        assert_eq!(word, "1\na\nb");
        write_sdk(&mut word, None);
        assert_eq!(word, "\n");
    }
}
