//! Which peers are believed, and which pages may connect.

use std::net::IpAddr;

use souk_settings::{Given, Wrong};

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `fd00::/8` or a single address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    /// Whether `peer` is inside. An IPv4 address that arrives in its IPv6 form counts as IPv4.
    pub fn contains(&self, peer: IpAddr) -> bool {
        match (self.address, peer.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(peer)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == peer.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(peer)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == peer.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The list `node.trusted_networks`.
pub(super) fn networks(given: &Given) -> Result<Vec<Network>, Wrong> {
    let one = |item: &str| {
        Network::parse(item).ok_or_else(|| {
            Wrong::new(format!("{item:?} is not a network"), "write addresses like 10.0.0.0/8, fd00::/8 or 192.0.2.7")
        })
    };
    given.items()?.into_iter().map(one).collect()
}

/// Which web pages may connect. Programs other than browsers send no `Origin` and are not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Empty: pages of the origin that the node answers under itself, behind a proxy that serves both.
    list: Vec<String>,
}

impl Origins {
    /// Only pages of the same origin.
    pub fn own() -> Self {
        Self { list: Vec::new() }
    }

    /// Whether a request from the page `origin` to `host` may go on. An absent origin may; a present one must be on the list, byte
    /// for byte, or, without a list, be the place that the request itself went to: the same host and port, where a port that is not
    /// said is the scheme's own. `scheme`: the request's, where it is known, that of a socket (`wss`) as well as that of a page; else it
    /// is taken for the page's.
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>, scheme: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        if !self.list.is_empty() {
            return self.list.iter().any(|allowed| allowed == origin);
        }
        let (Some((page_scheme, page)), Some(host)) = (origin.split_once("://"), host) else { return false };
        let default = match page_scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let same_scheme = scheme.is_none_or(|scheme| of_page(scheme).eq_ignore_ascii_case(page_scheme));
        let (Some(page), Some(host)) = (host_and_port(page, default), host_and_port(host, default)) else {
            return false;
        };
        same_scheme && page.0.eq_ignore_ascii_case(host.0) && page.1 == host.1
    }

    /// The origins on the list; none: pages of the same origin.
    pub fn listed(&self) -> &[String] {
        &self.list
    }
}

/// The scheme of pages that goes with this one: some proxies name a handshake's after what it is to become.
fn of_page(scheme: &str) -> &str {
    match scheme {
        wss if wss.eq_ignore_ascii_case("wss") => "https",
        ws if ws.eq_ignore_ascii_case("ws") => "http",
        other => other,
    }
}

/// `chat.example:8080` or `[::1]:8080`, with or without the port. `None`: something else.
fn host_and_port(text: &str, default: u16) -> Option<(&str, u16)> {
    let end = text.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match text[end..].find(':') {
        Some(colon) => (&text[..end + colon], text[end + colon + 1..].parse().ok()?),
        None => (text, default),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':');
    (!host.is_empty() && host.bytes().all(plain)).then_some((host, port))
}

