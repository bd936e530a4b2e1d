//! One attempt: reads the event again where it is not at hand, and sends it.

use std::rc::Rc;

use domain::delivery::retry::Tries;
use domain::destination::webhook::AttemptStamp;
use domain::event::EventKind;
use domain::id::Seq;
use domain::reason::Reason;
use domain::time::Timestamp;
use storage::{Gap, GapReason, Journal, StorageError, StoredEvent, Wanted};

use super::agenda::Going;
use crate::clock;
use crate::send::{Sender, Sent};

/// An attempt that has ended.
pub struct Attempt {
    /// Of which delivery.
    pub seq: Seq,
    /// What kind of event.
    pub kind: EventKind,
    /// What has been tried, this attempt included.
    pub tries: Tries,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_us: u32,
    /// Bytes of the event, as far as they were known when it began.
    pub bytes: usize,
    /// What came of it.
    pub result: AttemptResult,
}

/// What came of an attempt.
pub enum AttemptResult {
    /// A request was made, or could not be.
    Ended(Sent),
    /// The event is gone for good.
    Lost(Reason),
    /// The journal could not be read just now.
    Unread(StorageError),
}

/// Makes one attempt.
///
/// # Cancellation
/// The endpoint may have taken the event.
pub async fn attempt(
    sender: Rc<Sender>,
    journal: std::sync::Arc<dyn Journal>,
    going: Going,
) -> Attempt {
    let at = clock::now();
    let start = clock::Stopwatch::start();
    let bytes = going.bytes();
    let event = match going.event {
        Some(event) => Ok(event),
        None => reread(&*journal, going.seq).await,
    };
    let stamp = AttemptStamp { number: going.tries.count, at };
    let result = match event {
        Ok(event) => AttemptResult::Ended(sender.send(&event.payload, stamp).await),
        Err(lost_or_unread) => lost_or_unread,
    };
    let (seq, kind, tries) = (going.seq, going.kind, going.tries);
    Attempt { seq, kind, tries, at, duration_us: start.micros(), bytes, result }
}

async fn reread(journal: &dyn Journal, seq: Seq) -> Result<StoredEvent, AttemptResult> {
    let chunk = journal.read(seq, Wanted::All, 1).await.map_err(AttemptResult::Unread)?;
    let found = chunk.frames.first().and_then(|frame| frame.event(seq));
    found.ok_or_else(|| {
        let holds = |gap: &&Gap| gap.range.first <= seq && seq <= gap.range.last;
        let gap = chunk.gaps.iter().find(holds);
        AttemptResult::Lost(gap.map_or(Reason::Trimmed, |gap| lost_reason(gap.reason)))
    })
}

/// Why an event cannot be read any more.
pub fn lost_reason(reason: GapReason) -> Reason {
    match reason {
        GapReason::Trimmed => Reason::Trimmed,
        GapReason::Quarantined => Reason::Quarantined,
    }
}
