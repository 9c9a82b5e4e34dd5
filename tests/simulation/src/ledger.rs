//! What was sent and what was promised: the checker's memory, of all clients together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::{Body, ClientMessageId, Message, NewEntry, OrderId, Owed, Seq, UserId};
use souk_moderation::{WINDOW_MESSAGES, spam};
use souk_protocol::dto;

use crate::coverage::Seen;
use crate::judge::{self, FIRST, SECOND};
use crate::store::{OrderLog, Shelf};
use crate::world::World;

/// What must never leave the node that it came to.
pub const CANARY: &str = "514-555-0101";

/// What is said again and again, in more or less these words.
pub const REPEATED: &str = "Buy now, best price!";

/// Names a message before it has a number.
pub type SendKey = (OrderId, UserId, ClientMessageId);

/// What is known of a message that somebody wanted to send.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The text as it was sent.
    pub text: String,
    /// What it was edited to say, as far as anybody asked for that.
    pub edits: Vec<String>,
    /// Somebody was told that it may not be said.
    pub refused: bool,
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
    /// Who was shown which message, on any device.
    shown: BTreeSet<(UserId, OrderId, Seq)>,
    /// Orders whose log lost something.
    lost: BTreeSet<OrderId>,
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
        let issued = Issued {
            text: text.to_owned(),
            edits: Vec::new(),
            refused: false,
            floor,
            acknowledged: None,
            node,
            times: 1,
        };
        book.issued.insert(key.clone(), issued);
    }

    /// An acknowledged message is to be edited.
    pub fn edit(&self, key: &SendKey, text: &str) {
        if let Some(issued) = self.book.lock().issued.get_mut(key) {
            issued.edits.push(text.to_owned());
        }
    }

    /// A send was refused for what it says.
    pub fn refuse(&self, key: &SendKey) {
        if let Some(issued) = self.book.lock().issued.get_mut(key) {
            issued.refused = true;
        }
    }

    /// Whether an order's log ends before this number, though it lost nothing.
    pub fn is_above(&self, order: &OrderId, seq: Seq) -> bool {
        let head = self.shelf.history().logs.get(order).map_or(Seq::ZERO, |log| log.head.seq);
        seq > head && !self.has_lost(order)
    }

    /// Whether an order's log lost something.
    pub fn has_lost(&self, order: &OrderId) -> bool {
        self.book.lock().lost.contains(order)
    }

    /// Whether clients see none of an order's entries between two numbers.
    pub fn is_empty_between(&self, order: &OrderId, after: Seq, before: Seq) -> bool {
        self.shelf.history().logs.get(order).is_some_and(|log| log.is_empty_between(after, before))
    }

    /// The messages that entries made, or also changed, after one number and up to another.
    pub fn touched(&self, order: &OrderId, after: Seq, up_to: Seq, changed: bool) -> BTreeSet<Seq> {
        let history = self.shelf.history();
        let Some(log) = history.logs.get(order) else { return BTreeSet::new() };
        let in_stretch = |seq: Seq| seq > after && seq <= up_to;
        let entries = log.entries.iter().map(|new| &new.entry).filter(|entry| in_stretch(entry.seq));
        let messages = entries.flat_map(|entry| entry.body.messages());
        messages.map(|message| message.seq).filter(|seq| changed || in_stretch(*seq)).collect()
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

    /// A message in an order that was acknowledged to somebody else.
    pub fn anothers(&self, order: &OrderId, user: &UserId) -> Option<Seq> {
        let book = self.book.lock();
        let of_another = |(key, _): &(&SendKey, &Issued)| key.0 == *order && key.1 != *user;
        book.issued.iter().filter(of_another).find_map(|(_, issued)| issued.acknowledged)
    }

    /// The highest number of an order that anybody was told.
    pub fn told(&self, order: &OrderId) -> Seq {
        self.book.lock().told.get(order).copied().unwrap_or_default()
    }

    /// A send was acknowledged: acknowledged is stored, one id is one message, and numbers follow time.
    pub fn acknowledge(&self, key: &SendKey, message: &dto::Message) {
        let seq = message.seq;
        let mut book = self.book.lock();
        let told = book.told.entry(key.0.clone()).or_default();
        *told = seq.max(*told);
        let Some(issued) = book.issued.get_mut(key) else {
            return self.world.fail("unsent", format!("{key:?} was acknowledged and never sent"));
        };
        match issued.acknowledged {
            Some(known) if known != seq => {
                self.world.fail("one id", format!("{key:?} was acknowledged at {known}, then at {seq}"));
            }
            Some(_) => self.world.saw(Seen::RetryAnswered),
            None => {
                issued.acknowledged = Some(seq);
                if seq <= issued.floor {
                    let floor = issued.floor;
                    self.world.fail(
                        "number order",
                        format!("{key:?} got {seq}, {floor} was acknowledged before it was sent"),
                    );
                }
            }
        }
        if message.client_message_id.as_ref() != Some(&key.2) || message.sender_id.as_ref() != Some(&key.1) {
            self.world.fail("acknowledged", format!("the answer to {key:?} is another message: {seq}"));
        }
        if message.is_moderated {
            self.world.saw(Seen::TextMasked);
        }
    }

    /// The store lost what stood after `kept` in an order: nothing is owed of it any more.
    pub fn lose(&self, order: &OrderId, kept: Seq) {
        let mut book = self.book.lock();
        book.lost.insert(order.clone());
        if let Some(told) = book.told.get_mut(order) {
            *told = kept.min(*told);
        }
        for (_, issued) in book.issued.iter_mut().filter(|(key, _)| key.0 == *order) {
            issued.floor = kept.min(issued.floor);
            issued.acknowledged = issued.acknowledged.filter(|seq| *seq <= kept);
        }
    }

    /// A message that `viewer` was shown must be the one in history, and one that was sent; nobody is shown an original or another's order.
    pub fn check_shown(&self, viewer: &UserId, message: &dto::Message) {
        self.book.lock().shown.insert((viewer.clone(), message.order_id.clone(), message.seq));
        let history = self.shelf.history();
        let Some(log) = history.logs.get(&message.order_id) else {
            return self.world.fail("unsent", format!("{viewer} was shown a message of no order: {}", message.id));
        };
        if log.order.side_of(viewer).is_none() {
            self.world.fail("stranger", format!("{viewer} was shown {} and is a stranger there", message.id));
        }
        // What was shown may have changed since: it must be a state that the message was in.
        let states = log.states(message.seq);
        let Some(stored) = states.iter().find(|state| state.version == message.version) else {
            let (id, version) = (&message.id, message.version);
            return self
                .world
                .fail("acknowledged", format!("{viewer} was shown {id} as {version}, which is not in history"));
        };
        let mine = message.sender_id.as_ref() == Some(viewer);
        let named = message.client_message_id == stored.client_message_id.clone().filter(|_| mine);
        // A push has its own entry's number, also where it shows a later state: read from the store to fill a hole.
        let by_entry = states.iter().any(|state| state.rev == message.rev && state.version <= message.version);
        if stored.sender != message.sender_id || stored.content != message.content || !by_entry || !named {
            let words = format!("{viewer} was shown {} unlike history has it: {message:?}, not {stored:?}", message.id);
            self.world.fail("acknowledged", words);
        }
    }

    /// The whole of history, at the end: acknowledged is stored, stored was sent, one id is one message, numbers are dense.
    pub fn check_history(&self) {
        let book = self.book.lock();
        let history = self.shelf.history();
        let mut stored: BTreeMap<SendKey, Vec<Seq>> = BTreeMap::new();
        for (order, log) in &history.logs {
            for (place, new) in log.entries.iter().enumerate() {
                let seq = new.entry.seq;
                if seq.0 != place as u64 + 1 {
                    self.world.fail("dense", format!("{order} has {seq} at place {}", place + 1));
                }
                self.note_moderation(place.checked_sub(1).map(|before| &log.entries[before]), new);
                let Body::Message(message) = &new.entry.body else { continue };
                let (Some(sender), Some(id)) = (&message.sender, &message.client_message_id) else {
                    self.world.fail("unsent", format!("{order}:{seq} has no sender or no id"));
                    continue;
                };
                let key = (order.clone(), sender.clone(), id.clone());
                match book.issued.get(&key) {
                    Some(issued) if issued.refused => {
                        self.world.fail("unsent", format!("{order}:{seq} was refused: {:?}", issued.text));
                    }
                    Some(issued) => self.check_states(log.states(seq), issued),
                    None if id.as_str().starts_with("old-") => {}
                    None => self.world.fail("unsent", format!("{order}:{seq} was never sent")),
                }
                stored.entry(key).or_default().push(seq);
            }
            self.check_parts(log);
            self.check_repetitions(log);
        }
        for (key, seqs) in &stored {
            if seqs.len() > 1 {
                self.world.fail("one id", format!("{key:?} stands at {seqs:?}"));
            }
        }
        for (key, issued) in &book.issued {
            if let Some(seq) = issued.acknowledged
                && stored.get(key).is_none_or(|seqs| **seqs != [seq])
            {
                self.world
                    .fail("acknowledged", format!("{key:?}, acknowledged at {seq}, stands at {:?}", stored.get(key)));
            }
        }
    }

    /// Whoever was not shown the last thing that their partner was told is said is owed a notification that covers it, and nobody
    /// is told twice of one message. An order whose log lost something may have lost what is owed.
    pub fn check_notified(&self) {
        let book = self.book.lock();
        let history = self.shelf.history();
        for (order, log) in history.logs.iter().filter(|(order, _)| !book.lost.contains(*order)) {
            for user in log.order.parties() {
                let theirs = |message: &&Arc<Message>| message.sender.as_ref() != Some(user);
                let is_told = |new: &&NewEntry| {
                    new.owed.iter().any(|owed| matches!(owed, Owed::Notification { to, .. } if to == user))
                };
                let told: Vec<&NewEntry> = log.entries.iter().filter(is_told).collect();
                let about = |new: &NewEntry| log.current().rev().filter(theirs).find(|m| m.seq <= new.entry.seq);
                let mut once = BTreeSet::new();
                for new in &told {
                    let Some(message) = about(new) else {
                        self.world.fail("owed", format!("{user} is told of nothing by {order}:{}", new.entry.seq));
                        continue;
                    };
                    if !once.insert(message.seq) {
                        self.world.fail("owed", format!("{user} is told twice of {order}:{}", message.seq));
                    }
                    if matches!(new.entry.body, Body::Empty) {
                        self.world.saw(Seen::NotifiedAfterwards);
                    }
                }
                // What a node wrote before it died, and nobody sent again, is acknowledged to nobody and may be in no list: it is found
                // in the log by whoever looks.
                let listed = history.row(user, order).map_or(Seq::ZERO, |row| row.head);
                let is_known = |message: &&Arc<Message>| {
                    let name = message.sender.clone().zip(message.client_message_id.clone());
                    let issued = name.and_then(|(sender, id)| book.issued.get(&(order.clone(), sender, id)));
                    message.seq <= listed || issued.is_some_and(|issued| issued.acknowledged == Some(message.seq))
                };
                let Some(last) = log.current().rev().filter(theirs).find(is_known) else { continue };
                if !book.shown.contains(&(user.clone(), order.clone(), last.seq)) {
                    self.world.saw(Seen::GoneUnseeing);
                    if !told.iter().any(|new| new.entry.seq >= last.seq) {
                        let seq = last.seq;
                        self.world.fail("owed", format!("{user} was never shown {order}:{seq}, and is not notified"));
                    }
                }
            }
        }
    }

    /// Each state of a message says what its author wrote, and follows the one before.
    fn check_states(&self, states: &[Arc<Message>], issued: &Issued) {
        let mut edits = 0;
        for (place, state) in states.iter().enumerate() {
            let texts = || std::iter::once(&issued.text).chain(&issued.edits);
            if !texts().any(|text| is_form_of(&state.content, text)) {
                self.world.fail("unsent", format!("{} says {:?}, nobody wrote that", state.id(), state.content));
            }
            edits += usize::from(place > 0 && state.edited_at != states[place - 1].edited_at);
            let follows = place.checked_sub(1).is_none_or(|before| states[before].rev < state.rev);
            if !follows || usize::try_from(state.version).ok() != Some(place + 1) {
                self.world.fail("one id", format!("{} is version {} at place {place}", state.id(), state.version));
            }
        }
        if edits > issued.edits.len() {
            self.world
                .fail("one id", format!("{edits} edits of {:?}, {} were asked for", issued.text, issued.edits.len()));
        }
    }

    /// What moderation added to a log, by itself.
    fn note_moderation(&self, before: Option<&NewEntry>, new: &NewEntry) {
        match &new.entry.body {
            Body::Masking(_) => {
                let by_edit = before.is_some_and(|before| matches!(before.entry.body, Body::Edit(_)));
                self.world.saw(if by_edit { Seen::MaskedByAnEdit } else { Seen::MaskedAfterTheFact });
                if (new.entry.seq.0 - 1).is_multiple_of(self.world.plan.volume) {
                    self.world.saw(Seen::MaskingCutOff);
                }
            }
            Body::Empty if new.entry.key.id.starts_with("refused~") => self.world.saw(Seen::RefusedRecorded),
            _ => {}
        }
    }

    /// Of what is split over two messages of one window, not both parts are shown in the end.
    fn check_parts(&self, log: &OrderLog) {
        let messages: Vec<&Arc<Message>> = log.current().collect();
        for (place, second) in messages.iter().enumerate() {
            let Some(part) = judge::part(&second.content, SECOND) else { continue };
            let first = format!("{FIRST}{}", &part[SECOND.len()..]);
            let theirs = messages[..place].iter().rev().filter(|message| message.sender == second.sender);
            for message in theirs.take(WINDOW_MESSAGES) {
                if judge::part(&message.content, FIRST) == Some(first.as_str()) {
                    self.world.fail("original", format!("{} and {} show both parts", message.id(), second.id()));
                }
            }
        }
    }

    /// Of what is spam the third time, not three stand in an order.
    fn check_repetitions(&self, log: &OrderLog) {
        let mut times: BTreeMap<&UserId, usize> = BTreeMap::new();
        let made = log.current().filter_map(|message| log.states(message.seq).first());
        for message in made.filter(|message| spam::form(&message.content) == spam::form(REPEATED)) {
            if let Some(sender) = &message.sender {
                *times.entry(sender).or_default() += 1;
            }
        }
        for (sender, times) in times.into_iter().filter(|(_, times)| *times >= spam::TIMES) {
            self.world.fail("spam", format!("{sender} said it {times} times in {}", log.order.id));
        }
    }
}

/// Whether `content` is what may be stored of `text`.
fn is_form_of(content: &str, text: &str) -> bool {
    // The real rules may take what stands beside a number for a part of it: that much is theirs to say.
    if let Some((before, _)) = text.split_once(CANARY) {
        return content.starts_with(before) && !content.contains(CANARY);
    }
    let part = judge::part(text, FIRST).or_else(|| judge::part(text, SECOND));
    content == text || part.is_some_and(|part| content == text.replace(part, "***"))
}
