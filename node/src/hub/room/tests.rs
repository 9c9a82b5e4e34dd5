use std::task::{Context, Poll, Waker};

use souk_chat::ports::{Channel, Origin};
use souk_chat::{Actor, Marks, Role, Timestamp};

use super::super::{ConnectionHandle, Encoding};
use super::*;

const ACK: Option<Ack> = Some(Ack(7));
const TEXT: &str = "hello";
const BODY: &[u8] = br#"{"seq":5}"#;

struct Joined {
    room: Room,
    device: Arc<Device>,
    handle: Arc<ConnectionHandle>,
}

fn epoch(name: &str) -> Epoch {
    Epoch::new(name).unwrap()
}

/// A device live in an order whose log reaches to 3.
fn joined() -> Joined {
    let parts = souk_router::connect("local", &souk_router::Settings::default()).unwrap();
    let order = OrderId::new("o-1").unwrap();
    let room = Room::new(order.clone(), Subscription::new(parts.router, Channel::Order(order)));
    let handle = Arc::new(ConnectionHandle::new(1, 0));
    let actor = Actor { user: UserId::new("ann").unwrap(), role: Role::Client, name: None, locale: None };
    let device = Arc::new(Device::new(Arc::clone(&handle), 0, Encoding::Plain, Arc::new(actor), 1));
    let ticket = room.begin_join(&device);
    assert_eq!(room.finish_join(&device, ticket, (Seq(3), &epoch("e1")), None, b"{}"), super::Joined::Live);
    Joined { room, device, handle }
}

impl Joined {
    fn expect(&self, id: &str) {
        assert!(self.room.expect(&self.device, &ClientMessageId::new(id).unwrap(), TEXT, ACK));
    }

    fn done(&self, id: &str, seq: u64) {
        let told = |_: &Error| panic!("nothing was refused");
        self.room.settle(
            &self.device,
            &ClientMessageId::new(id).unwrap(),
            Ok((Seq(seq), &|| Bytes::from_static(BODY))),
            told,
        );
    }

    /// How many frames went out since the last time.
    fn frames(&self) -> usize {
        self.texts().len()
    }

    /// The frames that went out since the last time, heads included.
    fn texts(&self) -> Vec<String> {
        match self.handle.poll_take(&Context::from_waker(Waker::noop()), true) {
            Poll::Ready(outgoing) => {
                outgoing.frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
            }
            Poll::Pending => Vec::new(),
        }
    }
}

#[test]
fn a_send_whose_entry_has_yet_to_pass_waits_for_it_but_not_past_the_end_of_the_join() {
    for rejoins in [true, false] {
        let joined = joined();
        joined.expect("m-1");
        joined.done("m-1", 5);
        assert_eq!(joined.frames(), 0, "entry 4 is still missing");
        if rejoins {
            joined.room.begin_join(&joined.device);
        } else {
            joined.room.remove(&joined.device);
        }
        assert_eq!(joined.frames(), 1, "rejoins: {rejoins}");
        joined.done("m-1", 5);
        assert_eq!(joined.frames(), 0, "answered once");
    }
}

#[test]
fn a_send_under_way_when_its_chat_is_left_is_answered_when_it_is_done() {
    let joined = joined();
    for id in ["m-1", "m-2", "m-3"] {
        joined.expect(id);
    }
    joined.room.remove(&joined.device);
    assert_eq!(joined.frames(), 0);
    joined.done("m-2", 5);
    assert_eq!(joined.frames(), 1);
    // Also when the chat was joined again in between.
    let ticket = joined.room.begin_join(&joined.device);
    joined.done("m-1", 4);
    assert_eq!(joined.frames(), 1);
    joined.room.finish_join(&joined.device, ticket, (Seq(6), &epoch("e1")), None, b"{}");
    let (refused, told) = (Error::bad_request("no"), |_: &Error| panic!("somebody waits for the answer"));
    joined.room.settle(&joined.device, &ClientMessageId::new("m-3").unwrap(), Err(&refused), told);
    assert_eq!(joined.frames(), 1);
    assert!(joined.room.inner.lock().left.is_empty());
}

