//! What people ask of a destination that is at work.
//!
//! A wish is forgotten where nobody is at work to grant it: whoever begins later begins anew anyway.

use std::sync::{Mutex, PoisonError};

use domain::id::Seq;
use tokio::sync::Notify;

/// What somebody asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Everything that waits for its time is to be tried now.
    TryNow,
    /// This delivery is not to be tried any more.
    Skip(Seq),
}

/// The wishes nobody has granted yet.
#[derive(Debug, Default)]
pub struct Wishes {
    open: Mutex<Vec<Wish>>,
    made: Notify,
}

impl Wishes {
    /// Makes a wish.
    pub fn make(&self, wish: Wish) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.contains(&wish) {
            open.push(wish);
        }
        self.made.notify_one();
    }

    /// Waits for wishes and takes all of them.
    ///
    /// # Cancellation
    /// No wish is lost.
    pub async fn next(&self) -> Vec<Wish> {
        self.made.notified().await;
        std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
