//! Room: what happens where the journal, or its disk, has no more of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use testkit::{
    Endpoint, Event, Received, Refusing, Reply, Request, Webhook, Workspace, eventually,
};

use crate::harness::{Home, Server, problem};
use crate::process::Process;

/// Events of 16 KiB each that are posted.
const EVENTS: usize = 100;

#[tokio::test]
async fn what_a_full_journal_drops_is_counted_and_the_rest_is_delivered() {
    let nobody = Refusing::new();
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &nobody.url("/")));
    let flags = ["--journal-tail-bytes-max", "1KiB", "--journal-size-max", "512KiB"];
    let process = Process::start(&home, &flags).await;
    for number in 0..EVENTS {
        let event = Event::track("x").user(&format!("u-{number}")).id(&format!("m-{number}"));
        let event = event.with("filling", "x".repeat(16 << 10));
        assert_eq!(process.gateway.post("/v1/track", "key-app", event).await.status, 200);
    }
    process.wait_for_log("journal.size_max has no room for events that destinations still").await;
    let stored = async || process.admin.get("/api/v1/storage").await;
    let is_trimmed = |told: &serde_json::Value| {
        let journal = &told["journal"];
        let fits = journal["used_bytes"].as_u64() <= Some(512 << 10);
        fits && journal["trimmed_at"].is_string()
    };
    let told = eventually("it is told that events have gone", stored, is_trimmed).await;
    let journal = &told["journal"];
    assert_eq!((&journal["bytes_max"], &journal["head"]), (&(512 << 10).into(), &101.into()));
    assert!(journal["oldest_seq"].as_u64() > Some(1) && journal["oldest_at"].is_string(), "{told}");
    let part = |name: &str| {
        let mut parts = told["parts"].as_array().expect("parts").iter();
        parts.find(|one| one["part"] == name).and_then(|one| one["bytes"].as_u64())
    };
    assert!(part("journal") >= journal["used_bytes"].as_u64(), "{told}");
    assert!(["state", "index", "catalog"].iter().all(|name| part(name) > Some(0)), "{told}");
    assert!(told["disk"]["free_bytes"].as_u64() > Some(0), "{told}");
    assert!(told["disk"]["store_p99_ms"].as_f64() > Some(0.0), "{told}");
    for gone in ["events/1/payload", "deliveries/hooks/1/attempts/1/request"] {
        let request = Request::new("GET", &format!("/api/v1/{gone}"));
        problem(&process.admin.0.send(&request).await, 410, "expired");
    }
    let endpoint = Endpoint::ok().await;
    home.write(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")).text());
    let counts = || async {
        let status = process.admin.get("/api/v1/status").await;
        let one = &status["destinations"][0];
        let count = |name: &str| one[name].as_u64().expect("a number") as usize;
        let delivered = count("delivered_first_try") + count("delivered_on_retry");
        (delivered, count("expired"), count("gave_up"))
    };
    let is_all = |(delivered, expired, _): &(usize, usize, usize)| delivered + expired >= EVENTS;
    let (delivered, expired, gave_up) = eventually("an end of each event", counts, is_all).await;
    assert_eq!((delivered + expired, gave_up), (EVENTS, 0));
    assert!(delivered > 0 && expired > 0, "{delivered} delivered, {expired} expired");
    let listed = process.admin.attempts("fate=expired").await;
    assert_eq!(listed.len(), expired);
    assert!(listed.iter().all(|one| one.reason == "trimmed"), "{listed:?}");
    let ids = |all: &[Arc<Received>]| all.iter().map(|one| one.id()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&endpoint.received()).len(), delivered);
    process.kill().await;
}

#[tokio::test]
async fn what_a_full_journal_drops_is_counted_while_the_destination_takes_nothing() {
    let failing = Endpoint::script([Reply::status(500)]).await;
    let paused = Webhook::new("paused", &failing.url("/"));
    let paused = paused.own(json!({"delivery": {"paused": true}}));
    let workspace = Workspace::of_app().posts_to("failing", &failing.url("/"));
    let home = Home::new(&workspace.webhook(paused));
    let flags = ["--journal-tail-bytes-max", "1KiB", "--journal-size-max", "512KiB"];
    let process = Process::start(&home, &flags).await;
    for number in 0..EVENTS {
        let event =
            Event::track("x").user(&format!("u-{}", number % 60)).id(&format!("m-{number}"));
        let event = event.with("filling", "x".repeat(16 << 10));
        assert_eq!(process.gateway.post("/v1/track", "key-app", event).await.status, 200);
    }
    let counts = || async {
        let status = process.admin.get("/api/v1/status").await;
        let of = |one: &serde_json::Value| {
            let count = |name: &str| one[name].as_u64().expect("a number") as usize;
            (count("waiting"), count("expired"))
        };
        [of(&status["destinations"][0]), of(&status["destinations"][1])]
    };
    let is_told = |counts: &[(usize, usize); 2]| {
        counts.iter().all(|(waiting, expired)| *expired > EVENTS / 2 && waiting + expired == EVENTS)
    };
    eventually("what is gone has expired at both", counts, is_told).await;
    let issues = process.admin.get("/api/v1/issues").await.to_string();
    assert!(issues.contains("\"trimmed\""), "{issues}");
    let listed = process.admin.attempts("fate=expired").await;
    assert!(listed.iter().all(|one| one.reason == "trimmed"), "{listed:?}");
    process.kill().await;
}

#[tokio::test]
async fn a_nearly_full_disk_is_answered_503_before_it_is_full() {
    let workspace = Workspace::of_app();
    let server = Server::tuned(&workspace, |config| config.intake.disk_free_min = usize::MAX).await;
    for path in ["/v1/track", "/v1/batch"] {
        let answer = server.post(path, Event::track("x").user("u")).await;
        assert_eq!((answer.status, answer.text()), (503, "service unavailable\n"));
        assert_eq!(answer.get("postrider-reason"), Some("storage_full"));
        assert!(answer.get("retry-after").is_some());
    }
    let rejections = server.admin.wait_for_rejections(2).await;
    assert!(rejections.iter().all(|one| one.detail.contains("intake.disk_free_min")));
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}
