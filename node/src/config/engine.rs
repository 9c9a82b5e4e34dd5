//! Where the engines are. The address goes to the engine as it was said; here it is only checked as far as it decides what the
//! node is made of, so that a mistake is found at start and together with the others.

use std::fmt;
use std::path::PathBuf;

use souk_settings::{Faults, Given, Wrong};

use super::{Events, Router, Store};

/// An address of an engine. What is shown of it hides a user name and password, and so does `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct EngineUrl(String);

impl EngineUrl {
    pub(super) fn blank() -> Self {
        Self(String::new())
    }

    /// The address with everything in it. Not for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hide_user(&self.0))
    }
}

impl fmt::Debug for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text of an address without user name, password and whatever a query says.
pub(super) fn hide_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let shown = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, hosts)| format!("***@{hosts}"));
    // A password with an unescaped '/' ends up behind the authority: then nothing of it is shown.
    let tail = if tail.contains('@') { "/***" } else { tail };
    format!("{scheme}://{shown}{tail}")
}

/// What stands between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterEngine {
    /// Nothing: this node is alone.
    Local,
    /// Redis or Valkey: single, Sentinel or Cluster.
    Redis,
}

/// Where history is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreEngine {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// ScyllaDB or Cassandra.
    Cql {
        /// `host:port` each.
        nodes: Vec<String>,
        /// The keyspace.
        keyspace: String,
    },
}

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsEngine {
    /// A folder of this machine.
    File(PathBuf),
    /// Kafka.
    Kafka {
        /// `host:port` each.
        brokers: Vec<String>,
    },
}

const ROUTER_HELP: &str = "write local, or redis://host:port (also rediss://, redis-sentinel://, redis-cluster:// with several, comma-separated)";
const STORE_HELP: &str =
    "write sqlite:<path>, or cql://[user:password@]host:port[,host:port]/keyspace[?replication=3&dc=…]";
const EVENTS_HELP: &str = "write file:<folder>, or kafka://host:port[,host:port]";

pub(super) fn router(router: &mut Router, given: &Given) -> Result<(), Faults> {
    let text = given.single()?;
    if text != "local" {
        let schemes = ["redis://", "rediss://", "redis-sentinel://", "redis-cluster://"];
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        let rest = rest.ok_or_else(|| Wrong::new("is no router that souk knows", ROUTER_HELP))?;
        hosts(rest, false, ROUTER_HELP)?;
    }
    router.engine = if text == "local" { RouterEngine::Local } else { RouterEngine::Redis };
    router.url = EngineUrl(text.to_owned());
    Ok(())
}

pub(super) fn store(store: &mut Store, given: &Given) -> Result<(), Faults> {
    let text = given.single()?;
    store.engine = match (text.strip_prefix("sqlite:"), text.strip_prefix("cql://")) {
        // `sqlite:///srv/souk.db` is how other programs write it.
        (Some(path), _) if !path.is_empty() => StoreEngine::Sqlite(path.strip_prefix("//").unwrap_or(path).into()),
        (_, Some(rest)) => {
            let (nodes, tail) = hosts(rest, true, STORE_HELP)?;
            let keyspace = before_options(tail).strip_prefix('/').unwrap_or_default().to_owned();
            check_keyspace(&keyspace)?;
            StoreEngine::Cql { nodes, keyspace }
        }
        _ => return Err(Wrong::new("is no store that souk knows", STORE_HELP).into()),
    };
    store.url = EngineUrl(text.to_owned());
    Ok(())
}

/// The text before a '?'. What stands behind are options of the engine, which reads and checks them when it is opened.
fn before_options(text: &str) -> &str {
    text.split_once('?').map_or(text, |(before, _)| before)
}

fn check_keyspace(name: &str) -> Result<(), Wrong> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    // 48 is the longest name that Cassandra takes.
    if name.is_empty() || name.len() > 48 || !name.bytes().all(good) || !name.as_bytes()[0].is_ascii_lowercase() {
        return Err(Wrong::new(
            "names no usable keyspace",
            "end the address with /keyspace: a lower-case letter, then up to 47 letters, digits and '_'",
        ));
    }
    Ok(())
}

pub(super) fn events(events: &mut Events, given: &Given) -> Result<(), Faults> {
    let text = given.single()?;
    events.engine = match (text.strip_prefix("file:"), text.strip_prefix("kafka://")) {
        (Some(path), _) if !before_options(path).is_empty() => EventsEngine::File(before_options(path).into()),
        (_, Some(rest)) => {
            let (brokers, tail) = hosts(rest, true, EVENTS_HELP)?;
            if !matches!(before_options(tail), "" | "/") {
                return Err(Wrong::new("has a path behind the brokers", EVENTS_HELP).into());
            }
            EventsEngine::Kafka { brokers }
        }
        _ => return Err(Wrong::new("is no place for events that souk knows", EVENTS_HELP).into()),
    };
    events.url = EngineUrl(text.to_owned());
    Ok(())
}

/// `[user[:password]@]host[:port][,host[:port]]tail`: the hosts as said, and the tail. Nothing of the text is quoted in an error:
/// it may hold a password.
fn hosts<'a>(rest: &'a str, port_wanted: bool, help: &str) -> Result<(Vec<String>, &'a str), Wrong> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let list = authority.rsplit_once('@').map_or(authority, |(_, list)| list);
    let good = |host: &str| match (split_port(host), port_wanted) {
        (Some((name, port)), _) => !name.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0),
        (None, wanted) => !wanted && !host.is_empty(),
    };
    if !list.split(',').all(|host| good(host) && !host.contains(char::is_whitespace)) {
        return Err(Wrong::new("names a server that cannot be reached like this", help));
    }
    Ok((list.split(',').map(str::to_owned).collect(), tail))
}

/// Splits a port off; the colons of an IPv6 address stand in brackets.
fn split_port(host: &str) -> Option<(&str, &str)> {
    host.rsplit_once(':').filter(|(_, port)| !port.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("redis://ann:canary@r1:6379/0", "redis://***@r1:6379/0"),
            ("redis://:ca/nary@r1:6379", "redis://:ca/***"),
            ("cql://u:canary@a:9042,b:9042/souk?replication=3", "cql://***@a:9042,b:9042/souk?replication=3"),
            ("redis://u:c@nary@r1", "redis://***@r1"),
            ("local", "local"),
            ("sqlite:./data/souk.db", "sqlite:./data/souk.db"),
        ] {
            assert_eq!(EngineUrl(url.into()).to_string(), shown);
            assert_eq!(format!("{:?}", EngineUrl(url.into())), shown);
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        let (nodes, tail) = hosts("u:p@a:1,[::1]:2/ks?x=1", true, "").unwrap();
        assert_eq!((nodes, tail), (vec!["a:1".to_owned(), "[::1]:2".to_owned()], "/ks?x=1"));
        for bad in ["", "a", "a:", "a:0", "a:70000", ":1", "a:1,,b:2", "a b:1", "[::1]"] {
            assert!(hosts(bad, true, "").is_err(), "{bad}");
        }
        for good in ["a", "a:1", "[::1]", "u:p@a"] {
            assert!(hosts(good, false, "").is_ok(), "{good}");
        }
    }
}
