//! The endpoints of destinations: their names, whether they may be called, their certificates.
//!
//! Which there are is what a running server says, or the workspace file where none runs. Those with
//! certificates of their own are left out: only their deliveries know them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::address::Egress;
use domain::destination::DestinationSettings;
use domain::reason::Reason;
use serde_json::Value;
use url::Url;

use super::{Finding, identity};
use crate::clock;
use crate::config::Config;
use crate::send::{Outlet, OutletSettings, Reached, probe};
use crate::workspace_file;

/// Endpoints that are looked at. Source: chosen; one that does not answer takes some seconds.
const ENDPOINTS_MAX: usize = 50;

/// Longest look at one. Source: chosen; a connection and TLS take no longer.
const LOOK_TIME_MAX: Duration = Duration::from_secs(15);

/// Looks at each endpoint once, one after the other.
pub async fn look(config: &Config, status: Option<&Value>) -> Vec<Finding> {
    let origins = status.map_or_else(|| of_file(config), of_status);
    let origins: BTreeSet<String> = origins.into_iter().collect();
    if origins.is_empty() {
        return vec![Finding::good("endpoints", "no destinations to look at")];
    }
    let outlet = match Outlet::new(settings(config)) {
        Ok(outlet) => outlet,
        Err(why) => return vec![Finding::bad("endpoints", why, "see what TLS is missing")],
    };
    let mut findings = Vec::new();
    for origin in origins.iter().take(ENDPOINTS_MAX) {
        findings.extend(look_at(&outlet, origin).await);
    }
    findings
}

fn settings(config: &Config) -> OutletSettings {
    OutletSettings {
        egress: Arc::new(Egress::new(config.egress.allow.clone())),
        name_servers: config.egress.name_servers.clone(),
        timeout: config.delivery.timeout,
        playground: config.admin,
        own: vec![config.gateway, config.admin],
    }
}

/// Scheme, host and port of what a server sends to.
fn of_status(status: &Value) -> Vec<String> {
    let destinations = status["destinations"].as_array().into_iter().flatten();
    let usual = destinations.filter(|one| one["requests"]["tls"].is_null());
    usual.filter_map(|one| Some(one["target"].as_str()?.to_owned())).collect()
}

/// The same by the workspace file; a wrong one is what `config check` is for.
fn of_file(config: &Config) -> Vec<String> {
    let file = config.workspace.as_ref().map(|path| workspace_file::read(path, &mut Vec::new()));
    let destinations = file.and_then(Result::ok).map(|file| file.workspace.destinations);
    let shown = |settings: DestinationSettings| {
        let DestinationSettings::Webhook(settings) = settings;
        settings.tls.is_none().then(|| settings.shown())
    };
    destinations.into_iter().flatten().filter_map(|one| shown(one.settings)).collect()
}

async fn look_at(outlet: &Outlet, origin: &str) -> Vec<Finding> {
    let Ok(url) = Url::parse(origin) else { return Vec::new() };
    if !matches!(url.scheme(), "http" | "https") {
        return Vec::new();
    }
    match tokio::time::timeout(LOOK_TIME_MAX, probe(outlet, &url)).await {
        Ok(Ok(Reached { address, valid_until })) => {
            let reached = Finding::good("endpoints", format!("{origin} is reached at {address}"));
            let until = valid_until.map(|until| identity::judge(origin, until, clock::now()));
            std::iter::once(reached).chain(until).collect()
        }
        Ok(Err(outcome)) => {
            let reason = outcome.reason();
            let said = reason.map_or("", Reason::sentence);
            let what = format!("{origin}: {said} {}", outcome.detail);
            vec![Finding::bad("endpoints", what, reason.map_or("", Reason::advice))]
        }
        Err(_) => {
            let what = format!("{origin} does not answer");
            vec![Finding::bad("endpoints", what, Reason::ConnectTimeout.advice())]
        }
    }
}
