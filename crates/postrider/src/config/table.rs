//! The table: one row per setting. A new setting is a row here or in `intake`, `people` or `tracing`,
//! and a field in `types`.

use std::time::Duration;

use domain::delivery::lanes::Order;
use domain::delivery::policy::Preset;

use super::intake::INTAKE;
use super::kind::{Bounds, Choice, Kind};
use super::mistake::Origin;
use super::people::{ADMIN_AUTH, AUDIT};
use super::tracing::OTEL;
use super::types::{AdminAuth, Config, JournalConfig, LogFormat, LogLevel};
use super::units::{GIB, HOUR, INSTANT, KIB, SECOND, YEAR};

/// Settings that belong together; the part of a key before its dot.
pub struct Section {
    /// The part before the dot; empty for keys without one.
    pub prefix: &'static str,
    /// The heading, in `--help` and on the reference page.
    pub title: &'static str,
    /// Its settings, in reading order.
    pub rows: &'static [Row],
}

/// One setting.
pub struct Row {
    /// Its name in the file, dots between section and name.
    pub key: &'static str,
    /// What may be written.
    pub kind: Kind,
    /// What holds where nobody says otherwise.
    pub default: &'static str,
    /// What it is for: one sentence without its full stop.
    pub help: &'static str,
    /// When to change it, what it costs: whole sentences, or nothing.
    pub more: &'static str,
}

/// A value that somebody gave to a row, or its default.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The row.
    pub row: &'static Row,
    /// The text that was given; lists have commas.
    pub text: String,
    /// Where it came from.
    pub origin: Origin,
}

/// A rule between two settings.
pub struct Rule {
    /// Key of the one setting.
    pub first: &'static str,
    /// What it must be to the other one, as in "must not be more than".
    pub relation: &'static str,
    /// Key of the other setting.
    pub second: &'static str,
    /// Why.
    pub because: &'static str,
    /// Whether the rule is kept.
    pub holds: fn(&Config) -> bool,
}

impl Row {
    /// The flag: `--delivery-timeout` for `delivery.timeout`.
    pub fn flag(&self) -> String {
        format!("--{}", self.flag_name())
    }

    /// The flag without its dashes.
    pub fn flag_name(&self) -> String {
        self.key.replace(['.', '_'], "-")
    }

    /// The environment variable: `POSTRIDER_DELIVERY_TIMEOUT` for `delivery.timeout`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }

    /// The key without its section.
    pub fn name(&self) -> &'static str {
        self.key.rsplit_once('.').map_or(self.key, |(_, name)| name)
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({})", self.key)
    }
}

/// How every environment variable of ours begins.
pub const VARIABLE_PREFIX: &str = "POSTRIDER_";

/// The variable that names the file.
pub const FILE_VARIABLE: &str = "POSTRIDER_CONFIG";

/// The file that is read where none is named, if it is there.
pub const FILE_DEFAULT: &str = "postrider.toml";

/// Every row, in reading order.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|section| section.rows)
}

/// The row with this key.
pub fn row(key: &str) -> Option<&'static Row> {
    rows().find(|row| row.key == key)
}

/// The settings. Bounds are chosen: wide enough for tests and odd machines, narrow enough to catch
/// a wrong unit.
pub const SECTIONS: &[Section] = &[
    Section { prefix: "", title: "Places", rows: PLACES },
    Section { prefix: "secrets", title: "Secrets", rows: SECRETS },
    Section { prefix: "egress", title: "Egress", rows: EGRESS },
    Section { prefix: "intake", title: "Intake", rows: INTAKE },
    Section { prefix: "delivery", title: "Delivery", rows: DELIVERY },
    Section { prefix: "journal", title: "Journal", rows: JOURNAL },
    Section { prefix: "shutdown", title: "Shutdown", rows: SHUTDOWN },
    Section { prefix: "runtime", title: "Runtime", rows: RUNTIME },
    Section { prefix: "log", title: "Log", rows: LOG },
    Section { prefix: "audit", title: "Audit log", rows: AUDIT },
    Section { prefix: "otel", title: "Tracing", rows: OTEL },
];

