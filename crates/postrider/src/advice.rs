//! What to do where a server cannot start or go on.
//!
//! In come the errors of a run, out go sentences. Deliberately unknown here: how they are shown.

use storage::error::{Hindrance, OpenError};

use crate::{RunError, workspace, workspace_file};

impl RunError {
    /// What to do about it; empty where the error says so itself.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Open(error) => of_directory(error),
            Self::Workspace(workspace::FollowError::File(
                workspace_file::WorkspaceFileError::Unreadable { .. },
            )) => "name a file with --workspace that this user may read",
            _ => "",
        }
    }
}

fn of_directory(error: &OpenError) -> &'static str {
    match error {
        OpenError::InUse { .. } => "stop that process, or choose another directory with --data-dir",
        OpenError::NewerFormat { .. } => {
            "start the version that wrote it, or choose another directory with --data-dir"
        }
        OpenError::NotOurs { .. } => "choose a new or empty directory with --data-dir",
        OpenError::Missing { .. } => {
            "put the file back, or restore the directory from a backup; nothing was changed"
        }
        OpenError::Secrets(_) => {
            "give the key that they were sealed with: put back the file secrets.key of the data \
             directory, name its copy with secrets.key_file, or set POSTRIDER_SECRETS_KEY; \
             nothing was changed"
        }
        OpenError::Io { .. } | OpenError::Database { .. } => of_file(error),
        _ => "",
    }
}

/// What is on disk is whole unless it is said to be damaged.
fn of_file(error: &OpenError) -> &'static str {
    match (error.hindrance(), error) {
        (Hindrance::NoRoom, _) => {
            "make room on its disk and start again; what is in the directory is not damaged"
        }
        (Hindrance::NotAllowed, _) => {
            "let this user read and write the directory and every file in it, and mount its file \
             system writable; what is in it is not damaged"
        }
        (Hindrance::Held, _) => {
            "end the program that holds the file, and start again; nothing was changed"
        }
        (Hindrance::Damaged, _) => {
            "restore the directory from a backup, or choose another one with --data-dir; \
             nothing was changed"
        }
        (Hindrance::Other, OpenError::Io { .. }) => {
            "choose a directory with --data-dir in which this user may write"
        }
        (Hindrance::Other, _) => {
            "look for errors of the disk in the system's log, and start again when they are mended"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    fn check(error: OpenError, begin: &str) {
        let advice = RunError::Open(error).advice();
        assert!(advice.starts_with(begin), "{advice}");
    }

    #[test]
    fn only_damage_asks_for_a_backup() {
        for (hindrance, begin) in [
            (Hindrance::NoRoom, "make room"),
            (Hindrance::NotAllowed, "let this user"),
            (Hindrance::Held, "end the program"),
            (Hindrance::Damaged, "restore"),
            (Hindrance::Other, "look for errors of the disk"),
        ] {
            let (operation, path) = ("open", "state.db".into());
            let source = Box::from("a cause");
            check(OpenError::Database { operation, path, hindrance, source }, begin);
        }
        for (kind, begin) in [
            (ErrorKind::StorageFull, "make room"),
            (ErrorKind::QuotaExceeded, "make room"),
            (ErrorKind::PermissionDenied, "let this user"),
            (ErrorKind::ReadOnlyFilesystem, "let this user"),
            (ErrorKind::NotADirectory, "choose a directory"),
        ] {
            let (operation, path) = ("create", "data".into());
            check(OpenError::Io { operation, path, source: kind.into() }, begin);
        }
    }
}
