//! What was sent and what was promised: the checker's memory, of all clients together.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::{Body, ClientMessageId, OrderId, Seq, UserId};
use souk_protocol::dto;

use crate::coverage::Seen;
use crate::store::Shelf;
use crate::world::World;

/// What must never leave the node that it came to.
pub const CANARY: &str = "514-555-0101";

/// Names a message before it has a number.
pub type SendKey = (OrderId, UserId, ClientMessageId);

/// What is known of a message that somebody wanted to send.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The text as it was sent.
    pub text: String,
    /// The highest number of the order that anybody had been told when it was first sent.
    pub floor: Seq,
    /// The number it was acknowledged under.
    pub acknowledged: Option<Seq>,
    /// The node it was first sent to.
    pub node: usize,
    /// How often it was sent, by all devices.
    pub times: u64,
}

#[derive(Default)]
struct Book {
    issued: BTreeMap<SendKey, Issued>,
    told: BTreeMap<OrderId, Seq>,
    count: u64,
}

/// The checker's memory.
pub struct Ledger {
    world: Arc<World>,
    shelf: Arc<Shelf>,
    book: Mutex<Book>,
}

impl Ledger {
    /// An empty one.
    pub fn new(world: Arc<World>, shelf: Arc<Shelf>) -> Arc<Self> {
        Arc::new(Self { world, shelf, book: Mutex::default() })
    }

    /// A number for the next message; `None`: enough were begun.
    pub fn number(&self, most: u64) -> Option<u64> {
        let mut book = self.book.lock();
        (book.count < most).then(|| {
            book.count += 1;
            book.count
        })
    }

    /// A message is sent to a node.
    pub fn issue(&self, key: &SendKey, text: &str, node: usize) {
        let mut book = self.book.lock();
        let floor = book.told.get(&key.0).copied().unwrap_or_default();
        if let Some(issued) = book.issued.get_mut(key) {
            issued.times += 1;
            if issued.node != node {
                self.world.saw(Seen::SameIdOnTwoNodes);
            }
            return;
        }
        let issued = Issued { text: text.to_owned(), floor, acknowledged: None, node, times: 1 };
        book.issued.insert(key.clone(), issued);
    }

    /// Whether a message was sent once, by one device: then nothing but that one attempt can have given it its number.
    pub fn was_sent_once(&self, key: &SendKey) -> bool {
        self.book.lock().issued.get(key).is_some_and(|issued| issued.times == 1)
    }

    /// A message of this person that was begun: (its key, what is known), the `pick`th, round about.
    pub fn pick(&self, user: &UserId, pick: u64, acknowledged: bool) -> Option<(SendKey, Issued)> {
        let book = self.book.lock();
        let of_user =
            |(key, issued): &(&SendKey, &Issued)| key.1 == *user && (!acknowledged || issued.acknowledged.is_some());
        let count = book.issued.iter().filter(of_user).count();
        let place = usize::try_from(pick.checked_rem(count as u64)?).ok()?;
        book.issued.iter().filter(of_user).nth(place).map(|(key, issued)| (key.clone(), issued.clone()))
    }

    /// The highest number of an order that anybody was told.
    pub fn told(&self, order: &OrderId) -> Seq {
        self.book.lock().told.get(order).copied().unwrap_or_default()
    }

