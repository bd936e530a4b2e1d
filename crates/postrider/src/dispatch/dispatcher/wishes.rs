//! What people ask of a dispatcher, done and answered between two turns of its loop.

use domain::id::Seq;

use super::Dispatcher;
use crate::dispatch::world::World;
use crate::live::{Asked, Wish};

impl<W: World> Dispatcher<W> {
    /// Does and answers what people ask for.
    pub(super) fn grant(&mut self, asked: Asked) {
        for wish in asked.wishes {
            match wish {
                Wish::TryNow => {
                    tracing::info!(destination = %self.parts.id, "all that waits is tried now");
                    self.flow.resume(self.parts.world.now());
                    self.agenda.hurry_all();
                }
                Wish::Retry(seq) => {
                    self.flow.resume(self.parts.world.now());
                    self.agenda.hurry_this(seq);
                }
                Wish::Skip(seq) => self.skip(seq),
            }
        }
        for question in asked.questions {
            question.answer(|seq, identities| self.agenda.standing(seq, identities));
        }
    }

    fn skip(&mut self, seq: Seq) {
        if let Some(skipped) = self.agenda.skip(seq) {
            self.records.skipped(&skipped, self.parts.world.now());
        }
    }
}
