//! What telemetry is told: traced events whole, in one trace each, and nothing of what they say. A
//! collector that is down, slow or hostile harms nobody.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use postrider::config::{Config, Secret};
use serde_json::json;
use testkit::{
    Collector, Endpoint, Event, Refusing, Reply, Request, TracedSpan, Webhook, Workspace, batch,
    eventually,
};

use crate::harness::{Home, Server, ms};
use crate::process::Process;

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Tells this collector of so many millionths of all events.
fn telling(url: &str, parts: u32) -> impl FnOnce(&mut Config) + use<> {
    let endpoint = url.parse().expect("a URL");
    move |config| {
        config.otel.endpoint = Some(endpoint);
        config.otel.sample = parts;
    }
}

fn telling_all(collector: &Collector) -> impl FnOnce(&mut Config) + use<> {
    telling(&collector.0.url(""), 1_000_000)
}

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_nanos()).expect("before 2554")
}

/// The attributes of a span as lines.
fn said(span: &TracedSpan) -> Vec<String> {
    span.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// The steps of an attempt, in the order in which they began.
fn steps<'s>(all: &'s [TracedSpan], attempt: &TracedSpan) -> Vec<&'s TracedSpan> {
    let mut steps: Vec<_> = all.iter().filter(|span| span.parent == attempt.id).collect();
    steps.sort_by_key(|step| step.start);
    steps
}

/// A number of `/metrics`.
async fn count(server: &Server, begins: &str) -> u64 {
    let text = server.admin.0.get("/metrics").await.text().to_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(begins)?.strip_prefix(' '));
    value.expect("the metric is there").parse().expect("a number")
}

/// A server that tells of all events, until one of a caller that is traced itself has been refused once
/// and then taken; what it has told of that.
async fn told_of_two_attempts(endpoint: &Endpoint, collector: &Collector) -> Vec<TracedSpan> {
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        telling_all(collector)(config);
        config.otel.service_name = "my postrider".to_owned();
        config.secrets.otel_headers = Some(Secret::new("Authorization=Bearer%20of-the-collector"));
    })
    .await;
    let request = Request::new("POST", "/v1/track").key("key-app").header("traceparent", CALLER);
    assert_eq!(server.gateway.send(&request.body(event("m-1"))).await.status, 200);
    collector.wait_for("attempt delivery", 2).await;
    server.stop().await;
    collector.spans()
}

async fn refusing_once() -> Endpoint {
    Endpoint::script([Reply::status(500), Reply::status(200)]).await
}

fn named<'s>(all: &'s [TracedSpan], name: &str) -> Vec<&'s TracedSpan> {
    all.iter().filter(|span| span.name == name).collect()
}

