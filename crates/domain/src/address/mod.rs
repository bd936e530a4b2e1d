//! Which IP addresses may be called: the public internet, and what the operator opened.
//!
//! A destination's URL is a stranger's wish, and its name may resolve to anything: our own
//! loopback, the company's database, the cloud's metadata service that hands out credentials. So
//! an address is judged just before it is dialled, by its number and never by its name.
//!
//! IPv6 can carry an IPv4 address inside in half a dozen ways. A mapped one (`::ffff:a.b.c.d`) is
//! dialled by the kernel as IPv4, so it is judged as that. All other embeddings are refused as a
//! whole: a gateway somewhere unpacks them, and no webhook lives there.
//!
//! Metadata addresses are refused in every spelling, and no setting opens them: a wide CIDR meant
//! for the company's network would otherwise open the one door that matters most.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Why an address must not be called unless the operator allows it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Forbidden {
    /// The range it is in, as a CIDR; for IPv4 inside IPv6, the IPv4 range that gave the verdict.
    pub range: &'static str,
    /// What such an address is, to stand after "is": "a loopback address".
    pub why: &'static str,
    /// Whether it is a cloud's metadata service, which no setting opens.
    pub metadata: bool,
}

/// Which of the forbidden addresses the operator has opened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Egress {
    allow: Vec<IpNet>,
}

/// An address that must not be called, as a sentence for operators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Refused {
    /// The address as it was resolved or written.
    pub address: IpAddr,
    /// What is wrong with it.
    pub forbidden: Forbidden,
}

impl Egress {
    /// Public addresses, and those in `allow`.
    #[must_use]
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// All addresses but those of metadata services, for what the operator himself has named.
    #[must_use]
    pub fn wide() -> Self {
        Self::new(vec![Ipv4Net::default().into(), Ipv6Net::default().into()])
    }

    /// Decides whether `address` may be called.
    ///
    /// # Errors
    /// `Refused` where it is forbidden and not allowed, or belongs to a metadata service.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        match forbidden(address) {
            Some(forbidden) if forbidden.metadata || !self.allows(address) => {
                Err(Refused { address, forbidden })
            }
            _ => Ok(()),
        }
    }

    /// Decides whether a name may be called that resolved to `addresses`.
    ///
    /// One forbidden address spoils the answer: a mix of public and private is how a name server
    /// gets a caller inside.
    ///
    /// # Errors
    /// `Refused` for the first address that may not be called.
    pub fn check_all(&self, addresses: &[IpAddr]) -> Result<(), Refused> {
        addresses.iter().try_for_each(|&address| self.check(address))
    }

    /// A mapped address is in the CIDRs of both families.
    fn allows(&self, address: IpAddr) -> bool {
        let canonical = address.to_canonical();
        self.allow.iter().any(|net| net.contains(&address) || net.contains(&canonical))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, forbidden: Forbidden { range, why, metadata } } = self;
        write!(f, "{address} is {why}; ")?;
        if *metadata {
            f.write_str("egress.allow cannot open it")
        } else if *range == OUTSIDE_GLOBAL {
            write!(f, "allow it with egress.allow (--egress-allow {address}/128)")
        } else {
            write!(f, "allow it with egress.allow (--egress-allow {range})")
        }
    }
}

impl std::error::Error for Refused {}

/// Why `address` must not be called; none for an address of the public internet.
#[must_use]
pub fn forbidden(address: IpAddr) -> Option<Forbidden> {
    match address.to_canonical() {
        IpAddr::V4(address) => forbidden_v4(address),
        IpAddr::V6(address) => forbidden_v6(address),
    }
}

fn forbidden_v4(address: Ipv4Addr) -> Option<Forbidden> {
    metadata_v4(address).or_else(|| find_v4(RANGES_V4, address))
}

fn forbidden_v6(address: Ipv6Addr) -> Option<Forbidden> {
    embedded(address)
        .into_iter()
        .flatten()
        .find_map(metadata_v4)
        .or_else(|| find_v6(METADATA_V6, address).map(Forbidden::as_metadata))
        .or_else(|| find_v6(RANGES_V6, address))
        .or_else(|| (!GLOBAL_V6.contains(&address)).then_some(NOT_GLOBAL))
}

fn metadata_v4(address: Ipv4Addr) -> Option<Forbidden> {
    find_v4(METADATA_V4, address).map(Forbidden::as_metadata)
}

fn find_v4(ranges: &[Range<Ipv4Net>], address: Ipv4Addr) -> Option<Forbidden> {
    ranges.iter().find(|range| range.net.contains(&address)).map(Range::forbidden)
}

fn find_v6(ranges: &[Range<Ipv6Net>], address: Ipv6Addr) -> Option<Forbidden> {
    ranges.iter().find(|range| range.net.contains(&address)).map(Range::forbidden)
}

