//! What attempts go through is told as it was: steps, places, and what came back.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::address::Egress;
use domain::destination::webhook::{
    AttemptStamp, HeaderSetting, Occasion, SecretPem, TlsSettings, WebhookSettings,
};
use domain::destination::{Destination, DestinationSettings};
use domain::id::DestinationId;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use testkit::{
    ALWAYS, Answer, Authority, Endpoint, Http2Endpoint, NameReply, NameServer, RawEndpoint, Reply,
    StreamReply,
};

use super::failure::Failure;
use super::pool::Lease;
use super::{Outlet, OutletSettings, Sender, Sent};

fn settings(names: &[&NameServer]) -> OutletSettings {
    let networks = ["127.0.0.0/8", "::1/128"].map(|one| one.parse().expect("a network"));
    OutletSettings {
        egress: Arc::new(Egress::new(networks.to_vec())),
        name_servers: names.iter().map(|one| one.address()).collect(),
        timeout: Duration::from_secs(5),
        playground: SocketAddr::from(([127, 0, 0, 1], 1)),
        own: Vec::new(),
    }
}

fn sender(settings: OutletSettings, webhook: WebhookSettings) -> Sender {
    let outlet = Rc::new(Outlet::new(settings).expect("an outlet"));
    Sender::new(&destination(webhook), outlet).expect("a sender")
}

fn destination(webhook: WebhookSettings) -> Destination {
    Destination::new(DestinationId::new("d"), "d", DestinationSettings::Webhook(webhook))
}

async fn send(sender: &Sender) -> Sent {
    let occasion = Occasion::Delivery;
    let stamp = AttemptStamp { number: 1, at: Timestamp(0), occasion, span: None };
    sender.send(&Bytes::from_static(b"{\"type\":\"track\",\"event\":\"x\"}"), stamp).await
}

/// Runs on a thread of its own kind, as senders do.
fn on_a_thread(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let local = tokio::task::LocalSet::new();
    runtime.expect("a runtime").block_on(local.run_until(story));
}

/// Which of the steps took time: resolve, connect, TLS, first byte.
fn steps(sent: &Sent) -> [bool; 4] {
    let phases = sent.trace.phases;
    [phases.resolve_us, phases.connect_us, phases.tls_us, phases.first_byte_us]
        .map(|step| step.is_some())
}

#[test]
fn the_steps_of_a_new_connection_are_told_once() {
    on_a_thread(async {
        let names = NameServer::start(|_, _| {
            NameReply::Addresses(vec!["127.0.0.1".parse().expect("an address")])
        })
        .await;
        let endpoint = Endpoint::ok().await;
        let url = format!("http://a.test:{}/", endpoint.address().port());
        let by_name = sender(settings(&[&names]), WebhookSettings::posting_to(url));
        let first = send(&by_name).await;
        assert_eq!(steps(&first), [true, true, false, true], "{:?}", first.outcome);
        assert_eq!(first.trace.remote, Some(endpoint.address()));
        let second = send(&by_name).await;
        assert_eq!(steps(&second), [false, false, false, true]);
        assert_eq!(second.trace.remote, Some(endpoint.address()));
        let by_number = sender(settings(&[]), WebhookSettings::posting_to(endpoint.url("/")));
        assert_eq!(steps(&send(&by_number).await), [false, true, false, true]);
    });
}

#[test]
fn the_steps_of_an_attempt_that_failed_are_told_as_far_as_it_came() {
    on_a_thread(async {
        let silent = RawEndpoint::start(async |stream, _, _| {
            let _open = stream;
            std::future::pending::<()>().await;
        })
        .await;
        let short = OutletSettings { timeout: Duration::from_millis(300), ..settings(&[]) };
        let check = async |url: String, reason: Reason, wanted: [bool; 4], remote: bool| {
            let sent = send(&sender(short.clone(), WebhookSettings::posting_to(url))).await;
            assert_eq!(sent.outcome.reason(), Some(reason), "{:?}", sent.outcome);
            assert_eq!((steps(&sent), sent.trace.remote.is_some()), (wanted, remote));
            assert_eq!(sent.trace.answer, None);
        };
        let url = |scheme: &str| format!("{scheme}://{}/", silent.address());
        check(url("http"), Reason::Timeout, [false, true, false, false], true).await;
        check(url("https"), Reason::TlsTimeout, [false, true, false, false], true).await;
        let refusing = testkit::Refusing::new().url("/");
        check(refusing, Reason::ConnectRefused, [false, true, false, false], true).await;
        let blocked = "http://10.0.0.1/".to_owned();
        check(blocked, Reason::BlockedAddress, [false; 4], false).await;
    });
}

