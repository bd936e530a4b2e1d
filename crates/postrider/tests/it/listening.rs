//! `postrider listen`: a port of this machine as a destination for a while.

use serde_json::Value;
use testkit::{Endpoint, Event, Workspace, eventually};

use crate::harness::{Home, Server};
use crate::process::Running;

/// A server that no file leads, and the key of its starter's source.
async fn started(tune: impl FnOnce(&mut postrider::config::Config)) -> (Server, String) {
    let server = Server::at(Home::new(&Workspace::of_app()), |config| {
        config.workspace = None;
        tune(config);
    })
    .await;
    let status = server.admin.get("/api/v1/status").await;
    let key = status["sources"][0]["write_keys"][0].as_str().expect("a key").to_owned();
    (server, key)
}

fn listen(server: &Server, endpoint: &Endpoint) -> Running {
    let (admin, port) = (server.admin.0.address.to_string(), endpoint.address().port().to_string());
    let flags = [&port, "--path", "hooks", "-o", "line", "--admin", &admin];
    Running::start(&server.home, &["listen"], &flags)
}

async fn destinations(server: &Server) -> Vec<String> {
    let all = server.admin.get("/api/v1/destinations").await;
    let ids = all["destinations"].as_array().expect("a list").iter();
    ids.filter_map(|one: &Value| one["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn events_come_to_a_port_until_a_signal() {
    let endpoint = Endpoint::ok().await;
    let (server, key) = started(|_| {}).await;
    for signal in ["INT", "TERM"] {
        let before = destinations(&server).await;
        let listening = listen(&server, &endpoint);
        listening.wait_until_told("events of my-app go to http://127.0.0.1:").await;
        assert_eq!(destinations(&server).await.len(), before.len() + 1);
        let event = Event::track(signal).user("u");
        assert_eq!(server.gateway.post("/v1/track", &key, event).await.status, 200);
        let line = listening.wait_for_line(&format!("\t{signal}\t")).await;
        assert!(line.contains("\t200\ttrack\t"), "{line}");
        let ended = listening.end_by(signal).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(destinations(&server).await, before, "it is removed");
    }
    assert!(endpoint.received().iter().all(|one| one.target == "/hooks"));
    server.stop().await;
}

#[tokio::test]
async fn what_a_killed_run_has_left_is_removed_by_the_next() {
    let endpoint = Endpoint::ok().await;
    let (server, _) = started(|_| {}).await;
    let before = destinations(&server).await;
    let killed = listen(&server, &endpoint);
    killed.wait_until_told("events of").await;
    killed.end_by("KILL").await;
    assert_eq!(destinations(&server).await.len(), before.len() + 1, "nobody could tidy up");
    let next = listen(&server, &endpoint);
    next.wait_until_told("events of").await;
    assert_eq!(destinations(&server).await.len(), before.len() + 1);
    next.end_by("INT").await;
    assert_eq!(destinations(&server).await, before);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_may_not_call_this_machine_says_how_to_let_it() {
    let endpoint = Endpoint::ok().await;
    let (server, key) = started(|config| config.egress.allow.clear()).await;
    let before = destinations(&server).await;
    let listening = listen(&server, &endpoint);
    listening.wait_until_told("events of").await;
    assert_eq!(
        server.gateway.post("/v1/track", &key, Event::track("x").user("u")).await.status,
        200
    );
    let ended = listening.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let hint = "start it with --egress-allow 127.0.0.0/8";
    assert!(ended.stderr.contains(hint), "{ended:?}");
    let list = || destinations(&server);
    eventually("it is removed", list, |now| *now == before).await;
    server.stop().await;
}
