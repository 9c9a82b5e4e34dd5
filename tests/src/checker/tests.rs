//! Each broken intent is found: a checker that finds nothing shows nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use souk_chat::ClientMessageId;

use super::*;
use crate::record::{Attempt, Seen};

fn message(seq: u64) -> Message {
    serde_json::from_value(json!({
        "id": format!("o:{seq}"), "orderId": "o", "seq": seq, "rev": seq, "version": 1, "senderId": "ann", "kind": "text",
        "content": format!("text {seq}"), "status": "sent", "isEdited": false, "isModerated": false, "moderationFlags": [],
        "createdAt": "2026-01-02T03:04:05.678Z", "clientMessageId": format!("c{seq}"),
    }))
    .expect("a message")
}

fn id(seq: u64) -> ClientMessageId {
    ClientMessageId::new(&format!("c{seq}")).expect("an id")
}

/// Four messages, sent one after the other by a device that saw each acknowledgement, and the same without sending.
fn fine() -> (History, Record, Record) {
    let messages: BTreeMap<_, _> = (1..=4).map(|seq| (Seq(seq), message(seq))).collect();
    let history = History { messages, head: Seq(4) };
    let start = Instant::now();
    let at = |tick: u64| start + Duration::from_millis(tick);
    let attempts = (1..=4).map(|seq| {
        let attempt = Attempt {
            content: format!("text {seq}"),
            first_sent: Some(at(seq * 10)),
            sent: 1,
            acknowledged: Some((at(seq * 10 + 5), message(seq))),
            refusals: Vec::new(),
        };
        (id(seq), attempt)
    });
    let life = |how| Life {
        node: ([127, 0, 0, 1], 1).into(),
        up_to: Some(Seq(0)),
        since: Some(Seq(0)),
        seen: (1..=4).map(|seq| Seen { how, message: message(seq) }).collect(),
        told: Vec::new(),
        end: None,
    };
    let sender =
        Record { device: "sender".into(), joins: true, lives: vec![life(How::Ack)], attempts: attempts.collect() };
    let reader =
        Record { device: "reader".into(), joins: true, lives: vec![life(How::Push)], attempts: BTreeMap::new() };
    (history, sender, reader)
}

fn found(history: &History, sender: &Record, reader: &Record) -> Vec<String> {
    violations(history, &[sender, reader], true)
}

#[test]
fn what_is_right_passes() {
    let (history, sender, reader) = fine();
    assert_eq!(found(&history, &sender, &reader), Vec::<String>::new());
}

#[test]
fn a_lost_message_is_found() {
    let (mut history, sender, reader) = fine();
    history.messages.remove(&Seq(3));
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("acknowledged: sender got c3")));
}

#[test]
fn a_doubled_message_is_found() {
    let (mut history, sender, reader) = fine();
    let again = Message { client_message_id: Some(id(2)), ..message(5) };
    history.messages.insert(Seq(5), again);
    assert!(found(&history, &sender, &reader).iter().any(|line| line.contains("twice")));
}

#[test]
fn an_invented_message_is_found() {
    let (mut history, sender, reader) = fine();
    history.messages.insert(Seq(5), message(5));
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("unsent: nobody sent")));
}

#[test]
fn pushes_out_of_order_are_found() {
    let (history, sender, mut reader) = fine();
    reader.lives[0].seen.swap(1, 2);
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("hole: reader connection 1: Push")));
}

#[test]
fn a_push_that_came_twice_is_found() {
    let (history, sender, mut reader) = fine();
    let again = reader.lives[0].seen[3].clone();
    reader.lives[0].seen.push(again);
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("hole: reader")));
}

#[test]
fn a_hole_in_the_pushes_is_found() {
    let (history, sender, mut reader) = fine();
    reader.lives[0].seen.remove(1);
    assert!(found(&history, &sender, &reader).iter().any(|line| line.contains("Seq(2) is missing")));
}

#[test]
fn a_hole_in_catching_up_is_found() {
    let (history, sender, mut reader) = fine();
    reader.lives[0].up_to = Some(Seq(4));
    reader.lives[0].seen.iter_mut().for_each(|seen| seen.how = How::CaughtUp);
    assert_eq!(found(&history, &sender, &reader), Vec::<String>::new());
    reader.lives[0].seen.remove(1);
    assert!(found(&history, &sender, &reader).iter().any(|line| line.contains("left Seq(2) out")));
}

#[test]
fn a_lost_end_is_found() {
    let (history, sender, mut reader) = fine();
    reader.lives[0].seen.pop();
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("views: reader")));
}

#[test]
fn numbers_against_time_are_found() {
    let (mut history, mut sender, reader) = fine();
    let swap = |seq| Message { seq: Seq(seq), client_message_id: Some(id(3 - seq)), ..message(3 - seq) };
    for seq in [1, 2] {
        history.messages.insert(Seq(seq), swap(seq));
        let attempt = sender.attempts.get_mut(&id(3 - seq)).expect("it was sent");
        attempt.acknowledged.as_mut().expect("it was acknowledged").1 = swap(seq);
    }
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("number order")));
}

/// The second message as entry 5 changed it.
fn changed() -> Message {
    Message { rev: Seq(5), version: 2, content: "changed".into(), ..message(2) }
}

#[test]
fn a_change_that_everybody_saw_is_fine_and_one_that_somebody_missed_is_not() {
    let (mut history, mut sender, mut reader) = fine();
    history.messages.insert(Seq(2), changed());
    history.head = Seq(5);
    let told = |record: &mut Record| record.lives[0].seen.push(Seen { how: How::Change, message: changed() });
    told(&mut sender);
    let broken = found(&history, &sender, &reader);
    assert!(broken.len() == 1 && broken[0].starts_with("views: reader has not seen what became of"), "{broken:?}");
    told(&mut reader);
    assert_eq!(found(&history, &sender, &reader), [""; 0]);

    let late = reader.lives[0].seen.pop().expect("it was put there");
    reader.lives[0].seen.push(Seen { how: How::Push, message: message(6) });
    reader.lives[0].seen.push(late);
    assert!(found(&history, &sender, &reader).iter().any(|line| line.starts_with("hole: reader connection 1: Change")));
}

#[test]
fn a_text_that_is_not_the_stored_one_of_its_version_is_found() {
    let (mut history, sender, mut reader) = fine();
    reader.lives[0].seen.push(Seen { how: How::Change, message: changed() });
    assert!(
        found(&history, &sender, &reader).iter().any(|line| line.starts_with("acknowledged: reader saw")),
        "not stored"
    );
    history.messages.insert(Seq(2), Message { content: "otherwise".into(), ..changed() });
    assert!(
        found(&history, &sender, &reader).iter().any(|line| line.starts_with("acknowledged: reader saw")),
        "another text"
    );
}
