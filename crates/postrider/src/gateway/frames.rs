//! The frames of an HTTP/2 connection, as far as their heads tell.
//!
//! The library that speaks HTTP/2 shows requests only once their heads are whole. What it does not
//! show is seen here: that a head has begun, frames without end that belong to no request, and how
//! many streams we have reset. Payloads are passed over.

use domain::limits;

/// Bytes before the first frame of a client. Source: RFC 9113, section 3.4.
const PREFACE_BYTES: u32 = 24;
/// Bytes of a frame's head. Source: RFC 9113, section 4.1.
const HEAD_BYTES: usize = 9;
/// The same with the code of a reset, which is all of its payload. Source: section 6.4.
const RESET_BYTES: usize = HEAD_BYTES + 4;

/// Kinds and flags of frames. Source: RFC 9113, section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// Codes of resets that are no mistake: no error, too many at a time, cancelled. Source: section 7.
const MILD: [[u8; 4]; 3] = [[0, 0, 0, 0], [0, 0, 0, 7], [0, 0, 0, 8]];

/// Follows what a client sends.
#[derive(Debug)]
pub struct Received {
    reader: Reader,
    is_in_head: bool,
    /// Frames since the last one that moved a request on.
    idle: u32,
}

/// Follows what a client is sent.
#[derive(Debug, Default)]
pub struct Sent(Reader);

/// What has been seen of heads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// One has ended.
    pub has_ended: bool,
    /// One has begun and not ended.
    pub is_under_way: bool,
}

/// Too many frames that belong to no request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("frames without end that belong to no request")]
pub struct Flood;

/// Tells frames apart.
#[derive(Debug, Default)]
struct Reader {
    /// Bytes to pass over.
    left: u32,
    head: [u8; RESET_BYTES],
    /// How much of the next head has come.
    filled: usize,
    /// What is being passed over.
    frame: Option<Frame>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    bytes: u32,
    /// The code of a reset.
    code: [u8; 4],
}

enum Step {
    Begins(Frame),
    Ends(Frame),
}

impl Default for Received {
    fn default() -> Self {
        let reader = Reader { left: PREFACE_BYTES, ..Reader::default() };
        Self { reader, is_in_head: false, idle: 0 }
    }
}

impl Received {
    /// Follows the connection as far as these bytes go.
    ///
    /// # Errors
    /// Where there have been too many frames that belong to no request.
    pub fn follow(&mut self, mut bytes: &[u8]) -> Result<Progress, Flood> {
        let mut has_ended = false;
        while let Some(step) = self.reader.next(&mut bytes) {
            match step {
                Step::Begins(frame) if frame.is_of_head() => {
                    (self.is_in_head, self.idle) = (true, 0);
                }
                Step::Begins(frame) if frame.moves_a_body() => self.idle = 0,
                Step::Begins(_) => self.idle += 1,
                Step::Ends(frame) if frame.is_of_head() && frame.flags & END_HEADERS != 0 => {
                    (self.is_in_head, has_ended) = (false, true);
                }
                Step::Ends(_) => {}
            }
            if self.idle > limits::HTTP2_IDLE_FRAMES_MAX {
                return Err(Flood);
            }
        }
        Ok(Progress { has_ended, is_under_way: self.is_in_head })
    }
}

impl Sent {
    /// Follows the connection as far as these bytes go; answers how many streams were reset for
    /// a client's mistakes.
    pub fn follow(&mut self, mut bytes: &[u8]) -> u32 {
        let mut resets = 0;
        while let Some(step) = self.0.next(&mut bytes) {
            if let Step::Begins(Frame { kind: RESET, code, .. }) = step {
                resets += u32::from(!MILD.contains(&code));
            }
        }
        resets
    }
}

impl Reader {
    /// What the next bytes tell, which are taken off; none where more have to come.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<Step> {
        let passed = bytes.len().min(self.left as usize);
        *bytes = &bytes[passed..];
        self.left -= u32::try_from(passed).unwrap_or(self.left);
        if self.left > 0 {
            return None;
        }
        if let Some(frame) = self.frame.take() {
            return Some(Step::Ends(frame));
        }
        while self.filled < self.wanted() {
            let (first, rest) = bytes.split_first()?;
            self.head[self.filled] = *first;
            self.filled += 1;
            *bytes = rest;
        }
        let frame = self.frame();
        self.left = frame.bytes.saturating_sub(u32::from(frame.kind == RESET) * 4);
        (self.filled, self.frame) = (0, Some(frame));
        Some(Step::Begins(frame))
    }

    /// How many bytes tell what the next frame is.
    fn wanted(&self) -> usize {
        match self.filled < HEAD_BYTES || self.head[3] != RESET {
            true => HEAD_BYTES,
            false => RESET_BYTES,
        }
    }

    fn frame(&self) -> Frame {
        let [a, b, c, kind, flags, _, _, _, _, code @ ..] = self.head;
        Frame { kind, flags, bytes: u32::from_be_bytes([0, a, b, c]), code }
    }
}

