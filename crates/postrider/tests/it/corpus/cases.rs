//! Cases: requests on the wire, and what must come of each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::client::gzip;

use super::dice::Dice;
use super::oracle::{Asked, good_events};
use super::values;

/// What must come of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Each request stores so many events, or is refused where that is none.
    Stored(usize),
    /// An image, and an event.
    Pixel,
    /// Any answer or an end; what is taken stores so many events.
    Anything(usize),
}

/// What is sent on one connection.
pub struct Case {
    /// For people.
    pub what: &'static str,
    pub bytes: Vec<u8>,
    /// How many requests it is.
    pub requests: usize,
    /// Whether the client says that nothing more comes.
    pub ends: bool,
    pub wanted: Wanted,
}

/// A request that is not written down yet.
struct Draft {
    method: &'static str,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// What its body is worth.
    good: usize,
}

const SINGLES: [&str; 8] = [
    "/v1/track",
    "/v1/identify",
    "/v1/t",
    "//v1/page",
    "/v1/screen/",
    "/a/b/v1/group",
    "/v1/alias?x=1",
    "/v1/merge",
];

const BATCHES: [&str; 4] = ["/v1/batch", "/v1/b", "/v1/import/", "/x//v1/batch"];

const OTHERS: [&str; 12] = [
    "/v1/",
    "/v1/nothing",
    "/v1/%2e%2e/track",
    "/v1/track/..",
    "/internal/v1/batch",
    "/v1/Track",
    "/beacon/v1/track",
    "/v2/track",
    "/v1/track%00",
    "/%76%31/track",
    "/v1//",
    "/pixel/v1/identify",
];

impl Case {
    /// The case of these dice.
    pub fn of(dice: &mut Dice, number: usize) -> Self {
        let draft = Draft::good(dice, number);
        match dice.below(100) {
            0..=34 => Self::plain("a body", &draft),
            35..=44 => packed(dice, draft),
            45..=49 => damaged_gzip(dice, draft),
            50..=62 => odd_head(dice, draft),
            63..=66 => other_key(dice, draft),
            67..=69 => other_path(dice, draft),
            70..=71 => pixel(dice, number),
            72..=76 => repeated(dice, draft),
            77..=82 => chunked(dice, draft),
            83..=89 => cut(dice, draft),
            90..=92 => other_length(dice, draft),
            _ => flipped(dice, draft),
        }
    }

    fn plain(what: &'static str, draft: &Draft) -> Self {
        let wanted = Wanted::Stored(draft.good);
        Self { what, bytes: draft.bytes(), requests: 1, ends: false, wanted }
    }

    /// A case of which only its end is certain.
    fn uncertain(what: &'static str, bytes: Vec<u8>, good: usize) -> Self {
        Self { what, bytes, requests: usize::MAX, ends: true, wanted: Wanted::Anything(good) }
    }
}

impl Draft {
    /// A request whose only oddity is its body.
    fn good(dice: &mut Dice, number: usize) -> Self {
        let (asked, target, body) = if dice.chance(65) {
            (Asked::Single, dice.pick(&SINGLES), values::event(dice, number))
        } else {
            (Asked::Batch, dice.pick(&BATCHES), values::batch(dice, number))
        };
        let mut body = body.into_bytes();
        if dice.chance(5) {
            body = [b"\xef\xbb\xbf", &body[..]].concat();
        }
        if dice.chance(8) && !holds_invisible(&body) {
            mutate(dice, &mut body);
        }
        let good = good_events(&body, asked);
        let key = ("authorization".to_owned(), basic("key-app:"));
        Self { method: "POST", target: target.to_owned(), headers: vec![key], body, good }
    }

    /// A request of one event, so that whatever is taken of it is one.
    fn simple(self) -> Self {
        let body = br#"{"userId":"u","properties":{"a":[1,2]}}"#.to_vec();
        Self { body, target: "/v1/track".to_owned(), ..self }
    }

    fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn head(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head
    }

    fn bytes(&self) -> Vec<u8> {
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        [&self.head()[..], length.as_bytes(), &self.body].concat()
    }
}

