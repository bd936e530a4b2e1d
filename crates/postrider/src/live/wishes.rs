//! What people ask of a destination that is at work: to do something, or to say how deliveries stand.
//!
//! A wish stays until somebody is at work to grant it, who does that before anything else.
//! A question is forgotten when whoever asked it waits no longer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::event::Identities;
use domain::id::Seq;
use domain::time::Timestamp;
use tokio::sync::{Notify, oneshot};

/// What somebody asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Everything that waits for its time is to be tried now.
    TryNow,
    /// This delivery, which waits for its time, is to be tried now.
    Retry(Seq),
    /// This delivery is not to be tried any more.
    Skip(Seq),
}

/// How a delivery stands at whoever is at work for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its event was not read yet.
    Unread,
    /// It may go as soon as there is room for it.
    Ready,
    /// An attempt is under way.
    Sending,
    /// It has failed, and waits for its time.
    Parked {
        /// When that comes.
        due: Timestamp,
    },
    /// An earlier event of the same user comes first.
    Waiting {
        /// The first of the line.
        behind: Seq,
    },
    /// It is not held: finished, or never to be sent, or on disk behind an earlier event.
    Apart {
        /// The first of the lines that it would stand in, where it comes before it.
        behind: Option<Seq>,
    },
}

/// How these deliveries stand, and who wants to know.
#[derive(Debug)]
pub struct Question {
    /// Events, and whose they are.
    pub of: Vec<(Seq, Identities)>,
    reply: oneshot::Sender<Vec<Standing>>,
}

/// What nobody has looked at yet.
#[derive(Debug, Default)]
pub struct Asked {
    /// What is to be done, each once.
    pub wishes: Vec<Wish>,
    /// What is to be answered.
    pub questions: Vec<Question>,
}

/// The wishes and questions of one destination.
#[derive(Debug, Default)]
pub struct Wishes {
    open: Mutex<Asked>,
    made: Notify,
}

impl Wishes {
    /// Makes a wish.
    pub fn make(&self, wish: Wish) {
        let mut open = self.lock();
        if !open.wishes.contains(&wish) {
            open.wishes.push(wish);
        }
        self.made.notify_one();
    }

    /// Asks how deliveries stand. The answer, in the same order, may never come.
    pub fn ask(&self, of: Vec<(Seq, Identities)>) -> oneshot::Receiver<Vec<Standing>> {
        let (reply, answer) = oneshot::channel();
        let mut open = self.lock();
        open.questions.retain(|question| !question.reply.is_closed());
        open.questions.push(Question { of, reply });
        self.made.notify_one();
        answer
    }

    /// Waits for something and takes all of it.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn next(&self) -> Asked {
        self.made.notified().await;
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    /// Answers each of its deliveries.
    pub fn answer(self, standing: impl Fn(Seq, Identities) -> Standing) {
        let answers = self.of.iter().map(|(seq, identities)| standing(*seq, *identities));
        // Whoever waits no longer does not want to know.
        let _ = self.reply.send(answers.collect());
    }
}
