//! The inbox of an HTTP/1.1 connection: what has come, cut into requests.
//!
//! Where a request ends must be beyond doubt, or a proxy in front and the gateway may see different
//! requests in the same bytes, and one client's become another's. What some parsers forgive is refused
//! here: both `Content-Length` and `Transfer-Encoding`, a length that stands twice, lines that end
//! without a carriage return, no `Host`. Whatever cannot be read is told why instead of being cut off.
//!
//! In come bytes, out go heads and pieces of bodies. Unknown here: where bytes come from, and what
//! requests mean.

use bytes::{Buf, Bytes, BytesMut};
use domain::limits;
use http::request::Parts;

use super::chunks::Chunks;
use super::head::{Fault, Framing, Head, Scan};

/// What has come, cut into requests.
#[derive(Debug, Default)]
pub struct Inbox {
    came: BytesMut,
    head: Head,
    rest: Rest,
}

/// What is left of the body at hand.
#[derive(Debug)]
enum Rest {
    Sized(u64),
    Chunked(Chunks),
}

/// What to do about the bytes that have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// So many belong to the body.
    Piece(usize),
    /// So many do not.
    Skip(usize),
    /// More must come.
    More,
    /// The body is over.
    End,
}

/// What is there of a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A piece of it.
    Some(Bytes),
    /// Nothing before more has come.
    More,
    /// Nothing, as it is over.
    Over,
}

/// The body is not what it says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the chunks of the body are damaged")]
pub struct Damaged;

impl Default for Rest {
    fn default() -> Self {
        Self::Sized(0)
    }
}

impl From<Framing> for Rest {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::Sized(bytes) => Self::Sized(bytes),
            Framing::Chunked => Self::Chunked(Chunks::default()),
        }
    }
}

impl Inbox {
    /// What has come and has not been taken.
    pub fn came(&mut self) -> &mut BytesMut {
        &mut self.came
    }

    /// Takes a head once all of it has come, into `parts`; whether it has.
    ///
    /// # Errors
    /// Why it is refused, and stays where it is; nothing can be taken after it.
    pub fn take_head(&mut self, parts: &mut Parts) -> Result<bool, Fault> {
        match self.head.scan(&self.came) {
            Scan::Whole { bytes, framing } => {
                self.head.read(&self.came.split_to(bytes).freeze(), parts)?;
                self.rest = framing.into();
                self.head.clear();
                Ok(true)
            }
            Scan::Part => Ok(false),
            Scan::Fault(fault) => Err(fault),
        }
    }

    /// Takes what has come of the body at hand.
    ///
    /// # Errors
    /// As [`Damaged`]; nothing can be taken after it.
    pub fn take_piece(&mut self) -> Result<Piece, Damaged> {
        loop {
            match self.rest.step(&self.came)? {
                Step::Piece(count) => return Ok(Piece::Some(self.came.split_to(count).freeze())),
                Step::Skip(count) => self.came.advance(count),
                Step::More => return Ok(Piece::More),
                Step::End => return Ok(Piece::Over),
            }
        }
    }

    /// Bytes that the body at hand says are left of it; 0 where it does not say.
    pub fn declared(&self) -> u64 {
        match self.rest {
            Rest::Sized(bytes) => bytes,
            Rest::Chunked(_) => 0,
        }
    }

    /// Makes room for what comes next: as much as is known to come, within bounds, and a byte more, by
    /// which a read that takes all there is can be told from one that does not.
    pub fn make_room(&mut self) {
        if self.came.capacity() - self.came.len() >= limits::LEAST_READ_BYTES {
            return;
        }
        let known = usize::try_from(self.rest.known()).unwrap_or(usize::MAX).saturating_add(1);
        let room = known.clamp(limits::HELD_READ_BYTES, limits::BODY_READ_BYTES_MAX);
        if !self.came.try_reclaim(room) {
            // Exactly so much: it would double otherwise, and be filled.
            let mut new = BytesMut::with_capacity(self.came.len() + room);
            new.extend_from_slice(&self.came);
            self.came = new;
        }
    }

    /// Gives back the room, which is empty.
    pub fn give_back(&mut self) {
        self.came = BytesMut::new();
    }
}

impl Rest {
    /// Bytes that are known to come.
    fn known(&self) -> u64 {
        match self {
            Self::Sized(bytes) => *bytes,
            Self::Chunked(chunks) => chunks.known(),
        }
    }

    fn step(&mut self, came: &[u8]) -> Result<Step, Damaged> {
        match self {
            Self::Sized(0) => Ok(Step::End),
            Self::Sized(left) => Ok(Step::piece(left, came)),
            Self::Chunked(chunks) => chunks.step(came),
        }
    }
}

impl Step {
    /// What of the bytes that have come belongs to the piece of which so much is left.
    pub fn piece(left: &mut u64, came: &[u8]) -> Self {
        if came.is_empty() {
            return Self::More;
        }
        let count = usize::try_from(*left).unwrap_or(usize::MAX).min(came.len());
        *left -= count as u64;
        Self::Piece(count)
    }
}
