//! What does not go together, and why. A rule is silent where one of its settings could not be understood: that was said already.

use souk_settings::{Mistake, Values, Wrong};

use super::{Config, EventsEngine, RouterEngine, StoreEngine};

struct Rule {
    /// The setting to change.
    at: &'static str,
    /// The other settings that decide.
    with: &'static [&'static str],
    broken: fn(&Config, &Values) -> bool,
    what: &'static str,
    help: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        at: "node.listen",
        with: &["node.plain"],
        broken: |config, _| !config.node.listen.ip().is_loopback() && !config.node.plain,
        what: "other machines could connect without encryption",
        help: "listen on 127.0.0.1 behind a proxy that ends TLS, or set node.plain = true where that proxy is on another machine",
    },
    Rule {
        at: "node.operator_listen",
        with: &["node.listen"],
        broken: |config, _| config.node.operator_listen == config.node.listen && config.node.listen.port() != 0,
        what: "is where clients connect already",
        help: "use another port: metrics are not for clients",
    },
    Rule {
        at: "store.url",
        with: &["router.url"],
        broken: |config, _| {
            config.router.engine == RouterEngine::Redis && matches!(config.store.engine, StoreEngine::Sqlite(_))
        },
        what: "SQLite is a file of one machine, and with a Redis router every node would have a history of its own",
        help: "set store.url to cql://host:port/keyspace, or router.url to local",
    },
    Rule {
        at: "router.url",
        with: &["store.url"],
        broken: |config, values| {
            matches!(config.store.engine, StoreEngine::Cql { .. }) && !values.is_said("router.url")
        },
        what: "nodes that share a CQL store and no router would deliver nothing to each other at once and count limits apart",
        help: "set router.url to redis://host:port, or say router.url = \"local\" yourself if there is only this node",
    },
    Rule {
        at: "events.url",
        with: &["router.url"],
        broken: |config, values| {
            config.router.engine == RouterEngine::Redis
                && matches!(config.events.engine, EventsEngine::File(_))
                && !values.is_said("events.url")
        },
        what: "with a Redis router every node would keep an event log of its own, and nobody would read them all",
        help: "set events.url to kafka://host:port, or say events.url = \"file:<folder>\" yourself if that is what you want",
    },
    Rule {
        at: "auth.secret",
        with: &["auth.jwks", "router.url", "store.url"],
        broken: |config, _| config.is_cluster() && config.auth.secret.is_none() && config.auth.jwks.is_none(),
        what: "a key that this node makes up is not known to the other nodes, nor to who signs the tokens",
        help: "set auth.secret (SOUK_AUTH_SECRET) to the marketplace's HS256 secret, or auth.jwks to its public keys",
    },
    Rule {
        at: "store.secret",
        with: &["store.url"],
        broken: |config, _| matches!(config.store.engine, StoreEngine::Cql { .. }) && config.store.secret.is_none(),
        what: "a key that this node makes up is not known to the other nodes, so that a retry elsewhere could not be told from a \
               second message",
        help: "set store.secret (SOUK_STORE_SECRET) to the same 32 bytes or more on every node, and keep it: it cannot be made again",
    },
    Rule {
        at: "moderation.secret",
        with: &["store.secret"],
        broken: |config, _| config.moderation.secret.is_some() && config.moderation.secret == config.store.secret,
        what: "is store.secret: who learns one would have both",
        help: "use another secret, for instance what `openssl rand -hex 32` prints",
    },
];

/// Every rule that is broken.
pub(super) fn broken(config: &Config, values: &Values) -> Vec<Mistake> {
    let understood = |rule: &&Rule| values.are_understood(&[rule.at]) && values.are_understood(rule.with);
    let broken = RULES.iter().filter(understood).filter(|rule| (rule.broken)(config, values));
    broken.map(|rule| Wrong::new(rule.what, rule.help).of(rule.at, values.place(rule.at))).collect()
}