/// An endpoint of HTTP/2 that allows so many streams, and how to reach it.
async fn http2_endpoint(
    streams: u32,
    reply: impl Fn(&testkit::Streamed) -> StreamReply + Send + Sync + 'static,
) -> (Http2Endpoint, WebhookSettings) {
    let authority = Authority::new("Ours");
    let certificate = authority.issue(&["localhost"], ALWAYS);
    let endpoint = Http2Endpoint::start(&certificate, streams, reply).await;
    let tls = TlsSettings { ca: Some(authority.pem.clone()), identity: None };
    let webhook = WebhookSettings::posting_to(endpoint.url("/"));
    let webhook = WebhookSettings { tls: Some(Box::new(tls)), ..webhook };
    (endpoint, webhook)
}

#[test]
fn who_waits_for_the_same_connection_tells_of_the_same_steps() {
    on_a_thread(async {
        let (endpoint, webhook) = http2_endpoint(100, |_| StreamReply::Answer(200)).await;
        let sender = sender(settings(&[]), webhook);
        let all = [(); 5].map(|()| send(&sender));
        for sent in futures_util::future::join_all(all).await {
            assert_eq!(sent.outcome.status, 200, "{:?}", sent.outcome);
            assert_eq!(steps(&sent), [true; 4]);
        }
        assert_eq!(steps(&send(&sender).await), [false, false, false, true]);
        assert_eq!(endpoint.connections(), 1);
    });
}

#[test]
fn who_waits_for_a_stream_has_asked_nothing() {
    on_a_thread(async {
        for is_new in [true, false] {
            let (endpoint, webhook) = http2_endpoint(1, move |one| match one.number {
                0 if !is_new => StreamReply::Answer(200),
                _ => StreamReply::Never,
            })
            .await;
            let settings = OutletSettings { timeout: Duration::from_millis(500), ..settings(&[]) };
            let sender = sender(settings, webhook);
            if !is_new {
                assert_eq!(send(&sender).await.outcome.status, 200);
            }
            let (asked, waited) = tokio::join!(send(&sender), send(&sender));
            // Who waited may have begun another connection in the moment in which both were late.
            let unanswered =
                [asked, waited].map(|sent| sent.outcome.reason() == Some(Reason::Timeout));
            assert_eq!(unanswered.iter().filter(|is| **is).count(), 1, "one has asked: {is_new}");
            assert_eq!(endpoint.received().len(), if is_new { 1 } else { 2 });
        }
    });
}

#[test]
fn what_came_back_is_shown_without_secrets_and_shared_where_it_is_alike() {
    on_a_thread(async {
        let endpoint = Endpoint::start(|received| {
            let number = received.number.min(2).to_string();
            let answer =
                Answer { status: 500, headers: vec![], body: b"key is t0ken-1234".to_vec() };
            Reply::Answer(answer.header("date", &received.number.to_string()).header("x", &number))
        })
        .await;
        let webhook = WebhookSettings {
            headers: vec![HeaderSetting::new("authorization", "Bearer t0ken-1234")],
            ..WebhookSettings::posting_to(endpoint.url("/"))
        };
        let sender = sender(settings(&[]), webhook);
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(send(&sender).await.trace.answer.expect("an answer"));
        }
        assert_eq!(all[0].body, "key is [secret]");
        let x = ("x".to_owned(), "0".to_owned());
        assert!(all[0].headers.contains(&x), "{:?}", all[0].headers);
        assert!(all[0].headers.iter().all(|(name, _)| name != "date"));
        assert!(!Arc::ptr_eq(&all[1], &all[2]) && Arc::ptr_eq(&all[2], &all[3]));
    });
}

