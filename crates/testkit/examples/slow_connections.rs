//! Holds slow connections open: half of them in the middle of a request's head, half in its body.
//!
//! In come a port, a number of connections and a file with the head of a request. Each connection
//! sends one byte more every two seconds; one that the server ends is opened again. `open` is said
//! once all are; when standard input ends, how many are open then.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};

const TRICKLE: Duration = Duration::from_secs(2);

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many connections are open, counted while one of these is kept.
struct Open(Rc<Cell<usize>>);

impl Open {
    fn one(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn main() -> Outcome<()> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [port, count, head] = &words[..] else {
        return Err("needs: PORT COUNT HEAD_FILE".into());
    };
    let (port, count, head) = (port.parse()?, count.parse()?, std::fs::read_to_string(head)?);
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, hold(port, count, &head))
}

#[allow(clippy::print_stdout, reason = "whoever started it waits for these lines")]
async fn hold(port: u16, count: usize, head: &str) -> Outcome<()> {
    let starts = [
        format!("{head}X-Slow: "),
        format!("{head}Content-Length: 1024\r\n\r\n{{\"userId\":\"slow\",\"x\":\""),
    ];
    let starts = starts.map(Rc::<str>::from);
    let open = Rc::new(Cell::new(0));
    let mut running = JoinSet::new();
    for number in 0..count {
        // They take turns, as strangers would.
        let first = TRICKLE.mul_f64(number as f64 / count as f64);
        running.spawn_local(slow(port, first, starts[number % 2].clone(), open.clone()));
    }
    while open.get() < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("open {count}");
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    println!("held {}", open.get());
    Ok(())
}

/// Opens one connection after the other, and lets each trickle until it is ended.
async fn slow(port: u16, first: Duration, start: Rc<str>, open: Rc<Cell<usize>>) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await
            && stream.write_all(start.as_bytes()).await.is_ok()
        {
            let _open = Open::one(&open);
            trickle(&mut stream, first).await;
        }
        tokio::time::sleep(TRICKLE / 10).await;
    }
}

async fn trickle(stream: &mut TcpStream, first: Duration) {
    let mut wait = first;
    loop {
        tokio::select! {
            // Whatever is said, the request was not finished: the server is about to close.
            _ = stream.read_u8() => return,
            () = tokio::time::sleep(wait) => {
                wait = TRICKLE;
                if stream.write_all(b"y").await.is_err() {
                    return;
                }
            }
        }
    }
}
