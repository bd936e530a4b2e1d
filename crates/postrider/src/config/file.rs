//! The file's face: `postrider.toml`, with the line of every mistake.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{ConfigMistake, Origin};
use super::suggest::nearest;
use super::table::{self, Row, Setting};
use super::units::Fault;

/// Reads the file's text; mistakes are added to `mistakes`, in the order of their lines.
pub fn read(path: &Path, text: &str, mistakes: &mut Vec<ConfigMistake>) -> Vec<Setting> {
    let mut reading = Reading { path, text, settings: Vec::new(), mistakes: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let what = error.message().replace('\n', ", ");
        let fault = Fault::new(what, "see https://toml.io for how TOML is written");
        reading.mistake(error.span().map_or(0, |span| span.start), fault);
    }
    // What follows a slip of the pen is guesswork: those mistakes come first, alone.
    if errors.is_empty() {
        reading.table("", table.get_ref());
    }
    reading.mistakes.sort();
    mistakes.append(&mut reading.mistakes);
    reading.settings
}

struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
    settings: Vec<Setting>,
    mistakes: Vec<ConfigMistake>,
}

impl Reading<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = match prefix {
                "" => name.get_ref().to_string(),
                _ => format!("{prefix}.{}", name.get_ref()),
            };
            self.entry(&key, name.span().start, value);
        }
    }

    fn entry(&mut self, key: &str, at: usize, value: &Spanned<DeValue<'_>>) {
        if let Some(row) = table::row(key) {
            match text_of(row, value.get_ref()) {
                Ok(text) => {
                    let origin = self.origin(at);
                    self.settings.push(Setting { row, text, origin });
                }
                Err(fault) => self.mistake(at, about(key, fault)),
            }
            return;
        }
        let is_section = table::SECTIONS.iter().any(|section| section.prefix == key);
        match value.get_ref() {
            DeValue::Table(inner) if is_section => self.table(key, inner),
            _ if is_section => {
                let hint = format!("write [{key}] and its settings below");
                self.mistake(at, about(key, Fault::new("this is a section", hint)));
            }
            _ => self.mistake(at, about(key, unknown(key))),
        }
    }

    fn mistake(&mut self, at: usize, fault: Fault) {
        let origin = self.origin(at);
        self.mistakes.push(ConfigMistake::new(origin, fault));
    }

    fn origin(&self, at: usize) -> Origin {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Origin::File { path: self.path.to_owned(), line: Some(line) }
    }
}

/// Puts the key before what is wrong: a line number alone is hard to follow.
fn about(key: &str, fault: Fault) -> Fault {
    Fault { what: format!("{key}: {}", fault.what), hint: fault.hint }
}

fn unknown(key: &str) -> Fault {
    let sections = table::SECTIONS.iter().map(|section| section.prefix);
    let known = table::rows().map(|row| row.key).chain(sections);
    let hint = match nearest(key, known) {
        Some(near) => format!("did you mean {near}?"),
        None => "see `postrider config reference` for every setting".into(),
    };
    Fault::new("there is no such setting", hint)
}

/// The text of a value, as a flag would give it.
fn text_of(row: &Row, value: &DeValue<'_>) -> Result<String, Fault> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| Fault::new("the number is too large", "write a smaller one")),
        DeValue::Float(number) if row.kind.is_share() => Ok(number.as_str().to_owned()),
        DeValue::Array(parts) if row.kind.is_list() => parts
            .iter()
            .map(|part| match part.get_ref() {
                DeValue::String(text) => Ok(text.as_ref()),
                _ => Err(Fault::new("the list holds something else than strings", list_hint())),
            })
            .collect::<Result<Vec<&str>, Fault>>()
            .map(|parts| parts.join(", ")),
        other => {
            let hint = if row.kind.is_list() { list_hint() } else { plain_hint(row) };
            Err(Fault::new(format!("the value is a TOML {}", other.type_str()), hint))
        }
    }
}

fn list_hint() -> String {
    "write strings in brackets, for example [\"10.0.0.0/8\"]".into()
}

fn plain_hint(row: &Row) -> String {
    format!("write for example {} = {}", row.name(), row.kind.as_toml(row.default))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Vec<(&'static str, String, String)>, Vec<String>) {
        let mut mistakes = Vec::new();
        let settings = read(Path::new("p.toml"), text, &mut mistakes);
        let settings = settings
            .into_iter()
            .map(|setting| (setting.row.key, setting.text, setting.origin.to_string()))
            .collect();
        (settings, mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn settings_carry_their_lines() {
        let (settings, mistakes) = read_text(
            "data_dir = \"d\"\n\n[delivery]\nconcurrency = 0x10\n\n\
             [egress]\nallow = [\"::1\", \"::2\"]\n[otel]\nsample = 0.5\n",
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(
            settings,
            [
                ("data_dir", "d".into(), "p.toml:1".into()),
                ("delivery.concurrency", "16".into(), "p.toml:4".into()),
                ("egress.allow", "::1, ::2".into(), "p.toml:7".into()),
                ("otel.sample", "0.5".into(), "p.toml:9".into()),
            ]
        );
    }

    #[test]
    fn dotted_keys_and_inline_tables_are_the_same_setting() {
        for text in ["delivery.timeout = \"1s\"", "delivery = { timeout = \"1s\" }"] {
            let (settings, mistakes) = read_text(text);
            assert!(mistakes.is_empty(), "{mistakes:?}");
            assert_eq!(settings[0].0, "delivery.timeout");
        }
    }

    #[test]
    fn unknown_keys_are_all_named_with_their_lines() {
        let (_, mistakes) =
            read_text("gatway = \"x\"\n[delivry]\ntimeout = \"1s\"\n[delivery]\ntimout = \"1s\"\n");
        assert_eq!(
            mistakes,
            [
                "p.toml:1: gatway: there is no such setting; did you mean gateway?",
                "p.toml:2: delivry: there is no such setting; did you mean delivery?",
                "p.toml:5: delivery.timout: there is no such setting; \
                 did you mean delivery.timeout?",
            ]
        );
    }

    #[test]
    fn values_of_a_wrong_shape_are_explained() {
        let check = |text: &str, expected: &str| {
            let (_, mistakes) = read_text(text);
            assert_eq!(mistakes, [expected], "{text}");
        };
        check(
            "data_dir = true",
            "p.toml:1: data_dir: the value is a TOML boolean; \
             write for example data_dir = \"./data\"",
        );
        check(
            "delivery = 3",
            "p.toml:1: delivery: this is a section; write [delivery] and its settings below",
        );
        check(
            "egress.allow = [1]",
            "p.toml:1: egress.allow: the list holds something else than strings; \
             write strings in brackets, for example [\"10.0.0.0/8\"]",
        );
        check(
            "runtime.threads = 1.5",
            "p.toml:1: runtime.threads: the value is a TOML float; write for example threads = 0",
        );
    }

    #[test]
    fn slips_of_the_pen_name_their_lines() {
        let (settings, mistakes) = read_text("data_dir = \"d\"\ngateway =\nadmin = \n");
        assert!(settings.is_empty());
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(mistakes[0].starts_with("p.toml:2: "), "{mistakes:?}");
        assert!(mistakes[1].starts_with("p.toml:3: "), "{mistakes:?}");
    }
}
