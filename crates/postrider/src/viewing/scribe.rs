//! The scribe: fills the rings, round after round, while somebody watches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::id::Seq;
use domain::limits;
use storage::{Frame, Journal, StorageError, StoredEvent, Wanted};
use tokio::time::Instant;

use super::Viewing;
use super::allowance::Allowance;
use super::show::{Happened, Show};
use crate::live::Told;
use crate::shutdown::Shutdown;

/// Who fills the rings.
pub struct Scribe {
    viewing: Arc<Viewing>,
    journal: Arc<dyn Journal>,
    /// The next event to look at.
    place: Seq,
    shows: Vec<Show>,
    /// Events whose text may be read.
    looks: Allowance,
    /// Events that may be looked up.
    finds: Allowance,
    /// What was looked up last.
    kept: VecDeque<Arc<Frame>>,
}

/// What of the journal a round shows.
#[derive(Default)]
struct Heard {
    events: Vec<StoredEvent>,
    /// Whether more came in than a round reads.
    is_cut: bool,
}

/// How many rounds a second has.
const ROUNDS_PER_SECOND: u32 = 1_000 / limits::LIVE_ROUND.as_millis() as u32;

/// When the next round begins where nothing happens.
const IDLE_ROUND: Duration = Duration::from_secs(1);

impl Scribe {
    /// A scribe who has nothing to do yet.
    pub fn new(viewing: Arc<Viewing>, journal: Arc<dyn Journal>) -> Self {
        let now = Instant::now();
        let per_second = |per_round: usize| {
            let per_round = u32::try_from(per_round).unwrap_or(u32::MAX);
            Allowance::new(per_round.saturating_mul(ROUNDS_PER_SECOND), now)
        };
        Self {
            viewing,
            journal,
            place: Seq::FIRST,
            shows: Vec::new(),
            looks: per_second(limits::LIVE_LOOKS_PER_ROUND),
            finds: per_second(limits::LIVE_FINDS_PER_ROUND),
            kept: VecDeque::new(),
        }
    }

    /// Writes until the server begins to end.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        tokio::select! {
            () = self.write() => {}
            () = shutdown.draining() => {}
        }
    }

    async fn write(&mut self) {
        loop {
            self.viewing.arrival().await;
            let mut head = self.journal.head();
            self.take_up();
            let since = self.shows.iter().map(|show| show.channel.since);
            self.place = since.min().unwrap_or(self.place);
            while !self.shows.is_empty() {
                head.borrow_and_update();
                self.round().await;
                tokio::time::sleep(limits::LIVE_ROUND).await;
                self.let_go();
                tokio::select! {
                    _ = head.changed() => {}
                    () = self.viewing.notices.news() => {}
                    // Where somebody is gone, or a window ends, there is something to do without news.
                    () = tokio::time::sleep(IDLE_ROUND) => {}
                }
            }
            self.kept.clear();
        }
    }

    /// One round, from what was told to what is shown.
    pub(super) async fn round(&mut self) {
        // What was told first, then the journal: so every event of a delivery has been looked at.
        let told = self.viewing.notices.take();
        self.take_up();
        let heard = self.listen().await.unwrap_or_else(|error| {
            let error = crate::terminal::chain(&error);
            tracing::warn!(error, "cannot read events for those who watch; trying again");
            Heard::default()
        });
        let now = Instant::now();
        self.show_events(&heard, now);
        self.show_deliveries(&told, now).await;
        for show in &mut self.shows {
            show.rejected(&told.rejected, now);
            if told.left_out > 0 {
                show.miss(Some(told.left_out));
            }
            show.publish(now);
        }
    }

    /// Begins the shows that somebody has asked for meanwhile.
    fn take_up(&mut self) {
        let now = Instant::now();
        let channels = self.viewing.lock();
        self.shows.retain(|show| channels.iter().any(|one| Arc::ptr_eq(one, &show.channel)));
        for channel in channels.iter() {
            if !self.shows.iter().any(|show| Arc::ptr_eq(&show.channel, channel)) {
                self.shows.push(Show::new(channel.clone(), now));
            }
        }
    }

    /// Ends the shows that nobody has watched for long.
    fn let_go(&mut self) {
        let now = Instant::now();
        let viewing = &self.viewing;
        self.shows.retain_mut(|show| {
            if show.channel.viewers() > 0 {
                show.empty_since = None;
                return true;
            }
            let since = *show.empty_since.get_or_insert(now);
            let is_over = now.saturating_duration_since(since) >= limits::LIVE_LINGER;
            !(is_over && viewing.forget(&show.channel))
        });
    }

    /// Reads what came in since the last round.
    async fn listen(&mut self) -> Result<Heard, StorageError> {
        let mut heard = Heard::default();
        let (head, mut bytes) = (self.journal.head_now(), 0);
        while self.place < head {
            if bytes >= limits::LIVE_ROUND_BYTES_MAX {
                heard.is_cut = true;
                self.place = head;
                break;
            }
            let chunk = self.journal.read(self.place, Wanted::All, limits::READ_BYTES).await?;
            for frame in &chunk.frames {
                bytes += frame.bytes_len();
                let place = self.place;
                heard.events.extend(frame.events().filter(|event| event.seq >= place));
            }
            self.place = chunk.next;
        }
        Ok(heard)
    }

    fn show_events(&mut self, heard: &Heard, now: Instant) {
        let mut left = self.shows.iter().filter(|show| show.filter().wants_events()).count();
        for show in self.shows.iter_mut().filter(|show| show.filter().wants_events()) {
            let looks = self.looks.left(now).div_ceil(left.max(1));
            let looked = show.events(&heard.events, looks, now);
            self.looks.take(looked);
            left -= 1;
            if heard.is_cut {
                show.miss(None);
            }
        }
    }

    async fn show_deliveries(&mut self, told: &Told, now: Instant) {
        let happened: Vec<_> = told.settled.iter().flat_map(Happened::all).collect();
        if happened.is_empty() {
            return;
        }
        let mut shows = std::mem::take(&mut self.shows);
        let mut left = shows.iter().filter(|show| show.filter().wants_deliveries()).count();
        for show in &mut shows {
            if !show.filter().wants_deliveries() {
                show.follow(&happened, now);
                continue;
            }
            let finds = self.finds.left(now).div_ceil(left.max(1));
            let (candidates, count) = show.candidates(&happened, finds);
            self.finds.take(candidates.len());
            left -= 1;
            let mut found = Vec::with_capacity(candidates.len());
            for one in candidates {
                found.push((one, self.find(one.seq).await));
            }
            show.deliveries(found, count, now);
        }
        self.shows = shows;
    }

    /// Looks an event up; none where it is gone.
    async fn find(&mut self, seq: Seq) -> Option<StoredEvent> {
        if let Some(event) = self.kept.iter().find_map(|frame| frame.event(seq)) {
            return Some(event);
        }
        let chunk = self.journal.read(seq, Wanted::All, 1).await.ok()?;
        let frame = chunk.frames.first()?;
        let event = frame.event(seq)?;
        self.kept.truncate(limits::KEPT_FRAMES_MAX - 1);
        self.kept.push_front(frame.clone());
        Some(event)
    }
}
