//! Envelopes between nodes: their bytes, and the pushes that come out.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use souk_chat::log::EntryKind;
use souk_chat::ports::{Envelope, EnvelopeKind, Origin};
use souk_chat::{Body, Entry, Mark, Marks, Message, Seq, Status};
use souk_protocol::dto::Audience;
use souk_protocol::envelope::{
    EntryEnvelope, EnvelopeError, StatusEnvelope, Viewpoint, decode_status, decode_typing, encode_entry, encode_status,
    encode_typing,
};
use souk_protocol::push::{EntryOnly, MessagesMasked, PushKind, ServerEvent};
use souk_protocol::{Push, encode_message};

use crate::golden::Golden;
use crate::round_trips;
use crate::things::*;

fn entries() -> Vec<(&'static str, Entry)> {
    let ann = message("ann", 3, "call 514 555 0101");
    let bob = message("bob", 5, "bob@example.com");
    vec![
        ("message", entry(3, Body::Message(Arc::new(ann.clone())))),
        ("edit", entry(6, Body::Edit(Arc::new(changed(ann.clone(), 9, "call me"))))),
        ("masking", entry(10, Body::Masking(vec![Arc::new(masked(ann, 10)), Arc::new(masked(bob, 10))]))),
        ("system", entry(1, Body::System(Arc::new(message("", 1, "Order created"))))),
        ("closing", entry(11, Body::Closing)),
        ("reopening", entry(12, Body::Reopening)),
        ("empty", entry(13, Body::Empty)),
    ]
}

fn decoded(entry: &Entry) -> EntryEnvelope {
    EntryEnvelope::read(order(), entry.seq, encode_entry(entry, |_| Status::Sent)).unwrap()
}

/// Sixteen bytes a line, as numbers and, where they are, as letters.
fn dump(bytes: &[u8]) -> Vec<String> {
    let line = |chunk: &[u8]| {
        let mut text = String::new();
        chunk.iter().for_each(|byte| write!(text, "{byte:02x} ").unwrap());
        let letters = chunk.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' });
        format!("{text:<48}|{}|", letters.collect::<String>())
    };
    bytes.chunks(16).map(line).collect()
}

