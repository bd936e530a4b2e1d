//! The ground of a row: a home for the server, an endpoint with its logs, and the auditor.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use testkit::Workspace;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::load::{Load, Plan};
use crate::notes::Notes;
use crate::row::{Order, Row};
use crate::server::{Server, Standing, Starting};
use crate::sink::{Closed, Manner, Place, Sink};

/// Longest wait for something to arrive while anything waits. Source: chosen; above every backoff.
const STANDSTILL_MAX: Duration = Duration::from_secs(45);

/// How often the API is asked. Source: chosen.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Settings that all rows share: failures are tried again soon, and nothing is given up.
const SETTINGS: &str = "\
gateway = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndata_dir = \"data\"\n\
workspace = \"workspace.json\"\n\
[egress]\nallow = [\"127.0.0.0/8\"]\n\
[runtime]\nthreads = 2\n\
[delivery]\nretry_min_backoff = \"5ms\"\nretry_max_backoff = \"200ms\"\n";

/// Everything that a row stands on.
pub struct Ground {
    binary: PathBuf,
    dir: PathBuf,
    gateway: watch::Sender<Option<SocketAddr>>,
    /// What was answered 200.
    pub answered: Notes,
    /// The destinations, by number.
    pub places: Vec<Rc<Place>>,
    pub dice: Dice,
    origin: Instant,
    sinks: Vec<Sink>,
    loads: usize,
}

/// What the auditor says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verdict {
    pub answered: u64,
    pub lost: u64,
    pub reordered: u64,
    pub copies: u64,
    pub unknown: u64,
    pub clean: bool,
}

impl Ground {
    /// Ground with so many destinations, all behind one port; `delivery` are more settings.
    pub fn new(order: &Order, places: usize, delivery: &str) -> anyhow::Result<Self> {
        let sink = Closed::new()?;
        let urls = vec![sink.address()?; places];
        let mut ground = Self::with_urls(order, &urls, delivery)?;
        ground.open(sink)?;
        Ok(ground)
    }

