//! Each promise broken once, by hand: the check must tell it, and must be silent where all is well.

use souk_chat::{OrderId, Seq, Status, Timestamp, UserId};
use souk_protocol::dto::{MessageKind, Time};

use super::*;
use crate::device::log::{How, Life, Seen};
use crate::report::ViolationKind;

const AT: u64 = 1_000;

/// An order with so many messages, all acknowledged in turn as 1, 2, 3 …
fn order(messages: u32) -> Arc<Order> {
    let user = |id| UserId::new(id).unwrap();
    let order = Order::new(OrderId::new("o-1").unwrap(), 7, [user("ann"), user("bob")], 60);
    for message in 0..messages {
        let due = AT * u64::from(message);
        assert_eq!(order.plan(0, 0, due), Some(message));
        assert!(order.leaves(message, due));
        assert_eq!(order.acknowledged(message, due + 500, u64::from(message) + 1, false), Ok(Some(due)));
    }
    order
}

fn stored(order: &Order, message: u32, seq: u64) -> Message {
    let id = souk_chat::MessageId { order: order.id.clone(), seq: Seq(seq) };
    Message {
        id,
        order_id: order.id.clone(),
        seq: Seq(seq),
        rev: Seq(seq),
        version: 1,
        sender_id: Some(order.people[0].clone()),
        kind: MessageKind::Text,
        content: order.text(message).into(),
        status: Status::Sent,
        is_edited: false,
        edited_at: None,
        is_moderated: false,
        moderation_flags: Vec::new(),
        created_at: Time(Timestamp(0)),
        client_message_id: None,
        masked: Vec::new(),
    }
}

fn history(order: &Order, messages: u32) -> Vec<Message> {
    (0..messages).map(|message| stored(order, message, u64::from(message) + 1)).collect()
}

/// A device that saw these numbers live, each as its text is.
fn saw(order: &Order, numbers: &[u64]) -> Log {
    let seen = |seq: &u64| Seen {
        entry: *seq,
        seq: *seq,
        digest: talk::digest(&order.text(u32::try_from(*seq).unwrap() - 1)),
        version: 1,
        how: How::Push,
    };
    let life = Life { since: 0, up_to: Some(0), seen: numbers.iter().map(seen).collect() };
    Log { lives: vec![life], live_at_end: true }
}

