//! Where the catalog's content comes from: a workspace file that it follows, or a starter.
//!
//! In come a file and what the catalog holds; out go edits of the catalog. Deliberately unknown
//! here: how a file is spelled, and who reads the catalog.

mod diff;
mod deeds;
mod follow;
mod starter;

pub use follow::{FollowError, Follower};
pub use starter::{ensure as ensure_starter, local_url, welcome};
