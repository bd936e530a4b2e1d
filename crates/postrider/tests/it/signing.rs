//! Signed requests: what a receiver can check, also after a retry, a restart and another key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use testkit::{Endpoint, Event, Received, Reply, Webhook, Workspace};

use crate::harness::Server;

const OLD: &str = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQt";
const NEW: &str = "whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXct";
const SEED: &str = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

fn keys(secrets: &[&str]) -> Value {
    let key = |secret: &&str| json!({ "secret": secret });
    json!({ "signing": { "keys": secrets.iter().map(key).collect::<Vec<_>>() } })
}

fn workspace(endpoint: &Endpoint, own: Value) -> Workspace {
    Workspace::of_app().webhook(Webhook::new("hooks", &endpoint.url("/")).own(own))
}

fn header<'r>(received: &'r Received, name: &str) -> &'r str {
    received.header(name).unwrap_or_else(|| panic!("{name} is set"))
}

/// What is signed of a request.
fn signed(received: &Received) -> Vec<u8> {
    let (id, time) = (header(received, "webhook-id"), header(received, "webhook-timestamp"));
    [format!("{id}.{time}.").as_bytes(), &received.body].concat()
}

/// Whether one of a request's signatures is made with the secret.
fn is_signed_with(received: &Received, secret: &str) -> bool {
    let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    header(received, "webhook-signature")
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|tag| hmac::verify(&key, &signed(received), &tag).is_ok())
}

fn time(received: &Received) -> i64 {
    header(received, "webhook-timestamp").parse().expect("a number")
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("a time after 1970").as_secs()).expect("a time")
}

fn ids(received: &[Arc<Received>]) -> Vec<&str> {
    received.iter().map(|one| header(one, "webhook-id")).collect()
}

