//! Secrets: that they are nowhere to be seen, and what the server does with and without their key.

use serde_json::{Value, json};
use testkit::{Answer, Certificate, Endpoint, Event, Refusing, Request, Workspace, eventually};

use crate::harness::{Admin, Home, problem};
use crate::process::{Ended, Process};

/// A home whose server has no workspace file.
fn home() -> (Home, (&'static str, String)) {
    (Home::new(&Workspace::default()), ("POSTRIDER_WORKSPACE", String::new()))
}

/// Twenty secrets: what is written where, and what must be seen nowhere.
struct Planted {
    destination: Value,
    hidden: Vec<String>,
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A destination with fourteen headers, four shared secrets, a private key and a client key.
fn planted(url: &str) -> Planted {
    let own = Certificate::of_localhost();
    let header = |number: usize| format!("planted-header-{number:02}-of-the-story");
    let secret = |number: usize| base64(&format!("planted-signing-{number:02}-of-story"));
    let seed = base64("planted-private-key-of-the-story");
    let headers =
        (0..14).map(|number| json!({"from": format!("x-{number}"), "to": header(number)}));
    let keys = (0..4).map(|number| json!({"secret": format!("whsec_{}", secret(number))}));
    let destination = json!({
        "id": "hooks", "type": "WEBHOOK",
        "config": {"webhookUrl": url, "headers": headers.collect::<Vec<_>>()},
        "postrider": {
            "signing": {"keys": keys.collect::<Vec<_>>(), "ed25519": format!("whsk_{seed}")},
            "tls": {"certificate": own.pem, "key": own.key_pem},
        },
    });
    let pem = own.key_pem.lines().nth(1).expect("a line").to_owned();
    let hidden =
        (0..14).map(header).chain((0..4).map(secret)).chain([seed[..40].to_owned(), pem]).collect();
    Planted { destination, hidden }
}

impl Planted {
    #[track_caller]
    fn is_not_in(&self, what: &str, bytes: &[u8]) {
        for secret in &self.hidden {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{what} has {secret}");
        }
    }

    fn is_not_under(&self, dir: &std::path::Path) {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("a file");
            self.is_not_in(&path.display().to_string(), &bytes);
        }
    }
}

async fn ask(admin: Admin, method: &str, target: &str, body: &Value) -> Answer {
    admin.0.send(&Request::new(method, target).body(body.to_string())).await
}

/// The paths that are read, as the API itself lists them, for what the story has made.
pub async fn readable(admin: Admin, source: &str) -> Vec<String> {
    let document = admin.get("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths").iter();
    let readable = paths.filter(|(path, of)| of["get"].is_object() && !path.ends_with("/live"));
    let readable = readable.map(|(path, _)| match path {
        path if path.contains("/sources/") => path.replace("{id}", source),
        path if path.contains("/connections/") => path.replace("{id}", &format!("{source}-hooks")),
        path if path.contains("/destinations/") => path.replace("{id}", "hooks"),
        path => path
            .replace("{id}", "1")
            .replace("{destination}", "hooks")
            .replace("{seq}", "1")
            .replace("{number}", "1"),
    });
    let more = ["/api/v1/config?format=yaml", "/api/v1/attempts?details=1", "/"];
    readable.chain(more.map(str::to_owned)).collect()
}

#[tokio::test]
async fn twenty_secrets_are_planted_and_found_nowhere() {
    let refusing = Refusing::new();
    let url = refusing.url("/").replace("http:", "https:");
    let (home, variable) = home();
    let process = Process::start_with(&home, variable).await;
    let planted = planted(&url);
    assert_eq!(planted.hidden.len(), 20);
    let made = process.admin.post("/api/v1/destinations", &planted.destination).await;
    assert_eq!(made.status, 201, "{}", made.text());
    planted.is_not_in("the answer to a POST", made.text().as_bytes());
    let joined = json!({"source": "my-app", "destination": "hooks"});
    assert_eq!(process.admin.post("/api/v1/connections", &joined).await.status, 201);
    let source = process.admin.get("/api/v1/sources/my-app").await;
    let key = source["writeKey"].as_str().expect("a key").to_owned();
    let post = || process.gateway.post("/v1/track", &key, Event::track("x").user("u"));
    eventually("the event is taken", post, |answer| answer.status == 200).await;
    process.admin.wait_for_attempts("destination=hooks", 1).await;

    // Bodies that are refused have secrets in every wrong place.
    for (pointer, suffix) in [
        ("/config/headers/3/to", "\u{0}"),
        ("/config/headers/4/from", " "),
        ("/postrider/signing/keys/1/secret", "!"),
        ("/postrider/signing/ed25519", "!"),
        ("/postrider/tls/key", "x"),
        ("/postrider/tls/certificate", "x"),
    ] {
        let mut wrong = planted.destination.clone();
        let place = wrong.pointer_mut(pointer).expect("a place");
        *place = json!(format!("{suffix}{}", place.as_str().expect("a text")));
        let target = "/api/v1/destinations/hooks";
        let refused = ask(process.admin, "PUT", target, &wrong).await;
        assert_eq!(refused.status, 422, "{pointer}: {}", refused.text());
        planted.is_not_in(pointer, refused.text().as_bytes());
        let wanted = json!({"workspace": {"destinations": [wrong]}});
        let refused = process.admin.post("/api/v1/config/plan", &wanted).await;
        planted.is_not_in(pointer, refused.text().as_bytes());
    }
    let removed = json!({"workspace": {"destinations": []}, "prune": true});
    for wanted in [json!({"workspace": {"destinations": [planted.destination]}}), removed] {
        let answer = process.admin.post("/api/v1/config/plan", &wanted).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        planted.is_not_in("a plan", answer.text().as_bytes());
    }
    for path in readable(process.admin, "my-app").await {
        let answer = process.admin.0.get(&path).await;
        planted.is_not_in(&path, answer.text().as_bytes());
    }
    let test = json!({"event": {"type": "track", "userId": "u", "event": "x"}});
    let tested = process.admin.post("/api/v1/destinations/hooks/test-events", &test).await;
    let shown = tested.json()["result"]["request"]["headers"].to_string();
    assert!(shown.contains("[secret …tory]"), "{}", tested.text());
    planted.is_not_in("a test", tested.text().as_bytes());
    let backup = Process::run(&home, &["backup", &home.text_path("backup")], &[]).await;
    assert_eq!(backup.code, Some(0), "{}", backup.stderr);
    planted.is_not_under(&home.path("backup"));
    let key_file = std::fs::read(home.path("data").join("secrets.key")).expect("a key");
    let has_key = |entry: std::fs::DirEntry| {
        let bytes = std::fs::read(entry.path()).expect("a file");
        bytes.windows(key_file.len()).any(|part| part == key_file)
    };
    let mut backed_up = std::fs::read_dir(home.path("backup")).expect("a directory");
    assert!(!backed_up.any(|entry| has_key(entry.expect("an entry"))), "no key in a backup");
    process.signal("TERM").await;
    let log = process.log_at_end().await.join("\n");
    planted.is_not_in("the log", log.as_bytes());
    planted.is_not_under(&home.path("data"));
}

/// Makes destination `hooks`, with one secret.
async fn make(admin: Admin, url: &str) {
    let hooks = json!({
        "id": "hooks", "type": "WEBHOOK",
        "config": {"webhookUrl": url, "headers": [{"from": "x-key", "to": "the-secret-of-hooks"}]},
    });
    let made = admin.post("/api/v1/destinations", &hooks).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let joined = json!({"source": "my-app", "destination": "hooks"});
    assert_eq!(admin.post("/api/v1/connections", &joined).await.status, 201);
}

#[tokio::test]
async fn a_server_that_misses_its_key_says_so_and_goes_on_when_it_is_back() {
    let endpoint = Endpoint::ok().await;
    let (home, variable) = home();
    let process = Process::start_with(&home, variable).await;
    make(process.admin, &endpoint.url("/")).await;
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
    let flags = ["--workspace", ""];
    let (key, aside) = (home.path("data").join("secrets.key"), home.path("aside.key"));
    std::fs::rename(&key, &aside).expect("a key");
    let Ended { code, stderr, .. } = Process::serve(&home, &flags).await;
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("secrets.key is missing") && stderr.contains("secrets.key_file"),
        "{stderr}"
    );
    assert!(!key.exists(), "no other key takes its place");

    let other = home.text_path("other.key");
    std::fs::write(&other, "ab".repeat(32)).expect("a file");
    let wrong = ["--workspace", "", "--secrets-key-file", &other];
    let Ended { code, stderr, .. } = Process::serve(&home, &wrong).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("sealed with another key"), "{stderr}");

    let whole = Process::run(&home, &["check"], &[]).await;
    assert_eq!(whole.code, Some(0), "a check needs no key: {}", whole.stdout);
    let aside = home.text_path("aside.key");
    let process = Process::start(&home, &["--workspace", "", "--secrets-key-file", &aside]).await;
    let source = process.admin.get("/api/v1/sources/my-app").await;
    let key = source["writeKey"].as_str().expect("a key").to_owned();
    let post = || process.gateway.post("/v1/track", &key, Event::track("x").user("u"));
    eventually("the event is taken", post, |answer| answer.status == 200).await;
    assert_eq!(endpoint.wait_for(1).await[0].header("x-key"), Some("the-secret-of-hooks"));
    let gone = ask(process.admin, "GET", "/api/v1/destinations/nobody", &Value::Null).await;
    problem(&gone, 404, "no_destination");
    process.kill().await;
}

