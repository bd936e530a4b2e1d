//! The real binary as a process of its own, to be signalled, killed and asked for its exit code.

use std::cell::Cell;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
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
    /// Lines of the log that were waited for already, and those before them.
    log_read: Cell<usize>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The settings of a server in this home, as variables: a flag wins over each.
fn variables(home: &Home) -> [(&'static str, String); 9] {
    [
        ("POSTRIDER_GATEWAY", "127.0.0.1:0".to_owned()),
        ("POSTRIDER_ADMIN", "127.0.0.1:0".to_owned()),
        ("POSTRIDER_ADMIN_AUTH", "off".to_owned()),
        ("POSTRIDER_DATA_DIR", home.text_path("data")),
        ("POSTRIDER_WORKSPACE", home.text_path("workspace.json")),
        ("POSTRIDER_EGRESS_ALLOW", "127.0.0.0/8".to_owned()),
        ("POSTRIDER_DELIVERY_RETRY_MIN_BACKOFF", "10ms".to_owned()),
        ("POSTRIDER_DELIVERY_RETRY_MAX_BACKOFF", "40ms".to_owned()),
        ("POSTRIDER_RUNTIME_THREADS", "2".to_owned()),
    ]
}

fn command(home: &Home, subcommand: &[&str], flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command.args(subcommand).args(flags).stdin(Stdio::null());
    at_home(command, home)
}

/// A server that is given a socket as systemd gives it: the shell hands its standard input on under
/// the first number of that protocol, to a process with its own id.
fn command_with_socket(home: &Home, socket: OwnedFd) -> Command {
    let script = r#"exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_postrider"), "serve"]);
    command.stdin(Stdio::from(socket));
    at_home(command, home)
}

fn at_home(mut command: Command, home: &Home) -> Command {
    command.current_dir(home.path("")).env_clear().envs(variables(home));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn to_the_end(mut command: Command) -> Ended {
    let output = within("the end of the process", command.output()).await;
    let output = output.expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

impl Process {
    /// Starts a server in this home, and waits until it is ready.
    pub async fn start(home: &Home, flags: &[&str]) -> Self {
        Self::started(command(home, &["serve"], flags)).await
    }

    /// The same with one more variable.
    pub async fn start_with(home: &Home, variable: (&str, String)) -> Self {
        Self::start_with_all(home, [variable]).await
    }

    /// The same with more variables.
    pub async fn start_with_all<const N: usize>(home: &Home, more: [(&str, String); N]) -> Self {
        let mut command = command(home, &["serve"], &[]);
        command.envs(more);
        Self::started(command).await
    }

    /// Runs a server with more variables to its end.
    pub async fn serve_with_all<const N: usize>(home: &Home, more: [(&str, String); N]) -> Ended {
        let mut command = command(home, &["serve"], &[]);
        command.envs(more);
        to_the_end(command).await
    }

    /// The same with a socket that is listening already.
    pub async fn start_with_socket(home: &Home, socket: &TcpListener) -> Self {
        let socket = socket.try_clone().expect("a socket");
        Self::started(command_with_socket(home, socket.into())).await
    }

    /// The same with so many open files at most.
    pub async fn start_with_files(home: &Home, flags: &[&str], files_max: u32) -> Self {
        let script = format!("ulimit -n {files_max} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_postrider")).arg("serve").args(flags);
        shell.stdin(Stdio::null());
        Self::started(at_home(shell, home)).await
    }

    async fn started(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
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
        Self { gateway, admin, child, log, log_read: Cell::new(0) }
    }

    /// Runs a server in this home to its end.
    pub async fn serve(home: &Home, flags: &[&str]) -> Ended {
        Self::run(home, &["serve"], flags).await
    }

    /// Runs any subcommand in this home to its end.
    pub async fn run(home: &Home, subcommand: &[&str], flags: &[&str]) -> Ended {
        to_the_end(command(home, subcommand, flags)).await
    }

    /// The same on a terminal, which takes both outputs; all that it shows, with colours.
    pub async fn run_on_terminal(
        home: &Home,
        words: &[&str],
        (name, value): (&str, &str),
    ) -> String {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal");
        let path = ptsname(&terminal, Vec::new()).expect("a name");
        let open = || std::fs::File::options().write(true).open(path.to_str().expect("a name"));
        let mut command = command(home, words, &[]);
        command.stdout(open().expect("a terminal")).stderr(open().expect("a terminal"));
        let mut child = command.env(name, value).spawn().expect("the binary starts");
        drop(command);
        let shown = tokio::task::spawn_blocking(move || {
            let mut shown = Vec::new();
            // A terminal that nobody writes to any more ends with an error.
            let _ = std::fs::File::from(terminal).read_to_end(&mut shown);
            String::from_utf8(shown).expect("text")
        });
        within("the end of the process", child.wait()).await.expect("a status");
        within("the end of its output", shown).await.expect("its output")
    }

    /// The same, with a text on its standard input.
    pub async fn told(home: &Home, subcommand: &[&str], flags: &[&str], text: &str) -> Ended {
        let input = home.path("input");
        std::fs::write(&input, text).expect("a file");
        let mut command = command(home, subcommand, flags);
        command.stdin(std::fs::File::open(input).expect("a file"));
        to_the_end(command).await
    }

    /// Runs a server with a socket, whatever that is, to its end.
    pub async fn serve_with_socket(home: &Home, socket: OwnedFd) -> Ended {
        to_the_end(command_with_socket(home, socket)).await
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        send_signal(self.id(), name).await;
    }

    /// Waits until a line of the log holds a text, behind the line that was waited for last.
    pub async fn wait_for_log(&self, text: &str) {
        let mut log = self.log.clone();
        let what = format!("a line of the log with {text:?}");
        let read = self.log_read.get();
        let find = |all: &Vec<String>| {
            let found = all.iter().skip(read).position(|line| line.contains(text));
            found.map(|at| self.log_read.set(read + at + 1)).is_some()
        };
        let found = within(&what, log.wait_for(find)).await.is_ok();
        assert!(found, "{what}: {:?}", *self.log.borrow());
    }

    /// Waits until it has ended by itself; its whole log.
    pub async fn log_at_end(mut self) -> Vec<String> {
        within("the end of the process", self.child.wait()).await.expect("a status");
        within("the end of the log", async { while self.log.changed().await.is_ok() {} }).await;
        self.log.borrow().clone()
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

/// Any command while it runs; it is killed where it is forgotten.
pub struct Running {
    child: Child,
    stdout: watch::Receiver<Vec<String>>,
    stderr: watch::Receiver<Vec<String>>,
}

impl Running {
    /// Starts a subcommand in this home.
    pub fn start(home: &Home, subcommand: &[&str], flags: &[&str]) -> Self {
        let mut child = command(home, subcommand, flags).spawn().expect("the binary starts");
        let stdout = watched(child.stdout.take().expect("a pipe"));
        let stderr = watched(child.stderr.take().expect("a pipe"));
        Self { child, stdout, stderr }
    }

    /// Waits until a line that it prints holds a text; that line.
    pub async fn wait_for_line(&self, text: &str) -> String {
        self.wait_for(&self.stdout, text).await
    }

    /// The same for what it tells beside its data.
    pub async fn wait_until_told(&self, text: &str) -> String {
        self.wait_for(&self.stderr, text).await
    }

    async fn wait_for(&self, lines: &watch::Receiver<Vec<String>>, text: &str) -> String {
        let (what, mut lines) = (format!("a line with {text:?}"), lines.clone());
        let holds = |line: &&String| line.contains(text);
        let found = within(&what, lines.wait_for(|all| all.iter().any(|line| holds(&line)))).await;
        let Ok(all) = found else {
            panic!("{what}: {:?} {:?}", *self.stdout.borrow(), *self.stderr.borrow())
        };
        all.iter().find(holds).expect("it was found").clone()
    }

    /// Sends a signal, and waits for the end.
    pub async fn end_by(self, signal: &str) -> Ended {
        send_signal(self.child.id().expect("it runs"), signal).await;
        self.end().await
    }

    /// Waits until it ends by itself.
    pub async fn end(mut self) -> Ended {
        let status = within("the end of the process", self.child.wait()).await.expect("a status");
        let mut texts = Vec::new();
        for mut lines in [self.stdout, self.stderr] {
            within("the end of its output", async { while lines.changed().await.is_ok() {} }).await;
            texts.push(lines.borrow().iter().map(|line| format!("{line}\n")).collect::<String>());
        }
        let [stdout, stderr] = texts.try_into().expect("both");
        Ended { code: status.code(), stdout, stderr }
    }
}

async fn send_signal(id: u32, name: &str) {
    let line = format!("kill -{name} {id}");
    let status = Command::new("/bin/sh").arg("-c").arg(line).status().await.expect("a shell");
    assert!(status.success(), "signal {name} was sent");
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