/// The IPv4 addresses that a gateway may unpack from `address`, mapped ones apart; where an
/// embedding has fewer places than four, some are repeated.
///
/// The local NAT64 prefix does not say how long it is in use, so all places of RFC 6052 count.
fn embedded(address: Ipv6Addr) -> Option<[Ipv4Addr; 4]> {
    let bits = address.to_bits();
    let last = v4_at(bits, 0);
    match address.segments() {
        // Compatible, SIIT and the well-known NAT64 prefix.
        [0, 0, 0, 0, 0 | 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some([last; 4]),
        [0x64, 0xff9b, 1, ..] => {
            Some([last, v4_at(bits, 24), v4_around(bits, 16), v4_around(bits, 24)])
        }
        // 6to4.
        [0x2002, ..] => Some([v4_at(bits, 80); 4]),
        // Teredo: the server as it is, the client with every bit flipped.
        [0x2001, 0, ..] => Some([v4_at(bits, 64), v4_at(!bits, 0), last, last]),
        _ => None,
    }
}

/// The 32 bits that end `shift` bits before the end of an address.
fn v4_at(bits: u128, shift: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits((bits >> shift) as u32)
}

/// The 32 bits of which `after` stand behind bits 64 to 71, which RFC 6052 keeps zero.
fn v4_around(bits: u128, after: u32) -> Ipv4Addr {
    let before = (bits >> 64) << after;
    let behind = (bits >> (56 - after)) & ((1 << after) - 1);
    v4_at(before | behind, 0)
}

/// A row of the tables below.
struct Range<Net> {
    net: Net,
    /// The same as text.
    cidr: &'static str,
    why: &'static str,
}

impl<Net> Range<Net> {
    fn forbidden(&self) -> Forbidden {
        Forbidden { range: self.cidr, why: self.why, metadata: false }
    }
}

impl Forbidden {
    fn as_metadata(self) -> Self {
        Self { metadata: true, ..self }
    }
}

const fn v4(octets: [u8; 4], prefix: u8, cidr: &'static str, why: &'static str) -> Range<Ipv4Net> {
    let [a, b, c, d] = octets;
    Range { net: Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix), cidr, why }
}

/// `segments` are the first four; in the ranges here the rest is zero.
const fn v6(
    segments: [u16; 4],
    prefix: u8,
    cidr: &'static str,
    why: &'static str,
) -> Range<Ipv6Net> {
    let [a, b, c, d] = segments;
    v6_whole(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix, cidr, why)
}

const fn v6_whole(
    address: Ipv6Addr,
    prefix: u8,
    cidr: &'static str,
    why: &'static str,
) -> Range<Ipv6Net> {
    Range { net: Ipv6Net::new_assert(address, prefix), cidr, why }
}

const METADATA: &str = "a cloud metadata address";

/// Services of clouds that hand credentials or settings to whoever asks from inside.
///
/// Source: the clouds' documentation of their instance metadata.
const METADATA_V4: &[Range<Ipv4Net>] = &[
    v4([169, 254, 169, 254], 32, "169.254.169.254/32", METADATA), // nearly all of them
    v4([169, 254, 170, 2], 32, "169.254.170.2/32", METADATA),     // AWS: credentials of ECS tasks
    v4([169, 254, 170, 23], 32, "169.254.170.23/32", METADATA),   // AWS: credentials of EKS pods
    v4([169, 254, 169, 123], 32, "169.254.169.123/32", METADATA), // AWS: time
    v4([100, 100, 100, 200], 32, "100.100.100.200/32", METADATA), // Alibaba
    v4([192, 0, 0, 192], 32, "192.0.0.192/32", METADATA),         // Oracle
    v4([168, 63, 129, 16], 32, "168.63.129.16/32", METADATA),     // Azure
];

/// The same for IPv6: AWS's for instances and for EKS pods, Google's.
///
/// Source: the clouds' documentation of their instance metadata.
const METADATA_V6: &[Range<Ipv6Net>] = &[
    v6_whole(
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        128,
        "fd00:ec2::254/128",
        METADATA,
    ),
    v6_whole(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23), 128, "fd00:ec2::23/128", METADATA),
    v6_whole(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, "fd20:ce::254/128", METADATA),
];

const PRIVATE: &str = "a private address";
const DOCUMENTATION: &str = "an address for documentation";
const BENCHMARK: &str = "an address for benchmarks";
const AS112: &str = "an address of the AS112 name servers";
const MULTICAST: &str = "a multicast address";
const LOOPBACK: &str = "a loopback address";
const LINK_LOCAL: &str = "a link-local address";
const TRANSLATED: &str = "an IPv4 address behind a NAT64 translator";

