//! From what the service read to what one viewer is shown.

use souk_chat::service::{CatchUp as Caught, ChatList as List, ChatView, Synced as SyncedOrders};
use souk_chat::{Role, Side, UserId};

use super::{Audience, CatchUp, Chat, ChatList, Joined, Message, Participant, SyncOutcome, Synced, Time};

impl Message {
    /// The wire form of a message of `chat` for `viewer`: its status follows from the other party's marks.
    pub fn in_chat(message: &souk_chat::Message, chat: &ChatView, viewer: &UserId) -> Self {
        let status = message.status(&chat.marks_against(message.sender.as_ref()));
        Self::new(message, status, Audience::of(message, viewer))
    }
}

impl Chat {
    /// The wire form of `chat` for `viewer`.
    pub fn of(chat: &ChatView, viewer: &UserId) -> Self {
        let participants = chat.participants.iter().map(|participant| Participant {
            user_id: participant.user.clone(),
            role: match participant.side {
                Side::Client => Role::Client,
                Side::Contractor => Role::Contractor,
            },
            name: None,
            picture: None,
            online: participant.online,
            last_seen: None,
            delivered: participant.marks.delivered.seq,
            read: participant.marks.read.seq,
        });
        Self {
            order_id: chat.order.id.clone(),
            kind: chat.order.kind,
            title: chat.order.title.clone(),
            participants: participants.collect(),
            state: chat.head.state,
            closed_at: None,
            head: chat.head.seq,
            unread: chat.unread,
            last_message: chat.last_message.as_ref().map(|message| Message::in_chat(message, chat, viewer)),
            created_at: Time(chat.order.created_at),
        }
    }
}

impl CatchUp {
    /// The wire form of a catch-up, or of a page of history, for `viewer`.
    pub fn of(caught: &Caught, viewer: &UserId) -> Self {
        let messages = caught.history.messages.iter();
        Self {
            messages: messages.map(|message| Message::in_chat(message, &caught.chat, viewer)).collect(),
            up_to: caught.history.up_to,
            head: caught.history.head,
            more: caught.history.more,
            epoch: Some(caught.history.epoch.clone()),
            reset: caught.history.reset,
        }
    }
}

impl Joined {
    /// The answer of a join, for `viewer`.
    pub fn of(caught: &Caught, viewer: &UserId) -> Self {
        Self::new(Chat::of(&caught.chat, viewer), CatchUp::of(caught, viewer))
    }
}

impl ChatList {
    /// A page of the list of `viewer`.
    pub fn of(list: &List, viewer: &UserId) -> Self {
        Self {
            chats: list.chats.iter().map(|chat| Chat::of(chat, viewer)).collect(),
            cursor: list.cursor.as_deref().map(Into::into),
        }
    }
}

impl Synced {
    /// The answer of a `sync`, for `viewer`.
    pub fn of(synced: &SyncedOrders, viewer: &UserId) -> Self {
        let orders = synced.orders.iter().map(|(order, outcome)| {
            let outcome = match outcome {
                Ok(caught) => SyncOutcome::CaughtUp(CatchUp::of(caught, viewer)),
                Err(refusal) => SyncOutcome::Refused { error: refusal.clone().into() },
            };
            (order.clone(), outcome)
        });
        Self { orders: orders.collect(), chats: synced.chats.iter().map(|chat| Chat::of(chat, viewer)).collect() }
    }
}
