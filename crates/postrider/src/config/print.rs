//! `config print`: the effective config as TOML, each value with its origin.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::gather::Gathered;
use super::table::{SECTIONS, Section, Setting};

/// Writes a file that would give the same config, with the origin of each value as a comment.
pub fn as_toml(gathered: &Gathered) -> String {
    let mut text = match &gathered.file {
        Some(path) => {
            format!("# The effective configuration; the file {} was read.\n", path.display())
        }
        None => "# The effective configuration; no file was read.\n".to_owned(),
    };
    for section in SECTIONS {
        text.push('\n');
        print_section(&mut text, section, &gathered.settings);
    }
    text
}

/// The same for programs: by key, each value as the file has it, and its origin.
pub fn as_json(gathered: &Gathered) -> Value {
    let setting = |setting: &Setting| {
        let row = setting.row;
        let line = format!("value = {}", row.kind.as_toml(&setting.text));
        // What is printed is TOML, which the other test reads back.
        let read: Value = toml::from_str(&line).unwrap_or_default();
        let origin = setting.origin.to_string();
        (row.key.to_owned(), json!({ "value": read["value"], "origin": origin }))
    };
    let settings: Map<String, Value> = gathered.settings.iter().map(setting).collect();
    let file = gathered.file.as_ref().map(|path| path.display().to_string());
    json!({ "file": file, "settings": settings })
}

fn print_section(text: &mut String, section: &Section, settings: &[Setting]) {
    if !section.prefix.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[{}]", section.prefix);
    }
    let of_section = section
        .rows
        .iter()
        .filter_map(|row| settings.iter().find(|setting| setting.row.key == row.key));
    for setting in of_section {
        let value = setting.row.kind.as_toml(&setting.text);
        let _ = writeln!(text, "{} = {value}  # {}", setting.row.name(), setting.origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::gather::{Inputs, gather};
    use crate::config::mistake::Origin;
    use crate::config::table;

    fn gathered(file: &str) -> Gathered {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(table::FILE_DEFAULT), file).expect("a file");
        let row = table::row("egress.allow").expect("a row");
        let text = "10.0.0.0/8, fd00::/8".into();
        let flags = vec![Setting { row, text, origin: Origin::Flag(row.flag()) }];
        gather(Inputs { flags, dir: dir.path().to_owned(), ..Inputs::default() }).expect("a config")
    }

    #[test]
    fn each_value_says_where_it_came_from() {
        let printed = as_toml(&gathered("[delivery]\ntimeout = \"3s\"\n"));
        for line in [
            "# The effective configuration; the file postrider.toml was read.",
            "data_dir = \"./data\"  # default",
            "[egress]\nallow = [\"10.0.0.0/8\", \"fd00::/8\"]  # --egress-allow",
            "timeout = \"3s\"  # postrider.toml:2",
            "concurrency = 64  # default",
        ] {
            assert!(printed.contains(line), "{line} is not in\n{printed}");
        }
    }

    #[test]
    fn programs_get_values_and_origins() {
        let printed = as_json(&gathered("[delivery]\ntimeout = \"3s\"\n"));
        let settings = &printed["settings"];
        let check = |key: &str, value: Value, origin: &str| {
            assert_eq!(settings[key], json!({ "value": value, "origin": origin }));
        };
        check("egress.allow", json!(["10.0.0.0/8", "fd00::/8"]), "--egress-allow");
        check("delivery.timeout", json!("3s"), "postrider.toml:2");
        check("delivery.concurrency", json!(64), "default");
        assert_eq!(printed["file"], "postrider.toml");
        assert_eq!(settings.as_object().map(Map::len), Some(table::rows().count()));
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_config() {
        let first = gathered("data_dir = 'with \"quotes\"'\n[delivery]\ntimeout = \"3s\"\n");
        let second = gathered(&as_toml(&first));
        assert_eq!(first.config, second.config);
    }
}
