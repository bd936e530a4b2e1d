//! The configuration: one table, many faces.
//!
//! In come flags, environment variables and `postrider.toml`; out goes one typed [`Config`], or
//! every mistake at once. A row of [`table`] feeds the command line, the environment, the file,
//! `config print` and the reference page, so that none of them can disagree. Deliberately unknown
//! here: what a setting is for (rooms take plain values), and where text is printed.

pub mod types;
pub mod table;
pub mod intake;
pub mod people;
pub mod tracing;
pub mod kind;
pub mod units;
pub mod mistake;
pub mod suggest;
pub mod environment;
pub mod file;
pub mod gather;
pub mod print;
pub mod reference;

pub use gather::{Gathered, Inputs, gather};
pub use mistake::{ConfigMistake, ConfigMistakes, Origin};
pub use table::{Row, Setting};
pub use types::{
    AdminAuth, AuditConfig, Config, DeliveryConfig, EgressConfig, IntakeConfig, JournalConfig,
    LogConfig, LogFormat, LogLevel, MixedBatches, OtelConfig, RuntimeConfig, Secret, Secrets,
    ShutdownConfig,
};
