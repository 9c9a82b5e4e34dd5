//! The connection to the cluster, made anew where the driver does not come back soon.
//!
//! The driver tries a server that it lost again and again, after ever longer pauses of up to ten seconds; and a try that fell into
//! a hole is waited for until its own time is over. Sending has to work again sooner after a cluster is back. So while no server is
//! connected, a second connection is tried every second beside the driver's own attempts, and the first that works is used.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::RwLock;
use scylla::client::session::Session;
use souk_chat::supervised;

use super::connect::connect;
use crate::address::Cql as Address;
use crate::settings::Settings;

/// How often is looked whether a server is connected, and a new connection is tried while none is.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long one try may take: what fell into a hole is given up soon.
const TRY_WITHIN: Duration = Duration::from_secs(3);

/// The session in use.
pub(crate) struct Link {
    current: RwLock<Arc<Session>>,
}

impl Link {
    /// Uses `session`, and looks after it until the link is dropped. Must be called inside a tokio runtime.
    pub(crate) fn new(session: Session, address: &Address, settings: &Settings) -> Arc<Self> {
        let link = Arc::new(Self { current: RwLock::new(Arc::new(session)) });
        let settings = Settings { connect_timeout: settings.connect_timeout.min(TRY_WITHIN), ..settings.clone() };
        let (weak, address, tasks) = (Arc::downgrade(&link), address.clone(), settings.tasks.clone());
        tokio::spawn(async move {
            let look_after = || look_after(weak.clone(), address.clone(), settings.clone());
            supervised(&tasks, "CQL connection", tokio::time::sleep, look_after).await;
        });
        link
    }

    /// The session that requests go to now.
    pub(crate) fn session(&self) -> Arc<Session> {
        self.current.read().clone()
    }

    fn is_connected(&self) -> bool {
        self.current.read().get_cluster_state().get_nodes_info().iter().any(|node| node.is_connected())
    }

    /// Prepared statements stay good: a server that does not know one is told its text again by the driver.
    fn replace(&self, session: Session) {
        *self.current.write() = Arc::new(session);
    }
}

async fn look_after(link: Weak<Link>, address: Address, settings: Settings) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match link.upgrade() {
            None => return,
            Some(link) if link.is_connected() => continue,
            Some(_) => {}
        }
        // Not holding the link meanwhile: who drops it does not wait for this.
        let made = connect(&address, &settings, Some(&address.keyspace)).await;
        let Some(link) = link.upgrade() else { return };
        match made {
            Ok(_) if link.is_connected() => {}
            Ok(session) => {
                link.replace(session);
                tracing::info!("connected to the CQL cluster anew");
            }
            Err(error) => tracing::debug!(%error, "the CQL cluster is not back yet"),
        }
    }
}
