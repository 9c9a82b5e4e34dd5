//! Which answers and pushes move a cursor, and what is asked again.

use super::*;

#[test]
fn only_the_joins_answer_and_later_pushes_move_the_cursor() {
    let mut stage = Stage::new(1, &[]).online();
    let mut outcome = stage.join("o", None);
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o None");
    stage.pushed("o", 9);
    assert_eq!(stage.cursor("o"), None, "a push before the answer");
    stage.joined(id, "o", &[6, 7], 7, 7);
    assert_eq!(stage.cursor("o"), Some(7));
    assert_eq!(outcome.try_recv().unwrap().unwrap().up_to, Seq(7));

    drop(stage.send("o", "mine"));
    let (id, _) = stage.one("send_message");
    stage.answer(id, Answer::Message(Box::new(message("o", 8, 1))));
    assert_eq!(stage.cursor("o"), Some(7), "an acknowledgement");
    stage.pushed("o", 10);
    assert_eq!(stage.cursor("o"), Some(10));
    stage.pushed("o", 9);
    assert_eq!(stage.cursor("o"), Some(10), "it never falls");
    assert_eq!(stage.told().iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [9, 6, 7, 8, 10]);
    assert_eq!(stage.engine.view(&order("o")).keys().map(|seq| seq.0).collect::<Vec<_>>(), [6, 7, 8, 9, 10]);
}

#[test]
fn every_kind_of_entry_moves_the_cursor_by_its_own_number() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined(id, "o", &[], 0, 0);
    let parse = |kind, data: serde_json::Value| ServerEvent::parse(kind, &data.to_string()).unwrap();
    let edited = |rev, version| souk_protocol::dto::Message { rev: Seq(rev), ..message("o", 1, version) };
    for (push, cursor) in [
        (ServerEvent::MessageSent(message("o", 1, 1)), 1),
        (ServerEvent::MessageEdited(edited(2, 2)), 2),
        (parse(PushKind::ChatClosed, serde_json::json!({"orderId": "o", "seq": 3})), 3),
        (parse(PushKind::ChatReopened, serde_json::json!({"orderId": "o", "seq": 4})), 4),
        (parse(PushKind::MessagesMasked, serde_json::json!({"orderId": "o", "messages": [edited(5, 3)]})), 5),
        (parse(PushKind::Typing, serde_json::json!({"orderId": "o", "userId": "b", "expiresInMs": 1})), 5),
        (ServerEvent::NewMessage(message("p", 99, 1)), 5),
    ] {
        stage.push(push);
        assert_eq!(stage.cursor("o"), Some(cursor));
    }
    assert_eq!(stage.cursor("p"), None);
    let expected = [(1, Change::New), (1, Change::Changed), (1, Change::Changed), (99, Change::New)];
    assert_eq!(stage.told(), expected);
}

#[test]
fn more_means_joining_again_from_there_and_not_live_yet() {
    let mut stage = Stage::new(1, &[("o", 3)]).online();
    let mut outcome = stage.join("o", None);
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o Some(3)");
    stage.joined(id, "o", &[4, 5], 5, 9);
    assert!(outcome.try_recv().is_err() && !stage.engine.is_live(&order("o")));
    stage.pushed("o", 10);
    assert_eq!(stage.cursor("o"), Some(5), "not live: the push moves nothing");
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o Some(5)");
    stage.joined(id, "o", &[6, 10], 10, 10);
    assert!(outcome.try_recv().unwrap().is_ok() && stage.engine.is_live(&order("o")));
    assert_eq!((stage.cursor("o"), stage.pump().len()), (Some(10), 0));
}

#[test]
fn a_new_connection_joins_again_from_the_cursor() {
    let mut stage = Stage::new(1, &[]).online();
    drop((stage.join("o", None), stage.join("p", Some(4)), stage.join("q", None)));
    let asked = stage.pump();
    assert_eq!(asked[1].2, "p Some(4)");
    stage.joined(asked[0].0, "o", &[2], 2, 2);
    stage.joined(asked[1].0, "p", &[], 4, 4);
    stage.joined(asked[2].0, "q", &[], 1, 1);
    stage.pushed("o", 3);
    stage.engine.leave(&order("q"));
    assert_eq!(stage.pump()[0].1, "leave_order_chat");
    stage.engine.disconnected(&CloseReason::Silent);
    assert!(stage.pump().is_empty());
    stage.pushed("o", 4);
    stage.engine.connected();
    let again: Vec<_> = stage.pump().into_iter().map(|(_, name, detail)| (name, detail)).collect();
    let expected = [("join_app", ""), ("join_order_chat", "o Some(3)"), ("join_order_chat", "p Some(4)")];
    assert_eq!(again, expected.map(|(name, detail)| (name, detail.to_owned())));
    assert_eq!(stage.engine.cursors().len(), 3, "what was left keeps its cursor");
}

