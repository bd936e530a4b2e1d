//! Inflating gzip, counting the bytes as they come.

use std::io::{ErrorKind, Read};

use domain::limits;
use domain::reason::Reason;
use flate2::bufread::MultiGzDecoder;

/// Inflates a whole body of one or more gzip members.
///
/// # Errors
/// `BadGzip` where it is cut, damaged or no gzip at all; `TooLarge` as soon as more than
/// `bytes_max` have come out, or more than any batch of events packs into so few bytes.
pub fn inflate(compressed: &[u8], bytes_max: usize) -> Result<Vec<u8>, (Reason, String)> {
    // Text deflates four- to tenfold; the rest grows as it comes.
    let expected = compressed.len().saturating_mul(4).min(bytes_max);
    let mut inflated = Vec::with_capacity(expected);
    let allowed = bytes_max.min(unpacked_max(compressed.len()));
    // One byte more than allowed tells a body that fits from one that does not.
    let limit = u64::try_from(allowed).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoder = MultiGzDecoder::new(compressed).take(limit);
    match decoder.read_to_end(&mut inflated) {
        Ok(_) if inflated.len() > bytes_max => {
            Err((Reason::TooLarge, format!("more than {bytes_max} bytes when inflated")))
        }
        Ok(_) if inflated.len() > allowed => {
            let (packed, ratio) = (compressed.len(), limits::INFLATE_RATIO_MAX);
            let detail = format!("{packed} bytes of gzip inflate to more than {ratio} times that");
            Err((Reason::TooLarge, detail))
        }
        Ok(_) => Ok(inflated),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err((Reason::BadGzip, "the gzip body ends too early".to_owned()))
        }
        Err(error) => Err((Reason::BadGzip, format!("the gzip body is damaged: {error}"))),
    }
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

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn whole_bodies_come_out_as_they_went_in() {
        assert_eq!(inflate(&gzip(b"hello"), 5).unwrap(), b"hello");
        let two = [gzip(b"hel"), gzip(b"lo")].concat();
        assert_eq!(inflate(&two, 5).unwrap(), b"hello");
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
