//! `postrider status`: a running server on one screen, and an exit code that says whether to look.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};

use serde_json::Value;
use testkit::{Endpoint, Event, Reply, Workspace, batch, eventually};

use crate::harness::{DestinationStatus, Server};
use crate::process::{Ended, Process};

async fn status(server: &Server, flags: &[&str]) -> Ended {
    let admin = server.admin.0.address.to_string();
    let flags = [&["--admin", &admin], flags].concat();
    Process::run(&server.home, &["status"], &flags).await
}

#[tokio::test]
async fn the_exit_code_says_whether_something_needs_a_look() {
    let told = Arc::new(AtomicU16::new(200));
    let own = told.clone();
    let endpoint = Endpoint::start(move |_| Reply::status(own.load(SeqCst))).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    server.admin.wait_until_finished("hooks", 1).await;
    let well = status(&server, &[]).await;
    assert_eq!(well.code, Some(0), "{well:?}");
    assert!(well.stdout.contains("1 events accepted"), "{well:?}");
    let row: Vec<_> = well.stdout.lines().last().expect("a row").split_whitespace().collect();
    assert_eq!(row[..6], ["hooks", "active", "0", "0", "1", "0"]);

    told.store(503, SeqCst);
    let events = (0..100).map(|number| Event::track("x").user(&format!("u-{number}")));
    server.accept("/v1/batch", batch(events)).await;
    let holds = |one: &DestinationStatus| one.state == "holding";
    eventually("holding", || server.admin.destination("hooks"), holds).await;
    let sick = status(&server, &[]).await;
    assert_eq!(sick.code, Some(2), "{sick:?}");
    assert!(
        sick.stdout.lines().last().is_some_and(|line| line.starts_with("hooks: holding since"))
    );
    let json = status(&server, &["--json"]).await;
    let read: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((json.code, &read["destinations"][0]["state"]), (Some(2), &"holding".into()));

    let home = server.stop().await;
    let gone = Process::run(&home, &["status"], &["--admin", "127.0.0.1:1"]).await;
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.starts_with("error: cannot ask the server at 127.0.0.1:1: "), "{gone:?}");
}

#[tokio::test]
async fn what_was_given_up_needs_a_look_until_somebody_has_dealt_with_it() {
    let endpoint = Endpoint::start(|_| Reply::status(400)).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("x").user("u")).await;
    let hooks = server.admin.wait_until_finished("hooks", 1).await;
    assert_eq!(hooks.gave_up, 1);
    let told = status(&server, &[]).await;
    let last = told.stdout.lines().last().unwrap_or_default();
    let want = "hooks: 1 given up in open issues.";
    assert!(told.code == Some(2) && last.starts_with(want), "{told:?}");
    let issues = server.admin.get("/api/v1/issues").await;
    let path = format!("/api/v1/issues/{}/acknowledge", issues["issues"][0]["id"]);
    assert_eq!(server.admin.post(&path, &Value::Null).await.status, 200);
    let dealt = status(&server, &[]).await;
    assert_eq!(dealt.code, Some(0), "{dealt:?}");
    server.stop().await;
}

#[tokio::test]
async fn whoever_asks_for_the_status_holds_up_nobody() {
    let endpoint = Endpoint::start(|_| Reply::status(200)).await;
    let workspace = Workspace::of_app()
        .posts_to("one", &endpoint.url("/"))
        .posts_to("two", &endpoint.url("/"))
        .posts_to("three", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    let sends = async {
        for number in 0..500 {
            let user = format!("u-{number}");
            server.accept("/v1/track", Event::track("x").user(&user)).await;
        }
    };
    let asks = async {
        for _ in 0..500 {
            server.admin.get("/api/v1/status").await;
        }
    };
    let both = async { tokio::join!(sends, asks) };
    testkit::within("events and answers", both).await;
    server.stop().await;
}
