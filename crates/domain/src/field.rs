//! HTTP fields, which are headers: the bytes that may stand in their names and values.
//!
//! Used for what comes in and for what goes out, so that one server never sends what it would refuse.

/// Whether a byte may stand in a field's name, or in a method. Source: RFC 9110, section 5.6.2.
pub fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[byte as usize]
}

/// Looked up, as it is asked for every byte of every name in a head.
static NAME_BYTES: [bool; 256] = {
    let (mut bytes, mut byte) = ([false; 256], 0_u8);
    while byte < 0x80 {
        bytes[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let (others, mut at) = (b"!#$%&'*+-.^_`|~", 0);
    while at < others.len() {
        bytes[others[at] as usize] = true;
        at += 1;
    }
    bytes
};

/// Whether a byte may stand in a field's value: anything but control characters, except a tab.
/// Source: RFC 9110, section 5.5.
pub fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_apart() {
        let of = |is_one: fn(u8) -> bool| (0..=u8::MAX).filter(|byte| is_one(*byte)).count();
        assert_eq!((of(is_name_byte), of(is_value_byte)), (77, 224));
        assert!([b'a', b'Z', b'0', b'-', b'~'].into_iter().all(is_name_byte));
        assert!(![b' ', b':', b'"', b'(', 0, 0x80].into_iter().any(is_name_byte));
        assert!([b'\t', b' ', b'~', 0x80, 0xff].into_iter().all(is_value_byte));
        assert!(![0, b'\n', b'\r', 0x1f, 0x7f].into_iter().any(is_value_byte));
    }
}
