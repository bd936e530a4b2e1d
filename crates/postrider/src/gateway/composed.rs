//! Takes what is handed through the hatch, on the whole way that everybody's events take.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use domain::limits;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::Needs;
use super::rudder::Rudder;
use crate::hatch::{Handed, Refusal};
use crate::shutdown::Shutdown;

/// Whose address such events have.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Takes events until the server begins to end.
pub async fn take_composed(mut handed: Handed, needs: Needs, mut shutdown: Shutdown) {
    let rudder = Rc::new(Rudder::new(needs));
    let mut taking = FuturesUnordered::new();
    let desk = rudder.clone();
    let desk = desk.desk().run();
    tokio::pin!(desk);
    loop {
        tokio::select! {
            Some((composed, reply)) = handed.recv(), if taking.len() < limits::COMPOSED_EVENTS_MAX => {
                let rudder = rudder.clone();
                taking.push(async move {
                    let taken = rudder.take_composed(composed.key, &composed.event, HERE).await;
                    let taken = taken.map_err(|(reason, detail)| Refusal { reason, detail });
                    // Whoever does not wait any more does not want the answer.
                    let _ = reply.send(taken);
                });
            }
            Some(()) = taking.next(), if !taking.is_empty() => {}
            () = &mut desk => {}
            () = shutdown.draining() => return,
        }
    }
}
