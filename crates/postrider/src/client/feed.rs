//! Server-sent events, read from a connection as they come. Source: the HTML standard, section 9.2.

use std::io;

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::wire::Wire;

/// Bytes of one event. Source: chosen; rows have some hundred.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// What a server has sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sending {
    /// Its kind.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A stream of such.
pub struct Feed {
    wire: Wire,
    body: Incoming,
    reader: Reader,
}

impl Feed {
    /// The stream whose head has come on this connection.
    pub fn new(wire: Wire, body: Incoming) -> Self {
        Self { wire, body, reader: Reader::default() }
    }

    /// The next one; none where the server has ended the stream.
    ///
    /// # Errors
    /// Where the connection breaks, or something too large comes.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn next(&mut self) -> io::Result<Option<Sending>> {
        loop {
            if let Some(sending) = self.reader.next() {
                return Ok(Some(sending));
            }
            let frame = self.wire.while_driven(self.body.frame()).await;
            let Some(frame) = frame else { return Ok(None) };
            if let Ok(bytes) = frame.map_err(io::Error::other)?.into_data() {
                self.reader.take(&bytes)?;
            }
        }
    }

    /// The `id` that came last, to go on behind it.
    pub fn last_id(&self) -> Option<&str> {
        self.reader.last_id.as_deref()
    }
}

/// Bytes become events, wherever they are cut.
#[derive(Debug, Default)]
struct Reader {
    bytes: Vec<u8>,
    /// What of an event has come so far.
    begun: Sending,
    last_id: Option<String>,
}

impl Reader {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        let kept = self.bytes.len() + self.begun.text.len();
        if kept > EVENT_BYTES_MAX { Err(io::Error::other("an event is too large")) } else { Ok(()) }
    }

    /// The next event that is there as a whole.
    fn next(&mut self) -> Option<Sending> {
        let mut read = 0;
        let mut whole = None;
        while let Some(end) = self.bytes[read..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.bytes[read..read + end]).into_owned();
            read += end + 1;
            let line = line.trim_end_matches('\r');
            if !line.is_empty() {
                self.begun.add(line, &mut self.last_id);
            } else if self.begun != Sending::default() {
                whole = Some(std::mem::take(&mut self.begun));
                break;
            }
        }
        self.bytes.drain(..read);
        whole
    }
}

impl Sending {
    fn add(&mut self, line: &str, last_id: &mut Option<String>) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.text.is_empty() => value.clone_into(&mut self.text),
            "data" => self.text = format!("{}\n{value}", self.text),
            "id" => *last_id = Some(value.to_owned()),
            // Comments, which keep the connection alive, and what is not for us.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = ": hello\n\nid: 7\nevent: event\ndata: {\"a\":\"ü\"}\n\nevent: x\r\ndata: 1\r\n\
                        data: 2\r\n\r\nid: 9\n\nevent: cut\ndata: no";

    fn read(parts: impl Iterator<Item = impl AsRef<[u8]>>) -> (Vec<Sending>, Option<String>) {
        let (mut reader, mut all) = (Reader::default(), Vec::new());
        for part in parts {
            reader.take(part.as_ref()).expect("it is not too large");
            while let Some(sending) = reader.next() {
                all.push(sending);
            }
        }
        (all, reader.last_id)
    }

    #[test]
    fn events_are_read_wherever_they_are_cut() {
        let sending =
            |name: &str, text: &str| Sending { name: name.to_owned(), text: text.to_owned() };
        let want = vec![sending("event", "{\"a\":\"ü\"}"), sending("x", "1\n2")];
        for length in [1, 2, 3, 7, 1_000] {
            let (all, last_id) = read(TEXT.as_bytes().chunks(length));
            assert_eq!((all, last_id.as_deref()), (want.clone(), Some("9")), "{length}");
        }
    }

    #[test]
    fn a_stream_without_end_of_line_is_given_up() {
        let mut reader = Reader::default();
        assert!(reader.take(&vec![b'x'; EVENT_BYTES_MAX]).is_ok());
        assert!(reader.take(b"x").is_err());
    }
}
