//! Every address in every spelling: through the real reading of URLs and the real check, none that
//! is forbidden gets through, and what gets through is the address that was meant.
//!
//! The table was made apart from the code, from the registries that it is made from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::destination::webhook::Target;

use super::outlet::{Origin, Outlet, OutletSettings};

/// Addresses, each with whether it may be called.
const TABLE: &str = include_str!("addresses.txt");

fn table() -> Vec<(IpAddr, bool)> {
    let row = |line: &str| {
        let (address, verdict) = line.split_once(' ').expect("two words");
        (address.parse().expect("an address"), verdict == "yes")
    };
    TABLE.lines().map(row).collect()
}

/// Where a URL leads: nowhere, or to the addresses that would be dialled.
fn dialled(outlet: &Outlet, host: &str) -> Option<Vec<IpAddr>> {
    let Ok(Target::Endpoint(url)) = Target::parse(&format!("http://{host}/x")) else { return None };
    let origin = Origin::of(&url).ok()?;
    // A name would be resolved, and checked like the addresses here.
    let address = origin.address()?;
    let checked = outlet.checked(&origin, vec![address]).ok()?;
    Some(checked.iter().map(SocketAddr::ip).collect())
}

/// Spellings of the same address.
fn spellings_v4(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let bits = address.to_bits();
    let (low16, low24) = (bits & 0xffff, bits & 0xff_ffff);
    let wide: String = address
        .to_string()
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c))
        .collect();
    let percent: String = address.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![
        address.to_string(),
        format!("{address}."),
        format!("{bits}"),
        format!("{bits:#x}"),
        format!("0X{bits:X}"),
        format!("0{bits:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("00000{a:o}.{b:#x}.{c}.0{d:o}"),
        format!("{a}.{low24}"),
        format!("{a}.{b}.{low16}"),
        format!("{a:#x}.0{low24:o}"),
        wide.clone(),
        wide.replace('．', "。"),
        percent,
        format!("{address}:8080"),
        format!("user@{address}"),
        format!("good.example@{address}"),
        format!("user:pass@{address}:80"),
        format!("[::ffff:{address}]"),
        format!("[0:0:0:0:0:ffff:{:x}:{:x}]", bits >> 16, low16),
    ]
}

/// Addresses of IPv6 in which a gateway may find it.
fn embeddings(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(address.to_bits());
    let [high, low] = [(bits >> 16) as u16, bits as u16];
    vec![
        Ipv6Addr::from_bits(bits),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, 0, 0),
        Ipv6Addr::new(0x2001, 0, 0x808, 0x808, 0, 0, !high, !low),
    ]
}

fn spellings_v6(address: Ipv6Addr) -> Vec<String> {
    let segments = address.segments();
    let joined =
        |each: &dyn Fn(&u16) -> String| segments.iter().map(each).collect::<Vec<_>>().join(":");
    let (full, short) =
        (joined(&|one: &u16| format!("{one:04x}")), joined(&|one: &u16| format!("{one:x}")));
    let tail = Ipv4Addr::from_bits(address.to_bits() as u32);
    let head: Vec<String> = segments[..6].iter().map(|one| format!("{one:x}")).collect();
    vec![
        format!("[{address}]"),
        format!("[{full}]"),
        format!("[{}]", full.to_uppercase()),
        format!("[{short}]"),
        format!("[{}:{tail}]", head.join(":")),
        format!("[{address}]:8080"),
        format!("user@[{address}]"),
        format!("[{address}%25eth0]"),
        format!("[{address}]."),
        format!("{address}"),
    ]
}

fn outlet() -> Rc<Outlet> {
    let settings = OutletSettings {
        egress: Arc::default(),
        name_servers: Vec::new(),
        timeout: Duration::from_secs(1),
        playground: SocketAddr::from(([127, 0, 0, 1], 1)),
        own: Vec::new(),
    };
    Rc::new(Outlet::new(settings).expect("an outlet"))
}

#[test]
fn no_spelling_of_a_forbidden_address_gets_through_and_none_leads_elsewhere() {
    let (outlet, mut through, mut held) = (outlet(), 0, 0);
    for (address, may_be_called) in table() {
        let spellings = match address {
            IpAddr::V4(address) => spellings_v4(address),
            IpAddr::V6(address) => spellings_v6(address),
        };
        assert!(spellings.len() >= 8);
        for (index, host) in spellings.iter().enumerate() {
            match dialled(&outlet, host) {
                Some(found) => {
                    assert!(may_be_called, "{host} leads to {found:?}");
                    let meant =
                        found.iter().all(|one| one.to_canonical() == address.to_canonical());
                    assert!(meant, "{host} leads to {found:?}");
                    through += 1;
                }
                None if index == 0 => assert!(!may_be_called, "{host} is refused"),
                None => held += 1,
            }
        }
    }
    assert!(through > 500 && held > 2_000, "{through} got through, {held} were held");
}

#[test]
fn no_address_inside_another_one_gets_through() {
    let outlet = outlet();
    for (address, _) in table() {
        let IpAddr::V4(address) = address else { continue };
        for host in embeddings(address).into_iter().flat_map(spellings_v6) {
            assert_eq!(dialled(&outlet, &host), None, "{host}, for {address}");
        }
    }
}

#[test]
fn the_table_is_whole() {
    let all = table();
    assert!(all.len() >= 200, "{}", all.len());
    assert!(all.iter().filter(|(_, may)| *may).count() >= 50);
}