#[test]
fn answers_to_older_joins_change_nothing() {
    let mut stage = Stage::new(1, &[]).online();
    let mut first = stage.join("o", Some(1));
    let (old, _) = stage.one("join_order_chat");
    stage.engine.leave(&order("o"));
    assert_eq!(first.try_recv().unwrap(), Err(JoinError::Left));
    let mut second = stage.join("o", Some(5));
    let out = stage.pump();
    assert_eq!((out[0].1, out[1].1), ("leave_order_chat", "join_order_chat"));
    stage.joined(old, "o", &[2], 2, 2);
    assert!(second.try_recv().is_err() && !stage.engine.is_live(&order("o")));
    assert_eq!(stage.cursor("o"), Some(5));
    stage.joined(out[1].0, "o", &[6], 6, 6);
    assert!(second.try_recv().unwrap().is_ok());
}

#[test]
fn resync_catches_up_from_the_cursor_and_tells_of_others() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined(id, "o", &[], 7, 7);
    let lost = serde_json::json!({"orderIds": ["o", "other"]});
    stage.push(ServerEvent::parse(PushKind::ResyncRequired, &lost.to_string()).unwrap());
    assert!(
        std::iter::from_fn(|| stage.events.try_next())
            .any(|event| { event == Event::ResyncRequired(vec![order("other")]) })
    );
    stage.pushed("o", 9);
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!((asked.as_str(), stage.cursor("o")), ("o Some(7)", Some(7)));
    stage.joined(id, "o", &[8, 9], 9, 9);
    assert_eq!(stage.told().iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [9, 8], "9 is told once");
}

#[test]
fn a_refused_join_ends_and_one_that_must_wait_waits() {
    let mut stage = Stage::new(1, &[]).online();
    let mut outcome = stage.join("o", None);
    let (id, _) = stage.one("join_order_chat");
    stage.refuse(id, souk_protocol::Code::Unavailable, Some(500));
    assert!(stage.pump().is_empty() && outcome.try_recv().is_err());
    let alarm = stage.engine.alarm(stage.now).unwrap();
    assert!((500..=1_000).contains(&(alarm - stage.now).as_millis()));
    stage.now = alarm;
    let (id, _) = stage.one("join_order_chat");
    stage.refuse(id, souk_protocol::Code::Forbidden, None);
    assert!(matches!(outcome.try_recv().unwrap(), Err(JoinError::Refused(_))));
    stage.engine.disconnected(&CloseReason::Silent);
    stage.connect();
    assert!(stage.pump().is_empty(), "not joined again by itself");
}

#[test]
fn older_unread_updates_are_dropped() {
    let mut stage = Stage::new(1, &[]).online();
    let mut update = |head, read| {
        let data = serde_json::json!({"orderId": "o", "unread": 1, "total": 1, "head": head, "read": read});
        stage.push(ServerEvent::parse(PushKind::UnreadUpdate, &data.to_string()).unwrap());
    };
    [(5, 2), (4, 4), (5, 1), (5, 3)].into_iter().for_each(|(head, read)| update(head, read));
    let told = std::iter::from_fn(|| stage.events.try_next()).filter_map(|event| match event {
        Event::Unread(update) => Some((update.head.0, update.read.0)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(5, 2), (5, 3)]);
}

#[test]
fn the_epoch_of_the_last_answer_goes_with_the_cursor() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined_in(id, "o", &[1], (1, 1), serde_json::json!({"epoch": "e1"}));
    stage.pushed("o", 2);
    let kept = stage.engine.cursors();
    assert_eq!(kept[&order("o")], souk_chat::Cursor { since: Seq(2), epoch: souk_chat::Epoch::new("e1").ok() });
    stage.engine.disconnected(&CloseReason::Silent);
    stage.engine.connected();
    let again = stage.pump();
    let (id, name, asked) = &again[1];
    assert_eq!((*name, asked.as_str()), ("join_order_chat", "o Some(2) of e1"));
    let id = *id;
    stage.joined_in(id, "o", &[3], (3, 3), serde_json::json!({"epoch": "e2"}));
    assert_eq!(stage.engine.view(&order("o")).len(), 3, "a newer epoch by itself voids nothing");
    drop(stage.join("o", Some(2)));
    assert_eq!(stage.one("join_order_chat").1, "o Some(2)", "a number of the user's own is of no epoch");
}

