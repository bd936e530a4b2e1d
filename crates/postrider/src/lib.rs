//! The server: gateway, dispatcher, sender and admin around one store.
//!
//! [`run`] is the whole life of a server, given its configuration, its listeners and the means to
//! end it; `main` and the tests differ only in what they pass. Only this file names all rooms.

pub mod cli;
pub mod args;
pub mod config;
pub mod reload;
pub mod shutdown;
pub mod terminal;
mod address;
mod advice;
mod admin;
mod audit;
mod certificate;
mod client;
mod clock;
mod console;
mod cookie_file;
mod disk;
mod dispatch;
mod doctor;
mod gateway;
mod hatch;
mod lines;
mod listeners;
mod live;
mod lookup;
mod password_prompt;
mod reasons;
mod replay;
mod retention;
#[cfg(test)]
mod moody;
#[cfg(test)]
mod samples;
mod send;
mod signals;
mod spans;
mod supervisor;
mod tally;
mod telemetry;
mod tester;
mod threads;
mod upkeep;
mod version;
mod viewing;
mod workspace;
mod workspace_file;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use domain::address::Egress;
use domain::delivery::Policy;
use domain::delivery::flow::Bounds;
use domain::trace_context::Share;
use storage::embedded::{self, Engine, Options};
use storage::error::OpenError;
use storage::{StorageError, Store};

use admin::playground::Playgrounds;
use config::{AdminAuth, Config, MixedBatches};
use cookie_file::CookieFile;
use live::Gauges;
use reload::Reload;
use shutdown::{Shutdown, Trigger};
use spans::Tracer;
use terminal::Terminal;
use threads::Threads;

pub use listeners::{BindError, Listeners};
pub use supervisor::Inherited;

/// How a server is told things from outside.
#[derive(Clone)]
pub struct Controls {
    /// Asks it to end; it pulls this itself where it cannot go on.
    pub trigger: Arc<Trigger>,
    /// Tells it to end.
    pub shutdown: Shutdown,
    /// Tells it to read the files it follows again.
    pub reload: Arc<Reload>,
}

