//! The workspace file: RudderStack's `workspaceConfig.json`, or one of our own shape, as a workspace.
//!
//! In come the file's text and the certificates it names; out goes a workspace with what was passed over, or every mistake with
//! its line and JSON path. Members that mean nothing here are ignored, as a file of a self-hoster
//! holds many. Deliberately unknown here: what the catalog holds at the moment, and since which
//! event a connection applies (the caller replaces `since`).
//!
//! `objects.rs` reads the same things one by one, as the API takes them, and `forms.rs` writes them.

pub mod finding;
pub mod node;
pub mod source;
pub mod own_settings;
pub mod filter;
pub mod rules;
pub mod destination;
pub mod secrets;
pub mod requests;
pub mod delivery;
pub mod tls;
pub mod webhook;
pub mod objects;
pub mod forms;
pub mod yaml;
pub mod changes;
pub mod past;
pub mod references;

use std::path::{Path, PathBuf};

use domain::workspace::Workspace;

pub use finding::Finding;

use node::{Node, syntax_fault};
use secrets::Secrets;
use source::Reader;

/// What a workspace file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkspaceFile {
    /// Its sources, destinations and connections, each list sorted by id.
    pub workspace: Workspace,
    /// What was passed over, in the order of the file.
    pub warnings: Vec<Finding>,
}

/// Why a workspace file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceFileError {
    /// The file could not be read.
    #[error("cannot read workspace file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file has mistakes.
    #[error("{}", finding::list(path, mistakes))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All of them, in the order of the file.
        mistakes: Vec<Finding>,
    },
}

/// Reads and parses the file, and the files that it names; these are put into `named`, also where
/// they are wrong.
///
/// # Errors
/// A [`WorkspaceFileError`] where it cannot be read or has mistakes.
pub fn read(path: &Path, named: &mut Vec<PathBuf>) -> Result<WorkspaceFile, WorkspaceFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| WorkspaceFileError::Unreadable { path: path.to_owned(), source })?;
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut reader = Reader::default();
    reader.files.base = base;
    let parsed = parse_with(&mut reader, &text);
    named.append(&mut reader.files.named);
    parsed.map_err(|mistakes| WorkspaceFileError::Wrong { path: path.to_owned(), mistakes })
}

/// Parses the text of a file.
///
/// # Errors
/// Every mistake, in the order of the file; a text that is not JSON has only one.
#[cfg(test)]
pub fn parse(text: &str) -> Result<WorkspaceFile, Vec<Finding>> {
    parse_with(&mut Reader::default(), text)
}

fn parse_with(reader: &mut Reader, text: &str) -> Result<WorkspaceFile, Vec<Finding>> {
    // Some editors write a byte order mark, which is no JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let converted = if yaml::is_json(text) { None } else { Some(yaml::to_json(text)) };
    let converted = converted.transpose().map_err(|fault| vec![fault])?;
    let text = converted.as_deref().unwrap_or(text);
    if let Some(fault) = syntax_fault(text) {
        return Err(vec![fault]);
    }
    reader.read(&Node::root(text))
}

/// Reads a workspace that came over the network, to be put next to what is `kept`; marks stand for the
/// secrets of what is there and of what was removed.
///
/// # Errors
/// Every mistake, with its place in the value that the workspace is part of.
pub fn of_api(
    root: &Node<'_>,
    current: &Workspace,
    kept: Workspace,
) -> Result<Workspace, Vec<Finding>> {
    let removed = current.removed.iter().map(|removed| &removed.destination);
    let mut reader = Reader::default();
    reader.secrets = Secrets::of_api(current.destinations.iter().chain(removed));
    reader.around = kept;
    reader.read(root).map(|file| file.workspace)
}

#[cfg(test)]
mod tests;
