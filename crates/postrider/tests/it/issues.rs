//! Issues: failures of one kind as one thing to look at, from the first of them to their end.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Reply, Workspace, eventually};

use crate::harness::{Admin, Server, problem};

/// An event of a user that says how the endpoint answers.
fn event(user: &str, number: usize, name: &str) -> Event {
    Event::track(name).user(user).id(&format!("{user}-{number}"))
}

/// Answers every event with the status that its name says.
async fn obedient() -> Endpoint {
    Endpoint::start(|received| Reply::status(received.member("event").parse().unwrap())).await
}

async fn issues(admin: Admin, query: &str) -> Vec<Value> {
    let list = admin.get(&format!("/api/v1/issues?{query}")).await;
    let mut issues = list["issues"].as_array().expect("a list").clone();
    issues.sort_by_key(|issue| issue["status"].as_u64());
    issues
}

async fn wait_for_issues(
    admin: Admin,
    what: &str,
    is_so: impl Fn(&Vec<Value>) -> bool,
) -> Vec<Value> {
    eventually(what, || issues(admin, ""), is_so).await
}

#[tokio::test]
async fn failures_of_two_kinds_are_two_issues_that_a_restart_keeps_and_a_recovery_resolves() {
    let (endpoint, good) = (obedient().await, Endpoint::ok().await);
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for (user, number, status) in [
        ("u-1", 1, "400"),
        ("u-1", 2, "400"),
        ("u-2", 1, "400"),
        ("u-3", 1, "503"),
        ("u-4", 1, "503"),
    ] {
        server.accept("/v1/track", event(user, number, status)).await;
    }
    let is_so =
        |all: &Vec<Value>| all.len() == 2 && all[0]["gave_up"] == 3 && all[1]["waiting"] == 2;
    let found = wait_for_issues(server.admin, "two issues", is_so).await;
    let gist = |issue: &Value| {
        let Value::Object(own) = issue else { panic!("an object") };
        let picked = ["destination", "reason", "status", "state", "gave_up", "waiting", "users"];
        Value::Object(picked.map(|name| (name.to_owned(), own[name].clone())).into_iter().collect())
    };
    let expected = [
        json!({"destination": "hooks", "reason": "client_error", "status": 400, "state": "open",
            "gave_up": 3, "waiting": 0, "users": {"count": 2, "or_more": false}}),
        json!({"destination": "hooks", "reason": "server_error", "status": 503, "state": "open",
            "gave_up": 0, "waiting": 2, "users": {"count": 2, "or_more": false}}),
    ];
    assert_eq!([gist(&found[0]), gist(&found[1])], expected);
    assert_eq!((&found[0]["failed"], &found[0]["reopened"]), (&json!(3), &json!(0)));
    assert!(found[0]["advice"].as_str().is_some_and(|advice| !advice.is_empty()));

    let id = found[0]["id"].as_u64().expect("a number");
    let shown = server.admin.get(&format!("/api/v1/issues/{id}")).await;
    assert_eq!(
        (&shown["attempts"][0]["status"], &shown["reason"]),
        (&json!(400), &json!("client_error"))
    );
    let of_issue = server.admin.attempts(&format!("issue={id}&fate=gave_up")).await;
    let seqs: std::collections::BTreeSet<_> = of_issue.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [1, 2, 3].into(), "three lanes, in any order");
    let of_status = server.admin.attempts("status=400&reason=client_error").await;
    assert_eq!(of_status, of_issue);
    let missing = server.admin.0.get("/api/v1/issues/99").await;
    problem(&missing, 404, "no_issue");
    let odd = server.admin.0.get("/api/v1/issues/-1").await;
    problem(&odd, 404, "no_such_path");
    problem(&server.admin.0.get("/api/v1/issues?limit=x").await, 400, "bad_query");

    let server = Server::at(server.stop().await, |_| {}).await;
    let kept = wait_for_issues(server.admin, "the same", |all| all[1]["waiting"] == 2).await;
    assert_eq!(gist(&kept[0]), expected[0]);
    assert_eq!((&kept[0]["id"], &kept[0]["first_at"]), (&found[0]["id"], &found[0]["first_at"]));
    assert!(kept[1]["failed"].as_u64() >= found[1]["failed"].as_u64());

    let acknowledge = format!("/api/v1/issues/{}/acknowledge", kept[1]["id"]);
    assert_eq!(server.admin.post(&acknowledge, &json!({})).await.status, 200);
    server.home.write(&Workspace::of_app().posts_to("hooks", &good.url("/")).text());
    let is_over = |all: &Vec<Value>| all[1]["state"] == "resolved";
    let over = wait_for_issues(server.admin, "what waited is over", is_over).await;
    problem(&server.admin.post(&acknowledge, &json!({})).await, 409, "issue_resolved");
    assert_eq!((over.len(), &over[1]["waiting"]), (2, &json!(0)));
    let open = issues(server.admin, "state=open").await;
    assert_eq!(open.iter().map(gist).collect::<Vec<_>>(), expected[..1], "what lost events is not");

    server.home.write(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")).text());
    let target = endpoint.url("");
    let is_so =
        |status: &Value| status["destinations"][0]["target"] == target.trim_end_matches('/');
    eventually("the bad endpoint", || server.admin.get("/api/v1/status"), is_so).await;
    server.accept("/v1/track", event("u-9", 1, "503")).await;
    let again = |all: &Vec<Value>| all[1]["state"] == "open" && all[1]["reopened"] == 1;
    let found = wait_for_issues(server.admin, "it has come again", again).await;
    assert_eq!(found[1]["mark"], Value::Null, "and nobody knows of it");
    assert_eq!((&found[0]["state"], &found[1]["id"]), (&json!("open"), &kept[1]["id"]));
    assert_eq!(found[1]["users"]["count"], 3);
    server.stop().await;
}

