//! One attempt: reads the event again where it is not at hand, and sends it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use domain::delivery::retry::Tries;
use domain::destination::webhook::{AttemptStamp, Occasion};
use domain::event::{EventKind, Identities};
use domain::id::Seq;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use storage::{Frame, Gap, Journal, StorageError, StoredEvent, Wanted};
use tokio::sync::Semaphore;

use super::agenda::Going;
use super::world::Sends;
use crate::clock::Stopwatch;
use crate::replay::lost_reason;
use crate::send::Sent;
use crate::spans::{Traced, Tracer};

/// An attempt that has ended.
pub struct Attempt {
    /// Of which delivery.
    pub seq: Seq,
    /// What kind of event.
    pub kind: EventKind,
    /// Whose event.
    pub identities: Identities,
    /// What has been tried, this attempt included.
    pub tries: Tries,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_us: u32,
    /// When its event was received, where that was read.
    pub received_at: Option<Timestamp>,
    /// Bytes that were counted for the event when it began.
    pub bytes: usize,
    /// Bytes of the event, where it was read.
    pub read_bytes: Option<usize>,
    /// How it is traced, where it is.
    pub traced: Option<Traced>,
    /// What came of it.
    pub result: AttemptResult,
}

/// What an attempt is made for, and when.
pub struct Errand {
    /// What for.
    pub occasion: Occasion,
    /// When: now.
    pub at: Timestamp,
    /// What telemetry is told of it.
    pub tracer: Tracer,
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

/// Reads events again. The events of one line lie close together, so the frames read last are kept, and
/// whoever wants a frame that another one reads waits for that.
pub struct Rereader {
    journal: Arc<dyn Journal>,
    kept: RefCell<VecDeque<Arc<Frame>>>,
    readers: Semaphore,
}

impl Rereader {
    /// A reader that keeps nothing yet.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        let readers = Semaphore::new(limits::REREADS_MAX);
        Self { journal, kept: RefCell::default(), readers }
    }

    /// Lets go of what it keeps.
    pub fn forget(&self) {
        self.kept.borrow_mut().clear();
    }

    async fn read(&self, seq: Seq) -> Result<StoredEvent, AttemptResult> {
        if let Some(event) = self.kept(seq) {
            return Ok(event);
        }
        let _turn = self.readers.acquire().await;
        if let Some(event) = self.kept(seq) {
            return Ok(event);
        }
        let chunk = self.journal.read(seq, Wanted::All, 1).await;
        let chunk = chunk.map_err(AttemptResult::Unread)?;
        let frame = chunk.frames.first();
        let Some((frame, event)) = frame.and_then(|frame| Some((frame, event_of(frame, seq)?)))
        else {
            let holds = |gap: &&Gap| gap.range.first <= seq && seq <= gap.range.last;
            let gap = chunk.gaps.iter().find(holds);
            let reason = gap.map_or(Reason::Trimmed, |gap| lost_reason(gap.reason));
            return Err(AttemptResult::Lost(reason));
        };
        let mut kept = self.kept.borrow_mut();
        kept.truncate(limits::KEPT_FRAMES_MAX - 1);
        kept.push_front(frame.clone());
        Ok(event)
    }

    fn kept(&self, seq: Seq) -> Option<StoredEvent> {
        self.kept.borrow().iter().find_map(|frame| event_of(frame, seq))
    }
}

/// An event of a frame, fit for an attempt that may take long.
fn event_of(frame: &Frame, seq: Seq) -> Option<StoredEvent> {
    let mut event = frame.event(seq)?;
    event.own_bytes();
    Some(event)
}

/// Makes one attempt, which begins now.
///
/// # Cancellation
/// The endpoint may have taken the event.
pub async fn attempt<S: Sends>(
    sender: Rc<S>,
    rereader: Rc<Rereader>,
    mut going: Going,
    Errand { occasion, at, tracer }: Errand,
) -> Attempt {
    let start = Stopwatch::start();
    let bytes = going.bytes;
    let event = match going.event.take() {
        Some(event) => Ok(event),
        None => rereader.read(going.seq).await,
    };
    let received_at = event.as_ref().ok().map(|event| event.received_at);
    let read_bytes = event.as_ref().ok().map(|event| event.payload.len());
    let traced = received_at.and_then(|received_at| tracer.begin(going.seq, received_at, start));
    let span = tracer.told(traced);
    let stamp = AttemptStamp { number: going.tries.count, at, occasion, span };
    let result = match event {
        Ok(event) => AttemptResult::Ended(sender.send(&event.payload, stamp).await),
        Err(lost_or_unread) => lost_or_unread,
    };
    let duration_us = start.micros();
    let Going { seq, kind, identities, tries, .. } = going;
    Attempt {
        seq,
        kind,
        identities,
        tries,
        at,
        duration_us,
        received_at,
        bytes,
        read_bytes,
        traced,
        result,
    }
}
