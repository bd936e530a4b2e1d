//! Retention: removes from the journal what is old and finished everywhere, and what it has no room
//! for.
//!
//! By age an event that a destination still needs stays, however old it is. By size the oldest go,
//! needed or not; whoever needed them is told, and counts them as expired.
//!
//! The time of day may jump by years, and must not take all events along. So time goes on for
//! retention no faster than a clock that never jumps, from the newest event at the start on: where
//! no server ran for a while, events from before that stay longer by that while. What came since the
//! start is old when that clock says so, whatever the time of day said when it came. Events of a time
//! that has not come yet were stored while the clock was wrong; they go with the older events behind
//! them.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::id::Seq;
use domain::limits;
use domain::time::Timestamp;
use storage::{Frame, Progress, Reader, StorageError, Store, Wanted};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::clock::{self, Stopwatch};
use crate::live::Gauges;
use crate::shutdown::Shutdown;

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How long an event is kept that nobody needs any more.
    pub age_max: Duration,
    /// Bytes of disk that events may take.
    pub bytes_max: Option<u64>,
}

/// What time it is.
#[derive(Clone, Copy, Debug)]
struct Now {
    /// As the machine says.
    wall: Timestamp,
    /// As far as it is sure to have come.
    sure: Timestamp,
    /// Every event before it was stored so long ago that it is old, whatever its time.
    old_before: Seq,
}

/// Where the journal's head was, now and then, by a clock that never jumps.
struct Heads {
    age_max: Duration,
    /// With the time since the start, the oldest first.
    noted: VecDeque<(Duration, Seq)>,
}

/// Trims the journal now and then, until the server ends.
pub async fn run(store: Store, keep: Keep, gauges: Arc<Gauges>, mut shutdown: Shutdown) {
    let (start, uptime) = (start(&store).await, Stopwatch::start());
    let mut first = first_stored(&store).await.ok();
    first.into_iter().for_each(|first| gauges.first_left.tell(first));
    let (mut ages, mut sizes) =
        (ticks(limits::RETENTION_INTERVAL), ticks(limits::RETENTION_SIZE_INTERVAL));
    let mut room = keep.bytes_max.map(Room::new);
    let mut heads = Heads { age_max: keep.age_max, noted: VecDeque::new() };
    let mut pass: Option<Pass> = None;
    loop {
        let trimmed = tokio::select! {
            biased;
            () = shutdown.draining() => return,
            Some(room) = due(&mut room, &mut sizes) => room.make(&store).await,
            _ = ages.tick(), if pass.is_none() => {
                let uptime = Duration::from_nanos(uptime.nanos());
                let old_before = heads.note(uptime, store.journal.head_now());
                let now = Now::of(clock::now(), start, (uptime, old_before));
                pass = Some(Pass::new(keep.age_max, now));
                Ok(())
            }
            () = std::future::ready(()), if pass.is_some() => {
                go_on(&mut pass, &store, &shutdown).await
            }
        };
        let trimmed = match trimmed {
            Ok(()) => note(&store, &gauges, &mut first).await,
            Err(error) => Err(error),
        };
        if let Err(error) = trimmed {
            let error = crate::terminal::chain(&error);
            tracing::warn!(error, "cannot trim the journal");
            pass = None;
        }
    }
}

/// Notes when events have gone, and tells those who read.
async fn note(store: &Store, gauges: &Gauges, first: &mut Option<Seq>) -> Result<(), StorageError> {
    let left = first_stored(store).await?;
    gauges.first_left.tell(left);
    if first.replace(left).is_some_and(|before| before < left) {
        let mut trimmed_at = gauges.trimmed_at.lock().unwrap_or_else(PoisonError::into_inner);
        *trimmed_at = Some(clock::now());
    }
    Ok(())
}

async fn first_stored(store: &Store) -> Result<Seq, StorageError> {
    Ok(store.journal.stock().await?.first)
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for the next tick; none at once where there is no bound to look after.
async fn due<'a>(room: &'a mut Option<Room>, ticks: &mut Interval) -> Option<&'a mut Room> {
    let room = room.as_mut()?;
    ticks.tick().await;
    Some(room)
}

