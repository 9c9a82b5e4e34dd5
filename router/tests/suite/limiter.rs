use std::time::Duration;

use souk_chat::id::OrderId;
use souk_chat::ports::Admission::{self, Limited};
use souk_chat::ports::{Attempt, Said};
use souk_router::Parts;
use tokio::time::Instant;

use super::{World, eventually, quota, ready, user};

/// Admitted, and counted now.
const COUNTED: Admission = Admission::Allowed { counted: true, repeated: false };
/// Admitted because it was counted before.
const REPEATED: Admission = Admission::Allowed { counted: false, repeated: false };

async fn admit(parts: &Parts, name: &str, key: &str) -> Admission {
    parts.limiter.admit(&Attempt { user: &user(name), key, said: None }).await
}

fn limited(admission: Admission) -> Duration {
    match admission {
        Limited { retry_after } => retry_after,
        other => panic!("expected to be limited, not {other:?}"),
    }
}

pub(crate) async fn the_quota_holds_over_nodes(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    assert_eq!(admit(&a, "ann", "o:1").await, COUNTED);
    assert_eq!(admit(&b, "ann", "o:2").await, COUNTED);
    assert_eq!(admit(&a, "ann", "o:3").await, COUNTED);
    for parts in [&a, &b] {
        let wait = limited(admit(parts, "ann", "o:4").await);
        assert!(wait > Duration::ZERO && wait <= quota().window, "{wait:?}");
    }
    assert_eq!(a.metrics.limiter_fallbacks.get() + b.metrics.limiter_fallbacks.get(), 0);
}

pub(crate) async fn a_repeat_is_allowed_and_not_counted(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    assert_eq!(admit(&a, "ann", "o:1").await, COUNTED);
    for _ in 0..5 {
        assert_eq!(admit(&a, "ann", "o:1").await, REPEATED);
        assert_eq!(admit(&b, "ann", "o:1").await, REPEATED);
    }
    assert_eq!(admit(&b, "ann", "o:2").await, COUNTED);
    assert_eq!(admit(&b, "ann", "o:3").await, COUNTED);
    limited(admit(&a, "ann", "o:4").await);
    // Full for a new one, still open for a repeat.
    assert_eq!(admit(&b, "ann", "o:2").await, REPEATED);
}

pub(crate) async fn the_window_slides(world: &impl World) {
    let a = ready(world, "a").await;
    let begin = Instant::now();
    assert_eq!(admit(&a, "ann", "o:1").await, COUNTED);
    tokio::time::sleep(quota().window / 2).await;
    assert_eq!(admit(&a, "ann", "o:2").await, COUNTED);
    assert_eq!(admit(&a, "ann", "o:3").await, COUNTED);
    let wait = limited(admit(&a, "ann", "o:4").await);
    assert!(wait <= quota().window / 2, "{wait:?}: the first send leaves after the rest of its window");
    tokio::time::sleep(wait).await;
    assert_eq!(admit(&a, "ann", "o:4").await, COUNTED, "after {:?}, told {wait:?}", begin.elapsed());
    // The first left alone: the two of the middle still count.
    limited(admit(&a, "ann", "o:5").await);
}

pub(crate) async fn a_forgiven_send_makes_room(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    for key in ["o:1", "o:2", "o:3"] {
        assert_eq!(admit(&a, "ann", key).await, COUNTED);
    }
    let told = Instant::now();
    a.limiter.forgive(&Attempt { user: &user("ann"), key: "o:2", said: None });
    a.limiter.forgive(&Attempt { user: &user("ann"), key: "never counted", said: None });
    eventually("there is channel", async || admit(&b, "ann", "o:4").await == COUNTED).await;
    assert!(told.elapsed() < quota().window, "the window itself made the channel");
    limited(admit(&b, "ann", "o:5").await);
}

pub(crate) async fn people_do_not_share_a_limit(world: &impl World) {
    let a = ready(world, "a").await;
    for key in ["o:1", "o:2", "o:3"] {
        assert_eq!(admit(&a, "ann", key).await, COUNTED);
    }
    limited(admit(&a, "ann", "o:4").await);
    assert_eq!(admit(&a, "bob", "o:1").await, COUNTED);
}

/// A send that says the text with this number, in the order that its name begins with.
async fn say(parts: &Parts, name: &str, key: &str, form: u64, refuse: bool) -> Admission {
    with_said(key, form, refuse, async |attempt| parts.limiter.admit(&Attempt { user: &user(name), ..attempt }).await)
        .await
}

