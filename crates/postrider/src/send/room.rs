//! Room for a bounded number of things, for which one waits where there is none.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// So many places.
pub struct Room {
    places: Cell<usize>,
    taken: Cell<usize>,
    freed: Notify,
    waiting: Cell<usize>,
}

/// A place that is taken until it is dropped.
pub struct Place(Rc<Room>);

impl Room {
    /// Room for so many.
    pub fn of(places: usize) -> Rc<Self> {
        let places = Cell::new(places);
        Rc::new(Self {
            places,
            taken: Cell::default(),
            freed: Notify::new(),
            waiting: Cell::default(),
        })
    }

    /// Has room for so many from now on; who is in stays.
    pub fn resize(&self, places: usize) {
        if self.places.replace(places) < places {
            self.freed.notify_waiters();
        }
    }

    /// Takes a place; none where all are taken.
    pub fn try_enter(self: &Rc<Self>) -> Option<Place> {
        let taken = self.taken.get();
        let is_free = taken < self.places.get();
        is_free.then(|| {
            self.taken.set(taken + 1);
            Place(self.clone())
        })
    }

    /// Takes a place as soon as there is one; those who have waited longest come first.
    ///
    /// # Cancellation
    /// Nothing is taken.
    pub async fn enter(self: &Rc<Self>) -> Place {
        let _waiting = Waiting::of(self);
        loop {
            if let Some(place) = self.try_enter() {
                return place;
            }
            self.freed.notified().await;
        }
    }

    /// Whether somebody waits for a place.
    pub fn is_crowded(&self) -> bool {
        self.waiting.get() > 0
    }
}

/// One who waits, until it is dropped.
struct Waiting<'r>(&'r Room);

impl<'r> Waiting<'r> {
    fn of(room: &'r Room) -> Self {
        room.waiting.set(room.waiting.get() + 1);
        Self(room)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get() - 1);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.set(self.0.taken.get() - 1);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn who_finds_no_room_waits_for_a_place() {
        let room = Room::of(2);
        let (first, second) = (room.try_enter(), room.try_enter());
        assert!(first.is_some() && second.is_some() && room.try_enter().is_none());
        let mut waiting = Box::pin(room.enter());
        assert!(!room.is_crowded() && waiting.as_mut().now_or_never().is_none());
        assert!(room.is_crowded());
        drop(first);
        let third = waiting.now_or_never();
        assert!(third.is_some() && room.try_enter().is_none() && !room.is_crowded());
        let given_up = Box::pin(room.enter());
        drop((given_up, second));
        assert!(room.try_enter().is_some(), "one who left keeps no place");
    }

    #[test]
    fn a_room_that_grows_lets_in_those_who_wait_and_one_that_shrinks_turns_nobody_out() {
        let room = Room::of(1);
        let first = room.try_enter();
        let mut waiting = [(); 3].map(|()| Box::pin(room.enter()));
        let mut let_in = || waiting.each_mut().map(|one| one.as_mut().now_or_never());
        assert!(let_in().iter().all(Option::is_none));
        room.resize(3);
        let places = let_in();
        assert_eq!(places.each_ref().map(Option::is_some), [true, true, false]);
        room.resize(1);
        drop(first);
        assert!(room.try_enter().is_none());
    }
}
