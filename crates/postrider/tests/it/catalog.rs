//! Sources, destinations and connections, edited by the API.

use postrider::config::{AdminAuth, Config, Secret};
use serde_json::{Value, json};
use testkit::{Answer, Endpoint, Event, Request, Workspace, eventually};

use crate::harness::{Admin, Home, Server, problem};
use crate::process::Process;

/// A server whose catalog nobody leads; it begins with the starter.
async fn start() -> Server {
    Server::tuned(&Workspace::default(), |config| config.workspace = None).await
}

async fn ask(admin: Admin, method: &str, target: &str, body: &Value) -> Answer {
    admin.0.send(&Request::new(method, target).body(body.to_string())).await
}

async fn on(admin: Admin, version: &str, method: &str, target: &str, body: &Value) -> Answer {
    let request = Request::new(method, target).header("if-match", version);
    admin.0.send(&request.body(body.to_string())).await
}

#[track_caller]
fn made(answer: &Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn webhook(url: &str) -> Value {
    json!({
        "name": "Orders hook", "type": "WEBHOOK",
        "config": {"webhookUrl": url, "headers": [{"from": "X-Key", "to": "a-long-s3cret"}]},
    })
}

/// Makes source `app`, a destination that posts to this URL, and the connection between them.
async fn build(admin: Admin, url: &str) -> Value {
    let source = json!({"id": "app", "writeKey": "key-app"});
    made(&admin.post("/api/v1/sources", &source).await);
    let destination = made(&admin.post("/api/v1/destinations", &webhook(url)).await);
    let joined = json!({"source": "app", "destination": "orders-hook"});
    let connection = made(&admin.post("/api/v1/connections", &joined).await);
    assert_eq!(connection["id"], "app-orders-hook");
    destination
}

/// Sends an event when the gateway knows the key.
async fn send(server: &Server, key: &str, id: &str) {
    let post = || server.gateway.post("/v1/track", key, Event::track("x").user("u").id(id));
    eventually("the key is known", post, |answer| answer.status == 200).await;
}

/// Sends events until one arrives with this key: an edit holds from a moment after its answer on.
async fn arrives(server: &Server, endpoint: &Endpoint, key: &str) {
    let post = || async {
        server.gateway.post("/v1/track", "key-app", Event::track("x").user("u")).await;
        endpoint.received().iter().any(|one| one.header("x-key") == Some(key))
    };
    eventually(&format!("an event with {key}"), post, |is_there| *is_there).await;
}

#[tokio::test]
async fn what_the_api_makes_delivers_and_an_edit_keeps_the_secret() {
    let (one, other) = (Endpoint::ok().await, Endpoint::ok().await);
    let server = start().await;
    let destination = build(server.admin, &one.url("/")).await;
    assert_eq!(
        (&destination["id"], &destination["enabled"]),
        (&json!("orders-hook"), &json!(true))
    );
    arrives(&server, &one, "a-long-s3cret").await;

    let target = "/api/v1/destinations/orders-hook";
    let mut shown = server.admin.get(target).await;
    assert_eq!(shown["config"]["headers"], json!([{"from": "X-Key", "to": "sealed:…cret"}]));
    shown["config"]["webhookUrl"] = json!(other.url("/"));
    let put = ok(&ask(server.admin, "PUT", target, &shown).await);
    assert!(put["version"].as_u64() > shown["version"].as_u64(), "{put}");
    arrives(&server, &other, "a-long-s3cret").await;

    let patch = json!({"config": {"headers": [{"from": "X-Key", "to": "another-value"}]}});
    let patched = ok(&ask(server.admin, "PATCH", target, &patch).await);
    assert_eq!(patched["config"]["webhookUrl"], shown["config"]["webhookUrl"]);
    arrives(&server, &other, "another-value").await;
    server.stop().await;
}

#[tokio::test]
async fn an_edit_of_an_old_version_is_refused_and_shows_what_is_there() {
    let server = start().await;
    let target = "/api/v1/sources/my-app";
    let first = server.admin.0.get(target).await;
    let tag = first.get("etag").expect("a tag").to_owned();
    assert_eq!(tag, format!("\"{}\"", first.json()["version"]));
    let known = Request::new("GET", target).header("if-none-match", &tag);
    let answer = server.admin.0.send(&known).await;
    assert_eq!((answer.status, answer.text()), (304, ""));

    let name = |name: &str| json!({"name": name});
    let (one, two) = (name("one"), name("two"));
    ok(&on(server.admin, &tag, "PATCH", target, &one).await);
    let late = on(server.admin, &tag, "PATCH", target, &two).await;
    assert_eq!(problem(&late, 412, "changed_meanwhile")["current"]["name"], "one");
    let late = on(server.admin, &tag, "DELETE", target, &Value::Null).await;
    problem(&late, 412, "changed_meanwhile");
    let tag = server.admin.0.get(target).await.get("etag").expect("a tag").to_owned();
    let edits = (0..8).map(|number| {
        let (tag, admin) = (tag.clone(), server.admin);
        async move { on(admin, &tag, "PATCH", target, &name(&format!("n-{number}"))).await.status }
    });
    let mut answers = futures(edits).await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412, 412, 412, 412, 412, 412]);
    let gone = on(server.admin, "*", "DELETE", target, &Value::Null).await;
    assert_eq!((gone.status, gone.text()), (204, ""));
    problem(&on(server.admin, "*", "PATCH", target, &two).await, 404, "no_source");
    server.stop().await;
}

