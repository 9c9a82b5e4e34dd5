use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::settings::ConfigError;

/// Most sentinels or cluster seeds in an address.
const HOSTS_MAX: usize = 64;

/// Where the server is, or who knows.
#[derive(Clone, Debug)]
pub(super) enum Servers {
    /// One server: `redis://[user:password@]host[:port][/database]`, or `rediss://`.
    Single(ConnectionInfo),
    /// The master that sentinels name: `redis-sentinel://[user:password@]host:port[,host:port]/name[/database]`. User and
    /// password are the master's; sentinels are asked without.
    Sentinel {
        /// Each sentinel.
        sentinels: Vec<ConnectionInfo>,
        /// The master's name.
        name: String,
        /// How to connect to the master; its address is put in.
        master: ConnectionInfo,
    },
    /// The cluster node that owns the program's slot: `redis-cluster://[user:password@]host:port[,host:port]`.
    Cluster {
        /// Each seed, as it was given. Another node is connected to in the same way.
        seeds: Vec<ConnectionInfo>,
        /// The hash tag of the program's keys.
        tag: String,
    },
}

impl Servers {
    /// Reads an address; `prefix` becomes a cluster's hash tag.
    pub(super) fn parse(url: &str, prefix: &str) -> Result<Self, ConfigError> {
        let (scheme, rest) = url.split_once("://").ok_or(ConfigError::Scheme)?;
        match scheme {
            "redis" => connection(url).map(Self::Single),
            "rediss" if cfg!(feature = "redis-tls") => connection(url).map(Self::Single),
            "rediss" => Err(ConfigError::NoTls),
            "redis-sentinel" => {
                let (login, hosts, path) = split(rest)?;
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                if name.is_empty() {
                    return Err(unreadable("a sentinel's address ends with the master's name: …/name"));
                }
                let sentinels = each(&hosts, |host| connection(&format!("redis://{host}")))?;
                let master = connection(&format!("redis://{login}{}/{database}", hosts[0]))?;
                Ok(Self::Sentinel { sentinels, name: name.to_owned(), master })
            }
            "redis-cluster" => {
                let (login, hosts, path) = split(rest)?;
                if !path.is_empty() {
                    return Err(unreadable("a cluster has no databases: nothing may follow the hosts"));
                }
                let seeds = each(&hosts, |host| connection(&format!("redis://{login}{host}")))?;
                Ok(Self::Cluster { seeds, tag: prefix.to_owned() })
            }
            _ => Err(ConfigError::Scheme),
        }
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster { .. })
    }
}

fn unreadable(why: &str) -> ConfigError {
    ConfigError::Address(why.to_owned())
}

/// User and password with their `@` (or nothing), the hosts, and the path without its first slash.
fn split(rest: &str) -> Result<(&str, Vec<&str>, &str), ConfigError> {
    let at = rest.rfind('@').map_or(0, |at| at + 1);
    let (login, rest) = rest.split_at(at);
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts: Vec<&str> = hosts.split(',').map(str::trim).collect();
    if hosts.iter().any(|host| host.is_empty()) || hosts.len() > HOSTS_MAX {
        return Err(unreadable("the hosts are not a list of host:port, with commas between"));
    }
    Ok((login, hosts, path))
}

fn each<T>(hosts: &[&str], make: impl Fn(&str) -> Result<T, ConfigError>) -> Result<Vec<T>, ConfigError> {
    hosts.iter().map(|host| make(host)).collect()
}

/// How to connect to `url`: with RESP3, whose pushes bring messages and confirmations, and without Nagle's delay.
fn connection(url: &str) -> Result<ConnectionInfo, ConfigError> {
    // The library's own text names what is wrong (port, database) and shows no password.
    let info = url.into_connection_info().map_err(|error| unreadable(&error.to_string()))?;
    if let ConnectionAddr::Tcp(host, _) = info.addr()
        && host.is_empty()
    {
        return Err(unreadable("no host"));
    }
    let protocol = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(protocol).set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Servers, ConfigError> {
        Servers::parse(url, "souk")
    }

    #[test]
    fn each_kind_of_address_is_read() {
        let Servers::Single(info) = parse("redis://ann:p%40ss@h:7000/3").unwrap() else { panic!("single") };
        assert_eq!(info.addr(), &ConnectionAddr::Tcp("h".into(), 7000));
        assert_eq!(info.redis_settings().password(), Some("p@ss"));
        assert_eq!((info.redis_settings().username(), info.redis_settings().db()), (Some("ann"), 3));
        assert!(info.tcp_settings().nodelay());

        let url = "redis-sentinel://:secret@a:1,b:2/main/4";
        let Servers::Sentinel { sentinels, name, master } = parse(url).unwrap() else { panic!("sentinel") };
        let addresses: Vec<String> = sentinels.iter().map(|one| one.addr().to_string()).collect();
        assert_eq!((addresses, name.as_str()), (vec!["a:1".into(), "b:2".into()], "main"));
        assert_eq!(sentinels[0].redis_settings().password(), None);
        assert_eq!((master.redis_settings().password(), master.redis_settings().db()), (Some("secret"), 4));

        let Servers::Cluster { seeds, tag } = parse("redis-cluster://u:p@a:1,b:2").unwrap() else { panic!("cluster") };
        assert_eq!((seeds.len(), tag.as_str()), (2, "souk"));
        assert_eq!(seeds[1].redis_settings().username(), Some("u"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_showing_a_password() {
        for url in ["", "redis", "http://a", "unix:///x"] {
            assert!(matches!(parse(url), Err(ConfigError::Scheme)), "{url}");
        }
        for url in [
            "redis://u:hidden@h:99999",
            "redis://:hidden@/",
            "redis-sentinel://:hidden@a:1",
            "redis-sentinel://:hidden@a:1,,b:2/main",
            "redis-cluster://:hidden@a:x",
            "redis-cluster://:hidden@a:1/0",
        ] {
            let error = parse(url).unwrap_err();
            assert!(matches!(error, ConfigError::Address(_)), "{url}: {error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
        #[cfg(not(feature = "redis-tls"))]
        assert!(matches!(parse("rediss://h"), Err(ConfigError::NoTls)));
    }
}
