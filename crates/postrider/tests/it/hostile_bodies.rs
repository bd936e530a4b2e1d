//! Bodies made to cost much or to be misread: each is refused as it should be, or taken as it is.

use testkit::client::gzip;
use testkit::{Answer, Connection, Endpoint, Event, Request, Workspace};

use crate::harness::Server;

const LARGE: (u16, &str, &str) = (413, "request size exceeds max limit\n", "too_large");

fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", path).key("key-app").body(body)
}

fn packed(body: Vec<u8>) -> Request {
    post("/v1/track", body).header("content-encoding", "gzip")
}

fn track() -> Vec<u8> {
    Event::track("x").user("u").into()
}

/// The head of a request with these lines more.
fn head(lines: &str) -> Vec<u8> {
    let start = "POST /v1/track HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic a2V5LWFwcDo=";
    format!("{start}\r\n{lines}\r\n\r\n").into_bytes()
}

fn gist(answer: &Answer) -> (u16, &str, &str) {
    (answer.status, answer.text(), answer.get("postrider-reason").unwrap_or_default())
}

async fn answer(connection: &mut Connection) -> Answer {
    connection.answer().await.expect("HTTP").expect("an answer")
}

async fn small_server() -> Server {
    Server::tuned(&Workspace::of_app(), |config| {
        config.intake.request_bytes_max = 64 << 10;
        config.intake.event_bytes_max = 64 << 10;
    })
    .await
}