/// The list `node.origins`.
pub(super) fn origins(given: &Given) -> Result<Origins, Wrong> {
    const HELP: &str = "write origins as browsers send them: https://market.example or http://localhost:3000";
    let one = |item: &str| {
        if item.contains('*') {
            return Err(Wrong::new(format!("{item:?} would let every page in"), format!("list each origin; {HELP}")));
        }
        let wrong = || Wrong::new(format!("{item:?} is not an origin"), HELP);
        let url = url::Url::parse(item).map_err(|_| wrong())?;
        let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        // A browser sends the origin without path, default port or last slash, so only that form can ever match.
        let exact = url.origin().ascii_serialization();
        if plain && exact == item {
            Ok(exact)
        } else if plain {
            Err(Wrong::new(format!("{item:?} is not what browsers send"), format!("write {exact}")))
        } else {
            Err(wrong())
        }
    };
    Ok(Origins { list: given.items()?.into_iter().map(one).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let inside = |network: &str, peer: &str| Network::parse(network).unwrap().contains(peer.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.255.1.2") && !inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "8.8.8.8") && !inside("0.0.0.0/0", "::1"));
        assert!(inside("192.0.2.7", "192.0.2.7") && !inside("192.0.2.7", "192.0.2.8"));
        assert!(inside("10.0.0.0/8", "::ffff:10.1.1.1"));
        assert!(inside("fd00::/8", "fd12::1") && !inside("fd00::/8", "fe00::1") && inside("::/0", "fe00::1"));
        for bad in ["10.0.0.0/33", "10.0.0", "x", "10.0.0.0/", "::1/129", "/8"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_origin_is_on_the_list_or_the_page_itself() {
        let own = Origins::own();
        let allow = |origin, host| own.allow(Some(origin), Some(host), None);
        assert!(own.allow(None, None, None));
        assert!(allow("http://localhost:8080", "localhost:8080") && allow("https://chat.example", "chat.example"));
        for bad in ["http://evil.example", "null", "", "ftp://localhost:8080", "http://localhost:8080/"] {
            assert!(!allow(bad, "localhost:8080"), "{bad}");
        }
        assert!(!own.allow(Some("http://a"), None, None));

        let listed = origins(&Given::Bare("https://a.example, http://localhost:3000".into())).unwrap();
        assert!(listed.allow(Some("https://a.example"), Some("x"), None) && listed.allow(None, None, None));
        for bad in
            ["https://a.example.evil", "http://a.example", "https://A.example", "https://x", "https://a.example:443"]
        {
            assert!(!listed.allow(Some(bad), Some("x"), None), "{bad}");
        }
        for bad in ["*", "https://*.a.example", "a.example", "https://a.example/", "https://u@a.example", "file:///x"] {
            assert!(origins(&Given::Bare(bad.into())).is_err(), "{bad}");
        }
        let said = origins(&Given::Bare("https://a.example:443/x".into())).unwrap_err();
        assert_eq!(said.help, "write https://a.example");
    }

    #[test]
    fn a_default_port_is_the_same_said_or_not() {
        let own = Origins::own();
        let allow = |origin, host, scheme| own.allow(Some(origin), Some(host), scheme);
        for (origin, host) in [
            ("https://shop.example", "shop.example:443"),
            ("http://shop.example", "shop.example:80"),
            ("https://shop.example:443", "shop.example"),
            ("https://shop.example", "SHOP.example"),
            ("https://shop.example:8443", "shop.example:8443"),
            ("http://[::1]", "[::1]:80"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(allow(origin, host, None), "{origin} to {host}");
        }
        for (origin, host) in [
            ("https://shop.example", "shop.example:80"),
            ("http://shop.example", "shop.example:443"),
            ("https://shop.example:8443", "shop.example"),
            ("https://shop.example", "shop.example:8443"),
            ("https://shop.example", "shop.example.evil"),
            ("https://shop.example@evil", "shop.example"),
            ("https://shop.example", "shop.example:"),
            ("https://", ""),
            ("https://:443", ":443"),
            ("HTTPS://shop.example", "shop.example"),
        ] {
            assert!(!allow(origin, host, None), "{origin} to {host}");
        }
        let shop = "https://shop.example";
        assert!(allow(shop, "shop.example", Some("https")) && allow(shop, "shop.example:443", Some("HTTPS")));
        assert!(!allow(shop, "shop.example", Some("http")), "a proxy says that the request came in the clear");
        assert!(allow(shop, "shop.example", Some("wss")) && allow(shop, "shop.example:443", Some("WSS")));
        assert!(allow("http://shop.example", "shop.example", Some("ws")));
        for (origin, scheme) in [(shop, "ws"), ("http://shop.example", "wss"), (shop, "wsss"), (shop, "")] {
            assert!(!allow(origin, "shop.example", Some(scheme)), "{origin} by {scheme:?}");
        }
    }
}
