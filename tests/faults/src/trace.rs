//! What `strace` shows of a server: its syncs of the journal, and its answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The journal's log of what is not yet in its main file: what an answer waits for.
const JOURNAL: &str = "/journal.db-wal>";

/// How an answer to a sender begins; the requests of deliveries begin otherwise.
const ANSWER: &str = "\"HTTP/1.1 200";

/// What was seen of promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Promises {
    /// Answers 200.
    pub answers: u64,
    /// Syncs that were made to fail.
    pub failed: u64,
    /// Answers without a sync of the journal since the answer before, or after one that failed.
    pub broken: u64,
}

impl Promises {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.failed += other.failed;
        self.broken += other.broken;
    }
}

/// Whether processes can be traced here.
pub async fn is_possible() -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-D", "-qq", "-o", "/dev/null", "true"]);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

/// The command that lets the N-th sync of each thread fail, and writes what it sees to a file. The
/// server stays the child of whoever starts it.
pub fn failing_sync(number: u64, out: &Path) -> Vec<String> {
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={number}");
    let words = ["strace", "-f", "-D", "-qq", "-y", "-s", "16", "--seccomp-bpf"];
    let words = words.into_iter().map(str::to_owned);
    let calls = "trace=fsync,fdatasync,write,writev,sendto,sendmsg".to_owned();
    let more = ["-e".to_owned(), calls, "-e".to_owned(), inject];
    words.chain(more).chain(["-o".to_owned(), out.display().to_string()]).collect()
}

/// Reads a trace of a server whose senders wait for each answer, one event at a time.
pub fn promises(trace: &str) -> Promises {
    let mut seen = Promises::default();
    let (mut is_synced, mut has_failed) = (false, false);
    // What a thread's call is about, where its end stands in a line of its own.
    let mut open: BTreeMap<&str, bool> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let is_sync = call.contains("sync(") || call.contains("sync resumed>");
        if is_sync && call.ends_with("<unfinished ...>") {
            open.insert(thread, call.contains(JOURNAL));
        } else if is_sync {
            let of_journal = match call.starts_with("<...") {
                true => open.remove(thread).unwrap_or(false),
                false => call.contains(JOURNAL),
            };
            let failed = call.contains("(INJECTED)");
            seen.failed += u64::from(failed);
            has_failed |= of_journal && failed;
            is_synced |= of_journal && call.ends_with("= 0");
        } else if call.contains(ANSWER) {
            seen.answers += 1;
            seen.broken += u64::from(has_failed || !is_synced);
            is_synced = false;
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_promises_are_seen() {
        let check = |trace: &str, answers: u64, broken: u64| {
            let seen = promises(trace);
            assert_eq!((seen.answers, seen.broken), (answers, broken), "{trace}");
        };
        let sync = "7 fdatasync(9</d/journal.db-wal>) = 0\n";
        let other = "7 fdatasync(9</d/state.db-wal>) = 0\n";
        let failed = "7 fdatasync(9</d/journal.db-wal>) = -1 EIO (Input/output error) (INJECTED)\n";
        let other_failed = "7 fsync(9</d/state.db>) = -1 EIO (Input/output error) (INJECTED)\n";
        let answer =
            "8 writev(5<TCP:[1]>, [{iov_base=\"HTTP/1.1 200 OK\\r\"..., iov_len=9}], 1) = 9\n";
        let begun = "7 fdatasync(9</d/journal.db-wal> <unfinished ...>\n";
        let resumed = "7 <... fdatasync resumed>) = 0\n";
        check(&[sync, answer, sync, answer].concat(), 2, 0);
        check(&[begun, resumed, answer].concat(), 1, 0);
        check(&[begun, answer, resumed].concat(), 1, 1);
        check(&[sync, answer, answer].concat(), 2, 1);
        check(&[other, answer].concat(), 1, 1);
        check(&[sync, other_failed, answer].concat(), 1, 0);
        check(&[sync, failed, answer].concat(), 1, 1);
        check(&[failed, sync, answer].concat(), 1, 1);
        assert_eq!(promises(failed).failed, 1);
    }
}
