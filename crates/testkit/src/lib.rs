//! Fake endpoints and builders for tests.
