//! The real binary as a process: started, watched, killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest wait for a server to be ready, or to end. Source: chosen; recovery on two busy cores.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A server that was started; it is killed where it is dropped.
pub struct Server {
    child: Child,
    pub gateway: SocketAddr,
    pub admin: SocketAddr,
}

/// A server that has been started and may not be ready yet.
pub struct Starting(Child);

/// What is known of a destination.
pub struct Standing {
    /// Events of the journal that are not settled here; a server that has just started says of its
    /// destinations that nothing waits, until they have looked.
    pub unsettled: u64,
    pub gave_up: u64,
}

impl Starting {
    /// Starts a server in a home; `wrapper` is put in front of the command.
    pub fn new(binary: &Path, home: &Path, wrapper: &[String]) -> anyhow::Result<Self> {
        let mut words = wrapper.iter().map(AsRef::as_ref).chain([binary.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or(binary.as_os_str()));
        command.args(words).arg("serve").current_dir(home).env_clear();
        command.env("POSTRIDER_ADMIN_AUTH", "off");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let log = std::fs::File::options().create(true).append(true).open(home.join("log"))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        Ok(Self(command.spawn().context("the binary cannot be started")?))
    }

    /// Waits until it is ready; none where it ends before.
    pub async fn ready(mut self) -> anyhow::Result<Option<Server>> {
        let stdout = self.0.stdout.take().context("a pipe")?;
        let mut lines = BufReader::new(stdout).lines();
        let (mut gateway, mut admin) = (None, None);
        loop {
            let line = timeout(WAIT_MAX, lines.next_line()).await.context("it is not ready")??;
            let Some(line) = line else { return Ok(None) };
            if let Some(address) = line.strip_prefix("gateway listening on ") {
                gateway = Some(address.parse()?);
            } else if let Some(address) = line.strip_prefix("admin listening on ") {
                admin = Some(address.parse()?);
            } else if line == "ready" {
                // What it says after that is read by nobody, which it has to bear.
                let (gateway, admin) = (gateway.context("no gateway")?, admin.context("no admin")?);
                return Ok(Some(Server { child: self.0, gateway, admin }));
            }
        }
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.0.kill().await?)
    }
}

impl Server {
    /// Ends it as `kill -9` does.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end, as a supervisor does, and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("it has ended")?.to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        let status = timeout(WAIT_MAX, self.child.wait()).await.context("it does not end")??;
        if !status.success() {
            bail!("it ended with {status}");
        }
        Ok(())
    }

    /// Waits until it ends by itself; none where it has not after this time.
    pub async fn ended(&mut self, time_max: Duration) -> anyhow::Result<Option<ExitStatus>> {
        match timeout(time_max, self.child.wait()).await {
            Ok(status) => Ok(Some(status?)),
            Err(_) => Ok(None),
        }
    }

    /// Memory of the process that is in use, in MiB.
    pub fn resident_mib(&self) -> anyhow::Result<f64> {
        let id = self.child.id().context("it has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
        Ok(number.parse::<f64>()? / 1_024.0)
    }

    /// What the API says of each destination, in the order of their numbers.
    pub async fn standings(&self) -> anyhow::Result<Vec<Standing>> {
        let status = self.ask("GET", "/api/v1/status").await?;
        let destinations = status["destinations"].as_array().context("no destinations")?;
        let head = status["journal"]["head"].as_u64().context("no head")?;
        let number = |one: &serde_json::Value| one["id"].as_str()?.strip_prefix("d-")?.parse().ok();
        let mut all: Vec<(usize, Standing)> = Vec::new();
        for one in destinations {
            let count = |name: &str| one[name].as_u64().with_context(|| format!("no {name}"));
            let gave_up = count("gave_up")? + count("expired")?;
            let delivered = count("delivered_first_try")? + count("delivered_on_retry")?;
            let standing =
                Standing { unsettled: head.saturating_sub(1 + delivered + gave_up), gave_up };
            all.push((number(one).context("an id of ours")?, standing));
        }
        all.sort_by_key(|(number, _)| *number);
        Ok(all.into_iter().map(|(_, standing)| standing).collect())
    }

    /// Has a destination tried again at once.
    pub async fn try_now(&self, place: usize) -> anyhow::Result<()> {
        self.ask("POST", &format!("/api/v1/destinations/d-{place}/try-now")).await.map(|_| ())
    }

    /// Makes a replay; its number.
    pub async fn replay(&self, body: &serde_json::Value) -> anyhow::Result<u64> {
        let made = self.ask_with("POST", "/api/v1/replays", &body.to_string()).await?;
        made["id"].as_u64().context("no number")
    }

    /// What the API says of a replay.
    pub async fn replay_state(&self, id: u64) -> anyhow::Result<serde_json::Value> {
        self.ask("GET", &format!("/api/v1/replays/{id}")).await
    }

    async fn ask(&self, method: &str, path: &str) -> anyhow::Result<serde_json::Value> {
        self.ask_with(method, path, "").await
    }

    /// Asks the API, on a connection of its own.
    async fn ask_with(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> anyhow::Result<serde_json::Value> {
        let mut stream = TcpStream::connect(self.admin).await?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        let reading = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
        timeout(WAIT_MAX, reading).await.context("the API does not answer")??;
        let text = String::from_utf8(answer)?;
        let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
        if !head.starts_with("HTTP/1.1 2") {
            bail!("{path}: {text}");
        }
        Ok(serde_json::from_str(body).unwrap_or_default())
    }
}
