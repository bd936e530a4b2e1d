//! Lines of heads as HTTP/1.1 has them on the wire, of answers to clients and of requests to endpoints.
//!
//! In come names and values that are known to be right; out go bytes.

/// Writes a header behind what is there already.
pub fn write_line(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        bytes.extend_from_slice(part);
    }
}

/// Writes the length of a body. Without the machinery of `format!`, which costs more than all other lines.
pub fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len() - 1;
    while length > 9 {
        digits[start] += u8::try_from(length % 10).unwrap_or(0);
        length /= 10;
        start -= 1;
    }
    digits[start] += u8::try_from(length).unwrap_or(0);
    write_line(bytes, "content-length", &digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_digits() {
        for length in [0, 1, 9, 10, 99, 100, 1_024, 10_001, usize::MAX] {
            let mut bytes = b"x: y\r\n".to_vec();
            write_length(&mut bytes, length);
            let want = format!("x: y\r\ncontent-length: {length}\r\n");
            assert_eq!(String::from_utf8(bytes).unwrap(), want);
        }
    }
}