    /// Ground whose destinations are behind these ports, which are to be opened.
    pub fn with_urls(order: &Order, ports: &[SocketAddr], delivery: &str) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("postrider-faults-").tempdir()?.keep();
        let mut workspace = Workspace::of_app();
        let mut places = Vec::new();
        for (number, port) in ports.iter().enumerate() {
            workspace =
                workspace.posts_to(&format!("d-{number}"), &format!("http://{port}/{number}"));
            let arrived = Notes::new(&dir.join(format!("arrived-{number}")), "messageId,time\n")?;
            let replayed = Notes::new(&dir.join(format!("replayed-{number}")), "messageId,time\n")?;
            let manner = Cell::new(Manner::Takes);
            places.push(Rc::new(Place { manner, arrived, replayed }));
        }
        fs::write(dir.join("workspace.json"), workspace.text())?;
        fs::write(dir.join("postrider.toml"), format!("{SETTINGS}{delivery}"))?;
        let answered = Notes::new(&dir.join("answered"), "")?;
        let (binary, dice) = (order.binary.clone(), Dice::new(order.seed, 1));
        let (gateway, _) = watch::channel(None);
        let (origin, sinks, loads) = (Instant::now(), Vec::new(), 0);
        Ok(Self { binary, dir, gateway, answered, places, dice, origin, sinks, loads })
    }

    /// Lets a port answer.
    pub fn open(&mut self, port: Closed) -> anyhow::Result<()> {
        let dice = Dice::new(self.dice.roll(u64::MAX), 2);
        self.sinks.push(port.open(self.places.clone(), (dice, self.origin))?);
        Ok(())
    }

    /// The server's directory of data.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Where everything is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Starts a server, and does not wait for it.
    pub fn begin(&self, wrapper: &[String]) -> anyhow::Result<Starting> {
        Starting::new(&self.binary, &self.dir, wrapper)
    }

    /// Starts a server and tells the senders where it is; none where it ends before it is ready.
    pub async fn try_start(&self, wrapper: &[String]) -> anyhow::Result<Option<Server>> {
        let server = self.begin(wrapper)?.ready().await?;
        if let Some(server) = &server {
            self.gateway.send_replace(Some(server.gateway));
        }
        Ok(server)
    }

    /// Starts a server and tells the senders where it is.
    pub async fn start(&self) -> anyhow::Result<Server> {
        self.try_start(&[])
            .await?
            .with_context(|| format!("it ended: see {}/log", self.dir.display()))
    }

    /// Kills a server.
    pub async fn kill(&self, server: Server) -> anyhow::Result<()> {
        server.kill().await?;
        self.gone();
        Ok(())
    }

    /// Tells the senders that there is no server.
    pub fn gone(&self) {
        self.gateway.send_replace(None);
    }

    /// Starts senders.
    pub fn load(&mut self, plan: Plan) -> Load {
        let dice = Dice::new(self.dice.roll(u64::MAX), 3);
        let terms = (self.loads, &dice, self.origin);
        self.loads += 1;
        Load::start(plan, self.gateway.subscribe(), self.answered.clone(), terms)
    }

    /// Waits until so much was answered.
    pub async fn until_answered(&self, count: u64) -> anyhow::Result<()> {
        let what = || format!("{} of {count} answered", self.answered.lines());
        self.until(what, || self.answered.lines() >= count, || self.answered.lines()).await
    }

    /// Waits until so much has come in replays.
    pub async fn until_replayed(&self, place: usize, count: u64) -> anyhow::Result<()> {
        let log = &self.places.get(place).context("no such place")?.replayed;
        let what = || format!("{} of {count} replayed", log.lines());
        self.until(what, || log.lines() >= count, || log.lines()).await
    }

    /// Waits until nothing waits at any destination.
    pub async fn drain(&self, server: &Server) -> anyhow::Result<()> {
        self.drain_some(server, |_| true).await
    }

    /// Waits until nothing waits at the destinations with these numbers.
    pub async fn drain_some(
        &self,
        server: &Server,
        counts: impl Fn(usize) -> bool,
    ) -> anyhow::Result<()> {
        let (mut arrived, mut since) = (0, Instant::now());
        loop {
            let standings = server.standings().await?;
            let named = standings.iter().enumerate().filter(|(number, _)| counts(*number));
            let waiting: u64 = named.map(|(_, Standing { unsettled, .. })| unsettled).sum();
            let now = self.places.iter().map(|place| place.arrived.lines()).sum::<u64>();
            if waiting == 0 {
                return Ok(());
            }
            if now > arrived {
                (arrived, since) = (now, Instant::now());
            }
            if since.elapsed() > STANDSTILL_MAX {
                bail!("{waiting} deliveries wait and nothing arrives; see {}", self.dir.display());
            }
            sleep(ASK_EVERY).await;
        }
    }

    async fn until(
        &self,
        what: impl Fn() -> String,
        holds: impl Fn() -> bool,
        progress: impl Fn() -> u64,
    ) -> anyhow::Result<()> {
        let (mut seen, mut since) = (progress(), Instant::now());
        while !holds() {
            if progress() > seen {
                (seen, since) = (progress(), Instant::now());
            }
            if since.elapsed() > STANDSTILL_MAX {
                bail!("{} and no more; see {}", what(), self.dir.display());
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Has the auditor compare what was answered with what a destination got.
    pub async fn audit(&self, place: usize) -> anyhow::Result<Verdict> {
        let arrived = self.places.get(place).context("no such place")?.arrived.written()?;
        self.compare(self.answered.written()?, arrived).await
    }

    /// Keeps what was answered until now, for an audit of replays.
    pub fn keep_answered(&self) -> anyhow::Result<PathBuf> {
        let kept = self.dir.join("answered-before");
        fs::copy(self.answered.written()?, &kept)?;
        Ok(kept)
    }

    /// Has the auditor compare what was kept with what a destination got in replays.
    pub async fn audit_replays(&self, kept: &Path, place: usize) -> anyhow::Result<Verdict> {
        let replayed = self.places.get(place).context("no such place")?.replayed.written()?;
        self.compare(kept, replayed).await
    }

    async fn compare(&self, answered: &Path, arrived: &Path) -> anyhow::Result<Verdict> {
        let mut command = Command::new(&self.binary);
        command.arg("audit").args([answered, arrived]).arg("--json").kill_on_drop(true);
        let output = command.output().await?;
        let said: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let count = |value: &Value| value.as_u64().context("no count");
        if count(&said["answered_again"])? > 0 {
            bail!("the load itself used one messageId twice");
        }
        let clean = output.status.success();
        if !clean {
            let log = arrived.file_name().unwrap_or_default().to_string_lossy();
            fs::write(self.dir.join(format!("audit-of-{log}.json")), &output.stdout)?;
        }
        Ok(Verdict {
            answered: count(&said["answered"])?,
            lost: count(&said["lost"]["events"])?,
            reordered: count(&said["reordered"]["events"])?,
            copies: count(&said["duplicated"]["copies"])?,
            unknown: count(&said["unknown"])?,
            clean,
        })
    }

    /// Whether `postrider check` finds the data directory sound; what it says is kept.
    pub async fn check(&self) -> anyhow::Result<bool> {
        let mut command = Command::new(&self.binary);
        command.env_clear().args(["check", "--data-dir"]).arg(self.data()).kill_on_drop(true);
        let output = command.output().await?;
        fs::write(self.dir.join("check"), [output.stdout, output.stderr].concat())?;
        Ok(output.status.success())
    }

    /// Milliseconds from the sending of an event to its first arrival that 99 of 100 are below, of
    /// the events sent in a time.
    pub fn p99_ms(&self, place: usize, sent_in: Range<Instant>) -> anyhow::Result<f64> {
        let micros = |at: Instant| at.duration_since(self.origin).as_micros();
        let sent_in = micros(sent_in.start)..micros(sent_in.end);
        let mut sent: HashMap<String, u128> = HashMap::new();
        for line in fs::read_to_string(self.answered.written()?)?.lines() {
            let event: Value = serde_json::from_str(line)?;
            let time = u128::from(event["time"].as_u64().context("no time")?);
            if sent_in.contains(&time) {
                sent.insert(event["messageId"].as_str().context("no id")?.to_owned(), time);
            }
        }
        let mut took = Vec::new();
        let arrived = self.places.get(place).context("no such place")?.arrived.written()?;
        for line in fs::read_to_string(arrived)?.lines().skip(1) {
            let (id, time) = line.split_once(',').context("two fields")?;
            if let Some(sent) = sent.remove(id) {
                took.push(time.parse::<u128>()?.saturating_sub(sent));
            }
        }
        took.sort_unstable();
        let at = (took.len() * 99).div_ceil(100).saturating_sub(1);
        Ok(*took.get(at).context("nothing arrived")? as f64 / 1e3)
    }

    /// Takes everything away, where nobody needs to look at it.
    pub fn clear(self) {
        drop(self.sinks);
        // What cannot be removed is in the system's directory for such things.
        let _ = fs::remove_dir_all(&self.dir);
    }

    /// Ends a row; where it has failed, everything stays.
    pub fn end(self, row: Row) -> Row {
        if !row.has_failed() {
            self.clear();
        }
        row
    }
}

impl Verdict {
    /// What it says, in a few words.
    pub fn text(&self) -> String {
        let Self { answered, lost, reordered, copies, unknown, .. } = self;
        let mut text = format!("{answered} answered, {lost} lost, {reordered} reordered");
        // A text takes everything.
        let _ = write!(text, ", {copies} copies, {unknown} unknown");
        text
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let Self { answered, lost, reordered, copies, unknown, clean } = self;
        serde_json::json!({
            "answered": answered, "lost": lost, "reordered": reordered, "copies": copies,
            "unknown": unknown, "clean": clean,
        })
    }
}
