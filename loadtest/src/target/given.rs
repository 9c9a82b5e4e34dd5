//! Servers that somebody else started: `--target`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::{Carriers, NodeAddress, OrderMaking, Target, TargetError};

/// Within this time a server is found and answers, or is down.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// The flags, as errors name them.
const TARGET: &str = "--target";
const OPERATORS: &str = "--operators";

/// What the command line says about servers that are there. Lists may also be written with commas, in one text.
#[derive(Clone, Debug)]
pub struct GivenTarget {
    /// Where clients connect: `http://`, `ws://`, or `host:port`.
    pub urls: Vec<String>,
    /// Where operators connect, in the order of the nodes; or none.
    pub operators: Vec<String>,
    /// Their processes, in the order of the nodes; or none.
    pub pids: Vec<u32>,
    /// What they take tokens of: their `auth.secret`.
    pub secret: String,
    /// Whether addresses beyond this machine are meant: `--i-own-this-target`.
    pub owned: bool,
    /// How they are spoken to.
    pub carriers: Carriers,
    /// Whether history can be read back over REST.
    pub history: bool,
    /// How orders come to be.
    pub orders: OrderMaking,
    /// The Redis between them, if it is to be observed.
    pub redis: Option<String>,
}

impl GivenTarget {
    /// Nodes of souk at these addresses, on this machine.
    pub fn souk(urls: Vec<String>, secret: impl Into<String>) -> Self {
        Self {
            urls,
            operators: Vec::new(),
            pids: Vec::new(),
            secret: secret.into(),
            owned: false,
            carriers: Carriers::BOTH,
            history: true,
            orders: OrderMaking::Rest,
            redis: None,
        }
    }
}

impl Target {
    /// The target that was given: every address is found, is of this machine (or said to be one's own), and accepts a connection
    /// within a second.
    pub async fn given(given: GivenTarget) -> Result<Self, TargetError> {
        let (urls, operators) = (listed(&given.urls), listed(&given.operators));
        if urls.is_empty() {
            return Err(TargetError::NoNodes);
        }
        for (what, found) in [(OPERATORS, operators.len()), ("--pid", given.pids.len())] {
            if found != 0 && found != urls.len() {
                return Err(TargetError::Uneven { what, found, nodes: urls.len() });
            }
        }
        if let Some(pid) = given.pids.iter().find(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            return Err(TargetError::NoProcess(*pid));
        }
        let clients = try_join_all(urls.iter().map(|url| find(TARGET, url, given.owned))).await?;
        let operators = try_join_all(operators.iter().map(|url| find(OPERATORS, url, given.owned))).await?;
        let nodes = urls.iter().zip(clients).enumerate().map(|(at, (url, clients))| NodeAddress {
            name: (*url).to_owned(),
            clients,
            operators: operators.get(at).copied(),
            pid: given.pids.get(at).copied(),
        });
        Ok(Self {
            nodes: nodes.collect(),
            secret: given.secret,
            carriers: given.carriers,
            history: given.history,
            orders: given.orders,
            engines: "given".to_owned(),
            redis: given.redis,
        })
    }
}

fn listed(texts: &[String]) -> Vec<&str> {
    texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty()).collect()
}

/// The address behind `url` that accepts a connection.
async fn find(what: &'static str, url: &str, owned: bool) -> Result<SocketAddr, TargetError> {
    let (host, port) = host_and_port(url).map_err(|why| TargetError::Address { what, url: url.to_owned(), why })?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    let found = timeout_at(deadline, lookup_host((host.as_str(), port))).await;
    let unresolved = |why: String| TargetError::Unresolved { url: url.to_owned(), why };
    let found = found.map_err(|_| unresolved(format!("nothing known within {ANSWER_WITHIN:?}")))?;
    let addresses: Vec<SocketAddr> = found.map_err(|error| unresolved(error.to_string()))?.collect();
    // One address elsewhere is enough: which of them is used would be chance.
    if let Some(address) = addresses.iter().find(|address| !owned && !is_loopback(address.ip())) {
        return Err(TargetError::NotLoopback { url: url.to_owned(), address: *address });
    }
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        why = match timeout_at(deadline, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                format!("nothing listens on {address}")
            }
            Ok(Err(error)) => format!("{address}: {error}"),
            Err(_) => format!("{address} took no connection within {ANSWER_WITHIN:?}"),
        };
    }
    Err(TargetError::Down { url: url.to_owned(), why })
}

