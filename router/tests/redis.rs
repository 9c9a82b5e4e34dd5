//! The engines over Redis: the suite, and what another client sees.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod suite;

use std::sync::atomic::{AtomicU64, Ordering};

use fred::prelude::{Builder, ClientLike, Config, EventInterface, PubsubInterface};
use souk_chat::ports::{Admission, Attempt, Gap, Presence, Said, Subscription};
use souk_router::{Parts, Settings, envelope};

use suite::{Recorder, World, envelope, eventually, order_channel, server, user, user_channel};

/// Nodes on the shared server, under a prefix of their own.
struct Shared {
    url: String,
    prefix: String,
}

impl World for Shared {
    fn node(&self, name: &str) -> Parts {
        let settings = Settings {
            node: name.to_owned(),
            prefix: self.prefix.clone(),
            quota: suite::quota(),
            ..Settings::default()
        };
        souk_router::connect(&self.url, &settings).unwrap()
    }
}

async fn world() -> Option<Shared> {
    static WORLDS: AtomicU64 = AtomicU64::new(0);
    let number = WORLDS.fetch_add(1, Ordering::Relaxed);
    let prefix = format!("test-{}-{number}-{:x}", std::process::id(), rand::random::<u32>());
    Some(Shared { url: server::shared()?, prefix })
}

conformance!(crate::world);