    /// A send was acknowledged: I1, I3, I8.
    pub fn acknowledge(&self, key: &SendKey, message: &dto::Message) {
        let seq = message.seq;
        let mut book = self.book.lock();
        let told = book.told.entry(key.0.clone()).or_default();
        *told = seq.max(*told);
        let Some(issued) = book.issued.get_mut(key) else {
            return self.world.fail("I2", format!("{key:?} was acknowledged and never sent"));
        };
        match issued.acknowledged {
            Some(known) if known != seq => {
                self.world.fail("I3", format!("{key:?} was acknowledged at {known}, then at {seq}"));
            }
            Some(_) => self.world.saw(Seen::RetryAnswered),
            None => {
                issued.acknowledged = Some(seq);
                if seq <= issued.floor {
                    let floor = issued.floor;
                    self.world.fail("I8", format!("{key:?} got {seq}, {floor} was acknowledged before it was sent"));
                }
            }
        }
        if message.client_message_id.as_ref() != Some(&key.2) || message.sender_id.as_ref() != Some(&key.1) {
            self.world.fail("I1", format!("the answer to {key:?} is another message: {seq}"));
        }
        if message.is_moderated {
            self.world.saw(Seen::TextMasked);
        }
    }

    /// A message that `viewer` was shown must be the one in history, and one that was sent: I1, I2, I10, I13.
    pub fn check_shown(&self, viewer: &UserId, message: &dto::Message) {
        let history = self.shelf.history();
        let Some(log) = history.logs.get(&message.order_id) else {
            return self.world.fail("I2", format!("{viewer} was shown a message of no order: {}", message.id));
        };
        if log.order.side_of(viewer).is_none() {
            self.world.fail("I13", format!("{viewer} was shown {} and is a stranger there", message.id));
        }
        let place = usize::try_from(message.seq.0).unwrap_or(usize::MAX);
        let Some(Body::Message(stored)) =
            place.checked_sub(1).and_then(|place| log.entries.get(place)).map(|new| &new.entry.body)
        else {
            return self.world.fail("I1", format!("{viewer} was shown {}, which is not in history", message.id));
        };
        let mine = message.sender_id.as_ref() == Some(viewer);
        let named = message.client_message_id == stored.client_message_id.clone().filter(|_| mine);
        if stored.sender != message.sender_id || stored.content != message.content || !named {
            self.world.fail("I1", format!("{viewer} was shown {} unlike history has it", message.id));
        }
    }

    /// The whole of history, at the end: I1 to I4.
    pub fn check_history(&self) {
        let book = self.book.lock();
        let history = self.shelf.history();
        let mut stored: BTreeMap<SendKey, Vec<Seq>> = BTreeMap::new();
        for (order, log) in &history.logs {
            for (place, new) in log.entries.iter().enumerate() {
                let seq = new.entry.seq;
                if seq.0 != place as u64 + 1 {
                    self.world.fail("I4", format!("{order} has {seq} at place {}", place + 1));
                }
                let Body::Message(message) = &new.entry.body else { continue };
                let (Some(sender), Some(id)) = (&message.sender, &message.client_message_id) else {
                    self.world.fail("I2", format!("{order}:{seq} has no sender or no id"));
                    continue;
                };
                let key = (order.clone(), sender.clone(), id.clone());
                match book.issued.get(&key) {
                    Some(issued) if is_form_of(&message.content, &issued.text) => {}
                    Some(issued) => self.world.fail("I2", format!("{order}:{seq} is not {:?}", issued.text)),
                    None if id.as_str().starts_with("old-") => {}
                    None => self.world.fail("I2", format!("{order}:{seq} was never sent")),
                }
                stored.entry(key).or_default().push(seq);
            }
        }
        for (key, seqs) in &stored {
            if seqs.len() > 1 {
                self.world.fail("I3", format!("{key:?} stands at {seqs:?}"));
            }
        }
        for (key, issued) in &book.issued {
            if let Some(seq) = issued.acknowledged
                && stored.get(key).is_none_or(|seqs| **seqs != [seq])
            {
                self.world.fail("I1", format!("{key:?}, acknowledged at {seq}, stands at {:?}", stored.get(key)));
            }
        }
    }
}

/// Whether `content` is what may be stored of `text`.
fn is_form_of(content: &str, text: &str) -> bool {
    match text.split_once(CANARY) {
        Some((before, after)) => content.starts_with(before) && content.ends_with(after) && !content.contains(CANARY),
        None => content == text,
    }
}
