//! The playground: a built-in endpoint that takes everything and shows what it got.
//!
//! Only what was received takes up room: looking at a playground makes none, and one that is
//! watched before its first request is kept no longer than somebody watches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use domain::destination::webhook::{Target, is_playground_name};
use domain::destination::{Destination, DestinationSettings};
use domain::limits;
use domain::workspace::Workspace;
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use utoipa::ToSchema;

use super::Needs;
use super::asked::Path;
use super::problem::Problem;
use crate::clock;
use crate::terminal::{Terminal, plain};

/// All playgrounds; each is made when it is first called or watched.
pub struct Playgrounds {
    terminal: Terminal,
    grounds: Mutex<Grounds>,
}

type Grounds = BTreeMap<String, Playground>;

/// One playground: its newest requests, and who watches.
struct Playground {
    received: u64,
    requests: VecDeque<Arc<Received>>,
    watchers: broadcast::Sender<Arc<Received>>,
}

/// A request as it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct Requests {
    #[schema(value_type = Vec<Received>)]
    requests: Vec<Arc<Received>>,
}

impl Playgrounds {
    /// No playground yet; what comes is also told to the terminal.
    pub fn new(terminal: Terminal) -> Self {
        Self { terminal, grounds: Mutex::default() }
    }

    /// Keeps a request; `used` names the playgrounds of the catalog's destinations, which always
    /// get room.
    fn keep(
        &self,
        name: &str,
        mut received: Received,
        used: impl FnOnce() -> BTreeSet<String>,
    ) -> Result<(), Problem> {
        check_name(name)?;
        let line = summary(name, &received);
        let mut grounds = self.lock();
        if !make_room(&mut grounds, name, used) {
            let max = limits::PLAYGROUNDS_MAX;
            let detail = format!("{max} playgrounds are in use, and no destination uses this one");
            return Err(Problem::new(404, "no_playground", detail));
        }
        let ground = grounds.entry(name.to_owned()).or_insert_with(Playground::new);
        ground.received += 1;
        received.number = ground.received;
        let received = Arc::new(received);
        ground.requests.truncate(limits::PLAYGROUND_REQUESTS_MAX - 1);
        ground.requests.push_front(received.clone());
        // An error means that nobody watches.
        let _ = ground.watchers.send(received);
        drop(grounds);
        self.terminal.line(line);
        Ok(())
    }

    /// What a playground has got, newest first; nothing where nobody has called it.
    fn requests(&self, name: &str) -> Result<Vec<Arc<Received>>, Problem> {
        check_name(name)?;
        let grounds = self.lock();
        let ground = grounds.get(name);
        Ok(ground.map(|ground| ground.requests.iter().cloned().collect()).unwrap_or_default())
    }

    /// What a playground gets from now on, also where nobody has called it yet.
    fn watch(&self, name: &str) -> Result<broadcast::Receiver<Arc<Received>>, Problem> {
        check_name(name)?;
        let mut grounds = self.lock();
        grounds.retain(|_, ground| ground.is_needed());
        let ground = grounds.entry(name.to_owned()).or_insert_with(Playground::new);
        Ok(ground.watchers.subscribe())
    }

    fn lock(&self) -> MutexGuard<'_, Grounds> {
        self.grounds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_name(name: &str) -> Result<(), Problem> {
    if is_playground_name(name) {
        return Ok(());
    }
    let detail = "a playground's name has 1 to 64 letters, digits and dashes";
    Err(Problem::new(404, "no_playground", detail))
}

/// Whether there is room for a request to this playground. For a destination's there always is:
/// where need be, the playground of no destination that was called least recently goes.
fn make_room(grounds: &mut Grounds, name: &str, used: impl FnOnce() -> BTreeSet<String>) -> bool {
    let is_in_use = |ground: &Playground| ground.received > 0;
    if grounds.get(name).is_some_and(is_in_use) {
        return true;
    }
    if grounds.values().filter(|ground| is_in_use(ground)).count() < limits::PLAYGROUNDS_MAX {
        return true;
    }
    let used = used();
    if !used.contains(name) {
        return false;
    }
    let strays = grounds.iter().filter(|(name, ground)| is_in_use(ground) && !used.contains(*name));
    let oldest = strays.min_by_key(|(_, ground)| ground.requests.front().map(|newest| &newest.at));
    if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
        grounds.remove(&oldest);
    }
    true
}

