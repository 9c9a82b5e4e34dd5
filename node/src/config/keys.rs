//! The table of settings. Everything that lists, reads, shows or explains settings goes through it.

use souk_moderation::Category;

use super::key::Fallback::{Text, Unset};
use super::key::{Key, Kind};
use super::{engine, network, parse};
use parse::put;

/// All settings, section by section. A later one may refine an earlier one (`moderation.phone` after `moderation.policy`).
pub(crate) static KEYS: &[Key] = &[
    Key {
        name: "node.listen",
        kind: Kind::Text,
        default: Text("127.0.0.1:8080"),
        doc: "Where clients connect: `/ws`, `/socket.io/`, REST.",
        set: |c, v| put(&mut c.node.listen, parse::address(v)),
    },
    Key {
        name: "node.operator_listen",
        kind: Kind::Text,
        default: Text("127.0.0.1:9090"),
        doc: "Where operators connect: `/metrics`, `/livez`, `/readyz`. Nothing said in chats is there.",
        set: |c, v| put(&mut c.node.operator_listen, parse::address(v)),
    },
    Key {
        name: "node.id",
        kind: Kind::Text,
        default: Text("<host>-<random>"),
        doc: "The node's name, different on every node. The default has a new random tail at every start.",
        set: |c, v| put(&mut c.node.id, parse::node_id(v)),
    },
    Key {
        name: "node.data_dir",
        kind: Kind::Text,
        default: Text("./data"),
        doc: "Where a node that stands alone keeps history, events and the secrets it makes up.",
        set: |c, v| put(&mut c.node.data_dir, parse::path(v)),
    },
    Key {
        name: "node.origins",
        kind: Kind::List,
        default: Unset("pages of the same origin"),
        doc: "Web pages that may connect: exact origins such as `https://market.example`. `*` is refused.",
        set: |c, v| put(&mut c.node.origins, network::origins(v)),
    },
    Key {
        name: "node.trusted_networks",
        kind: Kind::List,
        default: Unset("none"),
        doc: "Proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed, as `10.0.0.0/8`. Clients whose \
              address such a proxy does not say in a form that can be read count as one, with the proxy's address.",
        set: |c, v| put(&mut c.node.trusted_networks, network::networks(v)),
    },
    Key {
        name: "node.plain",
        kind: Kind::Switch,
        default: Text("false"),
        doc: "Take connections without TLS beyond loopback: for a proxy in front that ends TLS, in a network you trust.",
        set: |c, v| put(&mut c.node.plain, parse::switch(v)),
    },
    Key {
        name: "node.keep_alive",
        kind: Kind::Duration,
        default: Text("75s"),
        doc: "How long a connection may be idle between two requests; longer than the balancer in front keeps it. `0s`: one request to \
              a connection.",
        set: |c, v| put(&mut c.node.keep_alive, parse::seconds(v, 0..=3600)),
    },
    Key {
        name: "node.drain_wait",
        kind: Kind::Duration,
        default: Text("0s"),
        doc: "How long a leaving node goes on as usual after `/readyz` went off, so that balancers notice.",
        set: |c, v| put(&mut c.node.drain_wait, parse::seconds(v, 0..=600)),
    },
    Key {
        name: "node.drain_limit",
        kind: Kind::Duration,
        default: Text("25s"),
        doc: "How long closing all connections and flushing events may take; what is left is cut.",
        set: |c, v| put(&mut c.node.drain_limit, parse::seconds(v, 1..=3600)),
    },
    Key {
        name: "router.url",
        kind: Kind::Url,
        default: Text("local"),
        doc: "Between nodes: `local` (none), `redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://`.",
        set: |c, v| engine::router(&mut c.router, v),
    },
    Key {
        name: "store.url",
        kind: Kind::Url,
        default: Text("sqlite:<data_dir>/souk.db"),
        doc: "History: `sqlite:<path>`, or `cql://[user:password@]host:port[,host:port]/keyspace[?replication=3&dc=…]`.",
        set: |c, v| engine::store(&mut c.store, v),
    },
    Key {
        name: "store.secret",
        kind: Kind::Secret,
        default: Unset("made once and kept in `<data_dir>/store.secret`, when alone"),
        doc: "Key of what must not be guessed in the store, at least 32 bytes; the same on all nodes.",
        set: |c, v| put(&mut c.store.secret, parse::secret(v)),
    },
    Key {
        name: "store.previous_secrets",
        kind: Kind::Secrets,
        default: Unset("none"),
        doc: "Earlier values of `store.secret`, still recognised: put the old one here when you change it.",
        set: |c, v| put(&mut c.store.previous_secrets, parse::secrets(v)),
    },
    Key {
        name: "events.url",
        kind: Kind::Url,
        default: Text("file:<data_dir>/events"),
        doc: "Events out: `file:<folder>` (NDJSON), or `kafka://host:port[,host:port]`.",
        set: |c, v| engine::events(&mut c.events, v),
    },
    Key {
        name: "auth.secret",
        kind: Kind::Secret,
        default: Unset("made up and kept in `<data_dir>/auth.secret`, when alone and without `auth.jwks`"),
        doc: "Secret of HS256 tokens, at least 32 bytes; shared with whoever signs them.",
        set: |c, v| put(&mut c.auth.secret, parse::secret(v)),
    },
    Key {
        name: "auth.jwks",
        kind: Kind::Text,
        default: Unset("none"),
        doc: "File with the public keys (JWKS) of RS, PS, ES or EdDSA tokens; read again when it changes.",
        set: |c, v| parse::jwks(&mut c.auth, v),
    },
    Key {
        name: "auth.issuer",
        kind: Kind::Text,
        default: Unset("not checked"),
        doc: "The `iss` that tokens must have.",
        set: |c, v| put(&mut c.auth.issuer, parse::text(v).map(Some)),
    },
    Key {
        name: "auth.audience",
        kind: Kind::Text,
        default: Unset("not checked"),
        doc: "The `aud` that tokens must have, alone or among others.",
        set: |c, v| put(&mut c.auth.audience, parse::text(v).map(Some)),
    },
    Key {
        name: "auth.leeway",
        kind: Kind::Duration,
        default: Text("5s"),
        doc: "How far the clocks of who signs and who checks may differ; at most `30s`.",
        set: |c, v| put(&mut c.auth.leeway, parse::seconds(v, 0..=30)),
    },
    Key {
        name: "limits.messages",
        kind: Kind::Number,
        default: Text("20"),
        doc: "Messages that one person may send per `limits.window`, over all devices and nodes. `0`: no limit.",
        set: |c, v| put(&mut c.limits.quota.messages, parse::number(v)),
    },
    Key {
        name: "limits.window",
        kind: Kind::Duration,
        default: Text("60s"),
        doc: "The sliding window of `limits.messages`.",
        set: |c, v| put(&mut c.limits.quota.window, parse::seconds(v, 1..=86_400)),
    },
    Key {
        name: "limits.handshakes_per_second",
        kind: Kind::Number,
        default: Text("2000"),
        doc: "Handshakes that a node lets through, one address after another; more of them wait, and are refused beyond 10 s of \
              waiting. `0`: no limit.",
        set: |c, v| put(&mut c.limits.handshakes_per_second, parse::bound(v)),
    },
    Key {
        name: "limits.handshakes_per_second_per_ip",
        kind: Kind::Number,
        default: Unset("a fifth of `limits.connections_per_ip`, so 200"),
        doc: "Handshakes that a node lets through from one IPv4 address or IPv6 /64, of those of `limits.handshakes_per_second`; more of \
              them wait, and are refused beyond 10 s of waiting. `0`: no limit.",
        set: |c, v| put(&mut c.limits.handshakes_per_second_per_ip, parse::number(v).map(Some)),
    },
    Key {
        name: "limits.connections",
        kind: Kind::Number,
        default: Text("100000"),
        doc: "Connections to one node. `0`: no limit but the system's.",
        set: |c, v| put(&mut c.limits.connections, parse::bound(v)),
    },
    Key {
        name: "limits.connections_per_user",
        kind: Kind::Number,
        default: Text("20"),
        doc: "Sessions of one person on one node: a connection has one, with Socket.IO one for each namespace. `0`: 1,000.",
        set: |c, v| put(&mut c.limits.connections_per_user, parse::bound(v)),
    },
    Key {
        name: "limits.connections_per_ip",
        kind: Kind::Number,
        default: Text("1000"),
        doc: "Connections from one IPv4 address or IPv6 /64 to one node; behind a proxy set `node.trusted_networks`. `0`: no limit.",
        set: |c, v| put(&mut c.limits.connections_per_ip, parse::bound(v)),
    },
    Key {
        name: "moderation.policy",
        kind: Kind::Choice(parse::POLICIES),
        default: Text("mask"),
        doc: "What becomes of what is not allowed: `mask` (threats and insults are flagged: the words are evidence; spam is \
              refused), `refuse`, `flag`, `off`, or `shadow`: decide and record as `mask`, but change nothing.",
        set: |c, v| parse::policy(&mut c.moderation.rules, v),
    },
    category("moderation.phone", "Phone numbers.", |c, v| parse::category(&mut c.moderation.rules, Category::Phone, v)),
    category("moderation.email", "E-mail addresses.", |c, v| {
        parse::category(&mut c.moderation.rules, Category::Email, v)
    }),
    category("moderation.link", "External links.", |c, v| parse::category(&mut c.moderation.rules, Category::Link, v)),
    category("moderation.messenger", "Messengers with a handle.", |c, v| {
        parse::category(&mut c.moderation.rules, Category::Messenger, v)
    }),
    category("moderation.social", "Social handles.", |c, v| {
        parse::category(&mut c.moderation.rules, Category::Social, v)
    }),
    category("moderation.profanity", "Profanity.", |c, v| {
        parse::category(&mut c.moderation.rules, Category::Profanity, v)
    }),
    category("moderation.threat", "Threats.", |c, v| parse::category(&mut c.moderation.rules, Category::Threat, v)),
    category("moderation.insult", "Insults.", |c, v| parse::category(&mut c.moderation.rules, Category::Insult, v)),
    category("moderation.spam", "Spam.", |c, v| parse::category(&mut c.moderation.rules, Category::Spam, v)),
    Key {
        name: "moderation.own_hosts",
        kind: Kind::List,
        default: Unset("none"),
        doc: "The marketplace's own hosts: links to them, and to hosts below them, stay.",
        set: |c, v| parse::own_hosts(&mut c.moderation.rules, v),
    },
    Key {
        name: "moderation.lexicon",
        kind: Kind::Text,
        default: Unset("none"),
        doc: "File with the marketplace's own words and rules; read again when it changes, and on SIGHUP.",
        set: |c, v| put(&mut c.moderation.lexicon, parse::path(v).map(Some)),
    },
    Key {
        name: "moderation.secret",
        kind: Kind::Secret,
        default: Unset("made of `store.secret`"),
        doc: "Key of the originals of what was masked, refused or edited, which only admins see; at least 32 bytes, the same on all \
              nodes, another than `store.secret`.",
        set: |c, v| put(&mut c.moderation.secret, parse::secret(v)),
    },
    Key {
        name: "moderation.previous_secrets",
        kind: Kind::Secrets,
        default: Unset("none"),
        doc: "Earlier values of `moderation.secret`, which still open what they closed: put the old one here when you change it. \
              What keys made of `store.secret` and its earlier values closed stays open in any case.",
        set: |c, v| put(&mut c.moderation.previous_secrets, parse::secrets(v)),
    },
    Key {
        name: "log.format",
        kind: Kind::Choice(&["text", "json"]),
        default: Text("text"),
        doc: "The form of log lines, which go to standard error.",
        set: |c, v| put(&mut c.log.format, parse::format(v)),
    },
    Key {
        name: "log.filter",
        kind: Kind::Text,
        default: Text("info,scylla=error"),
        doc: "Which log lines: a level, or directives such as `warn,souk_node=debug`.",
        set: |c, v| put(&mut c.log.filter, parse::filter(v)),
    },
];

/// A category of moderation.
const fn category(
    name: &'static str,
    doc: &'static str,
    set: fn(&mut super::Config, &super::given::Given) -> Result<(), super::given::Wrong>,
) -> Key {
    let default = Unset("as `moderation.policy` says");
    Key { name, kind: Kind::Choice(parse::CATEGORY_POLICIES), default, doc, set }
}

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
