//! What one attempt costs on a connection that is there: in HTTP/1.1, in HTTP/2 within TLS, and, for
//! comparison in the same run, with the HTTP library alone.
//!
//! `cargo bench -p postrider --bench send` takes half a minute. Counted is the time that the sending
//! thread spent on a processor, as the kernel has it; endpoints run on another one. The attempts of
//! one round are under way at the same time, as a dispatcher has them.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    unused_imports,
    missing_docs,
    reason = "a measurement: what is broken ends it, and the rooms are only used in part"
)]

#[path = "../src/certificate.rs"]
mod certificate;
#[path = "../src/lines.rs"]
mod lines;
#[path = "../src/send/mod.rs"]
mod send;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::address::Egress;
use domain::destination::webhook::{AttemptStamp, Occasion, TlsSettings, WebhookSettings};
use domain::destination::{Destination, DestinationSettings};
use domain::id::DestinationId;
use domain::time::Timestamp;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use send::{Outlet, OutletSettings, Sender};
use testkit::{ALWAYS, Authority};
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Attempts under way at a time.
const AT_A_TIME: usize = 32;
/// Rounds of one turn.
const ROUNDS: usize = 500;
/// Turns of each kind, which take turns.
const TURNS: usize = 9;

/// CPU of an attempt in HTTP/1.1, in microseconds.
const HTTP1_GOAL: f64 = 14.0;

fn main() {
    let authority = Authority::new("bench");
    let certificate = authority.issue(&["localhost", "127.0.0.1"], ALWAYS);
    let plain = endpoint(None);
    let secure = endpoint(Some(certificate.server(None, &["h2"])));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let http1 = sender(&format!("http://{plain}/in"), None);
        let http2 = sender(&format!("https://{secure}/in"), Some(authority.pem.clone()));
        let mut bare = bare(plain).await;
        let mut costs = [Vec::new(), Vec::new(), Vec::new()];
        for turn in 0..=TURNS {
            let cost = [
                measured(async || round_of(&http1).await).await,
                measured(async || round_of(&http2).await).await,
                measured(async || bare_round(&mut bare, plain).await).await,
            ];
            // The first turn opens connections and warms up.
            if turn > 0 {
                costs.iter_mut().zip(cost).for_each(|(all, one)| all.push(one));
            }
        }
        let [http1, http2, bare] = costs.map(median);
        println!("one attempt, CPU of the sending thread:");
        println!(
            "  HTTP/1.1              {http1:>6.2} µs   goal ≤ {HTTP1_GOAL}: {}",
            met(http1 <= HTTP1_GOAL)
        );
        println!(
            "  HTTP/2 within TLS     {http2:>6.2} µs   goal ≤ HTTP/1.1: {}",
            met(http2 <= http1)
        );
        println!("  bare hyper, HTTP/1.1  {bare:>6.2} µs");
    });
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Microseconds on a processor that one attempt takes, over many rounds.
async fn measured(mut round: impl AsyncFnMut()) -> f64 {
    let before = cpu_ns();
    for _ in 0..ROUNDS {
        round().await;
    }
    (cpu_ns() - before) as f64 / 1e3 / (ROUNDS * AT_A_TIME) as f64
}

/// Nanoseconds that this thread was on a processor. Source: Linux, Documentation/scheduler.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

fn event() -> Bytes {
    let text = format!(
        r#"{{"type":"track","messageId":"m","userId":"u","event":"x","properties":{{"a":"{}"}}}}"#,
        "x".repeat(900)
    );
    Bytes::from(text)
}

fn sender(url: &str, ca: Option<String>) -> Sender {
    let settings = OutletSettings {
        egress: Arc::new(Egress::new(vec!["127.0.0.0/8".parse().unwrap()])),
        name_servers: Vec::new(),
        timeout: Duration::from_secs(10),
        playground: SocketAddr::from(([127, 0, 0, 1], 1)),
        own: Vec::new(),
    };
    let tls = ca.map(|ca| Box::new(TlsSettings { ca: Some(ca), identity: None }));
    let webhook = WebhookSettings { tls, ..WebhookSettings::posting_to(url) };
    let settings_of_type = DestinationSettings::Webhook(webhook);
    let destination = Destination::new(DestinationId::new("d"), "d", settings_of_type);
    Sender::new(&destination, Rc::new(Outlet::new(settings).unwrap())).unwrap()
}

async fn round_of(sender: &Sender) {
    let payload = event();
    let occasion = Occasion::Delivery;
    let stamp = AttemptStamp { number: 1, at: Timestamp(0), occasion, span: None };
    let sent = join_all((0..AT_A_TIME).map(|_| sender.send(&payload, stamp))).await;
    assert!(sent.iter().all(|one| one.outcome.status == 200), "{:?}", sent[0].outcome);
}

async fn bare(address: SocketAddr) -> Vec<SendRequest<Full<Bytes>>> {
    let mut connections = Vec::new();
    for _ in 0..AT_A_TIME {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (connection, driver) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::task::spawn_local(driver);
        connections.push(connection);
    }
    connections
}

async fn bare_round(connections: &mut [SendRequest<Full<Bytes>>], address: SocketAddr) {
    let payload = event();
    let exchanges = connections.iter_mut().map(|connection| {
        let request = Request::post("/in")
            .header("host", address.to_string())
            .header("content-type", "application/json")
            .body(Full::new(payload.clone()))
            .unwrap();
        async move {
            connection.ready().await.unwrap();
            let answer = connection.send_request(request).await.unwrap();
            answer.into_body().collect().await.unwrap();
        }
    });
    join_all(exchanges).await;
}

/// An endpoint on a thread of its own, until the process ends.
fn endpoint(tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serving = async { serve(TcpListener::from_std(listener).unwrap(), tls).await };
        LocalSet::new().block_on(&runtime, serving);
    });
    address
}

async fn serve(listener: TcpListener, tls: Option<Arc<ServerConfig>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let tls = tls.clone();
        tokio::task::spawn_local(async move {
            match tls {
                None => {
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ = http.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                }
                Some(config) => {
                    let stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
                    let http = hyper::server::conn::http2::Builder::new(Local);
                    let _ = http.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                }
            }
        });
    }
}

#[derive(Clone)]
struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            let _ = future.await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
}
