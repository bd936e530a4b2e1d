//! A file of events, a JSON object per line, read in batches.
//!
//! Each line is judged here by the gateway's own rules before it is sent: in a batch the gateway
//! takes the good events and only lists the others, and whoever sends a file wants to know which.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use domain::event::fields::Stamp;
use domain::event::intake;
use domain::id::SourceId;
use domain::time::Timestamp;

use crate::console::Failure;
use crate::terminal::plain;

/// What a gateway asks of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Bytes of one event, at most.
    pub event_bytes_max: usize,
    /// Bytes of one request, at most.
    pub request_bytes_max: usize,
}

/// The lines of a file that are yet to be sent.
pub struct Lines {
    reader: Box<dyn BufRead>,
    rules: Rules,
    /// Bytes of the whole file; none for a pipe.
    bytes: Option<u64>,
    bytes_read: u64,
    /// The number of the line that was read last, from 1 on.
    number: u64,
    /// A line that was read, and did not fit in the last batch.
    next: Option<String>,
    refused: u64,
}

/// Events that are sent together.
pub struct Batch {
    /// The body of a request.
    pub body: String,
    /// Events in it.
    pub count: u64,
}

/// A line that is not sent.
pub struct RefusedLine {
    /// Its number, from 1 on.
    pub number: u64,
    /// Lines that were refused so far, this one included.
    pub so_far: u64,
    /// Why.
    pub why: String,
}

impl Lines {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn open(path: &Path, rules: Rules) -> Result<Self, Failure> {
        let reader: (Box<dyn BufRead>, _) = if path == Path::new("-") {
            (Box::new(BufReader::new(std::io::stdin())), None)
        } else {
            let file = File::open(path).map_err(|error| unreadable(path, &error))?;
            let known = file.metadata().ok().filter(std::fs::Metadata::is_file);
            (Box::new(BufReader::new(file)), known.map(|known| known.len()))
        };
        let (reader, bytes) = reader;
        Ok(Self { reader, rules, bytes, bytes_read: 0, number: 0, next: None, refused: 0 })
    }

    /// Whether it is a file, whose end is known.
    pub fn is_file(&self) -> bool {
        self.bytes.is_some()
    }

    /// The number of the line that was read last, from 1 on.
    pub fn number(&self) -> u64 {
        self.number - u64::from(self.next.is_some())
    }

    /// Lines that were refused so far.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The next events, so many at most, as the body of a batch; none at the end.
    ///
    /// # Errors
    /// Where the file cannot be read any further.
    pub fn batch(
        &mut self,
        count_max: u64,
        mut refuse: impl FnMut(RefusedLine),
    ) -> Result<Option<Batch>, Failure> {
        let (mut body, mut count) = ("{\"batch\":[".to_owned(), 0);
        while count < count_max {
            let Some(line) = self.event(&mut refuse)? else { break };
            if count > 0 && body.len() + line.len() + 3 > self.rules.request_bytes_max {
                self.next = Some(line);
                break;
            }
            if count > 0 {
                body.push(',');
            }
            body.push_str(&line);
            count += 1;
        }
        body.push_str("]}");
        Ok((count > 0).then_some(Batch { body, count }))
    }

    /// The next line that is an event; none at the end.
    fn event(&mut self, refuse: &mut impl FnMut(RefusedLine)) -> Result<Option<String>, Failure> {
        if let Some(line) = self.next.take() {
            return Ok(Some(line));
        }
        while let Some(line) = self.line()? {
            let number = self.number;
            match line.and_then(|line| judged(line, self.rules)) {
                Ok(line) if line.is_empty() => {}
                Ok(line) => return Ok(Some(line)),
                Err(why) => {
                    self.refused += 1;
                    refuse(RefusedLine { number, so_far: self.refused, why });
                }
            }
        }
        Ok(None)
    }

    /// The next line, or why it is none that could be sent; of a longer one only so much is kept.
    fn line(&mut self) -> Result<Option<Result<String, String>>, Failure> {
        let bytes_max = self.rules.event_bytes_max as u64 + 1;
        let failed = |error: std::io::Error| {
            Failure::new(format!("cannot read on behind line {}: {error}", self.number), "")
        };
        let mut line = Vec::new();
        let read = self.reader.by_ref().take(bytes_max).read_until(b'\n', &mut line);
        let mut read = read.map_err(failed)? as u64;
        if read == 0 {
            return Ok(None);
        }
        let is_long = read == bytes_max && line.last() != Some(&b'\n');
        if is_long {
            read += self.reader.skip_until(b'\n').map_err(failed)? as u64;
        }
        self.bytes_read += read;
        self.number += 1;
        if is_long {
            return Ok(Some(Err(format!("more than {} bytes", self.rules.event_bytes_max))));
        }
        let text = String::from_utf8(line).map_err(|_| "not UTF-8".to_owned());
        Ok(Some(text.map(|text| text.trim_start_matches('\u{feff}').trim().to_owned())))
    }

