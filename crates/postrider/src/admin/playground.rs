//! The playground: a built-in endpoint that takes everything and shows what it got.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use domain::limits;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::Needs;
use super::problem::Problem;
use crate::clock;
use crate::terminal::{Terminal, plain};

/// All playgrounds; each is made when it is first called.
pub struct Playgrounds {
    terminal: Terminal,
    grounds: Mutex<BTreeMap<String, Playground>>,
}

/// One playground: its newest requests, and who watches.
struct Playground {
    received: u64,
    requests: VecDeque<Arc<Received>>,
    watchers: broadcast::Sender<Arc<Received>>,
}

/// A request as it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Received {
    number: u64,
    at: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    body_bytes: usize,
    truncated: bool,
}

/// The list.
#[derive(Debug, Serialize)]
pub struct Requests {
    requests: Vec<Arc<Received>>,
}

impl Playgrounds {
    /// No playground yet; what comes is also told to the terminal.
    pub fn new(terminal: Terminal) -> Self {
        Self { terminal, grounds: Mutex::default() }
    }

    fn keep(&self, name: &str, mut received: Received) -> Result<(), Problem> {
        let line = summary(name, &received);
        self.with(name, |ground| {
            ground.received += 1;
            received.number = ground.received;
            let received = Arc::new(received);
            ground.requests.truncate(limits::PLAYGROUND_REQUESTS_MAX - 1);
            ground.requests.push_front(received.clone());
            // An error means that nobody watches.
            let _ = ground.watchers.send(received);
        })?;
        self.terminal.line(line);
        Ok(())
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Playground) -> T) -> Result<T, Problem> {
        let named = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let mut grounds = self.grounds.lock().unwrap_or_else(PoisonError::into_inner);
        if !named || (!grounds.contains_key(name) && grounds.len() >= limits::PLAYGROUNDS_MAX) {
            let max = limits::PLAYGROUNDS_MAX;
            let detail = format!("names have letters, digits and dashes; {max} can be in use");
            return Err(Problem::new(404, "no_playground", detail));
        }
        Ok(act(grounds.entry(name.to_owned()).or_insert_with(Playground::new)))
    }
}

impl Playground {
    fn new() -> Self {
        let (watchers, _) = broadcast::channel(limits::PLAYGROUND_REQUESTS_MAX);
        Self { received: 0, requests: VecDeque::new(), watchers }
    }
}

/// Takes a request and answers 200.
pub async fn receive(
    State(needs): State<Arc<Needs>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Result<&'static str, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, limits::PLAYGROUND_REQUEST_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::new(413, "too_large", error.to_string()))?;
    let kept = &body[..body.len().min(limits::PLAYGROUND_BODY_BYTES_MAX)];
    let headers = head.headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let received = Received {
        number: 0,
        at: clock::now().to_string(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or("").to_owned(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(kept).into_owned(),
        body_bytes: body.len(),
        truncated: kept.len() < body.len(),
    };
    needs.playgrounds.keep(&name, received)?;
    Ok("ok")
}

/// Lists what a playground has got, newest first.
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Path(name): Path<String>,
) -> Result<Json<Requests>, Problem> {
    let requests =
        needs.playgrounds.with(&name, |ground| ground.requests.iter().cloned().collect());
    Ok(Json(Requests { requests: requests? }))
}

/// Streams what a playground gets, as it comes.
pub async fn live(
    State(needs): State<Arc<Needs>>,
    Path(name): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let receiver = needs.playgrounds.with(&name, |ground| ground.watchers.subscribe())?;
    let heartbeat = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(stream(receiver)).keep_alive(heartbeat))
}

/// What a watcher gets; what it is too slow for is left out.
fn stream(
    receiver: broadcast::Receiver<Arc<Received>>,
) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(received) => {
                    let event = SseEvent::default().id(received.number.to_string());
                    let event = event.json_data(&*received).unwrap_or_default();
                    return Some((Ok(event), receiver));
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    })
}

/// The members of an event that make a line readable.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Gist {
    r#type: Option<String>,
    event: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
}

/// One line for the terminal.
fn summary(name: &str, received: &Received) -> String {
    let gist: Gist = serde_json::from_str(&received.body).unwrap_or_default();
    let mut line = format!("playground {name}: {}", received.method);
    if let Some(kind) = gist.r#type {
        line = format!("{line} {kind}");
    }
    if let Some(event) = gist.event {
        line = format!("{line} {event:?}");
    }
    if let Some(user) = gist.user_id.or(gist.anonymous_id) {
        line = format!("{line} of {user}");
    }
    if !received.query.is_empty() {
        line = format!("{line} ?{}", received.query);
    }
    plain(&format!("{line} ({} bytes)", received.body_bytes))
}