/// Whether a body holds a text that shows nothing: one damaged byte of it might make a sign that
/// shows nothing either, and which those are is not judged here.
fn holds_invisible(body: &[u8]) -> bool {
    let holds = |sign: &[u8]| body.windows(sign.len()).any(|window| window == sign);
    holds(b"\\u200b") || holds(b"\\u0000") || holds("\u{200b}".as_bytes())
}

fn basic(text: &str) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(text)).into_bytes()
}

/// Damages a body in a place or two.
fn mutate(dice: &mut Dice, body: &mut Vec<u8>) {
    for _ in 0..1 + dice.below(2) {
        let at = dice.below(body.len() + 1);
        match dice.below(5) {
            0 => body.truncate(at),
            1 => {
                let token: &[u8] = dice.pick(&[
                    &b","[..],
                    b"\"",
                    b"\xff",
                    b"\x00",
                    b"{",
                    b"]",
                    b"\\",
                    b"NaN",
                    b"\xed\xa0\x80",
                ]);
                body.splice(at..at, token.iter().copied());
            }
            2 if at < body.len() => body[at] = dice.roll() as u8,
            3 if at < body.len() => {
                body.remove(at);
            }
            _ => {
                let from = dice.below(at + 1);
                let again = body[from..at].to_vec();
                body.splice(at..at, again);
            }
        }
    }
}

fn packed(dice: &mut Dice, mut draft: Draft) -> Case {
    let name = dice.pick(&[
        "gzip",
        "GZIP",
        "x-gzip",
        " gzip ",
        "gZip",
        "identity",
        "",
        "br",
        "gzip, gzip",
        "deflate",
        "gzip;q=1",
    ]);
    match name.trim().to_lowercase().as_str() {
        "gzip" | "x-gzip" if dice.chance(20) => {
            let at = dice.below(draft.body.len() + 1);
            draft.body = [gzip(&draft.body[..at]), gzip(&draft.body[at..])].concat();
        }
        "gzip" | "x-gzip" => draft.body = gzip(&draft.body),
        "identity" | "" => {}
        _ => draft.good = 0,
    }
    Case::plain("an encoding", &draft.with("content-encoding", name))
}

fn damaged_gzip(dice: &mut Dice, mut draft: Draft) -> Case {
    draft.body = gzip(&draft.body);
    mutate(dice, &mut draft.body);
    let good = draft.good;
    // Some bytes of a gzip header mean nothing.
    Case::uncertain("damaged gzip", draft.with("content-encoding", "gzip").bytes(), good)
}

fn odd_head(dice: &mut Dice, draft: Draft) -> Case {
    let long = "x".repeat(dice.below(20_000));
    let (what, draft) = match dice.below(9) {
        0 => (
            "content types",
            draft.with(
                "content-type",
                dice.pick(&[
                    "text/plain",
                    "",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data",
                    "\"",
                    "a/b; c=\u{e9}",
                ]),
            ),
        ),
        1 => (
            "forwarded for",
            draft.with(
                "x-forwarded-for",
                dice.pick(&[
                    "",
                    ",,,",
                    "unknown",
                    "1.2.3.4, ::1",
                    "999.1.1.1",
                    "\"_x\"",
                    "1.2.3.4:80, [::1]:9",
                ]),
            ),
        ),
        2 => ("a long header", draft.with("x-long", long)),
        3 => ("bytes that are no text", draft.with("x-bytes", b"\x80\xff\xfe".to_vec())),
        4 => (
            "many headers",
            (0..dice.below(60)).fold(draft, |draft, number| draft.with(&format!("x-{number}"), "")),
        ),
        5 => (
            "an origin",
            draft
                .with("origin", dice.pick(&["null", "*", "http://x", "", "\u{e9}"]))
                .with("access-control-request-headers", "a"),
        ),
        6 => ("asking first", draft.with("expect", "100-continue")),
        7 => (
            "odd ids in the head",
            draft.with("anonymousid", "%%%").with("rs-useragent", "\"").with("x-retry-count", "-1"),
        ),
        _ => (
            "to be closed",
            draft.with("connection", dice.pick(&["close", "keep-alive", "x", "close, x"])),
        ),
    };
    Case::plain(what, &draft)
}

