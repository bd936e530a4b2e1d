//! Sends events at a fixed pace, whether or not answers come, and says how long these took.
//!
//! In come a port, events per second, seconds, a file with the head of a request, a file with an
//! event in which `{m}`, `{a}` and `{u}` stand for its ids, and the number of the run. Out goes one
//! line of JSON. A time counts from right before a request is written until its answer is read, or
//! from when it was due where it had to wait for a connection; how far behind its pace the writing
//! was stands beside it. Node.js, which paces the lower loads
//! of `bench/`, would take a whole core for these.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::MissedTickBehavior;

/// Connections open before the first event.
const LINES: usize = 256;
/// Connections at most; what finds none free waits.
const LINES_MAX: usize = 1_024;
/// Time at the beginning that is not counted.
const WARM_UP: Duration = Duration::from_millis(500);

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Load {
    port: u16,
    rate: f64,
    count: u64,
    warm_up: u64,
    head: String,
    event: String,
    run: u32,
}

/// One request, answered.
struct Sent {
    index: u64,
    late: Duration,
    took: Duration,
}

/// An order for a connection.
#[derive(Clone, Copy)]
struct Order {
    index: u64,
    due: Instant,
    /// Whether it waits for a connection, which is the server's doing.
    waits: bool,
}

/// What all connections share.
#[derive(Default)]
struct Lines {
    free: Vec<mpsc::UnboundedSender<Order>>,
    waiting: VecDeque<Order>,
    sent: Vec<Sent>,
}

fn main() -> Outcome<()> {
    let load = load(std::env::args().skip(1).collect())?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let sent = LocalSet::new().block_on(&runtime, run(Rc::new(load)))?;
    #[allow(clippy::print_stdout, reason = "whoever started it reads the result")]
    {
        println!("{sent}");
    }
    Ok(())
}

fn load(words: Vec<String>) -> Outcome<Load> {
    let [port, rate, seconds, head, event, run] = &words[..] else {
        return Err("needs: PORT RATE SECONDS HEAD_FILE EVENT_FILE RUN".into());
    };
    let (rate, seconds): (f64, f64) = (rate.parse()?, seconds.parse()?);
    let events = |time: f64| (rate * time).round() as u64;
    Ok(Load {
        port: port.parse()?,
        rate,
        count: events(seconds + WARM_UP.as_secs_f64()),
        warm_up: events(WARM_UP.as_secs_f64()),
        head: std::fs::read_to_string(head)?,
        event: std::fs::read_to_string(event)?,
        run: run.parse()?,
    })
}

async fn run(load: Rc<Load>) -> Outcome<serde_json::Value> {
    let lines = Rc::new(RefCell::new(Lines::default()));
    let mut running = JoinSet::new();
    for _ in 0..LINES {
        let line = open(&load, &lines, &mut running).await?;
        lines.borrow_mut().free.push(line);
    }
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let start = Instant::now();
    let mut next = 0;
    while next < load.count {
        ticks.tick().await;
        let due = (start.elapsed().as_secs_f64() * load.rate) as u64;
        while next < due.min(load.count) {
            let due = start + Duration::from_secs_f64(next as f64 / load.rate);
            let order = Order { index: next, due, waits: false };
            next += 1;
            let free = lines.borrow_mut().free.pop();
            match free {
                Some(line) => line.send(order)?,
                None if running.len() < LINES_MAX => {
                    open(&load, &lines, &mut running).await?.send(order)?;
                }
                None => lines.borrow_mut().waiting.push_back(Order { waits: true, ..order }),
            }
        }
    }
    // A connection only ends where it fails.
    while lines.borrow().sent.len() < usize::try_from(load.count)? {
        ticks.tick().await;
        if let Some(ended) = running.try_join_next() {
            ended??;
        }
    }
    let mut sent = std::mem::take(&mut lines.borrow_mut().sent);
    sent.retain(|one| one.index >= load.warm_up);
    Ok(figures(&load, &sent))
}

async fn open(
    load: &Rc<Load>,
    lines: &Rc<RefCell<Lines>>,
    running: &mut JoinSet<std::io::Result<()>>,
) -> Outcome<mpsc::UnboundedSender<Order>> {
    let stream = TcpStream::connect(("127.0.0.1", load.port)).await?;
    stream.set_nodelay(true)?;
    let (own, orders) = mpsc::unbounded_channel();
    running.spawn_local(line(stream, (own.clone(), orders), load.clone(), lines.clone()));
    Ok(own)
}

/// Carries out one order after the other.
async fn line(
    mut stream: TcpStream,
    (own, mut orders): (mpsc::UnboundedSender<Order>, mpsc::UnboundedReceiver<Order>),
    load: Rc<Load>,
    lines: Rc<RefCell<Lines>>,
) -> std::io::Result<()> {
    while let Some(order) = orders.recv().await {
        let mut next = Some(order);
        while let Some(Order { index, due, waits }) = next {
            let request = request(&load, index);
            let began = Instant::now();
            stream.write_all(request.as_bytes()).await?;
            answered(&mut stream).await?;
            let took = if waits { due.elapsed() } else { began.elapsed() };
            let mut lines = lines.borrow_mut();
            lines.sent.push(Sent { index, late: began - due, took });
            next = lines.waiting.pop_front();
        }
        lines.borrow_mut().free.push(own.clone());
    }
    Ok(())
}

fn request(load: &Load, index: u64) -> String {
    let run = load.run;
    let id = format!("{run:08x}-fffe-4000-8000-{index:012x}");
    let user = format!("user-{run:06}-98-{index:08}");
    let body = load.event.replace("{m}", &id).replace("{a}", &id).replace("{u}", &user);
    format!("{}Content-Length: {}\r\n\r\n{body}", load.head, body.len())
}

async fn answered(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\nok") {
        let read = stream.read_buf(&mut answer).await?;
        if read == 0 || !b"HTTP/1.1 200".starts_with(&answer[..answer.len().min(12)]) {
            let text = String::from_utf8_lossy(&answer);
            return Err(std::io::Error::other(format!("an answer is not ok: {text}")));
        }
    }
    Ok(())
}

fn figures(load: &Load, sent: &[Sent]) -> serde_json::Value {
    let of = |time: fn(&Sent) -> Duration| {
        let mut times: Vec<_> = sent.iter().map(|one| time(one).as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        move |share: usize| times[(times.len() * share).div_ceil(100).max(1) - 1]
    };
    let (took, late) = (of(|one| one.took), of(|one| one.late));
    serde_json::json!({
        "acknowledged": load.count,
        "ack_p50_ms": took(50), "ack_p99_ms": took(99), "ack_max_ms": took(100),
        "late_p99_ms": late(99),
    })
}