impl Frame {
    fn is_of_head(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION)
    }

    fn moves_a_body(self) -> bool {
        self.kind == DATA && (self.bytes > 0 || self.flags & END_STREAM != 0)
    }
}

#[cfg(test)]
mod tests {
    use testkit::http2::{END_HEADERS, END_STREAM, Kind, PREFACE, frame};

    use super::*;

    /// All at once, and then in every two parts: it must not matter how bytes arrive.
    fn follow(frames: &[Vec<u8>]) -> Progress {
        let bytes = [PREFACE, &frames.concat()].concat();
        let whole = Received::default().follow(&bytes).unwrap();
        for cut in 0..=bytes.len() {
            let mut received = Received::default();
            let first = received.follow(&bytes[..cut]).unwrap();
            let second = received.follow(&bytes[cut..]).unwrap();
            let has_ended = first.has_ended || second.has_ended;
            assert_eq!(Progress { has_ended, ..second }, whole, "cut at {cut}");
        }
        whole
    }

    #[test]
    fn heads_begin_and_end() {
        let check = |frames: &[Vec<u8>], has_ended: bool, is_under_way: bool| {
            let progress = follow(frames);
            assert_eq!(progress, Progress { has_ended, is_under_way }, "{frames:?}");
        };
        let settings = frame(Kind::Settings, 0, 0, &[0; 6]);
        let whole = frame(Kind::Headers, END_HEADERS | END_STREAM, 1, b"block");
        let begun = frame(Kind::Headers, END_STREAM, 1, b"block");
        let more = frame(Kind::Continuation, 0, 1, b"");
        let last = frame(Kind::Continuation, END_HEADERS, 1, b"block");
        check(&[], false, false);
        check(std::slice::from_ref(&settings), false, false);
        check(&[settings.clone(), whole.clone()], true, false);
        check(std::slice::from_ref(&begun), false, true);
        check(&[begun.clone(), more.clone()], false, true);
        check(&[begun.clone(), more, last.clone()], true, false);
        check(&[whole.clone(), begun], true, true);
        check(&[whole[..13].to_vec()], false, true);
        check(&[whole, frame(Kind::Data, END_STREAM, 1, b"")], true, false);
        check(&[frame(Kind::Data, 0, 1, &last), settings], false, false);
    }

    #[test]
    fn frames_that_belong_to_no_request_are_bounded() {
        let check = |idle: &[u8], moving: &[u8], want: Option<Flood>| {
            let mut received = Received::default();
            received.follow(PREFACE).unwrap();
            let all = idle.repeat(limits::HTTP2_IDLE_FRAMES_MAX as usize);
            assert_eq!(received.follow(&all), Ok(Progress::default()));
            received.follow(moving).ok();
            assert_eq!(received.follow(idle).err(), want, "{idle:?} after {moving:?}");
        };
        let ping = frame(Kind::Ping, 0, 0, &[7; 8]);
        let nothing = frame(Kind::Data, 0, 1, b"");
        for idle in [&ping, &nothing, &frame(Kind::WindowUpdate, 0, 1, &[0, 0, 0, 1])] {
            check(idle, b"", Some(Flood));
            check(idle, &frame(Kind::Headers, END_HEADERS, 1, b"block"), None);
            check(idle, &frame(Kind::Data, 0, 1, b"{"), None);
            check(idle, &frame(Kind::Data, END_STREAM, 1, b""), None);
        }
    }

    #[test]
    fn resets_for_a_clients_mistakes_are_counted() {
        let reset = |code: u32| frame(Kind::ResetStream, 0, 1, &code.to_be_bytes());
        let all = [
            reset(1),
            frame(Kind::Data, 0, 1, &reset(1)),
            reset(0),
            reset(8),
            reset(7),
            frame(Kind::Settings, 0, 0, &[0; 6]),
            reset(1),
        ]
        .concat();
        for cut in 0..=all.len() {
            let mut sent = Sent::default();
            assert_eq!(sent.follow(&all[..cut]) + sent.follow(&all[cut..]), 2, "cut at {cut}");
        }
    }
}
