//! Tests of the table of addresses.

use super::*;
use proptest::prelude::*;

/// Addresses by the range that names them: first, last and what is between.
const FORBIDDEN: &[(&str, &str)] = &[
    ("0.0.0.0/8", "0.0.0.0 0.0.0.1 0.1.2.3 0.255.255.255"),
    ("10.0.0.0/8", "10.0.0.0 10.0.0.1 10.1.2.3 10.96.0.1 10.255.255.255"),
    ("100.64.0.0/10", "100.64.0.0 100.64.0.1 100.100.100.199 100.100.100.201 100.127.255.255"),
    ("127.0.0.0/8", "127.0.0.0 127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.255"),
    ("169.254.0.0/16", "169.254.0.0 169.254.1.1 169.254.169.253 169.254.255.255"),
    ("172.16.0.0/12", "172.16.0.0 172.17.0.1 172.20.10.1 172.31.255.255"),
    ("192.0.0.0/24", "192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.191 192.0.0.193 192.0.0.255"),
    ("192.0.2.0/24", "192.0.2.0 192.0.2.1 192.0.2.255"),
    ("192.31.196.0/24", "192.31.196.0 192.31.196.1 192.31.196.255"),
    ("192.52.193.0/24", "192.52.193.0 192.52.193.1 192.52.193.255"),
    ("192.88.99.0/24", "192.88.99.0 192.88.99.1 192.88.99.2 192.88.99.255"),
    ("192.168.0.0/16", "192.168.0.0 192.168.0.1 192.168.1.1 192.168.255.255"),
    ("192.175.48.0/24", "192.175.48.0 192.175.48.1 192.175.48.255"),
    ("198.18.0.0/15", "198.18.0.0 198.18.0.1 198.19.0.0 198.19.255.255"),
    ("198.51.100.0/24", "198.51.100.0 198.51.100.7 198.51.100.255"),
    ("203.0.113.0/24", "203.0.113.0 203.0.113.9 203.0.113.255"),
    ("233.252.0.0/24", "233.252.0.0 233.252.0.1 233.252.0.255"),
    ("224.0.0.0/4", "224.0.0.0 224.0.0.1 233.251.255.255 233.252.1.0 239.255.255.255"),
    ("240.0.0.0/4", "240.0.0.0 240.0.0.1 250.1.2.3 255.255.255.254"),
    ("255.255.255.255/32", "255.255.255.255"),
    ("::/128", "::"),
    ("::1/128", "::1"),
    ("::/96", "::2 ::127.0.0.1 ::7f00:1 ::10.0.0.1 ::8.8.8.8 ::ffff:ffff"),
    ("127.0.0.0/8", "::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:127.255.255.255"),
    ("10.0.0.0/8", "::ffff:10.0.0.1 ::ffff:a00:1"),
    ("192.168.0.0/16", "::ffff:192.168.1.1 ::ffff:c0a8:101"),
    ("0.0.0.0/8", "::ffff:0.0.0.0 ::ffff:0:1"),
    ("224.0.0.0/4", "::ffff:224.0.0.1"),
    ("255.255.255.255/32", "::ffff:255.255.255.255"),
    ("::ffff:0:0:0/96", "::ffff:0:0:0 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 ::ffff:0:ffff:ffff"),
    ("64:ff9b::/96", "64:ff9b:: 64:ff9b::127.0.0.1 64:ff9b::8.8.8.8 64:ff9b::ffff:ffff"),
    ("64:ff9b:1::/48", "64:ff9b:1:: 64:ff9b:1::10.0.0.1 64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("100::/64", "100:: 100::1 100::ffff:ffff:ffff:ffff"),
    ("100:0:0:1::/64", "100:0:0:1:: 100::1:0:0:0:1 100:0:0:1:ffff:ffff:ffff:ffff"),
    ("2001::/32", "2001:: 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:0:ffff::"),
    ("2001:2::/48", "2001:2:: 2001:2::1 2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    ("2001:10::/28", "2001:10:: 2001:1f:ffff::1"),
    ("2001:20::/28", "2001:20:: 2001:2f:ffff::1"),
    ("2001:30::/28", "2001:30:: 2001:3f:ffff::1"),
    ("2001::/23", "2001:1::1 2001:1::2 2001:1::3 2001:2:1:: 2001:3::1 2001:4:112::1 2001:1ff::1"),
    ("2001:db8::/32", "2001:db8:: 2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::/16", "2002:: 2002:7f00:1:: 2002:808:808::1 2002:ffff:ffff:ffff::"),
    ("2620:4f:8000::/48", "2620:4f:8000:: 2620:4f:8000::1 2620:4f:8000:ffff::1"),
    ("3fff::/20", "3fff:: 3fff::1 3fff:fff:ffff::1"),
    ("5f00::/16", "5f00:: 5f00::1 5f00:ffff::1"),
    ("fc00::/7", "fc00:: fc00::1 fd00::1 fd00:ec2::253 fd12:3456:789a::1 fdff:ffff::1"),
    ("fe80::/10", "fe80:: fe80::1 fe80::a9fe:a9fe febf:ffff::1"),
    ("fec0::/10", "fec0:: fec0::1 feff:ffff::1"),
    ("ff00::/8", "ff00:: ff01::1 ff02::1 ff02::fb ff0e::1 ffff:ffff::1"),
    (OUTSIDE_GLOBAL, "::1:0:0 ::fffe:127.0.0.1 ::1:ffff:127.0.0.1 ::1:0:0:0:1 1::1 64:ff9a::1"),
    (OUTSIDE_GLOBAL, "64:ff9b::1:0:0 64:ff9b:2::1 100:0:0:2::1 101::1 200::1 400::1 1fff::1"),
    (OUTSIDE_GLOBAL, "4000::1 5eff::1 5f01::1 6000::1 8000::1 a000::1 fbff::1 fe00::1 fe7f::1"),
];

/// Neighbours of forbidden ranges, and places where webhooks live.
const PUBLIC: &[&str] = &[
    "1.0.0.0 1.1.1.1 8.8.8.8 9.9.9.9 9.255.255.255 11.0.0.0 52.95.110.1 93.184.216.34",
    "100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17",
    "169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0",
    "192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0",
    "192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0",
    "198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0",
    "223.255.255.255 ::ffff:8.8.8.8 ::ffff:1.1.1.1 ::ffff:808:808 ::ffff:172.32.0.0",
    "2000:: 2000::1 2001:200:: 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1",
    "2400:cb00::1 2600:1f18::1 2606:4700:4700::1111 2620:4f:7fff::1 2620:4f:8001::1",
    "2620:fe::fe 2a00:1450:4001:81b::200e 2a01:4f8::1 3ffe::1 3fff:1000:: 3fff:ffff::1",
];

/// Metadata services, as they are and as IPv6 can spell them.
const METADATA_SPELLINGS: &[(&str, &str)] = &[
    ("169.254.169.254/32", "169.254.169.254 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe"),
    ("169.254.169.254/32", "::169.254.169.254 ::ffff:0:169.254.169.254 64:ff9b::a9fe:a9fe"),
    ("169.254.169.254/32", "64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 2002:a9fe:a9fe::1"),
    ("169.254.169.254/32", "64:ff9b:1:a9:fe:a9fe:: 64:ff9b:1:0:a9:fea9:fe00:0"),
    ("169.254.169.254/32", "2001:0:a9fe:a9fe:: 2001:0:4136:e378:8000:63bf:5601:5601"),
    ("169.254.170.2/32", "169.254.170.2 ::ffff:169.254.170.2 64:ff9b::169.254.170.2"),
    ("169.254.170.23/32", "169.254.170.23 ::ffff:169.254.170.23"),
    ("169.254.169.123/32", "169.254.169.123 ::ffff:169.254.169.123 2002:a9fe:a97b::"),
    ("100.100.100.200/32", "100.100.100.200 ::ffff:100.100.100.200 ::100.100.100.200"),
    ("192.0.0.192/32", "192.0.0.192 ::ffff:192.0.0.192 64:ff9b::192.0.0.192"),
    ("168.63.129.16/32", "168.63.129.16 ::ffff:168.63.129.16 64:ff9b::168.63.129.16"),
    ("168.63.129.16/32", "2002:a83f:8110:: ::168.63.129.16"),
    ("fd00:ec2::254/128", "fd00:ec2::254 fd00:ec2:0:0:0:0:0:254"),
    ("fd00:ec2::23/128", "fd00:ec2::23"),
    ("fd20:ce::254/128", "fd20:ce::254"),
];

fn parsed(address: &str) -> IpAddr {
    address.parse().expect("the tables hold addresses")
}

#[track_caller]
fn check(address: &str, expected: Option<(&str, bool)>) {
    let verdict = forbidden(parsed(address));
    assert_eq!(verdict.map(|found| (found.range, found.metadata)), expected, "of {address}");
}

#[test]
fn every_range_is_forbidden_to_its_edges() {
    for (range, addresses) in FORBIDDEN {
        addresses.split(' ').for_each(|address| check(address, Some((range, false))));
    }
}

#[test]
fn public_addresses_may_be_called() {
    for address in PUBLIC.iter().flat_map(|line| line.split(' ')) {
        check(address, None);
        assert_eq!(Egress::default().check(parsed(address)), Ok(()));
    }
}

#[test]
fn metadata_addresses_are_known_in_every_spelling() {
    for (range, addresses) in METADATA_SPELLINGS {
        addresses.split(' ').for_each(|address| check(address, Some((range, true))));
    }
}

#[test]
fn the_tables_leave_no_row_untested() {
    let cases = FORBIDDEN.iter().chain(METADATA_SPELLINGS);
    let tested: Vec<&str> = cases.clone().map(|(range, _)| *range).collect();
    for (cidr, net) in rows() {
        assert!(tested.contains(&cidr), "{cidr} is tested");
        assert_eq!(cidr.parse(), Ok(net), "the text of {cidr} is its range");
        assert_eq!(net, net.trunc(), "{cidr} has no bits behind its prefix");
    }
    let lines = cases.map(|(_, line)| *line).chain(PUBLIC.iter().copied());
    let count = lines.flat_map(|line| line.split(' ')).count();
    assert!(count >= 200, "{count} addresses");
}

fn rows() -> impl Iterator<Item = (&'static str, IpNet)> {
    let v4 = METADATA_V4.iter().chain(RANGES_V4).map(|row| (row.cidr, IpNet::V4(row.net)));
    let v6 = METADATA_V6.iter().chain(RANGES_V6).map(|row| (row.cidr, IpNet::V6(row.net)));
    v4.chain(v6)
}

fn egress(allow: &str) -> Egress {
    Egress::new(allow.split_whitespace().map(|net| net.parse().expect("a CIDR")).collect())
}

#[track_caller]
fn check_allowed(allow: &str, address: &str, expected: bool) {
    let allowed = egress(allow).check(parsed(address)).is_ok();
    assert_eq!(allowed, expected, "{address} with {allow:?}");
}

#[test]
fn the_operator_opens_ranges() {
    check_allowed("", "127.0.0.1", false);
    check_allowed("127.0.0.0/8", "127.0.0.1", true);
    check_allowed("127.0.0.0/8", "10.0.0.1", false);
    check_allowed("10.1.0.0/16 fd12::/16", "10.1.2.3", true);
    check_allowed("10.1.0.0/16 fd12::/16", "10.2.2.3", false);
    check_allowed("10.1.0.0/16 fd12::/16", "fd12::1", true);
    check_allowed("10.1.0.0/16 fd12::/16", "8.8.8.8", true);
    check_allowed("10.1.0.0/16", "::ffff:10.1.2.3", true);
    check_allowed("::ffff:10.1.0.0/112", "::ffff:10.1.2.3", true);
    check_allowed("10.1.0.0/16", "::ffff:10.2.2.3", false);
    check_allowed("10.1.0.0/16", "::10.1.2.3", false);
    check_allowed("10.1.0.0/16", "64:ff9b::10.1.2.3", false);
    check_allowed("10.1.0.0/16", "2002:a01:203::", false);
    check_allowed("64:ff9b::/96", "64:ff9b::10.1.2.3", true);
    check_allowed("::1/128", "::1", true);
    check_allowed("::1/128", "127.0.0.1", false);
}

#[test]
fn nothing_opens_a_metadata_address() {
    for address in METADATA_SPELLINGS.iter().flat_map(|(_, line)| line.split(' ')) {
        check_allowed("0.0.0.0/0 ::/0", address, false);
        check_allowed(&IpNet::from(parsed(address)).to_string(), address, false);
    }
}

#[test]
fn one_forbidden_address_spoils_an_answer() {
    let public = [parsed("8.8.8.8"), parsed("2606:4700:4700::1111")];
    let mixed = [parsed("8.8.8.8"), parsed("10.0.0.1"), parsed("::1")];
    assert_eq!(Egress::default().check_all(&[]), Ok(()));
    assert_eq!(Egress::default().check_all(&public), Ok(()));
    let refused = Egress::default().check_all(&mixed).expect_err("a private address in it");
    assert_eq!(refused.address, parsed("10.0.0.1"));
    assert!(egress("10.0.0.0/8").check_all(&mixed).is_err());
    assert!(egress("10.0.0.0/8 ::1/128").check_all(&mixed).is_ok());
}

#[track_caller]
fn check_sentence(address: &str, expected: &str) {
    let refused = Egress::default().check(parsed(address)).expect_err("refused");
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn a_refusal_says_what_to_do() {
    check_sentence(
        "127.0.0.1",
        "127.0.0.1 is a loopback address; \
         allow it with egress.allow (--egress-allow 127.0.0.0/8)",
    );
    check_sentence(
        "::ffff:10.0.0.1",
        "::ffff:10.0.0.1 is a private address; \
         allow it with egress.allow (--egress-allow 10.0.0.0/8)",
    );
    check_sentence(
        "4000::1",
        "4000::1 is outside the public IPv6 addresses (2000::/3); \
         allow it with egress.allow (--egress-allow 4000::1/128)",
    );
    check_sentence(
        "169.254.169.254",
        "169.254.169.254 is a cloud metadata address; egress.allow cannot open it",
    );
}

/// All ways in which IPv6 carries `address`; the first is mapped, the others are refused whole.
fn embeddings(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(address.to_bits());
    let (high, low) = (bits >> 16, bits & 0xffff);
    let nat64 = 0x64_ff9b_0001_u128 << 80;
    [
        (0xffff << 32) | bits,
        bits,
        (0xffff << 48) | bits,
        (0x64_ff9b << 96) | bits,
        nat64 | bits,
        nat64 | (high << 64) | (low << 40),
        nat64 | ((bits >> 24) << 64) | ((bits & 0xff_ffff) << 32),
        nat64 | (bits << 24),
        (0x2002 << 112) | (bits << 80),
        (0x2001 << 112) | (bits << 64),
        (0x2001 << 112) | (!bits & 0xffff_ffff),
    ]
    .map(Ipv6Addr::from_bits)
    .to_vec()
}

/// An address of a row of the IPv4 tables.
fn forbidden_address() -> impl Strategy<Value = Ipv4Addr> {
    let nets: Vec<Ipv4Net> = METADATA_V4.iter().chain(RANGES_V4).map(|row| row.net).collect();
    (prop::sample::select(nets), any::<u32>()).prop_map(|(net, host)| {
        Ipv4Addr::from_bits(net.network().to_bits() | (host & net.hostmask().to_bits()))
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    let v6 = prop_oneof![
        any::<u128>().prop_map(Ipv6Addr::from_bits),
        (any::<Ipv4Addr>(), any::<prop::sample::Index>())
            .prop_map(|(v4, which)| *which.get(&embeddings(v4))),
    ];
    prop_oneof![any::<Ipv4Addr>().prop_map(IpAddr::V4), v6.prop_map(IpAddr::V6)]
}

proptest! {
    #[test]
    fn a_forbidden_v4_address_is_forbidden_in_every_embedding(v4 in forbidden_address()) {
        let plain = forbidden(IpAddr::V4(v4));
        prop_assert!(plain.is_some());
        let is_metadata = plain.is_some_and(|found| found.metadata);
        for (place, v6) in embeddings(v4).into_iter().enumerate() {
            let found = forbidden(IpAddr::V6(v6));
            prop_assert!(found.is_some(), "{} as {}", v4, v6);
            prop_assert!(!is_metadata || found.is_some_and(|it| it.metadata), "{} as {}", v4, v6);
            prop_assert!(place > 0 || found == plain);
        }
    }

    #[test]
    fn a_public_v4_address_is_public_only_by_itself_and_mapped(v4 in any::<Ipv4Addr>()) {
        let is_public = forbidden(IpAddr::V4(v4)).is_none();
        for (place, v6) in embeddings(v4).into_iter().enumerate() {
            let expected = is_public && place == 0;
            prop_assert_eq!(forbidden(IpAddr::V6(v6)).is_none(), expected, "{}", v6);
        }
    }

    #[test]
    fn every_address_is_decided(address in address()) {
        let refused = Egress::default().check(address).err();
        prop_assert_eq!(refused.map(|it| it.forbidden), forbidden(address));
        let open = egress("0.0.0.0/0 ::/0").check(address);
        let is_metadata = forbidden(address).is_some_and(|it| it.metadata);
        prop_assert_eq!(open.is_err(), is_metadata);
        prop_assert_eq!(Egress::wide().check(address), open);
    }

    #[test]
    fn the_setting_a_refusal_names_opens_the_address(address in address()) {
        let Err(refused) = Egress::default().check(address) else { return Ok(()) };
        let sentence = refused.to_string();
        let hint = sentence.split_once("--egress-allow ").map(|(_, rest)| rest);
        let hint = hint.and_then(|rest| rest.strip_suffix(')'));
        prop_assert_eq!(hint.is_none(), refused.forbidden.metadata);
        if let Some(hint) = hint {
            prop_assert_eq!(egress(hint).check(address), Ok(()));
        }
    }

    #[test]
    fn outside_of_2000_3_nothing_is_public(bits in any::<u128>()) {
        let address = Ipv6Addr::from_bits(bits);
        let may_be_public = bits >> 125 == 1 || address.to_ipv4_mapped().is_some();
        prop_assert!(may_be_public || forbidden(IpAddr::V6(address)).is_some());
    }
}
