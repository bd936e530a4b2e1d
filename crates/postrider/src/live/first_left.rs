//! What retention has left of the journal, for those who read it: who stands before that has lost events.

use domain::id::Seq;
use tokio::sync::watch;

/// The first event that retention has left, as far as it has looked.
#[derive(Clone, Debug)]
pub struct FirstLeft(watch::Sender<Seq>);

impl Default for FirstLeft {
    fn default() -> Self {
        Self(watch::Sender::new(Seq::FIRST))
    }
}

impl FirstLeft {
    /// Tells those who watch.
    pub fn tell(&self, first: Seq) {
        self.0.send_if_modified(|known| std::mem::replace(known, first) != first);
    }

    /// Watches it.
    pub fn watch(&self) -> watch::Receiver<Seq> {
        self.0.subscribe()
    }
}
