//! The table of settings. Everything that lists, reads, shows or explains settings goes through it.

use souk_moderation::Category;
use souk_settings::Fallback::{self, Text, Unset};
use souk_settings::{Key, Kind, Table, Value, put};

use super::{Config, engine, network, parse};

/// The settings, and how they are spoken of.
pub(crate) static TABLE: Table<Config> = Table {
    keys: KEYS,
    subject: "configuration",
    noun: "setting",
    example: "[node], then listen = …",
    list: "`souk --help` lists them all",
    variables: "SOUK_",
    others: &[],
};

const NUMBER: Kind = Kind::count(0, u32::MAX as usize);
const CATEGORY: Kind = Kind::Choice(parse::CATEGORY_POLICIES);
const AS_POLICY: Fallback = Unset("as `moderation.policy` says");

/// A value that is put where it belongs as it is read.
macro_rules! value {
    ($($field:ident).+) => { |c, v, k| put(&mut c.$($field).+, Value::read(v, k)) };
}

macro_rules! keys {
    ($( $name:literal: $kind:expr, $default:expr, $doc:literal => $set:expr; )*) => {
        static KEYS: &[Key<Config>] = &[$( Key { name: $name, kind: $kind, default: $default, doc: $doc, set: $set }, )*];
    };
}

keys! {
    "node.listen": Kind::Text, Text("127.0.0.1:8080"),
        "Where clients connect: `/ws`, `/socket.io/`, REST." => |c, v, _| put(&mut c.node.listen, parse::address(v));
    "node.operator_listen": Kind::Text, Text("127.0.0.1:9090"),
        "Where operators connect: `/metrics`, `/livez`, `/readyz`. Nothing said in chats is there."
        => |c, v, _| put(&mut c.node.operator_listen, parse::address(v));
    "node.id": Kind::Text, Text("<host>-<random>"),
        "The node's name, different on every node. The default has a new random tail at every start."
        => |c, v, _| put(&mut c.node.id, parse::node_id(v));
    "node.data_dir": Kind::Text, Text("./data"),
        "Where a node that stands alone keeps history, events and the secrets it makes up."
        => |c, v, _| put(&mut c.node.data_dir, parse::path(v));
    "node.origins": Kind::List("texts"), Unset("pages of the same origin"),
        "Web pages that may connect: exact origins such as `https://market.example`. `*` is refused."
        => |c, v, _| put(&mut c.node.origins, network::origins(v));
    "node.trusted_networks": Kind::List("texts"), Unset("none"),
        "Proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed, as `10.0.0.0/8`. Clients whose address such a proxy does not say in a form that can be read count as one, with the proxy's address."
        => |c, v, _| put(&mut c.node.trusted_networks, network::networks(v));
    "node.plain": Kind::Switch, Text("false"),
        "Take connections without TLS beyond loopback: for a proxy in front that ends TLS, in a network you trust."
        => value!(node.plain);
    "node.keep_alive": Kind::seconds(0, 3600), Text("75s"),
        "How long a connection may be idle between two requests; longer than the balancer in front keeps it. `0s`: one request to a connection."
        => value!(node.keep_alive);
    "node.drain_wait": Kind::seconds(0, 600), Text("0s"),
        "How long a leaving node goes on as usual after `/readyz` went off, so that balancers notice." => value!(node.drain_wait);
    "node.drain_limit": Kind::seconds(1, 3600), Text("25s"),
        "How long closing all connections and flushing events may take; what is left is cut." => value!(node.drain_limit);

    "router.url": Kind::Url, Text("local"),
        "Between nodes: `local` (none), `redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://`."
        => |c, v, _| engine::router(&mut c.router, v);

    "store.url": Kind::Url, Text("sqlite:<data_dir>/souk.db"),
        "History: `sqlite:<path>`, or `cql://[user:password@]host:port[,host:port]/keyspace[?replication=3&dc=…]`."
        => |c, v, _| engine::store(&mut c.store, v);
    "store.secret": Kind::Secret, Unset("made once and kept in `<data_dir>/store.secret`, when alone"),
        "Key of what must not be guessed in the store, at least 32 bytes; the same on all nodes."
        => |c, v, _| put(&mut c.store.secret, parse::secret(v));
    "store.previous_secrets": Kind::Secrets, Unset("none"),
        "Earlier values of `store.secret`, still recognised: put the old one here when you change it."
        => |c, v, _| put(&mut c.store.previous_secrets, parse::secrets(v));

    "events.url": Kind::Url, Text("file:<data_dir>/events"),
        "Events out: `file:<folder>` (NDJSON), or `kafka://host:port[,host:port]`." => |c, v, _| engine::events(&mut c.events, v);

    "auth.secret": Kind::Secret, Unset("made up and kept in `<data_dir>/auth.secret`, when alone and without `auth.jwks`"),
        "Secret of HS256 tokens, at least 32 bytes; shared with whoever signs them."
        => |c, v, _| put(&mut c.auth.secret, parse::secret(v));
    "auth.jwks": Kind::Text, Unset("none"),
        "File with the public keys (JWKS) of RS, PS, ES or EdDSA tokens; read again when it changes."
        => |c, v, _| parse::jwks(&mut c.auth, v);
    "auth.issuer": Kind::Text, Unset("not checked"),
        "The `iss` that tokens must have." => |c, v, _| put(&mut c.auth.issuer, parse::text(v).map(Some));
    "auth.audience": Kind::Text, Unset("not checked"),
        "The `aud` that tokens must have, alone or among others."
        => |c, v, _| put(&mut c.auth.audience, parse::text(v).map(Some));
    "auth.leeway": Kind::seconds(0, 30), Text("5s"),
        "How far the clocks of who signs and who checks may differ; at most `30s`." => value!(auth.leeway);

    "limits.messages": NUMBER, Text("20"),
        "Messages that one person may send per `limits.window`, over all devices and nodes. `0`: no limit."
        => value!(limits.quota.messages);
    "limits.window": Kind::seconds(1, 86_400), Text("60s"),
        "The sliding window of `limits.messages`." => value!(limits.quota.window);
    "limits.handshakes_per_second": NUMBER, Text("2000"),
        "Handshakes that a node lets through, one address after another; more of them wait, and are refused beyond 10 s of waiting. `0`: no limit."
        => |c, v, k| put(&mut c.limits.handshakes_per_second, parse::bound(v, k));
    "limits.handshakes_per_second_per_ip": NUMBER, Unset("a fifth of `limits.connections_per_ip`, so 200"),
        "Handshakes that a node lets through from one IPv4 address or IPv6 /64, of those of `limits.handshakes_per_second`; more of them wait, and are refused beyond 10 s of waiting. `0`: no limit."
        => |c, v, k| put(&mut c.limits.handshakes_per_second_per_ip, Value::read(v, k).map(Some));
    "limits.connections": NUMBER, Text("100000"),
        "Connections to one node. `0`: no limit but the system's."
        => |c, v, k| put(&mut c.limits.connections, parse::bound(v, k));
    "limits.connections_per_user": NUMBER, Text("20"),
        "Sessions of one person on one node: a connection has one, with Socket.IO one for each namespace. `0`: 1,000."
        => |c, v, k| put(&mut c.limits.connections_per_user, parse::bound(v, k));
    "limits.connections_per_ip": NUMBER, Text("1000"),
        "Connections from one IPv4 address or IPv6 /64 to one node; behind a proxy set `node.trusted_networks`. `0`: no limit."
        => |c, v, k| put(&mut c.limits.connections_per_ip, parse::bound(v, k));

    "moderation.policy": Kind::Choice(parse::POLICIES), Text("mask"),
        "What becomes of what is not allowed: `mask` (threats and insults are flagged: the words are evidence; spam is refused), `refuse`, `flag`, `off`, or `shadow`: decide and record as `mask`, but change nothing."
        => |c, v, _| parse::policy(&mut c.moderation.rules, v);
    "moderation.phone": CATEGORY, AS_POLICY,
        "Phone numbers." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Phone, v);
    "moderation.email": CATEGORY, AS_POLICY,
        "E-mail addresses." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Email, v);
    "moderation.link": CATEGORY, AS_POLICY,
        "External links." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Link, v);
    "moderation.messenger": CATEGORY, AS_POLICY,
        "Messengers with a handle." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Messenger, v);
    "moderation.social": CATEGORY, AS_POLICY,
        "Social handles." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Social, v);
    "moderation.profanity": CATEGORY, AS_POLICY,
        "Profanity." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Profanity, v);
    "moderation.threat": CATEGORY, AS_POLICY,
        "Threats." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Threat, v);
    "moderation.insult": CATEGORY, AS_POLICY,
        "Insults." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Insult, v);
    "moderation.spam": CATEGORY, AS_POLICY,
        "Spam." => |c, v, _| parse::category(&mut c.moderation.rules, Category::Spam, v);
    "moderation.own_hosts": Kind::List("texts"), Unset("none"),
        "The marketplace's own hosts: links to them, and to hosts below them, stay."
        => |c, v, _| parse::own_hosts(&mut c.moderation.rules, v);
    "moderation.lexicon": Kind::Text, Unset("none"),
        "File with the marketplace's own words and rules; read again when it changes, and on SIGHUP."
        => |c, v, _| put(&mut c.moderation.lexicon, parse::path(v).map(Some));
    "moderation.secret": Kind::Secret, Unset("made of `store.secret`"),
        "Key of the originals of what was masked, refused or edited, which only admins see; at least 32 bytes, the same on all nodes, another than `store.secret`."
        => |c, v, _| put(&mut c.moderation.secret, parse::secret(v));
    "moderation.previous_secrets": Kind::Secrets, Unset("none"),
        "Earlier values of `moderation.secret`, which still open what they closed: put the old one here when you change it. What keys made of `store.secret` and its earlier values closed stays open in any case."
        => |c, v, _| put(&mut c.moderation.previous_secrets, parse::secrets(v));

    "log.format": Kind::Choice(&["text", "json"]), Text("text"),
        "The form of log lines, which go to standard error." => |c, v, _| put(&mut c.log.format, parse::format(v));
    "log.filter": Kind::Text, Text("info,scylla=error"),
        "Which log lines: a level, or directives such as `warn,souk_node=debug`."
        => |c, v, _| put(&mut c.log.filter, parse::filter(v));
}
