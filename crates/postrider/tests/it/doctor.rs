//! `postrider doctor`: what is wrong with a machine, before it shows in deliveries.

use serde_json::Value;
use testkit::{Certificate, Endpoint, Workspace};

use crate::harness::{Home, Server};
use crate::process::{Ended, Process};

/// What was found, as `check verdict what`.
fn findings(ended: &Ended) -> Vec<String> {
    let read: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let list = read["findings"].as_array().expect("a list");
    let text = |finding: &Value, member: &str| finding[member].as_str().expect("a text").to_owned();
    let line = |finding: &Value| {
        let is_good = finding["verdict"] == "good";
        assert!(is_good || !text(finding, "fix").is_empty(), "{finding}");
        let [check, verdict, what] = ["check", "verdict", "what"].map(|one| text(finding, one));
        format!("{check} {verdict} {what}")
    };
    list.iter().map(line).collect()
}

fn has(found: &[String], begin: &str, part: &str) -> bool {
    found.iter().any(|line| line.starts_with(begin) && line.contains(part))
}

#[tokio::test]
async fn a_machine_with_a_running_server_is_looked_at() {
    let endpoint = Endpoint::ok().await;
    let gone = "http://127.0.0.1:1";
    let workspace = Workspace::of_app().posts_to("up", &endpoint.url("/")).posts_to("down", gone);
    let server = Server::start(&workspace).await;
    let [gateway, admin] =
        [server.gateway.address, server.admin.0.address].map(|address| address.to_string());
    let flags = ["--gateway", &gateway, "--admin", &admin, "--json"];
    let ended = Process::run(&server.home, &["doctor"], &flags).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), ""), "{ended:?}");
    let found = findings(&ended);
    assert!(has(&found, "disk ", "a sync in "), "{found:?}");
    assert!(has(&found, "clock good", "it says 2"), "{found:?}");
    assert!(has(&found, "ports good", &format!("gateway {gateway} is held")), "{found:?}");
    assert!(has(&found, "ports good", &format!("admin {admin} is held")), "{found:?}");
    assert!(
        has(&found, "endpoints good", &format!("{} is reached", endpoint.url(""))),
        "{found:?}"
    );
    assert!(has(&found, "endpoints bad", gone), "{found:?}");
    assert!(endpoint.received().is_empty(), "no request was made");
    let home = server.stop().await;
    let taken = endpoint.address().to_string();
    let ended = Process::run(&home, &["doctor", "--json"], &["--gateway", &taken]).await;
    let found = findings(&ended);
    assert!(has(&found, "ports bad", "in use"), "{found:?}");
}

#[tokio::test]
async fn a_machine_is_looked_at_before_a_server_is_started() {
    let certificate = Certificate::of_localhost();
    let endpoint = Endpoint::ok().await;
    let home = Home::new(&Workspace::of_app().posts_to("up", &endpoint.url("/")));
    std::fs::write(home.path("gateway.pem"), &certificate.pem).expect("a file");
    std::fs::write(home.path("gateway.key"), &certificate.key_pem).expect("a file");
    let tls = ["--intake-tls-certificate", "gateway.pem", "--intake-tls-key", "gateway.key"];
    let ended = Process::run(&home, &["doctor", "--json"], &tls).await;
    let found = findings(&ended);
    assert!(has(&found, "tls ", "the certificate of gateway.pem holds until"), "{found:?}");
    assert!(has(&found, "endpoints good", "is reached"), "{found:?}");
    assert!(!home.path("data").exists(), "nothing was made");
    let shown = Process::run(&home, &["doctor"], &["--egress-allow", "10.0.0.0/8"]).await;
    assert_eq!(shown.code, Some(2), "{shown:?}");
    let bad = shown.stdout.lines().skip_while(|line| !line.starts_with("bad       endpoints"));
    let [what, fix] = bad.take(2).collect::<Vec<_>>()[..] else { panic!("{shown:?}") };
    assert!(what.contains("--egress-allow 127.0.0.0/8"), "{what}");
    assert!(fix.starts_with("          fix: "), "{fix}");
}