/// Lives all of them side by side.
async fn futures<T: Send + 'static>(
    all: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = all.map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("an answer"));
    }
    answers
}

#[tokio::test]
async fn a_removed_destination_is_restored_and_delivers_what_waited() {
    let gate = testkit::Gate::closed();
    let own = gate.clone();
    let endpoint = Endpoint::start(move |_| testkit::Reply::status(200).after(&own)).await;
    let server = start().await;
    build(server.admin, &endpoint.url("/")).await;
    for number in 0..3 {
        send(&server, "key-app", &format!("before-{number}")).await;
    }
    endpoint.wait_for(1).await;
    let target = "/api/v1/destinations/orders-hook";
    let answer = ask(server.admin, "DELETE", target, &Value::Null).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let connections = server.admin.get("/api/v1/connections").await;
    assert_eq!(connections["connections"].as_array().expect("a list").len(), 1, "the starter's");
    problem(&server.admin.0.get(target).await, 404, "no_destination");
    let same =
        json!({"id": "orders-hook", "type": "WEBHOOK", "config": {"webhookUrl": "playground://p"}});
    problem(&server.admin.post("/api/v1/destinations", &same).await, 409, "removed");
    let named = server.admin.post("/api/v1/destinations", &webhook("playground://p")).await;
    assert_eq!(made(&named)["id"], "orders-hook-2", "an id that is kept is not given away");
    send(&server, "key-app", "meanwhile").await;

    gate.open();
    let restored = server.admin.post(&format!("{target}/restore"), &Value::Null).await;
    assert_eq!(ok(&restored)["config"]["headers"][0]["to"], "sealed:…cret");
    send(&server, "key-app", "after").await;
    let is_last =
        |all: &[std::sync::Arc<testkit::Received>]| all.iter().any(|one| one.id() == "after");
    endpoint.wait_until("what waited came first", is_last).await;
    let ids: std::collections::BTreeSet<_> =
        endpoint.received().iter().map(|one| one.id()).collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["after", "before-0", "before-1", "before-2"]);
    let again = server.admin.post(&format!("{target}/restore"), &Value::Null).await;
    problem(&again, 404, "not_removed");
    server.stop().await;
}

