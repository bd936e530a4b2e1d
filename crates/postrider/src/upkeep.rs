//! Upkeep: what is done to a data directory from outside of a server, and how it is told.
//!
//! In come findings of the store, out go lines for people or JSON for programs. Deliberately unknown
//! here: what is in the files.

use std::path::Path;

use serde::Serialize;
use serde_json::json;
use storage::SeqRange;
use storage::embedded::{Copied, Damage, FileFindings, Findings};

use crate::console::Shape;

/// What a check found, as text that ends with a line's end.
pub fn told(dir: &Path, findings: &Findings, shape: Shape) -> String {
    match shape {
        Shape::Lines => lines(dir, findings),
        Shape::Json => report(dir, findings),
    }
}

/// What was copied, and where to.
pub fn copied(copied: Copied, to: &Path, shape: Shape) -> String {
    let to = to.display();
    if shape == Shape::Json {
        let places = pair(copied.places);
        let copied = json!({ "frames": copied.frames, "places": places, "to": to.to_string() });
        return format!("{copied}\n");
    }
    let events = copied.places.map_or("no events".to_owned(), |range| {
        format!("events of the places {} in {} frames", shown(range), copied.frames)
    });
    format!("copied {events}, their deliveries and the catalog to {to}\n")
}

fn lines(dir: &Path, findings: &Findings) -> String {
    let held = findings.holder.as_ref().map_or(String::new(), |holder| {
        format!("process {holder} is running on {}: checked as it is now\n", dir.display())
    });
    findings.files.iter().map(file_lines).fold(held, |text, lines| text + &lines)
}

fn file_lines(found: &FileFindings) -> String {
    let counts = found.counts.iter().map(|(what, count)| format!("{count} {what}"));
    let places = found.places.map(|range| format!("places {}", shown(range)));
    let verdict = if found.damage.is_empty() { "whole" } else { "DAMAGED" };
    let parts: Vec<_> = counts.chain(places).collect();
    let damages = found.damage.iter().map(|one| format!("  {}\n", damage_line(one)));
    format!("{}: {verdict}: {}\n{}", found.file, parts.join(", "), damages.collect::<String>())
}

fn damage_line(damage: &Damage) -> String {
    match damage.places {
        Some(range) => format!("{}: places {}", damage.what, shown(range)),
        None => damage.what.clone(),
    }
}

fn shown(SeqRange { first, last }: SeqRange) -> String {
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}

#[derive(Serialize)]
struct Report<'a> {
    data_dir: String,
    /// The process that runs on it, if any.
    holder: Option<&'a str>,
    whole: bool,
    files: Vec<FileReport<'a>>,
}

#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    counts: serde_json::Map<String, serde_json::Value>,
    places: Option<[u64; 2]>,
    damage: Vec<DamageReport<'a>>,
}

#[derive(Serialize)]
struct DamageReport<'a> {
    what: &'a str,
    places: Option<[u64; 2]>,
}

impl<'a> FileReport<'a> {
    fn of(found: &'a FileFindings) -> Self {
        let count = |(what, count): &(&str, u64)| ((*what).to_owned(), (*count).into());
        let damage = |one: &'a Damage| DamageReport { what: &one.what, places: pair(one.places) };
        Self {
            file: found.file,
            counts: found.counts.iter().map(count).collect(),
            places: pair(found.places),
            damage: found.damage.iter().map(damage).collect(),
        }
    }
}

fn pair(range: Option<SeqRange>) -> Option<[u64; 2]> {
    range.map(|range| [range.first.0, range.last.0])
}

fn report(dir: &Path, findings: &Findings) -> String {
    let report = Report {
        data_dir: dir.display().to_string(),
        holder: findings.holder.as_deref(),
        whole: findings.is_whole(),
        files: findings.files.iter().map(FileReport::of).collect(),
    };
    serde_json::to_string(&report).map_or_else(|error| error.to_string(), |text| text + "\n")
}
