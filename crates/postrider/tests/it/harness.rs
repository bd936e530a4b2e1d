//! The harness: a home for a server, a server in this process, and what its admin listener tells.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use postrider::config::{AdminAuth, Config};
use postrider::terminal::Terminal;
use postrider::{Controls, Listeners, RunError};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Answer, Client, Request, Workspace, eventually, within};
use tokio::sync::{oneshot, watch};

/// Where a server lives: a directory with its data and its workspace file.
pub struct Home {
    dir: TempDir,
}

impl Home {
    pub fn new(workspace: &Workspace) -> Self {
        let home = Self { dir: tempfile::tempdir().expect("a directory") };
        home.write(&workspace.text());
        home
    }

    /// Puts another workspace file in place, whole at once.
    pub fn write(&self, text: &str) {
        let new = self.path("new.json");
        std::fs::write(&new, text).expect("a file");
        std::fs::rename(new, self.path("workspace.json")).expect("a file");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text_path(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The defaults, on ports of its own, with nobody logging in, allowed to call this machine, and quick to try again.
    fn config(&self) -> Config {
        let mut config = Config {
            data_dir: self.path("data"),
            gateway: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_auth: AdminAuth::Off,
            workspace: Some(self.path("workspace.json")),
            ..Config::default()
        };
        config.egress.allow = vec!["127.0.0.0/8".parse().expect("a network")];
        config.delivery.retry_min_backoff = Duration::from_millis(10);
        config.delivery.retry_max_backoff = Duration::from_millis(40);
        config.runtime.threads = 2;
        config
    }
}

/// A server in this process, until it is stopped.
pub struct Server {
    pub home: Home,
    pub gateway: Client,
    pub admin: Admin,
    pub controls: Controls,
    /// What it has told its terminal.
    pub lines: watch::Receiver<Vec<String>>,
    ended: oneshot::Receiver<Result<(), RunError>>,
}

impl Server {
    pub async fn start(workspace: &Workspace) -> Self {
        Self::tuned(workspace, |_| {}).await
    }

    pub async fn tuned(workspace: &Workspace, tune: impl FnOnce(&mut Config)) -> Self {
        Self::at(Home::new(workspace), tune).await
    }

    /// Starts in a home that may have been lived in.
    pub async fn at(home: Home, tune: impl FnOnce(&mut Config)) -> Self {
        let mut config = home.config();
        tune(&mut config);
        let listeners = Listeners::bind(config.gateway, config.admin).expect("ports");
        let (gateway, admin) = listeners.addresses();
        let (out, mut lines) = lines();
        let controls = Controls::new();
        let (end, ended) = oneshot::channel();
        let own = controls.clone();
        let life = move || {
            let terminal = Terminal::new(out).expect("a thread");
            // Nobody may be there any more to hear of it.
            let _ = end.send(postrider::run(&config, listeners, &own, &terminal));
        };
        std::thread::Builder::new().name("server".to_owned()).spawn(life).expect("a thread");
        let ready = within("ready", lines.wait_for(|all| all.iter().any(|one| one == "ready")));
        if ready.await.is_err() {
            panic!("the server did not start: {:?}", ended.await);
        }
        let (gateway, admin) = (Client::new(local(gateway)), Admin(Client::new(local(admin))));
        Self { home, gateway, admin, controls, lines, ended }
    }

    /// Ends it as a signal would, and leaves its home.
    pub async fn stop(self) -> Home {
        self.controls.trigger.pull();
        let ended = within("the end of the server", self.ended).await;
        ended.expect("the server's thread did not panic").expect("the server ended well");
        self.home
    }

    /// Posts events as the source `app`.
    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.gateway.post(path, "key-app", body).await
    }

    /// Posts events as the source `app`, which must be taken.
    pub async fn accept(&self, path: &str, body: impl Into<Vec<u8>>) {
        let answer = self.post(path, body).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }
}

fn local(address: SocketAddr) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], address.port()))
}

/// An attempt as the API lists it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Attempt {
    pub destination: String,
    pub seq: u64,
    pub number: u32,
    pub status: u16,
    pub fate: String,
    pub reason: String,
    pub detail: String,
}

impl Attempt {
    /// Number, status, fate and reason.
    pub fn gist(&self) -> (u32, u16, &str, &str) {
        (self.number, self.status, &self.fate, &self.reason)
    }
}

/// A rejection as the API lists it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Rejection {
    pub source: Option<String>,
    pub reason: String,
    pub detail: String,
    pub sample: String,
}

