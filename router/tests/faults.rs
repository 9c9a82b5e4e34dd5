//! What happens when the server goes away, comes back empty, or hangs. Every test has a server of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod suite;

use std::time::Duration;

use souk_chat::limits::Quota;
use souk_chat::ports::{Admission, Channel, Gap, Subscription};
use souk_router::{Parts, Settings};
use tokio::time::Instant;

use souk_testkit::redis::Redis;
use suite::{Recorder, envelope, eventually, order_channel, server, user, user_channel};

fn node(url: &str, name: &str) -> Parts {
    let quota = Quota { messages: 2, window: Duration::from_secs(60) };
    souk_router::connect(url, &Settings { node: name.to_owned(), quota, ..Settings::default() }).unwrap()
}

async fn sees(parts: &Parts, name: &str, wanted: bool) {
    eventually(&format!("{name} is {wanted}"), async || parts.presence.online(&[user(name)]).await == Ok(vec![wanted]))
        .await;
}

async fn connected(parts: &Parts) {
    eventually("connected", async || parts.router.is_connected()).await;
}

/// Publishes until a receiver hears it: after a reconnection the two sides come back at different moments.
async fn flows(from: &Parts, to: &Recorder, channel: &Channel, seq: u64) {
    eventually("what is published arrives", async || {
        let _ = from.router.publish(std::slice::from_ref(channel), envelope("o", seq)).await;
        to.seqs(channel).contains(&seq)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_empty_is_filled_again_and_the_gap_is_told() {
    let Some(mut server) = Redis::start(&[]).await else { return };
    let (a, b) = (node(&server.url(), "a"), node(&server.url(), "b"));
    let (at_a, at_b) = (Recorder::attached(&a), Recorder::attached(&b));
    let channel = order_channel("o");
    // Rooms that are wanted only after this make no gap of their own.
    connected(&a).await;
    connected(&b).await;
    let held = [
        Subscription::new(a.router.clone(), channel.clone()),
        Subscription::new(b.router.clone(), channel.clone()),
        Subscription::new(b.router.clone(), user_channel("bob")),
    ];
    for subscription in &held {
        eventually("confirmed", async || subscription.confirmed().await.is_ok()).await;
    }
    a.presence.set(&user("ann"), 1);
    sees(&b, "ann", true).await;
    flows(&a, &at_b, &channel, 1).await;
    assert!(at_a.gaps.lock().is_empty() && at_b.gaps.lock().is_empty());

    server.kill();
    eventually("both notice", async || !a.router.is_connected() && !b.router.is_connected()).await;
    assert!(a.router.publish(std::slice::from_ref(&channel), envelope("o", 2)).await.is_err());
    assert!(b.presence.online(&[user("zoe")]).await.is_err(), "unknown is not offline");
    server.restart().await;

    for recorder in [&at_a, &at_b] {
        eventually("the gap is told", async || recorder.has_gap(&Gap::All)).await;
    }
    connected(&a).await;
    connected(&b).await;
    // The gap is told when subscriptions stand: from here on nothing is lost.
    a.router.publish(&[channel.clone(), user_channel("bob")], envelope("o", 3)).await.unwrap();
    eventually("it arrives", async || at_b.seqs(&channel).contains(&3) && at_b.seqs(&user_channel("bob")) == [3]).await;
    sees(&b, "ann", true).await;
    assert_eq!(
        a.limiter.admit(&suite::attempt(&user("ann"), "k")).await,
        Admission::Allowed { counted: true, repeated: false }
    );
    assert!(a.metrics.reconnects.get() >= 2 && at_b.seqs(&channel).iter().all(|seq| *seq != 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_server_gets_its_lease_and_people_back() {
    let Some(server) = Redis::start(&[]).await else { return };
    let (a, b) = (node(&server.url(), "a"), node(&server.url(), "b"));
    a.presence.set(&user("ann"), 1);
    sees(&b, "ann", true).await;
    let mut redis = server::connection(&server.url()).await;
    redis::cmd("FLUSHALL").exec_async(&mut redis).await.unwrap();
    // No connection was lost: the next renewal, within 8 s, finds the lease gone.
    sees(&b, "ann", false).await;
    let patience = Instant::now() + Duration::from_secs(12);
    while b.presence.online(&[user("ann")]).await != Ok(vec![true]) {
        assert!(Instant::now() < patience, "not asserted again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(a.metrics.leases_lost.get(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_server_stalls_nothing_and_is_noticed() {
    let Some(server) = Redis::start(&[]).await else { return };
    let a = node(&server.url(), "a");
    let at_a = Recorder::attached(&a);
    let channel = order_channel("o");
    connected(&a).await;
    let _held = Subscription::new(a.router.clone(), channel.clone());
    flows(&a, &at_a, &channel, 1).await;
    assert_eq!(
        a.limiter.admit(&suite::attempt(&user("ann"), "k1")).await,
        Admission::Allowed { counted: true, repeated: false }
    );
    assert!(at_a.gaps.lock().is_empty());
    server.freeze();

    let begin = Instant::now();
    let told = a.limiter.admit(&suite::attempt(&user("ann"), "k2")).await;
    let first = begin.elapsed();
    assert_eq!((told, a.metrics.limiter_fallbacks.get()), (Admission::Allowed { counted: true, repeated: false }, 1));
    assert!(first < Duration::from_millis(500), "the first waits 100 ms: {first:?}");
    let begin = Instant::now();
    for n in 0..1_000 {
        a.limiter.admit(&suite::attempt(&user(&format!("u{n}")), "k")).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "the breaker is open: {:?}", begin.elapsed());
    // The node's own limit knows what the server admitted before.
    assert!(matches!(a.limiter.admit(&suite::attempt(&user("ann"), "k3")).await, Admission::Limited { .. }));
    assert_eq!(
        a.limiter.admit(&suite::attempt(&user("ann"), "k1")).await,
        Admission::Allowed { counted: false, repeated: false },
        "a retry"
    );

    let begin = Instant::now();
    assert!(a.presence.online(&[user("zoe")]).await.is_err());
    assert!(begin.elapsed() < Duration::from_millis(500));
    let begin = Instant::now();
    let answers: Vec<_> =
        (0..20_000).map(|seq| a.router.publish(std::slice::from_ref(&channel), envelope("o", seq))).collect();
    assert!(begin.elapsed() < Duration::from_secs(3), "publishing never waits: {:?}", begin.elapsed());
    for n in 0..5_000 {
        a.router.subscribe(&order_channel(&format!("o{n}")));
        a.presence.set(&user(&format!("u{n}")), 1);
        a.limiter.forgive(&suite::attempt(&user("ann"), "k1"));
    }
    eventually("the hang is noticed", async || !a.router.is_connected()).await;
    for answer in answers {
        assert!(tokio::time::timeout(suite::PATIENCE, answer).await.unwrap().is_err(), "a lost envelope is told");
    }
    assert!(a.metrics.publish_overflowed.get() > 0);

    server.thaw();
    connected(&a).await;
    eventually("the gap is told", async || at_a.has_gap(&Gap::All)).await;
    a.router.publish(std::slice::from_ref(&channel), envelope("o", 77_777)).await.unwrap();
    eventually("it arrives", async || at_a.seqs(&channel).contains(&77_777)).await;
    let fallbacks = a.metrics.limiter_fallbacks.get();
    eventually("the server decides again", async || {
        let before = a.metrics.limiter_fallbacks.get();
        a.limiter.admit(&suite::attempt(&user("dan"), "k")).await;
        a.metrics.limiter_fallbacks.get() == before
    })
    .await;
    assert!(a.metrics.limiter_fallbacks.get() <= fallbacks + 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_without_its_server() {
    let Some(mut server) = Redis::start(&[]).await else { return };
    server.kill();
    let a = node(&server.url(), "a");
    let at_a = Recorder::attached(&a);
    let channel = order_channel("o");
    let held = Subscription::new(a.router.clone(), channel.clone());
    assert!(!a.router.is_connected());
    assert!(a.router.publish(std::slice::from_ref(&channel), envelope("o", 1)).await.is_err());
    assert!(held.confirmed().await.is_err());
    assert_eq!(a.metrics.unconfirmed.get(), 1);
    assert_eq!(
        a.limiter.admit(&suite::attempt(&user("ann"), "k")).await,
        Admission::Allowed { counted: true, repeated: false }
    );
    a.presence.set(&user("ann"), 1);
    assert_eq!(a.presence.online(&[user("ann")]).await, Ok(vec![true]), "who is here is known without a server");

    server.restart().await;
    connected(&a).await;
    held.confirmed().await.unwrap();
    eventually("what was wanted before is told as a gap", async || at_a.has_gap(&Gap::All)).await;
    a.router.publish(std::slice::from_ref(&channel), envelope("o", 2)).await.unwrap();
    eventually("it arrives", async || at_a.seqs(&channel) == [2]).await;
    let b = node(&server.url(), "b");
    sees(&b, "ann", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_subscriptions_are_cut() {
    let Some(server) = Redis::start(&[]).await else { return };
    let a = node(&server.url(), "a");
    let at_a = Recorder::attached(&a);
    let channel = order_channel("o");
    connected(&a).await;
    let _held = Subscription::new(a.router.clone(), channel.clone());
    flows(&a, &at_a, &channel, 1).await;
    for round in 2..6 {
        at_a.gaps.lock().clear();
        let mut redis = server::connection(&server.url()).await;
        let cut: u32 = redis::cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"]).query_async(&mut redis).await.unwrap();
        assert_eq!(cut, 1, "the fault did not bite");
        eventually("the gap is told", async || at_a.has_gap(&Gap::All)).await;
        a.router.publish(std::slice::from_ref(&channel), envelope("o", round)).await.unwrap();
        eventually("it arrives", async || at_a.seqs(&channel).contains(&round)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_the_server_forgot_are_loaded_again() {
    let Some(server) = Redis::start(&[]).await else { return };
    let a = node(&server.url(), "a");
    connected(&a).await;
    for key in ["k1", "k2"] {
        let mut redis = server::connection(&server.url()).await;
        redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut redis).await.unwrap();
        assert_eq!(
            a.limiter.admit(&suite::attempt(&user("ann"), key)).await,
            Admission::Allowed { counted: true, repeated: false }
        );
    }
    assert!(matches!(a.limiter.admit(&suite::attempt(&user("ann"), "k3")).await, Admission::Limited { .. }));
    assert_eq!(a.metrics.limiter_fallbacks.get(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_to_leave_ends_the_subscription_on_the_server() {
    let Some(server) = Redis::start(&[]).await else { return };
    let a = node(&server.url(), "a");
    connected(&a).await;
    let mut redis = server::connection(&server.url()).await;
    let held: Vec<_> = (0..2).map(|_| Subscription::new(a.router.clone(), order_channel("o"))).collect();
    held[0].confirmed().await.unwrap();
    let mut count = async || {
        let answer = redis::cmd("PUBSUB").arg("NUMSUB").arg("souk:order:{o}").query_async(&mut redis).await;
        let [(_, count)]: [(String, u32); 1] = answer.unwrap();
        count
    };
    assert_eq!(count().await, 1);
    drop(held);
    assert_eq!(count().await, 1, "it stands for those who come back");
    eventually("it ends", async || count().await == 0).await;
    assert_eq!(a.metrics.subscriptions.get(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_rooms_come_back() {
    const ROOMS: u64 = 50_000;
    let Some(mut server) = Redis::start(&[]).await else { return };
    let a = node(&server.url(), "a");
    let at_a = Recorder::attached(&a);
    connected(&a).await;
    let begin = Instant::now();
    let channels: Vec<Channel> = (0..ROOMS).map(|n| order_channel(&format!("order-{n:08}"))).collect();
    channels.iter().for_each(|channel| a.router.subscribe(channel));
    eventually("all stand", async || a.router.confirmed(&channels[channels.len() - 1]).await.is_ok()).await;
    println!("{ROOMS} channels subscribed in {:?}", begin.elapsed());

    server.kill();
    eventually("it is noticed", async || !a.router.is_connected()).await;
    at_a.gaps.lock().clear();
    server.restart().await;
    let mut redis = server::connection(&server.url()).await;
    let mut count = async || {
        let channels: Vec<String> = redis::cmd("PUBSUB").arg("CHANNELS").query_async(&mut redis).await.unwrap();
        channels.len() as u64
    };
    let mut begin = Instant::now();
    eventually("the first stand", async || {
        let some = count().await;
        if some == 0 {
            begin = Instant::now();
        }
        some > 0
    })
    .await;
    eventually("the gap is told", async || at_a.has_gap(&Gap::All)).await;
    println!("{ROOMS} channels subscribed again in {:?}", begin.elapsed());
    assert_eq!(count().await, ROOMS);
}
