//! `postrider listen`: deliver to a port of this machine for a while, and show what becomes of it.
//!
//! A destination for the port is made through the API and connected to the sources; whatever happens
//! then, it is removed at the end. One that a killed run has left behind is removed at the next start.

use domain::reason::Reason;
use serde_json::{Value, json};

use super::catalog::{self, ObjectWord};
use super::row::{Look, Rows};
use super::tail::{Shown, show};
use super::{Desk, Stop, query};
use crate::clock;
use crate::console::{Ending, Failure};

/// What to listen to where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListenWish {
    /// The port of this machine.
    pub port: u16,
    /// The path of requests.
    pub path: String,
    /// Whose events; those of all sources where it is empty.
    pub sources: Vec<String>,
    /// How rows are shown.
    pub look: Look,
}

/// How the ids of such destinations begin, for one port.
fn id_prefix(port: u16) -> String {
    format!("listen-{port}-")
}

/// Delivers until told to stop.
///
/// # Errors
/// Where the server cannot be asked, refuses, or may not call this machine.
pub async fn carry_out(desk: &Desk<'_>, wish: &ListenWish) -> Result<Ending, Failure> {
    let mut stop = Stop::new()?;
    let sources = sources(desk, &wish.sources).await?;
    remove_leftovers(desk, wish.port).await?;
    let number = u32::from_be_bytes([0, 1, 2, 3].map(|at| clock::random_bytes()[at]));
    let id = format!("{}{number:08x}", id_prefix(wish.port));
    let listened = tokio::select! {
        listened = listen(desk, wish, &id, &sources) => listened,
        () = stop.told() => Ok(()),
    };
    // Also where making it was cut short: then it may be there, or not.
    let removed = catalog::remove(desk, ObjectWord::Destination, &id).await;
    listened?;
    removed?;
    desk.console.remark("the destination is removed");
    Ok(Ending::Well)
}

/// The ids of the sources that are asked for, or of all.
async fn sources(desk: &Desk<'_>, wanted: &[String]) -> Result<Vec<String>, Failure> {
    if !wanted.is_empty() {
        return Ok(wanted.to_vec());
    }
    let all = catalog::all(desk, ObjectWord::Source).await?;
    let ids = all["sources"].as_array().into_iter().flatten();
    let ids: Vec<_> = ids.filter_map(|one| Some(one["id"].as_str()?.to_owned())).collect();
    if ids.is_empty() {
        return Err(Failure::new("there is no source", "make one with `postrider source add`"));
    }
    Ok(ids)
}

async fn remove_leftovers(desk: &Desk<'_>, port: u16) -> Result<(), Failure> {
    let all = catalog::all(desk, ObjectWord::Destination).await?;
    for one in all["destinations"].as_array().into_iter().flatten() {
        let id = one["id"].as_str().unwrap_or_default();
        if id.starts_with(&id_prefix(port)) {
            catalog::remove(desk, ObjectWord::Destination, id).await?;
        }
    }
    Ok(())
}

/// Makes the destination, and shows what becomes of its deliveries until the server goes away.
async fn listen(
    desk: &Desk<'_>,
    wish: &ListenWish,
    id: &str,
    sources: &[String],
) -> Result<(), Failure> {
    let url = format!("http://127.0.0.1:{}{}", wish.port, wish.path);
    let body = json!({
        "id": id,
        "name": format!("listen {}", wish.port),
        "type": "WEBHOOK",
        "config": { "webhookUrl": url },
    });
    catalog::make(desk, ObjectWord::Destination, &body).await?;
    // Before the first event can come.
    let path = query::with_query("/api/v1/live", &[("destination", id.to_owned())]);
    let mut feed = desk.remote.follow(&path).await?;
    for source in sources {
        let body = json!({ "source": source, "destination": id });
        catalog::make(desk, ObjectWord::Connection, &body).await?;
    }
    desk.console.remark(&format!("events of {} go to {url} until Ctrl-C", sources.join(", ")));
    let rows = Rows { look: wish.look, palette: desk.console.palette };
    match show(desk, &mut feed, rows, may_be_called).await? {
        Shown::NobodyReads => Ok(()),
        Shown::Gone => Err(Failure::new("the server has gone away", "start it, and listen again")),
    }
}

/// Endpoints on this machine are forbidden unless somebody has allowed them.
fn may_be_called(row: &Value) -> Result<(), Failure> {
    if row["reason"] == Reason::BlockedAddress.code() {
        let what = "the server may not call 127.0.0.1";
        let hint = "start it with --egress-allow 127.0.0.0/8, or set that in egress.allow";
        return Err(Failure::new(what, hint));
    }
    Ok(())
}
