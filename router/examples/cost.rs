//! What the engines cost: CPU of this process per operation.
//!
//! `cargo run --release -p souk-router --example cost [url]`; `url` is `local` (default) or a Redis. Two nodes in one process: one
//! publishes to three channels, the other hears all three, as an entry of a chat whose parties are both on the other node.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people who measure")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use souk_chat::id::{OrderId, UserId};
use souk_chat::limits::Quota;
use souk_chat::log::Seq;
use souk_chat::ports::{Attempt, Channel, Envelope, EnvelopeKind, Gap, Inbox, Origin, Subscription};
use souk_chat::time::Timestamp;
use souk_router::local::{LocalBus, LocalLimiter};
use souk_router::{Parts, Settings};

const ORDERS: u64 = 1_000;
/// Envelopes that wait for their answer at once.
const WINDOW: usize = 64;
/// Questions asked at once.
const PARALLEL: usize = 32;
/// The kernel counts CPU time in these.
const TICK: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Count {
    heard: AtomicU64,
    gaps: AtomicU64,
}

impl Inbox for Count {
    fn deliver(&self, _room: &Channel, _envelope: &Envelope) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    fn gap(&self, _gap: Gap) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
    }
}

/// User and system time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    TICK * after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum::<u32>()
}

async fn measured(what: &str, count: u64, work: impl Future<Output = ()>) {
    let (begin, before) = (std::time::Instant::now(), cpu());
    work.await;
    let (took, used) = (begin.elapsed(), cpu() - before);
    let each = used.as_secs_f64() * 1e6 / count as f64;
    println!("{what}: {each:.2} µs CPU each, {:.0}/s", count as f64 / took.as_secs_f64());
}

fn nodes(url: &str) -> (Parts, Parts) {
    let quota = Quota { messages: 20, window: Duration::from_secs(60) };
    if url == "local" {
        let bus = LocalBus::new();
        let limiter = LocalLimiter::new(quota, Arc::default());
        return (
            souk_router::on_bus(&bus, limiter.clone(), Arc::default()),
            souk_router::on_bus(&bus, limiter, Arc::default()),
        );
    }
    let node = |name: &str| {
        let settings = Settings {
            node: name.to_owned(),
            prefix: format!("cost-{}", std::process::id()),
            quota,
            ..Settings::default()
        };
        souk_router::connect(url, &settings).unwrap()
    };
    (node("a"), node("b"))
}

fn channels(n: u64) -> [Channel; 3] {
    let user = |side: &str| Channel::User(UserId::new(&format!("user-{side}-{n}")).unwrap());
    [Channel::Order(OrderId::new(&format!("order-{n:08}")).unwrap()), user("a"), user("b")]
}

async fn publish(parts: &Parts, count: u64) {
    let body = Bytes::from(vec![b'x'; 400]);
    let channels: Vec<[Channel; 3]> = (0..ORDERS).map(channels).collect();
    let mut on_the_way = std::collections::VecDeque::new();
    for (seq, channels) in (0..count).zip(channels.iter().cycle()) {
        let Channel::Order(order) = &channels[0] else { unreachable!("the first channel is the order's") };
        let envelope = Envelope {
            kind: EnvelopeKind::Entry,
            order: order.clone(),
            seq: Seq(seq),
            origin: Origin::default(),
            published_at: Timestamp(0),
            body: body.clone(),
        };
        on_the_way.push_back(parts.router.publish(channels, envelope));
        if on_the_way.len() == WINDOW {
            on_the_way.pop_front().unwrap().await.unwrap();
        }
    }
    for answer in on_the_way {
        answer.await.unwrap();
    }
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| "local".to_owned());
    let count: u64 = if url == "local" { 2_000_000 } else { 100_000 };
    let (a, b) = nodes(&url);
    let heard = Arc::new(Count::default());
    b.router.attach(heard.clone());
    while !(a.router.is_connected() && b.router.is_connected()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    measured("publish to three channels nobody is in", count, publish(&a, count)).await;
    let mut held = Vec::new();
    for channel in (0..ORDERS).flat_map(channels) {
        held.push(Subscription::new(b.router.clone(), channel));
    }
    for subscription in &held {
        subscription.confirmed().await.unwrap();
    }
    let all = async {
        publish(&a, count).await;
        while heard.heard.load(Ordering::Relaxed) < count * 3 && heard.gaps.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    measured("publish and hear in three channels", count, all).await;
    println!("gaps: {}", heard.gaps.load(Ordering::Relaxed));
    let users: Vec<UserId> = (0..10_000).map(|n| UserId::new(&format!("user-{n}")).unwrap()).collect();
    measured("admit a send", count, async {
        let limiter = &a.limiter;
        let users = &users;
        let one = |lane: u64| async move {
            for n in (lane..count).step_by(PARALLEL) {
                let at = usize::try_from(n).unwrap() % users.len();
                let key = format!("order-{at}:{n}");
                limiter.admit(&Attempt { user: &users[at], key: &key, said: None }).await;
            }
        };
        futures_util::future::join_all((0..PARALLEL as u64).map(one)).await;
    })
    .await;
    measured("ask for one person's presence", count, async {
        let presence = &a.presence;
        let users = &users;
        let one = |lane: u64| async move {
            for n in (lane..count).step_by(PARALLEL) {
                let at = usize::try_from(n).unwrap() % users.len();
                presence.online(&users[at..=at]).await.unwrap();
            }
        };
        futures_util::future::join_all((0..PARALLEL as u64).map(one)).await;
    })
    .await;
    println!("limiter fallbacks: {}", a.metrics.limiter_fallbacks.get());
}
