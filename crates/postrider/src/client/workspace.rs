//! `postrider config export`, `plan` and `apply`: the whole workspace, through the API.
//!
//! References to secrets are looked up here, where the author of the file is; the server gets what they
//! name.

use std::io::Read;
use std::path::{Path, PathBuf};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Desk;
use crate::console::{Ending, Failure, Palette, Shape, Tint};
use crate::terminal::plain;
use crate::workspace_file::changes::FieldChange;
use crate::workspace_file::node::syntax_fault;
use crate::workspace_file::{references, yaml};

/// What is to be done with the workspace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WorkspaceWish {
    /// Print it.
    Export,
    /// Say what this file would change.
    Plan(WantedFile),
    /// Make it what this file says.
    Apply(WantedFile),
}

/// A file with a workspace that is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantedFile {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// What becomes of the rest.
    pub rest: Rest,
}

/// What becomes of what a file does not name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// It stays.
    Kept,
    /// It is removed.
    Pruned,
}

/// A change as the API tells it.
#[derive(Debug, Deserialize)]
struct Change {
    action: String,
    kind: String,
    id: String,
    changes: Vec<FieldChange>,
}

/// Carries a wish out.
///
/// # Errors
/// Where the file is wrong, or the server cannot be asked, or refuses.
pub async fn carry_out(desk: &Desk<'_>, wish: &WorkspaceWish) -> Result<Ending, Failure> {
    match wish {
        WorkspaceWish::Export => {
            let (format, path) = match desk.shape {
                Shape::Json => ("json", "/api/v1/config"),
                Shape::Lines => ("yaml", "/api/v1/config?format=yaml"),
            };
            let text = desk.remote.text(path).await?;
            desk.show(&if format == "json" { text + "\n" } else { text });
            Ok(Ending::Well)
        }
        WorkspaceWish::Plan(file) => {
            let is_different = send(desk, "/api/v1/config/plan", file).await?;
            Ok(if is_different { Ending::NeedsLook } else { Ending::Well })
        }
        WorkspaceWish::Apply(file) => {
            send(desk, "/api/v1/config/apply", file).await?;
            Ok(Ending::Well)
        }
    }
}

/// Sends a file, and shows what it changes; whether that is anything.
async fn send(desk: &Desk<'_>, path: &str, file: &WantedFile) -> Result<bool, Failure> {
    let body = json!({ "workspace": read(&file.path)?, "prune": file.rest == Rest::Pruned });
    let answer = desk.remote.ask(Method::POST, path, &body).await?;
    let changes: Vec<Change> = desk.remote.read(answer["changes"].clone())?;
    desk.show(&match desk.shape {
        Shape::Json => format!("{answer}\n"),
        Shape::Lines => told(&changes, desk.console.palette),
    });
    Ok(!changes.is_empty())
}

/// Reads a file, and what its references name.
fn read(path: &Path) -> Result<Value, Failure> {
    let text = text_of(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display()), ""))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let json = if yaml::is_json(text) { Ok(text.to_owned()) } else { yaml::to_json(text) };
    let json = json.and_then(|json| syntax_fault(&json).map_or(Ok(json), Err));
    let json = json.map_err(|fault| Failure::new(fault.within(path), ""))?;
    let mut workspace: Value = serde_json::from_str(&json)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display()), ""))?;
    let base = path.parent().unwrap_or(Path::new(""));
    references::look_up(&mut workspace, base).map_err(|faults| {
        Failure::new(format!("{}: {}", path.display(), faults.join("\n  ")), "")
    })?;
    Ok(workspace)
}

fn text_of(path: &Path) -> std::io::Result<String> {
    if path != Path::new("-") {
        return std::fs::read_to_string(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// What is different, an object after the other.
fn told(changes: &[Change], palette: Palette) -> String {
    if changes.is_empty() {
        return "nothing is different\n".to_owned();
    }
    let mut text = String::new();
    for Change { action, kind, id, changes } in changes {
        let (sign, tint) = match action.as_str() {
            "create" => ("+", Tint::Good),
            "remove" => ("-", Tint::Bad),
            _ => ("~", Tint::Poor),
        };
        let head = plain(&format!("{sign} {kind} {id}"));
        text += &format!("{}\n", palette.tinted(tint, &head));
        let is_shown = |one: &&FieldChange| action != "remove" && one.field != "id";
        for FieldChange { field, before, after } in changes.iter().filter(is_shown) {
            let values = match (action.as_str(), before) {
                ("create", _) => after.to_string(),
                _ => format!("{before} -> {after}"),
            };
            text += &format!("    {}\n", plain(&format!("{field}: {values}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_for_people() {
        let field =
            |field: &str, before, after| FieldChange { field: field.to_owned(), before, after };
        let change = |action: &str, changes| Change {
            action: action.to_owned(),
            kind: "source".to_owned(),
            id: "web".to_owned(),
            changes,
        };
        let created = vec![
            field("id", Value::Null, json!("web")),
            field("name", Value::Null, json!("Web shop")),
        ];
        let changes = [
            change("create", created.clone()),
            change("change", vec![field("enabled", json!(true), json!(false))]),
            change("remove", created),
        ];
        let want = "+ source web\n    name: \"Web shop\"\n~ source web\n    \
                    enabled: true -> false\n- source web\n";
        assert_eq!(told(&changes, Palette::Plain), want);
        assert_eq!(told(&[], Palette::Plain), "nothing is different\n");
    }

    #[test]
    fn files_are_read_as_the_server_reads_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("w.yaml");
        std::fs::write(&path, "sources:\n  - id: a\n").expect("a file");
        assert_eq!(read(&path).expect("a file"), json!({"sources": [{"id": "a"}]}));
        std::fs::write(&path, "a: 'b\n").expect("a file");
        let fault = read(&path).expect_err("no YAML").to_string();
        assert!(fault.contains("w.yaml:1: column 4: the file is not YAML"), "{fault}");
        let fault = read(&dir.path().join("none")).expect_err("no file").to_string();
        assert!(fault.starts_with("cannot read "), "{fault}");
    }
}