/// Source: IANA IPv4 Special-Purpose Address Registry; RFC 6676 (233.252.0.0/24).
///
/// The first row that contains an address names it, so narrow rows stand before wide ones.
const RANGES_V4: &[Range<Ipv4Net>] = &[
    v4([0, 0, 0, 0], 8, "0.0.0.0/8", "an address of this host"),
    v4([10, 0, 0, 0], 8, "10.0.0.0/8", PRIVATE),
    v4([100, 64, 0, 0], 10, "100.64.0.0/10", "an address of carrier-grade NAT"),
    v4([127, 0, 0, 0], 8, "127.0.0.0/8", LOOPBACK),
    v4([169, 254, 0, 0], 16, "169.254.0.0/16", LINK_LOCAL),
    v4([172, 16, 0, 0], 12, "172.16.0.0/12", PRIVATE),
    v4([192, 0, 0, 0], 24, "192.0.0.0/24", "an address for protocol assignments"),
    v4([192, 0, 2, 0], 24, "192.0.2.0/24", DOCUMENTATION),
    v4([192, 31, 196, 0], 24, "192.31.196.0/24", AS112),
    v4([192, 52, 193, 0], 24, "192.52.193.0/24", "an address of multicast tunnels (AMT)"),
    v4([192, 88, 99, 0], 24, "192.88.99.0/24", "an address of 6to4 relays"),
    v4([192, 168, 0, 0], 16, "192.168.0.0/16", PRIVATE),
    v4([192, 175, 48, 0], 24, "192.175.48.0/24", AS112),
    v4([198, 18, 0, 0], 15, "198.18.0.0/15", BENCHMARK),
    v4([198, 51, 100, 0], 24, "198.51.100.0/24", DOCUMENTATION),
    v4([203, 0, 113, 0], 24, "203.0.113.0/24", DOCUMENTATION),
    v4([233, 252, 0, 0], 24, "233.252.0.0/24", DOCUMENTATION),
    v4([224, 0, 0, 0], 4, "224.0.0.0/4", MULTICAST),
    v4([255, 255, 255, 255], 32, "255.255.255.255/32", "the broadcast address"),
    v4([240, 0, 0, 0], 4, "240.0.0.0/4", "a reserved address"),
];

/// The only part of IPv6 from which public addresses are given out.
///
/// Source: IANA Internet Protocol Version 6 Address Space.
const GLOBAL_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

const OUTSIDE_GLOBAL: &str = "outside 2000::/3";

const NOT_GLOBAL: Forbidden = Forbidden {
    range: OUTSIDE_GLOBAL,
    why: "outside the public IPv6 addresses (2000::/3)",
    metadata: false,
};

/// Source: IANA IPv6 Special-Purpose Address Registry; RFC 4291 (::/96), RFC 2765 (SIIT),
/// RFC 3879 (fec0::/10).
///
/// The first row that contains an address names it, so narrow rows stand before wide ones.
const RANGES_V6: &[Range<Ipv6Net>] = &[
    v6([0; 4], 128, "::/128", "the unspecified address"),
    v6_whole(Ipv6Addr::LOCALHOST, 128, "::1/128", LOOPBACK),
    v6([0; 4], 96, "::/96", "an IPv4-compatible address"),
    v6_whole(
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0),
        96,
        "::ffff:0:0:0/96",
        "an IPv4-translated address (SIIT)",
    ),
    v6([0x64, 0xff9b, 0, 0], 96, "64:ff9b::/96", TRANSLATED),
    v6([0x64, 0xff9b, 1, 0], 48, "64:ff9b:1::/48", TRANSLATED),
    v6([0x100, 0, 0, 0], 64, "100::/64", "a discard address"),
    v6([0x100, 0, 0, 1], 64, "100:0:0:1::/64", "a dummy address"),
    v6([0x2001, 0, 0, 0], 32, "2001::/32", "a Teredo address"),
    v6([0x2001, 2, 0, 0], 48, "2001:2::/48", BENCHMARK),
    v6([0x2001, 0x10, 0, 0], 28, "2001:10::/28", "an ORCHID identifier"),
    v6([0x2001, 0x20, 0, 0], 28, "2001:20::/28", "an ORCHIDv2 identifier"),
    v6([0x2001, 0x30, 0, 0], 28, "2001:30::/28", "a drone remote identifier"),
    v6([0x2001, 0, 0, 0], 23, "2001::/23", "an address for protocol assignments"),
    v6([0x2001, 0xdb8, 0, 0], 32, "2001:db8::/32", DOCUMENTATION),
    v6([0x3fff, 0, 0, 0], 20, "3fff::/20", DOCUMENTATION),
    v6([0x2002, 0, 0, 0], 16, "2002::/16", "a 6to4 address"),
    v6([0x2620, 0x4f, 0x8000, 0], 48, "2620:4f:8000::/48", AS112),
    v6([0x5f00, 0, 0, 0], 16, "5f00::/16", "a segment routing identifier"),
    v6([0xfc00, 0, 0, 0], 7, "fc00::/7", "a unique local address"),
    v6([0xfe80, 0, 0, 0], 10, "fe80::/10", LINK_LOCAL),
    v6([0xfec0, 0, 0, 0], 10, "fec0::/10", "a site-local address"),
    v6([0xff00, 0, 0, 0], 8, "ff00::/8", MULTICAST),
];

#[cfg(test)]
mod tests;
