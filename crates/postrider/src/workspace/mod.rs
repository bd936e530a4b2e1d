//! Where the catalog's content comes from: a workspace file that it follows, a starter, or edits.
//!
//! In come a file or what somebody wants, and what the catalog holds; out go edits of the catalog. Deliberately unknown
//! here: how a file is spelled, and who reads the catalog.

mod diff;
mod deeds;
mod edit;
mod follow;
mod starter;

pub use edit::{EditError, Editor, Lead};
pub use follow::{FollowError, Follower};
pub use starter::{ensure as ensure_starter, local_url, welcome, write_key};