/// When the newest event was received; now where there is none.
async fn start(store: &Store) -> Timestamp {
    let newest = Seq(store.journal.head_now().0.saturating_sub(1)).max(Seq::FIRST);
    let read = store.journal.read(newest, Wanted::All, 1).await;
    let event = read.ok().and_then(|chunk| chunk.frames.first()?.events().last());
    event.map_or_else(clock::now, |event| event.received_at)
}

impl Now {
    fn of(wall: Timestamp, start: Timestamp, (uptime, old_before): (Duration, Seq)) -> Self {
        Self { wall, sure: wall.min(start.plus(uptime)), old_before }
    }
}

impl Heads {
    /// Notes the head, and answers the latest one that is as old as events are kept.
    fn note(&mut self, uptime: Duration, head: Seq) -> Seq {
        // So few are noted, however long events are kept, that one may stay a little longer.
        let step = self.age_max / 64;
        if self.noted.back().is_none_or(|(last, _)| uptime - *last >= step) {
            self.noted.push_back((uptime, head));
        }
        let is_old = |(at, _): &(Duration, Seq)| uptime - *at > self.age_max;
        while self.noted.get(1).is_some_and(is_old) {
            self.noted.pop_front();
        }
        self.noted.front().filter(|noted| is_old(noted)).map_or(Seq::FIRST, |(_, head)| *head)
    }
}

/// Goes a step on with what is under way.
async fn go_on(
    pass: &mut Option<Pass>,
    store: &Store,
    shutdown: &Shutdown,
) -> Result<(), StorageError> {
    if let Some(own) = pass
        && own.step(store, shutdown).await?
    {
        *pass = None;
    }
    Ok(())
}

/// A pass over what may be old, in steps between which others have their turn.
struct Pass {
    age_max: Duration,
    now: Now,
    /// The first event that was not looked at.
    from: Seq,
}

impl Pass {
    fn new(age_max: Duration, now: Now) -> Self {
        Self { age_max, now, from: Seq::FIRST }
    }

    /// Removes what is old and not needed, as far as a step goes; whether that was the last one.
    async fn step(&mut self, store: &Store, shutdown: &Shutdown) -> Result<bool, StorageError> {
        let (needed, began) = (first_needed(store).await?, Instant::now());
        let (mut before, mut frames) = (None, 0);
        let is_over = loop {
            let is_long = began.elapsed() >= limits::RETENTION_SIZE_INTERVAL;
            if frames >= limits::RETENTION_FRAMES_MAX || is_long || shutdown.is_draining() {
                break false;
            }
            frames += 1;
            let chunk = store.journal.read(self.from, Wanted::All, 1).await?;
            let Some(frame) = chunk.frames.first() else { break true };
            let (is_old, is_of_no_time) = self.judge(frame);
            if !(is_old || is_of_no_time) || frame.last() >= needed || chunk.next <= self.from {
                break true;
            }
            if is_old {
                before = Some(frame.last().next());
            }
            self.from = chunk.next;
        };
        if let Some(before) = before {
            // Somebody may need events that nobody did when the step began: a new replay.
            let before = before.min(first_needed(store).await?);
            store.journal.trim(before).await?;
        }
        Ok(is_over)
    }

    /// Whether a frame is old, and whether it is of a time that has not come.
    fn judge(&self, frame: &Frame) -> (bool, bool) {
        let received_at = frame.events().next().map(|event| event.received_at);
        let is_old = received_at.is_none_or(|at| self.now.sure.since(at) > self.age_max)
            || frame.last() < self.now.old_before;
        (is_old, received_at.is_some_and(|at| at > self.now.wall))
    }
}

/// The room that the journal has.
struct Room {
    bytes_max: u64,
    /// The first event that was left the last time.
    first_left: Seq,
    /// Events that were removed although somebody needed them, and of which nothing was said yet.
    lost: u64,
    /// When that was said last.
    said_at: Option<Instant>,
}

impl Room {
    fn new(bytes_max: u64) -> Self {
        Self { bytes_max, first_left: Seq::FIRST, lost: 0, said_at: None }
    }

    /// Removes the oldest events that there is no room for.
    async fn make(&mut self, store: &Store) -> Result<(), StorageError> {
        let first_left = store.journal.trim_to(self.bytes_max).await?;
        if first_left != self.first_left {
            let needed = first_needed(store).await?.max(self.first_left);
            self.lost += first_left.0.saturating_sub(needed.0) % limits::RESTORE_SKIP;
            self.first_left = first_left;
        }
        self.say();
        Ok(())
    }