/// Why a server could not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data directory could not be opened.
    #[error("cannot open storage")]
    Open(#[from] OpenError),
    /// The workspace file cannot be used.
    #[error("cannot start with this workspace file")]
    Workspace(#[source] workspace::FollowError),
    /// The gateway's certificate cannot be used.
    #[error("cannot speak TLS with intake.tls_certificate and intake.tls_key")]
    Identity(#[source] gateway::IdentityError),
    /// Everybody who reaches the admin listener could do everything.
    #[error("admin_auth is off, and the admin listener is on {0}, where others reach it")]
    OpenToAll(std::net::SocketAddr),
    /// Storage failed while the server ran.
    #[error("storage has failed; what was accepted is on disk, start again to go on")]
    Storage(#[from] StorageError),
    /// The machine did not give what is needed.
    #[error("cannot {operation}")]
    Machine {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Controls {
    /// Controls of a server that nobody has told to end.
    pub fn new() -> Self {
        let (trigger, shutdown) = shutdown::shutdown();
        Self { trigger: Arc::new(trigger), shutdown, reload: Arc::default() }
    }
}

impl Default for Controls {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a server until it is told to end; blocks. Says on `terminal` where it listens and when it
/// is ready.
///
/// # Errors
/// Where it cannot start, and where storage fails while it runs; nothing accepted is lost.
pub fn run(
    config: &Config,
    listeners: Listeners,
    controls: &Controls,
    terminal: &Terminal,
) -> Result<(), RunError> {
    clock::check().map_err(|error| machine("get random bytes", error.to_string()))?;
    let options = Options {
        inbox_bytes_max: config.intake.inbox_bytes_max,
        tail_bytes_max: config.journal.tail_bytes_max,
        audit: embedded::AuditLimits {
            records_max: config.audit.records_max as u64,
            age_max: config.audit.retention,
        },
        secret_key: sealing_key(config)?,
        ..Options::default()
    };
    let (store, engine) = embedded::open(&config.data_dir, options)?;
    let served = serve(config, listeners, controls, terminal, (&store, &engine));
    drop(store);
    let closed = engine.close();
    served?;
    closed?;
    Ok(())
}

/// Starts every thread, and runs what needs none of its own, until the end.
fn serve(
    config: &Config,
    listeners: Listeners,
    controls: &Controls,
    terminal: &Terminal,
    (store, engine): (&Store, &Engine),
) -> Result<(), RunError> {
    let runtime = threads::runtime()?;
    let gauges = Arc::new(Gauges::default());
    let playgrounds = Arc::new(Playgrounds::new(terminal.clone()));
    runtime.block_on(async {
        let follower = prepare_workspace(config, store, &controls.reload).await?;
        let (gateway, admin) = listeners.addresses();
        let cookie = let_in_commands(config, admin)?;
        let renewal = load_identity(config, &controls.reload)?;
        let identity = renewal.as_ref().map(gateway::Renewal::identity);
        let (tracer, export) = start_spans(config, &listeners, &gauges, controls)?;
        let mut takers = Threads::new(controls.clone());
        let disk = watch_disk(config, &gauges);
        let needs = gateway_needs(config, store, &gauges, (identity, &tracer), controls);
        let tally = tally::Tally::begin(store.clone(), gauges.clone()).await?;
        start_recall(&needs, &mut takers)?;
        start_gateway(thread_count(config), &listeners, &needs, &mut takers)?;
        let (hatch, handed) = hatch::hatch();
        let composed = gateway::take_composed(handed, needs, controls.shutdown.clone());
        let mut senders = Threads::new(controls.clone());
        start_dispatch(config, &listeners, (store, &gauges, &tracer), &mut senders)?;
        let (tester, bench) = tester::tester();
        let outlet = tester::outlet(outlet_settings(config, &listeners));
        let outlet = outlet.map_err(|error| machine("set up TLS", error))?;
        let (viewing, scribe) = viewing::viewing(store, gauges.notices.clone());
        let needs = admin::Needs {
            store: store.clone(),
            viewing,
            shutdown: controls.shutdown.clone(),
            keep_removed: config.delivery.keep_removed,
            holdings: holdings(config),
            gauges: gauges.clone(),
            playgrounds,
            auth: who_may_come_in(config, store, cookie.as_ref()),
            editor: workspace::Editor::new(store.clone(), lead(config)),
            gateway,
            admin,
            started_at: clock::now(),
            trials: admin::Trials::default(),
            tester,
            event_bytes_max: config.intake.event_bytes_max,
            hatch,
            bounds: crew_settings(config).bounds,
            repeats: admin::Repeats::default(),
            document: std::sync::OnceLock::new(),
        };
        terminal.line(format!("gateway listening on {gateway}"));
        terminal.line(format!("admin listening on {admin}"));
        terminal.line("ready");
        supervisor::ready();
        let link = needs.auth.setup.path();
        welcome(store, (gateway, admin), link.as_deref(), terminal);
        let shutdown = controls.shutdown.clone();
        let listener = listeners.admin().map_err(|error| machine("listen", error))?;
        let followed = follow(follower, renewal, &shutdown);
        let alarm = alarm(engine, controls);
        let retention = retention::run(store.clone(), keep(config), gauges, shutdown.clone());
        let serve = admin::serve(listener, needs, config.intake.header_timeout, shutdown.clone());
        let end = end_in_order(controls, senders, takers, export);
        let disk = disk.run(shutdown.clone());
        // Senders stay on one thread, and what they start stays with them.
        let local = tokio::task::LocalSet::new();
        let tests = local.run_until(bench.run(outlet, shutdown.clone()));
        let watch =
            async { tokio::join!(tally.run(shutdown.clone()), scribe.run(shutdown.clone())) };
        let aside =
            async { tokio::join!(followed, alarm, retention, disk, tests, watch, composed) };
        let (ended, ..) = tokio::join!(end, serve, aside);
        ended
    })
}

/// Lets commands of this machine come in, where somebody must say who asks.
fn let_in_commands(
    config: &Config,
    admin: std::net::SocketAddr,
) -> Result<Option<CookieFile>, RunError> {
    match config.admin_auth {
        AdminAuth::Off if admin.ip().is_loopback() => Ok(None),
        AdminAuth::Off => Err(RunError::OpenToAll(admin)),
        AdminAuth::Required => CookieFile::write(&config.data_dir)
            .map(Some)
            .map_err(|error| machine("write admin.cookie into the data directory", error)),
    }
}

fn who_may_come_in(config: &Config, store: &Store, cookie: Option<&CookieFile>) -> admin::Auth {
    let secrets = admin::ServerSecrets {
        admin_token: config.secrets.admin_token.as_ref(),
        cookie_file: cookie.map(CookieFile::secret),
    };
    let mut auth = admin::Auth::new(config.admin_auth, store, &secrets);
    auth.trusted_proxies = config.intake.trusted_proxies.clone();
    auth
}

/// Follows the files that may change while the server runs.
async fn follow(
    follower: Option<workspace::Follower>,
    renewal: Option<gateway::Renewal>,
    shutdown: &Shutdown,
) {
    let workspace = async {
        if let Some(follower) = follower {
            follower.run(shutdown.clone()).await;
        }
    };
    let identity = async {
        if let Some(renewal) = renewal {
            renewal.run(shutdown.clone()).await;
        }
    };
    tokio::join!(workspace, identity);
}

/// Waits until the server is to end; then until nothing is sent any more, then until nothing is
/// taken, and at last until telemetry knows of it.
///
/// # Errors
/// What a thread failed with.
async fn end_in_order(
    controls: &Controls,
    senders: Threads,
    takers: Threads,
    export: Option<spans::Export>,
) -> Result<(), RunError> {
    controls.shutdown.clone().draining().await;
    supervisor::stopping();
    let sent = senders.join().await;
    controls.trigger.close();
    let ended = sent.and(takers.join().await);
    match export {
        Some(export) => ended.and(export.finish().await),
        None => ended,
    }
}

/// Starts telling the collector of events, where there is one.
fn start_spans(
    config: &Config,
    listeners: &Listeners,
    gauges: &Arc<Gauges>,
    controls: &Controls,
) -> Result<(Tracer, Option<spans::Export>), RunError> {
    let otel = &config.otel;
    let Some(endpoint) = &otel.endpoint else { return Ok((Tracer::default(), None)) };
    let headers = config.secrets.otel_headers.as_ref().map_or("", config::Secret::reveal);
    let headers = spans::headers(headers);
    let settings = spans::Settings {
        url: spans::url(endpoint),
        headers: headers.map_err(|why| machine("use POSTRIDER_OTEL_HEADERS", why))?,
        service: otel.service_name.clone(),
        share: Share::of_millionths(otel.sample),
        tells_endpoints: otel.tells_endpoints,
        outlet: outlet_settings(config, listeners),
    };
    let (tracer, export) = spans::start(settings, gauges, controls.clone())?;
    Ok((tracer, Some(export)))
}

fn machine(
    operation: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> RunError {
    RunError::Machine { operation, source: source.into() }
}

/// Brings the catalog up to date; a follower where a workspace file leads it.
async fn prepare_workspace(
    config: &Config,
    store: &Store,
    reload: &Reload,
) -> Result<Option<workspace::Follower>, RunError> {
    let Some(path) = &config.workspace else {
        workspace::ensure_starter(store).await?;
        return Ok(None);
    };
    let mut follower = workspace::Follower::new(path.clone(), store.clone(), reload);
    follower.apply().await.map_err(RunError::Workspace)?;
    Ok(Some(follower))
}

/// What secrets of destinations are sealed with; none where the data directory has it.
fn sealing_key(config: &Config) -> Result<Option<embedded::SecretKey>, RunError> {
    if let Some(key) = &config.secrets.sealing_key {
        let key = embedded::SecretKey::parse(key.reveal());
        return key.map(Some).map_err(|reason| machine("use POSTRIDER_SECRETS_KEY", reason));
    }
    Ok(config.secrets_key_file.as_deref().map(embedded::read_key).transpose()?)
}

/// What decides what is in the catalog.
fn lead(config: &Config) -> workspace::Lead {
    match config.workspace {
        Some(_) => workspace::Lead::File,
        None => workspace::Lead::Edits,
    }
}

fn watch_disk(
    config: &Config,
    gauges: &Arc<Gauges>,
) -> disk::Watch<impl FnMut() -> std::io::Result<u64> + use<>> {
    let free_min = config.intake.disk_free_min as u64;
    disk::Watch::new(free_min, disk::free_of(&config.data_dir), gauges.clone())
}

fn keep(config: &Config) -> retention::Keep {
    let size_max = config.journal.size_max;
    retention::Keep {
        age_max: config.journal.retention,
        bytes_max: (size_max > 0).then_some(size_max as u64),
    }
}

/// What the API tells of the disk, besides what is on it.
fn holdings(config: &Config) -> admin::Holdings {
    admin::Holdings {
        files: embedded::Files::of(&config.data_dir),
        keep: keep(config),
        disk_free_min: config.intake.disk_free_min as u64,
        attempts_max: Options::default().ledger_rows_max,
        audit_records_max: config.audit.records_max as u64,
        audit_age_max: config.audit.retention,
    }
}

/// Ends the server when storage has failed: what is on disk decides at the next start.
async fn alarm(engine: &Engine, controls: &Controls) {
    let mut failed = engine.failed();
    let mut shutdown = controls.shutdown.clone();
    tokio::select! {
        _ = failed.wait_for(Option::is_some) => {
            tracing::error!("storage has failed; the server ends");
            controls.trigger.drain();
        }
        () = shutdown.draining() => {}
    }
}

/// Who the gateway is in TLS; none where it speaks plain HTTP.
fn load_identity(config: &Config, reload: &Reload) -> Result<Option<gateway::Renewal>, RunError> {
    let intake = &config.intake;
    let (Some(certificate), Some(key)) = (&intake.tls_certificate, &intake.tls_key) else {
        return Ok(None);
    };
    let renewal = gateway::Renewal::load(certificate.clone(), key.clone(), reload);
    renewal.map(Some).map_err(RunError::Identity)
}

fn gateway_needs(
    config: &Config,
    store: &Store,
    gauges: &Arc<Gauges>,
    (identity, tracer): (Option<Arc<gateway::Identity>>, &Tracer),
    controls: &Controls,
) -> gateway::Needs {
    let intake = &config.intake;
    let crowd =
        gateway::Crowd::new(intake.connections_per_address_max, intake.trusted_proxies.clone());
    gateway::Needs {
        store: store.clone(),
        settings: Arc::new(gateway_settings(config)),
        gauges: gauges.clone(),
        budget: Arc::new(gateway::Budget::new(intake.bodies_bytes_max)),
        heads: Arc::new(gateway::Budget::new(domain::limits::HTTP2_ALL_HEADS_BYTES_MAX)),
        recent: Arc::new(gateway::Recent::new(intake.dedup_window)),
        buckets: Arc::default(),
        // Half of the cores at most, so that large bodies leave the others to everybody else.
        aside: Arc::new(gateway::Aside::new(thread_count(config) / 2)),
        crowd: Arc::new(crowd),
        identity,
        shutdown: controls.shutdown.clone(),
        tracer: tracer.clone(),
    }
}

fn gateway_settings(config: &Config) -> gateway::GatewaySettings {
    let intake = &config.intake;
    gateway::GatewaySettings {
        request_bytes_max: intake.request_bytes_max,
        event_bytes_max: intake.event_bytes_max,
        trusted_proxies: intake.trusted_proxies.clone(),
        body_timeout: intake.body_timeout,
        body_grace: intake.body_grace,
        header_timeout: intake.header_timeout,
        idle_timeout: intake.idle_timeout,
        mixed: match intake.mixed_batches {
            MixedBatches::AcceptGood => gateway::Mixed::AcceptGood,
            MixedBatches::RejectAll => gateway::Mixed::RejectAll,
        },
        connections_max: listeners::connections_per_thread(thread_count(config)),
        grace: config.shutdown.grace,
    }
}

/// Reads back what was stored lately, while the gateway serves already.
fn start_recall(needs: &gateway::Needs, threads: &mut Threads) -> Result<(), RunError> {
    let (journal, recent) = (needs.store.journal.clone(), needs.recent.clone());
    let gauges = needs.gauges.clone();
    threads.start("recall".to_owned(), move |shutdown| async move {
        if let Err(error) = gateway::recall(journal, recent, shutdown.clone()).await {
            tracing::warn!(%error, "cannot read back what was stored lately");
        }
        gauges.is_recalled.store(true, Relaxed);
        shutdown.clone().draining().await;
        Ok(())
    })
}

fn start_gateway(
    count: usize,
    listeners: &Listeners,
    needs: &gateway::Needs,
    threads: &mut Threads,
) -> Result<(), RunError> {
    for index in 0..count {
        let listener = listeners.gateway().map_err(|error| machine("share the listener", error))?;
        let needs = needs.clone();
        threads.start(format!("gateway-{index}"), move |shutdown| async move {
            let listener = tokio::net::TcpListener::from_std(listener)
                .map_err(|error| machine("listen", error))?;
            gateway::Door::new(listener, needs).serve(shutdown).await;
            Ok(())
        })?;
    }
    Ok(())
}

fn start_dispatch(
    config: &Config,
    listeners: &Listeners,
    (store, gauges, tracer): (&Store, &Arc<Gauges>, &Tracer),
    threads: &mut Threads,
) -> Result<(), RunError> {
    let outlet = outlet_settings(config, listeners);
    let (settings, keep_removed) = (crew_settings(config), config.delivery.keep_removed);
    let count = thread_count(config);
    for index in 0..count {
        let (outlet, store, gauges) = (outlet.clone(), store.clone(), gauges.clone());
        let (settings, tracer) = (settings.clone(), tracer.clone());
        let trigger = threads.trigger();
        threads.start(format!("dispatch-{index}"), move |shutdown| async move {
            let outlet = send::Outlet::new(outlet).map_err(|error| machine("set up TLS", error))?;
            let end = Box::new(move || trigger.drain());
            let outlet = Rc::new(outlet);
            let needs =
                dispatch::Needs { store, outlet, settings, keep_removed, gauges, tracer, end };
            Ok(dispatch::Crew::new(needs, (index, count)).run(shutdown).await?)
        })?;
    }
    Ok(())
}

fn outlet_settings(config: &Config, listeners: &Listeners) -> send::OutletSettings {
    let (gateway, admin) = listeners.addresses();
    send::OutletSettings {
        egress: Arc::new(Egress::new(config.egress.allow.clone())),
        name_servers: config.egress.name_servers.clone(),
        timeout: config.delivery.timeout,
        playground: admin,
        own: vec![gateway, admin],
    }
}

fn crew_settings(config: &Config) -> dispatch::CrewSettings {
    let delivery = &config.delivery;
    dispatch::CrewSettings {
        retry: Policy {
            backoff_min: delivery.retry_min_backoff,
            backoff_max: delivery.retry_max_backoff,
            age_max: delivery.retry_max_age,
            ..Policy::of(delivery.retry_preset)
        },
        order: delivery.order,
        bounds: Bounds {
            concurrency: u32::try_from(delivery.concurrency).unwrap_or(u32::MAX),
            rate: None,
            stop_after: delivery.stop_after,
            probe_wait: delivery.retry_min_backoff.min(domain::limits::PROBE_WAIT_MIN),
        },
        grace: config.shutdown.grace,
    }
}

fn thread_count(config: &Config) -> usize {
    match config.runtime.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        count => count,
    }
}

/// Tells where everything is, and a newcomer what to do next.
fn welcome(
    store: &Store,
    (gateway, admin): (std::net::SocketAddr, std::net::SocketAddr),
    setup_link: Option<&str>,
    terminal: &Terminal,
) {
    let snapshot = store.catalog.watch().borrow().clone();
    terminal.line(workspace::welcome(&snapshot.workspace, (gateway, admin), setup_link));
}
