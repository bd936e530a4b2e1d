//! Paths into an event, and the one pass that finds what stands there.

use std::fmt;

use smallvec::SmallVec;

use super::condition::parse;
use crate::event::json::{Fault, Scanner, Span, ValueKind, key_is, write_string};
use crate::limits;

/// A place in an event, as in `properties.items[0].sku`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path(Vec<Segment>);

/// A step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Segment {
    /// Into the member of an object.
    Key(String),
    /// Into the element of a list, from 0.
    Index(usize),
}

impl Path {
    /// A path of these steps.
    pub fn new(segments: Vec<Segment>) -> Self {
        Self(segments)
    }

    /// A path into members of objects.
    pub fn of_keys(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Segment::Key((*key).to_owned())).collect())
    }

    /// Its steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    if number > 0 {
                        f.write_str(".")?;
                    }
                    let is_plain = parse::is_word(key) && !(number == 0 && parse::is_reserved(key));
                    if is_plain { f.write_str(key)? } else { f.write_str(&quoted(key))? }
                }
            }
        }
        Ok(())
    }
}

/// A text with the quotes and escapes of JSON.
pub(super) fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_string(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The raw value at each path; none where the path leads nowhere.
pub type Picked<'t> = SmallVec<[Option<&'t str>; 8]>;

/// Which paths lead through the value at hand.
type Active = SmallVec<[usize; 8]>;

/// Finds what stands at some paths of an event, in one pass and without copying.
///
/// Of a key that stands twice the last one counts, as in every other JSON reader. In a text that is
/// no event nothing is found.
pub fn pick<'t, 'p>(text: &'t str, paths: impl Iterator<Item = &'p Path>) -> Picked<'t> {
    let paths: SmallVec<[&Path; 8]> = paths.collect();
    let nothing: Picked<'t> = paths.iter().map(|_| None).collect();
    if paths.is_empty() {
        return nothing;
    }
    let active: Active = (0..paths.len()).collect();
    let mut pass = Pass { text, paths: &paths, found: nothing.clone() };
    let mut scanner = Scanner::new(text, limits::STORED_SCAN);
    match pass.value(&mut scanner, &active, 0) {
        Ok(()) => pass.found,
        Err(_) => nothing,
    }
}

struct Pass<'t, 'a, 'p> {
    text: &'t str,
    paths: &'a [&'p Path],
    found: Picked<'t>,
}

impl<'t> Pass<'t, '_, '_> {
    /// Passes a value that the first `depth` segments of the active paths lead to.
    fn value(
        &mut self,
        scanner: &mut Scanner<'t>,
        active: &Active,
        depth: usize,
    ) -> Result<(), Fault> {
        let kind = scanner.peek();
        let start = scanner.at();
        let leads_on = active.iter().any(|path| self.paths[*path].0.len() > depth);
        match kind {
            ValueKind::Object if leads_on => self.members(scanner, active, depth)?,
            ValueKind::Array if leads_on => self.elements(scanner, active, depth)?,
            _ => scanner.skip().map(|_| ())?,
        }
        let value = Span { start, end: scanner.at() }.of(self.text);
        for path in active.iter().filter(|path| self.paths[**path].0.len() == depth) {
            self.found[*path] = Some(value);
        }
        Ok(())
    }

    fn members(
        &mut self,
        scanner: &mut Scanner<'t>,
        active: &Active,
        depth: usize,
    ) -> Result<(), Fault> {
        let passed = scanner.members(|scanner, key| {
            let name = key.of(self.text);
            let next = self.matching(active, depth, |segment| match segment {
                Segment::Key(wanted) => key_is(name, wanted),
                Segment::Index(_) => false,
            });
            self.step(scanner, &next, depth)
        });
        passed.map(|_| ())
    }

    fn elements(
        &mut self,
        scanner: &mut Scanner<'t>,
        active: &Active,
        depth: usize,
    ) -> Result<(), Fault> {
        let mut place = 0;
        let passed = scanner.elements(|scanner| {
            let next = self.matching(active, depth, |one| *one == Segment::Index(place));
            place += 1;
            self.step(scanner, &next, depth)
        });
        passed.map(|_| ())
    }

    fn matching(
        &self,
        active: &Active,
        depth: usize,
        matches: impl Fn(&Segment) -> bool,
    ) -> Active {
        let leads = |path: &usize| self.paths[*path].0.get(depth).is_some_and(&matches);
        active.iter().copied().filter(leads).collect()
    }

    fn step(
        &mut self,
        scanner: &mut Scanner<'t>,
        next: &Active,
        depth: usize,
    ) -> Result<(), Fault> {
        if next.is_empty() {
            return scanner.skip().map(|_| ());
        }
        for path in next {
            self.found[*path] = None;
        }
        self.value(scanner, next, depth + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_finds_what_stands_at_the_paths() {
        let text = r#"{"a":{"b":[10,{"c":"x"}],"\u0062b":1},"a b":{"c":null}, "n" : [[1],[2,3]] }"#;
        let check = |path: &[Segment], want: Option<&str>| {
            let path = Path::new(path.to_vec());
            assert_eq!(pick(text, [&path].into_iter())[0], want, "{path}");
        };
        let key = |key: &str| Segment::Key(key.to_owned());
        let index = Segment::Index;
        check(&[key("a"), key("b"), index(0)], Some("10"));
        check(&[key("a"), key("b"), index(1), key("c")], Some("\"x\""));
        check(&[key("a"), key("b"), index(2)], None);
        check(&[key("a"), key("bb")], Some("1"));
        check(&[key("a"), key("b")], Some(r#"[10,{"c":"x"}]"#));
        check(&[key("a b"), key("c")], Some("null"));
        check(&[key("a b"), key("c"), key("d")], None);
        check(&[key("n"), index(1), index(1)], Some("3"));
        check(&[key("a"), index(0)], None);
        check(&[key("n"), key("0")], None);
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_one_counts() {
        let path = Path::of_keys(&["a", "b"]);
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(pick(text, [&path].into_iter())[0], want, "{text}");
        };
        check(r#"{"a":{"b":1},"a":{"b":2}}"#, Some("2"));
        check(r#"{"a":{"b":1},"a":{"c":2}}"#, None);
        check(r#"{"a":{"b":1},"a":7}"#, None);
        check(r#"{"a":{"b":1,"b":{}}}"#, Some("{}"));
        check(r#"{"a":{"b":1},"#, None);
    }
}
