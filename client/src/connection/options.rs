//! How to connect.

use std::net::IpAddr;
use std::time::Duration;

use crate::limits::CONNECT_TIME;
use crate::{Address, Carrier};

/// Where and how to connect. One value serves any number of connections.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    pub(crate) address: Address,
    pub(crate) carrier: Carrier,
    pub(crate) local_ip: Option<IpAddr>,
    pub(crate) host: Option<Box<str>>,
    pub(crate) origin: Option<Box<str>>,
    pub(crate) headers: Vec<(Box<str>, Box<str>)>,
    pub(crate) token_in_header: bool,
    pub(crate) connect_time: Duration,
    pub(crate) receive_buffer: Option<u32>,
}

impl ConnectOptions {
    /// To `address` by `carrier`, with the defaults of everything else.
    pub fn new(address: Address, carrier: Carrier) -> Self {
        Self {
            address,
            carrier,
            local_ip: None,
            host: None,
            origin: None,
            headers: Vec::new(),
            token_in_header: false,
            connect_time: CONNECT_TIME,
            receive_buffer: None,
        }
    }

    /// From this address of the local machine, any port. Only targets of the same family are tried.
    #[must_use]
    pub fn local_ip(mut self, ip: IpAddr) -> Self {
        self.local_ip = Some(ip);
        self
    }

    /// What the `Host` header says instead of the address.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sends an `Origin` header, as a browser does.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Adds a header to the handshake.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends the token as `Authorization: Bearer` on the handshake, not as `authenticate` or `auth.token` after it.
    #[must_use]
    pub fn token_in_header(mut self, yes: bool) -> Self {
        self.token_in_header = yes;
        self
    }

    /// How long connecting and signing in may take together.
    #[must_use]
    pub fn connect_time(mut self, most: Duration) -> Self {
        self.connect_time = most;
        self
    }

    /// How much the system takes in for the connection while nobody reads, in bytes; without it the system decides.
    #[must_use]
    pub fn receive_buffer(mut self, bytes: u32) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// The address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The carrier.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }
}
