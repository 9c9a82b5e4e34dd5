//! What becomes of sends when names come back, answers get lost, time runs out, and ids are sent again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod place;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all, join3};
use place::{Node, Place, actor, user};
use souk_chat::limits::{CURSORS_LOOKED_INTO, REPEATS_REDONE};
use souk_chat::log::EntryKey;
use souk_chat::ports::{Epochs, Origin};
use souk_chat::replay::ReplayWindow;
use souk_chat::{Body, Category, Cursor, Epoch, Refusal, RulesCell, Seq};
use souk_simulation::judge::Words;
use souk_simulation::plan::Faults;
use souk_simulation::store::Refused;
use tokio::time::Instant;

/// Long for a store that answers at once: several looks and pauses.
const SOON: Duration = Duration::from_secs(1);

fn key(owner: &str, id: &str) -> EntryKey {
    EntryKey { owner: Some(user(owner)), id: id.into() }
}

/// A word for a number, unlike the others: the same text again would be spam.
fn word(n: usize) -> String {
    let letters = n.to_string().bytes().map(|digit| char::from(b'k' + digit - b'0')).collect::<String>();
    format!("w{letters}")
}

fn is_unavailable<T>(outcome: &Result<T, Refusal>) -> bool {
    matches!(outcome, Err(Refusal::Unavailable { .. }))
}