/// An event padded with blanks to so many bytes.
fn padded(bytes: usize) -> Vec<u8> {
    let mut event = track();
    event.resize(bytes, b' ');
    event
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_refused() {
    let server = small_server().await;
    let mut connection = server.gateway.connect().await;
    let chunked = |body: &[u8]| {
        let size = format!("{:x}\r\n", body.len()).into_bytes();
        [head("transfer-encoding: chunked"), size, body.to_vec(), b"\r\n0\r\n\r\n".to_vec()]
            .concat()
    };
    for (bytes, want) in [(64 << 10, (200, "ok", "")), ((64 << 10) + 1, LARGE)] {
        let body = padded(bytes);
        let requests = [
            post("/v1/track", body.clone()).to_bytes(),
            packed(gzip(&body)).to_bytes(),
            chunked(&body),
        ];
        for request in requests {
            connection.write(&request).await.expect("it is taken");
            // It is the same connection every time: what is refused has been read to its end.
            assert_eq!(gist(&answer(&mut connection).await), want);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn whoever_asks_first_is_refused_before_a_large_body_is_sent() {
    let server = small_server().await;
    let mut connection = server.gateway.connect().await;
    let asking = head("content-length: 65537\r\nexpect: 100-continue");
    connection.write(&asking).await.expect("it is taken");
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    assert_eq!(gist(&answer), LARGE);
    let rejections = server.admin.wait_for_rejections(1).await;
    assert_eq!(rejections[0].source.as_deref(), Some("app"));
    assert_eq!(rejections[0].detail, "65537 bytes, 65536 are allowed");
    let mut connection = server.gateway.connect().await;
    let fits = padded(64 << 10);
    let asking = head("content-length: 65536\r\nexpect: 100-continue");
    connection.write(&asking).await.expect("it is taken");
    connection.wait_for_continue().await;
    connection.write(&fits).await.expect("it is taken");
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    assert_eq!(gist(&answer), (200, "ok", ""));
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_says_it_is_enormous_is_refused_unread() {
    let server = small_server().await;
    let enormous = head("content-length: 10737418240");
    let mut connection = server.gateway.connect().await;
    connection.write(&enormous).await.expect("it is taken");
    assert_eq!(gist(&answer(&mut connection).await), LARGE, "without a byte of it");
    let mut connection = server.gateway.connect().await;
    connection.write(&enormous).await.expect("it is taken");
    // A client that sends nevertheless may find the connection closed before it has read the answer.
    let poured = connection.pour(&[b' '; 4_096]).await;
    assert!(
        poured.is_err() || poured.is_ok_and(|answer| answer.is_none_or(|one| gist(&one) == LARGE))
    );
    assert_eq!(server.admin.wait_for_rejections(2).await.len(), 2);
    server.accept("/v1/track", track()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_body_in_chunks_without_an_end_is_cut_at_the_limit() {
    let server = small_server().await;
    let mut connection = server.gateway.connect().await;
    connection.write(&head("transfer-encoding: chunked")).await.expect("it is taken");
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let poured = connection.pour(&chunk).await;
    assert!(
        poured.is_err() || poured.is_ok_and(|answer| answer.is_none_or(|one| gist(&one) == LARGE))
    );
    let rejections = server.admin.wait_for_rejections(1).await;
    assert_eq!((rejections.len(), rejections[0].reason.as_str()), (1, "too_large"));
    server.accept("/v1/track", track()).await;
    server.stop().await;
}

#[tokio::test]
async fn gzip_is_checked_to_its_last_byte_and_may_have_several_members() {
    let server = Server::start(&Workspace::of_app()).await;
    let (first, second) = (track(), b"   \n".to_vec());
    let members = [gzip(&first), gzip(&second)].concat();
    let taken = [
        ("two members", members.clone()),
        ("a member of nothing", [gzip(b""), gzip(&first)].concat()),
        ("a byte order mark within", gzip(&[b"\xef\xbb\xbf", &first[..]].concat())),
    ];
    for (what, body) in taken {
        assert_eq!(gist(&server.gateway.send(&packed(body)).await), (200, "ok", ""), "{what}");
    }
    let damaged = |at_end: usize| {
        let mut body = gzip(&first);
        let at = body.len() - at_end;
        body[at] ^= 1;
        body
    };
    let unreadable = (400, "failed to read body from request\n", "bad_gzip");
    let refused = [
        ("another length", damaged(1)),
        ("another checksum", damaged(8)),
        ("a cut trailer", gzip(&first)[..gzip(&first).len() - 1].to_vec()),
        ("a cut second member", members[..members.len() - 9].to_vec()),
        ("half a header", b"\x1f\x8b\x08".to_vec()),
        ("text behind it", [gzip(&first), b"{}".to_vec()].concat()),
    ];
    for (what, body) in refused {
        assert_eq!(gist(&server.gateway.send(&packed(body)).await), unreadable, "{what}");
    }
    let twice = packed(gzip(&gzip(&first)));
    assert_eq!(gist(&server.gateway.send(&twice).await), (400, "invalid json\n", "bad_json"));
    assert_eq!(server.admin.accepted().await, 3);
    server.stop().await;
}

#[tokio::test]
async fn one_byte_order_mark_is_passed_over() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let event = Event::track("x").user("u").id("m-1").text();
    server.accept("/v1/track", format!("\u{feff}{event}")).await;
    assert!(endpoint.wait_for(1).await[0].text().starts_with('{'));
    server.accept("/v1/batch", "\u{feff}{\"batch\":[{\"userId\":\"u\"}]}").await;
    let bad = (400, "invalid json\n", "bad_json");
    for odd in [
        format!("\u{feff}\u{feff}{event}"),
        format!("{{\u{feff}{}", &event[1..]),
        "\u{feff}".to_owned(),
    ] {
        assert_eq!(gist(&server.post("/v1/track", odd.clone()).await), bad, "{odd:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_nearly_json_is_refused_and_never_echoed() {
    let server = Server::start(&Workspace::of_app()).await;
    let within = |value: &str| format!("{{\"userId\":\"u\",\"x\":{value}}}").into_bytes();
    let mut bodies: Vec<Vec<u8>> = [
        "NaN",
        "Infinity",
        "-Infinity",
        "+1",
        "01",
        "-01",
        ".5",
        "1.",
        "1e",
        "0x1",
        "1_000",
        "'x'",
        "x",
        "True",
        "undefined",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "// x\n1",
        "/* x */1",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\n\"",
        "\"\t\"",
        "\"\u{1}\"",
        "\"\u{0}\"",
        "1}",
        "[1}",
        "\u{a0}1",
        "1\u{0}",
    ]
    .map(within)
    .to_vec();
    bodies.extend(
        [
            &b"<html><script>alert(1)</script></html>"[..],
            b"\x00\x01\x02\x7fELF\xff\xfe",
            b"\xff\xfe{\x00}\x00",
            b"{\"userId\":\"\xc0\x80\"}",
            b"{\"userId\":\"\xed\xa0\x80\"}",
            b"{\"userId\":\"\xf4\x90\x80\x80\"}",
            b"{\"userId\":\"u\"}\x00",
            b"{\"userId\":\"u\"}{\"userId\":\"u\"}",
            b"userId=u&event=x",
        ]
        .map(<[u8]>::to_vec),
    );
    for body in &bodies {
        let got = server.post("/v1/track", body.clone()).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(gist(&got), (400, "invalid json\n", "bad_json"), "{shown:?}");
        let in_batch = [b"{\"batch\":[", &body[..], b"]}"].concat();
        let got = server.post("/v1/batch", in_batch).await;
        assert_eq!(gist(&got), (400, "invalid json\n", "bad_json"), "{shown:?} in a batch");
    }
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn an_event_may_be_as_deep_and_wide_as_the_limits_and_not_more() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"userId\":\"u\",\"messageId\":\"deep\",\"x\":{open}{close}}}")
    };
    let wide = |keys: usize| {
        let more: String = (2..keys).map(|number| format!(",\"k{number}\":0")).collect();
        format!("{{\"userId\":\"u\",\"messageId\":\"wide\"{more}}}")
    };
    for event in [deep(100), wide(10_000)] {
        let count = endpoint.received().len() + 1;
        server.accept("/v1/track", event.clone()).await;
        let received = endpoint.wait_for(count).await;
        assert!(received[count - 1].text().starts_with(&event[..event.len() - 1]));
    }
    let refused = [
        (deep(101), "too_deep"),
        (deep(128), "too_deep"),
        (deep(300_000), "too_deep"),
        (wide(10_001), "too_many_keys"),
        (wide(1_000_000), "too_many_keys"),
    ];
    for (event, reason) in refused {
        let answer = server.post("/v1/track", event.clone()).await;
        assert_eq!(gist(&answer), (400, "invalid json\n", reason));
        let batch = format!("{{\"batch\":[{event},{{\"userId\":\"u\"}}]}}");
        server.accept("/v1/batch", batch).await;
    }
    assert_eq!(server.admin.accepted().await, 7, "company is not refused with it");
    server.stop().await;
}

#[tokio::test]
async fn batches_and_texts_of_any_length_are_judged_by_their_limits() {
    let server = Server::start(&Workspace::of_app()).await;
    let batch = |count: usize| {
        format!("{{\"batch\":[{{\"userId\":\"u\"}}{}]}}", ",{\"userId\":\"u\"}".repeat(count - 1))
    };
    let refused = |reason| (413, LARGE.1, reason);
    server.accept("/v1/batch", batch(5_000)).await;
    for count in [5_001, 100_000] {
        assert_eq!(gist(&server.post("/v1/batch", batch(count)).await), refused("batch_too_long"));
    }
    let long = Event::track("x").user("u").with("text", "x".repeat(3_000_000));
    assert_eq!(gist(&server.post("/v1/track", long).await), LARGE);
    assert_eq!(server.admin.accepted().await, 5_000);
    server.stop().await;
}