    /// Says how many were lost: at once where that begins, and now and then while it goes on.
    fn say(&mut self) {
        let is_due = |said: Instant| said.elapsed() >= limits::LOSS_WARNING_INTERVAL;
        if self.lost > 0 && self.said_at.is_none_or(is_due) {
            let events = std::mem::take(&mut self.lost);
            tracing::warn!(
                events,
                first_left = self.first_left.0,
                "journal.size_max has no room for events that destinations still need; \
                 they count as expired"
            );
            self.said_at = Some(Instant::now());
        }
    }
}

/// The first event that some destination, or a replay to it, has not finished.
async fn first_needed(store: &Store) -> Result<Seq, StorageError> {
    let snapshot = store.catalog.watch().borrow().clone();
    let mut needed = store.journal.head_now();
    let workspace = &snapshot.workspace;
    let known = workspace.destinations.iter().map(|one| (&one.id, &workspace.connections));
    let removed = workspace.removed.iter().map(|one| (&one.destination.id, &one.connections));
    let all: Vec<_> = known.chain(removed).collect();
    for (id, connections) in &all {
        let ours = connections.iter().filter(|connection| connection.destination == **id);
        let since = ours.map(|connection| connection.since).min().unwrap_or(needed);
        needed = needed.min(first_unfinished(store, (*id).into(), since).await?);
    }
    let open = store.replays.open().borrow().clone();
    for replay in open.iter() {
        if all.iter().any(|(id, _)| **id == replay.plan.destination) {
            let (reader, beginning) = (Reader::Replay(replay.id), replay.plan.scope.first);
            needed = needed.min(first_unfinished(store, reader, beginning).await?);
        }
    }
    Ok(needed)
}

/// The first event that a reader has not finished; where it has not begun, its beginning.
async fn first_unfinished(
    store: &Store,
    reader: Reader,
    beginning: Seq,
) -> Result<Seq, StorageError> {
    let progress = store.schedule.progress(&reader).await?;
    Ok(progress.map_or(beginning, Progress::first_unfinished))
}

#[cfg(test)]
mod tests {
    use domain::event::{EventKind, Identities};
    use domain::id::ReplayId;
    use domain::replay::{Cause, Intent, Pace, ReplayPlan, ReplayState, Scope};
    use domain::time::Timestamp;
    use storage::{OpenDelivery, Settlement, memory};

    use super::*;
    use crate::samples::{append, connect, destination, destination_id};
    use crate::shutdown::shutdown;

    const KEEP: Duration = Duration::from_secs(3_600);

    /// A whole pass.
    async fn trim(store: &Store, age_max: Duration, now: Now) -> Result<(), StorageError> {
        let ((_trigger, shutdown), mut pass) = (shutdown(), Pass::new(age_max, now));
        while !pass.step(store, &shutdown).await? {}
        Ok(())
    }

    /// A journal with five old events and one of now.
    async fn store() -> Store {
        let store = memory::open();
        for received_at in [Timestamp(0); 5].into_iter().chain([clock::now()]) {
            append(&store, received_at).await;
        }
        store
    }

    fn step(cursor: u64, open: Option<u64>) -> Settlement {
        let open = open.map(|seq| OpenDelivery {
            seq: Seq(seq),
            kind: EventKind::Track,
            identities: Identities::default(),
            attempts: 1,
            first_attempt_at: None,
            due: Timestamp(0),
            reason: String::new(),
            status: 0,
            is_shelved: false,
        });
        Settlement {
            reader: Reader::Destination(destination_id()),
            cursor: Seq(cursor),
            opened: open.into_iter().collect(),
            closed: Vec::new(),
            attempts: Vec::new(),
            filtered: Vec::new(),
            waiting: None,
        }
    }

    /// Makes a replay from a place on, to the end.
    async fn replay(store: &Store, first: u64) -> ReplayId {
        let scope = Scope::between(Seq(first), store.journal.head_now());
        let (intent, cause, pace) = (Intent::ResendRange, Cause::Asked, Pace::default());
        let plan = ReplayPlan { destination: destination_id(), intent, cause, scope, pace };
        store.replays.make(plan, None, clock::now()).await.unwrap().id
    }

