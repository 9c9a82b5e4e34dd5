//! Sending a message.

use std::sync::Arc;

use futures_channel::oneshot;
use futures_util::future::join;
use souk_moderation::{Category, Policy, Span, spam};

use crate::actor::{Actor, Role};
use crate::draft::Draft;
use crate::id::{ClientMessageId, OrderId};
use crate::limits::SEND_PATIENCE;
use crate::log::EntryKey;
use crate::message::{Message, Status};
use crate::order::Order;
use crate::ports::{Admission, Attempt, Origin, Said};
use crate::refusal::Refusal;

use super::Chats;
use super::sequencer::{Course, Job, Spam, Work, Written};

/// A message that somebody wants to send.
#[derive(Clone, Debug)]
pub struct Send {
    /// The chat.
    pub order: OrderId,
    /// The checked text.
    pub draft: Draft,
    /// The sender's id for it. A caller that was given none makes one with [`Chats::message_id`].
    pub id: ClientMessageId,
    /// The connection it came over, so that it can be told apart from the sender's other devices.
    pub origin: Origin,
}

/// A message that is in history.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The chat it is in.
    pub order: Arc<Order>,
    /// The message as it is now.
    pub message: Arc<Message>,
    /// It was there before: a retry was answered.
    pub repeat: bool,
    /// What was masked in the text as the sender wrote it, for the sender alone. Empty for a repeat, whose original is not known.
    pub masked: Arc<[Span]>,
}

impl Chats {
    /// A fresh id for a message whose sender named none.
    pub fn message_id(&self) -> ClientMessageId {
        let runtime = &self.ports.runtime;
        let text = format!("n-{:016x}{:016x}", runtime.random(), runtime.random());
        ClientMessageId::new(&text).expect("hexadecimal digits are in the alphabet")
    }

    /// Sends. Ordering: two sends of one order whose calls follow each other get rising numbers. Dropping the future does not
    /// take the message back; the same [`Send::id`] later finds out what became of it.
    ///
    /// Errors: [`Refusal::WrongRole`], [`Refusal::Forbidden`], [`Refusal::RateLimited`], [`Refusal::ChatClosed`], [`Refusal::RefusedByModeration`],
    /// [`Refusal::Spam`], [`Refusal::IdempotencyConflict`], [`Refusal::Unavailable`]; after the last one the message may be there.
    pub async fn send(&self, actor: &Actor, send: Send) -> Result<Sent, Refusal> {
        if matches!(actor.role, Role::Admin | Role::Service) {
            return Err(Refusal::WrongRole("client or contractor"));
        }
        let order = self.accessible(actor, &send.order).await?;
        let side = order.side_of(&actor.user).ok_or(Refusal::Forbidden)?;
        let limit_key = format!("{}/{}", send.order, send.id);
        let attempt = Attempt { user: &actor.user, key: &limit_key, said: self.said(actor, &send, &limit_key) };
        let recipient = std::slice::from_ref(order.party(side.other()));
        let admitted = self.ports.limiter.admit(&attempt);
        let (admission, online) = join(admitted, self.ports.presence.online(recipient)).await;

        let (done, answer) = oneshot::channel();
        let work = Work::Send {
            fingerprint: self.ports.fingerprints.of(send.draft.as_str()),
            // Presence that is unknown owes the notification: one too many is better than none.
            notify: !online.is_ok_and(|online| online.first().copied().unwrap_or(false)),
            spam: match admission {
                Admission::Repeated => Spam::Refused,
                Admission::Allowed { repeated: true, .. } => Spam::Told,
                Admission::Allowed { .. } | Admission::Limited { .. } => Spam::No,
            },
            id: send.id.clone(),
        };
        let job = Job {
            key: EntryKey { owner: Some(actor.user.clone()), id: send.id.as_str().into() },
            work,
            origin: send.origin,
            actor: actor.clone(),
            draft: send.draft.clone(),
            deadline: self.ports.runtime.monotonic() + SEND_PATIENCE,
            done: Some(done),
            course: Course::New,
        };
        if let Admission::Limited { retry_after } = admission {
            return match self.sequencer.known(&order, &job).await? {
                Some(written) => Ok(sent(order, written)),
                None => Err(Refusal::RateLimited { retry_after }),
            };
        }
        self.sequencer.submit(Arc::clone(&order), job);
        let result = answer.await.unwrap_or_else(|_| Err(Refusal::unavailable()));
        let counted = matches!(admission, Admission::Allowed { counted: true, .. });
        match &result {
            Ok(written) if !written.repeat => {}
            // Whether it was written is not known; its retry finds it counted and is not counted again.
            Err(Refusal::Unavailable { .. }) => {}
            // The send was a repeat; what it says was said, and goes on counting.
            Ok(_) if counted => self.ports.limiter.forgive(&Attempt { said: None, ..attempt }),
            Err(_) if counted => self.ports.limiter.forgive(&attempt),
            _ => {}
        }
        Ok(sent(order, result?))
    }

    /// What the limiter is to know of a text; `None`: repetitions do not matter, or there is nothing to repeat.
    fn said<'a>(&self, actor: &Actor, send: &'a Send, name: &str) -> Option<Said<'a>> {
        let rules = self.ports.rules.load();
        let policy = rules.policy(Category::Spam);
        if policy == Policy::Off {
            return None;
        }
        let form = spam::form(send.draft.as_str());
        if form.is_empty() {
            return None;
        }
        let number = |what: &str| self.ports.fingerprints.of(&format!("said\0{}\0{what}", actor.user)).number();
        let refuse = !rules.is_shadow() && matches!(policy, Policy::Refuse | Policy::Mask);
        Some(Said { order: &send.order, form: number(&form), name: number(name), refuse })
    }

    /// How far a sent message got by now: of use for a repeat. Where that cannot be read it is `sent`, which is never wrong.
    pub async fn status(&self, sent: &Sent) -> Status {
        let Some(side) = sent.message.sender.as_ref().and_then(|user| sent.order.side_of(user)) else {
            return Status::Sent;
        };
        let other = sent.order.party(side.other());
        let marks = self.ports.store.marks(&sent.order.id, &[other]).await.unwrap_or_default();
        sent.message.status(&marks.first().copied().unwrap_or_default().shown())
    }
}

pub(super) fn sent(order: Arc<Order>, written: Written) -> Sent {
    Sent { order, message: written.message, repeat: written.repeat, masked: written.masked }
}
