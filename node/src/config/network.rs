//! Which peers are believed, and which pages may connect.

use std::net::IpAddr;

use super::given::{Given, Wrong};

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
    given.items().into_iter().map(one).collect()
}

/// Which web pages may connect. Programs other than browsers send no `Origin` and are not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Empty: the page that this node itself serves.
    list: Vec<String>,
}

impl Origins {
    /// Only the page that this node serves.
    pub fn own() -> Self {
        Self { list: Vec::new() }
    }

    /// Whether a request with these `Origin` and `Host` headers may go on. An absent origin may; a present one must be on the list,
    /// byte for byte, or, without a list, be the place that the request itself went to.
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        if !self.list.is_empty() {
            return self.list.iter().any(|allowed| allowed == origin);
        }
        let place = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        place.is_some_and(|place| host.is_some_and(|host| place.eq_ignore_ascii_case(host)))
    }

    /// The origins on the list; none: the node's own page.
    pub fn listed(&self) -> &[String] {
        &self.list
    }
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
    Ok(Origins { list: given.items().into_iter().map(one).collect::<Result<_, _>>()? })
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
        assert!(own.allow(None, None));
        assert!(own.allow(Some("http://localhost:8080"), Some("localhost:8080")));
        assert!(own.allow(Some("https://chat.example"), Some("chat.example")));
        for bad in ["http://evil.example", "null", "", "ftp://localhost:8080", "http://localhost:8080/"] {
            assert!(!own.allow(Some(bad), Some("localhost:8080")), "{bad}");
        }
        assert!(!own.allow(Some("http://a"), None));

        let listed = origins(&Given::One("https://a.example, http://localhost:3000".into())).unwrap();
        assert!(listed.allow(Some("https://a.example"), Some("x")) && listed.allow(None, None));
        for bad in
            ["https://a.example.evil", "http://a.example", "https://A.example", "https://x", "https://a.example:443"]
        {
            assert!(!listed.allow(Some(bad), Some("x")), "{bad}");
        }
        for bad in ["*", "https://*.a.example", "a.example", "https://a.example/", "https://u@a.example", "file:///x"] {
            assert!(origins(&Given::One(bad.into())).is_err(), "{bad}");
        }
        let said = origins(&Given::One("https://a.example:443/x".into())).unwrap_err();
        assert_eq!(said.help, "write https://a.example");
    }
}