#[tokio::test]
async fn a_request_is_signed_with_its_id_and_the_time_of_its_attempt() {
    let endpoint =
        Endpoint::script([Reply::status(503), Reply::status(200), Reply::status(200)]).await;
    let after = now();
    let server = Server::start(&workspace(&endpoint, keys(&[NEW]))).await;
    server.accept("/v1/track", event("m-1")).await;
    server.accept("/v1/track", event("odd.id")).await;
    let received = endpoint.wait_for(3).await;
    // A dot would part what is signed; as `printf odd.id | sha256sum` says.
    let hash = "sha256-40822b6f1de6b6345f697041c6cd0557c88cdd31cc29ba49d39b03a7fd9203d6";
    assert_eq!(ids(&received), ["m-1", "m-1", hash], "the same at each attempt");
    let attempts: Vec<_> = received.iter().map(|one| header(one, "webhook-attempt")).collect();
    assert_eq!(attempts, ["1", "2", "1"]);
    for one in &received {
        assert!(is_signed_with(one, NEW) && !is_signed_with(one, OLD));
        assert!((after..=now()).contains(&time(one)), "{one:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_destination_tells_an_event_by_the_same_id_also_in_a_query() {
    let (one, other) = (Endpoint::ok().await, Endpoint::ok().await);
    let get = Webhook::new("get", &other.url("/")).method("GET").own(keys(&[OLD]));
    let server = Server::start(&workspace(&one, keys(&[NEW])).webhook(get)).await;
    server.accept("/v1/track", event("m-1").with("properties", json!({"a": 1}))).await;
    let (post, get) = (one.wait_for(1).await, other.wait_for(1).await);
    assert_eq!(ids(&post), ids(&get));
    assert!(is_signed_with(&post[0], NEW));
    assert_eq!((get[0].target.as_str(), get[0].body.len()), ("/?a=1", 0));
    assert!(is_signed_with(&get[0], OLD), "of a query the empty body is signed");
    server.stop().await;
}

#[tokio::test]
async fn an_id_and_the_count_of_attempts_outlive_a_restart() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = is_up.clone();
    let endpoint =
        Endpoint::start(move |_| Reply::status(if up.load(Relaxed) { 200 } else { 503 })).await;
    let server = Server::start(&workspace(&endpoint, keys(&[NEW]))).await;
    server.accept("/v1/track", event("m-1")).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    let home = server.stop().await;
    let before = endpoint.received().len();
    is_up.store(true, Relaxed);
    let server = Server::at(home, |_| {}).await;
    let received = endpoint.wait_for(before + 1).await;
    assert!(ids(&received).iter().all(|id| *id == "m-1"));
    let attempts: Vec<_> = received.iter().map(|one| header(one, "webhook-attempt")).collect();
    let want: Vec<_> = (1..=before + 1).map(|number| number.to_string()).collect();
    assert_eq!(attempts, want);
    assert!(received.iter().all(|one| is_signed_with(one, NEW)));
    server.stop().await;
}

#[tokio::test]
async fn while_a_key_takes_the_place_of_another_both_sign() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&workspace(&endpoint, keys(&[OLD]))).await;
    server.accept("/v1/track", event("m-1")).await;
    assert!(is_signed_with(&endpoint.wait_for(1).await[0], OLD));
    let both = |end: &str| json!({ "signing": { "keys": [{ "secret": OLD, "validUntil": end }, { "secret": NEW }] } });
    // Each change is taken up before an event is stored that comes after it.
    for (count, end) in [(2, "2999-01-01T00:00:00Z"), (3, "2020-01-01T00:00:00Z")] {
        let mark = format!("gate-{count}");
        let workspace = workspace(&endpoint, both(end)).source(&mark);
        server.home.write(&workspace.text());
        server.controls.reload.ask();
        let key = format!("key-{mark}");
        let post = || server.gateway.post("/v1/track", &key, event(&mark));
        testkit::eventually("the file applies", post, |answer| answer.status == 200).await;
        let received = endpoint.wait_for(count).await;
        let newest = received.iter().find(|one| one.id() == mark).expect("it came");
        assert!(is_signed_with(newest, NEW));
        assert_eq!(is_signed_with(newest, OLD), count == 2, "until it ends");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_public_key_is_served_that_checks_what_the_private_one_signs() {
    let endpoint = Endpoint::ok().await;
    let own = json!({ "signing": { "keys": [{ "secret": NEW }], "ed25519": SEED } });
    let server = Server::start(&workspace(&endpoint, own)).await;
    server.accept("/v1/track", event("m-1")).await;
    let received = endpoint.wait_for(1).await;
    let answer = server.gateway.get("/.well-known/webhook-keys").await;
    assert_eq!((answer.status, answer.get("cache-control")), (200, Some("public, max-age=60")));
    let keys = answer.json();
    let [key] = keys["keys"].as_array().expect("a list").as_slice() else { panic!("{keys}") };
    let public = key["whpk"].as_str().and_then(|text| text.strip_prefix("whpk_")).expect("a key");
    let public = UnparsedPublicKey::new(&ED25519, STANDARD.decode(public).expect("base64"));
    let signatures = header(&received[0], "webhook-signature");
    let (shared, own) = signatures.split_once(' ').expect("two signatures");
    assert!(shared.starts_with("v1,") && is_signed_with(&received[0], NEW));
    let signature = STANDARD.decode(own.strip_prefix("v1a,").expect("a version")).expect("base64");
    public.verify(&signed(&received[0]), &signature).expect("a signature of the key");
    server.stop().await;
}

#[tokio::test]
async fn no_secret_is_shown_anywhere() {
    let endpoint = Endpoint::start(|_| Reply::status(503)).await;
    let own = json!({ "signing": { "keys": [{ "secret": NEW }], "ed25519": SEED } });
    let server = Server::start(&workspace(&endpoint, own)).await;
    server.accept("/v1/track", event("m-1").with("header", json!({"webhook-id": "x"}))).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    assert_eq!(attempts[0].gist(), (1, 0, "gave_up", "bad_request"));
    assert_eq!(attempts[0].detail, "the event's header webhook-id is set by signing");
    let status = server.admin.get("/api/v1/status").await.to_string();
    let shown = format!("{status} {attempts:?}");
    assert!([NEW, SEED].iter().all(|secret| !shown.contains(&secret[6..20])), "{shown}");
    server.stop().await;
}
