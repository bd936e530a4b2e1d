//! `postrider tail`: what happens, as it happens.
//!
//! In comes what to look for; out goes a line for each row of the live stream, until a signal or until
//! nobody reads any more. A server that goes away is waited for, and its stream taken up where it was.

use std::io;
use std::time::Duration;

use serde_json::Value;

use super::feed::Feed;
use super::row::{Look, Rows};
use super::{Desk, Stop, query};
use crate::console::{Ending, Failure};

/// How long a server is left alone that has gone away. Source: chosen.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What to look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TailWish {
    /// The pairs of the query.
    pub filter: Vec<(&'static str, String)>,
    /// How rows are shown.
    pub look: Look,
}

/// Shows rows until told to stop.
///
/// # Errors
/// Where the stream cannot be had at all.
pub async fn carry_out(desk: &Desk<'_>, wish: &TailWish) -> Result<Ending, Failure> {
    let mut stop = Stop::new()?;
    let rows = Rows { look: wish.look, palette: desk.console.palette };
    let mut feed = desk.remote.follow(&query::with_query(PATH, &wish.filter)).await?;
    desk.console.remark("watching until Ctrl-C");
    loop {
        tokio::select! {
            shown = show(desk, &mut feed, rows, |_| Ok(())) => match shown? {
                Shown::NobodyReads => return Ok(Ending::Well),
                Shown::Gone => {}
            },
            () = stop.told() => return Ok(Ending::Well),
        }
        desk.console.remark("the server has gone away; waiting for it");
        let mut filter = wish.filter.clone();
        filter.extend(feed.last_id().map(|id| ("last_event_id", id.to_owned())));
        let path = query::with_query(PATH, &filter);
        feed = tokio::select! {
            feed = again(desk, &path) => feed,
            () = stop.told() => return Ok(Ending::Well),
        };
        desk.console.remark("the server is back");
    }
}

const PATH: &str = "/api/v1/live";

/// Why no more is shown.
pub enum Shown {
    /// The stream has ended.
    Gone,
    /// Standard output is closed.
    NobodyReads,
}

/// Shows what a feed brings, until its end; each row is looked at after it is shown.
///
/// # Errors
/// What whoever looks at the rows does not want.
pub async fn show(
    desk: &Desk<'_>,
    feed: &mut Feed,
    rows: Rows,
    look: impl Fn(&Value) -> Result<(), Failure>,
) -> Result<Shown, Failure> {
    while let Ok(Some(sending)) = feed.next().await {
        let Ok(row) = serde_json::from_str::<Value>(&sending.text) else { continue };
        let line = rows.line(&sending.name, row.clone());
        let shown = line.map_or(io::Result::Ok(()), |line| desk.console.show(&line));
        if shown.is_err() {
            return Ok(Shown::NobodyReads);
        }
        look(&row)?;
    }
    Ok(Shown::Gone)
}

/// Asks for the stream until there is one.
async fn again(desk: &Desk<'_>, path: &str) -> Feed {
    loop {
        tokio::time::sleep(AGAIN_AFTER).await;
        if let Ok(feed) = desk.remote.follow(path).await {
            return feed;
        }
    }
}