    async fn settle(store: &Store, cursor: u64, open: Option<u64>) {
        store.schedule.commit(step(cursor, open)).await.unwrap();
    }

    /// The first event left after a trim.
    async fn first_left(store: &Store) -> u64 {
        let wall = clock::now();
        trim(store, KEEP, Now { wall, sure: wall, old_before: Seq::FIRST }).await.unwrap();
        first_stored(store).await
    }

    /// 0 where nothing is.
    async fn first_stored(store: &Store) -> u64 {
        let chunk = store.journal.read(Seq::FIRST, Wanted::All, 1).await.unwrap();
        chunk.frames.first().map_or(0, |frame| frame.first().0)
    }

    #[tokio::test]
    async fn it_is_noted_when_events_go() {
        let (store, gauges) = (store().await, Gauges::default());
        let mut first = super::first_stored(&store).await.ok();
        let noted = || *gauges.trimmed_at.lock().unwrap();
        note(&store, &gauges, &mut first).await.unwrap();
        assert_eq!(noted(), None, "nothing has gone");
        assert_eq!(first_left(&store).await, 6);
        note(&store, &gauges, &mut first).await.unwrap();
        let at = noted();
        assert!(at.is_some());
        note(&store, &gauges, &mut first).await.unwrap();
        assert_eq!(noted(), at);
    }

    #[tokio::test]
    async fn old_events_go_and_young_ones_stay() {
        assert_eq!(first_left(&store().await).await, 6);
    }

    #[tokio::test]
    async fn what_a_destination_still_needs_stays_however_old_it_is() {
        for enabled in [true, false] {
            let store = store().await;
            connect(&store, destination(enabled), 1).await;
            assert_eq!(first_left(&store).await, 1, "nothing is delivered yet");
            settle(&store, 5, Some(3)).await;
            assert_eq!(first_left(&store).await, 3, "one delivery is open");
        }
        let store = store().await;
        connect(&store, destination(true), 1).await;
        settle(&store, 5, None).await;
        assert_eq!(first_left(&store).await, 5, "everything before the cursor is done");
    }

    #[test]
    fn time_goes_on_for_retention_as_a_clock_that_never_jumps() {
        let check = |wall: i64, uptime_s: u64, sure: i64| {
            let uptime = Duration::from_secs(uptime_s);
            let now = Now::of(Timestamp(wall), Timestamp(10_000), (uptime, Seq::FIRST));
            assert_eq!((now.wall, now.sure), (Timestamp(wall), Timestamp(sure)), "{wall}");
        };
        check(15_000, 5, 15_000);
        check(12_000, 5, 12_000);
        check(i64::MAX, 5, 15_000);
        check(0, 5, 0);
    }

    #[tokio::test]
    async fn a_clock_that_jumps_ahead_takes_nothing_along() {
        let store = memory::open();
        let start_at = clock::now();
        append(&store, start_at).await;
        let ten_years = Duration::from_secs(10 * 365 * 24 * 3_600);
        let now = |uptime| Now::of(start_at.plus(ten_years), start_at, (uptime, Seq::FIRST));
        assert_eq!(start(&store).await, start_at);
        trim(&store, KEEP, now(KEEP)).await.unwrap();
        assert_eq!(first_stored(&store).await, 1);
        trim(&store, KEEP, now(2 * KEEP)).await.unwrap();
        assert_eq!(first_stored(&store).await, 0, "its time has come");
    }

    #[test]
    fn a_head_is_as_old_as_a_clock_says_that_never_jumps() {
        let mut heads = Heads { age_max: KEEP, noted: VecDeque::new() };
        let minutes = |count: u64| Duration::from_secs(count * 60);
        for minute in 0..=60 {
            assert_eq!(heads.note(minutes(minute), Seq(1 + minute)), Seq::FIRST, "{minute}");
        }
        for minute in 61..10_000 {
            let old = heads.note(minutes(minute), Seq(1 + minute)).0;
            assert!((minute..=minute + 2).contains(&(old + 62)), "{minute}: {old}");
            assert!(heads.noted.len() < 70);
        }
    }