/// The entry `seq`: ann says `content` under `id`.
fn entry(id: &str, seq: u64, content: &str) -> souk_chat::Entry {
    let ann = UserId::new("ann").unwrap();
    let message = souk_chat::Message {
        order: OrderId::new("o-1").unwrap(),
        seq: Seq(seq),
        rev: Seq(seq),
        version: 1,
        sender: Some(ann.clone()),
        content: content.into(),
        edited_at: None,
        is_moderated: false,
        flags: souk_moderation::Categories::EMPTY,
        created_at: souk_chat::Timestamp(0),
        client_message_id: ClientMessageId::new(id).ok(),
    };
    souk_chat::Entry {
        seq: Seq(seq),
        key: souk_chat::EntryKey { owner: Some(ann), id: id.into() },
        at: souk_chat::Timestamp(0),
        counts: souk_chat::Counts::default(),
        body: souk_chat::Body::Message(Arc::new(message)),
    }
}

/// The same, on its way.
fn said(id: &str, seq: u64, content: &str) -> EncodedEntry {
    EncodedEntry::of(&OrderId::new("o-1").unwrap(), &entry(id, seq, content)).0
}

#[test]
fn only_the_device_that_sent_is_told_what_was_masked() {
    let span = souk_chat::Span { start: 5, end: 9, category: souk_chat::Category::Phone, rule: "phone.nanp" };
    let masked: Arc<[_]> = [span].into();
    let joined = joined();
    let other = Origin { node: 1, connection: joined.device.origin().connection + 1 };
    for (seq, origin, told) in [(4, joined.device.origin(), true), (5, other, false)] {
        let id = format!("m-{seq}");
        joined.expect(&id);
        joined.room.offer(Arc::new(said(&id, seq, TEXT).masking(origin, &masked)), Duration::ZERO);
        let [frame] = &joined.texts()[..] else { panic!("one answer") };
        assert!(frame.contains("\"id\":7,\"data\"") && frame.contains("\"masked\":[{\"start\":5,") == told, "{frame}");
    }
    // Nobody is told in a push, not even who sent.
    joined.room.offer(Arc::new(said("m-6", 6, TEXT).masking(joined.device.origin(), &masked)), Duration::ZERO);
    let [frame] = &joined.texts()[..] else { panic!("one push") };
    assert!(frame.contains("message_sent") && !frame.contains("masked"), "{frame}");
}

#[test]
fn a_second_text_under_an_id_is_not_acknowledged_with_the_first() {
    let joined = joined();
    // The first text was sent elsewhere and passes the gate here only while the second is under way.
    joined.expect("m-1");
    joined.room.offer(Arc::new(said("m-1", 4, "another text")), Duration::ZERO);
    assert_eq!(joined.frames(), 1, "shown as what it is");
    let refused = Error::new(souk_protocol::Code::IdempotencyConflict, "no");
    let told = |_: &Error| panic!("somebody waits for the answer");
    joined.room.settle(&joined.device, &ClientMessageId::new("m-1").unwrap(), Err(&refused), told);
    assert_eq!(joined.frames(), 1, "and the second is refused");
}

#[test]
fn a_repeat_stands_outside_while_the_first_waits_for_its_place() {
    let joined = joined();
    let id = ClientMessageId::new("m-1").unwrap();
    joined.expect("m-1");
    joined.done("m-1", 5);
    assert!(!joined.room.expect(&joined.device, &id, TEXT, ACK));
    joined.room.offer(Arc::new(said("m-0", 4, TEXT)), Duration::ZERO);
    joined.room.offer(Arc::new(said("m-1", 5, TEXT)), Duration::ZERO);
    assert_eq!(joined.frames(), 2, "a push, then the acknowledgement");
    assert!(joined.room.inner.lock().members[0].open.is_empty());
}

/// The entry `seq` as the store gives it back after its tail was lost and its number given again.
fn said_again(seq: u64) -> EncodedEntry {
    said(&format!("again-{seq}"), seq, "another text")
}

