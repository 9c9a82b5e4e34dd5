//! A node, from its configuration to its end: the one place where the parts are put together.

mod disk;
mod drain;
mod figures;
mod hangup;
mod keep;
mod probe;
pub mod secrets;
mod twin;
mod welcome;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::fingerprint::Fingerprints;
use souk_chat::ports::{Events, Incarnation, Limiter, Presence, Router, Runtime, Store};
use souk_chat::seal::key_from;
use souk_chat::service::{Chats, Ports};
use souk_chat::{OrderId, Sealer, Tasks, Timestamp};
use souk_events::Relay;
use souk_protocol::Error;
use souk_protocol::dto::ReconnectPolicy;
use souk_store::Upkeep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::absences::Absences;
use crate::auth::{Identity, Verifier};
use crate::commands::{Announced, Commands};
use crate::config::{Config, Secrets};
use crate::delivery::Delivery;
use crate::http::{Admission, Limits, Server, ServerCounters, Shared, Trusted};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::observed_store::ObservedStore;
use crate::operator::Operator;
use crate::readiness::Readiness;
use crate::rules::{Counted, Lexicon};
use crate::runtime::System;
use crate::session::{SignedIn, Verify};
use crate::socket::{self, PING_EVERY, PONG_WITHIN, SocketContext};

use self::secrets::{SecretsError, Trust};
use hangup::OnHangup;
use keep::Kept;
use probe::Probe;

/// How clients come back: soon and spread out, then ever more slowly.
const RECONNECT: ReconnectPolicy = ReconnectPolicy { min_ms: 500, max_ms: 30_000, factor: 2.0 };
/// The names of tasks that look at files.
const KEY_SET: &str = "key set";
const WORDS: &str = "words and rules";

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
    /// The secrets are not the store's.
    #[error(transparent)]
    WrongSecrets(#[from] SecretsError),
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
    /// Another process that lives has this node's name.
    #[error(
        "node.id {0:?} is in use by another process that runs: give each node a name of its own (SOUK_NODE_ID), or none"
    )]
    Twin(String),
    /// The order for trying out could not be made.
    #[error("the order for trying souk out could not be made: {0}")]
    Demo(String),
    /// A task panics again and again, or lost what it works with.
    #[error("the task {0:?} cannot go on, and souk not without it: it left, to be started again")]
    BeyondHelp(&'static str),
}

impl ServeError {
    /// Whether the configuration has to be another one: that is told as other mistakes of it are.
    pub fn is_misconfigured(&self) -> bool {
        match self {
            Self::Store(error) => error.is_misconfigured(),
            Self::Twin(_) => true,
            Self::WrongSecrets(error) => matches!(error, SecretsError::Unknown { .. }),
            _ => false,
        }
    }
}

/// A node that runs.
pub struct Node {
    clients: SocketAddr,
    operators: SocketAddr,
    parts: Parts,
    kept: Kept,
    on_hangup: OnHangup,
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
    upkeep: Upkeep,
    incarnation: Incarnation,
    store: Arc<dyn Store>,
    readiness: Readiness,
    system: Arc<System>,
    background: souk_router::Background,
}

/// Runs a node until it is told to leave by a signal. A second signal ends it at once. Errors: it did not start; or it left by
/// itself, in good order, because a part of it cannot go on.
pub async fn run(config: Config) -> Result<(), ServeError> {
    let node = Node::start(config).await?;
    drain::until_told(node).await
}

/// Lets the store take the secrets in force for right, whatever it knew before.
pub async fn accept_secrets(config: Config) -> Result<(), ServeError> {
    let secrets = config.secrets()?;
    let opened = souk_store::open(config.store.url.expose(), &souk_store::Settings::default()).await?;
    let checked = secrets::check(&*opened.settings, &secrets, Trust::Operator).await;
    opened.upkeep.close().await;
    Ok(checked?)
}

/// Tokens, checked as the configuration says.
struct Tokens(Arc<Verifier>, Arc<Metrics>);

