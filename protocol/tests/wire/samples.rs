//! One of everything that goes over the wire.

use std::time::Duration;

use souk_chat::{Category, ClientMessageId, Seq, Span, Status};
use souk_protocol::dto::{self, Audience, Time};
use souk_protocol::push::{self, ServerEvent};
use souk_protocol::request::{Request, Token};
use souk_protocol::{Close, Code, Error, json};

use crate::things::*;

/// One of each request.
pub(crate) fn requests() -> Vec<Request<'static>> {
    let token = || Token("eyJhbGciOiJIUzI1NiJ9.e30.c2ln".into());
    vec![
        Request::Authenticate { token: token() },
        Request::JoinApp,
        Request::ListChats { cursor: Some("1.o-1".into()), limit: Some(20) },
        Request::JoinOrderChat { order: order(), cursor: None },
        Request::JoinOrderChat { order: order(), cursor: Some(Seq(7).into()) },
        Request::LeaveOrderChat { order: order() },
        Request::SendMessage { order: order(), content: "Hi \"Bob\"\n😀".into(), client_message_id: None },
        Request::SendMessage {
            order: order(),
            content: "Привет".into(),
            client_message_id: Some(ClientMessageId::new("c-1").unwrap()),
        },
        Request::EditMessage { message: message_id(3), content: "Hello".into() },
        Request::MessageDelivered { message: message_id(3) },
        Request::MessageRead { message: message_id(3) },
        Request::SetVisible { order: order(), visible: true },
        Request::Typing { order: order() },
        Request::ReportMessage { message: message_id(3), reason: "rude".into(), comment: Some("very".into()) },
        Request::Sync {
            cursors: vec![(order(), Seq(0).into()), (souk_chat::OrderId::new("o-2").unwrap(), Seq(9).into())],
        },
        Request::RefreshToken { token: token() },
        Request::Ping,
        Request::JoinOrderChat { order: order(), cursor: Some(cursor(7)) },
        Request::Sync { cursors: vec![(order(), cursor(7)), (souk_chat::OrderId::new("o-2").unwrap(), Seq(9).into())] },
    ]
}

/// One of each push.
pub(crate) fn pushes() -> Vec<ServerEvent> {
    let sent = message("ann", 4, "Hello");
    vec![
        ServerEvent::NewMessage(wire(&sent, Audience::Other)),
        ServerEvent::NewMessage(wire(&message("", 1, "Order created"), Audience::Other)),
        ServerEvent::MessageSent(wire(&sent, Audience::Sender)),
        ServerEvent::MessageEdited(wire(&changed(sent, 6, "Hello!"), Audience::Other)),
        ServerEvent::MessageStatus(push::MessageStatus {
            order_id: order(),
            user_id: user("bob"),
            delivered: Seq(4),
            read: Seq(3),
            at: Time(at(1)),
        }),
        ServerEvent::Typing(push::Typing::new(order(), user("bob"))),
        ServerEvent::UserOnline(push::UserOnline { user_id: user("bob") }),
        ServerEvent::UserOffline(push::UserOffline { user_id: user("bob"), last_seen: Time(at(2)) }),
        ServerEvent::UnreadUpdate(push::UnreadUpdate {
            order_id: order(),
            unread: 2,
            total: 5,
            head: Seq(9),
            read: Seq(7),
        }),
        ServerEvent::ChatListUpdate(push::ChatListUpdate { chat: chat() }),
        ServerEvent::ChatClosed(push::EntryOnly { order_id: order(), seq: Seq(8) }),
        ServerEvent::ChatReopened(push::EntryOnly { order_id: order(), seq: Seq(9) }),
        ServerEvent::MessagesMasked(push::MessagesMasked {
            order_id: order(),
            messages: vec![wire(&masked(message("bob", 3, "call 514 555 0101"), 10), Audience::Other)],
        }),
        ServerEvent::TokenExpiring(dto::TokenAccepted { expires_at: Time(at(30)) }),
        ServerEvent::ServerDraining(push::ServerDraining { reconnect_after_ms: 1_500 }),
        ServerEvent::ResyncRequired(push::ResyncRequired { order_ids: vec![order()] }),
        ServerEvent::Closing(Close::SlowConsumer.closing(Some(2_000))),
        ServerEvent::Exception(push::Exception {
            event: "send_message".into(),
            error: Error::new(Code::Empty, "say something"),
            client_message_id: Some(ClientMessageId::new("c-1").unwrap()),
        }),
    ]
}

