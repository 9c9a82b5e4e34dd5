//! Against what a run goes: servers that are given, nodes of our own, other people's servers. A [`Target`] is all that the run
//! needs to know; what keeps it alive ([`OwnNodes`], [`Peers`]) stays with whoever made it.

mod compare_file;
mod error;
mod given;
mod orders;
mod own;
mod peer;
mod probe;
mod program;
mod stack;

use std::fmt;
use std::net::SocketAddr;

pub use compare_file::{CompareFile, Contestant};
pub use error::TargetError;
pub use given::GivenTarget;
pub use orders::{RestPool, make_orders, read_history};
pub use own::OwnNodes;
pub use peer::{PeerSpec, Peers};
pub use probe::Probe;
pub use program::find_souk;
pub use stack::Servers;

/// Who tells the user what is being done, a sentence at a time: starting a stack or building a program takes a while.
pub type Tell<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Servers to run against, and what they can do.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// The servers, at least one; those of one target know each other.
    pub nodes: Vec<NodeAddress>,
    /// What tokens are signed with. `Debug` does not show it.
    pub secret: String,
    /// How they are spoken to.
    pub carriers: Carriers,
    /// Whether history can be read back over REST.
    pub history: bool,
    /// How orders come to be.
    pub orders: OrderMaking,
    /// On what they run: `alone`, `cluster`, `given`, or a peer's name.
    pub engines: String,
    /// The Redis between them, as an address with scheme, where it is known.
    pub redis: Option<String>,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// What it is called in reports: its address as it was given, or the name of a node of ours.
    pub name: String,
    /// Where clients connect.
    pub clients: SocketAddr,
    /// Where operators connect, `/metrics`.
    pub operators: Option<SocketAddr>,
    /// Its process, where it runs on this machine and is known.
    pub pid: Option<u32>,
}

/// Ways to speak with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carriers {
    /// WebSocket with the subprotocol `souk.v1`.
    pub plain: bool,
    /// Socket.IO v4.
    pub socketio: bool,
}

impl Carriers {
    /// Both, as souk has.
    pub const BOTH: Self = Self { plain: true, socketio: true };
    /// The plain one only.
    pub const PLAIN: Self = Self { plain: true, socketio: false };
    /// Socket.IO only.
    pub const SOCKETIO: Self = Self { plain: false, socketio: true };

    /// What a run needs in which this share of the devices speaks Socket.IO.
    pub fn of_share(socketio: f64) -> Self {
        Self { plain: socketio < 1.0, socketio: socketio > 0.0 }
    }
}

/// How orders come to be on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderMaking {
    /// By `PUT /admin/orders/{orderId}`.
    Rest,
    /// By themselves: whoever names an order is let in.
    None,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("nodes", &self.nodes)
            .field("carriers", &self.carriers)
            .field("history", &self.history)
            .field("orders", &self.orders)
            .field("engines", &self.engines)
            .field("redis", &self.redis)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_or_nothing_needs_one_carrier() {
        assert_eq!(Carriers::of_share(0.0), Carriers::PLAIN);
        assert_eq!(Carriers::of_share(0.3), Carriers::BOTH);
        assert_eq!(Carriers::of_share(1.0), Carriers::SOCKETIO);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let target = Target {
            nodes: Vec::new(),
            secret: "not to be seen".to_owned(),
            carriers: Carriers::BOTH,
            history: true,
            orders: OrderMaking::Rest,
            engines: "given".to_owned(),
            redis: None,
        };
        assert!(!format!("{target:?}").contains("not to be seen"));
    }
}
