//! The real binary as a process of its own, to be signalled, killed and asked for its exit code.

use std::net::SocketAddr;
use std::process::Stdio;

use testkit::{Client, within};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::harness::{Admin, Home};

/// A server in a process of its own; it is killed where it is forgotten.
pub struct Process {
    pub gateway: Client,
    pub admin: Admin,
    child: Child,
    log: watch::Receiver<Vec<String>>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The flags of a server in this home, which come before others; the last of a kind holds.
fn flags(home: &Home) -> Vec<String> {
    let places = [
        ("--gateway", "127.0.0.1:0".to_owned()),
        ("--admin", "127.0.0.1:0".to_owned()),
        ("--data-dir", home.text_path("data")),
        ("--workspace", home.text_path("workspace.json")),
        ("--egress-allow", "127.0.0.0/8".to_owned()),
        ("--delivery-retry-min-backoff", "10ms".to_owned()),
        ("--delivery-retry-max-backoff", "40ms".to_owned()),
        ("--runtime-threads", "2".to_owned()),
    ];
    places.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
}

fn command(arguments: &[String], home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command.args(arguments).current_dir(home.path("")).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

impl Process {
    /// Starts a server with flags besides those of its home, and waits until it is ready.
    pub async fn start(home: &Home, more: &[&str]) -> Self {
        let mut arguments = vec!["serve".to_owned()];
        arguments.extend(flags(home));
        arguments.extend(more.iter().map(|flag| (*flag).to_owned()));
        let mut child = command(&arguments, home).spawn().expect("the binary starts");
        let mut lines = watched(child.stdout.take().expect("a pipe"));
        let log = watched(child.stderr.take().expect("a pipe"));
        let is_ready = |all: &Vec<String>| all.iter().any(|line| line == "ready");
        let ready = within("ready", lines.wait_for(is_ready)).await.map(|all| all.clone());
        let Ok(lines) = ready else { panic!("the server did not start: {:?}", *log.borrow()) };
        let address = |name: &str| -> SocketAddr {
            let found = lines.iter().find_map(|line| line.strip_prefix(name));
            found.expect("it says where it listens").parse().expect("an address")
        };
        let gateway = Client::new(address("gateway listening on "));
        let admin = Admin(Client::new(address("admin listening on ")));
        Self { gateway, admin, child, log }
    }

    /// Runs the binary to its end.
    pub async fn run(home: &Home, arguments: &[&str]) -> Ended {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        Self::run_owned(home, arguments).await
    }

    /// Runs a server, with flags besides those of its home, to its end.
    pub async fn serve(home: &Home, more: &[&str]) -> Ended {
        let mut arguments = vec!["serve".to_owned()];
        arguments.extend(flags(home));
        arguments.extend(more.iter().map(|flag| (*flag).to_owned()));
        Self::run_owned(home, arguments).await
    }

    async fn run_owned(home: &Home, arguments: Vec<String>) -> Ended {
        let output = within("the end of the process", command(&arguments, home).output()).await;
        let output = output.expect("the binary starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.id());
        let status = Command::new("/bin/sh").arg("-c").arg(line).status().await.expect("a shell");
        assert!(status.success(), "signal {name} was sent");
    }

    /// Waits until a line of the log holds a text.
    pub async fn wait_for_log(&self, text: &str) {
        let mut log = self.log.clone();
        let what = format!("a line of the log with {text:?}");
        let waiting = log.wait_for(|all| all.iter().any(|line| line.contains(text)));
        assert!(within(&what, waiting).await.is_ok(), "{what}: {:?}", *self.log.borrow());
    }

    /// Kills it as a power cut of the process would, and waits until it is gone.
    pub async fn kill(mut self) {
        within("the end of the process", self.child.kill()).await.expect("it was killed");
    }

    /// Waits until it ends by itself; its exit code.
    pub async fn exit_code(mut self) -> Option<i32> {
        let status = within("the end of the process", self.child.wait()).await;
        status.expect("a status").code()
    }
}

/// The lines of a pipe, as they come.
fn watched(pipe: impl AsyncRead + Send + Unpin + 'static) -> watch::Receiver<Vec<String>> {
    let (all, lines) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut pipe = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = pipe.next_line().await {
            all.send_modify(|all| all.push(line));
        }
    });
    lines
}
