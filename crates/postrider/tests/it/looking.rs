//! `postrider events`, `deliveries`, `attempts` and `retry`: what became of an event, and once more.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Reply, Workspace};

use crate::harness::{Server, ms};
use crate::process::{Ended, Process};

async fn ask(server: &Server, words: &[&str], flags: &[&str]) -> Ended {
    let admin = server.admin.0.address.to_string();
    Process::run(&server.home, words, &[&["--admin", &admin], flags].concat()).await
}

fn json(ended: &Ended) -> Value {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// A server whose endpoint takes everything but `Bad`, with one good event and one bad one.
async fn with_a_failure() -> Server {
    let endpoint = Endpoint::start(|received| {
        Reply::status(if received.member("event") == "Bad" { 400 } else { 200 })
    })
    .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for name in ["Good", "Bad"] {
        let event = Event::track(name).user(name).id(&format!("m-{name}"));
        server.accept("/v1/track", event).await;
    }
    server.admin.wait_until_finished("hooks", 2).await;
    server
}

#[tokio::test]
async fn why_an_event_failed_is_found_by_its_id() {
    let server = with_a_failure().await;
    let shown = ask(&server, &["events", "get", "m-Bad"], &[]).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""), "{shown:?}");
    for text in ["name        Bad\n", "user        Bad\n", "hooks/2", "gave up"] {
        assert!(shown.stdout.contains(text), "{text}: {shown:?}");
    }
    let page = json(&ask(&server, &["events", "get", "2"], &["--json"]).await);
    assert_eq!((&page["event"]["message_id"], &page["seq"]), (&"m-Bad".into(), &2.into()));
    let payload = ask(&server, &["events", "get", "2"], &["--payload"]).await;
    let stored = server.admin.0.get("/api/v1/events/2/payload").await;
    assert_eq!(payload.stdout, stored.text(), "byte for byte");
    for id in ["m-Bad", "hooks/2"] {
        let shown = ask(&server, &["attempts", id], &[]).await;
        assert!(shown.stdout.contains("hooks/2 attempt 1  gave up  400 in "), "{shown:?}");
        let attempts = json(&ask(&server, &["attempts", id], &["--json"]).await);
        assert_eq!(attempts["attempts"][0]["status"], 400, "{attempts}");
    }
    let none = ask(&server, &["events", "get", "99"], &[]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(1), ""), "{none:?}");
    assert!(none.stderr.starts_with("error: there is no event 99"), "{none:?}");
    server.stop().await;
}

#[tokio::test]
async fn deliveries_are_listed_by_what_became_of_them() {
    let server = with_a_failure().await;
    let words = ["deliveries", "ls"];
    let listed = |flags: &'static [&'static str]| ask(&server, &words, flags);
    let all = json(&listed(&["--json"]).await);
    let seqs = |page: &Value| -> Vec<u64> {
        let rows = page["deliveries"].as_array().expect("a list");
        rows.iter().map(|row| row["seq"].as_u64().expect("a number")).collect()
    };
    assert_eq!(seqs(&all), [2, 1]);
    let bad = json(&listed(&["--status", "gave_up", "--since", "1h", "--json"]).await);
    assert_eq!(seqs(&bad), [2]);
    let of_user = json(&listed(&["--user", "Good", "--json"]).await);
    assert_eq!(seqs(&of_user), [1]);
    let one = listed(&["--limit", "1"]).await;
    assert_eq!(one.stdout.lines().count(), 3, "head, row, more: {one:?}");
    assert!(one.stdout.lines().nth(1).is_some_and(|line| line.starts_with("hooks/2")), "{one:?}");
    let wrong = listed(&["--status", "nonsense"]).await;
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let wrong = listed(&["--since", "1"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_is_tried_now_or_sent_again() {
    let endpoint = Endpoint::script([Reply::status(503), Reply::status(200)]).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        let hour = ms(3_600_000);
        (config.delivery.retry_min_backoff, config.delivery.retry_max_backoff) = (hour, hour);
    })
    .await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    let tried = ask(&server, &["retry", "hooks/1"], &["--json"]).await;
    assert_eq!(json(&tried), json!({ "tried": ["hooks/1"], "refused": [] }));
    server.admin.wait_until_finished("hooks", 1).await;
    let ended = ask(&server, &["retry", "hooks/1", "hooks/9"], &[]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains("hooks/1: the delivery is delivered"), "{ended:?}");
    assert!(ended.stderr.contains("hooks/9: "), "{ended:?}");
    let again = ask(&server, &["retry", "hooks/1"], &["--resend"]).await;
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (Some(0), "hooks/1 is asked for\n"),
        "{again:?}"
    );
    assert!(endpoint.wait_for(3).await.iter().all(|one| one.id() == "m"));
    let wrong = ask(&server, &["retry", "hooks"], &[]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.stderr.contains("write DESTINATION/EVENT"), "{wrong:?}");
    server.stop().await;
}
