//! What a source sends, counted by name and by SDK, with whatever its events say of themselves.

use serde_json::{Value, json};
use testkit::{Event, Workspace, eventually};

use crate::harness::{Admin, Server, problem};

/// An event of an SDK.
fn of_sdk(name: &str, version: &str, event: &str) -> Event {
    let library = json!({ "name": name, "version": version });
    Event::track(event).user("u").with("context", json!({ "library": library }))
}

/// What is listed of one kind, as soon as so many events are counted.
async fn wait_for(admin: Admin, list: &str, events: u64) -> Value {
    let path = format!("/api/v1/sources/app/{list}");
    let sum = |page: &Value| {
        let rows = page[list].as_array().expect("a list");
        let counted = |row: &Value| row["events"].as_u64().unwrap_or(0);
        rows.iter().map(counted).sum::<u64>() + counted(&page["other"])
    };
    eventually("all are counted", || admin.get(&path), |page| sum(page) == events).await
}

fn gist(page: &Value, list: &str, members: [&str; 2]) -> Vec<Value> {
    let rows = page[list].as_array().expect("a list").iter();
    rows.map(|row| json!([row[members[0]], row[members[1]], row["events"]])).collect()
}

#[tokio::test]
async fn a_source_shows_which_events_it_sends_and_with_which_sdks_also_after_a_restart() {
    let server = Server::start(&Workspace::of_app()).await;
    let none = server.admin.get("/api/v1/sources/app/sdks").await;
    assert_eq!(none, json!({ "sdks": [], "other": null }));
    for number in 0..3 {
        let event = of_sdk("analytics-node", "3.0.13", "Paid").id(&format!("n-{number}"));
        server.accept("/v1/track", event).await;
    }
    let hostile = of_sdk("<script>\n\u{202e}", &"9".repeat(5_000), &"x".repeat(5_000));
    server.accept("/v1/track", hostile).await;
    server.accept("/v1/identify", r#"{"userId":"u","context":{"library":[]}}"#).await;

    let sdks = wait_for(server.admin, "sdks", 5).await;
    let long = format!("{}…", "9".repeat(200));
    let expected = [
        json!(["analytics-node", "3.0.13", 3]),
        json!(["<script>\n\u{202e}", long, 1]),
        json!([null, null, 1]),
    ];
    let mut found = gist(&sdks, "sdks", ["name", "version"]);
    assert_eq!(found.remove(0), expected[0]);
    assert!(found.contains(&expected[1]) && found.contains(&expected[2]), "{found:?}");
    let names = wait_for(server.admin, "names", 5).await;
    let found = gist(&names, "names", ["type", "name"]);
    assert_eq!(found[0], json!(["track", "Paid", 3]));
    assert!(found.contains(&json!(["identify", null, 1])), "{found:?}");
    assert!(found.contains(&json!(["track", format!("{}…", "x".repeat(200)), 1])), "{found:?}");
    let (first, last) = (&names["names"][0]["first_at"], &names["names"][0]["last_at"]);
    assert!(first.as_str() <= last.as_str() && first.is_string(), "{first} {last}");
    problem(&server.admin.0.get("/api/v1/sources/nobody/sdks").await, 404, "no_source");

    let server = Server::at(server.stop().await, |_| {}).await;
    assert_eq!(wait_for(server.admin, "names", 5).await, names);
    assert_eq!(wait_for(server.admin, "sdks", 5).await, sdks);
    server.accept("/v1/track", of_sdk("analytics-node", "3.0.13", "Paid")).await;
    let names = wait_for(server.admin, "names", 6).await;
    assert_eq!(gist(&names, "names", ["type", "name"])[0], json!(["track", "Paid", 4]));
    server.stop().await;
}

#[tokio::test]
async fn of_ids_that_are_taken_for_names_only_the_number_is_kept() {
    let server = Server::start(&Workspace::of_app()).await;
    let batch = |first: u32| {
        let names = (first..first + 100).map(|id| {
            let name = if id % 10 == 0 { "Paid".to_owned() } else { format!("Paid {id}") };
            json!({"type": "track", "userId": "u", "messageId": format!("m-{id}"), "event": name})
        });
        json!({ "batch": names.collect::<Vec<_>>() }).to_string()
    };
    for first in (0..2_000).step_by(100) {
        server.accept("/v1/batch", batch(first)).await;
    }
    let page = wait_for(server.admin, "names", 2_000).await;
    assert_eq!(page["names"].as_array().map(Vec::len), Some(500));
    assert_eq!(gist(&page, "names", ["type", "name"])[0], json!(["track", "Paid", 200]));
    assert_eq!(page["other"]["events"], 2_000 - 200 - 499);
    server.stop().await;
}
