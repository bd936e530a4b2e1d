//! A connection on a stream in memory, whose other end does as the story says.

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::send::room::Room;

const ROOM_BYTES: usize = 1 << 10;

fn line() -> (Line, DuplexStream) {
    let (ours, theirs) = duplex(ROOM_BYTES);
    let place = Room::of(1).try_enter().expect("a place");
    (Line::new(Box::new(ours), ([127, 0, 0, 1], 1).into(), place), theirs)
}

async fn ask(line: &mut Line, bytes: usize) -> Result<Response<()>, Failure> {
    line.ask(&Letter::of_bytes(bytes)).await
}

/// What the body of the answer is, and whether it is whole.
async fn body(line: &mut Line) -> (String, bool) {
    let mut text = Vec::new();
    let is_whole = line.read_body(|piece| {
        text.extend_from_slice(piece);
        true
    });
    let is_whole = is_whole.await;
    (String::from_utf8(text).expect("text"), is_whole)
}

/// Reads as one who wants to know nothing of the body.
async fn heard_out(line: &mut Line) {
    line.read_body(|_| false).await;
}

#[tokio::test]
async fn a_connection_is_kept_for_another_request_when_its_answer_was_read_to_the_end() {
    let (mut line, mut theirs) = line();
    for text in ["one", "two"] {
        assert!(line.is_fit(Instant::now()));
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{text}");
        let (asked, ()) = tokio::join!(ask(&mut line, 2), async {
            let mut came = vec![0; "POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nxx".len()];
            theirs.read_exact(&mut came).await.expect("a request");
            theirs.write_all(answer.as_bytes()).await.expect("an answer");
        });
        assert_eq!(asked.expect("an answer").status(), 200);
        assert!(!line.may_be_kept(), "its body may be there or not");
        assert_eq!(body(&mut line).await, (text.to_owned(), true));
        assert!(line.may_be_kept());
    }
    assert!(!line.is_fit(Instant::now() + limits::KEPT_CONNECTION_SILENCE_MAX), "silent for long");
    drop(theirs);
    assert!(!line.is_fit(Instant::now()), "it is closed");
}

#[tokio::test]
async fn a_request_arrives_whole_however_much_the_endpoint_takes_at_a_time() {
    let joined = limits::JOINED_BODY_BYTES_MAX;
    for size in [0, 2 * ROOM_BYTES, joined, joined + 1, 20 * ROOM_BYTES] {
        let (mut line, mut theirs) = line();
        let want = Letter::of_bytes(size).written();
        let (asked, came) = tokio::join!(ask(&mut line, size), async {
            let mut came = vec![0; want.len()];
            let read = testkit::within("a request", theirs.read_exact(&mut came));
            read.await.expect("a request");
            let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
            theirs.write_all(answer).await.expect("an answer");
            came
        });
        asked.expect("an answer");
        assert!(came == want, "{size}");
        assert_eq!(body(&mut line).await, (String::new(), true));
        assert!(line.may_be_kept());
    }
}

#[tokio::test]
async fn a_connection_is_not_kept_after_anything_odd() {
    let check = async |answer: &str, wanted: (&str, bool)| {
        let (mut line, mut theirs) = line();
        let (asked, ()) = tokio::join!(ask(&mut line, 2), async {
            theirs.read_u8().await.expect("a request");
            theirs.write_all(answer.as_bytes()).await.expect("an answer");
            theirs.shutdown().await.expect("an end");
        });
        asked.expect("an answer");
        let (text, is_whole) = body(&mut line).await;
        assert_eq!((&*text, is_whole), wanted, "{answer:?}");
        assert!(!line.may_be_kept(), "{answer:?}");
    };
    let head = "HTTP/1.1 200 OK\r\n";
    check(&format!("{head}content-length: 2\r\nconnection: close\r\n\r\nok"), ("ok", true)).await;
    check(&format!("{head}\r\nuntil the end"), ("until the end", true)).await;
    check(&format!("{head}content-length: 9\r\n\r\ncut off"), ("cut off", false)).await;
    check(&format!("{head}content-length: 2\r\n\r\nokHTTP/1.1 200"), ("ok", true)).await;
    check(&format!("{head}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n"), ("ok", false)).await;
    check("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", ("ok", true)).await;
}

#[tokio::test]
async fn an_answer_that_comes_before_all_of_the_request_counts_and_ends_the_connection() {
    let (mut line, mut theirs) = line();
    let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n";
    let (asked, ()) = tokio::join!(ask(&mut line, 10 * ROOM_BYTES), async {
        theirs.read_u8().await.expect("a request");
        theirs.write_all(answer).await.expect("an answer");
    });
    assert_eq!(asked.expect("an answer").status(), 413);
    assert_eq!(body(&mut line).await, (String::new(), true));
    assert!(!line.may_be_kept());
}