    /// A server that stood still for a year has a newest event of that age, so no time is sure to have
    /// come that is later than that year and its uptime.
    #[tokio::test]
    async fn what_came_since_the_start_goes_in_its_time_however_long_nothing_ran_before() {
        let store = memory::open();
        let year = Duration::from_secs(365 * 86_400);
        let start_at = clock::now();
        for received_at in [start_at, start_at.plus(year), start_at.plus(year)] {
            append(&store, received_at).await;
        }
        let now =
            |old_before| Now::of(start_at.plus(year + 2 * KEEP), start_at, (2 * KEEP, old_before));
        trim(&store, KEEP, now(Seq::FIRST)).await.unwrap();
        assert_eq!(first_stored(&store).await, 2);
        trim(&store, KEEP, now(Seq(3))).await.unwrap();
        assert_eq!(first_stored(&store).await, 3);
    }

    #[tokio::test]
    async fn what_a_replay_still_needs_stays_until_it_has_ended() {
        let store = store().await;
        connect(&store, destination(true), 6).await;
        let id = replay(&store, 3).await;
        assert_eq!(first_left(&store).await, 3);
        let reader = Reader::Replay(id);
        let settlement = Settlement { reader, ..step(5, None) };
        store.schedule.commit(settlement).await.unwrap();
        assert_eq!(first_left(&store).await, 5);
        store.replays.turn(id, ReplayState::Cancelled, clock::now()).await.unwrap();
        assert_eq!(first_left(&store).await, 6);
    }

    #[tokio::test]
    async fn a_pass_has_steps_and_what_somebody_needs_since_then_stays() {
        let store = memory::open();
        let most = u64::from(limits::RETENTION_FRAMES_MAX);
        for _ in 0..2 * most {
            append(&store, Timestamp(0)).await;
        }
        connect(&store, destination(true), 2 * most + 1).await;
        let wall = clock::now();
        let mut pass = Pass::new(KEEP, Now { wall, sure: wall, old_before: Seq::FIRST });
        let (trigger, shutdown) = shutdown();
        assert!(!pass.step(&store, &shutdown).await.unwrap());
        assert_eq!(first_stored(&store).await, most + 1);
        replay(&store, most + 7).await;
        while !pass.step(&store, &shutdown).await.unwrap() {}
        assert_eq!(first_stored(&store).await, most + 7);
        trigger.drain();
        let mut pass = Pass::new(KEEP, Now { wall, sure: wall, old_before: Seq::FIRST });
        assert!(!pass.step(&store, &shutdown).await.unwrap(), "the end waits for no pass");
        assert_eq!(pass.from, Seq::FIRST);
    }

    #[tokio::test]
    async fn events_of_a_time_that_has_not_come_go_with_those_behind_them() {
        let store = memory::open();
        let ahead = clock::now().plus(Duration::from_secs(86_400));
        for received_at in [ahead, Timestamp(0), ahead, clock::now(), Timestamp(0)] {
            append(&store, received_at).await;
        }
        assert_eq!(first_left(&store).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn by_size_the_oldest_go_even_where_they_are_needed() {
        let store = store().await;
        connect(&store, destination(true), 1).await;
        let frame = store.journal.read(Seq::FIRST, Wanted::All, 1).await.unwrap().frames.remove(0);
        let mut room = Room::new(3 * frame.bytes_len() as u64);
        settle(&store, 4, None).await;
        room.make(&store).await.unwrap();
        assert_eq!((first_stored(&store).await, room.lost, room.said_at), (4, 0, None));
        append(&store, clock::now()).await;
        room.make(&store).await.unwrap();
        assert_eq!((first_stored(&store).await, room.lost), (5, 0));
        let said = room.said_at;
        assert!(said.is_some(), "it is said at once");
        append(&store, clock::now()).await;
        room.make(&store).await.unwrap();
        assert_eq!((first_stored(&store).await, room.lost), (6, 1));
        assert_eq!(room.said_at, said, "it is not said each time");
        tokio::time::advance(limits::LOSS_WARNING_INTERVAL).await;
        room.make(&store).await.unwrap();
        assert!(room.lost == 0 && room.said_at > said, "what was lost since is said, too");
        settle(&store, 8, None).await;
        append(&store, clock::now()).await;
        room.make(&store).await.unwrap();
        assert_eq!((first_stored(&store).await, room.lost), (7, 0));
    }
}