fn resync() -> Frames {
    let resync = souk_protocol::push::ResyncRequired { order_ids: vec![OrderId::new("o-1").unwrap()] };
    Frames::from(&souk_protocol::ServerEvent::ResyncRequired(resync))
}

#[test]
fn the_trail_tells_a_log_that_went_back_from_one_that_went_on() {
    let joined = joined();
    let order = |seq| (Seq(seq), said(&format!("m-{seq}"), seq, TEXT).mark);
    let (life, trail, of) = joined.room.trail().unwrap();
    assert_eq!((trail.last(), trail.start(), of), (Seq(3), Seq(2), epoch("e1")));
    joined.room.catch_up(
        Duration::ZERO,
        (life, &trail),
        [3, 4, 5].map(|seq| Arc::new(said(&format!("m-{seq}"), seq, TEXT))),
    );
    assert_eq!(joined.frames(), 2, "4 and 5 were missing, 3 is known and was learned");
    let (_, trail, _) = joined.room.trail().unwrap();
    assert_eq!((trail.last(), trail.start()), (Seq(5), Seq(2)));
    assert_eq!(trail.judge([3, 4, 5, 6].map(order)), Verdict::Same);
    assert_eq!(trail.judge([3, 4].map(order)), Verdict::Missing);
    assert_eq!(trail.judge([order(3), order(4), (Seq(5), said_again(5).mark)]), Verdict::Other(Seq(5)));
}

#[test]
fn what_a_comparison_brings_makes_the_room_lively_and_is_not_seen_before_it_was_pushed() {
    let (lively, silent) = (Duration::from_secs(5), Duration::from_secs(60));
    let joined = joined();
    // Two minutes of silence; ann's device was last heard ten seconds ago.
    let now = Duration::from_secs(120);
    joined.handle.heard(110, true);
    let every = || {
        joined.room.compare_within(now, Duration::ZERO);
        joined.room.take_comparison(now, lively, silent, silent).unwrap();
        joined.room.inner.lock().compare_at - now
    };
    let (life, trail, _) = joined.room.trail().unwrap();
    joined.room.catch_up(now, (life, &trail), [Arc::new(said("m-3", 3, TEXT))]);
    assert_eq!((joined.frames(), every()), (0, silent), "nothing was missing");
    joined.room.catch_up(now, (life, &trail), [3, 4].map(|seq| Arc::new(said(&format!("m-{seq}"), seq, TEXT))));
    assert_eq!((joined.frames(), every()), (1, lively));
    assert_eq!(joined.handle.sight().orders, [], "nothing came back since");
    joined.handle.heard(120, true);
    assert_eq!(joined.handle.sight().orders, [], "what came in may have crossed it");
    joined.handle.heard(121, true);
    assert_eq!(joined.handle.sight().orders, [(OrderId::new("o-1").unwrap(), Seq(4))]);
}

#[test]
fn another_entry_under_a_number_that_was_delivered_makes_the_room_suspect() {
    let joined = joined();
    let later = Duration::from_secs(60);
    joined.room.offer(Arc::new(said("m-4", 4, TEXT)), Duration::ZERO);
    let mark = |id: &'static str| move || said(id, 4, TEXT).mark;
    assert!(joined.room.take_comparison(Duration::ZERO, later, later, later).is_some());
    assert!(!joined.room.wants(Seq(4), mark("m-4")), "it was delivered");
    assert!(
        joined.room.take_comparison(Duration::ZERO, later, later, later).is_none(),
        "a copy that comes back is nothing"
    );
    assert!(!joined.room.wants(Seq(4), mark("again-4")));
    assert!(joined.room.take_comparison(Duration::ZERO, later, later, later).is_some());
    assert_eq!(joined.room.trail().unwrap().1.doubt(), Some((Seq(4), said("m-4", 4, TEXT).mark)));
}

