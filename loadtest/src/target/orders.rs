//! Making many orders, and reading many histories: a few kept connections to each node.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use souk_chat::{OrderId, Role, Seq, UserId};
use souk_protocol::dto::{CatchUp, Message};
use souk_testkit::http::{Answer, Ask};
use souk_testkit::rest::{Rest, RestError, Why};
use souk_testkit::token::Signer;

use super::{OrderMaking, Target};

/// Messages of a page of history; the most that a server gives.
const PAGE: usize = 200;
/// How often something that may heal is tried, and how long between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(300);
/// Longer than any run.
const TOKEN_TIME: Duration = Duration::from_secs(24 * 3_600);

/// Kept connections to the REST interfaces of a target's nodes, taken in turn.
#[derive(Debug)]
pub struct RestPool {
    servers: Vec<SocketAddr>,
    kept: Mutex<Vec<Rest>>,
    next: AtomicUsize,
}

impl RestPool {
    /// For the nodes of `target`. Nothing is connected yet.
    pub fn new(target: &Target) -> Self {
        let servers = target.nodes.iter().map(|node| node.clients).collect();
        Self { servers, kept: Mutex::new(Vec::new()), next: AtomicUsize::new(0) }
    }

    fn take(&self) -> Rest {
        if let Some(rest) = self.kept.lock().pop() {
            return rest;
        }
        Rest::new(self.servers[self.next.fetch_add(1, Ordering::Relaxed) % self.servers.len()])
    }

    /// One that did its work; the next to be used is the one that waited longest.
    fn give(&self, rest: Rest) {
        self.kept.lock().insert(0, rest);
    }

    /// Asks one of the servers; its answer, and over what. What may heal is tried a few times.
    async fn wanted(&self, ask: &Ask, wanted: &[u16]) -> Result<(Answer, Rest), RestError> {
        let mut tried = 1;
        loop {
            let mut rest = self.take();
            match rest.wanted(ask, wanted).await {
                Err(error) if error.heals() && tried < TRIES => tokio::time::sleep(PAUSE * tried).await,
                answer => return answer.map(|answer| (answer, rest)),
            }
            tried += 1;
        }
    }

    /// Makes one order. What may heal is tried a few times.
    pub async fn put_order(
        &self,
        token: &str,
        order: &OrderId,
        client: &UserId,
        contractor: &UserId,
    ) -> Result<(), RestError> {
        let ask = Ask::order(token, order.as_str(), client.as_str(), contractor.as_str(), None);
        self.wanted(&ask, &[200, 201]).await.map(|(_, rest)| self.give(rest))
    }

    /// The whole history of an order as an admin sees it, in the order in which the server gives it. Of a message that changed while it
    /// was read only the newest form is kept.
    pub async fn history(&self, token: &str, order: &OrderId) -> Result<Vec<Message>, RestError> {
        let mut messages: Vec<Message> = Vec::new();
        let mut since = Seq(0);
        loop {
            let ask = Ask::new("GET", &format!("/chats/{order}/messages?since={}&limit={PAGE}", since.0)).bearer(token);
            let (answer, rest) = self.wanted(&ask, &[200]).await?;
            let form = |error: serde_json::Error| rest.error(&ask, Why::Form(error.to_string()));
            let page: CatchUp = serde_json::from_str(&answer.text).map_err(form)?;
            self.give(rest);
            // A server that gives the same page for ever must not be read for ever.
            let on = page.more && page.up_to > since;
            since = page.up_to;
            messages.extend(page.messages);
            if !on {
                return Ok(newest(messages));
            }
        }
    }
}

/// A message that changed while it was read stands on several pages, each time in a higher version: only the newest is kept. Anything
/// else stays as it was read, for whoever checks it.
fn newest(messages: Vec<Message>) -> Vec<Message> {
    let mut versions: BTreeMap<Seq, u32> = BTreeMap::new();
    for message in &messages {
        let newest = versions.entry(message.seq).or_default();
        *newest = message.version.max(*newest);
    }
    messages.into_iter().filter(|message| versions.get(&message.seq) == Some(&message.version)).collect()
}

/// Makes these orders, so many of them at the same time, and says how many. Where orders need not be made nothing happens.
/// The first error ends it.
pub async fn make_orders(
    target: &Target,
    orders: impl IntoIterator<Item = (OrderId, UserId, UserId)>,
    at_once: usize,
) -> Result<usize, RestError> {
    if target.orders == OrderMaking::None {
        return Ok(0);
    }
    let token = Signer::new(&target.secret).sign("loadtest", Role::Service.as_str(), TOKEN_TIME);
    let (pool, token) = (&RestPool::new(target), token.as_str());
    let making = stream::iter(orders)
        .map(|(order, client, contractor)| async move { pool.put_order(token, &order, &client, &contractor).await });
    making.buffer_unordered(at_once.max(1)).try_fold(0, async |made, ()| Ok(made + 1)).await
}

/// The whole history of one order. `token`: an admin's, or that of one of its two people. For many orders keep a [`RestPool`].
pub async fn read_history(target: &Target, order: &OrderId, token: &str) -> Result<Vec<Message>, RestError> {
    RestPool::new(target).history(token, order).await
}
