//! Both parties of an order with several devices each, talking while something happens to the servers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::checker;
use crate::device::{Device, PLAIN, SOCKET_IO, Spec};
use crate::history::History;
use crate::people::Deal;
use crate::record::Record;
use crate::wait;

/// How long joining may take at the beginning.
const LIVE_WITHIN: Duration = Duration::from_secs(20);
/// How long after the end of faults and traffic every view must equal history.
pub const SETTLED_WITHIN: Duration = Duration::from_secs(10);
/// How long after the end of faults a send may take.
pub const WORKS_WITHIN: Duration = Duration::from_secs(5);

/// Four devices, two of each party, one of each carrier.
pub struct Conversation {
    /// The order and its parties.
    pub deal: Deal,
    /// The devices. Neighbours are of different parties and start on different nodes.
    pub devices: Arc<Vec<Device>>,
}

impl Conversation {
    /// A new order on these nodes. Each device comes back on the node after the one that it lost.
    pub async fn start(nodes: &[SocketAddr]) -> Self {
        let deal = Deal::make(nodes[0]).await;
        let people = [(&deal.client, "ann"), (&deal.contractor, "bob")];
        let devices =
            [(0, PLAIN, 0), (1, PLAIN, 1), (0, SOCKET_IO, 1), (1, SOCKET_IO, 0)].map(|(who, carrier, first)| {
                let (person, name) = people[who];
                let mut nodes = nodes.to_vec();
                let count = nodes.len();
                nodes.rotate_left(first % count);
                Spec::new(
                    &format!("{name} {}", if carrier == PLAIN { "plain" } else { "by Socket IO" }),
                    person,
                    &deal.order,
                    &nodes,
                    carrier,
                )
                .start()
            });
        let talk = Self { devices: Arc::new(devices.into()), deal };
        for device in talk.devices.iter() {
            device.live(LIVE_WITHIN).await;
        }
        talk
    }

    /// Lets every device send `count` messages, one every `pace`. Does not wait for acknowledgements.
    pub fn stream(&self, count: usize, pace: Duration) -> tokio::task::JoinHandle<()> {
        let devices = Arc::clone(&self.devices);
        tokio::spawn(async move {
            for number in 1..=count {
                for device in devices.iter() {
                    device.send(format!("{number} of {}", device.name));
                }
                sleep(pace).await;
            }
        })
    }

    /// Waits until everything sent was acknowledged.
    pub async fn all_acknowledged(&self, within: Duration) {
        let deadline = Instant::now() + within;
        for device in self.devices.iter() {
            device.all_acknowledged(deadline - Instant::now()).await;
        }
    }

    /// A message from every device is acknowledged soon.
    pub async fn works(&self) {
        let sends: Vec<_> =
            self.devices.iter().map(|device| device.send(format!("does it work, {}", device.name))).collect();
        for (device, id) in self.devices.iter().zip(sends) {
            device.acknowledged(&id, WORKS_WITHIN).await;
        }
    }

    /// Views equal history, then all the other intents hold: with no new traffic every device is live and has seen all of history, which is read on
    /// `node`.
    pub async fn settles(&self, node: SocketAddr, within: Duration) -> History {
        let history = History::read(&self.deal, node).await;
        let deadline = Instant::now() + within;
        for device in self.devices.iter() {
            let what = format!("{} has seen all {} messages", device.name, history.messages.len());
            wait::until_true(&what, deadline.saturating_duration_since(Instant::now()), || {
                device.is_live() && device.count() >= history.messages.len()
            })
            .await;
        }
        let records = self.records();
        let refs: Vec<&Record> = records.iter().collect();
        checker::check(&history, &refs, true);
        history
    }

    /// What the devices saw.
    pub fn records(&self) -> Vec<Record> {
        self.devices.iter().map(Device::record).collect()
    }

    /// How many connections there were in all.
    pub fn connections(&self) -> usize {
        self.records().iter().map(|record| record.lives.len()).sum()
    }
}