#[tokio::test]
async fn what_was_given_up_by_one_issue_is_recovered_and_nothing_else() {
    let (bad, good) = (obedient().await, Endpoint::ok().await);
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &bad.url("/"))).await;
    for (number, status) in [(1, "400"), (2, "422"), (3, "400"), (4, "422")] {
        server.accept("/v1/track", event("u", number, status)).await;
    }
    let all_gave_up =
        |all: &Vec<Value>| all.len() == 2 && all.iter().all(|one| one["gave_up"] == 2);
    let found = wait_for_issues(server.admin, "two issues", all_gave_up).await;
    server.home.write(&Workspace::of_app().posts_to("hooks", &good.url("/")).text());
    let target = good.url("");
    let is_so =
        |status: &Value| status["destinations"][0]["target"] == target.trim_end_matches('/');
    eventually("the good endpoint", || server.admin.get("/api/v1/status"), is_so).await;
    let recover = |id: &Value| {
        let path = format!("/api/v1/issues/{id}/recover");
        async move { server.admin.post(&path, &Value::Null).await }
    };
    let answer = recover(&found[0]["id"]).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let replay = answer.json();
    assert_eq!((&replay["expected"], &replay["scope"]["issue"]), (&json!(2), &found[0]["id"]));
    let path = format!("/api/v1/replays/{}", replay["id"]);
    let is_done = |one: &Value| one["state"] == "done";
    eventually("the replay is done", || server.admin.get(&path), is_done).await;
    problem(&recover(&found[0]["id"]).await, 409, "nothing_to_replay");
    problem(&recover(&json!(99)).await, 404, "no_issue");
    server.stop().await;
    let got: Vec<_> = good.received().iter().map(|one| one.id()).collect();
    assert_eq!(got, ["u-1", "u-3"]);
}

#[tokio::test]
async fn a_list_of_attempts_goes_on_where_a_page_ends() {
    let endpoint = obedient().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for number in 0..7 {
        let status = if number % 2 == 0 { "200" } else { "422" };
        server.accept("/v1/track", event("u", number, status)).await;
    }
    server.admin.wait_until_finished("hooks", 7).await;
    let page = async |query: &str| {
        let page = server.admin.get(&format!("/api/v1/attempts?{query}")).await;
        let attempts = page["attempts"].as_array().expect("a list");
        let seqs: Vec<_> = attempts.iter().map(|one| one["seq"].as_u64().expect("one")).collect();
        (seqs, page["older_than"].as_u64())
    };
    let (first, older) = page("status=422&limit=2").await;
    assert_eq!(first, [6, 4]);
    let older = older.expect("a place to go on from");
    assert_eq!(page(&format!("status=422&limit=2&older_than={older}")).await, (vec![2], None));
    assert_eq!(page("from=2100-01-01T00:00:00Z").await, (vec![], None));
    assert_eq!(page("to=2100-01-01T00:00:00Z&fate=delivered").await.0, [7, 5, 3, 1]);
    problem(&server.admin.0.get("/api/v1/attempts?from=yesterday").await, 400, "bad_query");
    server.stop().await;
}

