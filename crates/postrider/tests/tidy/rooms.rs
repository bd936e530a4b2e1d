//! How rooms may name each other, and what the domain may name at all.

use crate::source::{Finding, Source, has_word, numbered};

/// Rooms of the server that never name each other: they meet only in the journal.
const APART: [(&str, &str); 2] = [("gateway", "dispatch"), ("dispatch", "gateway")];

const SERVER: &str = "crates/postrider/src/";
const DOMAIN: &str = "crates/domain/src/";

/// What the domain cannot do: wait, do I/O, read a clock, be random.
const NOT_IN_DOMAIN: [&str; 15] = [
    "tokio",
    "async",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::fs",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "rand",
    "getrandom",
];

/// All rules of this kind.
pub fn check(source: &Source) -> Vec<Finding> {
    [apart(source), pure(source)].concat()
}

fn apart(source: &Source) -> Vec<Finding> {
    let Some(inside) = source.path.strip_prefix(SERVER) else { return Vec::new() };
    let room = inside.split(['/', '.']).next().unwrap_or(inside);
    let Some((_, other)) = APART.into_iter().find(|(one, _)| *one == room) else {
        return Vec::new();
    };
    paths_from_the_root(&source.code)
        .filter(|(_, path)| has_word(path, other))
        .map(|(at, _)| source.finding(at, "rooms", format!("{room} names {other}")))
        .collect()
}

/// Every path that begins with `crate::` or `super::`, with its braces, and its line.
fn paths_from_the_root(code: &str) -> impl Iterator<Item = (usize, &str)> {
    ["crate::", "super::"].into_iter().flat_map(move |start| {
        code.match_indices(start).map(move |(at, _)| {
            let line = 1 + code[..at].matches('\n').count();
            (line, path_at(&code[at..]))
        })
    })
}

/// The path at the beginning of a text: to the end of its braces, or of its last name.
fn path_at(text: &str) -> &str {
    let mut depth = 0usize;
    let end = text.find(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let part = c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}');
        depth == 0 && !part
    });
    end.map_or(text, |end| &text[..end])
}

fn pure(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with(DOMAIN) {
        return Vec::new();
    }
    let fault = |(at, line): (usize, &str)| {
        let word = NOT_IN_DOMAIN.into_iter().find(|word| has_word(line, word))?;
        Some(source.finding(at, "domain", format!("{word} is not for the domain")))
    };
    numbered(&source.code).filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn gateway_and_dispatch_never_name_each_other() {
        let check = |room: &str, text: &str, findings: usize| {
            let path = format!("crates/postrider/src/{room}");
            assert_eq!(found(&path, text).len(), findings, "{room}: {text}");
        };
        check("gateway/mod.rs", "use crate::dispatch::Lane;", 1);
        check("gateway/a.rs", "use crate::{send, dispatch};", 1);
        check("gateway/a.rs", "use crate::{\n    send,\n    dispatch::{A, B},\n};", 1);
        check("gateway/a.rs", "let x = super::super::dispatch::start();", 2);
        check("gateway.rs", "crate::dispatch::start()", 1);
        check("dispatch/a.rs", "use crate::gateway::Gateway;", 1);
        check("gateway/a.rs", "use crate::send::Sender; let dispatch = 1;", 0);
        check("gateway/a.rs", "self.dispatch(); // crate::dispatch", 0);
        check("dispatch/a.rs", "use crate::dispatch::lanes;", 0);
        check("lib.rs", "use crate::{gateway, dispatch};", 0);
    }

    #[test]
    fn the_domain_cannot_wait_read_clocks_or_be_random() {
        let path = "crates/domain/src/a.rs";
        for text in [
            "use tokio::sync::watch;",
            "use std::time::Instant;",
            "std::fs::read(x)",
            "async fn f() {}",
            "rand::random()",
            "jiff::Timestamp::now()",
        ] {
            assert_eq!(found(path, text).len(), 1, "{text}");
        }
        assert!(
            found(path, "struct InstantReply; // SystemTime\nlet brand = \"rand\";").is_empty()
        );
        assert!(found("crates/storage/src/a.rs", "use tokio::sync::watch;").is_empty());
    }
}
