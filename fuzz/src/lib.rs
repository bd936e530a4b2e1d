//! What fuzz targets share: JSON as serde_json sees it, and where it stands in its text.
//!
//! The properties are checked with a reader that shares nothing with the one under test.

pub mod element;
pub mod members;