#[tokio::test]
async fn an_issue_that_people_know_of_is_open_again_when_it_comes_again_and_an_ignored_one_is_not()
{
    let bad = obedient().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &bad.url("/"))).await;
    server.accept("/v1/track", event("u-1", 1, "422")).await;
    let found = wait_for_issues(server.admin, "an issue", |all| all.len() == 1).await;
    assert_eq!((&found[0]["state"], &found[0]["mark"]), (&json!("open"), &Value::Null));
    let failed = found[0]["trend"]["failed"].as_array().expect("a list");
    let sum: u64 = failed.iter().filter_map(Value::as_u64).sum();
    assert_eq!((failed.len(), sum), (24, 1), "{failed:?}");
    let path = format!("/api/v1/issues/{}", found[0]["id"]);
    let say = async |admin: Admin, deed: &str, body: Value| {
        admin.post(&format!("{path}/{deed}"), &body).await
    };

    let long = json!({"note": "n".repeat(501)});
    let refused = say(server.admin, "acknowledge", long).await;
    problem(&refused, 422, "bad_note");
    assert_eq!(refused.json()["mistakes"][0]["field"], "note");
    problem(&say(server.admin, "reopen", Value::Null).await, 409, "nothing_to_take_back");
    problem(&server.admin.post("/api/v1/issues/99/ignore", &json!({})).await, 404, "no_issue");
    let said = say(server.admin, "acknowledge", json!({"note": "<b>Ada</b> asks them"})).await;
    assert_eq!(said.status, 200, "{}", said.text());
    let said = said.json();
    assert_eq!(said["state"], "acknowledged");
    assert_eq!(said["mark"]["note"], "<b>Ada</b> asks them");
    assert!(said["mark"]["by"].as_str().is_some_and(|by| !by.is_empty()));
    server.accept("/v1/track", event("u-1", 2, "422")).await;
    let goes_on = |all: &Vec<Value>| all[0]["failed"] == 2 && all[0]["state"] == "acknowledged";
    wait_for_issues(server.admin, "it goes on", goes_on).await;
    assert_eq!(issues(server.admin, "state=open").await, [] as [Value; 0]);

    let server = Server::at(server.stop().await, |_| {}).await;
    let kept = issues(server.admin, "state=acknowledged").await;
    assert_eq!((kept.len(), &kept[0]["mark"]), (1, &said["mark"]), "a restart keeps it");
    assert_eq!(say(server.admin, "resolve", json!({})).await.json()["state"], "resolved");
    problem(&say(server.admin, "acknowledge", json!({})).await, 409, "issue_resolved");
    server.accept("/v1/track", event("u-1", 3, "422")).await;
    let again = |all: &Vec<Value>| all[0]["state"] == "open" && all[0]["mark"] == Value::Null;
    wait_for_issues(server.admin, "it has come again", again).await;

    assert_eq!(say(server.admin, "ignore", Value::Null).await.json()["state"], "ignored");
    server.accept("/v1/track", event("u-1", 4, "422")).await;
    let counted = |one: &Value| one["failed"] == 4 && one["state"] == "ignored";
    eventually("it is counted all the same", || server.admin.get(&path), counted).await;
    assert_eq!(issues(server.admin, "").await, [] as [Value; 0]);
    assert_eq!(issues(server.admin, "state=ignored").await.len(), 1);
    assert_eq!(say(server.admin, "reopen", Value::Null).await.json()["state"], "open");
    assert_eq!(say(server.admin, "resolve", json!({})).await.json()["state"], "resolved");
    let log = server.admin.get("/api/v1/audit?kind=issue").await;
    let deeds: Vec<_> = log["records"].as_array().expect("records").iter().rev().collect();
    let deeds: Vec<_> = deeds.iter().map(|one| one["action"].as_str().expect("a word")).collect();
    assert_eq!(deeds, ["acknowledge", "resolve", "ignore", "reopen", "resolve"]);
    server.stop().await;
}
