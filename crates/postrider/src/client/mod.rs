//! The command line's side of a running server.
//!
//! In comes a wish and the place of a server; out go lines or JSON on the console, and how it ended.
//! Each wish is a file here that asks the API and shows what it says, in the API's own words.
//! Deliberately unknown here: everything but the API and the gateway's form.

mod feed;
mod query;
mod remote;
mod replay;
mod row;
mod send;
mod status;
mod stop;
mod tail;
mod wire;

use std::future::Future;
use std::net::SocketAddr;

use crate::console::{Console, Ending, Failure, Shape};
use crate::threads;
use remote::Remote;

pub use remote::RemoteError;
pub use replay::ReplayWish;
pub use row::Look;
pub use send::{Composed, Gateway, Rules, SendWish, Sent};
pub use stop::Stop;
pub use tail::TailWish;

/// What is asked of which server, and for whom.
#[derive(Debug)]
pub struct Order {
    /// The server.
    pub place: Place,
    /// For whom the answer is.
    pub shape: Shape,
    /// What is asked.
    pub wish: Wish,
}

/// Where a server's API is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where its admin listener listens.
    pub admin: SocketAddr,
}

/// What is asked of a server.
#[derive(Debug)]
pub enum Wish {
    /// How it fares.
    Status,
    /// To deliver again.
    Replay(ReplayWish),
    /// What happens there.
    Tail(TailWish),
    /// To take events.
    Send(SendWish),
}

/// What a wish is carried out with.
struct Desk<'a> {
    remote: Remote,
    shape: Shape,
    console: &'a Console,
}

/// Carries an order out.
///
/// # Errors
/// Where the server cannot be asked, or refuses.
pub fn carry_out(order: Order, console: &Console) -> Result<Ending, Failure> {
    let desk = Desk { remote: Remote::new(order.place), shape: order.shape, console };
    wait_for(async {
        match order.wish {
            Wish::Status => status::show(&desk).await,
            Wish::Replay(wish) => replay::carry_out(&desk, &wish).await,
            Wish::Tail(wish) => tail::carry_out(&desk, &wish).await,
            Wish::Send(wish) => send::carry_out(&desk, &wish).await,
        }
    })
}

/// What a server says of itself at a glance.
///
/// # Errors
/// See [`RemoteError`].
pub async fn status_of(place: &Place) -> Result<serde_json::Value, RemoteError> {
    Remote::new(place.clone()).get(STATUS).await
}

/// The path of what a server says of itself.
const STATUS: &str = "/api/v1/status";

/// Runs what waits for others, on this thread.
///
/// # Errors
/// What it fails with, or that the machine gives no means to wait.
fn wait_for(work: impl Future<Output = Result<Ending, Failure>>) -> Result<Ending, Failure> {
    let runtime = threads::runtime().map_err(|error| Failure::new(error.to_string(), ""))?;
    runtime.block_on(work)
}

impl Desk<'_> {
    /// Prints data; that nobody reads any more is no failure.
    fn show(&self, text: &str) {
        let _ = self.console.show(text);
    }
}
