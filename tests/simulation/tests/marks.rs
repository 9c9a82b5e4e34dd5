//! How far people got: marks only rise, are told once, and reading a lot is one write.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod place;

use std::time::Duration;

use futures_util::future::join_all;
use place::{Place, actor, admin, user};
use souk_chat::limits::MARKS_EVERY;
use souk_chat::ports::Watermarks;
use souk_chat::service::{Progress, Standing, Window};
use souk_chat::{Mark, Marks, OrderId, Refusal, RulesCell, Seq, Status};
use souk_simulation::judge::Words;
use souk_simulation::plan::Faults;
use souk_simulation::rng::Rng;

/// Something that was not said before: neither other digits nor a letter more of the same make another text.
fn text(who: &str, n: u64) -> String {
    let letters = n.to_string().bytes().flat_map(|digit| [char::from(digit - b'0' + b'a'), 'z']).collect::<String>();
    format!("from {who}: {letters}")
}

/// Both have said so much, in turn.
async fn talk(place: &Place, each: u64) {
    place.connect("ann");
    place.connect("bob");
    for n in 0..each {
        place.say("ann", &format!("a-{n}"), &text("ann", n)).await.unwrap();
        place.say("bob", &format!("b-{n}"), &text("bob", n)).await.unwrap();
    }
}

fn told(place: &Place) -> Vec<(String, u64, u64)> {
    let marks = |marks: Marks| (marks.delivered.seq.0, marks.read.seq.0);
    let told = place.heard.told.lock();
    told.iter().map(|told| (told.user.to_string(), marks(told.marks).0, marks(told.marks).1)).collect()
}

async fn read(place: &Place, who: &str, seq: u64) -> Result<Standing, Refusal> {
    place.chats.mark(&actor(who), &place.order, Progress::read(Seq(seq))).await
}

#[tokio::test(start_paused = true)]
async fn marks_rise_to_the_head_and_no_further_and_what_is_lower_changes_nothing() {
    let place = Place::words();
    talk(&place, 3).await;
    let delivered = place.chats.mark(&actor("bob"), &place.order, Progress::delivered(Seq(3))).await.unwrap();
    assert_eq!((delivered.marks.delivered, delivered.marks.read), (Mark { seq: Seq(3), others: 2 }, Mark::default()));
    assert_eq!((delivered.unread, delivered.head), (3, Seq(6)));
    let standing = read(&place, "bob", 4).await.unwrap();
    assert_eq!((standing.marks.delivered.seq, standing.marks.read.seq, standing.unread), (Seq(4), Seq(4), 1));
    assert_eq!(read(&place, "bob", 2).await.unwrap(), standing, "a mark that goes back");
    let standing = read(&place, "bob", 9_000).await.unwrap();
    assert_eq!((standing.marks.read, standing.unread), (Mark { seq: Seq(6), others: 3 }, 0), "a mark above the head");
    assert_eq!(told(&place), [("bob".into(), 3, 0), ("bob".into(), 4, 4), ("bob".into(), 6, 6)]);

    // The other side sees it everywhere.
    let seen = place.chats.history(&actor("ann"), &place.order, Window::Newest, None).await.unwrap();
    let bob = &seen.chat.participants[1];
    assert_eq!((bob.marks.delivered.seq, bob.marks.read.seq, seen.chat.unread), (Seq(6), Seq(6), 3));
    let status = |message: &souk_chat::Message| message.status(&seen.chat.marks_against(message.sender.as_ref()));
    let states: Vec<_> = seen.history.messages.iter().map(status).collect();
    assert_eq!(states, [Status::Read, Status::Sent, Status::Read, Status::Sent, Status::Read, Status::Sent]);
    let again = place.say("ann", "a-0", &text("ann", 0)).await.unwrap();
    assert_eq!((again.repeat, place.chats.status(&again).await), (true, Status::Read), "a repeat is answered with it");
}

