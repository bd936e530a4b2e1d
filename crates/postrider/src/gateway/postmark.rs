//! The postmark of a request: what its events are stamped with, in parts of its own, so that its
//! body can be read on any thread.

use domain::event::fields::Stamp;
use domain::event::intake::{self, Intake, Rejection, Shape};
use domain::id::SourceId;
use domain::time::Timestamp;

use crate::address::Client;
use crate::clock;

/// What is known of a request besides its body.
#[derive(Clone, Debug)]
pub struct Postmark {
    /// The shape that its path asks for.
    pub shape: Shape,
    /// Whose events.
    pub source: SourceId,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Who sent it.
    pub client: Client,
    /// Bytes of one event, at most.
    pub event_bytes_max: usize,
    /// Seed of the hashes of `messageId`s.
    pub message_seed: u64,
}

impl Postmark {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// A rejection of the whole request.
    pub fn read(&self, body: &[u8]) -> Result<Intake, Rejection> {
        let client_ip = self.client.address.to_string();
        let mut fresh_id = clock::random_bytes;
        let mut stamp = Stamp::new(&self.source, self.received_at, &client_ip, &mut fresh_id);
        stamp.client_is_trusted = self.client.is_trusted;
        stamp.event_bytes_max = self.event_bytes_max;
        stamp.message_seed = self.message_seed;
        intake::read(body, self.shape, &mut stamp)
    }
}
