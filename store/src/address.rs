//! Where a store is: `sqlite:<path>` or `cql://…`.

use std::fmt;
use std::path::PathBuf;

use crate::error::OpenError;
use crate::form::unescape;

/// Entries of a volume where the address names no number.
pub(crate) const VOLUME_ENTRIES: u64 = 50_000;
/// Copies of each row where the address names no number.
const REPLICATION: u32 = 3;

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A CQL cluster.
    Cql(Cql),
}

/// A CQL cluster, and the keyspace in it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cql {
    /// User name and password.
    pub(crate) login: Option<(String, String)>,
    /// `host:port` of some nodes.
    pub(crate) nodes: Vec<String>,
    /// The keyspace: lower-case letters, digits and `_`, so that it never needs quotes.
    pub(crate) keyspace: String,
    /// Copies of each row, used when the keyspace is made.
    pub(crate) replication: u32,
    /// The data centre to stay in.
    pub(crate) dc: Option<String>,
    /// Entries of a volume; `None`: what the keyspace was made with.
    pub(crate) volume: Option<u64>,
}

// A password must not reach a log by way of `{:?}`.
impl fmt::Debug for Cql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cql://{}/{}", self.nodes.join(","), self.keyspace)
    }
}

fn wrong(why: impl Into<String>) -> OpenError {
    OpenError::Address(why.into())
}

impl Address {
    /// Reads an address. Errors: [`OpenError::Address`], which never repeats a password.
    pub(crate) fn parse(text: &str) -> Result<Self, OpenError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///var/souk.db` is how other programs write it; both mean the same path.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(':') || path.contains('?') {
                return Err(wrong("sqlite: is followed by the path of a file, which holds no '?'"));
            }
            return Ok(Self::Sqlite(path.into()));
        }
        match text.strip_prefix("cql://") {
            Some(rest) => Cql::parse(rest).map(Self::Cql),
            None => Err(wrong("a store is sqlite:<path> or cql://host:port[,host:port]/keyspace")),
        }
    }
}

impl Cql {
    fn parse(rest: &str) -> Result<Self, OpenError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The password may hold an escaped '/' or '@', never a bare one.
        let (place, keyspace) =
            rest.rsplit_once('/').ok_or_else(|| wrong("the keyspace is missing: cql://host:port/keyspace"))?;
        let (login, hosts) = match place.rsplit_once('@') {
            Some((login, hosts)) => (Some(parse_login(login)?), hosts),
            None => (None, place),
        };
        let keyspace_is_plain = keyspace.len() <= 48
            && keyspace.starts_with(|c: char| c.is_ascii_lowercase())
            && keyspace.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !keyspace_is_plain {
            return Err(wrong("a keyspace is 1 to 48 of a-z, 0-9 and _, and begins with a letter"));
        }
        let nodes = hosts.split(',').map(parse_node).collect::<Result<Vec<_>, _>>()?;
        let mut address =
            Self { login, nodes, keyspace: keyspace.to_owned(), replication: REPLICATION, dc: None, volume: None };
        query.split('&').filter(|pair| !pair.is_empty()).try_for_each(|pair| address.set(pair))?;
        Ok(address)
    }

    fn set(&mut self, pair: &str) -> Result<(), OpenError> {
        match pair.split_once('=') {
            Some(("replication", value)) => {
                self.replication = value
                    .parse()
                    .ok()
                    .filter(|copies| (1..=99).contains(copies))
                    .ok_or_else(|| wrong("replication is a number from 1 to 99"))?;
            }
            Some(("dc", value)) => {
                // The name stands inside quotes in one statement: it must not be able to end them.
                let name = unescape(value).filter(|name| {
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._- ".contains(&b))
                });
                self.dc = Some(name.ok_or_else(|| wrong("dc is the name of a data centre: letters, digits, . _ -"))?);
            }
            Some(("volume", value)) => {
                let entries = value.parse().ok().filter(|entries| (1..=1_000_000).contains(entries));
                self.volume = Some(entries.ok_or_else(|| wrong("volume is a number of entries, 1 to 1000000"))?);
            }
            _ => return Err(wrong(format!("{pair:?} is not one of replication=, dc=, volume="))),
        }
        Ok(())
    }
}

fn parse_login(login: &str) -> Result<(String, String), OpenError> {
    let (user, password) = login.split_once(':').ok_or_else(|| wrong("a login is user:password@"))?;
    unescape(user).zip(unescape(password)).ok_or_else(|| wrong("a login's % is followed by two hexadecimal digits"))
}

fn parse_node(node: &str) -> Result<String, OpenError> {
    let port = node.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(node.to_owned()),
        _ => Err(wrong("each node is host:port")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_written() {
        assert_eq!(Address::parse("sqlite:./data/souk.db").unwrap(), Address::Sqlite("./data/souk.db".into()));
        assert_eq!(Address::parse("sqlite:///srv/souk.db").unwrap(), Address::Sqlite("/srv/souk.db".into()));
        let Address::Cql(cql) =
            Address::parse("cql://me:a%40b%2F@10.0.0.1:9042,[::1]:9043/souk?replication=1&dc=east-1&volume=8").unwrap()
        else {
            panic!("a CQL address");
        };
        assert_eq!(cql.login, Some(("me".into(), "a@b/".into())));
        assert_eq!(cql.nodes, ["10.0.0.1:9042", "[::1]:9043"]);
        assert_eq!((cql.keyspace.as_str(), cql.replication, cql.volume), ("souk", 1, Some(8)));
        assert_eq!(cql.dc.as_deref(), Some("east-1"));
        assert!(!format!("{cql:?}").contains("a@b"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (bad, named) in [
            ("postgres://x", "sqlite:"),
            ("sqlite:", "path"),
            ("sqlite::memory:", "path"),
            ("cql://host:1", "keyspace"),
            ("cql://host:1/Bad", "keyspace"),
            ("cql://host/souk", "host:port"),
            ("cql://u@host:1/souk", "login"),
            ("cql://host:1/souk?volume=0", "volume"),
            ("cql://host:1/souk?replication=x", "replication"),
            ("cql://host:1/souk?dc=a'b", "dc"),
            ("cql://host:1/souk?color=red", "color"),
        ] {
            let why = Address::parse(bad).unwrap_err().to_string();
            assert!(why.contains(named), "{bad}: {why}");
        }
    }
}
