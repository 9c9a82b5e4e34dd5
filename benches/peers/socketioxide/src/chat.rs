//! What each event does.

use std::sync::Arc;

use serde::Serialize;
use socketioxide::ParserError;
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Event, Extension, SocketRef, State, TryData};
use socketioxide_redis::drivers::redis::redis_client::RedisError;

use crate::App;
use crate::forms::{
    CONTENT_CHARS, Chat, Done, Hello, Joined, Limits, Me, Message, OfOrder, ReadUpTo, Reconnect, Refusal, Refused,
    Send, Typing, now,
};
use crate::person::Person;

/// Nothing is left to do: [`listen`] came before.
pub(crate) async fn connected() {}

/// Sets the handlers of a socket.
pub(crate) fn listen<A: Adapter>(socket: &SocketRef<A>) {
    socket.on("join_app", join_app);
    socket.on("join_order_chat", join_order_chat);
    socket.on("leave_order_chat", leave_order_chat);
    socket.on("send_message", send_message);
    socket.on("typing", typing);
    socket.on("message_delivered", done);
    socket.on("message_read", message_read);
    socket.on("ping", done);
    socket.on_fallback(unknown);
}

async fn join_app<A: Adapter>(
    socket: SocketRef<A>,
    io: SocketIo<A>,
    Extension(Person(who)): Extension<Person>,
    ack: AckSender<A>,
) {
    let heartbeat = &io.config().engine_config;
    let hello = Hello {
        me: Me { user_id: &who.id, role: &who.role },
        session_id: socket.id.to_string(),
        server_time: now(),
        limits: Limits {
            messages: 0,
            window_ms: 60_000,
            content_chars: CONTENT_CHARS,
            rooms: 100_000,
            frame_bytes: 65_536,
        },
        reconnect: Reconnect { min_ms: 500, max_ms: 5_000, factor: 2.0 },
        ping_interval_ms: u64::try_from(heartbeat.ping_interval.as_millis()).unwrap_or(u64::MAX),
        ping_timeout_ms: u64::try_from(heartbeat.ping_timeout.as_millis()).unwrap_or(u64::MAX),
        online: [],
        unread_total: 0,
    };
    answer(ack, Ok(hello));
}

async fn join_order_chat<A: Adapter>(
    socket: SocketRef<A>,
    TryData(asked): TryData<OfOrder>,
    State(app): State<Arc<App>>,
    ack: AckSender<A>,
) {
    let order = match asked.map_err(unreadable).and_then(|asked| order(asked.order_id)) {
        Ok(order) => order,
        Err(refusal) => return answer::<A, Done>(ack, Err(refusal)),
    };
    socket.join(order.clone());
    let joined = app.numbers.head(&order).await.map(|head| Joined {
        chat: Chat {
            order_id: &order,
            kind: "order",
            participants: [],
            state: "open",
            head,
            unread: 0,
            created_at: now(),
        },
        messages: [],
        up_to: head,
        head,
        more: false,
    });
    answer(ack, joined.map_err(unavailable));
}

async fn leave_order_chat<A: Adapter>(socket: SocketRef<A>, TryData(asked): TryData<OfOrder>, ack: AckSender<A>) {
    let left = asked.map_err(unreadable).and_then(|asked| order(asked.order_id)).map(|order| {
        socket.leave(order);
        Done {}
    });
    answer(ack, left);
}

async fn send_message<A: Adapter>(
    socket: SocketRef<A>,
    TryData(asked): TryData<Send>,
    Extension(Person(who)): Extension<Person>,
    State(app): State<Arc<App>>,
    ack: AckSender<A>,
) {
    let asked = match asked.map_err(unreadable).and_then(checked) {
        Ok(asked) => asked,
        Err(refusal) => return answer::<A, Done>(ack, Err(refusal)),
    };
    let seq = match app.numbers.next(&asked.order_id).await {
        Ok(seq) => seq,
        Err(error) => return answer::<A, Done>(ack, Err(unavailable(error))),
    };
    let mut message = Message {
        id: format!("{}:{seq}", asked.order_id),
        order_id: &asked.order_id,
        seq,
        rev: seq,
        version: 1,
        sender_id: &who.id,
        kind: "text",
        content: asked.content.trim(),
        status: "sent",
        is_edited: false,
        is_moderated: false,
        moderation_flags: [],
        created_at: now(),
        client_message_id: None,
    };
    // Those whose buffer is full do not get it; nobody here can do anything about that.
    let _ = socket.to(asked.order_id.clone()).emit("new_message", &message).await;
    message.client_message_id = asked.client_message_id.as_deref();
    answer(ack, Ok(message));
}

async fn typing<A: Adapter>(
    socket: SocketRef<A>,
    TryData(asked): TryData<OfOrder>,
    Extension(Person(who)): Extension<Person>,
    ack: AckSender<A>,
) {
    let order = match asked.map_err(unreadable).and_then(|asked| order(asked.order_id)) {
        Ok(order) => order,
        Err(refusal) => return answer::<A, Done>(ack, Err(refusal)),
    };
    let typing = Typing { order_id: &order, user_id: &who.id, expires_in_ms: 10_000 };
    let _ = socket.to(order.clone()).emit("typing", &typing).await;
    answer(ack, Ok(Done {}));
}

async fn message_read<A: Adapter>(ack: AckSender<A>) {
    answer(ack, Ok(ReadUpTo { unread: 0, unread_total: 0 }));
}

async fn done<A: Adapter>(ack: AckSender<A>) {
    answer(ack, Ok(Done {}));
}

async fn unknown<A: Adapter>(Event(event): Event, ack: AckSender<A>) {
    answer::<A, Done>(ack, Err(Refusal::new("bad_request", format!("there is no event '{event}'"))));
}

/// Acknowledges. Whoever left meanwhile does not hear it.
fn answer<A: Adapter, T: Serialize>(ack: AckSender<A>, result: Result<T, Refusal>) {
    let _ = match result {
        Ok(data) => ack.send(&data),
        Err(error) => ack.send(&Refused { error }),
    };
}

fn checked(asked: Send) -> Result<Send, Refusal> {
    let asked = Send { order_id: order(asked.order_id)?, ..asked };
    if asked.client_message_id.as_deref().is_some_and(|id| !is_id(id, 64, b"._-")) {
        return Err(Refusal::new("bad_request", "clientMessageId must be an id"));
    }
    let content = asked.content.trim();
    if content.is_empty() {
        return Err(Refusal::new("empty", "a message needs at least one character that is not white space"));
    }
    // Bytes are never fewer than characters.
    if content.len() > CONTENT_CHARS && content.chars().count() > CONTENT_CHARS {
        return Err(Refusal::too_long());
    }
    Ok(asked)
}

fn order(id: String) -> Result<String, Refusal> {
    if is_id(&id, 264, b"._~-") {
        Ok(id)
    } else {
        Err(Refusal::new("bad_request", "orderId must be the id of an order"))
    }
}

fn is_id(id: &str, most: usize, marks: &[u8]) -> bool {
    !id.is_empty() && id.len() <= most && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

fn unreadable(error: ParserError) -> Refusal {
    Refusal::new("bad_request", format!("the data cannot be read: {error}"))
}

fn unavailable(error: RedisError) -> Refusal {
    eprintln!("redis: {error}");
    Refusal::new("unavailable", "this did not work; try again")
}
