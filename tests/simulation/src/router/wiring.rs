//! A node's way to the router: the port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, Either, select};
use souk_chat::ports::{Channel, Envelope, Inbox, Router, RouterError};
use tokio::sync::oneshot;

use crate::coverage::Seen;
use crate::runtime::may_panic;
use crate::world::World;

use super::bus::Bus;

/// How long a confirmation is waited for.
const CONFIRM_WITHIN: Duration = Duration::from_millis(1_500);
/// How long after its last subscriber a subscription ends, in milliseconds.
const LINGER_MS: u64 = 200;

/// A node's way to the router.
pub struct Wiring {
    bus: Arc<Bus>,
    node: usize,
    /// Which run of the node: a dead one's farewells are not heard.
    run: u64,
    is_dead: Box<dyn Fn() -> bool + Send + Sync>,
    /// Told of each confirmed channel, before it is: the moment to break a gate.
    confirming: Box<dyn Fn() + Send + Sync>,
}

impl Wiring {
    /// The way of one run of a node.
    pub fn new(
        bus: Arc<Bus>,
        node: usize,
        is_dead: Box<dyn Fn() -> bool + Send + Sync>,
        confirming: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let run = bus.start(node);
        Self { bus, node, run, is_dead, confirming }
    }
}

fn failed(after: u64) -> BoxFuture<'static, Result<(), RouterError>> {
    Box::pin(async move {
        tokio::time::sleep(Duration::from_millis(after)).await;
        Err(RouterError("simulated".into()))
    })
}

#[async_trait]
impl Router for Wiring {
    fn attach(&self, inbox: Arc<dyn Inbox>) {
        self.bus.lines.lock()[self.node].inbox = Some(inbox);
    }

    fn subscribe(&self, channel: &Channel) {
        if (self.is_dead)() {
            return;
        }
        let bus = &self.bus;
        let life = {
            let line = &mut bus.lines.lock()[self.node];
            let wanted = line.channels.want(channel);
            wanted.count += 1;
            if wanted.count > 1 || wanted.standing {
                return;
            }
            line.life
        };
        let mut wait = bus.delay();
        if bus.world.bites(bus.world.plan.faults.confirm_fails) {
            let left = bus.world.heal_at().saturating_sub(bus.world.now());
            wait = bus.world.rng().between(1_000, 6_000).min(left);
        }
        let (bus, node, channel) = (bus.me(), self.node, channel.clone());
        self.bus.world.after(wait, move || bus.stand(node, life, &channel));
    }

    fn unsubscribe(&self, channel: &Channel) {
        if (self.is_dead)() {
            return;
        }
        let line = &mut self.bus.lines.lock()[self.node];
        let Some(wanted) = line.channels.get_mut(channel) else { return };
        wanted.count = wanted.count.saturating_sub(1);
        if wanted.count > 0 {
            return;
        }
        let (bus, node, run, channel) = (self.bus.me(), self.node, self.run, channel.clone());
        self.bus.world.after(LINGER_MS, move || {
            let line = &mut bus.lines.lock()[node];
            if line.life >= run && line.channels.get(&channel).is_some_and(|wanted| wanted.count == 0) {
                line.channels.remove(&channel);
            }
        });
    }

    async fn confirmed(&self, channel: &Channel) -> Result<(), RouterError> {
        (self.confirming)();
        may_panic(&self.bus.world);
        let (sender, receiver) = oneshot::channel();
        {
            let line = &mut self.bus.lines.lock()[self.node];
            match line.channels.get_mut(channel) {
                Some(wanted) if wanted.standing => return Ok(()),
                Some(wanted) => wanted.waiting.push(sender),
                None => return Err(RouterError("nobody wants this channel".into())),
            }
        }
        let patience = std::pin::pin!(tokio::time::sleep(CONFIRM_WITHIN));
        let outcome = select(World::answer(receiver), patience).await;
        may_panic(&self.bus.world);
        if let Either::Left(_) = outcome {
            return Ok(());
        }
        self.bus.world.saw(Seen::SubscriptionUnconfirmed);
        if let Some(wanted) = self.bus.lines.lock()[self.node].channels.get_mut(channel) {
            wanted.gave_up = true;
        }
        Err(RouterError("simulated".into()))
    }

    fn publish(&self, channels: &[Channel], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        if (self.is_dead)() {
            return failed(0);
        }
        let world = &self.bus.world;
        let delay = self.bus.delay();
        let fails = world.bites(world.plan.faults.publish_fails);
        let at = {
            let line = &mut self.bus.lines.lock()[self.node];
            line.show(&envelope, self.bus.world.now());
            if line.cut {
                world.saw(Seen::PublishFailed);
                return failed(delay);
            }
            line.up_at = line.up_at.max(world.now() + delay);
            line.up_at
        };
        world.note("publish", &[self.node as u64, envelope.seq.0, u64::from(fails)], || envelope.order.to_string());
        if fails {
            world.saw(Seen::PublishFailed);
            if world.rng().chance(500) {
                return failed(delay);
            }
        }
        let (sender, receiver) = oneshot::channel();
        let (bus, channels) = (self.bus.me(), channels.to_vec());
        world.at(at, move || {
            bus.fan_out(&channels, &envelope);
            sender.send(()).unwrap_or_default();
        });
        let world = Arc::clone(&self.bus.world);
        Box::pin(async move {
            World::answer(receiver).await;
            may_panic(&world);
            if fails { Err(RouterError("simulated".into())) } else { Ok(()) }
        })
    }

    fn is_connected(&self) -> bool {
        !self.bus.lines.lock()[self.node].cut
    }
}