impl Shared {
    async fn redis(&self) -> redis::aio::MultiplexedConnection {
        server::connection(&self.url).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_client_reads_what_was_published() {
    let Some(world) = world().await else { return };
    let a = world.node("a");
    let observer = Builder::from_config(Config::from_url(&world.url).unwrap()).build_subscriber_client().unwrap();
    observer.init().await.unwrap();
    let mut messages = observer.message_rx();
    let channels = [format!("{}:order:{{o}}", world.prefix), format!("{}:user:{{ann}}", world.prefix)];
    for channel in &channels {
        observer.subscribe(channel.as_str()).await.unwrap();
    }
    // The observer does not wait for the server's confirmation: the server itself is asked.
    let mut redis = world.redis().await;
    eventually("the observer is subscribed", async || {
        let answer =
            redis::cmd("PUBSUB").arg("NUMSUB").arg(&channels).query_async::<Vec<(String, u32)>>(&mut redis).await;
        answer.unwrap().iter().all(|(_, count)| *count == 1)
    })
    .await;
    eventually("connected", async || a.router.is_connected()).await;
    let sent = envelope("o", 42);
    a.router.publish(&[order_channel("o"), user_channel("ann")], sent.clone()).await.unwrap();
    for channel in &channels {
        let message = tokio::time::timeout(suite::PATIENCE, messages.recv()).await.unwrap().unwrap();
        assert_eq!(message.channel, channel.as_str());
        let bytes = message.value.as_bytes().unwrap().to_vec().into();
        assert_eq!(envelope::decode(&bytes, None).unwrap(), sent);
    }
    observer.quit().await.unwrap();
}

/// As a node of the version before writes it: without the checksum, which stands before the order id.
fn of_version_1(envelope: &[u8]) -> Vec<u8> {
    let mut old = [&envelope[..36], &envelope[40..]].concat();
    old[0] = 1;
    old
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_known_envelope_is_dropped_and_counted() {
    let Some(world) = world().await else { return };
    let a = world.node("a");
    let at_a = Recorder::attached(&a);
    let channel = order_channel("o");
    let held = Subscription::new(a.router.clone(), channel.clone());
    held.confirmed().await.unwrap();
    let good = envelope::encode(&envelope("o", 1)).to_vec();
    let (mut version, mut kind) = (good.clone(), of_version_1(&good));
    version[0] = 9;
    kind[1] = 99;
    let mut redis = world.redis().await;
    let name = format!("{}:order:{{o}}", world.prefix);
    for payload in [version, kind, b"rubbish".to_vec(), Vec::new(), good[..20].to_vec(), good] {
        redis::cmd("PUBLISH").arg(&name).arg(payload).exec_async(&mut redis).await.unwrap();
    }
    eventually("the good one arrives", async || at_a.seqs(&channel) == [1]).await;
    eventually("the others are counted", async || {
        (a.metrics.dropped_unknown.get(), a.metrics.dropped_malformed.get()) == (3, 2)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_on_its_way_reaches_nobody_and_its_channel_is_told() {
    let Some(world) = world().await else { return };
    let a = world.node("a");
    let at_a = Recorder::attached(&a);
    let channel = order_channel("o");
    let held = Subscription::new(a.router.clone(), channel.clone());
    held.confirmed().await.unwrap();
    let mut changed = envelope::encode(&envelope("o", 1)).to_vec();
    *changed.last_mut().unwrap() ^= 4;
    let mut redis = world.redis().await;
    let name = format!("{}:order:{{o}}", world.prefix);
    let old = of_version_1(&envelope::encode(&envelope("o", 2)));
    redis::cmd("PUBLISH").arg(&name).arg(old).exec_async(&mut redis).await.unwrap();
    eventually("an older node is understood", async || at_a.seqs(&channel) == [2]).await;
    // A gap of everything, as a new connection has one, may take that of the channel along: so it is said until it stands alone.
    eventually("the channel is told", async || {
        redis::cmd("PUBLISH").arg(&name).arg(&changed).exec_async(&mut redis).await.unwrap();
        at_a.has_gap(&Gap::Channels(vec![channel.clone()]))
    })
    .await;
    assert_eq!(at_a.seqs(&channel), [2]);
    assert!(a.metrics.dropped_corrupt.get() >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_node_without_a_lease_do_not_count_and_are_removed() {
    let Some(world) = world().await else { return };
    let (a, b) = (world.node("a"), world.node("b"));
    a.presence.set(&user("ann"), 1);
    sees(&*b.presence, "ann", true).await;
    let mut redis = world.redis().await;
    let person = format!("{}:presence:{{ann}}", world.prefix);
    redis::cmd("HSET").arg(&person).arg("dead~1").arg(3).exec_async(&mut redis).await.unwrap();
    // The node crashes: nothing is said any more, and its lease ends.
    a.background.shutdown().await;
    let pattern = format!("{}:node:a~*", world.prefix);
    let leases: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.unwrap();
    assert_eq!(leases.len(), 1);
    let left: i64 = redis::cmd("PTTL").arg(&leases[0]).query_async(&mut redis).await.unwrap();
    assert!(left > 0 && left <= 30_000, "the lease ends within 30 s by itself: {left}");
    redis::cmd("DEL").arg(&leases[0]).exec_async(&mut redis).await.unwrap();
    sees(&*b.presence, "ann", false).await;
    let fields: Vec<String> = redis::cmd("HKEYS").arg(&person).query_async(&mut redis).await.unwrap();
    assert!(fields.is_empty(), "{fields:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_dead_node_answered_for_are_orphans_until_they_are_adopted() {
    let Some(world) = world().await else { return };
    let (a, b) = (world.node("a"), world.node("b"));
    b.presence.set(&user("zoe"), 1);
    a.presence.set(&user("here"), 1);
    for name in ["left", "released"] {
        a.presence.set(&user(name), 1);
        sees(&*b.presence, name, true).await;
        a.presence.set(&user(name), 0);
        sees(&*b.presence, name, false).await;
    }
    a.presence.release(&user("released"));
    a.presence.release(&user("here"));
    // Told last: when it is seen, so is everything before.
    a.presence.set(&user("mark"), 1);
    sees(&*b.presence, "mark", true).await;
    assert_eq!(b.presence.orphans(9).await, Ok(Vec::new()), "their node lives");
    a.background.shutdown().await;
    let mut redis = world.redis().await;
    let nodes = format!("{}:nodes", world.prefix);
    let all: Vec<(String, i64)> = redis::cmd("HGETALL").arg(&nodes).query_async(&mut redis).await.unwrap();
    let (lease, alive_at) = all.into_iter().find(|(lease, _)| lease.starts_with("a~")).unwrap();
    redis::cmd("DEL").arg(format!("{}:node:{lease}", world.prefix)).exec_async(&mut redis).await.unwrap();

    let mut orphans = b.presence.orphans(9).await.unwrap();
    orphans.sort_by(|one, other| one.user.as_str().cmp(other.user.as_str()));
    let names: Vec<&str> = orphans.iter().map(|orphan| orphan.user.as_str()).collect();
    assert_eq!(names, ["here", "left", "mark"]);
    assert!(orphans.iter().all(|orphan| *orphan.node == *lease && orphan.alive_at.millis() == alive_at));
    assert_eq!(b.presence.orphans(2).await.unwrap().len(), 2);
    b.presence.adopted(&orphans[..2]).await.unwrap();
    assert_eq!(b.presence.orphans(9).await.as_deref(), Ok(&orphans[2..]));
    for _ in 0..2 {
        b.presence.adopted(&orphans).await.unwrap();
        assert_eq!(b.presence.orphans(9).await, Ok(Vec::new()));
    }
    let left: Vec<String> = redis::cmd("HKEYS").arg(&nodes).query_async(&mut redis).await.unwrap();
    assert!(left.len() == 1 && left[0].starts_with("b~"), "the dead one is forgotten: {left:?}");
}

async fn sees(presence: &dyn Presence, name: &str, wanted: bool) {
    eventually(&format!("{name} is {wanted}"), async || presence.online(&[user(name)]).await == Ok(vec![wanted])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_leaves_the_server_in_time_and_shows_nothing() {
    let Some(world) = world().await else { return };
    let a = suite::ready(&world, "a").await;
    let (ann, order) = (user("ann"), "o".parse().unwrap());
    let say = async |name| {
        let said = Some(Said { order: &order, form: 0x0102_0304_0506_0708, name, refuse: true });
        a.limiter.admit(&Attempt { user: &ann, key: &format!("o/{name}"), said }).await
    };
    let counted = Admission::Allowed { counted: true, repeated: false };
    assert_eq!((say(1).await, say(2).await, say(3).await), (counted, counted, Admission::Repeated));
    let (mut redis, key) = (world.redis().await, format!("{}:said:{{ann}}", world.prefix));
    let members: Vec<Vec<u8>> = redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).query_async(&mut redis).await.unwrap();
    assert!(members.iter().all(|member| member.len() == 24 && member[..8] == [1, 2, 3, 4, 5, 6, 7, 8]), "{members:?}");
    let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut redis).await.unwrap();
    assert!((1..=600_000).contains(&left), "{left}");
    // As if they had been said a while ago.
    for member in &members {
        redis::cmd("ZINCRBY").arg(&key).arg(-600_001).arg(member).exec_async(&mut redis).await.unwrap();
    }
    assert_eq!(say(3).await, counted);
    let said: i64 = redis::cmd("ZCARD").arg(&key).query_async(&mut redis).await.unwrap();
    assert_eq!(said, 1);
}
