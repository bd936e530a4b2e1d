//! `postrider doctor`: looks at the machine as a server with this configuration would find it.
//!
//! In come the configuration and what a running server says, if one does; out go findings, each with
//! what to do about it. Every check is a file with a part that looks and a part that judges.
//! Nothing is changed: a file that measures the disk is removed, and no request is sent to endpoints.

mod clock;
mod disk;
mod endpoints;
mod files;
mod identity;
mod ports;

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{self, Place};
use crate::config::Config;
use crate::console::{Console, Ending, Failure, Palette, Shape, Tint};
use crate::terminal::plain;
use crate::threads;

/// What is looked at.
#[derive(Debug)]
pub struct DoctorOrder {
    /// The configuration of the server.
    pub config: Config,
    /// A time server to compare the clock with, as a host and a port.
    pub time_server: Option<String>,
    /// For whom the findings are.
    pub shape: Shape,
}

/// How well something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing is wrong with it.
    Good,
    /// It works, and may surprise somebody.
    Doubtful,
    /// A server would not work well with it.
    Bad,
}

/// What was found out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How well it is.
    pub verdict: Verdict,
    /// What was seen.
    pub what: String,
    /// What to do about it; empty where nothing is wrong.
    pub fix: String,
}

impl Finding {
    fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, what: what.into(), fix: String::new() }
    }

    fn doubtful(check: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Doubtful, what: what.into(), fix: fix.into() }
    }

    fn bad(check: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Bad, what: what.into(), fix: fix.into() }
    }

    fn as_json(&self) -> Value {
        let Self { check, what, fix, .. } = self;
        json!({ "check": check, "verdict": self.verdict.word(), "what": what, "fix": fix })
    }

    fn lines(&self, palette: Palette) -> String {
        let (word, tint) = (self.verdict.word(), self.verdict.tint());
        let verdict = palette.tinted(tint, &format!("{word:<8}"));
        let line = format!("{verdict}  {:<9}  {}\n", self.check, plain(&self.what));
        if self.fix.is_empty() {
            line
        } else {
            format!("{line}          fix: {}\n", plain(&self.fix))
        }
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }

    fn tint(self) -> Tint {
        match self {
            Self::Good => Tint::Good,
            Self::Doubtful => Tint::Poor,
            Self::Bad => Tint::Bad,
        }
    }
}

/// Looks at everything, and shows what was found.
///
/// # Errors
/// Where the machine does not even let us look.
pub fn examine(order: &DoctorOrder, console: &Console) -> Result<Ending, Failure> {
    let runtime = threads::runtime().map_err(|error| Failure::new(error.to_string(), ""))?;
    let findings = runtime.block_on(all(order));
    let is_well = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    let text = match order.shape {
        Shape::Json => {
            let findings: Vec<Value> = findings.iter().map(Finding::as_json).collect();
            format!("{}\n", json!({ "well": is_well, "findings": findings }))
        }
        Shape::Lines => {
            let palette = console.palette;
            findings.iter().map(|finding| finding.lines(palette)).collect()
        }
    };
    // Nobody may read any more, which is no failure.
    let _ = console.show(&text);
    Ok(if is_well { Ending::Well } else { Ending::NeedsLook })
}

async fn all(order: &DoctorOrder) -> Vec<Finding> {
    let config = &order.config;
    let place = Place::of(config);
    let status = client::status_of(&place).await;
    let mut findings = disk::look(config);
    findings.push(clock::look(order.time_server.as_deref()).await);
    findings.extend(ports::look(config, &status));
    findings.push(files::look());
    findings.extend(identity::look(config));
    findings.extend(endpoints::look(config, status.as_ref().ok()).await);
    findings
}

/// The address at which a listener is reached, for people.
fn shown(setting: &str, address: SocketAddr) -> String {
    format!("{setting} {address}")
}
