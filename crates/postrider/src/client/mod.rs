//! The command line's side of a running server.
//!
//! In comes a wish and the place of a server; out go lines or JSON on the console, and how it ended.
//! Each wish is a file here that asks the API and shows what it says, in the API's own words.
//! Deliberately unknown here: everything but the API and the gateway's form.

mod accounts;
mod catalog;
mod feed;
mod listen;
mod look;
mod query;
mod remote;
mod replay;
mod row;
mod send;
mod status;
mod stop;
mod tail;
mod wire;
mod workspace;

use std::future::Future;
use std::net::SocketAddr;

use crate::config::{Config, Secret};
use crate::console::{Console, Ending, Failure, Shape};
use crate::{cookie_file, threads};
use remote::Remote;

pub use accounts::{AccountsOrder, AccountsWish};
pub use catalog::{CatalogAct, CatalogWish, ObjectWord};
pub use listen::ListenWish;
pub use look::{DeliveriesWish, LookWish, Named, Payload, Retry};
pub use remote::RemoteError;
pub use replay::ReplayWish;
pub use row::Look;
pub use send::{Composed, Gateway, Rules, SendWish, Sent};
pub use stop::Stop;
pub use tail::TailWish;
pub use workspace::{Rest, WantedFile, WorkspaceWish};

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

/// Where a server's API is, and what to come in with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where its admin listener listens.
    pub admin: SocketAddr,
    /// What is sent as a token; nothing where there is none.
    pub token: Option<Secret>,
}

impl Place {
    /// The server that a configuration is for: with the token of its environment, else with what the
    /// server has written into its data directory.
    pub fn of(config: &Config) -> Self {
        let secrets = &config.secrets;
        let token = secrets.token.clone().or_else(|| secrets.admin_token.clone());
        let token = token.or_else(|| cookie_file::read(&config.data_dir));
        Self { admin: config.admin, token }
    }
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
    /// To deliver to a port of this machine for a while.
    Listen(ListenWish),
    /// What became of events.
    Look(LookWish),
    /// What people edit.
    Catalog(CatalogWish),
    /// To take events.
    Send(SendWish),
    /// To change who may come in.
    Accounts(AccountsOrder),
    /// The whole workspace, or to make it another one.
    Workspace(WorkspaceWish),
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
            Wish::Listen(wish) => listen::carry_out(&desk, &wish).await,
            Wish::Look(wish) => look::carry_out(&desk, &wish).await,
            Wish::Catalog(wish) => catalog::carry_out(&desk, &wish).await,
            Wish::Send(wish) => send::carry_out(&desk, &wish).await,
            Wish::Accounts(order) => accounts::carry_out(&desk, &order).await,
            Wish::Workspace(wish) => workspace::carry_out(&desk, &wish).await,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_the_environment_goes_before_the_file_of_the_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().to_owned();
        let mut config = Config { data_dir, ..Config::default() };
        let sent = |config: &Config| Place::of(config).token;
        assert_eq!(sent(&config), None);
        let file = cookie_file::CookieFile::write(dir.path()).unwrap();
        assert_eq!(sent(&config).as_ref(), Some(file.secret()));
        config.secrets.admin_token = Some(Secret::new("of-the-server"));
        assert_eq!(sent(&config), config.secrets.admin_token);
        config.secrets.token = Some(Secret::new("pr_1"));
        assert_eq!(sent(&config), config.secrets.token);
    }
}