#[tokio::test(start_paused = true)]
async fn an_id_that_comes_back_after_a_refusal_is_answered_and_masks_again() {
    let place = Place::words();
    place.say("ann", "a", "first-xa").await.unwrap();
    let completing = "last-xa last-xb";
    assert!(matches!(place.say("ann", "x", completing).await, Err(Refusal::RefusedByModeration { .. })));
    assert_eq!(&*place.now(1).content, "***");
    place.say("ann", "b", "first-xb").await.unwrap();
    let begun = Instant::now();
    let (again, partner) = join(place.say("ann", "x", completing), place.say("bob", "p", "hello")).await;
    assert!(matches!(again, Err(Refusal::RefusedByModeration { .. })), "{again:?}");
    assert_eq!(&*partner.unwrap().message.content, "hello");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let masked = place.bodies().iter().filter(|body| matches!(body, Body::Masking(_))).count();
    assert_eq!(masked, 2, "what is completed the second time is masked as well");
    let refusals = place.bodies().iter().filter(|body| matches!(body, Body::Empty)).count();
    assert_eq!(refusals, 1, "one request is recorded once");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_written_costs_nobody_else() {
    for why in [Refused::Key, Refused::Invalid] {
        let place = Place::words();
        place.say("bob", "w", "hello").await.unwrap();
        place.shelf.poison(key("ann", "bad"), why);
        let begun = Instant::now();
        let sends = ["one", "bad", "two"].map(|id| place.say("ann", id, id));
        let (outcomes, partner) = join(join_all(sends), place.say("bob", "p", "over here")).await;
        assert!(is_unavailable(&outcomes[1]), "{why:?}: {:?}", outcomes[1]);
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok() && partner.is_ok(), "{why:?}: {outcomes:?} {partner:?}");
        assert!(begun.elapsed() < SOON, "{why:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_cannot_be_written_costs_no_other_edit() {
    let place = Place::words();
    for word in ["alpha", "bravo", "delta"] {
        place.say("ann", word, word).await.unwrap();
    }
    place.shelf.poison(key("ann", "bad"), Refused::Invalid);
    // What is asked while another send is under way goes together.
    let (lead, bad) = (place.say("bob", "lead", "hello"), place.say("ann", "bad", "bad"));
    let (lead, bad, edits) = join3(lead, bad, join_all((1..=3).map(|seq| place.edit("ann", seq, "edited")))).await;
    lead.unwrap();
    assert!(is_unavailable(&bad), "{bad:?}");
    for edited in edits {
        assert_eq!(&*edited.unwrap().message.content, "edited");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_refused_edit_from_two_devices_is_recorded_once() {
    let place = Place::words();
    place.say("ann", "a", "fine").await.unwrap();
    let edits = join_all((0..2).map(|_| place.edit("ann", 1, "forbidden")));
    let (lead, partner) = (place.say("bob", "lead", "hello"), place.say("bob", "p", "over here"));
    let (lead, edits, partner) = join3(lead, edits, partner).await;
    lead.unwrap();
    for edit in &edits {
        assert!(matches!(edit, Err(Refusal::RefusedByModeration { .. })), "{edit:?}");
    }
    partner.unwrap();
    let refusals = place.bodies().iter().filter(|body| matches!(body, Body::Empty)).count();
    assert_eq!(refusals, 1, "{:?}", place.bodies());
    let (failures, ..) = place.world.outcome();
    assert!(failures.is_empty(), "{failures:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_the_senders_own() {
    let faults = Faults { answer_lost: 1_000, ..Faults::default() };
    let place = Place::with(RulesCell::new(Words::default()), 50_000, faults, 1_000);
    let origin = Origin { node: 7, connection: 9 };
    let sent = place.say_over(origin, "ann", "a", "ring 514-555-0101 now").await.unwrap();
    assert!(!sent.repeat, "it came for the first time");
    let spans: Vec<_> = sent.masked.iter().map(|span| span.category).collect();
    assert_eq!(spans, [Category::Phone]);
    assert_eq!(place.heard.fed(), [(vec![1], false)]);
    let committed = place.heard.committed.lock();
    assert_eq!((committed[0].origins[0], committed[0].masked[0].len()), (origin, 1));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_lands_after_its_time_out_is_the_senders_own() {
    for seed in 0..40 {
        // Some are written again before the first lands, some after.
        let faults = Faults { lands_late: 700, ..Faults::default() };
        let place = Place::with(RulesCell::new(Words::default()), 50_000, faults, 6_000);
        for _ in 0..seed {
            place.world.rng().bits();
        }
        let sends = ["one", "two", "three"].map(|id| place.say("ann", id, id));
        for outcome in join_all(sends).await {
            match outcome {
                Ok(sent) => assert!(!sent.repeat, "seed {seed}: {sent:?}"),
                Err(refusal) => assert_eq!(refusal, Refusal::unavailable()),
            }
        }
        assert!(place.heard.fed().iter().all(|(_, repeat)| !repeat), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_send_gives_up_at_its_own_time() {
    let place = Place::words();
    place.say("bob", "w", "hello").await.unwrap();
    let now = place.world.now();
    place.shelf.fail_between(now, now + 12_000);
    let later = |id: &'static str, after: u64| {
        let place = &place;
        async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            (place.say("ann", id, id).await, place.world.now() - now)
        }
    };
    // The second and the third wait together behind the first, and go together.
    let outcomes = join_all([later("one", 0), later("two", 1_000), later("three", 4_500)]).await;
    let (first, second, third) = (&outcomes[0], &outcomes[1], &outcomes[2]);
    assert!(is_unavailable(&first.0) && is_unavailable(&second.0), "{outcomes:?}");
    assert!(second.1 < 14_000, "{}", second.1);
    assert!(third.0.is_ok(), "{:?}", third.0);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_pushes_nothing_that_was_pushed() {
    let place = Place::words();
    place.say("ann", "a", "hello").await.unwrap();
    for _ in 0..300 {
        assert!(place.say("ann", "a", "hello").await.unwrap().repeat);
    }
    assert_eq!(place.heard.fed(), [(vec![1], false)]);
    // Another node does not know what became of it, and sees to it once.
    let other = place.another();
    for _ in 0..300 {
        assert!(other.say("ann", "a", "hello").await.unwrap().repeat);
    }
    assert_eq!(other.heard.fed(), [(vec![1], true)]);
    assert!(other.heard.committed.lock()[0].owes, "its event may not have been asked for");
}

#[tokio::test(start_paused = true)]
async fn repeats_of_many_messages_are_redone_for_so_many() {
    let place = Place::words();
    let many = 2 * REPEATS_REDONE;
    for n in 0..many {
        place.say("ann", &word(n), &word(n)).await.unwrap();
    }
    let other = place.another();
    for n in (0..many).rev() {
        assert!(other.say("ann", &word(n), &word(n)).await.unwrap().repeat);
    }
    assert_eq!(other.heard.fed().len(), REPEATS_REDONE);
}

/// What is acknowledged is in the lists, however many were repeated before it.
#[tokio::test(start_paused = true)]
async fn each_repeat_is_listed() {
    let place = Place::words();
    let many = REPEATS_REDONE + 8;
    for n in 0..many {
        let (shelf, world) = (Arc::clone(&place.shelf), Arc::clone(&place.world));
        place.shelf.on_applied(Some(Box::new(move |_| shelf.fail_between(world.now(), world.now() + 11_000))));
        assert!(is_unavailable(&place.say("ann", &word(n), &word(n)).await), "its list rows are not raised");
        place.shelf.on_applied(None);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let other = place.another();
    for n in 0..many {
        other.say("ann", &word(n), &word(n)).await.unwrap();
        assert_eq!(place.chats.at_a_glance(&actor("bob")).await.map(|(total, _)| total), Ok(n as u64 + 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_long_past_is_not_pushed_again() {
    let place = Place::words();
    let many = usize::try_from(ReplayWindow::WIDTH).unwrap() + 1;
    for n in 0..many {
        place.say("ann", &word(n), &word(n)).await.unwrap();
    }
    let other = place.another();
    assert!(other.say("ann", &word(0), &word(0)).await.unwrap().repeat);
    assert!(other.heard.fed().is_empty(), "a node that has just begun knows that, too");
    assert!(other.say("ann", &word(1), &word(1)).await.unwrap().repeat);
    assert_eq!(other.heard.fed(), [(vec![2], true)]);
}

/// A batch that is given up while it may be in the log: others see it by a comparison, soon.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_written_makes_its_room_suspect() {
    let faults = Faults { answer_lost: 1_000, ..Faults::default() };
    let place = Place::with(RulesCell::new(Words::default()), 50_000, faults, 60_000);
    place.connect("bob");
    let (shelf, world) = (Arc::clone(&place.shelf), Arc::clone(&place.world));
    place.shelf.on_applied(Some(Box::new(move |_| shelf.fail_between(world.now(), world.now() + 15_000))));
    assert!(is_unavailable(&place.say("ann", "a", "one").await));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(place.heard.suspected.lock().as_slice(), std::slice::from_ref(&place.order));
}

/// A cursor above the log says nothing by itself, as anybody can make one up. What the person's list knows does.
#[tokio::test(start_paused = true)]
async fn a_cursor_above_the_log_leads_to_what_was_lost() {
    let place = Place::words();
    for n in 0..5 {
        place.say("ann", &word(n), &word(n)).await.unwrap();
    }
    let epoch = place.shelf.history().epoch();
    let ask = async |node: &Node, since: u64, epoch: &Epoch| {
        let cursor = Cursor { since: Seq(since), epoch: Some(epoch.clone()) };
        node.chats.catch_up(&actor("bob"), &place.order, Some(cursor)).await.unwrap().history.reset
    };
    let node = place.another();
    assert!(ask(&node, 99, &epoch).await);
    assert!(node.heard.losses.lock().is_empty(), "it was made up");

    place.shelf.history().lose(&place.order, 3);
    // Nobody who knew what stood there is left.
    let node = place.another();
    assert!(ask(&node, 5, &epoch).await);
    let loss = node.heard.losses.lock().pop().unwrap();
    assert_eq!((loss.known, loss.found), (Seq(5), Seq(2)));

    // It is found once: the list goes on knowing what an earlier epoch had.
    let next = place.store().begin_epoch(&epoch).await.unwrap();
    assert!(ask(&node, 5, &next).await);
    assert!(node.heard.losses.lock().is_empty());

    // Asking and asking costs no more lists.
    let reads = async || {
        let before = place.shelf.asked().reads;
        assert!(ask(&node, 99, &next).await);
        place.shelf.asked().reads - before
    };
    let dear = reads().await;
    for _ in 0..CURSORS_LOOKED_INTO {
        reads().await;
    }
    assert!(reads().await < dear);
}

#[tokio::test(start_paused = true)]
async fn what_was_edited_since_is_not_pushed_as_new() {
    let place = Place::words();
    place.say("ann", "a", "hello").await.unwrap();
    place.edit("ann", 1, "good day").await.unwrap();
    let other = place.another();
    let again = other.say("ann", "a", "hello").await.unwrap();
    assert_eq!((&*again.message.content, again.repeat), ("good day", true));
    assert_eq!(other.heard.fed(), [(vec![], true)], "its event is asked for, and nothing is pushed");
}

#[tokio::test(start_paused = true)]
async fn a_list_row_that_could_not_be_raised_is_raised_by_the_repeat() {
    let place = Place::words();
    let (shelf, world) = (Arc::clone(&place.shelf), Arc::clone(&place.world));
    place.shelf.on_applied(Some(Box::new(move |_| shelf.fail_between(world.now(), world.now() + 11_000))));
    assert!(is_unavailable(&place.say("ann", "a", "hello").await), "a list row is not raised");
    place.shelf.on_applied(None);
    assert_eq!(place.heard.fed(), [(vec![1], false)]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(place.chats.at_a_glance(&actor("bob")).await.map(|(total, _)| total), Ok(0));
    assert!(place.say("ann", "a", "hello").await.unwrap().repeat);
    assert_eq!(place.chats.at_a_glance(&actor("bob")).await.map(|(total, _)| total), Ok(1));
    assert_eq!(place.heard.fed().len(), 1, "it had been pushed");
}

#[tokio::test(start_paused = true)]
async fn a_repeat_moves_no_chat_in_a_list() {
    let place = Place::words();
    for n in 0..3 {
        place.say("ann", &word(n), &word(n)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    // The newest entry is none that a list row knows of.
    place.edit("ann", 3, "number three").await.unwrap();
    let order = [place.order.clone()];
    let row = |shelf: &souk_simulation::store::Shelf| {
        let rows = shelf.history().list(&user("bob"), 10);
        rows.into_iter().find(|row| row.order == order[0]).unwrap()
    };
    let before = row(&place.shelf);
    let other = place.another();
    assert!(other.say("ann", &word(0), &word(0)).await.unwrap().repeat);
    assert_eq!(row(&place.shelf), before);
    assert_eq!(before.head, Seq(3));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_waits_until_its_writes_were_followed_up() {
    let place = Place::words();
    place.say("bob", "w", "hello").await.unwrap();
    assert!(place.chats.settle(Duration::ZERO).await, "nothing is under way");
    let now = place.world.now();
    place.shelf.fail_between(now, now + 2_000);
    let send = place.say("ann", "a", "hello");
    let leave = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!place.chats.settle(Duration::from_millis(500)).await, "the write is still under way");
        assert!(place.chats.settle(Duration::from_secs(10)).await);
        place.heard.fed().len()
    };
    let (sent, fed) = join(send, leave).await;
    sent.unwrap();
    assert_eq!(fed, 2);
}
