//! What is written is read back as what it was, on both carriers.

use proptest::option::of;
use proptest::prelude::*;
use souk_chat::{ClientMessageId, Cursor, Epoch, MessageId, OrderId, Seq, Status, Timestamp, UserId};
use souk_moderation::Categories;
use souk_protocol::dto::{self, Audience};
use souk_protocol::limits::ID_MAX;
use souk_protocol::request::{Request, Token};
use souk_protocol::socketio::{self, Frame, Namespace};
use souk_protocol::{encode_message, json, plain};

pub(crate) fn order() -> impl Strategy<Value = OrderId> {
    "[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,40}".prop_map(|id| OrderId::new(&id).unwrap())
}

fn user() -> impl Strategy<Value = UserId> {
    "[A-Za-z0-9_-][A-Za-z0-9._-]{0,40}".prop_map(|id| UserId::new(&id).unwrap())
}

fn client_message_id() -> impl Strategy<Value = ClientMessageId> {
    "[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}".prop_map(|id| ClientMessageId::new(&id).unwrap())
}

fn seq() -> impl Strategy<Value = Seq> {
    (0..=ID_MAX).prop_map(Seq)
}

fn cursor() -> impl Strategy<Value = Cursor> {
    (seq(), of("[A-Za-z0-9_-]{1,64}"))
        .prop_map(|(since, epoch)| Cursor { since, epoch: epoch.map(|e| Epoch::new(&e).unwrap()) })
}

fn message_id() -> impl Strategy<Value = MessageId> {
    (order(), 1..=ID_MAX).prop_map(|(order, seq)| MessageId { order, seq: Seq(seq) })
}

/// A message in any state that makes sense on the wire.
pub(crate) fn message() -> impl Strategy<Value = souk_chat::Message> {
    let numbers = (1..=ID_MAX, 1..=ID_MAX, any::<u32>());
    let times = (0..253_402_300_799_999_i64, of(0..253_402_300_799_999_i64));
    (order(), numbers, of((user(), client_message_id())), any::<String>(), times, any::<bool>(), any::<u16>()).prop_map(
        |(order, (seq, rev, version), sender, content, (created, edited), is_moderated, flags)| {
            let (sender, client_message_id) = sender.unzip();
            souk_chat::Message {
                order,
                seq: Seq(seq),
                rev: Seq(rev),
                version,
                sender,
                content: content.into(),
                edited_at: edited.map(Timestamp),
                is_moderated,
                flags: Categories::from_bits(flags),
                created_at: Timestamp(created),
                client_message_id,
            }
        },
    )
}

fn request() -> impl Strategy<Value = Request<'static>> {
    let text = || any::<String>();
    let token = || "[A-Za-z0-9._-]{0,80}".prop_map(|token| Token(token.into()));
    prop_oneof![
        token().prop_map(|token| Request::Authenticate { token }),
        token().prop_map(|token| Request::RefreshToken { token }),
        Just(Request::JoinApp),
        Just(Request::Ping),
        (of("\\PC{0,40}"), of(1..=200_usize))
            .prop_map(|(cursor, limit)| Request::ListChats { cursor: cursor.map(Into::into), limit }),
        (order(), of(cursor())).prop_map(|(order, cursor)| Request::JoinOrderChat { order, cursor }),
        order().prop_map(|order| Request::LeaveOrderChat { order }),
        order().prop_map(|order| Request::Typing { order }),
        (order(), any::<bool>()).prop_map(|(order, visible)| Request::SetVisible { order, visible }),
        (order(), text(), of(client_message_id())).prop_map(|(order, content, client_message_id)| {
            Request::SendMessage { order, content: content.into(), client_message_id }
        }),
        (message_id(), text()).prop_map(|(message, content)| Request::EditMessage { message, content: content.into() }),
        message_id().prop_map(|message| Request::MessageDelivered { message }),
        message_id().prop_map(|message| Request::MessageRead { message }),
        (message_id(), "[a-zа-я😀\"]{1,40}", of(text())).prop_map(|(message, reason, comment)| {
            Request::ReportMessage { message, reason: reason.into(), comment: comment.map(Into::into) }
        }),
        prop::collection::btree_map(order(), cursor(), 0..20)
            .prop_map(|cursors| Request::Sync { cursors: cursors.into_iter().collect() }),
    ]
}

proptest! {
    #[test]
    fn requests_over_plain(request in request(), id in of(0..=ID_MAX)) {
        let frame = plain::request_frame(id, &request);
        let read = plain::decode(json::text(&frame)).unwrap();
        prop_assert_eq!(read.id, id);
        prop_assert!(Request::NAMES.contains(&request.name()));
        prop_assert_eq!(read.request(), Ok(request));
    }

    #[test]
    fn requests_over_socketio(request in request(), id in of(0..=ID_MAX), chat: bool) {
        let namespace = Namespace::ALL[usize::from(chat)];
        let frame = socketio::request_packet(namespace, id, &request);
        let Ok(Frame::Packet(packet)) = socketio::decode(json::text(&frame)) else { panic!("not a packet") };
        prop_assert_eq!(packet.request(), Some(Ok(request)));
        let socketio::Packet::Event { namespace: to, id: number, .. } = packet else { panic!("not an event") };
        prop_assert_eq!((to, number), (namespace, id));
    }

    #[test]
    fn messages(message in message(), status in 0..3_usize, mine: bool) {
        let status = [Status::Sent, Status::Delivered, Status::Read][status];
        let audience = if mine { Audience::Sender } else { Audience::Other };
        let body = encode_message(&message, status, audience);
        // A line of a batch, and the body of a frame, must have no line break of its own.
        prop_assert!(!body.contains(&b'\n'));
        let read: dto::Message = serde_json::from_slice(&body).unwrap();
        prop_assert_eq!(read.client_message_id.is_some(), mine && message.sender.is_some());
        prop_assert_eq!(read, dto::Message::new(&message, status, audience));
    }

    #[test]
    fn answers_and_pushes_wrap_any_body(content: String, id in 0..=ID_MAX) {
        let body = json::encode(&serde_json::json!({ "content": content }));
        let text = json::text(&body);
        let answer = plain::answer(id, &body);
        let read = plain::decode_server(json::text(&answer)).next().unwrap();
        prop_assert_eq!(read, Ok(plain::ServerFrame::Answer { id, data: text }));
        let ack = socketio::ack_packet(Namespace::Chat, id, &body);
        let expected = socketio::Packet::Ack { namespace: Namespace::Chat, id, data: Some(text) };
        prop_assert_eq!(socketio::decode(json::text(&ack)), Ok(Frame::Packet(expected)));
    }
}