fn other_key(dice: &mut Dice, mut draft: Draft) -> Case {
    draft.headers.clear();
    let long = "k".repeat(dice.below(30_000));
    let keys = [
        "key-no:",
        "key-old:",
        ":",
        "key-app",
        " key-app:",
        "key-app\0:",
        "KEY-APP:",
        "\u{200b}key-app:",
        &long,
    ];
    let value = match dice.below(5) {
        0 => b"Bearer key-app".to_vec(),
        1 => b"Basic %%%".to_vec(),
        _ => basic(dice.pick(&keys)),
    };
    draft.good = 0;
    Case::plain("another key", &draft.with("authorization", value))
}

fn other_path(dice: &mut Dice, mut draft: Draft) -> Case {
    draft.good = 0;
    if dice.chance(40) {
        draft.method = dice.pick(&["GET", "PUT", "DELETE", "PATCH", "TRACE", "get", "POSTS", "X"]);
    } else {
        draft.target = dice.pick(&OTHERS).to_owned();
    }
    Case::plain("another path or method", &draft)
}

fn pixel(dice: &mut Dice, number: usize) -> Case {
    let mut query = format!("writeKey=key-app&userId=u&event=x&messageId=pixel-{number}");
    for _ in 0..dice.below(6) {
        let name = dice.pick(&[
            "a",
            "a.b",
            "a.b.c",
            "%",
            "%ff",
            "%00",
            ".",
            "..",
            "a..b",
            "userId.x",
            "event.x",
            "",
            "context.ip",
            "+",
            "type",
        ]);
        let value = dice.pick(&["", "1", "%", "%ff%fe", "%22", "x=y", "%5c", "%F0%9F%98%80", "+"]);
        query.push_str(&format!("&{name}={value}"));
    }
    let bytes = format!("GET /pixel/v1/track?{query} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes();
    Case { what: "a pixel", bytes, requests: 1, ends: false, wanted: Wanted::Pixel }
}

fn repeated(dice: &mut Dice, draft: Draft) -> Case {
    let requests = 1 + dice.below(4);
    let mut case = Case::plain("requests behind each other", &draft);
    if draft.good > 0 {
        case.bytes = case.bytes.repeat(requests);
        case.requests = requests;
    }
    case
}

fn chunked(dice: &mut Dice, draft: Draft) -> Case {
    if dice.chance(40) {
        let mut bytes = chunks(dice, &draft.simple());
        mutate(dice, &mut bytes);
        return Case::uncertain("damaged chunks", bytes, 1);
    }
    Case { bytes: chunks(dice, &draft), ..Case::plain("chunks", &draft) }
}

fn chunks(dice: &mut Dice, draft: &Draft) -> Vec<u8> {
    let mut bytes = draft.head();
    bytes.extend(b"transfer-encoding: chunked\r\n\r\n");
    let mut rest = &draft.body[..];
    while !rest.is_empty() {
        let size = 1 + dice.below(rest.len().min(5_000));
        let name = dice.pick(&["", ";x", ";x=\"y\""]);
        bytes.extend(format!("{size:x}{name}\r\n").into_bytes());
        bytes.extend([&rest[..size], b"\r\n"].concat());
        rest = &rest[size..];
    }
    bytes.extend(dice.pick(&[&b"0\r\n\r\n"[..], b"0\r\nx: y\r\n\r\n", b"000\r\n\r\n"]));
    bytes
}

fn cut(dice: &mut Dice, draft: Draft) -> Case {
    // Few stay open, and those are small: each takes the whole time that it may be slow.
    let ends = !dice.chance(5);
    let mut bytes = if ends { draft } else { draft.simple() }.bytes();
    bytes.truncate(dice.below(bytes.len()));
    Case { ends, ..Case::uncertain("a cut request", bytes, 0) }
}

fn other_length(dice: &mut Dice, draft: Draft) -> Case {
    let draft = draft.simple();
    let length = draft.body.len();
    let lengths = [0, 1, length - 1, length + 1, length * 2, 300_000, 10_737_418_240, usize::MAX];
    let length = lengths[dice.below(lengths.len())];
    let line = format!("content-length: {length}\r\n\r\n");
    let bytes = [&draft.head()[..], line.as_bytes(), &draft.body].concat();
    Case::uncertain("another length", bytes, 1)
}

fn flipped(dice: &mut Dice, draft: Draft) -> Case {
    let mut bytes = draft.simple().bytes();
    mutate(dice, &mut bytes);
    Case::uncertain("a damaged request", bytes, 1)
}
