//! The rows of the table that say what the gateway takes.

use std::time::Duration;

use super::kind::{Bounds, Choice, Kind};
use super::table::Row;
use super::types::MixedBatches;
use super::units::{GIB, HOUR, INSTANT, KIB, MIB, WEEK, YEAR};

/// What the gateway takes.
pub const INTAKE: &[Row] = &[
    Row {
        key: "intake.request_bytes_max",
        kind: Kind::Size(
            |config| &mut config.intake.request_bytes_max,
            Bounds { least: KIB, most: 256 * MIB },
        ),
        default: "16MiB",
        help: "Largest request that is taken, counted after decompression",
        more: "A larger one is answered 413.",
    },
    Row {
        key: "intake.event_bytes_max",
        kind: Kind::Size(
            |config| &mut config.intake.event_bytes_max,
            Bounds { least: KIB, most: 256 * MIB },
        ),
        default: "1MiB",
        help: "Largest event that is taken",
        more: "A larger one becomes a rejection.",
    },
    Row {
        key: "intake.trusted_proxies",
        kind: Kind::Networks(|config| &mut config.intake.trusted_proxies),
        default: "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, ::1/128, fc00::/7",
        help: "Networks whose X-Forwarded-For is believed",
        more: "The default is loopback and the private networks, where load balancers are. An \
               empty list believes nobody: the client is then the peer of the connection.",
    },
    Row {
        key: "intake.body_timeout",
        kind: Kind::Duration(
            |config| &mut config.intake.body_timeout,
            Bounds { least: INSTANT, most: HOUR },
        ),
        default: "30s",
        help: "Longest wait for the body of a request",
        more: "",
    },
    Row {
        key: "intake.body_grace",
        kind: Kind::Duration(
            |config| &mut config.intake.body_grace,
            Bounds { least: INSTANT, most: HOUR },
        ),
        default: "5s",
        help: "How long a body may be slow; then it must have come at 1 KiB a second",
        more: "What has come earns it time, a second for each KiB, but never more than ten seconds of \
               silence, or this grace where it is longer. A slower body is answered 408, so that few \
               bytes, or a fast beginning, do not hold a connection for long.",
    },
    Row {
        key: "intake.header_timeout",
        kind: Kind::Duration(
            |config| &mut config.intake.header_timeout,
            Bounds { least: INSTANT, most: HOUR },
        ),
        default: "10s",
        help: "Longest wait for the head of a request that has begun",
        more: "At the admin listener it is also the longest silence between two requests.",
    },
    Row {
        key: "intake.idle_timeout",
        kind: Kind::Duration(
            |config| &mut config.intake.idle_timeout,
            Bounds { least: INSTANT, most: YEAR },
        ),
        default: "720s",
        help: "Longest silence before a kept connection is closed",
        more: "It should be longer than the idle timeout of a proxy in front, or the proxy will \
               now and then send on a connection that is being closed.",
    },
    Row {
        key: "intake.mixed_batches",
        kind: Kind::Choice(&[
            Choice {
                word: "accept_good",
                meaning: "the good events are stored, the bad ones become visible rejections",
                pick: |config| config.intake.mixed_batches = MixedBatches::AcceptGood,
            },
            Choice {
                word: "reject_all",
                meaning: "one bad event refuses the whole batch, as rudder-server does",
                pick: |config| config.intake.mixed_batches = MixedBatches::RejectAll,
            },
        ]),
        default: "accept_good",
        help: "What becomes of a batch that holds a bad event",
        more: "A batch without any good event is always refused.",
    },
    Row {
        key: "intake.dedup_window",
        kind: Kind::Duration(
            |config| &mut config.intake.dedup_window,
            Bounds { least: Duration::ZERO, most: WEEK },
        ),
        default: "1h",
        help: "How long a resend of a stored event, told by its messageId, is not stored again",
        more: "A resend is answered 200 like the event itself. 0s stores everything. After a start \
               the window is read back from the journal; above 2,000,000 events a window it is \
               shorter.",
    },
    Row {
        key: "intake.inbox_bytes_max",
        kind: Kind::Size(
            |config| &mut config.intake.inbox_bytes_max,
            Bounds { least: KIB, most: 64 * GIB },
        ),
        default: "64MiB",
        help: "Bytes of events that may wait for the disk before callers get 503",
        more: "It bounds the memory that a slow disk can cost.",
    },
    Row {
        key: "intake.disk_free_min",
        kind: Kind::Size(
            |config| &mut config.intake.disk_free_min,
            Bounds { least: 0, most: 1024 * 1024 * GIB },
        ),
        default: "256MiB",
        help: "Free bytes of the data directory's disk below which callers get 503",
        more: "What is delivered still needs room to be written down, so intake stops before the \
               disk is full; it goes on by itself when there is room. 0B never stops it.",
    },
    Row {
        key: "intake.bodies_bytes_max",
        kind: Kind::Size(
            |config| &mut config.intake.bodies_bytes_max,
            Bounds { least: KIB, most: 64 * GIB },
        ),
        default: "256MiB",
        help: "Bytes of requests that may be under way before callers get 503",
        more: "Bodies count as they come, again as they are inflated, and again as the events that \
               are made of them. It bounds the memory that slow clients and a slow disk can cost. One address may hold an eighth of it, and a thirty-second \
               with requests that show no key in header or query; addresses in \
               intake.trusted_proxies have no such part.",
    },
    Row {
        key: "intake.connections_per_address_max",
        kind: Kind::Count(
            |config| &mut config.intake.connections_per_address_max,
            Bounds { least: 1, most: 1_000_000 },
        ),
        default: "4096",
        help: "Connections of one address at the same time; more are closed at once",
        more: "It keeps one address from taking all room, and leaves enough for an office or a \
               mobile network behind one address. Proxies in intake.trusted_proxies have no such \
               limit; IPv6 addresses of one /64 network count as one.",
    },
    Row {
        key: "intake.tls_certificate",
        kind: Kind::OptionalPath(|config| &mut config.intake.tls_certificate),
        default: "",
        help: "PEM file with the gateway's certificate and its chain; with it, HTTPS is spoken",
        more: "HTTP/2 is then offered, too. The file is followed: a new one is used for new \
               connections within two seconds, or at once after SIGHUP; a broken one is refused in \
               the log, and the old one stays in use.",
    },
    Row {
        key: "intake.tls_key",
        kind: Kind::OptionalPath(|config| &mut config.intake.tls_key),
        default: "",
        help: "PEM file with the private key of the gateway's certificate",
        more: "PKCS #8, PKCS #1 or SEC 1, without a passphrase.",
    },
];
