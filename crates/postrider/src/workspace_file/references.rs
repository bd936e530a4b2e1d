//! References of a workspace that is sent somewhere: looked up here, where its author is.
//!
//! In come the parts of a workspace where secrets stand; out goes the same with what the references
//! name, written so that it is taken for nothing else. Everything but those places stays as it is.

use std::path::Path;

use serde_json::Value;

/// Looks up every reference of a workspace, of either shape; `base` is where paths begin.
///
/// # Errors
/// Every one that leads nowhere, with its place.
pub fn look_up(workspace: &mut Value, base: &Path) -> Result<(), Vec<String>> {
    let mut lookup = Lookup { base, faults: Vec::new() };
    for (number, source) in elements(workspace, "sources") {
        let place = format!("sources[{number}].");
        lookup.destinations(source, &place);
    }
    lookup.destinations(workspace, "");
    if lookup.faults.is_empty() { Ok(()) } else { Err(lookup.faults) }
}

struct Lookup<'b> {
    base: &'b Path,
    faults: Vec<String>,
}

fn elements<'v>(value: &'v mut Value, name: &str) -> impl Iterator<Item = (usize, &'v mut Value)> {
    value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().enumerate()
}

impl Lookup<'_> {
    fn destinations(&mut self, holder: &mut Value, place: &str) {
        for (number, destination) in elements(holder, "destinations") {
            let place = format!("{place}destinations[{number}]");
            if let Some(config) = destination.get_mut("config") {
                for (number, row) in elements(config, "headers") {
                    self.secret(row, "to", &format!("{place}.config.headers[{number}]"));
                }
            }
            let Some(own) = destination.get_mut("postrider") else { continue };
            let place = format!("{place}.postrider");
            if let Some(signing) = own.get_mut("signing") {
                for (number, row) in elements(signing, "keys") {
                    self.secret(row, "secret", &format!("{place}.signing.keys[{number}]"));
                }
                self.secret(signing, "ed25519", &format!("{place}.signing"));
            }
            if let Some(tls) = own.get_mut("tls") {
                for name in ["ca", "certificate", "key"] {
                    self.file(tls, name, &format!("{place}.tls"));
                }
                self.secret(tls, "key", &format!("{place}.tls"));
            }
        }
    }

    /// Looks up what a member names, if it does.
    fn secret(&mut self, holder: &mut Value, name: &str, place: &str) {
        let Some(Value::String(text)) = holder.get_mut(name) else { return };
        let found = if let Some(variable) = text.strip_prefix("env:") {
            std::env::var(variable)
                .map_err(|_| format!("names the variable {variable}, which is not set"))
        } else if let Some(path) = text.strip_prefix("file:") {
            self.read(path).map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
        } else {
            return;
        };
        match found {
            Ok(found) => *text = literal(found),
            Err(why) => self.faults.push(format!("{place}.{name}: {why}")),
        }
    }

    /// Reads the file of a member that is `{"file": …}`.
    fn file(&mut self, holder: &mut Value, name: &str, place: &str) {
        let Some(member) = holder.get_mut(name) else { return };
        let Some(path) = member.get("file").and_then(Value::as_str) else { return };
        match self.read(path) {
            Ok(text) => *member = Value::String(text),
            Err(why) => self.faults.push(format!("{place}.{name}: {why}")),
        }
    }

    fn read(&self, path: &str) -> Result<String, String> {
        let read = std::fs::read_to_string(self.base.join(path));
        read.map_err(|error| format!("names {path}, which cannot be read: {error}"))
    }
}

/// A text that is taken as it is.
fn literal(text: String) -> String {
    let is_word = ["env:", "file:", "text:", "sealed:"].iter().any(|word| text.starts_with(word));
    if is_word { format!("text:{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_of_both_shapes_are_looked_up() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("token"), "env:odd\n").expect("a file");
        std::fs::write(dir.path().join("own.key"), "PEM\n").expect("a file");
        let own = |to: &str| {
            json!([{
                "config": {"webhookUrl": "env:PATH", "headers": [{"from": "a", "to": to}]},
                "postrider": {
                    "signing": {"keys": [{"secret": "file:token"}], "ed25519": "whsk_x"},
                    "tls": {"ca": {"file": "own.key"}, "key": "file:own.key"},
                },
            }])
        };
        let mut workspace = json!({
            "sources": [{"id": "env:PATH", "destinations": own("file:token")}],
            "destinations": own("sealed:…abcd"),
        });
        look_up(&mut workspace, dir.path()).expect("all are there");
        let nested = &workspace["sources"][0]["destinations"][0];
        assert_eq!(nested["config"]["headers"][0]["to"], "text:env:odd");
        let flat = &workspace["destinations"][0];
        assert_eq!(flat["config"]["headers"][0]["to"], "sealed:…abcd");
        for one in [nested, flat] {
            assert_eq!(one["config"]["webhookUrl"], "env:PATH", "no secret");
            assert_eq!(one["postrider"]["signing"]["keys"][0]["secret"], "text:env:odd");
            assert_eq!(one["postrider"]["tls"], json!({"ca": "PEM\n", "key": "PEM"}));
        }
    }

    #[test]
    fn references_that_lead_nowhere_are_told() {
        let headers = json!([{"to": "env:POSTRIDER_THERE_IS_NO_SUCH_THING"}, {"to": "file:none"}]);
        let mut workspace = json!({"destinations": [{"config": {"headers": headers}}]});
        let faults = look_up(&mut workspace, Path::new("/nowhere")).expect_err("faults");
        let place = "destinations[0].config.headers";
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with(&format!("{place}[0].to: names the variable")), "{faults:?}");
        assert!(faults[1].starts_with(&format!("{place}[1].to: names none, which")), "{faults:?}");
    }
}