async fn with_said<T>(key: &str, form: u64, refuse: bool, then: impl AsyncFnOnce(Attempt<'_>) -> T) -> T {
    let order = OrderId::new(key.split_once('/').unwrap().0).unwrap();
    let name = key.bytes().fold(7, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte));
    let said = Said { order: &order, form, name, refuse };
    then(Attempt { user: &user("nobody"), key, said: Some(said) }).await
}

/// Waits until the quota has channel for all it allows.
async fn rest() {
    tokio::time::sleep(quota().window + Duration::from_millis(20)).await;
}

pub(crate) async fn the_third_repetition_in_an_order_is_refused(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    assert_eq!(say(&a, "ann", "o/1", 5, true).await, COUNTED);
    assert_eq!(say(&b, "ann", "o/2", 5, true).await, COUNTED);
    for parts in [&a, &b, &a] {
        assert_eq!(say(parts, "ann", "o/3", 5, true).await, Admission::Repeated);
    }
    // Refused sends took no channel: the third of the quota is free, and another text is no repetition.
    assert_eq!(say(&b, "ann", "o/4", 6, true).await, COUNTED);
    limited(say(&a, "ann", "o/5", 7, true).await);
    rest().await;
    assert_eq!(say(&b, "ann", "o/6", 5, true).await, Admission::Repeated, "repetitions count longer than sends");
}

pub(crate) async fn the_fifth_order_is_refused(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    for (n, parts) in [&a, &b, &a].into_iter().enumerate() {
        assert_eq!(say(parts, "ann", &format!("o{n}/1"), 5, true).await, COUNTED);
    }
    rest().await;
    assert_eq!(say(&b, "ann", "o3/1", 5, true).await, COUNTED);
    assert_eq!(say(&a, "ann", "o4/1", 5, true).await, Admission::Repeated);
    assert_eq!(say(&a, "ann", "o0/2", 5, true).await, COUNTED, "a second time in one of the four");
}

pub(crate) async fn a_retry_is_no_repetition(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    assert_eq!(say(&a, "ann", "o/1", 5, true).await, COUNTED);
    assert_eq!(say(&a, "ann", "o/2", 5, true).await, COUNTED);
    for _ in 0..5 {
        assert_eq!(say(&b, "ann", "o/1", 5, true).await, REPEATED);
        assert_eq!(say(&a, "ann", "o/2", 5, true).await, REPEATED);
    }
    rest().await;
    assert_eq!(
        say(&b, "ann", "o/2", 5, true).await,
        COUNTED,
        "in the next window it counts as a send, and says nothing new"
    );
    assert_eq!(say(&a, "ann", "o/3", 5, true).await, Admission::Repeated);
}

pub(crate) async fn a_repetition_that_is_told_goes_on_and_counts(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    assert_eq!(say(&a, "ann", "o/1", 5, false).await, COUNTED);
    assert_eq!(say(&b, "ann", "o/2", 5, false).await, COUNTED);
    assert_eq!(say(&a, "ann", "o/3", 5, false).await, Admission::Allowed { counted: true, repeated: true });
    assert_eq!(say(&b, "ann", "o/3", 5, false).await, Admission::Allowed { counted: false, repeated: true });
    limited(say(&b, "ann", "o/4", 5, false).await);
}

pub(crate) async fn a_forgiven_send_was_never_said(world: &impl World) {
    let (a, b) = (ready(world, "a").await, ready(world, "b").await);
    assert_eq!(say(&a, "ann", "o/1", 5, true).await, COUNTED);
    assert_eq!(say(&a, "ann", "o/2", 5, true).await, COUNTED);
    with_said("o/2", 5, true, async |attempt| a.limiter.forgive(&Attempt { user: &user("ann"), ..attempt })).await;
    eventually("it may be said again", async || say(&b, "ann", "o/3", 5, true).await == COUNTED).await;
    assert_eq!(say(&a, "ann", "o/4", 5, true).await, Admission::Repeated);
}

pub(crate) async fn people_and_texts_do_not_share_repetitions(world: &impl World) {
    let a = ready(world, "a").await;
    for (name, key, form) in
        [("ann", "o/1", 5), ("ann", "o/2", 5), ("bob", "o/1", 5), ("bob", "o/2", 5), ("bob", "o/3", 6)]
    {
        assert_eq!(say(&a, name, key, form, true).await, COUNTED, "{name} {key}");
    }
    assert_eq!(say(&a, "ann", "o/3", 5, true).await, Admission::Repeated);
}