#[test]
fn a_reset_drops_what_was_kept_and_starts_with_the_answer() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined_in(id, "o", &[1, 2, 3], (3, 3), serde_json::json!({"epoch": "e1"}));
    stage.told();
    let lost = serde_json::json!({"orderIds": ["o"]});
    stage.push(ServerEvent::parse(PushKind::ResyncRequired, &lost.to_string()).unwrap());
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o Some(3) of e1");
    stage.joined_in(id, "o", &[1, 2], (2, 2), serde_json::json!({"epoch": "e2", "reset": true}));
    assert!(stage.engine.is_live(&order("o")));
    let told: Vec<_> = std::iter::from_fn(|| stage.events.try_next()).collect();
    assert_eq!(told[0], Event::Reset(order("o")));
    assert!(matches!(&told[1], Event::Message { message, change: Change::New } if message.seq == Seq(1)));
    let view = stage.engine.view(&order("o"));
    assert_eq!((view.keys().map(|seq| seq.0).collect::<Vec<_>>(), stage.cursor("o")), (vec![1, 2], Some(2)));
    stage.pushed("o", 3);
    assert_eq!(stage.cursor("o"), Some(3), "a number that is given again is new");
    assert_eq!(stage.told(), [(3, Change::New)]);
}

#[test]
fn a_sync_resets_too() {
    let mut stage = Stage::new(1, &[("o", 9)]).online();
    let (to, _answer) = oneshot::channel();
    let cursors = stage.engine.cursors();
    stage.engine.sync(cursors, stage.now + MINUTE, to);
    let (id, _) = stage.one("sync");
    let synced = serde_json::json!({"chats": [], "orders": {"o": {"messages": [message("o", 4, 1)], "upTo": 4, "head": 4,
        "more": true, "epoch": "e2", "reset": true}}});
    stage.answer(id, Answer::Synced(serde_json::from_value(synced).unwrap()));
    assert_eq!(stage.engine.cursors()[&order("o")].epoch, souk_chat::Epoch::new("e2").ok());
    assert_eq!((stage.cursor("o"), stage.told()), (Some(4), vec![(4, Change::New)]));
}

#[test]
fn an_answer_in_another_epoch_says_nothing_of_a_cursor_that_it_was_not_asked_from() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined_in(id, "o", &[100], (100, 100), serde_json::json!({"epoch": "e1"}));
    let mut sync = |cursor: souk_chat::Cursor, up_to: u64| {
        let (to, _answer) = oneshot::channel();
        stage.engine.sync(BTreeMap::from([(order("o"), cursor)]), stage.now + MINUTE, to);
        let (id, _) = stage.one("sync");
        let synced = serde_json::json!({"chats": [], "orders": {"o": {"messages": [], "upTo": up_to, "head": up_to,
            "more": false, "epoch": "e2"}}});
        stage.answer(id, Answer::Synced(serde_json::from_value(synced).unwrap()));
        stage.engine.cursors()[&order("o")].clone()
    };
    let cursor = |since, epoch| souk_chat::Cursor { since: Seq(since), epoch: souk_chat::Epoch::new(epoch).ok() };
    // The log was put back to 4 and grew: the cursor of the user's own is good in it, the one that is kept is not.
    assert_eq!(sync(Seq(0).into(), 4), cursor(100, "e1"));
    assert_eq!(sync(Seq(0).into(), 120), cursor(100, "e1"), "however far it has grown");
    assert_eq!(sync(cursor(50, "e1"), 120), cursor(100, "e1"));
    // The very cursor that is kept, and no reset: it is good in the new epoch too.
    assert_eq!(sync(cursor(100, "e1"), 120), cursor(120, "e2"));
    assert_eq!(sync(Seq(0).into(), 4), cursor(120, "e2"), "the same epoch: it never falls");
}
