//! Answers that are odd count by their status, and hold nothing up.

use testkit::{Endpoint, Event, Reply, Workspace};

use crate::harness::{Attempt, Server, ms};

/// The attempts for two events of one user, where each attempt gets the next reply.
async fn attempts(replies: Vec<Reply>) -> Vec<Attempt> {
    let count = replies.len();
    let endpoint = Endpoint::script(replies).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for id in ["m-1", "m-2"] {
        server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
    }
    let attempts = server.admin.wait_for_attempts("destination=hooks", count).await;
    server.admin.wait_until_finished("hooks", 2).await;
    server.stop().await;
    assert_eq!(endpoint.received().len(), count, "nothing is sent twice");
    attempts
}

fn gists(attempts: &[Attempt]) -> Vec<(u32, u16, &str, &str)> {
    attempts.iter().map(Attempt::gist).collect()
}

#[tokio::test]
async fn an_endless_body_is_cut_off_and_its_status_counts() {
    let replies = vec![Reply::EndlessBody(200), Reply::EndlessBody(503), Reply::EndlessBody(200)];
    let attempts = attempts(replies).await;
    let wanted =
        [(1, 200, "delivered", ""), (1, 503, "retry", "server_error"), (2, 200, "delivered", "")];
    assert_eq!(gists(&attempts), wanted);
}

#[tokio::test]
async fn a_dripping_body_is_cut_off_and_its_status_counts() {
    let attempts = attempts(vec![Reply::Drip(200, ms(20)), Reply::Drip(201, ms(20))]).await;
    assert_eq!(gists(&attempts), [(1, 200, "delivered", ""), (1, 201, "delivered", "")]);
}

#[tokio::test]
async fn a_head_that_is_no_http_or_too_long_is_tried_again() {
    let replies = vec![
        Reply::HugeHead(200, 1 << 20),
        Reply::Raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab".to_vec()),
    ];
    let attempts = attempts(replies).await;
    let wanted = [
        (1, 0, "retry", "header_too_large"),
        (2, 0, "retry", "bad_response"),
        (3, 0, "retry", "bad_response"),
        (4, 200, "delivered", ""),
        (1, 200, "delivered", ""),
    ];
    assert_eq!(gists(&attempts), wanted, "a body that is cut off takes nothing back");
}

#[tokio::test]
async fn answers_on_the_way_to_the_answer_do_not_count() {
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let none = b"HTTP/1.1 204 No Content\r\n\r\n";
    let switching =
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let replies = vec![
        Reply::Raw([&early[..], none].concat()),
        Reply::Raw(switching.to_vec()),
        Reply::Raw(none.to_vec()),
    ];
    let attempts = attempts(replies).await;
    let wanted =
        [(1, 204, "delivered", ""), (1, 101, "retry", "bad_status"), (2, 204, "delivered", "")];
    assert_eq!(gists(&attempts), wanted);
}
