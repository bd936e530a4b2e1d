//! What the destinations of a thread share: so many attempts may be under way, and each destination
//! takes turns at starting them.
//!
//! Half of the places are kept for destinations that have none. Of the others a destination may hold
//! as many as are free, and no more. So a few may hold all they want; the more there are that want
//! much, the less each gets; and however many stall, there is a place for one that has none. Who gets
//! none waits in line, and a place that becomes free calls the first who may take it.
//!
//! The same holds for the bytes of events read ahead: a destination may hold as many as are free, and a
//! little in any case.
//!
//! A turn is as much as a credit of bytes allows. Who has more to send goes to the back of the line of
//! those that have something to do, and pays there for what it took too much (deficit round robin,
//! with the deficit carried as a debt).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use domain::limits;
use tokio::sync::Notify;

/// What the destinations of a thread share.
pub struct Commons {
    free: Cell<usize>,
    /// How many of the places are kept for those that have none.
    kept: usize,
    /// Bytes that may be read ahead; below 0 where many hold the least.
    window: Cell<i64>,
    line: RefCell<VecDeque<Rc<Stand>>>,
}

/// A destination, as the others see it.
#[derive(Default)]
struct Stand {
    held: Cell<usize>,
    is_in_line: Cell<bool>,
    called: Notify,
}

/// What a destination has of the commons; given back with it.
pub struct Stake {
    commons: Rc<Commons>,
    stand: Rc<Stand>,
    credit_bytes: i64,
    held_bytes: i64,
    waits_for: WaitsFor,
}

/// How a destination fares, as far as the turns of the others go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fares {
    /// It has its turn when there is something to do.
    Well,
    /// It lets those go first that have something to do at the same moment: an attempt that fails
    /// costs more, and nobody is served by it.
    Badly,
}

/// Why a destination has not started all it could.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WaitsFor {
    Nothing,
    /// The others come first.
    Turn,
    Place,
}

impl Commons {
    /// Commons of so many places, and so many bytes that may be read ahead.
    pub fn of(places: usize, window_bytes: usize) -> Rc<Self> {
        Rc::new(Self {
            free: Cell::new(places),
            kept: places / 2,
            window: Cell::new(signed(window_bytes)),
            line: RefCell::default(),
        })
    }

    /// Calls the first in line who may take a place.
    fn call(&self) {
        let mut line = self.line.borrow_mut();
        let Some(first) = line.iter().position(|stand| self.has_place_for(stand)) else { return };
        if let Some(stand) = line.remove(first) {
            stand.is_in_line.set(false);
            stand.called.notify_one();
        }
    }

    fn has_place_for(&self, stand: &Stand) -> bool {
        let (held, free) = (stand.held.get(), self.free.get());
        (held == 0 && free > 0) || held + self.kept < free
    }
}

impl Stake {
    /// A stake that holds nothing yet.
    pub fn in_commons(commons: &Rc<Commons>) -> Self {
        Self {
            commons: commons.clone(),
            stand: Rc::default(),
            credit_bytes: limits::TURN_BYTES,
            held_bytes: 0,
            waits_for: WaitsFor::Nothing,
        }
    }

    /// Whether an attempt may start; where not, [`Stake::turn`] says when to ask again.
    pub fn may_start(&mut self) -> bool {
        let has_place = self.commons.has_place_for(&self.stand);
        self.waits_for = match self.credit_bytes > 0 {
            false => WaitsFor::Turn,
            true if has_place => WaitsFor::Nothing,
            true => WaitsFor::Place,
        };
        if self.waits_for == WaitsFor::Place && !self.stand.is_in_line.replace(true) {
            self.commons.line.borrow_mut().push_back(self.stand.clone());
        }
        self.waits_for == WaitsFor::Nothing
    }

    /// An attempt starts, with an event of so many bytes.
    pub fn start(&mut self, bytes: usize) {
        self.commons.free.set(self.commons.free.get() - 1);
        self.stand.held.set(self.stand.held.get() + 1);
        let cost = signed(bytes).saturating_add(limits::TURN_ATTEMPT_BYTES);
        self.credit_bytes = self.credit_bytes.saturating_sub(cost);
    }

    /// So many bytes of events are held now.
    pub fn hold(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.held_bytes, signed(bytes));
        self.commons.window.set(self.commons.window.get() + before - self.held_bytes);
    }

    /// Bytes of events that may be read ahead besides those that are held.
    pub fn window(&self) -> usize {
        let share = self.commons.window.get().max(signed(limits::WINDOW_BYTES_LEAST));
        usize::try_from(share - self.held_bytes).unwrap_or(0)
    }

    /// An attempt has ended.
    pub fn end(&self) {
        self.commons.free.set(self.commons.free.get() + 1);
        self.stand.held.set(self.stand.held.get() - 1);
        self.commons.call();
    }

    /// Nothing more is started for now. Places that are left are for others.
    pub fn pause(&mut self, fares: Fares) {
        if self.waits_for == WaitsFor::Nothing {
            self.credit_bytes = match fares {
                Fares::Well => limits::TURN_BYTES,
                Fares::Badly => 0,
            };
        }
        self.commons.call();
    }

    /// Waits until it makes sense to ask again; forever where nothing was refused.
    ///
    /// # Cancellation
    /// Nothing is lost: whoever has got no turn has to ask again.
    pub async fn turn(&mut self) {
        match self.waits_for {
            WaitsFor::Nothing => std::future::pending().await,
            WaitsFor::Turn => {
                tokio::task::yield_now().await;
                self.credit_bytes = self.credit_bytes.saturating_add(limits::TURN_BYTES);
                // Who does not ask again, as its flow has closed meanwhile, has nothing to wait for.
                self.waits_for = WaitsFor::Nothing;
            }
            WaitsFor::Place => self.stand.called.notified().await,
        }
    }
}

