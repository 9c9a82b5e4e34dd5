//! A chat as one person sees it.

use std::sync::Arc;

use futures_util::future::join3;

use crate::actor::Actor;
use crate::id::UserId;
use crate::log::Head;
use crate::message::Message;
use crate::order::{Order, Side};
use crate::refusal::Refusal;
use crate::watermark::Marks;

use super::Chats;

/// One of the two people of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub user: UserId,
    /// On which side.
    pub side: Side,
    /// Whether a device of theirs is connected; `false` also where presence is unknown.
    pub online: bool,
    /// How far they got, as shown.
    pub marks: Marks,
}

/// A chat as one person sees it.
#[derive(Clone, Debug)]
pub struct ChatView {
    /// The order.
    pub order: Arc<Order>,
    /// The end of its log.
    pub head: Head,
    /// Client first.
    pub participants: [Participant; 2],
    /// The other party's messages that the viewer has not read; 0 for who is no party.
    pub unread: u64,
    /// The newest message.
    pub last_message: Option<Message>,
}

impl ChatView {
    /// The marks that decide the status of a message by `sender`: the other party's.
    pub fn marks_against(&self, sender: Option<&UserId>) -> Marks {
        match sender.and_then(|user| self.order.side_of(user)) {
            Some(Side::Client) => self.participants[1].marks,
            Some(Side::Contractor) => self.participants[0].marks,
            None => Marks::default(),
        }
    }
}

impl Chats {
    /// The chat as this actor sees it. Errors: [`Refusal::Forbidden`], [`Refusal::Unavailable`].
    pub async fn chat(&self, actor: &Actor, id: &crate::id::OrderId) -> Result<ChatView, Refusal> {
        let order = self.readable(actor, id).await?;
        let head = self.head(&order).await?;
        self.view(actor, order, head, None).await
    }

    pub(super) async fn head(&self, order: &Order) -> Result<Head, Refusal> {
        let head = self.ports.store.head(&order.id).await?;
        head.ok_or(Refusal::Forbidden)
    }

    /// Puts the view together. `last`: the newest message, where the caller has read it already.
    pub(super) async fn view(
        &self,
        actor: &Actor,
        order: Arc<Order>,
        head: Head,
        last: Option<Message>,
    ) -> Result<ChatView, Refusal> {
        let parties = [order.client.clone(), order.contractor.clone()];
        let store = &self.ports.store;
        let users = order.parties();
        let newest = async {
            match last {
                Some(message) => Ok(Some(message)),
                None if head.counts.client + head.counts.contractor == 0 => Ok(None),
                None => store.messages_before(&order.id, None, 1).await.map(|mut found| found.pop()),
            }
        };
        let (marks, online, newest) =
            join3(store.marks(&order.id, &users), self.ports.presence.online(&parties), newest).await;
        let mut marks = marks?.into_iter();
        let last_message = newest?;
        let mut online = online.unwrap_or_default().into_iter();
        let participants = [Side::Client, Side::Contractor].map(|side| Participant {
            user: order.party(side).clone(),
            side,
            online: online.next().unwrap_or(false),
            marks: head.cap(marks.next().unwrap_or_default(), side),
        });
        let unread = order.side_of(&actor.user).map_or(0, |side| {
            let mine = &participants[if side == Side::Client { 0 } else { 1 }];
            head.counts.by(side.other()).saturating_sub(mine.marks.read.others)
        });
        Ok(ChatView { order, head, participants, unread, last_message })
    }
}