const PLACES: &[Row] = &[
    Row {
        key: "data_dir",
        kind: Kind::Path(|config| &mut config.data_dir),
        default: "./data",
        help: "Directory of events, deliveries and the catalog",
        more: "It is made where it is missing, and belongs to one process at a time. Everything \
               that must survive a restart is in it: back it up, and give it a disk that keeps \
               what it has synced.",
    },
    Row {
        key: "gateway",
        kind: Kind::Address(|config| &mut config.gateway),
        default: "0.0.0.0:8080",
        help: "Address where SDKs send events",
        more: "This is the data plane URL of the SDKs. It may face the internet.",
    },
    Row {
        key: "admin",
        kind: Kind::Address(|config| &mut config.admin),
        default: "127.0.0.1:7800",
        help: "Address of the dashboard and the API",
        more: "On a loopback address it answers only requests whose Host is an address or localhost, \
               with or without a port, so that no page can reach it by a name of its own. It speaks \
               plain HTTP: where the network can reach it, put a proxy with TLS in front, so that \
               nobody reads passwords and sessions on the way.",
    },
    ADMIN_AUTH,
    Row {
        key: "workspace",
        kind: Kind::OptionalPath(|config| &mut config.workspace),
        default: "",
        help: "A file whose sources, destinations and connections are served",
        more: "A workspaceConfig.json as RudderStack writes it, or a file of our own shape, in JSON or \
               YAML. Where it is set, the file decides what the \
               catalog holds; where it is not, the catalog keeps what it holds, and begins with a \
               starter source and a playground.",
    },
];

const SECRETS: &[Row] = &[Row {
    key: "secrets.key_file",
    kind: Kind::OptionalPath(|config| &mut config.secrets_key_file),
    default: "",
    help: "A file with the key that secrets are sealed with",
    more: "Values of headers, signing keys and the keys of client certificates lie sealed in the data \
           directory. The file holds 32 random bytes, as base64 or hexadecimal digits, as \
           `openssl rand -base64 32` writes them. The variable POSTRIDER_SECRETS_KEY wins over it. \
           Where neither is set, the key is in `secrets.key` of the data directory, which no backup \
           has: keep a copy of it elsewhere.",
}];

const EGRESS: &[Row] = &[
    Row {
        key: "egress.allow",
        kind: Kind::Networks(|config| &mut config.egress.allow),
        default: "",
        help: "Private networks that destinations may be in",
        more: "Public addresses may always be called. Loopback, private and link-local addresses may \
               only be called where a network here holds them, whatever name they hide behind. The \
               metadata services of clouds are never called.",
    },
    Row {
        key: "egress.name_servers",
        kind: Kind::Servers(|config| &mut config.egress.name_servers),
        default: "",
        help: "Name servers that are asked for the addresses of destinations",
        more: "Where there are none, those of the machine are asked. They are asked over UDP, and over \
               TCP where an answer is long; they themselves may be at any address.",
    },
];

