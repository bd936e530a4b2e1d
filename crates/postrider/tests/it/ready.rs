//! Whether events had better be sent here now.

use serde_json::json;
use testkit::{Endpoint, Event, Reply, Workspace, eventually};

use crate::harness::{Home, Server};
use crate::process::Process;

#[tokio::test]
async fn a_server_is_ready_unless_its_disk_is_nearly_full() {
    let server = Server::start(&Workspace::of_app()).await;
    let ask = || server.admin.0.get("/ready");
    let ready = eventually("it is ready", ask, |answer| answer.status == 200).await;
    assert_eq!(ready.json(), json!({"ready": true, "reasons": []}));
    let home = server.stop().await;
    let server = Server::at(home, |config| config.intake.disk_free_min = usize::MAX).await;
    let ask = || server.admin.0.get("/ready");
    let is_recalled =
        |answer: &testkit::Answer| answer.json()["reasons"].as_array().map(Vec::len) == Some(1);
    let answer = eventually("one reason is left", ask, is_recalled).await;
    assert_eq!(answer.status, 503);
    let reasons = json!(["the disk is nearly full, and events are refused"]);
    assert_eq!(answer.json(), json!({"ready": false, "reasons": reasons}));
}

#[tokio::test]
async fn a_server_that_ends_says_so_until_nothing_is_sent_any_more() {
    let endpoint = Endpoint::script([Reply::Never]).await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let process = Process::start(&home, &[]).await;
    let event = Event::track("x").user("u");
    assert_eq!(process.gateway.post("/v1/track", "key-app", event).await.status, 200);
    endpoint.wait_for(1).await;
    process.signal("TERM").await;
    let ask = || process.admin.0.get("/ready");
    let answer = eventually("it is not ready", ask, |answer| answer.status == 503).await;
    assert_eq!(answer.json()["reasons"], json!(["the server is ending"]));
    drop(process);
}