#[tokio::test(start_paused = true)]
async fn reading_five_hundred_messages_is_two_writes_and_two_pushes() {
    let place = Place::words();
    talk(&place, 250).await;
    let began = tokio::time::Instant::now();
    let marks: Vec<_> = (1..=500).map(|seq| read(&place, "bob", seq)).collect();
    for standing in join_all(marks).await {
        assert!(standing.unwrap().marks.read.seq > Seq(0));
    }
    // The first goes at once, all that came meanwhile goes with the second.
    let told = told(&place);
    assert!(told.len() <= 2 && told.last() == Some(&("bob".into(), 500, 500)), "{told:?}");
    assert!(began.elapsed() <= MARKS_EVERY + Duration::from_secs(1), "{:?}", began.elapsed());
    tokio::time::sleep(2 * MARKS_EVERY).await;
    read(&place, "ann", 500).await.unwrap();
    assert_eq!(place.heard.told.lock().last().unwrap().user, user("ann"), "each for themselves");
}

#[tokio::test(start_paused = true)]
async fn strangers_admins_and_missing_orders_raise_nothing() {
    let place = Place::words();
    talk(&place, 1).await;
    let nowhere: OrderId = "nowhere".parse().unwrap();
    let progress = Progress::read(Seq(1));
    assert_eq!(place.chats.mark(&actor("eve"), &place.order, progress).await, Err(Refusal::Forbidden));
    assert_eq!(place.chats.mark(&actor("bob"), &nowhere, progress).await, Err(Refusal::Forbidden));
    let refused = place.chats.mark(&admin(), &place.order, progress).await;
    assert_eq!(refused, Err(Refusal::WrongRole("client or contractor")));
    place.chats.note(&nowhere, &user("bob"), progress);
    place.chats.note(&place.order, &user("eve"), progress);
    tokio::time::sleep(2 * MARKS_EVERY).await;
    assert_eq!(told(&place), []);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_was_answered_with_has_arrived() {
    let place = Place::words();
    talk(&place, 2).await;
    let caught_up = place.chats.catch_up(&actor("bob"), &place.order, None).await.unwrap();
    place.chats.answered(&actor("bob"), &caught_up);
    place.chats.answered(&admin(), &caught_up);
    tokio::time::sleep(2 * MARKS_EVERY).await;
    assert_eq!(told(&place), [("bob".into(), 4, 0)]);
    // Nothing new of the other: nothing to raise.
    place.say("bob", "b-9", "more").await.unwrap();
    let caught_up = place.chats.catch_up(&actor("bob"), &place.order, None).await.unwrap();
    place.chats.answered(&actor("bob"), &caught_up);
    tokio::time::sleep(2 * MARKS_EVERY).await;
    assert_eq!(told(&place).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_leaves_nobody_waiting_and_the_next_mark_rises() {
    let faults = Faults { request_lost: 1_000, ..Faults::default() };
    let place = Place::with(RulesCell::new(Words::default()), 50_000, faults, 2_000);
    let failed = read(&place, "bob", 1).await;
    assert!(matches!(failed, Err(Refusal::Unavailable { .. })), "{failed:?}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    talk(&place, 1).await;
    assert_eq!(read(&place, "bob", 2).await.unwrap().marks.read.seq, Seq(2));
}

/// Three devices on two nodes say in any order what arrived and what was read: all ends at the highest.
#[tokio::test(start_paused = true)]
async fn any_interleaving_ends_at_the_highest() {
    for seed in 0..100 {
        let mut rng = Rng::new(seed);
        let place = Place::words();
        talk(&place, 6).await;
        let other = place.another();
        let nodes = [&place.node, &other];
        let mut highest = (0, 0);
        let mut says = Vec::new();
        for _ in 0..rng.between(1, 40) {
            let (node, seq, is_read) = (nodes[rng.index(2)], rng.between(1, 12), rng.below(2) == 0);
            highest = (highest.0.max(seq), if is_read { highest.1.max(seq) } else { highest.1 });
            let progress = if is_read { Progress::read(Seq(seq)) } else { Progress::delivered(Seq(seq)) };
            let (after, order) = (Duration::from_millis(rng.below(300)), &place.order);
            says.push(async move {
                tokio::time::sleep(after).await;
                node.chats.mark(&actor("bob"), order, progress).await.unwrap()
            });
        }
        join_all(says).await;
        let stored = place.store().marks(&place.order, &[&user("bob")]).await.unwrap()[0].shown();
        assert_eq!((stored.delivered.seq.0, stored.read.seq.0), highest, "seed {seed}");
        // Of entries 1 to n the odd ones are the other's.
        assert_eq!(stored.read.others, stored.read.seq.0.div_ceil(2), "seed {seed}");
        assert_eq!(stored.delivered.others, stored.delivered.seq.0.div_ceil(2), "seed {seed}");
    }
}
