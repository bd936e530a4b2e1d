//! What is mistyped is refused by the API, and not answered as if there were nothing.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Workspace};

use crate::harness::{Server, problem};

/// Paths of the document that take a query, with something in the place of their parameters.
fn paths_with_query(document: &Value) -> Vec<String> {
    let has_query = |asked: &Value| {
        let parameters = asked["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|one| one["in"] == "query")
    };
    let paths = document["paths"].as_object().expect("paths").iter();
    let paths = paths.filter(|(_, methods)| has_query(&methods["get"]));
    let filled = |path: &String| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    paths.map(|(path, _)| filled(path)).collect()
}

#[tokio::test]
async fn a_parameter_that_nobody_knows_is_refused_by_its_name() {
    let server = Server::start(&Workspace::of_app()).await;
    let paths = paths_with_query(&server.admin.get("/api/v1/openapi.json").await);
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        let answer = server.admin.0.get(&format!("{path}?statuss=gave_up")).await;
        assert_eq!(answer.status, 400, "{path}");
        let told = problem(&answer, 400, "bad_query");
        assert!(told["detail"].as_str().is_some_and(|text| text.contains("statuss")), "{told}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_destination_or_reason_that_there_is_not_is_no_empty_list() {
    let server = Server::start(&Workspace::of_app()).await;
    for list in ["attempts", "issues", "deliveries"] {
        let answer = server.admin.0.get(&format!("/api/v1/{list}?destination=bogus")).await;
        problem(&answer, 404, "no_destination");
    }
    for list in ["attempts", "deliveries"] {
        let answer = server.admin.0.get(&format!("/api/v1/{list}?reason=timeuot")).await;
        let told = problem(&answer, 400, "bad_query");
        assert_eq!(told["detail"], "reason: \"timeuot\" is none; did you mean timeout?");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_replay_of_what_is_not_there_is_none() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("x").user("u")).await;
    endpoint.wait_for(1).await;
    for path in ["replays", "replays/estimate"] {
        let path = format!("/api/v1/{path}");
        let events =
            json!({"destination": "hooks", "intent": "resend_range", "events": [1, 99_999]});
        let told = problem(&server.admin.post(&path, &events).await, 404, "no_event");
        assert_eq!(told["detail"], "there is no event 99999, or not any more");
        let issue = json!({"destination": "hooks", "intent": "recover_failed", "issue": 999});
        problem(&server.admin.post(&path, &issue).await, 404, "no_issue");
    }
    server.stop().await;
}
