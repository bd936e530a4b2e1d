//! Room for a bounded number of things, for which one waits where there is none.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// So many places.
pub struct Room {
    free: Cell<usize>,
    freed: Notify,
    waiting: Cell<usize>,
}

/// A place that is taken until it is dropped.
pub struct Place(Rc<Room>);

impl Room {
    /// Room for so many.
    pub fn of(places: usize) -> Rc<Self> {
        Rc::new(Self { free: Cell::new(places), freed: Notify::new(), waiting: Cell::default() })
    }

    /// Takes a place; none where all are taken.
    pub fn try_enter(self: &Rc<Self>) -> Option<Place> {
        let left = self.free.get().checked_sub(1)?;
        self.free.set(left);
        Some(Place(self.clone()))
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
        self.0.free.set(self.0.free.get() + 1);
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
}
