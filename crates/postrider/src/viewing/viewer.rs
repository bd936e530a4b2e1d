//! A viewer: a place in a show's ring, and the stream that goes on from there.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use domain::limits;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::{Channel, Mark, row};

/// How soon a browser comes back by itself.
const GREETING: &str = "retry: 2000\n\n";

/// A comment, which shows that there is still somebody.
const HEARTBEAT: &str = ":\n\n";

/// Somebody who watches.
pub struct Viewer {
    channel: Arc<Channel>,
    next: watch::Receiver<u64>,
    /// The row to go on with.
    place: u64,
    /// What is said before the first row.
    greeting: String,
}

impl Viewer {
    /// A viewer who goes on behind the row `last`.
    pub(super) fn new(channel: Arc<Channel>, last: Option<&str>) -> Self {
        let next = channel.next.subscribe();
        let (place, greeting) = match channel.mark(last) {
            Mark::At(place) => (place, GREETING.to_owned()),
            Mark::Lost(place) => (place, format!("{GREETING}{}", row::missed(None))),
        };
        Self { channel, next, place, greeting }
    }

    /// What it is shown, without an end. Somebody who does not read holds up nobody: what was not sent
    /// in time is left out, and it is said how much.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        unfold(self, |mut viewer| async move {
            let text = viewer.wait().await;
            Some((Ok(Bytes::from(text)), viewer))
        })
    }

    /// Waits for something to say.
    pub(super) async fn wait(&mut self) -> String {
        if !self.greeting.is_empty() {
            return std::mem::take(&mut self.greeting);
        }
        let silence = tokio::time::sleep(limits::LIVE_HEARTBEAT);
        tokio::pin!(silence);
        loop {
            self.next.borrow_and_update();
            let rest = self.channel.ring().rest(self.place);
            self.place = rest.next;
            if !rest.text.is_empty() {
                let missed = Some(rest.missed).filter(|missed| *missed > 0);
                let before = missed.map_or_else(String::new, |missed| row::missed(Some(missed)));
                return before + &rest.text;
            }
            tokio::select! {
                // The sender is part of the channel, which is held here.
                _ = self.next.changed() => {}
                () = &mut silence => return HEARTBEAT.to_owned(),
            }
        }
    }
}
