//! What trusted proxies say of those in front of them.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap};

use crate::config::Network;

/// The networks of proxies that are believed (`node.trusted_networks`).
#[derive(Clone, Debug, Default)]
pub struct Trusted(pub Vec<Network>);

/// Who a request comes from, by what proxies wrote into `X-Forwarded-For`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// The address.
    pub(super) address: IpAddr,
    /// A trusted proxy did not say for whom it asks, or not so that it can be read: this is that proxy.
    pub(super) is_unnamed: bool,
}

impl Trusted {
    /// Whether what this peer says of its clients is believed.
    pub(super) fn contains(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(peer))
    }

    /// The client: the peer, or behind trusted proxies the last address in the list that is none of theirs. Where the list ends, or
    /// cannot be read, before such a one, it is the last proxy on the way there: bounds of an address always have one to count for.
    pub(super) fn client(&self, headers: &HeaderMap, peer: IpAddr) -> Client {
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        if lines.is_empty() {
            return Client { address: peer, is_unnamed: self.contains(peer) };
        }
        // Bytes that are no text cannot be read either.
        let hops = lines.iter().rev().flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        let mut address = peer;
        for hop in hops {
            if !self.contains(address) {
                break;
            }
            match hop_address(hop) {
                Some(hop) => address = hop,
                None => return Client { address, is_unnamed: true },
            }
        }
        Client { address, is_unnamed: false }
    }

    /// Which host the request was meant for, and over which scheme where that is known.
    pub(super) fn target<'h>(&self, headers: &'h HeaderMap, peer: IpAddr) -> (Option<&'h str>, Option<&'h str>) {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        if !self.contains(peer) {
            return (host, None);
        }
        (last(headers, "x-forwarded-host").or(host), last(headers, "x-forwarded-proto"))
    }
}

/// The last of a list: what the nearest proxy wrote.
fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
}

/// An address in one of the forms that proxies write: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:4711`, any of them in quotes, with a zone.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let hop = hop.strip_prefix('"').and_then(|hop| hop.strip_suffix('"')).unwrap_or(hop);
    let (address, port) = match hop.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            (address, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match hop.split_once(':') {
            Some((address, port)) if !port.contains(':') => (address, Some(port)),
            _ => (hop, None),
        },
    };
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let address = address.split_once('%').map_or(address, |(address, _)| address);
    Some(address.parse::<IpAddr>().ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn trusted() -> Trusted {
        Trusted(["10.0.0.0/8", "fd00::/8"].map(|network| Network::parse(network).unwrap()).to_vec())
    }

    fn client(peer: &str, lines: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let client = trusted().client(&headers, peer.parse().unwrap());
        (client.address.to_string(), client.is_unnamed)
    }

    #[test]
    fn the_client_is_the_last_that_is_no_proxy_of_ours() {
        let read = |address: &str| (address.to_owned(), false);
        assert_eq!(client("198.51.100.1", &["203.0.113.9"]), read("198.51.100.1"), "a stranger is not believed");
        assert_eq!(client("10.0.0.1", &["203.0.113.9"]), read("203.0.113.9"));
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.2"]), read("203.0.113.9"));
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.0.0.2"]), read("203.0.113.9"));
        assert_eq!(client("10.0.0.1", &["garbage, 203.0.113.9"]), read("203.0.113.9"), "behind it is the client's own");
        assert_eq!(client("10.0.0.1", &[]), ("10.0.0.1".into(), true), "a proxy that says nothing is the client");
        assert_eq!(client("198.51.100.1", &[]), read("198.51.100.1"), "who is no proxy has nothing to say");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), read("10.0.0.3"), "all of them are ours");
    }

    #[test]
    fn what_proxies_write_is_read() {
        for (written, address) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("1.1.1.1,   203.0.113.9:1  ", "203.0.113.9"),
        ] {
            assert_eq!(client("10.0.0.1", &[written]), (address.to_owned(), false), "{written}");
        }
    }

    #[test]
    fn garbage_is_the_proxy_that_wrote_it() {
        for garbage in [
            "",
            "unknown",
            "_hidden",
            "203.0.113.9:",
            "203.0.113.9:x",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "1.2.3",
            ",",
            "\"",
        ] {
            assert_eq!(client("10.0.0.1", &[garbage]), ("10.0.0.1".into(), true), "{garbage:?}");
            let behind = format!("{garbage}, 10.0.0.2");
            assert_eq!(client("10.0.0.1", &[&behind]), ("10.0.0.2".into(), true), "{garbage:?}");
        }
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "\u{e9}"]), ("10.0.0.1".into(), true));
    }

    #[test]
    fn host_and_scheme_are_the_nearest_proxys_word() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("host", "inside:8080"), ("x-forwarded-host", "a.example, b.example"), ("x-forwarded-proto", "https")]
        {
            headers.insert(name, value.parse().unwrap());
        }
        let target = |peer: &str| trusted().target(&headers, peer.parse().unwrap());
        assert_eq!(target("10.0.0.1"), (Some("b.example"), Some("https")));
        assert_eq!(target("198.51.100.1"), (Some("inside:8080"), None), "a stranger is not believed");
    }
}
