//! The in-process engines: the suite, and what is theirs alone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod suite;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use souk_chat::limits::Quota;
use souk_chat::ports::{Admission, Channel, Envelope, Gap, Inbox, Router, Subscription};
use souk_router::local::{LocalBus, LocalLimiter, LocalRouter};
use souk_router::{ConfigError, Metrics, Parts, Settings};

use suite::{World, envelope, order_channel, user};

struct Shared {
    bus: Arc<LocalBus>,
    limiter: LocalLimiter,
}

impl World for Shared {
    fn node(&self, _name: &str) -> Parts {
        souk_router::on_bus(&self.bus, self.limiter.clone(), Arc::default())
    }
}

async fn world() -> Option<Shared> {
    Some(Shared { bus: LocalBus::new(), limiter: LocalLimiter::new(suite::quota(), Arc::default()) })
}

conformance!(crate::world);

/// A receiver that publishes what it hears to another channel, from inside the delivery.
struct Echo {
    router: Mutex<Option<Arc<LocalRouter>>>,
    heard: Mutex<Vec<(Channel, u64)>>,
}

impl Inbox for Echo {
    fn deliver(&self, channel: &Channel, envelope: &Envelope) {
        self.heard.lock().push((channel.clone(), envelope.seq.0));
        if *channel == order_channel("o") {
            let router = self.router.lock().clone().unwrap();
            drop(router.publish(&[order_channel("echo")], envelope.clone()));
        }
    }

    fn gap(&self, _gap: Gap) {}
}

#[tokio::test]
async fn a_receiver_may_publish_from_inside_a_delivery() {
    let router = Arc::new(LocalRouter::new(LocalBus::new(), Arc::default()));
    let echo = Arc::new(Echo { router: Mutex::new(Some(router.clone())), heard: Mutex::default() });
    router.attach(echo.clone());
    let port: Arc<dyn Router> = router.clone();
    let _one = Subscription::new(port.clone(), order_channel("o"));
    let _two = Subscription::new(port, order_channel("echo"));
    router.publish(&[order_channel("o")], envelope("o", 1)).await.unwrap();
    assert_eq!(*echo.heard.lock(), [(order_channel("o"), 1), (order_channel("echo"), 1)]);
    echo.router.lock().take();
}

/// A receiver that notices two deliveries at once.
#[derive(Default)]
struct Alone {
    inside: AtomicUsize,
    most: AtomicUsize,
    heard: AtomicUsize,
}

impl Inbox for Alone {
    fn deliver(&self, _room: &Channel, _envelope: &Envelope) {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        std::thread::yield_now();
        self.heard.fetch_add(1, Ordering::SeqCst);
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn gap(&self, _gap: Gap) {}
}

#[test]
fn envelopes_of_one_order_never_run_at_once() {
    let router = Arc::new(LocalRouter::new(LocalBus::new(), Arc::default()));
    let alone = Arc::new(Alone::default());
    router.attach(alone.clone());
    let port: Arc<dyn Router> = router.clone();
    let _held = Subscription::new(port, order_channel("o"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|seq| drop(router.publish(&[order_channel("o")], envelope("o", seq)))));
        }
    });
    assert_eq!(alone.most.load(Ordering::SeqCst), 1);
    assert_eq!(alone.heard.load(Ordering::SeqCst), 2_000);
}

/// A receiver that panics once.
#[derive(Default)]
struct Fragile(AtomicUsize);

impl Inbox for Fragile {
    fn deliver(&self, _room: &Channel, _envelope: &Envelope) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "the first delivery panics");
    }

    fn gap(&self, _gap: Gap) {}
}

#[test]
fn a_panicking_receiver_leaves_the_lane_usable() {
    let router = Arc::new(LocalRouter::new(LocalBus::new(), Arc::default()));
    let fragile = Arc::new(Fragile::default());
    router.attach(fragile.clone());
    let port: Arc<dyn Router> = router.clone();
    let _held = Subscription::new(port, order_channel("o"));
    let publish = || drop(router.publish(&[order_channel("o")], envelope("o", 1)));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(publish)).is_err());
    publish();
    assert_eq!(fragile.0.load(Ordering::SeqCst), 2);
}

/// A receiver that publishes more from inside one delivery than a lane holds.
struct Flood {
    router: Mutex<Option<Arc<LocalRouter>>>,
    refused: AtomicUsize,
    gaps: AtomicUsize,
}

impl Inbox for Flood {
    fn deliver(&self, _room: &Channel, envelope: &Envelope) {
        let Some(router) = self.router.lock().take() else { return };
        for seq in 0..10_000 {
            let answer = router.publish(&[order_channel("o")], suite::envelope(envelope.order.as_str(), seq));
            if futures_util::FutureExt::now_or_never(answer).unwrap().is_err() {
                self.refused.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn gap(&self, gap: Gap) {
        assert_eq!(gap, Gap::Channels(vec![order_channel("o")]));
        self.gaps.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_full_lane_refuses_and_tells_the_gap() {
    let metrics = Arc::new(Metrics::default());
    let router = Arc::new(LocalRouter::new(LocalBus::new(), metrics.clone()));
    let flood = Arc::new(Flood {
        router: Mutex::new(Some(router.clone())),
        refused: AtomicUsize::new(0),
        gaps: AtomicUsize::new(0),
    });
    router.attach(flood.clone());
    let port: Arc<dyn Router> = router.clone();
    let _held = Subscription::new(port, order_channel("o"));
    drop(router.publish(&[order_channel("o")], envelope("o", 1)));
    let refused = flood.refused.load(Ordering::SeqCst);
    assert!(refused > 0);
    assert_eq!(flood.gaps.load(Ordering::SeqCst), refused);
    assert_eq!(metrics.publish_overflowed.get(), refused as u64);
}

#[tokio::test]
async fn no_quota_means_no_limit() {
    let quota = Quota { messages: 0, ..Quota::default() };
    let parts = souk_router::connect("local", &Settings { quota, ..Settings::default() }).unwrap();
    for n in 0..1_000 {
        assert_eq!(
            parts.limiter.admit(&suite::attempt(&user("ann"), &format!("o:{n}"))).await,
            Admission::Allowed { counted: false, repeated: false }
        );
    }
}

#[tokio::test]
async fn what_is_no_address_or_name_is_refused() {
    let refusal = |url: &str, settings: &Settings| souk_router::connect(url, settings).err();
    let settings = Settings::default();
    assert_eq!(refusal("http://x", &settings), Some(ConfigError::Scheme));
    assert_eq!(refusal("", &settings), Some(ConfigError::Scheme));
    let bad = Settings { node: "a b".into(), ..Settings::default() };
    assert!(matches!(refusal("local", &bad), Some(ConfigError::Name { what: "node", .. })));
    let bad = Settings { prefix: "a{b}".into(), ..Settings::default() };
    assert!(matches!(refusal("local", &bad), Some(ConfigError::Name { what: "prefix", .. })));
}