/// One of each form of answer, with the event it answers.
pub(crate) fn answers() -> Vec<(&'static str, bytes::Bytes)> {
    let caught_up = || dto::CatchUp {
        messages: vec![wire(&message("ann", 4, "Hello"), Audience::Sender)],
        up_to: Seq(4),
        head: Seq(5),
        more: true,
        epoch: cursor(0).epoch,
        reset: false,
    };
    let reset = || dto::CatchUp { more: false, reset: true, ..caught_up() };
    let orders = [
        (order(), dto::SyncOutcome::CaughtUp(caught_up())),
        (
            souk_chat::OrderId::new("o-2").unwrap(),
            dto::SyncOutcome::Refused { error: souk_chat::Refusal::Forbidden.into() },
        ),
    ];
    vec![
        ("authenticate", json::encode(&dto::SignedIn { user_id: user("ann"), expires_at: Time(at(600)) })),
        ("join_app", json::encode(&hello())),
        ("list_chats", json::encode(&dto::ChatList { chats: vec![chat()], cursor: Some("1.o-1".into()) })),
        ("join_order_chat", json::encode(&dto::Joined::new(chat(), caught_up()))),
        ("join_order_chat", json::encode(&dto::Joined::new(chat(), reset()))),
        ("leave_order_chat", json::encode(&dto::Empty {})),
        ("send_message", json::encode(&wire(&message("ann", 4, "Hello"), Audience::Sender))),
        ("send_message", masked_answer()),
        (
            "edit_message",
            dto::encode_message(&changed(message("ann", 4, "Hello"), 6, "Hi"), Status::Sent, Audience::Sender),
        ),
        ("message_read", json::encode(&dto::ReadUpTo { unread: 0, unread_total: 3 })),
        ("report_message", json::encode(&dto::Reported { report_id: "r-1".into() })),
        ("sync", json::encode(&dto::Synced { orders: orders.into(), chats: vec![chat()] })),
        ("refresh_token", json::encode(&dto::TokenAccepted { expires_at: Time(at(900)) })),
    ]
}

/// The answer to a send of which something was masked.
fn masked_answer() -> bytes::Bytes {
    let shown = masked(message("ann", 4, "call 514 555 0101"), 4);
    let span = Span { start: 5, end: 17, category: Category::Phone, rule: "phone.nanp" };
    dto::with_masked(dto::encode_message(&shown, Status::Sent, Audience::Sender), &[span])
}

pub(crate) fn hello() -> dto::Hello {
    dto::Hello {
        me: dto::Me { user_id: user("ann"), role: souk_chat::Role::Client, name: Some("Ann A.".into()) },
        session_id: "s-1".into(),
        server_time: Time(at(0)),
        limits: dto::Limits::new(souk_chat::limits::Quota::default(), 200),
        reconnect: dto::ReconnectPolicy { min_ms: 500, max_ms: 30_000, factor: 2.0 },
        ping_interval_ms: 25_000,
        ping_timeout_ms: 20_000,
        online: vec![user("bob")],
        unread_total: 3,
    }
}

/// One error of each code, and the forms with a wait and with details.
pub(crate) fn errors() -> Vec<Error> {
    let mut errors: Vec<_> = Code::ALL.iter().map(|code| Error::new(*code, code.title())).collect();
    errors.push(souk_chat::Refusal::TooLong { max: 2_000 }.into());
    errors.push(souk_chat::Refusal::RateLimited { retry_after: Duration::from_millis(12_500) }.into());
    errors.push(souk_chat::Refusal::unavailable().into());
    let refused = souk_chat::Refusal::RefusedByModeration { flags: [souk_chat::Category::Phone].into_iter().collect() };
    errors.push(refused.into());
    errors
}