#[test]
fn bytes_and_pushes_of_every_kind() {
    let mut golden =
        Golden::new("envelope.txt", "Envelopes between nodes: bytes, and what ann, bob and others are told.");
    for (name, entry) in entries() {
        let mut lines = dump(&encode_entry(&entry, |_| Status::Sent));
        let envelope = decoded(&entry);
        for viewer in ["ann", "bob", "root"] {
            let push = envelope.push(envelope.viewpoint(&user(viewer)));
            let told = push.map(|push| format!("{} {}", push.kind.name(), std::str::from_utf8(&push.body).unwrap()));
            lines.push(format!("-> {viewer}: {}", told.unwrap_or_else(|| "nothing".into())));
        }
        golden.case(name, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let typing = dump(&encode_typing(&user("ann")));
    golden.case("typing", &typing.iter().map(String::as_str).collect::<Vec<_>>());
    let status = dump(&encode_status(&user("ann"), &marks(), at(0)));
    golden.case("status", &status.iter().map(String::as_str).collect::<Vec<_>>());
    golden.check();
}

fn marks() -> Marks {
    Marks { delivered: Mark { seq: Seq(9), others: 4 }, read: Mark { seq: Seq(7), others: 3 } }
}

#[test]
fn each_sees_their_own_client_message_ids_only() {
    let [ann, bob] = [masked(message("ann", 3, ""), 10), masked(message("bob", 5, ""), 10)];
    let envelope = decoded(&entry(10, Body::Masking(vec![Arc::new(ann.clone()), Arc::new(bob.clone())])));
    for (viewer, audiences) in [
        ("ann", [Audience::Sender, Audience::Other]),
        ("bob", [Audience::Other, Audience::Sender]),
        ("root", [Audience::Other, Audience::Other]),
    ] {
        let messages = vec![wire(&ann, audiences[0]), wire(&bob, audiences[1])];
        let expected = ServerEvent::MessagesMasked(MessagesMasked { order_id: order(), messages });
        assert_eq!(envelope.push(envelope.viewpoint(&user(viewer))), Some(expected.encode()), "{viewer}");
    }
}

#[test]
fn a_change_tells_its_own_number_and_a_message_that_of_its_last_change() {
    let later = changed(message("ann", 3, "a"), 9, "b");
    let push = |body| {
        let push = decoded(&entry(6, body)).push(Viewpoint::Other).unwrap();
        ServerEvent::parse(push.kind, std::str::from_utf8(&push.body).unwrap()).unwrap()
    };
    let ServerEvent::MessageEdited(edit) = push(Body::Edit(Arc::new(later.clone()))) else { panic!("not an edit") };
    assert_eq!((edit.rev, edit.seq, edit.version), (Seq(6), Seq(3), 2));
    let ServerEvent::NewMessage(new) = push(Body::Message(Arc::new(later))) else { panic!("not a message") };
    assert_eq!((new.rev, new.seq), (Seq(9), Seq(3)));
}

#[test]
fn what_is_no_message_has_its_own_push_or_none() {
    let closed = ServerEvent::ChatClosed(EntryOnly { order_id: order(), seq: Seq(11) });
    assert_eq!(decoded(&entry(11, Body::Closing)).push(Viewpoint::Other), Some(closed.encode()));
    let reopened = ServerEvent::ChatReopened(EntryOnly { order_id: order(), seq: Seq(12) });
    assert_eq!(decoded(&entry(12, Body::Reopening)).push(Viewpoint::Author(3)), Some(reopened.encode()));
    assert_eq!(decoded(&entry(13, Body::Empty)).push(Viewpoint::Other), None);
}

#[test]
fn the_routers_envelope_is_read_with_its_order_and_number() {
    let entry = entry(3, Body::Message(Arc::new(message("ann", 3, "Hello"))));
    let envelope = Envelope {
        kind: EnvelopeKind::Entry,
        order: order(),
        seq: entry.seq,
        origin: Origin { node: 1, connection: 2 },
        published_at: at(0),
        body: encode_entry(&entry, |_| Status::Sent),
    };
    let read = EntryEnvelope::decode(&envelope).unwrap();
    assert_eq!((read.seq, read.at, read.counts, read.kind), (Seq(3), entry.at, entry.counts, EntryKind::Message));
    assert_eq!(read.sender(), Some(&user("ann")));
    assert_eq!(read.parts[0].client_message_id.as_ref().map(|id| id.as_str()), Some("c-3"));
}

#[test]
fn wrong_bytes_are_told_apart() {
    let good = encode_entry(&entry(3, Body::Message(Arc::new(message("ann", 3, "Hello")))), |_| Status::Sent);
    let read = |bytes: Vec<u8>| EntryEnvelope::read(order(), Seq(3), Bytes::from(bytes)).unwrap_err();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = byte;
        bytes
    };
    assert_eq!(read(with(0, 2)), EnvelopeError::Version(2));
    assert_eq!(read(with(1, 99)), EnvelopeError::Field("kind"));
    assert_eq!(read(with(27, 2)), EnvelopeError::Field("number of messages"));
    assert_eq!(read(with(37, b' ')), EnvelopeError::Field("sender"));
    assert_eq!(read(with(good.len() - 1, b' ')), EnvelopeError::Field("message"));
    assert_eq!(read([&good[..], b"x"].concat()), EnvelopeError::TooLong);
    for length in 0..good.len() {
        assert_eq!(read(good[..length].to_vec()), EnvelopeError::CutOff, "{length}");
    }
    assert_eq!(decode_typing(&encode_typing(&user("ann"))), Ok(user("ann")));
    assert_eq!(decode_typing(&Bytes::from_static(b"\x01\x00")), Err(EnvelopeError::Field("user")));
    let status = encode_status(&user("ann"), &marks(), at(0));
    assert_eq!(decode_status(&status), Ok(StatusEnvelope { user: user("ann"), at: at(0), marks: marks() }));
    for length in 0..status.len() {
        assert_eq!(decode_status(&status.slice(..length)), Err(EnvelopeError::CutOff), "{length}");
    }
    assert_eq!(decode_status(&[&status[..], b"x"].concat().into()), Err(EnvelopeError::TooLong));
}

fn body() -> impl Strategy<Value = Body> {
    let message = || round_trips::message().prop_map(Arc::new);
    prop_oneof![
        message().prop_map(Body::Message),
        message().prop_map(Body::Edit),
        message().prop_map(Body::System),
        prop::collection::vec(message(), 0..5).prop_map(Body::Masking),
        Just(Body::Closing),
        Just(Body::Reopening),
        Just(Body::Empty),
    ]
}

/// The message as this entry tells of it.
fn told(message: &Message, entry: &Entry) -> Message {
    let changes = matches!(entry.body, Body::Edit(_) | Body::Masking(_));
    Message { rev: if changes { entry.seq } else { message.rev }, ..message.clone() }
}

proptest! {
    #[test]
    fn spliced_forms_equal_encoded_ones(body in body(), seq in 1..1_000_u64) {
        let entry = entry(seq, body);
        let envelope = decoded(&entry);
        prop_assert_eq!(envelope.kind, entry.body.kind());
        prop_assert_eq!(envelope.parts.len(), entry.body.messages().len());
        for (part, message) in envelope.parts.iter().zip(entry.body.messages()) {
            let message = told(message, &entry);
            prop_assert_eq!(part.seq, message.seq);
            prop_assert_eq!(part.body(), encode_message(&message, Status::Sent, Audience::Other));
            prop_assert_eq!(part.sender_body(), encode_message(&message, Status::Sent, Audience::Sender));
        }
        if let (Body::Message(message), Some(sender)) = (&entry.body, envelope.sender()) {
            let body = encode_message(message, Status::Sent, Audience::Sender);
            let push = envelope.push(envelope.viewpoint(sender));
            prop_assert_eq!(push, Some(Push { kind: PushKind::MessageSent, body }));
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = decode_typing(&Bytes::from(bytes.clone()));
        let _ = decode_status(&Bytes::from(bytes.clone()));
        if let Ok(envelope) = EntryEnvelope::read(order(), Seq(1), Bytes::from(bytes)) {
            let _ = envelope.push(Viewpoint::Author(0));
        }
    }

    #[test]
    fn wounded_envelopes_are_answered(which in 0..7_usize, at: prop::sample::Index, byte: u8) {
        let (_, entry) = &entries()[which];
        let mut bytes = encode_entry(entry, |_| Status::Sent).to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(envelope) = EntryEnvelope::read(order(), Seq(1), Bytes::from(bytes)) {
            for viewpoint in [Viewpoint::Other, Viewpoint::Author(0), Viewpoint::Author(u16::MAX)] {
                // What comes out is text: it goes into text frames.
                let body = envelope.push(viewpoint).map(|push| push.body).unwrap_or_default();
                prop_assert!(std::str::from_utf8(&body).is_ok());
            }
        }
    }
}
