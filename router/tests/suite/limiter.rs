use std::time::Duration;

use souk_chat::ports::Admission::{self, Limited};
use souk_router::Parts;
use tokio::time::Instant;

use super::{World, eventually, quota, ready, user};

/// Admitted, and counted now.
const COUNTED: Admission = Admission::Allowed { counted: true };
/// Admitted because it was counted before.
const REPEATED: Admission = Admission::Allowed { counted: false };

async fn admit(parts: &Parts, name: &str, key: &str) -> Admission {
    parts.limiter.admit(&user(name), key).await
}

fn limited(admission: Admission) -> Duration {
    match admission {
        Limited { retry_after } => retry_after,
        Admission::Allowed { .. } => panic!("expected to be limited"),
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
    a.limiter.forgive(&user("ann"), "o:2");
    a.limiter.forgive(&user("ann"), "never counted");
    eventually("there is room", async || admit(&b, "ann", "o:4").await == COUNTED).await;
    assert!(told.elapsed() < quota().window, "the window itself made the room");
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