#[tokio::test]
async fn an_event_is_one_trace_from_its_acceptance_to_its_last_attempt() {
    let began = now();
    let (endpoint, collector) = (refusing_once().await, Collector::ok().await);
    let all = told_of_two_attempts(&endpoint, &collector).await;
    let (accepts, attempts) = (named(&all, "accept event"), named(&all, "attempt delivery"));
    let ([accepted], [first, second]) = (&accepts[..], &attempts[..]) else { panic!("{all:#?}") };
    assert!(all.iter().all(|span| span.trace == accepted.trace && span.trace.len() == 32));
    let parents = [&accepted.parent, &first.parent, &second.parent];
    assert_eq!(parents, ["", &accepted.id, &accepted.id]);
    let [_, trace, span, _] = CALLER.split('-').collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(accepted.links, [(trace.to_owned(), span.to_owned())]);
    assert!(first.links.is_empty() && second.links.is_empty());
    let names = |attempt: &TracedSpan| {
        steps(&all, attempt).iter().map(|step| step.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(first), ["connect", "wait for answer"]);
    assert_eq!(names(second), ["wait for answer"], "the connection was kept");
    // It may be read back before those who wait for the answer have it.
    let order = [began, accepted.start, first.start, first.end, second.start, second.end, now()];
    assert!(order.is_sorted() && accepted.start <= accepted.end, "{order:?} {accepted:?}");
    for attempt in [first, second] {
        for step in steps(&all, attempt) {
            let times = [attempt.start, step.start, step.end, attempt.end];
            assert!(times.is_sorted(), "{step:?} of {attempt:?}");
        }
    }
    let ids: std::collections::BTreeSet<_> = all.iter().map(|span| &span.id).collect();
    assert!(ids.len() == all.len() && ids.iter().all(|id| id.len() == 16), "{ids:?}");
}

#[tokio::test]
async fn spans_say_what_was_done_and_what_came_of_it() {
    let (endpoint, collector) = (refusing_once().await, Collector::ok().await);
    let all = told_of_two_attempts(&endpoint, &collector).await;
    let (accepts, attempts) = (named(&all, "accept event"), named(&all, "attempt delivery"));
    let ([accepted], [first, second]) = (&accepts[..], &attempts[..]) else { panic!("{all:#?}") };
    assert_eq!((accepted.kind, first.kind, &accepted.failure), (2, 3, &None));
    assert!(all.iter().all(|span| span.service == "my postrider"));
    let of_event = ["postrider.event.seq=1", "postrider.event.type=track"];
    let own = ["postrider.message.id=m-1", "postrider.source.id=app"];
    assert_eq!(said(accepted), [of_event, own].concat());
    let peer = endpoint.address();
    let lines = [
        "error.type=server_error".to_owned(),
        "http.response.status_code=500".to_owned(),
        format!("network.peer.address={}", peer.ip()),
        format!("network.peer.port={}", peer.port()),
        "postrider.attempt.fate=retry".to_owned(),
        "postrider.attempt.number=1".to_owned(),
        "postrider.destination.id=hooks".to_owned(),
    ];
    assert_eq!(said(first), [&lines[..], &of_event.map(str::to_owned)].concat());
    assert!(first.failure.is_some() && second.failure.is_none());
    let delivered = said(second);
    for line in [
        "http.response.status_code=200",
        "postrider.attempt.fate=delivered",
        "postrider.attempt.number=2",
    ] {
        assert!(delivered.iter().any(|own| own == line), "{line}: {delivered:?}");
    }
    for request in collector.0.received() {
        assert_eq!(request.header("authorization"), Some("Bearer of-the-collector"));
    }
    let told = endpoint.received().iter().any(|one| one.header("traceparent").is_some());
    assert!(!told, "endpoints are told nothing unless that is wanted");
}

#[tokio::test]
async fn endpoints_are_told_the_span_of_the_attempt_where_that_is_wanted() {
    let (endpoint, collector) = (Endpoint::ok().await, Collector::ok().await);
    let own = Webhook::new("own", &endpoint.url("/own")).header("Traceparent", "of the settings");
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/")).webhook(own);
    let server = Server::tuned(&workspace, |config| {
        telling_all(&collector)(config);
        config.otel.tells_endpoints = true;
    })
    .await;
    server.accept("/v1/track", event("m")).await;
    let attempts = collector.wait_for("attempt delivery", 2).await;
    let told = |target: &str| {
        let all = endpoint.received();
        let one = all.iter().find(|one| one.target == target).expect("it came");
        one.header("traceparent").expect("a header").to_owned()
    };
    let attempt = attempts.iter().find(|one| one.attributes["postrider.destination.id"] == "hooks");
    let attempt = attempt.expect("its attempt");
    assert_eq!(told("/"), format!("00-{}-{}-01", attempt.trace, attempt.id));
    assert_eq!(told("/own"), "of the settings");
    server.stop().await;
}

#[tokio::test]
async fn an_event_is_traced_whole_or_not_at_all_also_by_the_next_server() {
    let collector = Collector::ok().await;
    // The first server cannot deliver, the second one can.
    let workspace = |url: &str| Workspace::of_app().posts_to("hooks", url);
    let (refusing, endpoint) = (Refusing::new(), Endpoint::ok().await);
    let half = || telling(&collector.0.url("/"), 500_000);
    let server = Server::tuned(&workspace(&refusing.url("/")), half()).await;
    let events = (0..200).map(|at| Event::track("x").user(&format!("u{at}")).id(&format!("m{at}")));
    server.accept("/v1/batch", batch(events)).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    let home = server.stop().await;
    home.write(&workspace(&endpoint.url("/")).text());
    let server = Server::at(home, half()).await;
    server.admin.wait_until_finished("hooks", 200).await;
    server.stop().await;
    let all = collector.spans();
    let seqs = |name: &str, fate: Option<&str>| {
        let is_meant = |span: &&TracedSpan| {
            let own = span.attributes.get("postrider.attempt.fate").map(String::as_str);
            span.name == name && own == fate
        };
        let seq = |span: &TracedSpan| {
            (span.attributes["postrider.event.seq"].clone(), span.trace.clone())
        };
        all.iter().filter(is_meant).map(seq).collect::<std::collections::BTreeSet<_>>()
    };
    let accepted = seqs("accept event", None);
    assert!((50..150).contains(&accepted.len()), "half of them: {}", accepted.len());
    assert_eq!(accepted, seqs("attempt delivery", Some("delivered")));
    assert!(seqs("attempt delivery", Some("retry")).is_subset(&accepted));
}

#[tokio::test]
async fn spans_have_nothing_of_what_events_say_and_no_secret() {
    const HIDDEN: &str = "hide-me";
    let answer = testkit::Answer::of_status(401).header("x-echo", HIDDEN);
    let moved = testkit::Answer::of_status(302).header("location", &format!("http://{HIDDEN}/"));
    let endpoint = Endpoint::script([
        Reply::Answer(testkit::Answer { body: HIDDEN.as_bytes().to_vec(), ..answer }),
        Reply::Answer(moved),
        Reply::Reset,
        Reply::status(200),
    ])
    .await;
    let collector = Collector::ok().await;
    let url = endpoint.url(&format!("/{HIDDEN}?key={HIDDEN}"));
    let hooks = Webhook::new("hooks", &url).header("authorization", &format!("Bearer {HIDDEN}"));
    let never = Webhook::new("never", &format!("http://{HIDDEN}.invalid/"));
    let server = Server::tuned(&Workspace::of_app().webhook(hooks).webhook(never), |config| {
        telling_all(&collector)(config);
        config.secrets.otel_headers = Some(Secret::new(format!("x-key={HIDDEN}")));
        config.egress.name_servers = vec!["127.0.0.1:9".parse().expect("an address")];
    })
    .await;
    let event = Event::track(HIDDEN)
        .user(HIDDEN)
        .anonymous(HIDDEN)
        .id("m-1")
        .with("properties", json!({ HIDDEN: HIDDEN }))
        .with("context", json!({"traits": {"email": HIDDEN}, "ip": HIDDEN}))
        .with("header", json!({"x-own": HIDDEN}));
    let request = Request::new("POST", "/v1/track").key("key-app");
    let request = request.header("user-agent", HIDDEN).header("tracestate", HIDDEN);
    assert_eq!(server.gateway.send(&request.body(event)).await.status, 200);
    let kinds = "delivered and failing attempts";
    let enough = |all: &[TracedSpan]| {
        let fate = |word: &str, id: &str| {
            all.iter().any(|span| {
                let said = |name: &str| span.attributes.get(name).map(String::as_str);
                said("postrider.attempt.fate") == Some(word)
                    && said("postrider.destination.id") == Some(id)
            })
        };
        fate("delivered", "hooks") && fate("retry", "never")
    };
    collector.wait_until(kinds, enough).await;
    server.stop().await;
    for request in collector.0.received() {
        let is_in = request.body.windows(HIDDEN.len()).any(|part| part == HIDDEN.as_bytes());
        assert!(!is_in, "{:#?}", testkit::collector::spans(&request));
    }
}

#[tokio::test]
async fn what_a_collector_does_not_take_it_gets_again() {
    let endpoint = Endpoint::ok().await;
    let collector = Collector::script([Reply::status(503), Reply::Reset, Reply::status(200)]).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, telling_all(&collector)).await;
    server.accept("/v1/track", event("m")).await;
    let came = collector.0.wait_for(3).await;
    assert!(came[0].body == came[1].body && came[1].body == came[2].body);
    let spans = testkit::collector::spans(&came[2]).len() as u64;
    let taken = || count(&server, "postrider_spans_taken_total");
    eventually("all are counted", taken, |taken| *taken >= spans).await;
    assert_eq!(count(&server, r#"postrider_spans_dropped_total{reason="unsent"}"#).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn what_a_collector_refuses_is_dropped_and_the_next_spans_go_on() {
    let endpoint = Endpoint::ok().await;
    let collector = Collector::script([Reply::status(400), Reply::status(200)]).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, telling_all(&collector)).await;
    server.accept("/v1/track", event("m")).await;
    let came = collector.0.wait_for(1).await;
    let refused = testkit::collector::spans(&came[0]).len() as u64;
    let dropped = || count(&server, r#"postrider_spans_dropped_total{reason="refused"}"#);
    eventually("they are counted", dropped, |dropped| *dropped == refused).await;
    server.accept("/v1/track", event("n")).await;
    let came = collector.0.wait_for(2).await;
    assert_ne!(came[0].body, came[1].body);
    server.stop().await;
}

#[tokio::test]
async fn a_hostile_collector_harms_nobody_and_does_not_hold_up_the_end() {
    let endless = || Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: y\r\n".to_vec());
    let hostile = [
        Reply::Never,
        Reply::Close,
        Reply::Drip(200, ms(10)),
        Reply::EndlessBody(200),
        Reply::HugeHead(200, 1 << 20),
        Reply::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        endless(),
    ];
    let meets = async |reply: Reply| {
        let (endpoint, collector) =
            (Endpoint::ok().await, Collector::script([reply.clone()]).await);
        let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
        let server = Server::tuned(&workspace, telling_all(&collector)).await;
        server.accept("/v1/track", event("before")).await;
        collector.0.wait_for(1).await;
        server.accept("/v1/track", event("meanwhile")).await;
        server.admin.wait_until_finished("hooks", 2).await;
        server.stop().await;
        let ids: Vec<_> = endpoint.received().iter().map(|one| one.id()).collect();
        assert_eq!(ids, ["before", "meanwhile"], "{reply:?}");
    };
    join_all(hostile.map(meets)).await;
}

#[tokio::test]
async fn spans_without_room_are_dropped_and_counted_and_every_event_is_delivered() {
    let (endpoint, collector) = (Endpoint::ok().await, Collector::script([Reply::Never]).await);
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, telling_all(&collector)).await;
    for round in 0..4 {
        let of = |at: usize| Event::track("x").user(&format!("u{at}")).id(&format!("{round}-{at}"));
        server.accept("/v1/batch", batch((0..1_000).map(of))).await;
    }
    server.admin.wait_until_finished("hooks", 4_000).await;
    // Of each event its acceptance, its attempt and the wait for an answer.
    assert!(count(&server, r#"postrider_spans_dropped_total{reason="no_room"}"#).await > 0);
    assert_eq!(count(&server, "postrider_spans_taken_total").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_collector_that_is_down_is_told_once_and_the_last_spans_are_sent_at_the_end() {
    let endpoint = Endpoint::ok().await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let refusing = Refusing::new();
    let flags = |url: &str| {
        ["--otel-endpoint".to_owned(), url.to_owned(), "--otel-sample".to_owned(), "1".to_owned()]
    };
    let start = async |flags: [String; 4]| {
        Process::start(&home, &flags.each_ref().map(String::as_str)).await
    };
    let process = start(flags(&refusing.url(""))).await;
    assert_eq!(process.gateway.post("/v1/track", "key-app", event("m")).await.status, 200);
    process.wait_for_log("takes no spans").await;
    endpoint.wait_for(1).await;
    process.signal("TERM").await;
    let log = process.log_at_end().await;
    let told = log.iter().filter(|line| line.contains("takes no spans")).count();
    assert_eq!(told, 1, "it failed twice at least, once at the end: {log:?}");

    let collector = Collector::ok().await;
    let process = start(flags(&collector.0.url(""))).await;
    assert_eq!(process.gateway.post("/v1/track", "key-app", event("n")).await.status, 200);
    endpoint.wait_for(2).await;
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
    let names: Vec<_> = collector.spans().into_iter().map(|span| span.name).collect();
    assert!(names.iter().any(|name| name == "accept event"), "{names:?}");
    assert!(names.iter().any(|name| name == "attempt delivery"), "{names:?}");
}
