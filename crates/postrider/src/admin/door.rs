//! The door of the admin listener: accepts connections, and bounds what each may take.
//!
//! Whoever is at the other end may be anybody's program on this machine, or the network where an
//! operator has opened the listener to it: connections that say nothing, or never end what they
//! say, must not pile up. One timer serves for heads and for silences between requests, as browsers
//! that look at the dashboard ask every two seconds.
//!
//! It stays open until nothing is sent any more, so that one can see why an end takes its time; what
//! streams ends at once.

use std::pin::pin;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use domain::limits;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::auth::Peer;
use super::problem::Problem;
use crate::clock;
use crate::shutdown::Shutdown;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Longest wait for the whole head of the next request, silence before it included.
    pub head_time_max: Duration,
    /// Longest wait for the beginning of an answer, the request's body included.
    pub request_time_max: Duration,
    /// Connections at the same time; further ones wait to be accepted.
    pub connections_max: usize,
}

/// Serves until the server ends.
///
/// # Cancellation
/// Connections are closed.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds, mut shutdown: Shutdown) {
    let in_time =
        move |request: Request, next: Next| answer_in_time(bounds.request_time_max, request, next);
    let router = router.layer(from_fn(in_time));
    let mut connections = JoinSet::new();
    let mut resting = None;
    loop {
        let has_room = connections.len() < bounds.connections_max;
        tokio::select! {
            accepted = listener.accept(), if has_room && resting.is_none() => match accepted {
                Ok((stream, peer)) => {
                    let router = router.clone().layer(Extension(Peer(peer.ip())));
                    let served = visit(stream, router, bounds, shutdown.clone());
                    connections.spawn(served);
                }
                Err(error) => {
                    tracing::debug!(%error, "the admin listener cannot accept a connection");
                    resting = Some(clock::rest(limits::ACCEPT_REST));
                }
            },
            () = clock::rested(&mut resting) => resting = None,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = shutdown.closing() => break,
        }
    }
    drop(listener);
    // Browsers keep their live streams open; those do not hold up the end.
    let rest = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits::ADMIN_GRACE, rest).await;
}

/// Serves one connection until it ends, is silent for too long, or the server ends.
async fn visit(stream: TcpStream, router: Router, bounds: Bounds, mut shutdown: Shutdown) {
    // Answers are small and must not wait for acknowledgements; failing costs only time.
    let _ = stream.set_nodelay(true);
    give_up_the_silent(&stream);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.head_time_max);
    let answers = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answers));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.closing() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        let error = crate::terminal::chain(&error);
        tracing::debug!(error, "a connection to the admin listener ended");
    }
}

/// Ends the connection where what was sent is not taken: a viewer whose machine has gone without a word
/// would keep its place until the system gives it up, which takes a quarter of an hour.
fn give_up_the_silent(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        // Where that cannot be said, the system's own patience holds.
        let _ =
            socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limits::ADMIN_SEND_TIME_MAX));
    }
}

/// Answers a request, or says that it took too long.
async fn answer_in_time(time_max: Duration, request: Request, next: Next) -> Response {
    tokio::time::timeout(time_max, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "the request did not come to its end in time";
        Problem::new(408, "timeout", detail).into_response()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use axum::body::Bytes;
    use axum::routing::{get, post};
    use testkit::{Client, within};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const SOON: Duration = Duration::from_millis(50);

    fn patient() -> Bounds {
        Bounds { head_time_max: HOUR, request_time_max: HOUR, connections_max: 99 }
    }

    /// A door with these bounds, while `story` lasts.
    async fn at_a_door(router: Router, bounds: Bounds, story: impl AsyncFnOnce(Client)) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(listener.local_addr().unwrap());
        let (trigger, shutdown) = crate::shutdown::shutdown();
        let story = async {
            story(client).await;
            trigger.close();
        };
        within("the end", async { tokio::join!(serve(listener, router, bounds, shutdown), story) })
            .await;
    }

    fn ask(target: &str) -> testkit::Request {
        testkit::Request::new("GET", target)
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_and_a_long_silence_end_the_connection() {
        let router = Router::new().route("/", get(|| async { "ok" }));
        let bounds = Bounds { head_time_max: SOON, ..patient() };
        at_a_door(router, bounds, async |client| {
            let mut connections = [client.connect().await, client.connect().await];
            let [half, kept] = &mut connections;
            half.write(b"GET / HTTP/1.1\r\nhost: lo").await.unwrap();
            assert_eq!(kept.ask(&ask("/")).await.unwrap().text(), "ok");
            for connection in &mut connections {
                assert!(matches!(connection.answer().await, Ok(None) | Err(_)), "it is closed");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let router = Router::new().route("/", post(|_: Bytes| async { "ok" }));
        let bounds = Bounds { request_time_max: SOON, ..patient() };
        at_a_door(router, bounds, async |client| {
            let mut connection = client.connect().await;
            let head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n";
            connection.write(head).await.unwrap();
            let answer = connection.answer().await.unwrap().unwrap();
            assert_eq!((answer.status, &answer.json()["code"]), (408, &"timeout".into()));
        })
        .await;
    }

    #[tokio::test]
    async fn connections_beyond_the_bound_wait_until_others_are_gone() {
        let late = Arc::<AtomicUsize>::default();
        let seen = late.clone();
        let count = move || async move { seen.fetch_add(1, Relaxed).to_string() };
        let router = Router::new().route("/", get(|| async { "ok" })).route("/late", get(count));
        let bounds = Bounds { connections_max: 2, ..patient() };
        at_a_door(router, bounds, async |client| {
            let [mut one, mut two] = [client.connect().await, client.connect().await];
            for connection in [&mut one, &mut two] {
                assert_eq!(connection.ask(&ask("/")).await.unwrap().status, 200);
            }
            let mut third = client.connect().await;
            third.write(&ask("/late").to_bytes()).await.unwrap();
            for _ in 0..50 {
                assert_eq!(one.ask(&ask("/")).await.unwrap().status, 200);
            }
            assert_eq!(late.load(Relaxed), 0, "it waits");
            drop(two);
            assert_eq!(third.answer().await.unwrap().unwrap().text(), "0");
        })
        .await;
    }
}
