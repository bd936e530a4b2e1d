//! The typed result: plain values that the rooms take.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use domain::delivery::lanes::Order;
use domain::delivery::policy::Preset;
use ipnet::IpNet;
use url::Url;

use super::table;
use super::units::show_duration;

/// Every setting, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where events and the catalog are kept.
    pub data_dir: PathBuf,
    /// Where the gateway listens for SDKs.
    pub gateway: SocketAddr,
    /// Where the dashboard and the API listen.
    pub admin: SocketAddr,
    /// Whether the admin listener asks who somebody is.
    pub admin_auth: AdminAuth,
    /// A workspace file that the catalog follows.
    pub workspace: Option<PathBuf>,
    /// The file of the key that secrets are sealed with; one in the data directory where there is none.
    pub secrets_key_file: Option<PathBuf>,
    /// Which addresses deliveries may go to.
    pub egress: EgressConfig,
    /// What the gateway takes.
    pub intake: IntakeConfig,
    /// How destinations are called.
    pub delivery: DeliveryConfig,
    /// How events are kept.
    pub journal: JournalConfig,
    /// How the process ends.
    pub shutdown: ShutdownConfig,
    /// What the process uses of the machine.
    pub runtime: RuntimeConfig,
    /// What is logged.
    pub log: LogConfig,
    /// What is kept of what people did.
    pub audit: AuditConfig,
    /// What telemetry is told.
    pub otel: OtelConfig,
    /// What is in no file and never printed.
    pub secrets: Secrets,
}

/// Whether the admin listener asks who somebody is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AdminAuth {
    /// It does.
    #[default]
    Required,
    /// Whoever reaches it may do everything.
    Off,
}

/// What is kept of what people did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditConfig {
    /// How long.
    pub retention: Duration,
    /// Records of changes, and as many of accesses.
    pub records_max: usize,
}

/// What is in no file and never printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Secrets {
    /// A token that the server takes.
    pub admin_token: Option<Secret>,
    /// The token by which commands come in.
    pub token: Option<Secret>,
    /// What secrets of destinations are sealed with.
    pub sealing_key: Option<Secret>,
    /// Headers for the collector.
    pub otel_headers: Option<Secret>,
}

/// A text that is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What it is; for whoever it is made for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Which addresses deliveries may go to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EgressConfig {
    /// Private networks that destinations may be in.
    pub allow: Vec<IpNet>,
    /// Who is asked for the addresses of names; those whom the machine asks where there are none.
    pub name_servers: Vec<SocketAddr>,
}

/// What the gateway takes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IntakeConfig {
    /// Largest request, inflated.
    pub request_bytes_max: usize,
    /// Largest event.
    pub event_bytes_max: usize,
    /// Proxies whose word about the client's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Longest wait for a whole body.
    pub body_timeout: Duration,
    /// How long a body may be slow.
    pub body_grace: Duration,
    /// Longest wait for a whole request head.
    pub header_timeout: Duration,
    /// Longest silence on a kept connection.
    pub idle_timeout: Duration,
    /// What becomes of a batch with a bad event.
    pub mixed_batches: MixedBatches,
    /// How long resends of a stored event are told.
    pub dedup_window: Duration,
    /// Bytes that may wait for the journal.
    pub inbox_bytes_max: usize,
    /// Free bytes of the disk below which nothing is taken.
    pub disk_free_min: usize,
    /// Bytes of requests that may be under way.
    pub bodies_bytes_max: usize,
    /// Connections of one address at the same time.
    pub connections_per_address_max: usize,
    /// The gateway's certificate chain, where it speaks TLS.
    pub tls_certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub tls_key: Option<PathBuf>,
}

/// What becomes of a batch that holds good and bad events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MixedBatches {
    /// The good ones are stored, the bad ones become rejections.
    #[default]
    AcceptGood,
    /// Nothing is stored.
    RejectAll,
}

