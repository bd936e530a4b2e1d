//! Inflating gzip, counting the bytes as they come.

use std::io::{ErrorKind, Read};

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use domain::limits;
use domain::reason::Reason;
use flate2::bufread::MultiGzDecoder;

/// A body of one or more gzip members, inflated as far as was asked for.
pub struct Inflation {
    decoder: MultiGzDecoder<Reader<Bytes>>,
    inflated: Vec<u8>,
    packed_bytes: usize,
    bytes_max: usize,
}

/// How far a body is inflated.
pub enum Inflated {
    /// To its end.
    Whole(Bytes),
    /// Not to its end yet.
    Part(Box<Inflation>),
}

impl Inflation {
    /// Nothing is inflated yet; `bytes_max` may come out.
    pub fn new(packed: Bytes, bytes_max: usize) -> Self {
        let packed_bytes = packed.len();
        // Text deflates four- to tenfold; the rest grows as it comes.
        let expected = packed_bytes.saturating_mul(4).min(bytes_max);
        let inflated = Vec::with_capacity(expected);
        Self { decoder: MultiGzDecoder::new(packed.reader()), inflated, packed_bytes, bytes_max }
    }

    /// Inflates the whole where that is no more than so many bytes, else a byte more than that.
    ///
    /// # Errors
    /// As [`Self::whole`], as far as it has come.
    pub fn up_to(mut self, bytes: usize) -> Result<Inflated, (Reason, String)> {
        self.go_on(bytes)?;
        if self.inflated.len() > bytes {
            return Ok(Inflated::Part(Box::new(self)));
        }
        Ok(Inflated::Whole(Bytes::from(self.inflated)))
    }

    /// Inflates what is left.
    ///
    /// # Errors
    /// `BadGzip` where it is cut, damaged or no gzip at all; `TooLarge` as soon as more than
    /// `bytes_max` have come out, or more than any batch of events packs into so few bytes.
    pub fn whole(mut self) -> Result<Bytes, (Reason, String)> {
        self.go_on(usize::MAX)?;
        Ok(Bytes::from(self.inflated))
    }

    /// Inflates until the end, or until more than so many bytes have come out in all.
    fn go_on(&mut self, bytes: usize) -> Result<(), (Reason, String)> {
        let allowed = self.bytes_max.min(unpacked_max(self.packed_bytes));
        // One byte more than allowed tells a body that fits from one that does not.
        let goal = bytes.min(allowed).saturating_add(1);
        let left = u64::try_from(goal.saturating_sub(self.inflated.len())).unwrap_or(u64::MAX);
        let read = self.decoder.by_ref().take(left).read_to_end(&mut self.inflated);
        read.map_err(|error| fault(&error))?;
        if self.inflated.len() > allowed {
            return Err(self.too_large());
        }
        Ok(())
    }

    fn too_large(&self) -> (Reason, String) {
        let Self { packed_bytes: packed, bytes_max, .. } = self;
        let detail = if self.inflated.len() > *bytes_max {
            format!("more than {bytes_max} bytes when inflated")
        } else {
            let ratio = limits::INFLATE_RATIO_MAX;
            format!("{packed} bytes of gzip inflate to more than {ratio} times that")
        };
        (Reason::TooLarge, detail)
    }
}

fn fault(error: &std::io::Error) -> (Reason, String) {
    let detail = match error.kind() {
        ErrorKind::UnexpectedEof => "the gzip body ends too early".to_owned(),
        _ => format!("the gzip body is damaged: {error}"),
    };
    (Reason::BadGzip, detail)
}

/// What so many bytes of gzip may become.
fn unpacked_max(packed_bytes: usize) -> usize {
    packed_bytes.saturating_mul(limits::INFLATE_RATIO_MAX).max(limits::INFLATED_BYTES_FREE)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// Inflates in two steps, of which the first may be the whole.
    fn inflate(packed: &[u8], bytes_max: usize) -> Result<Bytes, (Reason, String)> {
        match Inflation::new(Bytes::copy_from_slice(packed), bytes_max).up_to(5)? {
            Inflated::Whole(body) => Ok(body),
            Inflated::Part(rest) => rest.whole(),
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn whole_bodies_come_out_as_they_went_in() {
        assert_eq!(inflate(&gzip(b"hello"), 5).unwrap(), &b"hello"[..]);
        let two = [gzip(b"hel"), gzip(b"lo")].concat();
        assert_eq!(inflate(&two, 5).unwrap(), &b"hello"[..]);
    }

    #[test]
    fn damaged_bodies_are_refused() {
        let good = gzip(b"hello hello hello");
        let reason = |body: &[u8]| inflate(body, 100).unwrap_err().0;
        for cut in 0..good.len() {
            assert_eq!(reason(&good[..cut]), Reason::BadGzip, "cut at {cut}");
        }
        assert_eq!(reason(b"{\"plain\":1}"), Reason::BadGzip);
        let mut flipped = good.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        assert_eq!(reason(&flipped), Reason::BadGzip);
    }

    #[test]
    fn it_stops_where_it_is_told_to_and_goes_on_from_there() {
        let plain = vec![b'x'; 1 << 20];
        let mut inflation = Inflation::new(Bytes::from(gzip(&plain)), 16 << 20);
        for bytes in [0, 10, 10, 100_000, (1 << 20) - 1] {
            let Ok(Inflated::Part(part)) = inflation.up_to(bytes) else { panic!("no part") };
            assert_eq!(part.inflated.len(), bytes + 1);
            inflation = *part;
        }
        let Ok(Inflated::Whole(whole)) = inflation.up_to(1 << 20) else { panic!("a part") };
        assert_eq!(whole, plain);
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bomb = gzip(&vec![0; 50 << 20]);
        assert_eq!(inflate(&bomb, 1 << 20).unwrap_err().0, Reason::TooLarge);
        assert_eq!(inflate(&gzip(b"hello!"), 5).unwrap_err().0, Reason::TooLarge);
    }

    #[test]
    fn bombs_stop_before_the_limit_where_no_events_pack_so_well() {
        let zeros = |bytes: usize| inflate(&gzip(&vec![0; bytes]), 16 << 20);
        assert_eq!(zeros(1 << 20).unwrap().len(), 1 << 20, "small bodies may be anything");
        let (reason, detail) = zeros((1 << 20) + 1).unwrap_err();
        assert_eq!(reason, Reason::TooLarge);
        assert!(detail.contains("400 times"), "{detail}");
    }

    #[test]
    fn thousands_of_events_that_are_nearly_alike_pass() {
        let properties = r#""name":"Monopoly: 3rd Edition","price":18.99,"currency":"EUR""#;
        let events = (0..5_000).map(|number| {
            let properties = [properties; 14].join(",");
            format!(r#"{{"userId":"u","messageId":"{number}","properties":{{{properties}}}}}"#)
        });
        let body = format!(r#"{{"batch":[{}]}}"#, events.collect::<Vec<_>>().join(","));
        let packed = gzip(body.as_bytes());
        assert!(body.len() > 100 * packed.len(), "{} from {}", body.len(), packed.len());
        assert_eq!(inflate(&packed, 16 << 20).unwrap(), body.as_bytes());
    }
}