/// The playgrounds that destinations deliver to.
fn used(workspace: &Workspace) -> BTreeSet<String> {
    let name = |destination: &Destination| {
        let DestinationSettings::Webhook(settings) = &destination.settings;
        match settings.target() {
            Ok(Target::Playground(name)) => Some(name),
            _ => None,
        }
    };
    workspace.destinations.iter().filter_map(name).collect()
}

impl Playground {
    fn new() -> Self {
        let (watchers, _) = broadcast::channel(limits::PLAYGROUND_REQUESTS_MAX);
        Self { received: 0, requests: VecDeque::new(), watchers }
    }

    /// Whether it has anything to show, or anybody to show it to.
    fn is_needed(&self) -> bool {
        self.received > 0 || self.watchers.receiver_count() > 0
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
    let mut header_bytes = 0;
    let headers = head.headers.iter().take_while(|(name, value)| {
        header_bytes += name.as_str().len() + value.len();
        header_bytes <= limits::PLAYGROUND_HEADER_BYTES_MAX
    });
    let headers = headers.map(|(name, value)| {
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
    let catalog = needs.store.catalog.watch();
    needs.playgrounds.keep(&name, received, || used(&catalog.borrow().workspace))?;
    Ok("ok")
}

/// Lists what a playground has got, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/playgrounds/{name}/requests",
    tag = "Playgrounds",
    params(("name" = String, Path, description = "The name of the playground")),
    responses(
        (status = 200, description = "Newest first", body = Requests),
        (status = 404, description = "No playground has such a name", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Path(name): Path<String>,
) -> Result<Json<Requests>, Problem> {
    Ok(Json(Requests { requests: needs.playgrounds.requests(&name)? }))
}

/// Streams what a playground gets, as it comes.
#[utoipa::path(
    get,
    path = "/api/v1/playgrounds/{name}/live",
    tag = "Playgrounds",
    params(("name" = String, Path, description = "The name of the playground")),
    responses(
        (status = 200, description = "Requests as they come, as server-sent events", content_type = "text/event-stream", body = String),
        (status = 404, description = "No playground has such a name", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn live(
    State(needs): State<Arc<Needs>>,
    Path(name): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let receiver = needs.playgrounds.watch(&name)?;
    let heartbeat = KeepAlive::new().interval(limits::LIVE_HEARTBEAT);
    let rows = stream(receiver).take_until(needs.shutdown.clone().drained());
    Ok(Sse::new(rows).keep_alive(heartbeat))
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

#[cfg(test)]
mod tests {
    use domain::destination::webhook::WebhookSettings;
    use domain::id::DestinationId;

    use super::*;

    fn playgrounds() -> Playgrounds {
        let terminal = Terminal::new(std::io::sink()).expect("a thread");
        Playgrounds::new(terminal)
    }

    fn received(at: usize) -> Received {
        Received {
            number: 0,
            at: format!("2026-11-25T00:34:{at:02}.000Z"),
            method: "POST".to_owned(),
            path: String::new(),
            query: String::new(),
            headers: Vec::new(),
            body: "{}".to_owned(),
            body_bytes: 2,
            truncated: false,
        }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Playgrounds of which as many are in use as there is room for: `ground-0` and so on.
    fn full() -> Playgrounds {
        let playgrounds = playgrounds();
        for index in 0..limits::PLAYGROUNDS_MAX {
            let kept = playgrounds.keep(&format!("ground-{index}"), received(index), BTreeSet::new);
            kept.expect("room");
        }
        playgrounds
    }

    fn count(playgrounds: &Playgrounds, name: &str) -> usize {
        playgrounds.requests(name).expect("a name").len()
    }

    #[test]
    fn looking_at_unknown_playgrounds_takes_up_no_room() {
        let playgrounds = playgrounds();
        for index in 0..100 {
            assert_eq!(count(&playgrounds, &format!("look-{index}")), 0);
            drop(playgrounds.watch(&format!("watch-{index}")).expect("a name"));
        }
        assert_eq!(playgrounds.lock().len(), 1, "the one watched last goes with the next");
        let watched: Vec<_> = (0..100)
            .map(|index| playgrounds.watch(&format!("watch-{index}")).expect("a name"))
            .collect();
        playgrounds.keep("demo", received(0), BTreeSet::new).expect("room");
        assert_eq!(count(&playgrounds, "demo"), 1);
        drop(watched);
    }

    #[test]
    fn who_watches_an_unknown_playground_gets_its_first_request() {
        let playgrounds = playgrounds();
        let mut watcher = playgrounds.watch("demo").expect("a name");
        drop(playgrounds.watch("other").expect("a name"));
        playgrounds.keep("demo", received(0), BTreeSet::new).expect("room");
        assert_eq!(watcher.try_recv().map(|received| received.number), Ok(1));
    }

    #[test]
    fn strangers_get_no_more_playgrounds_than_there_is_room_for() {
        let playgrounds = full();
        let _watcher = playgrounds.watch("stray").expect("a name");
        let refused = playgrounds.keep("stray", received(0), BTreeSet::new);
        assert!(refused.is_err(), "a watcher makes no room");
        playgrounds.keep("ground-3", received(0), BTreeSet::new).expect("it is there already");
        assert_eq!(count(&playgrounds, "ground-3"), 2);
    }

    #[test]
    fn playgrounds_of_destinations_always_get_room() {
        let playgrounds = full();
        let used = || names(&["ground-0", "orders"]);
        playgrounds.keep("orders", received(30), used).expect("a destination uses it");
        assert_eq!(count(&playgrounds, "orders"), 1);
        assert_eq!(count(&playgrounds, "ground-0"), 1, "a destination uses it");
        assert_eq!(count(&playgrounds, "ground-1"), 0, "it was called least recently");
        assert_eq!(playgrounds.lock().len(), limits::PLAYGROUNDS_MAX);
    }

    #[test]
    fn destinations_may_use_more_playgrounds_than_strangers() {
        let playgrounds = playgrounds();
        let all: BTreeSet<String> =
            (0..2 * limits::PLAYGROUNDS_MAX).map(|index| format!("own-{index}")).collect();
        for name in &all {
            playgrounds.keep(name, received(0), || all.clone()).expect("a destination uses it");
        }
        assert!(all.iter().all(|name| count(&playgrounds, name) == 1));
    }

    #[test]
    fn names_that_no_destination_can_have_are_refused() {
        let playgrounds = playgrounds();
        for name in ["", "a b", "a/b", &"a".repeat(65)] {
            assert!(playgrounds.requests(name).is_err(), "{name}");
            assert!(playgrounds.watch(name).is_err(), "{name}");
            assert!(playgrounds.keep(name, received(0), BTreeSet::new).is_err(), "{name}");
        }
    }

    #[test]
    fn the_playgrounds_of_a_workspace_are_known() {
        let destination = |url: &str| {
            let settings = DestinationSettings::Webhook(WebhookSettings::posting_to(url));
            Destination::new(DestinationId::new(url), "", settings)
        };
        let destinations =
            ["playground://demo", "https://a.test/", "playground://b"].map(destination).to_vec();
        let workspace = Workspace { destinations, ..Workspace::default() };
        assert_eq!(used(&workspace), names(&["b", "demo"]));
    }
}