const DELIVERY: &[Row] = &[
    Row {
        key: "delivery.retry_min_backoff",
        kind: Kind::Duration(
            |config| &mut config.delivery.retry_min_backoff,
            Bounds { least: INSTANT, most: YEAR },
        ),
        default: "10s",
        help: "Wait before the second attempt; each further wait doubles",
        more: "",
    },
    Row {
        key: "delivery.retry_max_backoff",
        kind: Kind::Duration(
            |config| &mut config.delivery.retry_max_backoff,
            Bounds { least: INSTANT, most: YEAR },
        ),
        default: "5m",
        help: "Longest wait between two attempts",
        more: "A Retry-After of the endpoint may ask for more.",
    },
    Row {
        key: "delivery.retry_max_age",
        kind: Kind::Duration(
            |config| &mut config.delivery.retry_max_age,
            Bounds { least: INSTANT, most: YEAR },
        ),
        default: "72h",
        help: "Age at which a failing delivery is given up",
        more: "It is then listed as given up; nothing disappears silently. While the endpoint takes \
               nothing at all, no delivery is given up for its age.",
    },
    Row {
        key: "delivery.retry_preset",
        kind: Kind::Choice(&[
            Choice {
                word: "standard",
                meaning: "401, 403, 404, 410 and redirects wait until somebody mends the settings, \
                          other 4xx but 408, 425 and 429 are given up",
                pick: |config| config.delivery.retry_preset = Preset::Standard,
            },
            Choice {
                word: "rudderstack",
                meaning: "all 4xx but 408, 425 and 429, and redirects, are given up at once; others \
                          after three attempts at least",
                pick: |config| config.delivery.retry_preset = Preset::Rudderstack,
            },
        ]),
        default: "standard",
        help: "Which failures are tried again",
        more: "A destination may say otherwise for each class of failures.",
    },
    Row {
        key: "delivery.stop_after",
        kind: Kind::Duration(
            |config| &mut config.delivery.stop_after,
            Bounds { least: SECOND, most: YEAR },
        ),
        default: "5d",
        help: "How long an endpoint may take nothing before it is not tried any more",
        more: "Its events are kept. It is tried again when its settings change, when somebody asks \
               for it, or when the server starts.",
    },
    Row {
        key: "delivery.keep_removed",
        kind: Kind::Duration(
            |config| &mut config.delivery.keep_removed,
            Bounds { least: SECOND, most: YEAR },
        ),
        default: "7d",
        help: "How long a removed destination may be put back with what waits for it",
        more: "What comes meanwhile is not kept for it. When the time is over, what waits for it \
               is given up.",
    },
    Row {
        key: "delivery.timeout",
        kind: Kind::Duration(
            |config| &mut config.delivery.timeout,
            Bounds { least: INSTANT, most: HOUR },
        ),
        default: "10s",
        help: "Longest duration of one attempt, from connecting to the end of the answer",
        more: "",
    },
    Row {
        key: "delivery.concurrency",
        kind: Kind::Count(
            |config| &mut config.delivery.concurrency,
            Bounds { least: 1, most: 10_000 },
        ),
        default: "64",
        help: "Attempts of one destination at the same time",
        more: "Each destination has its own: a stalling one cannot use up another's.",
    },
    Row {
        key: "delivery.order",
        kind: Kind::Choice(&[
            Choice {
                word: "strict",
                meaning: "events that share a userId or an anonymousId, so a login keeps it",
                pick: |config| config.delivery.order = Order::Strict,
            },
            Choice {
                word: "user",
                meaning: "events that share a userId",
                pick: |config| config.delivery.order = Order::User,
            },
            Choice {
                word: "anonymous",
                meaning: "events that share an anonymousId",
                pick: |config| config.delivery.order = Order::Anonymous,
            },
            Choice {
                word: "none",
                meaning: "no events",
                pick: |config| config.delivery.order = Order::None,
            },
        ]),
        default: "strict",
        help: "Which events of a destination keep the order in which they were accepted",
        more: "While one event fails, later ones that must keep their order with it wait.",
    },
];