impl Verify for Tokens {
    fn verify(&self, token: &str, now: Timestamp) -> Result<SignedIn, Error> {
        match self.0.verify(token, now) {
            Ok(Identity { actor, expires_at, good_until, .. }) => Ok(SignedIn { actor, expires_at, good_until }),
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
    upkeep: Upkeep,
    events: Arc<dyn Events>,
}

impl Engines {
    async fn open(
        config: &Config,
        secrets: &Secrets,
        tasks: &Tasks,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, ServeError> {
        let settings = souk_store::Settings { tasks: tasks.clone(), ..souk_store::Settings::default() };
        let opened = souk_store::open(config.store.url.expose(), &settings).await?;
        let trust = if config.is_cluster() { Trust::Store } else { Trust::StoreAlone };
        secrets::check(&*opened.settings, secrets, trust).await?;
        tracing::info!(engine = opened.engine, server = opened.server, "history is open");
        // All nodes name the same source: consumers tell repeats by source and id.
        let settings = souk_events::Settings { tasks: tasks.clone(), ..souk_events::Settings::default() };
        let events = souk_events::open(config.events.url.expose(), settings)?;
        let settings = souk_router::Settings {
            node: config.node.id.clone(),
            quota: config.limits.quota,
            tasks: tasks.clone(),
            ..souk_router::Settings::default()
        };
        let parts = souk_router::connect(config.router.url.expose(), &settings)?;
        Ok(Self {
            router: parts.router,
            presence: parts.presence,
            limiter: parts.limiter,
            router_metrics: parts.metrics,
            background: parts.background,
            store: Arc::new(ObservedStore::new(opened.store, Arc::clone(metrics))),
            upkeep: opened.upkeep,
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
        hangup::defuse();
        config.close_data_dir();
        let secrets = config.secrets()?;
        let metrics = Arc::new(Metrics::default());
        let verifier = Arc::new(Verifier::new(&config.auth, &secrets)?);
        let lexicon = Arc::new(Lexicon::new(&config.moderation, &metrics)?);
        let system = Arc::new(System::default());
        let tasks = system.tasks().clone();
        metrics.attach_tasks(tasks.clone());
        let engines = Engines::open(&config, &secrets, &tasks, &metrics).await?;
        let runtime: Arc<dyn Runtime> = Arc::<System>::clone(&system);
        let node = runtime.random();

        let limits = config.limits;
        let bound = |bound: Option<std::num::NonZeroU32>| bound.map_or(0, |bound| bound.get() as usize);
        let incarnation = twin::incarnation(&config.node.id, runtime.now(), node);
        let relay = Arc::new(Relay::start(
            Arc::clone(&engines.store),
            Arc::clone(&engines.events),
            Arc::clone(&runtime),
            souk_events::relay::Settings::new(incarnation.clone()),
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
            intents: relay.intents(),
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
        let sockets = Arc::new(SocketContext::new(
            Arc::clone(&hub),
            commands,
            verify,
            Arc::clone(&runtime),
            Arc::clone(&metrics),
            node,
        ));
        let admission = Arc::new(Admission::new(
            Limits {
                handshakes_per_second: limits.handshakes_per_second.map_or(0, std::num::NonZeroU32::get),
                handshakes_per_second_per_ip: limits.pace_per_ip(),
                connections: bound(limits.connections),
                connections_per_ip: bound(limits.connections_per_ip),
            },
            tasks.clone(),
        ));
        let shared = Arc::new(Shared {
            sockets: Arc::clone(&sockets),
            chats: Arc::clone(&chats),
            admission,
            origins: config.node.origins.clone(),
            trusted: Trusted(config.node.trusted_networks.clone()),
            keep_alive: config.node.keep_alive,
            connections: TaskTracker::new(),
            leaving: CancellationToken::new(),
            counters: ServerCounters::default(),
        });
        disk::attach(&metrics, &engines.upkeep);
        figures::attach(&metrics, &shared, &delivery, &hub, &relay, &engines.router_metrics);
        figures::attach_absences(&metrics, &absences);

        let address = config.node.listen;
        let listen = |setting, address| move |source| ServeError::Listen { address, setting, source };
        let server = Server::bind(address, Arc::clone(&shared)).await.map_err(listen("node.listen", address))?;
        let server = Arc::new(server);
        let clients = server.local_addr().map_err(listen("node.listen", address))?;
        let readiness = probe::at_first();
        metrics.attach_readiness(readiness.clone());
        let address = config.node.operator_listen;
        let operator = Operator::bind(address, metrics, readiness.clone(), tasks.clone())
            .await
            .map_err(listen("node.operator_listen", address))?;
        let operator = Arc::new(operator);
        let operators = operator.local_addr().map_err(listen("node.operator_listen", address))?;

        let guards = tasks.clone();
        let kept = Kept::new(tasks);
        let (stop, leaving) = (kept.stop.clone(), shared.leaving.clone());
        kept.keep_to_its_end("operator port", move || Arc::clone(&operator).run(stop.clone()));
        kept.keep_to_its_end("listener", move || Arc::clone(&server).run(leaving.clone()));
        // A router in this process loses nothing, and neither does a file: there is nothing to find out without a reason.
        let regularly = config.is_cluster();
        let (comparing, republishing) = (Arc::clone(&delivery), Arc::clone(&delivery));
        kept.keep("compare", move || Arc::clone(&comparing).compare_on(regularly));
        kept.keep("republish", move || Arc::clone(&republishing).republish_on());
        let following = Arc::clone(&delivery);
        kept.keep("epoch", move || Arc::clone(&following).follow_epoch());
        kept.keep("absences", move || Arc::clone(&absences).watch());
        kept.keep("heartbeats", move || socket::sweep(Arc::clone(&sockets)));
        let on_hangup = OnHangup::of(lexicon.has_file() || config.auth.jwks.is_some());
        let (watched, rules) = (Arc::clone(&verifier), Arc::clone(&lexicon));
        let (keys_guard, words_guard) = (guards.clone(), guards.clone());
        kept.keep(KEY_SET, move || Arc::clone(&watched).watch(keys_guard.clone(), KEY_SET));
        kept.keep(WORDS, move || Arc::clone(&rules).watch(words_guard.clone(), WORDS));
        kept.keep(hangup::HANGUP, move || {
            hangup::listen(on_hangup, Arc::clone(&verifier), Arc::clone(&lexicon), guards.clone())
        });
        let store = Arc::clone(&engines.store);
        let (upkeep, told) = (engines.upkeep.clone(), readiness.clone());
        kept.keep("disk", move || disk::watch(upkeep.clone(), told.clone()));
        let probe = Arc::new(Probe::new(engines.router, engines.store, Arc::clone(&relay), readiness.clone()));
        kept.keep("readiness", move || Arc::clone(&probe).watch());
        #[cfg(feature = "sabotage")]
        keep::sabotaged(&kept);
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
            upkeep: engines.upkeep,
            incarnation,
            store,
            readiness,
            system,
            background: engines.background,
        };
        Ok(Self { clients, operators, parts, kept, on_hangup })
    }

    /// Leaves as a signal would make it: see [`run`].
    pub async fn leave(self) {
        drain::leave(self).await;
    }
}
