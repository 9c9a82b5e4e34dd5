use souk_chat::ports::Gap;

use super::*;
use crate::hub::rig::{Rig, device};
use crate::hub::{Joined, Room};

/// Ann's device is live in the order.
async fn join(rig: &Rig, order: &OrderId) -> Arc<Room> {
    let device = device("ann", rig.clock.monotonic());
    let (room, ticket) = rig.hub.join(&device, order).unwrap();
    let (up_to, epoch) = (rig.store.head(order).await.unwrap().unwrap().seq, rig.store.epoch().await.unwrap());
    assert_eq!(room.finish_join(&device, ticket, (up_to, &epoch), None, b"{}"), Joined::Live);
    room
}

/// How long after a comparison the next one is due, of a room of which nothing passed lately.
fn next_comparison(rig: &Rig, room: &Room) -> Duration {
    let (now, lively, silent) = (rig.clock.monotonic(), Duration::from_secs(5), Duration::from_secs(60));
    room.take_comparison(now, lively, silent, silent).expect("the room is due");
    (0..=60).map(Duration::from_secs).find(|after| room.is_due(now + *after)).unwrap()
}

#[tokio::test]
async fn a_suspicion_says_nothing_of_a_subscription_that_is_not_confirmed() {
    let rig = Rig::new().await;
    let order = rig.order("o-1").await;
    let room = join(&rig, &order.id).await;
    room.unconfirmed();
    let often = next_comparison(&rig, &room);
    rig.delivery.suspect(&order.id);
    assert_eq!(next_comparison(&rig, &room), often);
    rig.wire.is_down.store(true, Ordering::Relaxed);
    let entry = rig.say(&order, "hello").await;
    let committed = rig.committed(&order, entry).await;
    rig.delivery.committed(&committed);
    assert_eq!((rig.delivery.waiting_publishes(), next_comparison(&rig, &room)), (1, often));
    let broken = Bytes::from_static(b"of another version");
    let envelope = rig.delivery.envelope(EnvelopeKind::Entry, &order.id, Seq(9), Origin::default(), broken);
    rig.delivery.deliver(&Channel::Order(order.id.clone()), &envelope);
    assert_eq!(rig.delivery.counters().unreadable.load(Ordering::Relaxed), 1);
    assert_eq!(next_comparison(&rig, &room), often);
    rig.delivery.gap(Gap::Channels(vec![Channel::Order(order.id.clone())]));
    assert!(next_comparison(&rig, &room) > often, "now it stands");
}

#[tokio::test]
async fn what_an_epoch_that_is_over_failed_to_publish_is_not_published_in_the_next() {
    let rig = Rig::new().await;
    let order = rig.order("o-1").await;
    rig.delivery.follow_once().await;
    let say = async |text| {
        let entry = rig.say(&order, text).await;
        let committed = rig.committed(&order, entry).await;
        rig.delivery.committed(&committed);
    };
    rig.wire.is_down.store(true, Ordering::Relaxed);
    say("failed before").await;
    *rig.wire.held.lock() = Some(Vec::new());
    say("fails after").await;
    let failing = rig.wire.held.lock().take().unwrap();
    rig.delivery.follow_once().await;
    assert_eq!(rig.delivery.waiting_publishes(), 1, "the epoch is the same");

    let epoch = rig.store.epoch().await.unwrap();
    rig.store.begin_epoch(&epoch).await.unwrap();
    rig.delivery.follow_once().await;
    failing.into_iter().for_each(|fail| fail.send(()).unwrap());
    assert!(rig.delivery.flush(Duration::MAX / 4).await);
    assert_eq!(rig.delivery.waiting_publishes(), 0);
    say("of the new one").await;
    assert_eq!(rig.delivery.waiting_publishes(), 1);
    assert_eq!(rig.delivery.counters().publishes_failed.load(Ordering::Relaxed), 3);
}