#[tokio::test(start_paused = true)]
async fn who_takes_an_event_before_all_of_it_is_there_gets_the_rest() {
    for answer in ["content-length: 0\r\n\r\n", "content-length: 4000\r\n\r\n", "\r\n"] {
        let (mut line, mut theirs) = line();
        let (asked, ()) = tokio::join!(ask(&mut line, 10 * ROOM_BYTES), async {
            let answer = format!("HTTP/1.1 200 OK\r\n{answer}");
            theirs.write_all(answer.as_bytes()).await.expect("an answer");
        });
        assert_eq!(asked.expect("an answer").status(), 200, "at once");
        let ((), came) = tokio::join!(heard_out(&mut line), async {
            let mut came = Vec::new();
            let rest = async {
                while !came.ends_with(&[b'x'; 10 * ROOM_BYTES]) {
                    theirs.read_buf(&mut came).await.expect("the rest");
                }
            };
            tokio::time::timeout(limits::CLOSE_TIME_MAX, rest).await.expect("it comes");
            let body = if answer.contains("4000") { 4_000 } else { 0 };
            // Nobody wants it any more.
            let body = vec![b'y'; body];
            let _ = tokio::time::timeout(limits::CLOSE_TIME_MAX, theirs.write_all(&body)).await;
            theirs.shutdown().await.expect("it says no more");
            came.len()
        });
        assert!(came > 10 * ROOM_BYTES && !line.may_be_kept(), "it may take that for a request");
    }
}

#[tokio::test]
async fn who_takes_an_event_and_not_all_of_it_is_asked_for_nothing_more_on_this_connection() {
    let (mut line, mut theirs) = line();
    let (asked, ()) = tokio::join!(ask(&mut line, 10 * ROOM_BYTES), async {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        theirs.write_all(answer).await.expect("an answer");
    });
    assert_eq!(asked.expect("an answer").status(), 200);
    assert!(body(&mut line).now_or_never().is_none(), "the rest is not sent");
    drop(theirs);
    assert_eq!(body(&mut line).await, (String::new(), true));
    assert!(!line.may_be_kept());
}

#[tokio::test]
async fn no_connection_keeps_the_room_of_a_large_answer() {
    let (mut line, mut theirs) = line();
    let (asked, ()) = tokio::join!(ask(&mut line, 2), async {
        let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n", "y".repeat(60_000));
        theirs.write_all(head.as_bytes()).await.expect("an answer");
        theirs.write_all(b"content-length: 2\r\n\r\nok").await.expect("an answer");
    });
    assert_eq!(asked.expect("an answer").status(), 200);
    assert_eq!(body(&mut line).await, ("ok".to_owned(), true));
    assert!(line.may_be_kept());
    assert_eq!(line.came.capacity(), 0);
}

#[tokio::test]
async fn an_answer_counts_also_where_nothing_more_can_be_sent() {
    let place = Room::of(1).try_enter().expect("a place");
    let (ours, mut theirs) = duplex(ROOM_BYTES);
    let mut line = Line::new(Box::new(Mute(ours)), ([127, 0, 0, 1], 1).into(), place);
    let (asked, ()) = tokio::join!(ask(&mut line, 2), async {
        tokio::task::yield_now().await;
        let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n";
        theirs.write_all(answer).await.expect("an answer");
    });
    assert_eq!(asked.expect("an answer").status(), 413);
    assert_eq!(body(&mut line).await, (String::new(), true));
    assert!(!line.may_be_kept());
}

#[tokio::test]
async fn what_has_come_is_seen_also_by_who_has_done_much_in_its_turn() {
    let (mut line, mut theirs) = line();
    theirs.write_all(b"x").await.expect("a byte");
    let budget = poll_fn(|context| {
        while tokio::task::coop::poll_proceed(context).map(|spent| spent.made_progress()).is_ready()
        {
        }
        Poll::Ready(line.is_fit(Instant::now()))
    });
    assert!(!budget.await);
}

#[tokio::test]
async fn what_nobody_asked_for_ends_a_connection() {
    let (mut line, mut theirs) = line();
    theirs.write_all(b"220 mail.test ESMTP\r\n").await.expect("a greeting");
    assert_eq!(ask(&mut line, 2).await.err(), Some(Failure::spoke_first()));
    let (mut line, mut theirs) = self::line();
    assert!(line.is_fit(Instant::now()));
    theirs.write_all(b"x").await.expect("a byte");
    assert!(!line.is_fit(Instant::now()));
}

#[tokio::test]
async fn a_request_whose_answer_has_not_begun_may_be_sent_again_on_another_connection() {
    use crate::send::failure::Connection;
    for (answer, may_repeat) in [("", true), ("H", false)] {
        let (mut line, mut theirs) = line();
        let (asked, ()) = tokio::join!(ask(&mut line, 2), async {
            theirs.read_u8().await.expect("a request");
            theirs.write_all(answer.as_bytes()).await.expect("an answer");
            drop(theirs);
        });
        let failure = asked.expect_err("no answer");
        assert_eq!(failure.may_repeat(Connection::Kept), may_repeat, "{answer:?}");
        assert!(!failure.may_repeat(Connection::Fresh));
    }
}

/// A stream on which nothing can be sent.
struct Mute(DuplexStream);

impl AsyncRead for Mute {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Mute {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A stream on which nothing ever happens.
struct Silence;

impl AsyncRead for Silence {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Silence {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_hear_a_goodbye_is_left_after_a_while() {
    let place = Room::of(1).try_enter().expect("a place");
    let line = Line::new(Box::new(Silence), ([127, 0, 0, 1], 1).into(), place);
    let mut closing = pin!(line.close());
    assert!(closing.as_mut().now_or_never().is_none());
    tokio::time::advance(limits::CLOSE_TIME_MAX).await;
    closing.await;
}
