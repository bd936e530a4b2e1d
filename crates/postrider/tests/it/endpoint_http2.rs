//! HTTP/2 to endpoints that offer it: many attempts on one connection, and each of them safe.

use serde_json::json;
use testkit::{
    ALWAYS, Authority, Event, Http2Endpoint, StreamReply, Streamed, Webhook, Workspace, batch,
};

use crate::harness::{Attempt, Server, ms};

struct Story {
    endpoint: Http2Endpoint,
    server: Server,
}

/// An endpoint that allows so many streams and does as told, and a server that sends there.
async fn story(
    streams_max: u32,
    behaviour: impl Fn(&Streamed) -> StreamReply + Send + Sync + 'static,
) -> Story {
    let authority = Authority::new("Ours");
    let certificate = authority.issue(&["localhost"], ALWAYS);
    let endpoint = Http2Endpoint::start(&certificate, streams_max, behaviour).await;
    let own = json!({ "tls": { "ca": authority.pem } });
    let webhook = Webhook::new("hooks", &endpoint.url("/in?x=1")).own(own);
    let server = Server::tuned(&Workspace::of_app().webhook(webhook), |config| {
        config.delivery.timeout = ms(2_000);
        config.egress.allow.push("::1/128".parse().expect("a network"));
    })
    .await;
    Story { endpoint, server }
}

impl Story {
    /// Sends events of one user each.
    async fn send(&self, count: usize) {
        let event =
            |number| Event::track("x").user(&format!("u-{number}")).id(&format!("m-{number}"));
        self.server.accept("/v1/batch", batch((0..count).map(event))).await;
    }

    async fn attempts(&self, count: usize) -> Vec<Attempt> {
        self.server.admin.wait_for_attempts("destination=hooks", count).await
    }
}

#[tokio::test]
async fn many_attempts_share_one_connection() {
    let story = story(100, |_| StreamReply::Together(20)).await;
    story.send(20).await;
    let attempts = story.attempts(20).await;
    assert!(attempts.iter().all(|one| one.gist() == (1, 200, "delivered", "")), "{attempts:?}");
    let received = story.endpoint.received();
    let mut ids: Vec<_> = received
        .iter()
        .map(|one| {
            let event: serde_json::Value = serde_json::from_slice(&one.body).expect("JSON");
            event["messageId"].as_str().expect("an id").to_owned()
        })
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), story.endpoint.connections()), (20, 1));
    story.server.stop().await;
}

#[tokio::test]
async fn no_more_streams_are_open_than_the_endpoint_allows() {
    let story = story(3, |one| StreamReply::Together(if one.number < 4 { 1 } else { 3 })).await;
    for number in 0..4 {
        let event = Event::track("x").user("u").id(&format!("first-{number}"));
        story.server.accept("/v1/track", event).await;
        story.endpoint.wait_for(number + 1).await;
    }
    story.send(30).await;
    let attempts = story.attempts(34).await;
    assert!(attempts.iter().all(|one| one.fate == "delivered"), "{attempts:?}");
    let received = story.endpoint.received();
    assert_eq!(received.iter().map(|one| one.open).max(), Some(3));
    assert_eq!(story.endpoint.connections(), 1);
    story.server.stop().await;
}

#[tokio::test]
async fn a_stream_that_was_refused_or_left_out_is_sent_again_within_the_attempt() {
    for reply in [StreamReply::Refuse, StreamReply::GoAway] {
        let told = reply.clone();
        let connections = if matches!(reply, StreamReply::Refuse) { 1 } else { 2 };
        let story = story(100, move |one| match one.number {
            0 => told.clone(),
            _ => StreamReply::Answer(200),
        })
        .await;
        story.send(1).await;
        let attempts = story.attempts(1).await;
        assert_eq!(attempts[0].gist(), (1, 200, "delivered", ""), "{reply:?}: {attempts:?}");
        assert_eq!(story.endpoint.received().len(), 2, "{reply:?}");
        assert_eq!(story.endpoint.connections(), connections, "{reply:?}");
        story.server.stop().await;
    }
}

#[tokio::test]
async fn what_is_refused_again_is_tried_later() {
    let refuse = |one: &Streamed| match one.number {
        0 | 1 => StreamReply::Refuse,
        _ => StreamReply::Answer(200),
    };
    let story = story(100, refuse).await;
    story.send(1).await;
    let attempts = story.attempts(2).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    assert_eq!(gists, [(1, 0, "retry", "reset"), (2, 200, "delivered", "")]);
    story.server.stop().await;
}

#[tokio::test]
async fn a_stream_that_the_endpoint_may_have_taken_is_not_sent_again_at_once() {
    for reply in [StreamReply::Reset, StreamReply::Close] {
        let told = reply.clone();
        let story = story(100, move |one| match one.number {
            0 => told.clone(),
            _ => StreamReply::Answer(201),
        })
        .await;
        story.send(1).await;
        let attempts = story.attempts(2).await;
        let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
        assert_eq!(gists, [(1, 0, "retry", "reset"), (2, 201, "delivered", "")], "{reply:?}");
        assert_eq!(story.endpoint.received().len(), 2, "{reply:?}");
        story.server.stop().await;
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_costs_no_attempt() {
    let story = story(100, |one| match one.number {
        1 => StreamReply::Close,
        _ => StreamReply::Answer(200),
    })
    .await;
    for (number, id) in ["m-1", "m-2", "m-3"].iter().enumerate() {
        story.server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
        let attempts = story.attempts(number + 1).await;
        assert_eq!(attempts[number].gist(), (1, 200, "delivered", ""), "{attempts:?}");
    }
    assert_eq!((story.endpoint.received().len(), story.endpoint.connections()), (4, 2));
    story.server.stop().await;
}

#[tokio::test]
async fn a_connection_on_which_no_answer_comes_is_used_no_more() {
    let story = story(100, |one| match one.connection {
        0 => StreamReply::Never,
        _ => StreamReply::Answer(200),
    })
    .await;
    story.send(1).await;
    let attempts = story.attempts(2).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    assert_eq!(gists, [(1, 0, "retry", "timeout"), (2, 200, "delivered", "")]);
    story.server.stop().await;
}

#[tokio::test]
async fn heads_are_bounded_as_in_http1() {
    let story = story(100, |one| match one.number {
        0 => StreamReply::Early(11),
        1 => StreamReply::HugeHead(80_000),
        2 => StreamReply::ManyHeaders(101),
        3 => StreamReply::Early(10),
        4 => StreamReply::ManyHeaders(99),
        5 => StreamReply::Answer(999),
        6 => StreamReply::HugeHead(50_000),
        _ => StreamReply::Answer(422),
    })
    .await;
    let numbers = ["m-1", "m-2", "m-3", "m-4"];
    for id in numbers {
        story.server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
    }
    let attempts = story.attempts(8).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    let wanted = [
        (1, 0, "retry", "bad_response"),
        (2, 0, "retry", "header_too_large"),
        (3, 0, "retry", "header_too_large"),
        (4, 200, "delivered", ""),
        (1, 200, "delivered", ""),
        (1, 999, "retry", "bad_status"),
        (2, 200, "delivered", ""),
        (1, 422, "gave_up", "client_error"),
    ];
    assert_eq!(gists, wanted, "{attempts:?}");
    story.server.stop().await;
}
