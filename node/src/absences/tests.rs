use super::*;
use crate::hub::rig::{Rig, device, user};

struct Place {
    rig: Rig,
    absences: Absences,
}

impl Place {
    async fn new() -> Self {
        let rig = Rig::new().await;
        let absences = Absences::new(
            Arc::clone(&rig.hub),
            Arc::clone(&rig.chats),
            Arc::clone(&rig.people) as Arc<dyn Presence>,
            Arc::clone(&rig.store),
            Arc::clone(&rig.clock) as Arc<dyn Runtime>,
        );
        Self { rig, absences }
    }

    /// A round after this time.
    async fn round_after(&self, how_long: Duration) {
        self.rig.clock.pass(how_long);
        self.absences.round().await;
    }

    fn answers(&self, answers: bool) {
        self.rig.people.is_silent.store(!answers, Ordering::Relaxed);
    }

    /// Bob is gone from here, and comes of age.
    async fn bob_leaves(&self) {
        let bob = device("bob", self.rig.clock.monotonic());
        self.rig.hub.enter(&bob).unwrap();
        self.rig.hub.exit(&bob);
        self.absences.round().await;
        self.rig.clock.pass(GRACE);
    }

    fn die(&self, people: impl IntoIterator<Item = String>) {
        let alive_at = self.rig.clock.now();
        let orphan = |name: String| Orphan { node: "dead".into(), alive_at, user: user(&name) };
        self.rig.people.orphans.lock().extend(people.into_iter().map(orphan));
    }

    fn orphans(&self) -> usize {
        self.rig.people.orphans.lock().len()
    }
}

#[tokio::test]
async fn who_is_not_known_to_be_gone_waits_until_presence_answers() {
    let place = Place::new().await;
    let order = place.rig.order("o-1").await;
    place.rig.say(&order, "hello").await;
    // Bob was connected to a node that died, and to this one; he is back on a third.
    place.rig.people.elsewhere.lock().push(user("bob"));
    place.bob_leaves().await;
    place.die(["bob".to_owned()]);
    place.answers(false);
    // Long enough for the dead node to be of age; less than the time that is waited for presence.
    for _ in 0..5 {
        place.round_after(AGAIN).await;
    }
    let released = || place.rig.people.released.lock().iter().filter(|who| **who == user("bob")).count();
    assert_eq!((place.rig.owing(&order).await, place.orphans(), released()), (0, 1, 0));
    place.answers(true);
    for _ in 0..5 {
        place.round_after(AGAIN).await;
    }
    assert_eq!((place.rig.owing(&order).await, place.orphans(), released()), (0, 0, 1), "he is there");
}

#[tokio::test]
async fn presence_that_stays_silent_is_done_without() {
    let place = Place::new().await;
    let order = place.rig.order("o-1").await;
    place.rig.say(&order, "hello").await;
    // One silence long ago is none that lasts.
    place.answers(false);
    place.bob_leaves().await;
    place.round_after(Duration::ZERO).await;
    place.rig.clock.pass(UNKNOWN_FOR * 2);
    place.absences.round().await;
    assert_eq!(place.rig.owing(&order).await, 0);
    let mut waited = Duration::ZERO;
    while place.rig.owing(&order).await == 0 {
        assert!(waited < UNKNOWN_FOR * 2, "for ever");
        place.round_after(AGAIN).await;
        waited += AGAIN;
    }
    assert!(waited >= UNKNOWN_FOR, "{waited:?}");
}

#[tokio::test]
async fn a_dead_nodes_people_are_dealt_with_in_one_round_but_those_who_cannot_be() {
    let place = Place::new().await;
    let order = place.rig.order("o-1").await;
    place.rig.say(&order, "hello").await;
    // What bob is owed cannot be announced: he is named in every batch.
    place.rig.word.0.store(false, Ordering::Relaxed);
    place.die(["bob".to_owned()].into_iter().chain((0..BATCH * 20).map(|number| format!("u-{number}"))));
    place.absences.round().await;
    place.round_after(GRACE).await;
    assert_eq!(place.orphans(), 1);
    assert!(*place.rig.people.asked.lock() < 30, "a round ends where nothing is left to do");
    place.rig.word.0.store(true, Ordering::Relaxed);
    place.round_after(2 * ORPHANS_EVERY).await;
    assert_eq!((place.rig.owing(&order).await, place.orphans()), (1, 0));
}

#[tokio::test]
async fn whoever_was_there_before_the_process_is_looked_for_in_its_rounds() {
    let place = Place::new().await;
    let order = place.rig.order("o-1").await;
    place.rig.say(&order, "hello").await;
    place.absences.round().await;
    place.round_after(START_GRACE - ROUND).await;
    assert_eq!(place.rig.owing(&order).await, 0);
    place.round_after(ROUND).await;
    assert_eq!(place.rig.owing(&order).await, 1);
}
