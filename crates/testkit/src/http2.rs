//! HTTP/2 by hand: frames as a client that keeps no rule sends them.

/// How a connection begins. Source: RFC 9113, section 3.4.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The flag that ends a stream.
pub const END_STREAM: u8 = 0x1;
/// The flag that ends a block of headers.
pub const END_HEADERS: u8 = 0x4;

/// The kinds of frames. Source: RFC 9113, section 6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are the RFC's")]
pub enum Kind {
    Data = 0,
    Headers = 1,
    ResetStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// A frame.
pub fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind as u8, flags], &stream.to_be_bytes(), payload].concat()
}

/// The preface and empty settings.
pub fn opening() -> Vec<u8> {
    [PREFACE, &frame(Kind::Settings, 0, 0, &[])].concat()
}

/// The headers of a request, each written out in full. Source: RFC 7541, section 6.2.2.
pub fn headers(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")];
    own.iter().chain(more).flat_map(|(name, value)| header(name, value)).collect()
}

/// One header, written out in full.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.extend(length(text.len()));
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// A length with a prefix of 7 bits. Source: RFC 7541, section 5.1.
fn length(mut length: usize) -> Vec<u8> {
    if length < 127 {
        return vec![u8::try_from(length).expect("it is small")];
    }
    let mut bytes = vec![127];
    length -= 127;
    while length >= 128 {
        bytes.push(u8::try_from(length % 128 + 128).expect("it is small"));
        length /= 128;
    }
    bytes.push(u8::try_from(length).expect("it is small"));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_headers_are_as_the_rfcs_show_them() {
        assert_eq!(frame(Kind::Ping, 1, 3, b"ab"), [0, 0, 2, 6, 1, 0, 0, 0, 3, b'a', b'b']);
        assert_eq!(header("a", "bc"), [0, 1, b'a', 2, b'b', b'c']);
        assert_eq!(length(126), [126]);
        assert_eq!(length(127), [127, 0]);
        assert_eq!(length(1337 + 96), [127, 154, 10], "1306 in 7 bits at a time");
    }
}