const JOURNAL: &[Row] = &[
    Row {
        key: "journal.tail_bytes_max",
        kind: Kind::Size(
            |config| &mut config.journal.tail_bytes_max,
            Bounds { least: KIB, most: 64 * GIB },
        ),
        default: "32MiB",
        help: "Bytes of the newest events that stay in memory",
        more: "Destinations that keep up read from there, and never from the disk.",
    },
    Row {
        key: "journal.retention",
        kind: Kind::Duration(
            |config| &mut config.journal.retention,
            Bounds { least: SECOND, most: YEAR },
        ),
        default: "168h",
        help: "How long an event is kept after it was accepted",
        more: "An event that a destination still needs is kept longer. What is given up can be \
               delivered again for as long as its event is kept, so it is well above \
               delivery.retry_max_age; a warning says where it is not.",
    },
    Row {
        key: "journal.size_max",
        kind: Kind::Size(
            |config| &mut config.journal.size_max,
            Bounds { least: 0, most: 1024 * 1024 * GIB },
        ),
        default: "0B",
        help: "Bytes of disk that events may take; 0B means no bound",
        more: "Beyond it the oldest events go, whatever their age. What a destination still needed \
               of them is not sent: it counts as expired, is listed as an attempt with the reason \
               trimmed, and the log warns. The file may be a third larger than what is in use of it.",
    },
];

const SHUTDOWN: &[Row] = &[Row {
    key: "shutdown.grace",
    kind: Kind::Duration(
        |config| &mut config.shutdown.grace,
        Bounds { least: Duration::ZERO, most: HOUR },
    ),
    default: "30s",
    help: "Longest wait for requests and attempts that are under way when the process ends",
    more: "It is one time for both: attempts come first, requests have what is left, and one second \
           at least. What ends the process by force, as systemd or Kubernetes do, should wait a few \
           seconds longer. An attempt that is cut off is made again after the next start.",
}];

const RUNTIME: &[Row] = &[Row {
    key: "runtime.threads",
    kind: Kind::Count(|config| &mut config.runtime.threads, Bounds { least: 0, most: 1024 }),
    default: "0",
    help: "Threads that serve; 0 means one per core",
    more: "",
}];

const LOG: &[Row] = &[
    Row {
        key: "log.level",
        kind: Kind::Choice(&[
            Choice {
                word: "error",
                meaning: "what needs an operator",
                pick: |config| config.log.level = LogLevel::Error,
            },
            Choice {
                word: "warn",
                meaning: "also what may need one",
                pick: |config| config.log.level = LogLevel::Warn,
            },
            Choice {
                word: "info",
                meaning: "also what happens once in a while",
                pick: |config| config.log.level = LogLevel::Info,
            },
            Choice {
                word: "debug",
                meaning: "also what happens per request",
                pick: |config| config.log.level = LogLevel::Debug,
            },
            Choice {
                word: "trace",
                meaning: "everything",
                pick: |config| config.log.level = LogLevel::Trace,
            },
        ]),
        default: "info",
        help: "The least important level that is logged",
        more: "",
    },
    Row {
        key: "log.format",
        kind: Kind::Choice(&[
            Choice {
                word: "text",
                meaning: "lines for people",
                pick: |config| config.log.format = LogFormat::Text,
            },
            Choice {
                word: "json",
                meaning: "one JSON object per line, for collectors",
                pick: |config| config.log.format = LogFormat::Json,
            },
        ]),
        default: "text",
        help: "How a log line is written",
        more: "",
    },
];

