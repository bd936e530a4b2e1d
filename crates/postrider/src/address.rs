//! Whose address a request came from, behind however many proxies.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use ipnet::IpNet;

/// The client of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether it is a trusted server itself, whose word about its own clients counts.
    pub is_trusted: bool,
}

impl Client {
    /// Where it is.
    pub fn site(self) -> Site {
        Site::of(self.address)
    }
}

/// A client as its address tells it from others; what one may hold or ask for is counted by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Site(IpAddr);

/// Bits of an IPv6 address that tell clients apart. Source: RFC 6177, a site has at least a /64.
const IPV6_SITE_BITS: u32 = 64;

impl Site {
    /// The site of an address: an IPv6 client owns a whole network of them, which are one.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() >> IPV6_SITE_BITS << IPV6_SITE_BITS;
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            address => Self(address),
        }
    }
}

/// The client behind `peer`.
///
/// `X-Forwarded-For` counts only where a trusted proxy sent it, and is read from its end: each
/// proxy appends whom it talked to, so the last address that is no trusted proxy is the client,
/// and whatever a client wrote in front of that is ignored.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Client {
    let trusts = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let peer = peer.to_canonical();
    if !trusts(peer) {
        return Client { address: peer, is_trusted: false };
    }
    let lines = headers.get_all("x-forwarded-for").iter();
    let hops: Vec<&str> =
        lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    let mut address = peer;
    for hop in hops.iter().rev() {
        let Some(next) = parse(hop) else { break };
        address = next;
        if !trusts(next) {
            break;
        }
    }
    Client { address, is_trusted: trusts(address) }
}

/// An address, with or without a port or brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.parse().ok();
    let with_port = || hop.parse().ok().map(|socket: std::net::SocketAddr| socket.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], want: &str, is_trusted: bool) {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let got = client(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(got, Client { address: want.parse().unwrap(), is_trusted }, "{forwarded:?}");
    }

    #[test]
    fn addresses_of_one_network_are_one_site() {
        let site = |text: &str| Site::of(text.parse().unwrap());
        assert_eq!(site("192.0.2.1"), site("::ffff:192.0.2.1"));
        assert_ne!(site("192.0.2.1"), site("192.0.2.2"));
        assert_eq!(site("2001:db8::1"), site("2001:db8::ffff:2"));
        assert_ne!(site("2001:db8::1"), site("2001:db8:0:1::1"));
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_is_the_client() {
        check("8.8.8.8", &["1.2.3.4"], "8.8.8.8", false);
        check("127.0.0.1", &[], "127.0.0.1", true);
        check("127.0.0.1", &["1.2.3.4"], "1.2.3.4", false);
        check("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.9"], "1.2.3.4", false);
        check("10.0.0.1", &["6.6.6.6", "1.2.3.4"], "1.2.3.4", false);
        check("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2", true);
        check("10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4", false);
        check("10.0.0.1", &["[2001:4860::1]:443"], "2001:4860::1", false);
        check("10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4", false);
        check("10.0.0.1", &["1.2.3.4, nonsense"], "10.0.0.1", true);
        check("::ffff:127.0.0.1", &["1.2.3.4"], "1.2.3.4", false);
    }
}
