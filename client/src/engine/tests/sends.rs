//! Order, repeats and bounds of what goes out.

use super::*;

#[test]
fn one_message_of_an_order_is_on_its_way_at_a_time() {
    let mut stage = Stage::new(1, &[]).online();
    let (mut a, b, c) = (stage.send("o", "a"), stage.send("o", "b"), stage.send("p", "c"));
    let sent = stage.pump();
    assert_eq!(sent.iter().map(|(_, _, detail)| detail.as_str()).collect::<Vec<_>>(), ["o a", "p c"]);
    // It could not be taken now: what is behind it waits as well, and comes after it.
    stage.refuse(sent[0].0, souk_protocol::Code::Unavailable, Some(500));
    assert!(stage.pump().is_empty());
    stage.now = stage.engine.alarm(stage.now).unwrap();
    let (id, detail) = stage.one("send_message");
    assert_eq!(detail, "o a");
    stage.answer(id, Answer::Message(Box::new(message("o", 1, 1))));
    assert_eq!(a.try_recv().unwrap().unwrap().seq, Seq(1));
    assert_eq!(stage.one("send_message").1, "o b");
    drop((b, c));
}

#[test]
fn a_wider_window_still_holds_back_behind_one_that_waits() {
    let mut stage = Stage::new(2, &[]).online();
    drop((stage.send("o", "a"), stage.send("o", "b"), stage.send("o", "c")));
    let sent = stage.pump();
    assert_eq!(sent.len(), 2);
    stage.refuse(sent[0].0, souk_protocol::Code::Unavailable, Some(500));
    assert!(stage.pump().is_empty());
}

#[test]
fn a_cut_sends_again_what_was_not_acknowledged_in_its_order() {
    let mut stage = Stage::new(3, &[]).online();
    let (mut a, b, c) = (stage.send("o", "a"), stage.send("o", "b"), stage.send("o", "c"));
    let sent = stage.pump();
    stage.answer(sent[1].0, Answer::Message(Box::new(message("o", 2, 1))));
    stage.engine.disconnected(&CloseReason::Silent);
    stage.engine.connected();
    let again: Vec<_> = stage.pump().into_iter().map(|(_, _, detail)| detail).collect();
    assert_eq!(again, ["", "o a", "o c"]);
    // An answer of the old connection cannot come; one of the new finishes it.
    stage.answer(stage.wire.next - 1, Answer::Message(Box::new(message("o", 1, 1))));
    assert!(a.try_recv().unwrap().is_ok());
    drop((b, c));
}

#[test]
fn the_outbox_overflows_with_a_type_and_refusals_are_told() {
    let mut stage = Stage::new(1, &[]);
    let (a, mut again) = (stage.send("o", "a"), stage.send("o", "a"));
    assert_eq!(again.try_recv().unwrap().unwrap_err(), SendError::Waiting);
    let (_b, _c, mut d) = (stage.send("o", "b"), stage.send("o", "c"), stage.send("o", "d"));
    assert_eq!(d.try_recv().unwrap().unwrap_err(), SendError::OutboxFull { max: 3 });
    drop(a);
    let mut stage = stage.online();
    stage.engine.disconnected(&CloseReason::Silent);
    stage.connect();
    let mut e = stage.send("p", "e");
    assert_eq!(e.try_recv().unwrap().unwrap_err(), SendError::OutboxFull { max: 3 });

    let mut stage = Stage::new(1, &[]).online();
    let mut spam = stage.send("o", "spam");
    let (id, _) = stage.one("send_message");
    stage.refuse(id, souk_protocol::Code::Spam, None);
    assert!(
        matches!(spam.try_recv().unwrap(), Err(SendError::Refused(error)) if error.code == souk_protocol::Code::Spam)
    );
}

#[test]
fn time_ends_sends_joins_and_silent_connections() {
    let mut stage = Stage::new(1, &[]);
    let (mut sent, mut joined) = (stage.send("o", "a"), stage.join("o", None));
    stage.now += MINUTE;
    stage.engine.expire(stage.now);
    let id = ClientMessageId::new("a").unwrap();
    assert_eq!(sent.try_recv().unwrap().unwrap_err(), SendError::TimedOut { client_message_id: id });
    assert_eq!(joined.try_recv().unwrap(), Err(JoinError::TimedOut));
    stage.engine.connected();
    assert!(stage.pump().iter().any(|(_, name, _)| *name == "join_order_chat"), "the client goes on trying");
    stage.now += Duration::from_secs(20);
    stage.engine.expire(stage.now);
    assert!(stage.engine.is_stuck());
}

#[test]
fn calls_need_a_connection_and_fail_with_it() {
    let mut stage = Stage::new(1, &[]);
    let call = |stage: &mut Stage| {
        let (to, outcome) = oneshot::channel();
        stage.engine.call(Request::Ping, stage.now + MINUTE, to);
        outcome
    };
    assert_eq!(call(&mut stage).try_recv().unwrap(), Err(RequestError::NotConnected));
    stage.connect();
    let (mut lost, mut late) = (call(&mut stage), call(&mut stage));
    stage.wire.room = 1;
    assert_eq!(stage.pump().len(), 1);
    stage.engine.disconnected(&CloseReason::Silent);
    assert_eq!(lost.try_recv().unwrap(), Err(RequestError::Lost(CloseReason::Silent)));
    assert_eq!(late.try_recv().unwrap(), Err(RequestError::NotConnected));
    stage.engine.stop();
    assert_eq!(call(&mut stage).try_recv().unwrap(), Err(RequestError::Stopped));
    assert!(matches!(stage.send("o", "a").try_recv().unwrap(), Err(SendError::Stopped { .. })));
    assert_eq!(stage.join("o", None).try_recv().unwrap(), Err(JoinError::Stopped));
}
