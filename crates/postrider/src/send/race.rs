//! Connects to one of several addresses: the families take turns, and where one does not answer in
//! a moment the next one is tried beside it. Source: RFC 8305.

use std::net::SocketAddr;

use domain::limits;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::TcpStream;

use super::failure::Failure;

/// Answers the first connection that comes about; the others are given up.
///
/// # Errors
/// Where none does: what the address failed with that was tried first.
///
/// # Cancellation
/// All are given up.
pub async fn first_connection(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut waiting = interleaved(addresses).into_iter();
    let mut under_way = FuturesUnordered::new();
    let mut failed: Option<(usize, Failure)> = None;
    let mut number = 0;
    loop {
        if let Some(address) = waiting.next() {
            let own = number;
            under_way.push(async move { connect(address).await.map_err(|failure| (own, failure)) });
            number += 1;
        }
        let patience = async {
            match waiting.len() {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(limits::RACE_STAGGER).await,
            }
        };
        tokio::select! {
            biased;
            ended = under_way.next() => match ended {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(failure)) => {
                    failed = failed.into_iter().chain([failure]).min_by_key(|(number, _)| *number);
                }
                None => {}
            },
            () = patience => {}
        }
        if under_way.is_empty() && waiting.len() == 0 {
            let nothing = || Failure::dns("", "the name has no address");
            return Err(failed.map_or_else(nothing, |(_, failure)| failure));
        }
    }
}

/// The families in turns, that of the first address first. Source: RFC 8305, section 4.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let of_first = |address: &&SocketAddr| address.is_ipv6() == first_is_v6;
    let (mut some, mut others) =
        (addresses.iter().filter(of_first), addresses.iter().filter(|address| !of_first(address)));
    let mut ordered = Vec::with_capacity(addresses.len());
    while ordered.len() < addresses.len() {
        ordered.extend(some.next());
        ordered.extend(others.next());
    }
    ordered
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let connecting = TcpStream::connect(address);
    match tokio::time::timeout(limits::CONNECT_TIME_MAX, connecting).await {
        Ok(Ok(stream)) => checked(stream, address),
        Ok(Err(error)) => Err(Failure::connect(address, &error)),
        Err(_) => Err(Failure::connect_timeout(address)),
    }
}

/// Makes sure that the socket leads where the checked address says.
fn checked(stream: TcpStream, address: SocketAddr) -> Result<TcpStream, Failure> {
    let peer = stream.peer_addr().map_err(|error| Failure::connect(address, &error))?;
    if peer.ip() != address.ip() {
        return Err(Failure::wrong_peer(peer, address));
    }
    // Without it small requests wait for acknowledgements; failing to set it costs only time.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let check = |given: &[&str], want: &[&str]| {
            let parse = |list: &[&str]| -> Vec<SocketAddr> {
                list.iter()
                    .map(|one| SocketAddr::new(one.parse().expect("an address"), 1))
                    .collect()
            };
            assert_eq!(interleaved(&parse(given)), parse(want));
        };
        check(
            &["::1", "::2", "1.1.1.1", "::3", "1.1.1.2"],
            &["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"],
        );
        check(&["1.1.1.1", "::1", "::2", "::3"], &["1.1.1.1", "::1", "::2", "::3"]);
        check(&["1.1.1.1", "1.1.1.2"], &["1.1.1.1", "1.1.1.2"]);
        check(&[], &[]);
    }
}
