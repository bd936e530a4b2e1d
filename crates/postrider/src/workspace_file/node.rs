//! A JSON value that knows where it stands.
//!
//! Every value is a slice of the file's text, so its line is a matter of counting: no second parser
//! is needed to say where a mistake is.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::finding::Finding;
use crate::config::suggest::nearest;

/// A value of the file.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// The whole text.
    text: &'a str,
    /// The value's part of it.
    raw: &'a str,
    /// Where it stands, as in `sources[0].writeKey`.
    path: String,
}

/// A node that is an object.
#[derive(Debug)]
pub struct Object<'a> {
    node: Node<'a>,
    members: Vec<(String, Node<'a>)>,
}

/// Says why a text is not JSON; none where it is.
pub fn syntax_fault(text: &str) -> Option<Finding> {
    let error = serde_json::from_str::<&RawValue>(text).err()?;
    let sentence = error.to_string();
    let reason = sentence.split(" at line ").next().unwrap_or(&sentence);
    let reason = format!("column {}: the file is not JSON: {reason}", error.column());
    Some(Finding::new(error.line().max(1), "", reason))
}

impl<'a> Node<'a> {
    /// The value that is the whole text.
    pub fn root(text: &'a str) -> Self {
        Self { text, raw: text.trim(), path: String::new() }
    }

    /// Where it stands.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value as it is written.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// The line on which it begins, from 1.
    pub fn line(&self) -> usize {
        // Both are parts of one text, so the difference of their addresses is an offset.
        let at = self.raw.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// A finding about this value.
    pub fn finding(&self, reason: impl Into<String>) -> Finding {
        let path = if self.path.is_empty() { "(top)" } else { &self.path };
        Finding::new(self.line(), path, reason)
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.raw == "null"
    }

    /// What it is, with an article.
    pub fn kind(&self) -> &'static str {
        match self.raw.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// The text of a string.
    ///
    /// # Errors
    /// A finding where it is something else, or half of a surrogate pair.
    pub fn string(&self) -> Result<String, Finding> {
        self.decode("a string")
    }

    /// One of a few words.
    ///
    /// # Errors
    /// A finding where it is something else.
    pub fn one_of(&self, known: &[&'static str]) -> Result<&'static str, Finding> {
        let word = self.string()?;
        known.iter().copied().find(|own| *own == word).ok_or_else(|| {
            self.finding(format!("is {word:?}, but must be one of {}", known.join(", ")))
        })
    }

    /// The value of a boolean.
    ///
    /// # Errors
    /// A finding where it is something else.
    pub fn boolean(&self) -> Result<bool, Finding> {
        self.decode("a boolean")
    }

    /// The value of a whole number within bounds.
    ///
    /// # Errors
    /// A finding where it is something else.
    pub fn whole_number(&self, range: RangeInclusive<u32>) -> Result<u32, Finding> {
        if self.kind() != "a number" {
            return Err(self.finding(format!("is {}, but must be a number", self.kind())));
        }
        self.raw.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            let raw = self.raw;
            self.finding(format!("is {raw}, but must be a whole number from {least} to {most}"))
        })
    }

    /// The elements of a list.
    ///
    /// # Errors
    /// A finding where it is something else.
    pub fn elements(&self) -> Result<Vec<Self>, Finding> {
        let raws: Vec<&'a RawValue> = self.decode("a list")?;
        let child = |(index, raw): (usize, &'a RawValue)| {
            self.child(raw, format!("{}[{index}]", self.path))
        };
        Ok(raws.into_iter().enumerate().map(child).collect())
    }

    /// The members of an object.
    ///
    /// # Errors
    /// A finding where it is something else.
    pub fn object(&self) -> Result<Object<'a>, Finding> {
        let members: Members<'a> = self.decode("an object")?;
        let child = |(name, raw): (Cow<'a, str>, &'a RawValue)| {
            let node = self.child(raw, self.path_of(&name));
            (name.into_owned(), node)
        };
        Ok(Object { node: self.clone(), members: members.0.into_iter().map(child).collect() })
    }

    fn decode<T: Deserialize<'a>>(&self, wanted: &str) -> Result<T, Finding> {
        serde_json::from_str(self.raw).map_err(|_| {
            if self.kind() == wanted {
                self.finding("holds an escape that is no character")
            } else {
                self.finding(format!("is {}, but must be {wanted}", self.kind()))
            }
        })
    }

    fn child(&self, raw: &'a RawValue, path: String) -> Self {
        Self { text: self.text, raw: raw.get(), path }
    }

    fn path_of(&self, member: &str) -> String {
        if self.path.is_empty() { member.to_owned() } else { format!("{}.{member}", self.path) }
    }
}

impl<'a> Object<'a> {
    /// The object as a value.
    pub fn node(&self) -> &Node<'a> {
        &self.node
    }

    /// The member with this name, unless it is `null`; the last one where there are several.
    ///
    /// Letter case decides only between several, as in the server that these files are made for.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        let find = |matches: &dyn Fn(&str) -> bool| {
            self.members.iter().rev().find(|(known, _)| matches(known))
        };
        find(&|known| known == name)
            .or_else(|| find(&|known| known.eq_ignore_ascii_case(name)))
            .map(|(_, node)| node)
            .filter(|node| !node.is_null())
    }

    /// Names and values of all members, as they stand.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Node<'a>)> {
        self.members.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// The values of all members.
    pub fn nodes(&self) -> impl Iterator<Item = &Node<'a>> {
        self.members.iter().map(|(_, node)| node)
    }

    /// Findings about members that have none of these names, or one in other letters that is there
    /// as it is spelled, too.
    pub fn unknown(&self, names: &'static [&str]) -> impl Iterator<Item = Finding> {
        let is_there = |name: &str| self.members.iter().any(|(known, _)| known == name);
        let is_known = move |name: &str| {
            let mut alike = names.iter().filter(|known| known.eq_ignore_ascii_case(name));
            alike.any(|known| *known == name || !is_there(known))
        };
        let unknown = self.members.iter().filter(move |(name, _)| !is_known(name));
        unknown.map(|(name, node)| {
            let hint = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", names.join(", ")),
            };
            node.finding(format!("is not known here; {hint}"))
        })
    }

    /// A finding about a member that is not there.
    pub fn missing(&self, name: &str) -> Finding {
        let path = self.node.path_of(name);
        Finding::new(self.node.line(), path, "is missing")
    }
}

/// Members in the order of the text, repeated names included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
