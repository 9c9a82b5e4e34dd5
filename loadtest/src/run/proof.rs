//! The end: every history is read back and held against what was acknowledged and what each device saw.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use souk_chat::Role;
use souk_protocol::dto::Message;

use super::Interrupt;
use super::prepare::Prepared;
use crate::context::Context;
use crate::crowd::Witness;
use crate::device::log::Log;
use crate::integrity::{self, Checked};
use crate::ledger::Order;
use crate::report::Integrity;
use crate::target::{RestPool, Target};

/// Histories read at the same time.
const READ_AT_ONCE: usize = 8;
/// Reading again after a failure: nodes may be coming back just then.
const TRIES: usize = 3;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(500);
/// Longer than reading takes.
const TOKEN_TIME: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Checks everything. An interrupt ends the reading; orders that were not read are not checked.
pub(super) async fn prove(
    prepared: &Prepared,
    limit_orders: &[Arc<Order>],
    witnesses: &[Witness],
    interrupt: &mut Interrupt,
) -> Integrity {
    let context = &prepared.context;
    let mut by_order: BTreeMap<u32, Vec<(&str, &Log)>> = BTreeMap::new();
    for witness in witnesses {
        by_order.entry(witness.order.number).or_default().push((&witness.who, &witness.log));
    }
    let histories = prepared.target.history;
    let (mut orders, mut checked) = (0, Checked::default());
    let pool = reachable(&prepared.target).await.map(|target| RestPool::new(&target));
    let token = context.signer.sign("loadtest-reader", Role::Admin.as_str(), TOKEN_TIME);
    let every = prepared.crowd.orders().iter().chain(limit_orders);
    let mut read = stream::iter(every.map(|order| history(order, histories, pool.as_ref(), &token)))
        .buffer_unordered(READ_AT_ONCE);
    while let Some((order, history)) = super::unless(interrupt, super::AT_ONCE, read.next()).await.flatten() {
        let devices = by_order.get(&order.number).map(Vec::as_slice).unwrap_or_default();
        match history {
            Ok(history) => {
                tell_moderated(order, history.as_deref().unwrap_or_default(), context);
                orders += 1;
                checked += integrity::check(order, history.as_deref(), devices, &context.offences);
            }
            Err(why) => context.remarks.add(|| format!("{} could not be checked: {why}", order.id)),
        }
    }
    let unchecked = prepared.crowd.orders().len() + limit_orders.len() - orders;
    if unchecked > 0 {
        context.remarks.add(|| format!("{unchecked} orders could not be checked: their histories were not read"));
    }
    if checked.moderated > 0 {
        let moderated = checked.moderated;
        context.remarks.add(|| format!("moderation changed {moderated} messages, which hold nothing that it should: what their texts became is not checked"));
    }
    let (violations, offenders) = context.offences.take();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Integrity {
        orders: count(orders),
        unchecked: count(unchecked),
        messages: checked.messages,
        devices: count(witnesses.len()),
        histories,
        missed_while_away: checked.missed_while_away,
        violations,
        offenders,
    }
}

/// Moderation has nothing to do with this talk: what it does all the same is worth knowing.
fn tell_moderated(order: &Order, history: &[Message], context: &Context) {
    for message in history.iter().filter(|message| message.is_moderated) {
        context.remarks.add(|| {
            let (id, flags) = (&order.id, message.moderation_flags.join(", "));
            format!("moderation ({flags}) changed {} of {id}: {}", message.seq.0, message.content)
        });
    }
}

type Read<'a> = (&'a Arc<Order>, Result<Option<Vec<Message>>, String>);

async fn history<'a>(order: &'a Arc<Order>, histories: bool, pool: Option<&RestPool>, token: &str) -> Read<'a> {
    if !histories {
        return (order, Ok(None));
    }
    let Some(pool) = pool else { return (order, Err("no node answers".to_owned())) };
    let mut last = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        match pool.history(token, &order.id).await {
            Ok(messages) => return (order, Ok(Some(messages))),
            Err(error) => last = error.to_string(),
        }
    }
    (order, Err(last))
}

/// The target without nodes that are gone; `None`: all are.
async fn reachable(target: &Target) -> Option<Target> {
    let mut target = target.clone();
    let mut there = Vec::new();
    for node in std::mem::take(&mut target.nodes) {
        if tokio::net::TcpStream::connect(node.clients).await.is_ok() {
            there.push(node);
        }
    }
    target.nodes = there;
    (!target.nodes.is_empty()).then_some(target)
}
