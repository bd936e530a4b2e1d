//! The clock and the dice: the only place where time and randomness come from.

use std::cell::RefCell;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;
use tokio::time::Sleep;

/// The time of day.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Measures a span, whatever happens to the time of day.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// When it was started.
    pub fn started(self) -> Instant {
        self.0
    }

    /// Microseconds since the start.
    pub fn micros(self) -> u32 {
        u32::try_from(self.0.elapsed().as_micros()).unwrap_or(u32::MAX)
    }

    /// Nanoseconds since the start.
    pub fn nanos(self) -> u64 {
        nanos(self.0.elapsed())
    }
}

/// Tells the time of day of moments that lie a little back or ahead.
#[derive(Clone, Copy, Debug)]
pub struct Dial {
    at: Instant,
    /// Nanoseconds since 1970, at that moment.
    nanos: u64,
}

impl Dial {
    /// A dial that is right now.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { at: Instant::now(), nanos: nanos(since) }
    }

    /// Nanoseconds from 1970 to a moment.
    pub fn nanos(&self, moment: Instant) -> u64 {
        let ahead = nanos(moment.saturating_duration_since(self.at));
        let back = nanos(self.at.saturating_duration_since(moment));
        self.nanos.saturating_add(ahead).saturating_sub(back)
    }
}

/// Nanoseconds of a span; they last for centuries.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// A wait that goes on across the turns of a loop.
pub type Rest = Pin<Box<Sleep>>;

/// Begins a rest.
pub fn rest(span: Duration) -> Rest {
    Box::pin(tokio::time::sleep(span))
}

/// Waits for the end of a rest that may not be, in which case it waits forever.
pub async fn rested(rest: &mut Option<Rest>) {
    match rest {
        Some(rest) => rest.await,
        None => std::future::pending().await,
    }
}

/// Random bytes of the system, drawn many at a time.
struct Dice {
    pool: [u8; 1024],
    used: usize,
}

thread_local! {
    static DICE: RefCell<Dice> = const { RefCell::new(Dice { pool: [0; 1024], used: 1024 }) };
}

/// Makes sure that the system gives random bytes; once it does, it never stops.
///
/// # Errors
/// Where it does not.
pub fn check() -> Result<(), getrandom::Error> {
    getrandom::fill(&mut [0; 16])
}

/// 16 random bytes in hexadecimal digits.
pub fn random_hex() -> String {
    random_bytes().map(|byte| format!("{byte:02x}")).concat()
}

/// 16 random bytes.
pub fn random_bytes() -> [u8; 16] {
    DICE.with_borrow_mut(|dice| {
        if dice.used == dice.pool.len() {
            // A system without a generator has been found out at start.
            if let Err(error) = getrandom::fill(&mut dice.pool) {
                tracing::error!(%error, "the system gives no random bytes");
            }
            dice.used = 0;
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&dice.pool[dice.used..dice.used + 16]);
        dice.pool[dice.used..dice.used + 16].fill(0);
        dice.used += 16;
        bytes
    })
}

/// A random number from 0 to 1.
pub fn jitter() -> f64 {
    let [a, b, c, d, ..] = random_bytes();
    f64::from(u32::from_le_bytes([a, b, c, d])) / f64::from(u32::MAX)
}
