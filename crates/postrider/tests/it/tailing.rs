//! `postrider tail`: what happens, on a terminal, as it happens.

use std::process::Stdio;

use serde_json::Value;
use testkit::{Endpoint, Event, Reply, Workspace, within};

use crate::harness::Server;
use crate::process::{Process, Running};

fn tail(server: &Server, flags: &[&str]) -> Running {
    let admin = server.admin.0.address.to_string();
    Running::start(&server.home, &["tail", "--admin", &admin], flags)
}

#[tokio::test]
async fn events_and_deliveries_are_shown_until_a_signal() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let lines = tail(&server, &["-o", "line"]);
    let objects = tail(&server, &["--json", "--user", "u2"]);
    for tail in [&lines, &objects] {
        tail.wait_until_told("watching until Ctrl-C").await;
    }
    server.accept("/v1/track", Event::track("Paid\u{1b}[2J").user("u1")).await;
    server.accept("/v1/track", Event::track("Left").user("u2")).await;
    let line = lines.wait_for_line("Paid").await;
    let cells: Vec<&str> = line.split('\t').collect();
    assert_eq!(cells[1..], ["in", "track", "Paid␛[2J", "u1", "from app", "event 1"]);
    let delivered = lines.wait_for_line("→ hooks").await;
    assert!(delivered.contains("\t200\t"), "{delivered}");
    let row = objects.wait_for_line("\"delivery\"").await;
    let row: Value = serde_json::from_str(&row).expect("JSON");
    assert_eq!((&row["user_id"], &row["http_status"]), (&"u2".into(), &200.into()));
    let ended = lines.end_by("INT").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = objects.end_by("TERM").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains("u1"), "{ended:?}");
    server.stop().await;
}

#[tokio::test]
async fn failures_are_shown_alone_with_their_reason() {
    let endpoint = Endpoint::start(|received| {
        Reply::status(if received.member("event") == "Bad" { 400 } else { 200 })
    })
    .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let tail = tail(&server, &["--failed"]);
    tail.wait_until_told("watching").await;
    for name in ["Good", "Bad"] {
        server.accept("/v1/track", Event::track(name).user(name)).await;
    }
    let failed = tail.wait_for_line("Bad").await;
    assert!(failed.contains("400") && failed.contains("gave up: "), "{failed}");
    let ended = tail.end_by("INT").await;
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_restarts_is_waited_for() {
    let server = Server::start(&Workspace::of_app()).await;
    let tail = tail(&server, &["-o", "line"]);
    tail.wait_until_told("watching").await;
    let admin = server.admin.0.address;
    let home = server.stop().await;
    tail.wait_until_told("the server has gone away").await;
    let server = Server::at(home, |config| config.admin = admin).await;
    tail.wait_until_told("the server is back").await;
    server.accept("/v1/track", Event::track("Again").user("u1")).await;
    tail.wait_for_line("Again").await;
    let home = server.stop().await;
    assert_eq!(tail.end_by("INT").await.code, Some(0));
    let nobody = Process::run(&home, &["tail"], &["--admin", &admin.to_string()]).await;
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(nobody.stderr.contains("; start one with `postrider serve`"), "{nobody:?}");
}

#[tokio::test]
async fn it_ends_where_nobody_reads_any_more() {
    let server = Server::start(&Workspace::of_app()).await;
    let tail = format!("\"$0\" tail -o line --admin {} | head -n 1", server.admin.0.address);
    let mut shell = tokio::process::Command::new("/bin/sh");
    shell.args(["-c", &tail, env!("CARGO_BIN_EXE_postrider")]).kill_on_drop(true);
    shell.stdout(Stdio::null()).stderr(Stdio::null());
    let mut shell = shell.current_dir(server.home.path("")).spawn().expect("a shell");
    let ended = async {
        while shell.try_wait().expect("a status").is_none() {
            server.accept("/v1/track", Event::track("x").user("u1")).await;
        }
    };
    within("the end of tail", ended).await;
    server.stop().await;
}
