//! Any gzip: bodies that never were any, and bodies that were packed and then harmed.
//!
//! The first five bytes of the input choose the level, how many members are made, and which byte is
//! harmed or cut; the rest is taken for gzip as it is, and also packed, and unpacked again.

#![no_main]

use std::io::Write;

use bytes::Bytes;
use domain::limits;
use domain::reason::Reason;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

#[path = "../../../crates/postrider/src/gateway/inflate.rs"]
mod inflate;

use inflate::{Inflated, Inflation};

const BYTES_MAX: usize = 3 << 20;

fuzz_target!(|input: &[u8]| {
    let Some(([level, members, at_high, at_low, harm], rest)) = input.split_first_chunk() else {
        return;
    };
    as_it_is(rest);
    let members = usize::from(members % 3) + 1;
    let packed = pack(rest, Compression::new(u32::from(level % 10)), members);
    assert_eq!(inflate(&packed, BYTES_MAX).as_deref(), Ok(rest), "it comes out as it went in");
    if let Some(less) = rest.len().checked_sub(1) {
        let too_large = inflate(&packed, less).expect_err("more than allowed").0;
        assert_eq!(too_large, Reason::TooLarge);
    }
    let at = usize::from(u16::from_be_bytes([*at_high, *at_low])) % packed.len();
    harmed(packed, rest, at, *harm);
});

/// Inflates in two steps, of which the first may be the whole.
fn inflate(packed: &[u8], bytes_max: usize) -> Result<Bytes, (Reason, String)> {
    match Inflation::new(Bytes::copy_from_slice(packed), bytes_max).up_to(packed.len())? {
        Inflated::Whole(body) => Ok(body),
        Inflated::Part(rest) => rest.whole(),
    }
}

/// Whatever comes, what comes out is bounded, and small where little came.
fn as_it_is(gzip: &[u8]) {
    for bytes_max in [0, 100, BYTES_MAX] {
        match inflate(gzip, bytes_max) {
            Ok(inflated) => {
                let most =
                    (gzip.len() * limits::INFLATE_RATIO_MAX).max(limits::INFLATED_BYTES_FREE);
                assert!(inflated.len() <= bytes_max.min(most), "{}", inflated.len());
            }
            Err((reason, detail)) => {
                assert!(matches!(reason, Reason::BadGzip | Reason::TooLarge));
                assert!(detail.len() <= limits::REJECTION_DETAIL_BYTES_MAX);
            }
        }
    }
}

fn pack(plain: &[u8], level: Compression, members: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    for part in plain.chunks(plain.len().div_ceil(members).max(1)) {
        let mut encoder = GzEncoder::new(&mut packed, level);
        encoder.write_all(part).expect("memory");
        encoder.finish().expect("memory");
    }
    if packed.is_empty() {
        GzEncoder::new(&mut packed, level).finish().expect("memory");
    }
    packed
}

/// A body with a byte changed or its end cut off is refused, or was not harmed where it counts.
fn harmed(mut packed: Vec<u8>, plain: &[u8], at: usize, harm: u8) {
    match harm {
        0 => packed.truncate(at),
        other => packed[at] ^= other,
    }
    match inflate(&packed, BYTES_MAX) {
        // A cut between two members leaves whole ones.
        Ok(inflated) if harm == 0 => assert!(plain.starts_with(&inflated), "a cut body is changed"),
        Ok(inflated) => assert_eq!(inflated, plain, "a harmed body is changed"),
        Err((reason, _)) => assert_eq!(reason, Reason::BadGzip),
    }
}