/// How destinations are called.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeliveryConfig {
    /// Wait before the second attempt.
    pub retry_min_backoff: Duration,
    /// Longest wait between two attempts.
    pub retry_max_backoff: Duration,
    /// Age at which a delivery is given up.
    pub retry_max_age: Duration,
    /// What is given up at once, and what waits for somebody.
    pub retry_preset: Preset,
    /// How long an endpoint may take nothing before it is not tried any more.
    pub stop_after: Duration,
    /// How long a removed destination may be put back with what waits for it.
    pub keep_removed: Duration,
    /// Longest duration of one attempt.
    pub timeout: Duration,
    /// Attempts of one destination at the same time.
    pub concurrency: usize,
    /// Which events of a destination keep their order.
    pub order: Order,
}

/// How events are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JournalConfig {
    /// Bytes of the newest events that stay in memory.
    pub tail_bytes_max: usize,
    /// How long delivered events are kept.
    pub retention: Duration,
    /// Bytes of disk that events may take; 0 for no bound.
    pub size_max: usize,
}

/// How the process ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ShutdownConfig {
    /// Longest wait for what is under way.
    pub grace: Duration,
}

/// What the process uses of the machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuntimeConfig {
    /// Threads that serve; 0 means one per core.
    pub threads: usize,
}

/// What telemetry is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OtelConfig {
    /// The collector; nothing is traced where there is none.
    pub endpoint: Option<Url>,
    /// Millionths of all events.
    pub sample: u32,
    /// The server's name.
    pub service_name: String,
    /// Whether endpoints are told the span that a request is made in.
    pub tells_endpoints: bool,
}

/// What is logged.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogConfig {
    /// The least important level that is logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

/// The least important level that is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogLevel {
    /// Only what needs an operator.
    Error,
    /// Also what may need one.
    Warn,
    /// Also what happens once in a while.
    #[default]
    Info,
    /// Also what happens per request.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word for the level, as `tracing` filters read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How a log line is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

impl Config {
    /// What is allowed, and likely not meant.
    pub fn warnings(&self) -> Vec<String> {
        self.too_old_to_replay(None, self.delivery.retry_max_age).into_iter().collect()
    }

    /// Says so where deliveries are given up at an age at which their events may be gone; those of one
    /// destination, where it has an age of its own.
    pub fn too_old_to_replay(
        &self,
        destination: Option<&str>,
        age_max: Duration,
    ) -> Option<String> {
        let kept = self.journal.retention;
        let whose = match destination {
            Some(id) => format!("maxAge of destination {id:?}"),
            None => "delivery.retry_max_age".to_owned(),
        };
        (age_max >= kept).then(|| {
            let (age_max, kept) = (show_duration(age_max), show_duration(kept));
            format!(
                "{whose} ({age_max}) is not below journal.retention ({kept}): what is given up for its \
                 age may be gone at once, and cannot be delivered again"
            )
        })
    }

    /// A config whose every value still waits for its row.
    pub(super) fn blank() -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self {
            data_dir: PathBuf::new(),
            gateway: nowhere,
            admin: nowhere,
            admin_auth: AdminAuth::default(),
            workspace: None,
            secrets_key_file: None,
            egress: EgressConfig::default(),
            intake: IntakeConfig::default(),
            delivery: DeliveryConfig::default(),
            journal: JournalConfig::default(),
            shutdown: ShutdownConfig::default(),
            runtime: RuntimeConfig::default(),
            log: LogConfig::default(),
            audit: AuditConfig::default(),
            otel: OtelConfig::default(),
            secrets: Secrets::default(),
        }
    }
}

impl Default for Config {
    /// What the table says where nobody says otherwise.
    fn default() -> Self {
        let mut config = Self::blank();
        for row in table::rows() {
            // A default that its own kind refuses would leave the blank value: a test forbids it.
            let _ = row.kind.set(&mut config, row.default);
        }
        config
    }
}