fn found(order: &Arc<Order>, history: Option<&[Message]>, logs: &[Log]) -> Vec<(ViolationKind, u64)> {
    let offences = Offences::default();
    let devices: Vec<_> = logs.iter().map(|log| ("device", log)).collect();
    check(order, history, &devices, &offences);
    offences.take().0.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_story_that_is_the_same_everywhere_is_not_questioned() {
    let order = order(4);
    let history = history(&order, 4);
    assert_eq!(found(&order, Some(&history), &[saw(&order, &[1, 2, 3, 4])]), []);
    assert_eq!(found(&order, None, &[saw(&order, &[1, 2, 3, 4])]), []);
}

#[test]
fn what_is_missing_is_lost_and_a_hole() {
    let order = order(4);
    let whole = history(&order, 4);
    let gap = found(&order, Some(&whole), &[saw(&order, &[1, 2, 4])]);
    assert_eq!(gap, [(ViolationKind::Lost, 1), (ViolationKind::Hole, 1)]);
    let tail = found(&order, Some(&whole), &[saw(&order, &[1, 2, 3])]);
    assert_eq!(tail, [(ViolationKind::Lost, 1)]);
    let unstored = found(&order, Some(&whole[..3]), &[]);
    assert_eq!(unstored, [(ViolationKind::Lost, 1)]);
    assert_eq!(found(&order, None, &[saw(&order, &[1, 2, 3])]), [(ViolationKind::Lost, 1)]);
}

#[test]
fn what_comes_twice_is_doubled_and_what_comes_late_is_out_of_order() {
    let order = order(4);
    let whole = history(&order, 4);
    assert_eq!(found(&order, Some(&whole), &[saw(&order, &[1, 2, 2, 3, 4])]), [(ViolationKind::Doubled, 1)]);
    assert_eq!(found(&order, Some(&whole), &[saw(&order, &[1, 3, 2, 4])]), [(ViolationKind::OutOfOrder, 1)]);
    let mut twice = whole.clone();
    twice.push(stored(&order, 1, 5));
    let log = saw(&order, &[1, 2, 3, 4]);
    assert!(found(&order, Some(&twice), &[log]).contains(&(ViolationKind::Doubled, 1)));
}

#[test]
fn what_catching_up_leaves_out_is_a_hole() {
    let order = order(4);
    let whole = history(&order, 4);
    let mut log = saw(&order, &[4]);
    log.lives[0].up_to = Some(3);
    let two = Seen { how: How::CaughtUp, ..log.lives[0].seen[0] };
    let caught = |seq: u64| Seen {
        seq,
        entry: seq,
        digest: talk::digest(&whole[usize::try_from(seq).unwrap() - 1].content),
        ..two
    };
    log.lives[0].seen.insert(0, caught(1));
    log.lives[0].seen.insert(1, caught(3));
    assert_eq!(found(&order, Some(&whole), &[log]), [(ViolationKind::Lost, 1), (ViolationKind::Hole, 1)]);
}

#[test]
fn another_text_is_altered_unless_moderation_says_so() {
    let order = order(2);
    let mut other = history(&order, 2);
    let text: std::sync::Arc<str> = format!("{} and more", other[1].content).into();
    other[1].content = text;
    let log = Log { lives: Vec::new(), live_at_end: false };
    assert_eq!(found(&order, Some(&other), std::slice::from_ref(&log)), [(ViolationKind::Altered, 1)]);
    other[1].is_moderated = true;
    assert_eq!(found(&order, Some(&other), &[log]), []);
    let mut lying = saw(&order, &[1, 2]);
    lying.lives[0].seen[1].digest ^= 1;
    assert_eq!(found(&order, Some(&history(&order, 2)), &[lying]), [(ViolationKind::Altered, 1)]);
}

#[test]
fn what_nobody_sent_is_unasked() {
    let order = order(2);
    let mut more = history(&order, 2);
    more.push(stored(&order, 9, 3));
    assert_eq!(found(&order, Some(&more), &[]), [(ViolationKind::Unasked, 1)]);
    more[2].content = "from somewhere else".into();
    assert_eq!(found(&order, Some(&more), &[]), [(ViolationKind::Unasked, 1)]);
    assert_eq!(order.plan(0, 0, 0), Some(2));
    order.leaves(2, 0);
    order.refused(2, 1, souk_protocol::Code::RateLimited);
    more[2] = stored(&order, 2, 3);
    assert_eq!(found(&order, Some(&more), &[]), [(ViolationKind::Unasked, 1)]);
}

#[test]
fn numbers_follow_time_across_devices() {
    let order = order(1);
    assert_eq!(order.plan(1, 1, 5_000), Some(1));
    order.leaves(1, 5_000);
    order.acknowledged(1, 5_500, 3, false).unwrap();
    assert_eq!(order.plan(0, 0, 6_000), Some(2));
    order.leaves(2, 6_000);
    order.acknowledged(2, 6_500, 2, false).unwrap();
    assert_eq!(found(&order, None, &[]), [(ViolationKind::OutOfOrder, 1)]);
    assert!(order.acknowledged(2, 7_000, 4, false).is_err());
}

#[test]
fn numbers_of_one_device_rise_in_the_order_of_leaving() {
    let order = order(0);
    for (message, seq) in [(0, 2), (1, 1)] {
        let left = 100 + u64::from(message);
        assert_eq!(order.plan(0, 0, left), Some(message));
        order.leaves(message, left);
        order.acknowledged(message, 5_000, seq, false).unwrap();
    }
    assert_eq!(found(&order, None, &[]), [(ViolationKind::OutOfOrder, 1)]);
    // What left twice may have come either time.
    order.leaves(0, 200);
    assert_eq!(found(&order, None, &[]), []);
}

#[test]
fn a_message_under_another_name_is_altered() {
    let order = order(2);
    let mut history = history(&order, 2);
    history[1].sender_id = Some(order.people[1].clone());
    assert_eq!(found(&order, Some(&history), &[]), [(ViolationKind::Altered, 1)]);
}

#[test]
fn catching_up_gives_each_message_once_and_in_order() {
    let order = order(3);
    let whole = history(&order, 3);
    let caught = |numbers: &[u64]| {
        let mut log = saw(&order, numbers);
        log.lives[0].up_to = Some(3);
        log.lives[0].seen.iter_mut().for_each(|item| item.how = How::CaughtUp);
        found(&order, Some(&whole), &[log])
    };
    assert_eq!(caught(&[1, 2, 3]), []);
    assert_eq!(caught(&[1, 2, 2, 3]), [(ViolationKind::Doubled, 1)]);
    assert_eq!(caught(&[1, 3, 2]), [(ViolationKind::OutOfOrder, 1)]);
}

#[test]
fn without_a_history_what_is_missed_while_away_is_counted_and_no_broken_promise() {
    let order = order(4);
    let mut log = saw(&order, &[1]);
    log.lives.push(Life { since: 1, up_to: Some(3), seen: saw(&order, &[4]).lives.remove(0).seen });
    let offences = Offences::default();
    let checked = check(&order, None, &[("device", &log)], &offences);
    assert_eq!((checked.missed_while_away, offences.count()), (2, 0));
}