#[test]
fn settings_of_tls_that_cannot_be_used_make_no_sender() {
    let make = |tls: TlsSettings| {
        let outlet = Rc::new(Outlet::new(settings(&[])).expect("an outlet"));
        let webhook = WebhookSettings {
            tls: Some(Box::new(tls)),
            ..WebhookSettings::posting_to("https://a.test/")
        };
        Sender::new(&destination(webhook), outlet).err().unwrap_or_default()
    };
    let identity = domain::destination::webhook::ClientIdentity {
        certificate: "x".to_owned(),
        key: SecretPem::new("y"),
    };
    assert_eq!(make(TlsSettings::default()), "");
    let broken = make(TlsSettings { ca: Some("x".to_owned()), identity: None });
    assert!(broken.starts_with("tls.ca holds no certificate"), "{broken}");
    let broken = make(TlsSettings { ca: None, identity: Some(identity) });
    assert!(broken.starts_with("tls.certificate holds no certificate"), "{broken}");
}

#[test]
fn who_finds_no_connection_free_waits_and_says_so_at_the_end() {
    on_a_thread(async {
        let endpoint = Endpoint::ok().await;
        let short = OutletSettings { timeout: Duration::from_millis(300), ..settings(&[]) };
        let sender = sender(short, WebhookSettings::posting_to(endpoint.url("/")));
        let mut places = Vec::new();
        for _ in 0..limits::ORIGIN_CONNECTIONS_MAX {
            places.push(sender.pool.kept(Instant::now()).await.err().flatten().expect("a place"));
        }
        let sent = send(&sender).await;
        assert_eq!(sent.outcome.reason(), Some(Reason::NoConnection), "{:?}", sent.outcome);
        assert_eq!((steps(&sent), endpoint.connections()), ([false; 4], 0));
        drop(places.pop());
        assert_eq!(send(&sender).await.outcome.status, 200);
    });
}

#[test]
fn connections_that_nobody_uses_go_where_a_thread_has_no_room_for_others() {
    on_a_thread(async {
        let (one, other) = (Endpoint::ok().await, Endpoint::ok().await);
        let short = OutletSettings { timeout: Duration::from_millis(500), ..settings(&[]) };
        let outlet = Rc::new(Outlet::new(short).expect("an outlet"));
        let to = |endpoint: &Endpoint| {
            Sender::new(
                &destination(WebhookSettings::posting_to(endpoint.url("/"))),
                outlet.clone(),
            )
            .expect("a sender")
        };
        let (first, second) = (to(&one), to(&other));
        assert_eq!(send(&first).await.outcome.status, 200);
        let mut places = Vec::new();
        for _ in 1..limits::THREAD_CONNECTIONS_MAX {
            places.push(outlet.room().await);
        }
        assert_eq!(send(&second).await.outcome.status, 200, "the first one's went");
        places.push(outlet.room().await);
        let sent = send(&first).await;
        assert_eq!(sent.outcome.reason(), Some(Reason::NoConnection), "{:?}", sent.outcome);
        drop(places);
        assert_eq!(send(&first).await.outcome.status, 200);
        assert_eq!((one.connections(), other.connections()), (2, 1));
    });
}

#[test]
fn a_connection_that_was_silent_for_long_is_not_used() {
    on_a_thread(async {
        let (_http2, secure) = http2_endpoint(100, |_| StreamReply::Answer(200)).await;
        let http1 = Endpoint::ok().await;
        for settings_of_one in [WebhookSettings::posting_to(http1.url("/")), secure] {
            let sender = sender(settings(&[]), settings_of_one);
            assert_eq!(send(&sender).await.outcome.status, 200);
            let silence = limits::KEPT_CONNECTION_SILENCE_MAX;
            let soon = sender.pool.kept(Instant::now() + silence / 2).await;
            match soon.map_err(|_| "none is kept").expect("a connection") {
                Lease::Line { line, .. } => sender.pool.put_back(line),
                shared => drop(shared),
            }
            assert!(sender.pool.kept(Instant::now() + silence).await.is_err());
        }
    });
}

#[test]
fn an_event_brings_a_bounded_number_of_headers() {
    let count = |count: usize| {
        let list = (0..count).map(|number| (format!("x-{number}"), String::new())).collect();
        super::own_headers(list).map(|headers| headers.len()).map_err(Failure::outcome)
    };
    assert_eq!(count(limits::OWN_HEADERS_MAX), Ok(limits::OWN_HEADERS_MAX));
    let refused = count(limits::OWN_HEADERS_MAX + 1).unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::BadRequest));
}
