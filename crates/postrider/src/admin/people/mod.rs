//! People: set-up, sessions, users, tokens, and what they all did.
//!
//! In come requests about who may come in; out go edits of the accounts, each with its deed. Nothing
//! that is answered has a hash in it, and a secret is told once, to whom it is made for. Deliberately
//! unknown here: how a request's caller is told.

pub mod body;
pub mod log;
pub mod me;
pub mod sessions;
pub mod own_sessions;
pub mod setup;
pub mod tokens;
pub mod users;

use storage::{RollFault, StorageError};

use super::problem::Problem;

impl From<RollFault> for Problem {
    fn from(fault: RollFault) -> Self {
        let (status, code) = match fault {
            RollFault::NotFirst => (409, "set_up_already"),
            RollFault::Taken => (409, "name_taken"),
            RollFault::NoUser => (404, "no_user"),
            RollFault::NoToken => (404, "no_token"),
            RollFault::LastAdmin => (409, "last_admin"),
            RollFault::TooMany => (409, "too_many"),
            RollFault::OldPassword => (401, "wrong_login"),
        };
        Self::new(status, code, fault.to_string())
    }
}

/// What an edit of the accounts has failed with.
fn refused(error: StorageError) -> Problem {
    match error {
        StorageError::Refused(fault) => fault.into(),
        error => error.into(),
    }
}
