//! Which words may be used: names of types, engine words, and what never stays in code.

use crate::source::{Finding, Source, has_word, numbered};

/// Words that say nothing, as parts of type names.
const EMPTY_WORDS: [&str; 13] = [
    "Message",
    "Job",
    "Task",
    "Item",
    "Data",
    "Info",
    "Manager",
    "Handler",
    "Processor",
    "Service",
    "Util",
    "Common",
    "Helper",
];

/// What never stays in Rust code.
const NEVER: [&str; 5] = ["unsafe", "todo!", "unimplemented!", "dbg!", "#[ignore"];

/// Words of the storage engines, lower case.
const ENGINE_WORDS: [&str; 4] = ["sqlite", "jetstream", "pragma ", "nats://"];

/// How statements to an engine begin; a table's name never comes without one.
const STATEMENTS: [&str; 7] = [
    "CREATE TABLE",
    "CREATE INDEX",
    "INSERT INTO",
    "INSERT OR",
    "DELETE FROM",
    "SELECT ",
    "UPDATE ",
];

/// Where engine words belong.
const ENGINE_ROOMS: [&str; 3] =
    ["crates/storage/src/embedded", "crates/storage/src/nats", "crates/storage/src/error.rs"];

/// All rules of this kind.
pub fn check(source: &Source) -> Vec<Finding> {
    [type_names(source), never(source), engine_words(source), sleeps(source)].concat()
}

fn type_names(source: &Source) -> Vec<Finding> {
    let fault = |(at, line): (usize, &str)| {
        let name = defined_type(line)?;
        let word = camel_words(name).find(|word| EMPTY_WORDS.contains(word))?;
        Some(source.finding(at, "type name", format!("{name} holds the word {word}")))
    };
    numbered(&source.code).filter_map(fault).collect()
}

/// The type that a line defines. A `type` inside an `impl` is somebody else's name.
fn defined_type(line: &str) -> Option<&str> {
    let indented = line.starts_with(' ');
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    let keyword = words.next()?;
    let defines =
        matches!(keyword, "struct" | "enum" | "trait") || (keyword == "type" && !indented);
    let name = words.next().filter(|_| defines)?;
    name.split(|c: char| !c.is_alphanumeric()).next()
}

fn camel_words(name: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> =
        name.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([name.len()]).collect();
    starts.into_iter().zip(ends).map(move |(start, end)| &name[start..end])
}

fn never(source: &Source) -> Vec<Finding> {
    let fault = |(at, line): (usize, &str)| {
        let word = NEVER.into_iter().find(|word| has_word(line, word))?;
        Some(source.finding(at, "never", format!("{word} is not used here")))
    };
    numbered(&source.code).filter_map(fault).collect()
}

fn engine_words(source: &Source) -> Vec<Finding> {
    let in_crates = source.path.starts_with("crates/") && source.path.contains("/src/");
    let at_home = ENGINE_ROOMS.iter().any(|room| source.path.starts_with(room));
    if !in_crates || at_home {
        return Vec::new();
    }
    let fault = |(at, line): (usize, &str)| {
        let lower = line.to_lowercase();
        let word = ENGINE_WORDS.into_iter().find(|word| lower.contains(word));
        let word = word.or_else(|| STATEMENTS.into_iter().find(|word| line.contains(word)))?;
        let what = format!("{:?} belongs into an engine's folder", word.trim());
        Some(source.finding(at, "engine word", what))
    };
    numbered(&source.uncommented).filter_map(fault).collect()
}

/// Tests wait for a state, never for a time.
fn sleeps(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        let is_test = source.path.contains("/e2e/") || source.path.contains(".test.");
        let waits = |(_, line): &(usize, &str)| is_test && line.contains("waitForTimeout(");
        let found = numbered(&source.text).filter(waits);
        return found
            .map(|(at, _)| source.finding(at, "sleep", "a test waits for a time"))
            .collect();
    }
    let of_tests = source.path.contains("/tests/") || source.path.ends_with("/tests.rs");
    let from = test_module_line(source);
    let from = if of_tests { Some(0) } else { from };
    numbered(&source.code)
        .filter(|(at, line)| from.is_some_and(|from| *at > from) && has_word(line, "sleep("))
        .map(|(at, _)| source.finding(at, "sleep", "a test sleeps: wait for a state"))
        .collect()
}

/// The line before an inline module of tests, which stands at the end of its file.
fn test_module_line(source: &Source) -> Option<usize> {
    let lines: Vec<&str> = source.code.lines().map(str::trim).collect();
    let begins = |pair: &[&str]| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].contains('{')
    };
    lines.windows(2).position(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn type_names_say_something() {
        let check = |text: &str, word: Option<&str>| {
            let found = found("a.rs", text);
            assert_eq!(found.len(), usize::from(word.is_some()), "{text}: {found:?}");
            assert!(word.is_none_or(|word| found[0].ends_with(word)), "{text}: {found:?}");
        };
        check("pub struct UserData;", Some("Data"));
        check("enum JobKind {}", Some("Job"));
        check("pub(crate) trait Handler<T> {}", Some("Handler"));
        check("type Item = u8;", Some("Item"));
        check("    type Item = u8;", None);
        check("struct Database;", None);
        check("struct Jobless;", None);
        check("fn f(x: UserData) {}", None);
        check("// struct UserData;", None);
    }

    #[test]
    fn some_things_never_stay() {
        for word in ["unsafe { x }", "todo!()", "#[ignore]", "#[ignore = \"x\"]", "dbg!(x)"] {
            assert_eq!(found("a.rs", word).len(), 1, "{word}");
        }
        assert!(found("a.rs", "#![forbid(unsafe_code)] // unsafe\nlet x = \"todo!\";").is_empty());
        assert!(found("a.md", "todo! unsafe").is_empty());
    }

    #[test]
    fn engine_words_stay_in_their_rooms() {
        let elsewhere = "crates/storage/src/journal.rs";
        assert_eq!(found(elsewhere, "use rusqlite::Connection;").len(), 1);
        assert_eq!(found(elsewhere, "let sql = \"SELECT x FROM y\";").len(), 1);
        assert_eq!(found("crates/postrider/src/a.rs", "struct JetStreamThing;").len(), 1);
        assert!(found(elsewhere, "// Like SQLite does.").is_empty());
        assert!(found("crates/storage/src/embedded/a.rs", "use rusqlite::X;").is_empty());
        assert!(found("crates/storage/src/error.rs", "OldSqlite").is_empty());
        assert!(found("tests/faults/a.rs", "sqlite").is_empty());
    }

    #[test]
    fn tests_do_not_sleep() {
        assert_eq!(found("crates/a/tests/b.rs", "sleep(x)").len(), 1);
        assert_eq!(found("crates/a/src/b/tests.rs", "thread::sleep(x)").len(), 1);
        let text = "sleep(x);\n#[cfg(test)]\nmod tests { tokio::time::sleep(x) }";
        assert_eq!(found("a.rs", text), ["a.rs:3: sleep: a test sleeps: wait for a state"]);
        assert!(found("a.rs", "sleep(x)").is_empty());
        assert!(found("a.rs", "#[cfg(test)]\nmod tests;\nfn f() { sleep(x) }").is_empty());
        assert_eq!(found("web/e2e/a.spec.ts", "await page.waitForTimeout(5)").len(), 1);
    }
}