#[tokio::test]
async fn a_source_goes_with_its_connections_and_is_not_missed_by_a_restore() {
    let server = start().await;
    build(server.admin, "playground://p").await;
    let removed = ask(server.admin, "DELETE", "/api/v1/destinations/orders-hook", &Value::Null);
    assert_eq!(removed.await.status, 204);
    let removed = ask(server.admin, "DELETE", "/api/v1/sources/app", &Value::Null);
    assert_eq!(removed.await.status, 204);
    let restored = server.admin.post("/api/v1/destinations/orders-hook/restore", &Value::Null);
    ok(&restored.await);
    let connections = server.admin.get("/api/v1/connections").await;
    assert_eq!(connections["connections"].as_array().expect("a list").len(), 1, "{connections}");
    let starter = ask(server.admin, "DELETE", "/api/v1/sources/my-app", &Value::Null);
    assert_eq!(starter.await.status, 204);
    assert_eq!(server.admin.get("/api/v1/connections").await["connections"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_changed_and_the_old_one_counts_for_a_while() {
    let server = start().await;
    let source = server.admin.get("/api/v1/sources/my-app").await;
    let old = source["writeKey"].as_str().expect("a key").to_owned();
    let target = "/api/v1/sources/my-app/keys";
    let changed = ok(&server.admin.post(target, &json!({"keepOldFor": "1h"})).await);
    let new = changed["writeKey"].as_str().expect("a key").to_owned();
    assert_ne!(new, old);
    assert_eq!(changed["postrider"]["writeKeys"][0]["key"], old.as_str());
    assert!(changed["postrider"]["writeKeys"][0]["validUntil"].is_string(), "{changed}");
    send(&server, &new, "m-1").await;
    send(&server, &old, "m-2").await;
    let changed = ok(&server.admin.post(target, &json!({"keepOldFor": "0s"})).await);
    assert_eq!(changed["postrider"]["writeKeys"].as_array().expect("a list").len(), 1);
    let post = || server.gateway.post("/v1/track", &new, Event::track("x").user("u"));
    eventually("the key is gone", post, |answer| answer.status == 401).await;
    let wrong = server.admin.post(target, &json!({"keepOldFor": "7", "kep": 1})).await;
    let wrong = problem(&wrong, 422, "bad_rotation");
    assert_eq!(wrong["mistakes"].as_array().expect("a list").len(), 2, "{wrong}");
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused_with_every_mistake() {
    let server = start().await;
    let admin = server.admin;
    let wrong = json!({"type": "WEBHOOK", "config": {"webhookUrl": "nope", "headers": 7}, "x": 1});
    let wrong = problem(&admin.post("/api/v1/destinations", &wrong).await, 422, "bad_destination");
    let fields = wrong["mistakes"].as_array().expect("a list").iter();
    let fields: Vec<_> = fields.map(|one| one["field"].as_str().expect("a field")).collect();
    assert_eq!(fields, ["config.headers", "x"]);
    let condition = json!({"source": "my-app", "destination": "playground", "id": "c",
        "filter": {"condition": "a = 1"}});
    let wrong =
        problem(&admin.post("/api/v1/connections", &condition).await, 422, "bad_connection");
    assert_eq!(wrong["mistakes"][1]["field"], "filter.condition");
    assert_eq!(wrong["mistakes"][1]["column"], 3);
    problem(&admin.post("/api/v1/sources", &json!({"id": "my-app"})).await, 409, "exists");
    problem(&admin.post("/api/v1/sources", &json!({"id": ".."})).await, 422, "bad_source");
    let other = ask(admin, "PUT", "/api/v1/sources/my-app", &json!({"id": "other"})).await;
    let detail = problem(&other, 422, "bad_source")["mistakes"][0]["detail"].clone();
    assert_eq!(detail, "is \"other\", but the address says \"my-app\"");
    problem(&ask(admin, "PATCH", "/api/v1/sources/my-app", &json!(7)).await, 422, "bad_source");
    let text = |body: Vec<u8>| Request::new("POST", "/api/v1/sources").body(body);
    problem(&admin.0.send(&text(b"{\"id\":".to_vec())).await, 400, "bad_json");
    problem(&admin.0.send(&text(vec![0xff])).await, 400, "bad_json");
    let deep = "[".repeat(9_000) + &"]".repeat(9_000);
    problem(&admin.0.send(&text(deep.clone().into_bytes())).await, 422, "bad_source");
    let patch = Request::new("PATCH", "/api/v1/sources/my-app").header("content-length", "18000");
    let mut patch = patch.to_bytes();
    patch.extend(deep.into_bytes());
    let mut connection = admin.0.connect().await;
    connection.write(&patch).await.expect("taken");
    problem(&connection.answer().await.expect("no fault").expect("an answer"), 400, "bad_json");
    let huge = json!({"name": "x".repeat(2 << 20)}).to_string();
    problem(&admin.0.send(&text(huge.into_bytes())).await, 413, "too_large");
    assert_eq!(admin.get("/api/v1/sources").await["sources"].as_array().expect("a list").len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn names_and_ids_may_be_odd() {
    let server = start().await;
    let odd = "a/b ?%é\"<script>";
    let source = made(&server.admin.post("/api/v1/sources", &json!({"id": odd, "name": ""})).await);
    assert_eq!((&source["id"], &source["name"]), (&json!(odd), &json!("")));
    let target = "/api/v1/sources/a%2Fb%20%3F%25%C3%A9%22%3Cscript%3E";
    assert_eq!(server.admin.get(target).await["id"], odd);
    ok(&ask(server.admin, "PATCH", target, &json!({"enabled": false})).await);
    assert_eq!(ask(server.admin, "DELETE", target, &Value::Null).await.status, 204);
    problem(&server.admin.0.get(target).await, 404, "no_source");
    server.stop().await;
}

#[tokio::test]
async fn a_catalog_that_a_file_leads_is_shown_and_not_edited() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let source = server.admin.get("/api/v1/sources/app").await;
    assert_eq!((&source["managedBy"], &source["writeKey"]), (&json!("file"), &json!("key-app")));
    for (method, target) in [
        ("POST", "/api/v1/sources"),
        ("PUT", "/api/v1/sources/app"),
        ("PATCH", "/api/v1/destinations/hooks"),
        ("DELETE", "/api/v1/connections/app-hooks"),
        ("POST", "/api/v1/destinations/hooks/restore"),
        ("POST", "/api/v1/sources/app/keys"),
    ] {
        let answer = ask(server.admin, method, target, &json!({})).await;
        problem(&answer, 409, "managed_by_file");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_version_tells_who_changed_what() {
    let server = start().await;
    build(server.admin, "playground://p").await;
    let target = "/api/v1/destinations/orders-hook";
    let headers = json!([{"from": "X-Key", "to": "another-long-value"}]);
    let patch = json!({"name": "Hook", "config": {"headers": headers}});
    let patched = ok(&ask(server.admin, "PATCH", target, &patch).await);
    let removed = ask(server.admin, "DELETE", target, &Value::Null).await;
    assert_eq!(removed.status, 204);
    let found = server.admin.get(&format!("{target}/versions")).await;
    let versions = found["versions"].as_array().expect("a list");
    let actions: Vec<_> = versions.iter().map(|one| one["action"].clone()).collect();
    assert_eq!(actions, ["remove", "change", "create"]);
    assert_eq!(versions[1]["version"], patched["version"]);
    assert!(versions[1]["by"].is_string() && versions[1]["at"].is_string(), "{found}");
    assert_eq!(
        versions[1]["changes"],
        json!([
            {"field": "config.headers[0].to", "before": "sealed:…cret", "after": "sealed:…alue"},
            {"field": "name", "before": "Orders hook", "after": "Hook"},
        ])
    );
    let page = server.admin.get(&format!("{target}/versions?limit=1")).await;
    let next = format!("{target}/versions?older_than={}", page["older_than"]);
    assert_eq!(server.admin.get(&next).await["versions"][0]["action"], "change");
    let none = server.admin.0.get("/api/v1/destinations/none/versions").await;
    problem(&none, 404, "no_destination");
    server.stop().await;
}

#[tokio::test]
async fn a_workspace_is_exported_planned_and_applied() {
    let server = start().await;
    build(server.admin, "playground://p").await;
    let exported = server.admin.get("/api/v1/config").await;
    let plan = |workspace: &Value| json!({"workspace": workspace, "prune": true});
    let same = ok(&server.admin.post("/api/v1/config/plan", &plan(&exported)).await);
    assert_eq!(same["changes"], json!([]), "what was exported is what there is");
    let yaml = server.admin.0.get("/api/v1/config?format=yaml").await;
    assert_eq!(yaml.get("content-type"), Some("application/yaml"));
    assert!(
        yaml.text().contains("      - from: X-Key\n          to: \"sealed:…cret\"\n"),
        "{}",
        yaml.text()
    );

    let mut wanted = exported.clone();
    wanted["destinations"][0]["config"]["webhookMethod"] = json!("PUT");
    wanted["sources"].as_array_mut().expect("a list").retain(|one| one["id"] != "my-app");
    wanted["connections"] = json!([{"source": "app", "destination": "playground"}]);
    let planned = ok(&server.admin.post("/api/v1/config/plan", &plan(&wanted)).await);
    let told = |plan: &Value| {
        let all = plan["changes"].as_array().expect("a list").iter();
        let told = all.map(|one| format!("{} {} {}", one["action"], one["kind"], one["id"]));
        told.map(|one| one.replace('"', "")).collect::<Vec<_>>()
    };
    let want = [
        "remove source my-app",
        "change destination orders-hook",
        "remove connection app-orders-hook",
        "create connection app-playground",
        "remove connection my-app-playground",
    ];
    assert_eq!(told(&planned), want);
    let method = json!([{"field": "config.webhookMethod", "before": "POST", "after": "PUT"}]);
    assert_eq!(planned["changes"][1]["changes"], method);
    assert_eq!(server.admin.get("/api/v1/config").await, exported, "a plan changes nothing");
    let applied = ok(&server.admin.post("/api/v1/config/apply", &plan(&wanted)).await);
    assert_eq!(applied, planned);
    let again = ok(&server.admin.post("/api/v1/config/apply", &plan(&wanted)).await);
    assert_eq!(again["changes"], json!([]));

    let more =
        json!({"workspace": {"sources": [{"id": "b", "writeKey": "key-app"}], "connections": []}});
    let clash =
        problem(&server.admin.post("/api/v1/config/apply", &more).await, 422, "bad_workspace");
    assert_eq!(clash["mistakes"][0]["detail"], "sources app and b have one write key");
    let wrong = json!({"workspace": {"destinations": [{"id": "x"}]}, "prun": true});
    let wrong =
        problem(&server.admin.post("/api/v1/config/plan", &wrong).await, 422, "bad_workspace");
    assert_eq!(wrong["mistakes"][0]["field"], "prun");
    let wrong = json!({"workspace": {"destinations": [{"id": "x"}]}});
    let wrong =
        problem(&server.admin.post("/api/v1/config/plan", &wrong).await, 422, "bad_workspace");
    assert_eq!(wrong["mistakes"][0]["field"], "workspace.destinations[0].config");
    server.stop().await;
}

#[tokio::test]
async fn a_workspace_is_kept_as_code_by_the_command_line() {
    let home = Home::new(&Workspace::default());
    let process = Process::start_with(&home, ("POSTRIDER_WORKSPACE", String::new())).await;
    let admin = process.admin.0.address.to_string();
    let run = async |line: &[&str]| Process::run(&home, line, &["--admin", &admin]).await;
    let path = home.text_path("w.yaml");
    let exported = run(&["config", "export"]).await;
    assert_eq!((exported.code, exported.stderr.as_str()), (Some(0), ""));
    std::fs::write(&path, &exported.stdout).expect("a file");
    let same = run(&["config", "plan", &path]).await;
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), "nothing is different\n"));

    std::fs::write(home.path("token"), "a-long-s3cret\n").expect("a file");
    let text = exported.stdout.replace(
        "connections:",
        "  - id: hook\n    type: WEBHOOK\n    config:\n      webhookUrl: playground://p\n      \
         headers:\n        - from: x\n          to: file:token\nconnections:",
    );
    std::fs::write(&path, &text).expect("a file");
    let planned = run(&["config", "plan", &path]).await;
    assert_eq!(planned.code, Some(2), "{}", planned.stderr);
    assert!(planned.stdout.starts_with("+ destination hook\n"), "{}", planned.stdout);
    assert!(
        planned.stdout.contains("config.headers[0].to: \"sealed:…cret\"\n"),
        "{}",
        planned.stdout
    );
    let applied = run(&["config", "apply", &path, "--json"]).await;
    assert_eq!(applied.code, Some(0), "{}", applied.stderr);
    assert!(applied.stdout.contains("\"action\":\"create\""), "{}", applied.stdout);
    let shown = process.admin.get("/api/v1/destinations/hook").await;
    assert_eq!(shown["config"]["headers"][0]["to"], "sealed:…cret");

    std::fs::write(&path, &exported.stdout).expect("a file");
    let kept = run(&["config", "plan", &path]).await;
    assert_eq!(kept.code, Some(0), "what a file does not name stays: {}", kept.stdout);
    let pruned = run(&["config", "apply", &path, "--prune"]).await;
    assert_eq!((pruned.code, pruned.stdout.as_str()), (Some(0), "- destination hook\n"));
    std::fs::write(&path, "sources:\n  - id: a\n").expect("a file");
    let wrong = run(&["config", "apply", &path]).await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("workspace.sources[0].writeKey: is missing"), "{}", wrong.stderr);
    process.kill().await;
}

#[tokio::test]
async fn an_edit_is_noted_with_who_made_it() {
    const OPERATOR: &str = "the-token-of-the-operator";
    let careful = |config: &mut Config| {
        config.workspace = None;
        config.admin_auth = AdminAuth::Required;
        config.secrets.admin_token = Some(Secret::new(OPERATOR));
    };
    let server = Server::tuned(&Workspace::default(), careful).await;
    let request = |method, target| {
        Request::new(method, target).header("authorization", &format!("Bearer {OPERATOR}"))
    };
    let target = "/api/v1/sources/my-app";
    let body = json!({"name": "Shop"}).to_string();
    let refused = server.admin.0.send(&Request::new("PATCH", target).body(body.clone())).await;
    problem(&refused, 401, "login_needed");
    ok(&server.admin.0.send(&request("PATCH", target).body(body)).await);
    let me = ok(&server.admin.0.send(&request("GET", "/api/v1/me")).await);
    let versions = request("GET", "/api/v1/sources/my-app/versions");
    let versions = ok(&server.admin.0.send(&versions).await);
    let by = |index: usize| versions["versions"][index]["by"].clone();
    assert_eq!((by(0), by(1)), (me["name"].clone(), json!("server")), "{versions}");
    server.stop().await;
}
