//! What an operator chooses, read once when the node starts.
//!
//! A setting is said in a TOML file, in the environment or as a flag; the later of these wins. One table, `keys.rs`, names every
//! setting with its default, its explanation and its parser, as `souk_settings` has them: reading, `souk config print`, `souk config schema`, `souk --help`
//! and the list below are all made from it. Every mistake is found in one go ([`Mistakes`]), said with the place it came from.
//!
//! A cluster is a node whose router is Redis or whose store is CQL. What its nodes must share may then not be left to a default:
//! see `consistency.rs` for the rules and their reasons. Kafka alone does not make a cluster: one node may well write to it.
#![doc = include_str!("REFERENCE.md")]

mod consistency;
mod engine;
mod folder;
mod kept;
mod keys;
mod load;
mod network;
mod parse;
mod print;
mod schema;
mod secret;
mod sources;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use souk_chat::limits::Quota;

pub use engine::{EngineUrl, EventsEngine, RouterEngine, StoreEngine};
pub use kept::{KeptError, Secrets};
#[cfg(test)]
pub(crate) use keys::TABLE;
pub use load::{Loaded, load, load_moderation};
pub use network::{Network, Origins};
pub use print::{print, reference};
pub use schema::schema;
pub use secret::Secret;
pub use souk_settings::{Mistake, Mistakes, Place};
pub use sources::{Flags, Surroundings};

/// Everything an operator chooses, checked. [`Config::default`] is a node that stands alone.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node itself.
    pub node: Node,
    /// Between nodes.
    pub router: Router,
    /// History.
    pub store: Store,
    /// Events out.
    pub events: Events,
    /// Tokens.
    pub auth: Auth,
    /// Bounds.
    pub limits: Limits,
    /// What may be said.
    pub moderation: Moderation,
    /// What is logged, and how.
    pub log: Log,
}

/// The node itself.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where clients connect. Port 0: any free one.
    pub listen: SocketAddr,
    /// Where operators and Prometheus connect. Another address than `listen`, or port 0.
    pub operator_listen: SocketAddr,
    /// Unique among the nodes; 1–128 of `A–Z a–z 0–9 . _ -`.
    pub id: String,
    /// Where a node that stands alone keeps everything. Made when first needed.
    pub data_dir: PathBuf,
    /// Which web pages may connect.
    pub origins: Origins,
    /// Peers whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed.
    pub trusted_networks: Vec<Network>,
    /// Whether connections without TLS are taken beyond loopback.
    pub plain: bool,
    /// How long a connection may be idle between two requests; zero: one request to a connection.
    pub keep_alive: Duration,
    /// How long a leaving node goes on as usual after its readiness went off.
    pub drain_wait: Duration,
    /// How long a leaving node takes in all, `drain_wait` not counted.
    pub drain_limit: Duration,
}

/// Between nodes.
#[derive(Clone, Debug)]
pub struct Router {
    /// As `souk_router::connect` takes it.
    pub url: EngineUrl,
    /// Which engine the address names.
    pub engine: RouterEngine,
}

/// History.
#[derive(Clone, Debug)]
pub struct Store {
    /// `sqlite:<path>` or `cql://…`.
    pub url: EngineUrl,
    /// Which engine the address names, with what it says.
    pub engine: StoreEngine,
    /// Key of what must not be guessed in the store, at least 32 bytes. `None`: alone, and kept in the data folder; see
    /// [`Config::secrets`].
    pub secret: Option<Secret>,
    /// Earlier secrets, still recognised.
    pub previous_secrets: Vec<Secret>,
}

/// Events out.
#[derive(Clone, Debug)]
pub struct Events {
    /// `file:<folder>` or `kafka://…`.
    pub url: EngineUrl,
    /// Which engine the address names, with what it says.
    pub engine: EventsEngine,
}

/// Tokens.
#[derive(Clone, Debug)]
pub struct Auth {
    /// HS256 secret, at least 32 bytes. `None` without `jwks`: alone, and kept in the data folder; see [`Config::secrets`].
    pub secret: Option<Secret>,
    /// A file with public keys (JWKS).
    pub jwks: Option<PathBuf>,
    /// The `iss` that a token must have.
    pub issuer: Option<String>,
    /// The `aud` that a token must have, alone or among others.
    pub audience: Option<String>,
    /// How far clocks may differ; at most 30 s.
    pub leeway: Duration,
}