    /// About how many events there are, by how much of the file is read.
    pub fn expected(&self, sent: u64) -> Option<u64> {
        let bytes = self.bytes.filter(|_| self.bytes_read > 0)?;
        let done = (sent + self.refused) as f64;
        Some((done * bytes as f64 / self.bytes_read as f64).round() as u64)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()), "")
}

/// The line, where the gateway would take it.
fn judged(line: String, rules: Rules) -> Result<String, String> {
    if line.is_empty() {
        return Ok(line);
    }
    let (source, mut fresh_id) = (SourceId::new("cli"), || [0; 16]);
    let mut stamp = Stamp::new(&source, Timestamp(0), "", &mut fresh_id);
    stamp.event_bytes_max = rules.event_bytes_max;
    let body = format!("{{\"batch\":[{line}]}}");
    let read = intake::read(body.as_bytes(), intake::Shape::Batch, &mut stamp);
    let refused = match read {
        Ok(mut intake) => intake.rejections.pop(),
        Err(rejection) => Some(rejection),
    };
    match refused {
        None => Ok(line),
        Some(rejection) => {
            Err(format!("{} ({})", rejection.reason.sentence(), plain(&rejection.detail)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { event_bytes_max: 100, request_bytes_max: 150 };

    fn lines(text: &str) -> Lines {
        let reader = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let bytes = Some(text.len() as u64);
        Lines { reader, rules: RULES, bytes, bytes_read: 0, number: 0, next: None, refused: 0 }
    }

    /// The batches of a text, and the lines that were refused.
    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let (mut lines, mut refused) = (lines(text), Vec::new());
        let mut batches = Vec::new();
        let told = |line: &RefusedLine| format!("{}: {}", line.number, line.why);
        while let Some(batch) = lines.batch(2, |line| refused.push(told(&line))).expect("a batch") {
            batches.push(batch.body);
        }
        (batches, refused)
    }

    #[test]
    fn lines_become_batches_as_they_are() {
        let event = |id: &str| format!("{{\"type\":\"track\",\"userId\":\"{id}\", \"n\":1.50}}");
        let text = format!("\u{feff}{}\r\n\n  {}\n{}", event("a"), event("b"), event("c"));
        let (batches, refused) = read(&text);
        let two = format!("{{\"batch\":[{},{}]}}", event("a"), event("b"));
        assert_eq!(batches, [two, format!("{{\"batch\":[{}]}}", event("c"))]);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn a_batch_is_never_larger_than_a_request_may_be() {
        let event = format!("{{\"type\":\"track\",\"userId\":\"{}\"}}", "u".repeat(50));
        let (batches, _) = read(&format!("{event}\n{event}\n"));
        assert_eq!(batches.len(), 2, "{batches:?}");
    }

    #[test]
    fn what_the_gateway_would_refuse_is_told_by_its_line() {
        let good = "{\"type\":\"track\",\"userId\":\"u\"}";
        let long = "x".repeat(500);
        let text = format!("{good}\n{{\n{long}\n[]\n{{\"type\":\"track\"}}\n}},{{\n{good}");
        let (batches, refused) = read(&text);
        assert_eq!(batches, [format!("{{\"batch\":[{good},{good}]}}")]);
        let numbers: Vec<&str> = refused.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(numbers, ["2", "3", "4", "5", "6"], "{refused:?}");
        assert_eq!(refused[1], "3: more than 100 bytes");
    }

    #[test]
    fn how_many_there_are_is_known_by_how_much_is_read() {
        let event = "{\"type\":\"track\",\"userId\":\"u\"}\n";
        let mut lines = lines(&event.repeat(40));
        assert_eq!(lines.expected(0), None);
        let batch = lines.batch(2, |_| {}).expect("a batch").expect("a batch");
        assert_eq!((batch.count, lines.expected(2)), (2, Some(40)));
    }
}