/// Also where it is written as an IPv6 address that holds an IPv4 one.
fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Takes an address apart. Errors: what is wrong with it.
fn host_and_port(url: &str) -> Result<(String, u16), &'static str> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, url),
    };
    match scheme {
        None | Some("http" | "ws") => {}
        Some("https" | "wss") => {
            return Err("there is no TLS here: give the address of a node, or of a proxy that adds TLS");
        }
        Some(_) => return Err("that scheme is not known"),
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !path.is_empty() {
        return Err("an address has no path: each carrier has its own");
    }
    if authority.contains('@') {
        return Err("an address has no user or password");
    }
    let (host, port) = match authority.rsplit_once(':') {
        // What follows the last colon inside of brackets is no port.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or("its port is no number from 1 to 65535")?,
        None if scheme.is_some() => 80,
        None => return Err("it has no port"),
    };
    match host {
        "" => Err("it has no host"),
        host => Ok((host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Instant as Clock;

    use tokio::net::TcpListener;

    use super::*;

    fn given(url: &str) -> GivenTarget {
        GivenTarget::souk(vec![url.to_owned()], "a secret")
    }

    async fn refused(given: GivenTarget) -> TargetError {
        Target::given(given).await.unwrap_err()
    }

    #[test]
    fn addresses_are_read() {
        for (url, host, port) in [
            ("http://127.0.0.1:8080", "127.0.0.1", 8080),
            ("ws://localhost:1/", "localhost", 1),
            ("http://[::1]", "::1", 80),
            ("[::1]:9", "::1", 9),
            ("node-1:8080", "node-1", 8080),
        ] {
            assert_eq!(host_and_port(url), Ok((host.to_owned(), port)), "{url}");
        }
        for url in [
            "https://h",
            "wss://h:1",
            "ftp://h",
            "h",
            "[::1]",
            "h:x",
            "h:0",
            "h:70000",
            ":80",
            "http://h/ws",
            "u:p@h:1",
        ] {
            assert!(host_and_port(url).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_target_that_listens_is_taken() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut both = given(&format!("http://{address}, ws://localhost:{}", address.port()));
        both.operators = vec![address.to_string(), address.to_string()];
        both.pids = vec![std::process::id(), 1];
        let target = Target::given(both).await.unwrap();
        assert_eq!(target.nodes.len(), 2);
        assert_eq!(target.nodes[1].clients, address);
        assert_eq!(target.nodes[0].operators, Some(address));
        assert_eq!((target.nodes[1].pid, target.engines.as_str()), (Some(1), "given"));
    }

    #[tokio::test]
    async fn one_that_is_down_says_so_within_a_second() {
        let [address] = souk_testkit::ports::free_addresses(1).unwrap()[..] else { panic!() };
        let began = Clock::now();
        let error = refused(given(&address.to_string())).await;
        assert!(began.elapsed() < Duration::from_millis(1_500));
        assert!(error.to_string().contains("is down: nothing listens on"), "{error}");
        // A network that swallows everything: reserved for documentation, never routed.
        let mut silent = given("192.0.2.1:80");
        silent.owned = true;
        let error = refused(silent).await;
        assert!(began.elapsed() < Duration::from_secs(3));
        assert!(matches!(error, TargetError::Down { .. }), "{error}");
    }

    #[tokio::test]
    async fn other_machines_must_be_ones_own() {
        for url in ["192.0.2.1:80", "http://0.0.0.0:80", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80"] {
            let error = refused(given(url)).await;
            assert!(matches!(error, TargetError::NotLoopback { .. }), "{error}");
            assert!(error.to_string().contains("--i-own-this-target"), "{error}");
        }
        assert!(is_loopback("::ffff:127.0.0.9".parse().unwrap()));
    }

    #[tokio::test]
    async fn lists_must_fit() {
        assert!(matches!(refused(given(" , ")).await, TargetError::NoNodes));
        let mut uneven = given("127.0.0.1:1,127.0.0.1:2");
        uneven.pids = vec![1];
        assert!(refused(uneven).await.to_string().starts_with("--pid names 1, but --target names 2"));
        let mut gone = given("127.0.0.1:1");
        gone.pids = vec![u32::MAX];
        assert!(matches!(refused(gone).await, TargetError::NoProcess(u32::MAX)));
    }
}
