use std::collections::HashMap;

use bytes::Bytes;
use souk_chat::id::{ORDER_ID_MAX, OrderId};
use souk_chat::log::Seq;
use souk_chat::ports::{Channel, Envelope, EnvelopeKind, Origin, Subscription};
use souk_chat::time::Timestamp;

use super::{Recorder, World, envelope, eventually, order_channel, ready, user_channel};

async fn subscribed(parts: &souk_router::Parts, channel: &Channel) -> Subscription {
    let subscription = Subscription::new(parts.router.clone(), channel.clone());
    subscription.confirmed().await.unwrap();
    subscription
}

pub(crate) async fn envelopes_of_an_order_come_in_order(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let (at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    let channels: Vec<Channel> = (0..8).map(|n| order_channel(&format!("o{n}"))).collect();
    let mut held = Vec::new();
    for channel in &channels {
        held.push(subscribed(&a, channel).await);
        held.push(subscribed(&b, channel).await);
    }
    let mut answers = Vec::new();
    for seq in 1..=200 {
        for (n, channel) in channels.iter().enumerate() {
            answers.push(a.router.publish(std::slice::from_ref(channel), envelope(&format!("o{n}"), seq)));
        }
    }
    for answer in answers {
        answer.await.unwrap();
    }
    let wanted: Vec<u64> = (1..=200).collect();
    for recorder in [at_a, at_b] {
        eventually("all have arrived", async || recorder.received.lock().len() >= 8 * 200).await;
        for channel in &channels {
            assert_eq!(recorder.seqs(channel), wanted, "{channel:?}");
        }
    }
}

pub(crate) async fn an_envelope_arrives_as_it_was_sent(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let at_b = Recorder::attached(&b);
    Recorder::attached(&a);
    let order = OrderId::new(&"x~.-_Z9".repeat(100)[..ORDER_ID_MAX]).unwrap();
    let channel = Channel::Order(order.clone());
    let _held = subscribed(&b, &channel).await;
    let sent = [
        (EnvelopeKind::Entry, u64::MAX, i64::MAX, vec![0xFF; 100_000]),
        (EnvelopeKind::Typing, 0, i64::MIN, Vec::new()),
        (EnvelopeKind::Entry, 1, 0, b"\r\n$-1\r\n{}".to_vec()),
    ]
    .map(|(kind, seq, at, body)| Envelope {
        kind,
        order: order.clone(),
        seq: Seq(seq),
        origin: Origin { node: u64::MAX, connection: seq },
        published_at: Timestamp(at),
        body: Bytes::from(body),
    });
    for envelope in &sent {
        a.router.publish(std::slice::from_ref(&channel), envelope.clone()).await.unwrap();
    }
    eventually("all have arrived", async || at_b.received.lock().len() >= sent.len()).await;
    let received: Vec<Envelope> = at_b.received.lock().iter().map(|(_, envelope)| envelope.clone()).collect();
    assert_eq!(received, sent);
}

pub(crate) async fn every_room_gets_its_copy(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let (_at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    let channels = [order_channel("o"), user_channel("ann"), user_channel("bob")];
    let mut held = Vec::new();
    for channel in &channels {
        held.push(subscribed(&b, channel).await);
    }
    a.router.publish(&channels, envelope("o", 5)).await.unwrap();
    eventually("three copies", async || at_b.received.lock().len() >= 3).await;
    let copies: HashMap<Channel, u64> =
        at_b.received.lock().iter().map(|(channel, envelope)| (channel.clone(), envelope.seq.0)).collect();
    assert_eq!(copies, channels.iter().map(|channel| (channel.clone(), 5)).collect());
}

pub(crate) async fn subscriptions_are_counted(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let (_at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    let channel = order_channel("o");
    let first = subscribed(&b, &channel).await;
    let _second = subscribed(&b, &channel).await;
    assert_eq!(b.metrics.subscriptions.get(), 1);
    drop(first);
    a.router.publish(std::slice::from_ref(&channel), envelope("o", 1)).await.unwrap();
    eventually("the second still hears, once", async || at_b.seqs(&channel) == [1]).await;
}

pub(crate) async fn nothing_comes_after_the_last_left(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let (_at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    let (channel, other) = (order_channel("o"), user_channel("ann"));
    let held = subscribed(&b, &channel).await;
    let _other = subscribed(&b, &other).await;
    drop(held);
    // One order, so one after another: when the second is there, the first would be.
    a.router.publish(std::slice::from_ref(&channel), envelope("o", 1)).await.unwrap();
    a.router.publish(std::slice::from_ref(&other), envelope("o", 2)).await.unwrap();
    eventually("the other channel hears", async || at_b.seqs(&other) == [2]).await;
    assert_eq!(at_b.seqs(&channel), Vec::<u64>::new());
}

pub(crate) async fn who_comes_back_at_once_hears_again(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let (_at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    let channel = order_channel("o");
    let mut wanted = Vec::new();
    for seq in 1..=20 {
        let held = subscribed(&b, &channel).await;
        a.router.publish(std::slice::from_ref(&channel), envelope("o", seq)).await.unwrap();
        wanted.push(seq);
        eventually("it is heard", async || at_b.seqs(&channel) == wanted).await;
        drop(held);
    }
}

pub(crate) async fn a_room_hears_only_its_own(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    let (_at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    // An order and a person of the same name are different channels.
    let (as_order, as_user) = (order_channel("same"), user_channel("same"));
    let _one = subscribed(&b, &as_order).await;
    let _two = subscribed(&b, &as_user).await;
    a.router.publish(&[order_channel("other")], envelope("same", 1)).await.unwrap();
    a.router.publish(std::slice::from_ref(&as_user), envelope("same", 2)).await.unwrap();
    a.router.publish(std::slice::from_ref(&as_order), envelope("same", 3)).await.unwrap();
    eventually("two arrived", async || at_b.received.lock().len() >= 2).await;
    assert_eq!((at_b.seqs(&as_user), at_b.seqs(&as_order)), (vec![2], vec![3]));
}