/// The rules between settings.
pub const RULES: &[Rule] = &[
    Rule {
        first: "admin_auth",
        relation: "must be required, or on a loopback address there must be",
        second: "admin",
        because: "whoever reaches the listener could do everything",
        holds: |config| config.admin_auth == AdminAuth::Required || config.admin.ip().is_loopback(),
    },
    Rule {
        first: "delivery.retry_min_backoff",
        relation: "must not be more than",
        second: "delivery.retry_max_backoff",
        because: "waits grow from the one to the other",
        holds: |config| config.delivery.retry_min_backoff <= config.delivery.retry_max_backoff,
    },
    Rule {
        first: "journal.size_max",
        relation: "must be 0B or not less than",
        second: "journal.tail_bytes_max",
        because: "the newest events are in memory and on disk",
        holds: |config| {
            let JournalConfig { size_max, tail_bytes_max, .. } = config.journal;
            size_max == 0 || size_max >= tail_bytes_max
        },
    },
    Rule {
        first: "intake.event_bytes_max",
        relation: "must not be more than",
        second: "intake.request_bytes_max",
        because: "an event comes in a request",
        holds: |config| config.intake.event_bytes_max <= config.intake.request_bytes_max,
    },
    Rule {
        first: "intake.request_bytes_max",
        relation: "must not be more than",
        second: "intake.inbox_bytes_max",
        because: "a request waits for the disk as a whole",
        holds: |config| config.intake.request_bytes_max <= config.intake.inbox_bytes_max,
    },
    Rule {
        first: "intake.request_bytes_max",
        relation: "must not be more than",
        second: "intake.bodies_bytes_max",
        because: "a request counts as a whole",
        holds: |config| config.intake.request_bytes_max <= config.intake.bodies_bytes_max,
    },
    Rule {
        first: "intake.tls_certificate",
        relation: "must be given together with",
        second: "intake.tls_key",
        because: "TLS needs both",
        holds: |config| config.intake.tls_certificate.is_some() == config.intake.tls_key.is_some(),
    },
    Rule {
        first: "gateway",
        relation: "must differ from",
        second: "admin",
        because: "the dashboard must not be where the SDKs are",
        holds: |config| {
            let (gateway, admin) = (config.gateway, config.admin);
            let overlap = gateway.ip() == admin.ip()
                || gateway.ip().is_unspecified()
                || admin.ip().is_unspecified();
            gateway.port() == 0 || gateway.port() != admin.port() || !overlap
        },
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_whole() {
        for section in SECTIONS {
            for row in section.rows {
                let prefix = row.key.rsplit_once('.').map_or("", |(prefix, _)| prefix);
                assert_eq!(prefix, section.prefix, "{} is in the wrong section", row.key);
                assert!(!row.help.is_empty() && !row.help.ends_with('.'), "{}: help", row.key);
                assert!(row.help.len() <= 80, "{}: help is long", row.key);
                assert!(row.more.is_empty() || row.more.ends_with('.'), "{}: more", row.key);
            }
        }
    }

    #[test]
    fn every_default_is_accepted_by_its_kind_and_by_the_rules() {
        let mut config = Config::blank();
        for row in rows() {
            assert_eq!(row.kind.set(&mut config, row.default), Ok(()), "{}", row.key);
        }
        assert_eq!(config, Config::default());
        for rule in RULES {
            assert!((rule.holds)(&config), "{} {}", rule.first, rule.relation);
            assert!(row(rule.first).is_some() && row(rule.second).is_some());
        }
    }

    #[test]
    fn faces_are_derived_and_never_collide() {
        let timeout = row("delivery.timeout").expect("a row");
        assert_eq!(timeout.flag(), "--delivery-timeout");
        assert_eq!(timeout.variable(), "POSTRIDER_DELIVERY_TIMEOUT");
        assert_eq!(timeout.name(), "timeout");
        let flags: BTreeSet<String> = rows().map(Row::flag).collect();
        let variables: BTreeSet<String> = rows().map(Row::variable).collect();
        assert_eq!(flags.len(), rows().count());
        assert_eq!(variables.len(), rows().count());
        assert!(!variables.contains(FILE_VARIABLE));
    }

    #[test]
    fn addresses_collide_when_they_share_a_port_on_one_interface() {
        let rule = RULES.iter().find(|rule| rule.first == "gateway").expect("a rule");
        let check = |gateway: &str, admin: &str, holds: bool| {
            let [gateway, admin] = [gateway, admin].map(|it| it.parse().expect("an address"));
            let config = Config { gateway, admin, ..Config::default() };
            assert_eq!((rule.holds)(&config), holds, "{gateway} {admin}");
        };
        check("127.0.0.1:80", "127.0.0.1:80", false);
        check("0.0.0.0:80", "127.0.0.1:80", false);
        check("127.0.0.2:80", "127.0.0.1:80", true);
        check("127.0.0.1:0", "127.0.0.1:0", true);
        check("0.0.0.0:8080", "127.0.0.1:7800", true);
    }
}
