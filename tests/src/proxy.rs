//! A wire that can be made to fail: the proxy of the load test, for tests, which panic where something is wrong.

use std::net::SocketAddr;
use std::ops::Deref;

pub use souk_loadtest::proxy::Fault;

/// A proxy. Ends when dropped, with all its connections.
pub struct Proxy(souk_loadtest::proxy::Proxy);

impl Proxy {
    /// A proxy on a free port in front of `servers`.
    pub async fn start(servers: Vec<SocketAddr>) -> Self {
        Self(souk_loadtest::proxy::Proxy::start(servers).await.expect("loopback has a free port"))
    }

    /// The same in front of one server, keeping every byte that comes from it: of a WebSocket, frames as they are.
    pub async fn listening(server: SocketAddr) -> Self {
        Self(souk_loadtest::proxy::Proxy::listening(server).await.expect("loopback has a free port"))
    }

    /// What came from the server so far, over all connections. Panics where nobody listened, and where more came than was kept.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.0.heard().expect("everything was kept")).into_owned()
    }

    /// Ends the present fault. Panics if it did nothing, for then the test has shown nothing.
    pub fn heal(&self) {
        let fault = self.fault();
        assert!(self.set(Fault::None) > 0, "{fault:?} did not bite");
    }
}

impl Deref for Proxy {
    type Target = souk_loadtest::proxy::Proxy;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