/// A destination as the status shows it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct DestinationStatus {
    pub id: String,
    pub state: String,
    pub waiting: u64,
    pub retrying: u64,
    pub delivered_first_try: u64,
    pub delivered_on_retry: u64,
    pub gave_up: u64,
    pub filtered: FilteredStatus,
}

/// Events of a destination that were filtered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct FilteredStatus {
    pub total: u64,
    pub by_reason: Vec<FilteredBy>,
}

/// How many events were filtered for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct FilteredBy {
    pub reason: String,
    pub sentence: String,
    pub count: u64,
}

impl FilteredStatus {
    /// Reasons and counts, the most frequent first.
    pub fn gist(&self) -> Vec<(&str, u64)> {
        self.by_reason.iter().map(|one| (one.reason.as_str(), one.count)).collect()
    }
}

impl DestinationStatus {
    /// Deliveries that need nothing more.
    pub fn finished(&self) -> u64 {
        self.delivered_first_try + self.delivered_on_retry + self.gave_up
    }
}

/// What the admin listener tells.
#[derive(Clone, Copy)]
pub struct Admin(pub Client);

impl Admin {
    pub async fn get(&self, target: &str) -> Value {
        let answer = self.0.get(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.json()
    }

    /// Attempts that match a query string, oldest first.
    pub async fn attempts(&self, query: &str) -> Vec<Attempt> {
        let mut list = self.get(&format!("/api/v1/attempts?limit=500&{query}")).await;
        let mut attempts: Vec<Attempt> = read(list["attempts"].take());
        attempts.reverse();
        attempts
    }

    /// Waits until so many attempts match.
    pub async fn wait_for_attempts(&self, query: &str, count: usize) -> Vec<Attempt> {
        let what = format!("{count} attempts with {query}");
        eventually(&what, || self.attempts(query), |all| all.len() >= count).await
    }

    /// Waits until so many events of a destination are counted as filtered.
    pub async fn wait_until_filtered(&self, id: &str, count: u64) -> FilteredStatus {
        let what = format!("{count} events of {id} are filtered");
        let enough = |one: &DestinationStatus| one.filtered.total >= count;
        eventually(&what, || self.destination(id), enough).await.filtered
    }

    /// Posts JSON.
    pub async fn post(&self, target: &str, body: &Value) -> Answer {
        self.0.send(&Request::new("POST", target).body(body.to_string())).await
    }

    /// Rejections, oldest first.
    pub async fn rejections(&self) -> Vec<Rejection> {
        let mut list = self.get("/api/v1/rejections?limit=500").await;
        let mut rejections: Vec<Rejection> = read(list["rejections"].take());
        rejections.reverse();
        rejections
    }

    /// Waits until so many rejections are listed.
    pub async fn wait_for_rejections(&self, count: usize) -> Vec<Rejection> {
        let what = format!("{count} rejections");
        eventually(&what, || self.rejections(), |all| all.len() >= count).await
    }

    /// Events stored since the server started.
    pub async fn accepted(&self) -> u64 {
        self.get("/api/v1/status").await["accepted"].as_u64().expect("a number")
    }

    /// Requests and events refused since the server started.
    pub async fn rejected(&self) -> u64 {
        self.get("/api/v1/status").await["rejected"].as_u64().expect("a number")
    }

    pub async fn destination(&self, id: &str) -> DestinationStatus {
        let mut status = self.get("/api/v1/status").await;
        let all: Vec<DestinationStatus> = read(status["destinations"].take());
        all.into_iter().find(|one| one.id == id).expect("the destination is there")
    }

    /// Waits until so many deliveries of a destination are finished, and written down as that.
    pub async fn wait_until_finished(&self, id: &str, count: usize) -> DestinationStatus {
        let what = format!("{count} deliveries of {id} are finished");
        eventually(&what, || self.destination(id), |one| one.finished() >= count as u64).await
    }
}

/// The body of a problem with this status and code.
pub fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    let problem = answer.json();
    let kind = Some("application/problem+json");
    assert_eq!((answer.status, answer.get("content-type")), (status, kind), "{problem}");
    assert_eq!((&problem["status"], &problem["code"]), (&status.into(), &code.into()));
    problem
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the API keeps its shape")
}

/// Takes a terminal's bytes and shows its lines.
struct Lines {
    line: Vec<u8>,
    all: watch::Sender<Vec<String>>,
}

fn lines() -> (impl Write + Send, watch::Receiver<Vec<String>>) {
    let (all, lines) = watch::channel(Vec::new());
    (Lines { line: Vec::new(), all }, lines)
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for byte in bytes {
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.line).into_owned();
                self.all.send_modify(|all| all.push(line));
                self.line.clear();
            } else {
                self.line.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Milliseconds.
pub const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}