/// Bounds. `None`: no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages of one person, over all devices and nodes.
    pub quota: Quota,
    /// Handshakes that this node lets through in a second.
    pub handshakes_per_second: Option<NonZeroU32>,
    /// Of them, from one address; `Some(0)`: no limit. `None`: nobody said, see [`Limits::pace_per_ip`].
    pub handshakes_per_second_per_ip: Option<u32>,
    /// Connections to this node.
    pub connections: Option<NonZeroU32>,
    /// Connections of one person to this node.
    pub connections_per_user: Option<NonZeroU32>,
    /// Connections from one address to this node.
    pub connections_per_ip: Option<NonZeroU32>,
}

impl Limits {
    /// Handshakes a second from one address; 0: no limit. Where nobody said: as many as bring all the connections that an address may
    /// have back within five seconds.
    pub fn pace_per_ip(&self) -> u32 {
        let derived = || self.connections_per_ip.map_or(0, |connections| connections.get().div_ceil(5));
        self.handshakes_per_second_per_ip.unwrap_or_else(derived)
    }
}

/// What may be said, and how it is kept that something else was.
#[derive(Clone, Debug, Default)]
pub struct Moderation {
    /// The form that `souk_moderation::Rules` takes, with what `lexicon` adds.
    pub rules: souk_moderation::Settings,
    /// The operator's own words and rules.
    pub lexicon: Option<PathBuf>,
    /// Key of the originals, at least 32 bytes. `None`: one made of the store's; see [`Config::secrets`].
    pub secret: Option<Secret>,
    /// Earlier secrets, which still open what they closed.
    pub previous_secrets: Vec<Secret>,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// Which lines: the directives of `tracing_subscriber::EnvFilter`, checked.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// What the text of a TOML file alone makes; the environment is not read. Errors: every mistake in it.
    pub fn from_toml(text: &str) -> Result<Self, Mistakes> {
        load::from_text(text, &Surroundings::of_this_machine()).map(|loaded| loaded.config)
    }

    /// Whether other nodes share the router or the store with this one.
    pub fn is_cluster(&self) -> bool {
        self.router.engine == RouterEngine::Redis || matches!(self.store.engine, StoreEngine::Cql { .. })
    }

    /// The secrets as given, and those a node that stands alone makes once and keeps in its data folder. Reads files, and writes
    /// them where they are missing; two processes that ask at once get the same. Errors: the data folder cannot be used, or a
    /// kept secret is damaged.
    pub fn secrets(&self) -> Result<Secrets, KeptError> {
        kept::secrets(self)
    }

    /// Closes the data folder to others, if there is one; says in the log what it did.
    pub fn close_data_dir(&self) {
        folder::keep_others_out(&self.node.data_dir);
    }

    /// The HS256 secret of [`Config::secrets`] alone, read or made in the same way.
    pub fn auth_secret(&self) -> Result<Option<Secret>, KeptError> {
        kept::auth_secret(self)
    }

    /// The starting point that the table's defaults are put into; no value of it is seen by anybody, and a test holds that.
    fn blank() -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            node: Node {
                listen: nowhere,
                operator_listen: nowhere,
                id: String::new(),
                data_dir: PathBuf::new(),
                origins: Origins::own(),
                trusted_networks: Vec::new(),
                plain: false,
                keep_alive: Duration::ZERO,
                drain_wait: Duration::ZERO,
                drain_limit: Duration::ZERO,
            },
            router: Router { url: EngineUrl::blank(), engine: RouterEngine::Local },
            store: Store {
                url: EngineUrl::blank(),
                engine: StoreEngine::Sqlite(PathBuf::new()),
                secret: None,
                previous_secrets: Vec::new(),
            },
            events: Events { url: EngineUrl::blank(), engine: EventsEngine::File(PathBuf::new()) },
            auth: Auth { secret: None, jwks: None, issuer: None, audience: None, leeway: Duration::ZERO },
            limits: Limits {
                quota: Quota { messages: 0, window: Duration::ZERO },
                handshakes_per_second: None,
                handshakes_per_second_per_ip: None,
                connections: None,
                connections_per_user: None,
                connections_per_ip: None,
            },
            moderation: Moderation::default(),
            log: Log { format: LogFormat::Text, filter: String::new() },
        }
    }
}

impl Default for Config {
    /// What a node without any configuration does: alone, on loopback, everything under `./data`.
    fn default() -> Self {
        Self::from_toml("").expect("the defaults of the table fit together; a test holds that")
    }
}
