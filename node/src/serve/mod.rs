//! A node, from its configuration to its end: the one place where the parts are put together.

mod drain;
mod figures;
mod welcome;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use souk_chat::fingerprint::Fingerprints;
use souk_chat::ports::{Events, Incarnation, Limiter, Presence, Router, Runtime, Store};
use souk_chat::seal::key_from;
use souk_chat::service::{Chats, Ports};
use souk_chat::{OrderId, Sealer, Timestamp};
use souk_events::Relay;
use souk_protocol::Error;
use souk_protocol::dto::ReconnectPolicy;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::absences::Absences;
use crate::auth::Verifier;
use crate::commands::{Announced, Commands};
use crate::config::Config;
use crate::delivery::Delivery;
use crate::http::{Admission, Limits, Server, ServerCounters, Shared, Trusted};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::operator::{Operator, Readiness};
use crate::rules::{Counted, Lexicon};
use crate::runtime::System;
use crate::session::{SignedIn, Verify};
use crate::socket::{self, PING_EVERY, PONG_WITHIN, Surroundings};

/// How clients come back: soon and spread out, then ever more slowly.
const RECONNECT: ReconnectPolicy = ReconnectPolicy { min_ms: 500, max_ms: 30_000, factor: 2.0 };
/// How often readiness is looked at.
const READINESS_EVERY: Duration = Duration::from_millis(500);

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A secret of the data folder.
    #[error(transparent)]
    Secrets(#[from] crate::config::KeptError),
    /// The keys for tokens.
    #[error(transparent)]
    Keys(#[from] crate::auth::KeysError),
    /// The router's address.
    #[error(transparent)]
    Router(#[from] souk_router::ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] souk_store::OpenError),
    /// The way out for events.
    #[error(transparent)]
    Events(#[from] souk_events::ConfigError),
    /// The moderation rules.
    #[error("the moderation rules cannot be used: {0}")]
    Moderation(#[from] souk_moderation::SettingsError),
    /// A port.
    #[error("cannot listen on {address}: {source}; is another souk running? Choose another with {setting}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The setting that says so.
        setting: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The order for trying out could not be made.
    #[error("the order for trying souk out could not be made: {0}")]
    Demo(String),
}

/// A node that runs.
pub struct Node {
    clients: SocketAddr,
    operators: SocketAddr,
    parts: Parts,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What a running node is made of.
struct Parts {
    config: Config,
    shared: Arc<Shared>,
    delivery: Arc<Delivery>,
    hub: Arc<Hub>,
    relay: Arc<Relay>,
    events: Arc<dyn Events>,
    presence: Arc<dyn Presence>,
    readiness: Readiness,
    system: Arc<System>,
    background: souk_router::Background,
}

/// Runs a node until it is told to leave by a signal. A second signal ends it at once.
pub async fn run(config: Config) -> Result<(), ServeError> {
    let node = Node::start(config).await?;
    drain::until_told(node).await;
    Ok(())
}

/// Tokens, checked as the configuration says.
struct Tokens(Arc<Verifier>, Arc<Metrics>);

impl Verify for Tokens {
    fn verify(&self, token: &str, now: Timestamp) -> Result<SignedIn, Error> {
        match self.0.verify(token, now) {
            Ok(identity) => Ok(SignedIn { actor: identity.actor, expires_at: identity.expires_at }),
            Err(error) => {
                self.1.tokens_refused.count(error.label());
                Err(Error::unauthorized(error.to_string()))
            }
        }
    }
}

struct Engines {
    router: Arc<dyn Router>,
    presence: Arc<dyn Presence>,
    limiter: Arc<dyn Limiter>,
    router_metrics: Arc<souk_router::Metrics>,
    background: souk_router::Background,
    store: Arc<dyn Store>,
    events: Arc<dyn Events>,
}

impl Engines {
    async fn open(config: &Config) -> Result<Self, ServeError> {
        let opened = souk_store::open(config.store.url.expose(), &souk_store::Settings::default()).await?;
        tracing::info!(engine = opened.engine, server = opened.server, "history is open");
        // All nodes name the same source: consumers tell repeats by source and id.
        let events = souk_events::open(config.events.url.expose(), souk_events::Settings::default())?;
        let settings = souk_router::Settings {
            node: config.node.id.clone(),
            quota: config.limits.quota,
            ..souk_router::Settings::default()
        };
        let parts = souk_router::connect(config.router.url.expose(), &settings)?;
        Ok(Self {
            router: parts.router,
            presence: parts.presence,
            limiter: parts.limiter,
            router_metrics: parts.metrics,
            background: parts.background,
            store: opened.store,
            events,
        })
    }
}

impl Node {
    /// Where clients connect.
    pub fn clients(&self) -> SocketAddr {
        self.clients
    }

    /// Where operators connect.
    pub fn operators(&self) -> SocketAddr {
        self.operators
    }

    /// Opens the engines, takes the ports, starts all tasks.
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        let secrets = config.secrets()?;
        let metrics = Arc::new(Metrics::default());
        let verifier = Arc::new(Verifier::new(&config.auth, &secrets)?);
        let lexicon = Arc::new(Lexicon::new(&config.moderation, &metrics)?);
        let engines = Engines::open(&config).await?;
        let system = Arc::new(System::default());
        let runtime: Arc<dyn Runtime> = Arc::<System>::clone(&system);
        let node = runtime.random();

        let limits = config.limits;
        let bound = |bound: Option<std::num::NonZeroU32>| bound.map_or(0, |bound| bound.get() as usize);
        let incarnation = Incarnation(format!("{}-{node:016x}", config.node.id).into());
        let relay = Arc::new(Relay::start(
            Arc::clone(&engines.store),
            Arc::clone(&engines.events),
            Arc::clone(&runtime),
            souk_events::relay::Settings::new(incarnation),
        ));
        let hub = Arc::new(Hub::new(
            Arc::clone(&engines.router),
            Arc::clone(&engines.presence),
            bound(limits.connections_per_user),
        ));
        let nudged = Arc::clone(&relay);
        let delivery = Delivery::new(
            Arc::clone(&hub),
            Arc::clone(&engines.router),
            Arc::clone(&engines.store),
            Arc::clone(&runtime),
            Box::new(move |order: &OrderId| nudged.nudge(order)),
        );
        engines.router.attach(Arc::<Delivery>::clone(&delivery));
        let originals: Vec<_> = secrets.moderation.iter().map(|secret| key_from(secret.expose())).collect();
        let chats = Arc::new(Chats::new(Ports {
            store: Arc::clone(&engines.store),
            presence: Arc::clone(&engines.presence),
            limiter: engines.limiter,
            feed: Arc::<Delivery>::clone(&delivery),
            promises: relay.intents(),
            runtime: Arc::clone(&runtime),
            rules: Arc::clone(lexicon.rules()),
            moderations: Arc::new(Counted(Arc::clone(&metrics))),
            sealer: Arc::new(Sealer::new(&originals)),
            fingerprints: Arc::new(Fingerprints::new(secrets.store.iter().map(crate::config::Secret::expose))),
        }));
        let absences = Arc::new(Absences::new(
            Arc::clone(&hub),
            Arc::clone(&chats),
            Arc::clone(&engines.presence),
            Arc::clone(&engines.store),
            Arc::clone(&runtime),
        ));
        let commands = Commands::new(
            Arc::clone(&chats),
            Arc::clone(&hub),
            Arc::clone(&delivery),
            Arc::clone(&runtime),
            Announced {
                quota: limits.quota,
                reconnect: RECONNECT,
                ping_interval: Duration::from_secs(PING_EVERY.into()),
                ping_timeout: Duration::from_secs(PONG_WITHIN.into()),
            },
        );
        let commands = Arc::new(commands.counting(Arc::clone(&metrics)));
        let verify = Arc::new(Tokens(Arc::clone(&verifier), Arc::clone(&metrics)));
        let surroundings = Arc::new(Surroundings::new(
            Arc::clone(&hub),
            commands,
            verify,
            Arc::clone(&runtime),
            Arc::clone(&metrics),
            node,
        ));
        let admission = Arc::new(Admission::new(Limits {
            handshakes_per_second: limits.handshakes_per_second.map_or(0, std::num::NonZeroU32::get),
            handshakes_per_second_per_ip: limits.pace_per_ip(),
            connections: bound(limits.connections),
            connections_per_ip: bound(limits.connections_per_ip),
        }));
        let shared = Arc::new(Shared {
            surroundings: Arc::clone(&surroundings),
            chats: Arc::clone(&chats),
            admission,
            origins: config.node.origins.clone(),
            trusted: Trusted(config.node.trusted_networks.clone()),
            keep_alive: config.node.keep_alive,
            connections: TaskTracker::new(),
            leaving: CancellationToken::new(),
            counters: ServerCounters::default(),
        });
        figures::attach(&metrics, &shared, &delivery, &hub, &relay, &engines.router_metrics);
        figures::attach_absences(&metrics, &absences);

        let address = config.node.listen;
        let listen = |setting, address| move |source| ServeError::Listen { address, setting, source };
        let server = Server::bind(address, Arc::clone(&shared)).await.map_err(listen("node.listen", address))?;
        let clients = server.local_addr().map_err(listen("node.listen", address))?;
        let readiness = Readiness::default();
        let address = config.node.operator_listen;
        let operator = Operator::bind(address, metrics, readiness.clone())
            .await
            .map_err(listen("node.operator_listen", address))?;
        let operators = operator.local_addr().map_err(listen("node.operator_listen", address))?;

        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        // A router in this process loses nothing, and neither does a file: there is nothing to find out without a reason.
        let regularly = config.is_cluster();
        tasks.spawn(operator.run(stop.clone()));
        tasks.spawn(server.run(shared.leaving.clone()));
        tasks.spawn(until(stop.clone(), Arc::clone(&delivery).watch(regularly)));
        tasks.spawn(until(stop.clone(), Arc::clone(&delivery).follow_epoch()));
        tasks.spawn(until(stop.clone(), absences.watch()));
        tasks.spawn(until(stop.clone(), socket::sweep(surroundings)));
        tasks.spawn(until(stop.clone(), Arc::clone(&verifier).watch()));
        tasks.spawn(until(stop.clone(), Arc::clone(&lexicon).watch()));
        if lexicon.has_file() || config.auth.jwks.is_some() {
            tasks.spawn(until(stop.clone(), reread_when_told(verifier, lexicon)));
        }
        tasks.spawn(until(stop.clone(), watch_readiness(engines.router, engines.store, readiness.clone())));
        if !config.is_cluster() {
            welcome::greet(&config, &secrets, &chats, clients, runtime.now()).await?;
        }
        tracing::info!(%clients, %operators, node = config.node.id, "souk is up");
        let parts = Parts {
            config,
            shared,
            delivery,
            hub,
            relay,
            events: engines.events,
            presence: engines.presence,
            readiness,
            system,
            background: engines.background,
        };
        Ok(Self { clients, operators, parts, stop, tasks })
    }

    /// Leaves as a signal would make it: see [`run`].
    pub async fn leave(self) {
        drain::leave(self).await;
    }
}

/// Runs `task` until told to stop.
async fn until(stop: CancellationToken, task: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = task => {}
    }
}

/// Reads the operator's files again at each SIGHUP. Only where there are some: elsewhere the signal means what it usually does, a
/// terminal that was closed.
async fn reread_when_told(verifier: Arc<Verifier>, lexicon: Arc<Lexicon>) {
    let Ok(mut told) = signal(SignalKind::hangup()) else {
        return tracing::warn!("SIGHUP cannot be heard on this system; files are read again when they change");
    };
    while told.recv().await.is_some() {
        let (verifier, lexicon) = (Arc::clone(&verifier), Arc::clone(&lexicon));
        let reading = tokio::task::spawn_blocking(move || {
            verifier.reread();
            lexicon.reread();
        });
        if let Err(error) = reading.await {
            tracing::error!(%error, "reading files again failed");
        }
    }
}

/// Says of the engines whether they answer. Kafka is not asked: chat goes on without it, and events wait.
async fn watch_readiness(router: Arc<dyn Router>, store: Arc<dyn Store>, readiness: Readiness) {
    static PROBE: OnceLock<OrderId> = OnceLock::new();
    let probe = PROBE.get_or_init(|| OrderId::new("souk.readiness").expect("it keeps to the alphabet"));
    loop {
        match router.is_connected() {
            true => readiness.ready("router"),
            false => readiness.not_ready("router", "the router's server does not answer"),
        }
        match tokio::time::timeout(Duration::from_secs(2), store.head(probe)).await {
            Ok(Ok(_)) => readiness.ready("store"),
            Ok(Err(_)) | Err(_) => readiness.not_ready("store", "the store does not answer"),
        }
        tokio::time::sleep(READINESS_EVERY).await;
    }
}
