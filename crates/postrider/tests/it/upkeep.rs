//! Upkeep: a data directory is checked, backed up and restored by commands of their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use testkit::{Client, Endpoint, Event, Received, Refusing, Workspace, eventually};
use tokio::sync::watch;

use crate::harness::{DestinationStatus, Home};
use crate::process::{Ended, Process};

/// Posts so many events, numbered from `first`.
async fn post(process: &Process, first: usize, count: usize) {
    for number in first..first + count {
        let event = Event::track("x").user("u").id(&format!("m-{number}"));
        assert_eq!(process.gateway.post("/v1/track", "key-app", event).await.status, 200);
    }
}

async fn stop(process: Process) {
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}

fn check(ended: &Ended, code: i32, lines: &[&str]) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{}", ended.stdout);
    for line in lines {
        let is_there = ended.stdout.lines().any(|one| one.trim() == *line);
        assert!(is_there, "{line:?} is not in {}", ended.stdout);
    }
}

#[tokio::test]
async fn a_check_tells_what_is_there_and_what_is_damaged() {
    let home = Home::new(&Workspace::of_app());
    let process = Process::start(&home, &[]).await;
    post(&process, 0, 3).await;
    let running = Process::run(&home, &["check"], &[]).await;
    let holder = format!("process {} is running on", process.id());
    assert!(running.stdout.starts_with(&holder), "{}", running.stdout);
    let whole = "journal.db: whole: 3 frames, 3 events, places 1 to 3";
    check(&running, 0, &[whole, "catalog.db: whole: 1 sources, 0 destinations, 0 connections"]);
    process.kill().await;
    check(&Process::run(&home, &["check"], &[]).await, 0, &[whole]);
    // The log of a killed process is copied to the file by the next one that ends by itself.
    stop(Process::start(&home, &[]).await).await;
    let path = home.path("data").join("journal.db");
    let mut bytes = std::fs::read(&path).expect("a file");
    let at = bytes.windows(3).position(|three| three == b"m-1").expect("the second event");
    bytes[at] = b'n';
    std::fs::write(&path, &bytes).expect("a file");
    let damaged = Process::run(&home, &["check"], &[]).await;
    let line = "events do not match their checksums: places 2";
    check(&damaged, 1, &["journal.db: DAMAGED: 3 frames, 2 events, places 1 to 3", line]);
    let told = Process::run(&home, &["check", "--json"], &[]).await;
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!((&told["whole"], &told["holder"]), (&json!(false), &Value::Null));
    let damage = json!([{"what": "events do not match their checksums", "places": [2, 2]}]);
    let journal = json!({
        "file": "journal.db", "counts": {"frames": 3, "events": 2}, "places": [1, 3],
        "damage": damage,
    });
    assert_eq!(told["files"][0], journal);
}

#[tokio::test]
async fn a_check_of_what_is_not_ours_says_so() {
    let home = Home::new(&Workspace::of_app());
    let ended = Process::run(&home, &["check"], &[]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("is not a Postrider data directory"), "{}", ended.stderr);
    assert!(!home.path("data").exists(), "nothing is made");
}

/// Posts events until it is told to stop; the ids of those that were answered `ok`.
async fn keep_posting(gateway: Client, name: char, mut stop: watch::Receiver<bool>) -> Vec<String> {
    let mut taken = Vec::new();
    while !*stop.borrow_and_update() {
        let id = format!("{name}-{}", taken.len());
        let event = Event::track("x").user(&format!("u-{name}")).id(&id);
        assert_eq!(gateway.post("/v1/track", "key-app", event).await.status, 200);
        taken.push(id);
    }
    taken
}

#[tokio::test]
async fn a_backup_under_load_is_restored_and_loses_nothing() {
    let nobody = Refusing::new();
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &nobody.url("/")));
    let process = Process::start(&home, &[]).await;
    post(&process, 0, 20).await;
    let (stop, stopped) = watch::channel(false);
    let posting =
        ['a', 'b'].map(|name| tokio::spawn(keep_posting(process.gateway, name, stopped.clone())));
    let backup = home.text_path("backup");
    let ended = Process::run(&home, &["backup", &backup], &[]).await;
    check(&ended, 0, &[]);
    stop.send(true).expect("they post");
    let mut head = 1 + 20;
    for posting in posting {
        head += posting.await.expect("it was not cut off").len();
    }
    process.kill().await;

    // The backup's, and one more that is posted after the restore.
    let taken: BTreeSet<String> = (0..21).map(|number| format!("m-{number}")).collect();
    let restored = home.text_path("restored");
    let flags = ["--data-dir", &restored];
    check(&Process::run(&home, &["check", "--data-dir", &backup], &[]).await, 0, &[]);
    check(&Process::run(&home, &["restore", &backup], &flags).await, 0, &[]);
    let again = Process::run(&home, &["restore", &backup], &flags).await;
    assert_eq!(again.code, Some(1), "{}", again.stdout);
    assert!(again.stderr.contains("is not empty"), "{}", again.stderr);

    let process = Process::start(&home, &flags).await;
    // Places that were passed over do not wait.
    let is_told = |one: &DestinationStatus| (20..head as u64).contains(&one.waiting);
    eventually("what waits", || process.admin.destination("hooks"), is_told).await;
    post(&process, 20, 1).await;
    let status = process.admin.get("/api/v1/status").await;
    assert!(status["journal"]["head"].as_u64().expect("a number") > head as u64 + 1_000_000_000);
    let endpoint = Endpoint::ok().await;
    home.write(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")).text());
    let is_all = |all: &[Arc<Received>]| {
        let arrived: BTreeSet<String> = all.iter().map(|one| one.id()).collect();
        arrived.is_superset(&taken)
    };
    endpoint.wait_until("every event of the backup and the new one", is_all).await;
    let expired = process.admin.attempts("fate=expired").await;
    assert_eq!(expired, [], "places that were passed over are no lost events");
    process.kill().await;
}
