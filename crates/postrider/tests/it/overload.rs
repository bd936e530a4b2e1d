//! More than the disk takes: callers are told to come back, and what was said stays true.

use std::collections::BTreeSet;

use testkit::{Answer, Endpoint, Event, Workspace, within};

use crate::harness::Server;

/// Posts many events at once; each answer with the event's id.
async fn burst(server: &Server, round: usize) -> Vec<(String, Answer)> {
    let mut posts = tokio::task::JoinSet::new();
    for number in 0..64 {
        let id = format!("m-{round}-{number}");
        let event = Event::track("x").user(&id).id(&id).with("text", "x".repeat(2_000));
        let gateway = server.gateway;
        posts.spawn(async move { (id, gateway.post("/v1/track", "key-app", event).await) });
    }
    posts.join_all().await
}

#[tokio::test]
async fn a_full_inbox_says_503_and_retry_after() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| config.intake.inbox_bytes_max = 1_024).await;
    let mut accepted = BTreeSet::new();
    let bursts = async {
        for round in 0.. {
            let answers = burst(&server, round).await;
            let (good, full): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|(_, answer)| answer.status == 200);
            accepted.extend(good.into_iter().map(|(id, _)| id));
            if !full.is_empty() {
                return full;
            }
        }
        Vec::new()
    };
    let full = within("a full inbox", bursts).await;
    for (_, answer) in &full {
        assert_eq!((answer.status, answer.text()), (503, "service unavailable\n"));
        assert_eq!(answer.get("postrider-reason"), Some("storage_full"));
        let seconds: u32 = answer.get("retry-after").expect("a time").parse().expect("seconds");
        assert!(seconds >= 1);
    }
    let rejections = server.admin.wait_for_rejections(full.len()).await;
    assert!(rejections.iter().all(|one| one.reason == "storage_full"), "{rejections:?}");
    let count = accepted.len();
    let arrived = endpoint.wait_for(count).await;
    server.stop().await;
    let arrived: BTreeSet<_> = arrived.iter().map(|one| one.id()).collect();
    assert_eq!(arrived, accepted, "what was accepted arrives, and nothing else");
    assert_eq!(endpoint.received().len(), count);
}
