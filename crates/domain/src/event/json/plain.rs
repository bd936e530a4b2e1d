//! Bytes of strings that mean themselves, and those that do not: quotes, backslashes and control
//! characters. Many are looked at together, as strings are most of what events are.
//!
//! In come bytes, out goes whether, and where, one of them is special.

/// The high bit of every byte that ends a plain run: a quote, a backslash or a control character.
///
/// Bytes after the first special one may be marked too (borrows run upwards); only the lowest
/// mark is used.
pub(super) fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
    let quote = zero_byte(eight ^ (ONES * b'"' as u64));
    let backslash = zero_byte(eight ^ (ONES * b'\\' as u64));
    let control = eight.wrapping_sub(ONES * 0x20) & !eight & HIGHS;
    quote | backslash | control
}

/// Bytes of a long string that are looked at together. Source: measured; the compiler looks at sixteen
/// with one instruction.
pub(super) const LONG_STEP: usize = 32;

/// Eights before a string counts as long.
pub(super) const SHORT_STEPS: usize = 3;

/// Whether one of the bytes ends a plain run.
pub(super) fn has_special(bytes: &[u8; LONG_STEP]) -> bool {
    // Without a branch per byte, so that it is done for many at a time.
    bytes.iter().fold(u8::MAX, |least, byte| least.min(plainness(*byte))) == 0
}

/// Whether a text can stand in a string as it is.
pub fn is_plain(text: &str) -> bool {
    text.bytes().fold(u8::MAX, |least, byte| least.min(plainness(byte))) > 0
}

pub(super) fn is_special(byte: u8) -> bool {
    plainness(byte) == 0
}

/// Zero for a quote, a backslash and a control character; in steps that a processor has for many
/// bytes at once, which comparisons are not compiled to.
fn plainness(byte: u8) -> u8 {
    let above_controls = byte.saturating_sub(b' ' - 1);
    (byte ^ b'"').min(byte ^ b'\\').min(above_controls)
}