impl Drop for Stake {
    fn drop(&mut self) {
        self.commons.line.borrow_mut().retain(|stand| !Rc::ptr_eq(stand, &self.stand));
        self.commons.free.set(self.commons.free.get() + self.stand.held.replace(0));
        self.hold(0);
        self.commons.call();
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Starts as many attempts without bytes as it may, in as many turns as that takes.
    fn start_all(stake: &mut Stake) -> usize {
        let before = stake.stand.held.get();
        loop {
            while stake.may_start() {
                stake.start(0);
            }
            if stake.waits_for == WaitsFor::Place {
                return stake.stand.held.get() - before;
            }
            stake.credit_bytes = limits::TURN_BYTES;
        }
    }

    #[test]
    fn who_wants_all_leaves_as_much_as_it_holds() {
        let commons = Commons::of(200, 0);
        let mut greedy = Stake::in_commons(&commons);
        assert_eq!(start_all(&mut greedy), 50);
        let mut second = Stake::in_commons(&commons);
        assert_eq!(start_all(&mut second), 25);
        for _ in 0..10 {
            greedy.end();
        }
        assert_eq!(start_all(&mut greedy), 0, "it holds more than are left");
        assert_eq!(start_all(&mut second), 5);
        drop(greedy);
        assert_eq!(start_all(&mut second), 20);
    }

    #[test]
    fn however_many_stall_there_is_a_place_for_one_that_has_none() {
        let commons = Commons::of(400, 0);
        let mut stalling: Vec<_> = (0..150).map(|_| Stake::in_commons(&commons)).collect();
        for stake in &mut stalling {
            assert!(start_all(stake) > 0);
        }
        let mut healthy = Stake::in_commons(&commons);
        assert_eq!(start_all(&mut healthy), 1);
    }

    #[test]
    fn a_free_place_calls_the_first_in_line_who_may_take_it() {
        let commons = Commons::of(2, 0);
        let [mut rich, mut other, mut poor] = [(); 3].map(|()| Stake::in_commons(&commons));
        rich.start(0);
        other.start(0);
        assert!(!rich.may_start() && !poor.may_start());
        other.end();
        assert_eq!(rich.turn().now_or_never(), None, "the last place is for one that has none");
        assert_eq!(poor.turn().now_or_never(), Some(()));
        assert!(poor.may_start());
        rich.end();
        assert_eq!(rich.turn().now_or_never(), Some(()));
    }

    #[test]
    fn who_is_called_and_wants_nothing_lets_the_next_one_go() {
        let commons = Commons::of(1, 0);
        let [mut first, mut second, mut third] = [(); 3].map(|()| Stake::in_commons(&commons));
        first.start(0);
        assert!(!second.may_start() && !third.may_start());
        first.end();
        assert_eq!(second.turn().now_or_never(), Some(()));
        assert_eq!(third.turn().now_or_never(), None);
        second.pause(Fares::Well);
        assert_eq!(third.turn().now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn a_turn_ends_with_the_credit_and_a_debt_is_paid() {
        let commons = Commons::of(1_000, 0);
        let mut stake = Stake::in_commons(&commons);
        let whole = usize::try_from(limits::TURN_BYTES).unwrap();
        assert!(stake.may_start());
        stake.start(3 * whole);
        for _ in 0..3 {
            assert!(!stake.may_start());
            stake.turn().await;
        }
        assert!(stake.may_start(), "{}", stake.credit_bytes);
        stake.pause(Fares::Well);
        assert_eq!(stake.credit_bytes, limits::TURN_BYTES, "credit is not saved up");
    }

    #[tokio::test]
    async fn who_fares_badly_lets_the_others_go_first() {
        let commons = Commons::of(1_000, 0);
        let mut stake = Stake::in_commons(&commons);
        stake.pause(Fares::Badly);
        assert!(!stake.may_start());
        stake.pause(Fares::Badly);
        stake.turn().await;
        assert!(stake.may_start(), "once");
        stake.start(0);
        assert!(stake.may_start(), "and then as others");
        stake.pause(Fares::Well);
        assert!(stake.may_start());
    }

    #[tokio::test]
    async fn who_has_had_its_turn_and_does_not_ask_again_waits_for_nothing() {
        let commons = Commons::of(1_000, 0);
        let mut stake = Stake::in_commons(&commons);
        stake.pause(Fares::Badly);
        assert!(!stake.may_start());
        stake.turn().await;
        stake.pause(Fares::Badly);
        assert_eq!(stake.waits_for, WaitsFor::Nothing, "its thread would turn in a circle");
    }

    #[test]
    fn the_window_of_one_leaves_as_much_to_the_others_and_everybody_has_a_little() {
        let least = limits::WINDOW_BYTES_LEAST;
        let commons = Commons::of(1, 64 * least);
        let mut stakes: Vec<_> = (0..100).map(|_| Stake::in_commons(&commons)).collect();
        let fill = |stake: &mut Stake| {
            let mut held = 0;
            while stake.window() > 0 {
                held += least / 4;
                stake.hold(held);
            }
            held
        };
        assert_eq!(fill(&mut stakes[0]), 32 * least);
        assert_eq!(fill(&mut stakes[1]), 16 * least);
        let all: usize = stakes[2..].iter_mut().map(fill).sum();
        assert!(all <= 16 * least + 98 * least, "{all}");
        assert!(stakes.iter_mut().all(|stake| stake.held_bytes >= signed(least)));
        stakes.clear();
        assert_eq!(fill(&mut Stake::in_commons(&commons)), 32 * least);
    }
}
