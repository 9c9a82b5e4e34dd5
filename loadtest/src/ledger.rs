//! What was said, by order: what each message was meant to be, and what became of it. Devices of an order share its page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use souk_chat::{OrderId, UserId};
use souk_protocol::Code;

use crate::talk::{self, Stamp};

/// Microseconds since the run's epoch.
pub(crate) type Micros = u64;

/// An order of this process, and its messages.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    /// Its number in this process: what stamps say.
    pub(crate) number: u32,
    pub(crate) people: [UserId; 2],
    /// Length of its messages in characters.
    characters: usize,
    sent: Mutex<Vec<Sent>>,
    /// The highest number that was acknowledged.
    head: AtomicU64,
}

/// A message that was to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// The device that was to send it.
    pub(crate) device: u32,
    /// Whose device that is: a place in the order's people.
    pub(crate) person: usize,
    /// When it was meant to leave.
    pub(crate) due: Micros,
    /// When it first left.
    pub(crate) left: Option<Micros>,
    /// How often it left.
    pub(crate) times: u16,
    pub(crate) answer: Answer,
}

/// What a message was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    None,
    Acknowledged { at: Micros, seq: u64, moderated: bool },
    Refused { at: Micros, code: Code },
}

/// Something that cannot be true of a message's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) first: u64,
    pub(crate) now: u64,
}

impl Order {
    pub(crate) fn new(id: OrderId, number: u32, people: [UserId; 2], characters: usize) -> Arc<Self> {
        Arc::new(Self { id, number, people, characters, sent: Mutex::default(), head: AtomicU64::new(0) })
    }

    /// A new message by this device; `None`: the order has as many as stamps can say.
    pub(crate) fn plan(&self, device: u32, person: usize, due: Micros) -> Option<u32> {
        let mut sent = self.sent.lock();
        let index = u32::try_from(sent.len()).ok().filter(|_| sent.len() < talk::MESSAGES_MAX)?;
        sent.push(Sent { device, person, due, left: None, times: 0, answer: Answer::None });
        Some(index)
    }

    /// The text of this message.
    pub(crate) fn text(&self, message: u32) -> String {
        talk::text(Stamp { order: self.number, message }, self.characters)
    }

    /// It is written to a connection now. Returns whether for the first time.
    pub(crate) fn leaves(&self, message: u32, now: Micros) -> bool {
        self.with(message, |sent| {
            sent.times = sent.times.saturating_add(1);
            sent.left.get_or_insert(now);
            sent.times == 1
        })
        .unwrap_or(false)
    }

    /// It was acknowledged. Returns when it was due if this is its first answer. Errors: it was acknowledged under another number.
    pub(crate) fn acknowledged(
        &self,
        message: u32,
        now: Micros,
        seq: u64,
        moderated: bool,
    ) -> Result<Option<Micros>, Contradiction> {
        self.head.fetch_max(seq, Ordering::Relaxed);
        let answered = self.with(message, |sent| match sent.answer {
            Answer::Acknowledged { seq: first, .. } if first != seq => Err(Contradiction { first, now: seq }),
            Answer::Acknowledged { .. } => Ok(None),
            // A refusal of a repeat may cross the acknowledgement of the first: the message is there, that is what counts.
            Answer::None | Answer::Refused { .. } => {
                sent.answer = Answer::Acknowledged { at: now, seq, moderated };
                Ok(Some(sent.due))
            }
        });
        answered.unwrap_or(Ok(None))
    }

    /// It was refused.
    pub(crate) fn refused(&self, message: u32, now: Micros, code: Code) {
        self.with(message, |sent| {
            if sent.answer == Answer::None {
                sent.answer = Answer::Refused { at: now, code };
            }
        });
    }

    /// When a message was due and who was to send it.
    pub(crate) fn find(&self, message: u32) -> Option<Sent> {
        self.with(message, |sent| *sent)
    }

    /// The highest number that was acknowledged.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// Whether a message has no answer yet.
    pub(crate) fn waits(&self) -> bool {
        self.sent.lock().iter().any(|sent| sent.answer == Answer::None)
    }

    /// Everything that was to be said.
    pub(crate) fn all(&self) -> Vec<Sent> {
        self.sent.lock().clone()
    }

    fn with<T>(&self, message: u32, act: impl FnOnce(&mut Sent) -> T) -> Option<T> {
        let index = usize::try_from(message).ok()?;
        self.sent.lock().get_mut(index).map(act)
    }
}

/// The sender's own id of a message.
pub(crate) fn client_message_id(message: u32) -> souk_chat::ClientMessageId {
    souk_chat::ClientMessageId::new(&format!("m{message}")).expect("a letter and digits are an id")
}