#[test]
fn a_room_whose_log_is_void_tells_its_devices_and_starts_anew() {
    let joined = joined();
    let (before, trail, _) = joined.room.trail().unwrap();
    joined.expect("m-1");
    joined.expect("m-2");
    joined.done("m-1", 5);
    let gone = joined.room.void(&resync());
    assert!(gone.len() == 1 && joined.room.is_empty());
    let texts = joined.texts();
    assert!(texts.len() == 2 && texts[0].contains("\"seq\":5"), "what was done is answered first: {texts:?}");
    assert!(texts[1].contains("resync_required") && texts[1].contains("o-1"), "{texts:?}");
    joined.done("m-2", 2);
    assert_eq!(joined.frames(), 1, "and the rest when it is");
    assert!(joined.room.trail().is_none());
    // What is still read of the old log opens nothing.
    joined.room.catch_up(Duration::ZERO, (before, &trail), [Arc::new(said("m-4", 4, TEXT))]);
    let ticket = joined.room.begin_join(&joined.device);
    let up_to = (Seq(2), &epoch("e2"));
    assert_eq!(joined.room.finish_join(&joined.device, ticket, up_to, ACK, b"{}"), super::Joined::Live);
    joined.room.catch_up(Duration::ZERO, (before, &trail), [Arc::new(said("m-3", 3, TEXT))]);
    assert_eq!(joined.frames(), 1, "the answer alone");
    joined.room.offer(Arc::new(said_again(3)), Duration::ZERO);
    assert_eq!(joined.frames(), 1, "a number that is given again is delivered");
    assert_eq!(joined.room.trail().unwrap().2, epoch("e2"));
}

#[test]
fn a_join_that_read_a_log_which_is_void_meanwhile_reads_again() {
    let joined = joined();
    let ticket = joined.room.begin_join(&joined.device);
    assert!(joined.room.void(&resync()).is_empty(), "it is not live: nobody has to be told");
    joined.room.offer(Arc::new(said_again(3)), Duration::ZERO);
    let old = (Seq(3), &epoch("e1"));
    assert_eq!(joined.room.finish_join(&joined.device, ticket, old, ACK, b"{}"), super::Joined::ReadAgain);
    assert_eq!(joined.frames(), 0);
    let new = (Seq(2), &epoch("e2"));
    assert_eq!(joined.room.finish_join(&joined.device, ticket, new, ACK, b"{}"), super::Joined::Live);
    assert_eq!(joined.frames(), 2, "the answer, and what waited at the gate");
}

#[test]
fn a_join_that_was_superseded_opens_no_gate_with_the_log_it_read() {
    let joined = joined();
    let older = joined.room.begin_join(&joined.device);
    joined.room.void(&resync());
    let newer = joined.room.begin_join(&joined.device);
    let (old, new) = ((Seq(9), &epoch("e1")), (Seq(2), &epoch("e2")));
    assert_eq!(joined.room.finish_join(&joined.device, older, old, ACK, b"{}"), super::Joined::Superseded);
    assert!(joined.frames() == 1 && joined.room.trail().is_none(), "it is answered, and that is all");
    assert_eq!(joined.room.finish_join(&joined.device, newer, new, ACK, b"{}"), super::Joined::Live);
    joined.room.offer(Arc::new(said_again(3)), Duration::ZERO);
    assert_eq!(joined.frames(), 2, "the answer, and what came after it");
    assert_eq!(joined.room.trail().unwrap().2, epoch("e2"));
}

/// The same, masked, as the store has it: nothing says what it came over.
fn read_from_the_store(id: &str, seq: u64) -> Arc<EncodedEntry> {
    let mut entry = entry(id, seq, "call ***");
    if let souk_chat::Body::Message(message) = &mut entry.body {
        Arc::make_mut(message).is_moderated = true;
    }
    Arc::new(EncodedEntry::of(&OrderId::new("o-1").unwrap(), &entry).0)
}

fn joined_by(name: &str, connection: u64) -> Arc<Device> {
    let user = UserId::new(&name.replace([' ', '\''], "")).unwrap();
    let actor = Actor { user, role: Role::Client, name: None, locale: None };
    Arc::new(Device::new(Arc::new(ConnectionHandle::new(connection, 0)), 0, Encoding::Plain, Arc::new(actor), 1))
}