#[tokio::test]
async fn a_key_of_the_environment_opens_what_it_sealed_and_no_other_does() {
    const KEY: &str = "POSTRIDER_SECRETS_KEY";
    let endpoint = Endpoint::ok().await;
    let (home, variable) = home();
    let (right, wrong) = (base64(&"right".repeat(7)[..32]), "cd".repeat(32));
    let with = |key: &str| [variable.clone(), (KEY, key.to_owned())];
    let process = Process::start_with_all(&home, with(&right)).await;
    make(process.admin, &endpoint.url("/")).await;
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
    assert!(!home.path("data").join("secrets.key").exists(), "the key is not ours to keep");

    let refused = [
        (Process::serve_with_all(&home, with(&wrong)).await, "sealed with another key"),
        (Process::serve_with_all(&home, [variable.clone()]).await, "secrets.key is missing"),
        (Process::serve_with_all(&home, with(&"x".repeat(43))).await, "is no key"),
    ];
    for (Ended { code, stderr, .. }, why) in refused {
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(why) && stderr.contains(KEY), "{stderr}");
        assert!(!stderr.contains(&right) && !stderr.contains(&wrong), "no key is told: {stderr}");
    }
    assert!(!home.path("data").join("secrets.key").exists(), "no other key takes its place");

    let process = Process::start_with_all(&home, with(&right)).await;
    let versions = process.admin.get("/api/v1/destinations/hooks/versions").await;
    assert_eq!(versions["versions"].as_array().map(Vec::len), Some(1), "nothing was changed");
    let source = process.admin.get("/api/v1/sources/my-app").await;
    let key = source["writeKey"].as_str().expect("a key").to_owned();
    let post = || process.gateway.post("/v1/track", &key, Event::track("x").user("u"));
    eventually("the event is taken", post, |answer| answer.status == 200).await;
    assert_eq!(endpoint.wait_for(1).await[0].header("x-key"), Some("the-secret-of-hooks"));
    process.kill().await;
}
