//! `postrider send`: events by hand, as an SDK would send them.

use serde_json::{Value, json};
use testkit::{Endpoint, Workspace, eventually};

use crate::harness::Server;
use crate::process::{Ended, Process, Running};

async fn send(server: &Server, words: &[&str]) -> Ended {
    let admin = server.admin.0.address.to_string();
    Process::run(&server.home, &[&["send"], words].concat(), &["--admin", &admin]).await
}

#[tokio::test]
async fn an_event_by_hand_arrives_as_it_was_typed() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let words = ["track", "Order Completed", "--user", "u1", "--prop", "total=9.50", "--json"];
    let sent = send(&server, &words).await;
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""), "{sent:?}");
    let told: Value = serde_json::from_str(&sent.stdout).expect("JSON");
    let arrived = endpoint.wait_for(1).await;
    assert_eq!(told, json!({ "accepted": 1, "message_id": arrived[0].id() }));
    assert!(arrived[0].text().contains("\"properties\":{\"total\":9.50}"), "{arrived:?}");
    assert_eq!(arrived[0].member("event"), "Order Completed");
    let named = send(&server, &["identify", "--anonymous", "a", "--message-id", "mine"]).await;
    assert_eq!(named.stdout, "accepted as mine\n", "{named:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_file_is_sent_in_its_order_and_what_is_no_event_is_told_by_line() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let event = |number: u32| {
        json!({ "type": "track", "userId": "u", "event": number.to_string() }).to_string()
    };
    let mut lines: Vec<String> = (0..500).map(event).collect();
    lines.insert(300, "{\"type\":\"track\"}".to_owned());
    std::fs::write(server.home.path("events.ndjson"), lines.join("\n")).expect("a file");
    let sent = send(&server, &["-f", "events.ndjson", "--json"]).await;
    assert_eq!(sent.code, Some(1), "one line is no event: {sent:?}");
    assert!(sent.stderr.starts_with("line 301 is not sent: "), "{sent:?}");
    let told: Value = serde_json::from_str(&sent.stdout).expect("JSON");
    assert_eq!((&told["accepted"], &told["refused"]), (&500.into(), &1.into()));
    let arrived = endpoint.wait_for(500).await;
    let numbers: Vec<String> = arrived.iter().map(|one| one.member("event")).collect();
    assert_eq!(numbers, (0..500).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(server.admin.rejected().await, 0, "it was refused before it was sent");
    server.stop().await;
}

#[tokio::test]
async fn a_source_that_asks_to_wait_is_waited_for() {
    let endpoint = Endpoint::ok().await;
    let limit = json!({ "rateLimit": { "eventsPerSecond": 10, "burst": 10 } });
    let workspace = Workspace::default().source_with("app", limit);
    let server = Server::start(&workspace.posts_to("hooks", &endpoint.url("/"))).await;
    let line = "{\"type\":\"track\",\"userId\":\"u\"}\n";
    std::fs::write(server.home.path("events.ndjson"), line.repeat(25)).expect("a file");
    let sent = send(&server, &["-f", "events.ndjson", "--rate", "100"]).await;
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""), "{sent:?}");
    assert!(sent.stdout.starts_with("25 accepted, 0 refused in "), "{sent:?}");
    assert!(server.admin.rejected().await > 0, "it was asked to wait");
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_says_why_and_what_to_do() {
    let server = Server::start(&Workspace::of_app().source("web")).await;
    let check = |ended: &Ended, text: &str| {
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("error: {text}")), "{ended:?}");
    };
    let track = ["track", "x", "--user", "u"];
    let two = send(&server, &track).await;
    check(&two, "there are 2 sources; choose one with --source: app, web");
    let wrong = send(&server, &[&track[..], &["--key", "no"]].concat()).await;
    check(&wrong, "the gateway answers 401: invalid write key. ");
    let nobody = send(&server, &["track", "x", "--source", "app"]).await;
    check(&nobody, "the gateway answers 400: request neither has anonymousId nor userId. ");
    let elsewhere = ["--key", "k", "--to", "http://127.0.0.1:1"];
    let away = send(&server, &[&track[..], &elsewhere].concat()).await;
    check(&away, "cannot reach the gateway at http://127.0.0.1:1: ");
    let gone = send(&server, &["-f", "nothing.ndjson", "--source", "app"]).await;
    check(&gone, "cannot read nothing.ndjson: ");
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_signal_stops_a_file_and_tells_how_far_it_came() {
    let server = Server::start(&Workspace::of_app()).await;
    let line = "{\"type\":\"track\",\"userId\":\"u\"}\n";
    std::fs::write(server.home.path("events.ndjson"), line.repeat(1_000)).expect("a file");
    let admin = server.admin.0.address.to_string();
    let flags = ["-f", "events.ndjson", "--rate", "1", "--admin", &admin];
    let sending = Running::start(&server.home, &["send"], &flags);
    eventually("an event", || server.admin.accepted(), |count| *count > 0).await;
    let ended = sending.end_by("INT").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("error: stopped\n"), "{ended:?}");
    assert!(ended.stderr.contains(" were taken, up to line "), "{ended:?}");
    server.stop().await;
}