#[test]
fn so_much_waits_for_a_send_and_then_goes_on_in_order() {
    let joined = joined();
    joined.expect("m-1");
    joined.room.offer(read_from_the_store("m-1", 4), Duration::ZERO);
    for n in 1..=JOIN_BACKLOG as u64 {
        assert_eq!(joined.frames(), 0, "{n}");
        joined.room.offer(Arc::new(said("other", 4 + n, &format!("number {n}"))), Duration::ZERO);
    }
    let texts = joined.texts();
    assert!(texts.len() == JOIN_BACKLOG + 1 && texts[0].contains("message_sent"), "{}", texts.len());
    assert!(texts[JOIN_BACKLOG].contains(&format!("number {JOIN_BACKLOG}")));
    joined.done("m-1", 4);
    assert_eq!(joined.frames(), 1, "and the send is answered when it is done");
}

#[test]
fn what_cannot_be_told_from_a_text_waits_for_its_send_and_keeps_its_place() {
    let conflict = Error::new(souk_protocol::Code::IdempotencyConflict, "another text stands under this id");
    for is_own in [true, false] {
        let joined = joined();
        joined.expect("m-1");
        joined.room.offer(read_from_the_store("m-1", 4), Duration::ZERO);
        joined.room.offer(Arc::new(said("other", 5, "behind it")), Duration::ZERO);
        assert_eq!(joined.frames(), 0, "it may be this send's message, or another's under its id");
        if is_own {
            joined.done("m-1", 4);
            let texts = joined.texts();
            assert!(texts[0].contains("\"id\":7") && texts[0].contains("call ***"), "acknowledged: {texts:?}");
            assert!(texts[1].contains("behind it") && texts.len() == 2, "{texts:?}");
        } else {
            let told = |_: &Error| panic!("somebody waits for the answer");
            joined.room.settle(&joined.device, &ClientMessageId::new("m-1").unwrap(), Err(&conflict), told);
            let texts = joined.texts();
            assert!(texts[0].contains("idempotency_conflict"), "{texts:?}");
            assert!(texts[1].contains("message_sent") && texts[1].contains("call ***"), "{texts:?}");
            assert!(texts[2].contains("behind it") && texts.len() == 3, "{texts:?}");
        }
    }
}

#[test]
fn marks_that_rise_are_told_once_to_who_is_live_and_to_who_joins_meanwhile() {
    let joined = joined();
    let bob = UserId::new("bob").unwrap();
    let marks = |delivered, read| {
        let mark = |seq| souk_chat::Mark { seq: Seq(seq), others: 0 };
        Marks { delivered: mark(delivered), read: mark(read) }
    };
    let at = Timestamp(0);
    let other = joined_by("ann's other", 2);
    joined.room.know_marks(&other, [(&bob, marks(1, 0))], at);
    assert_eq!(joined.frames(), 0, "the answer of the join says it");
    joined.room.tell_marks(&bob, marks(2, 1), at);
    joined.room.tell_marks(&bob, marks(2, 0), at);
    joined.room.know_marks(&other, [(&bob, marks(1, 1))], at);
    let texts = joined.texts();
    assert!(texts.len() == 1 && texts[0].contains(r#""delivered":2,"read":1"#), "{texts:?}");
    // A join that read before they rose hears of it behind its answer, also where another's answer knew it already.
    let ticket = joined.room.begin_join(&joined.device);
    joined.room.know_marks(&joined.device, [(&bob, marks(2, 1))], at);
    joined.room.know_marks(&other, [(&bob, marks(3, 3))], at);
    assert_eq!(joined.frames(), 0, "it is not live");
    joined.room.finish_join(&joined.device, ticket, (Seq(3), &epoch("e1")), ACK, b"{}");
    let texts = joined.texts();
    assert!(texts.len() == 2 && texts[1].contains(r#""delivered":3,"read":3"#), "{texts:?}");
    // An order has two parties.
    joined.room.tell_marks(&UserId::new("ann").unwrap(), marks(1, 1), at);
    joined.room.tell_marks(&UserId::new("eve").unwrap(), marks(9, 9), at);
    assert_eq!(joined.frames(), 1);
}
