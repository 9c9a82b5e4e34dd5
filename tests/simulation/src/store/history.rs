//! What is stored, and the rules of the store's contract, without time or faults.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use souk_chat::log::{EntryKey, Head, NewEntry, Seq};
use souk_chat::ports::store::{Heartbeat, Incarnation, Known, ListRow, OutboxIntent};
use souk_chat::{
    Body, ChatKind, Entry, Fingerprint, Mark, Marks, Message, NewOrder, Order, OrderId, OwedRow, Timestamp, UserId,
};

/// One order's log.
pub struct OrderLog {
    /// The order.
    pub order: Order,
    /// Its end, as a serial read sees it.
    pub head: Head,
    /// Its entries, from number 1.
    pub entries: Vec<NewEntry>,
    volumes: Vec<u32>,
    keys: HashMap<(u32, EntryKey), (Seq, Option<Fingerprint>)>,
    /// Each message as its entries left it, one after another.
    states: BTreeMap<Seq, Vec<Arc<Message>>>,
    /// What quorum reads see: a write whose writer heard nothing may stay unseen until somebody reads at SERIAL.
    visible: usize,
    events_mark: Seq,
}

/// Why a batch was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The head is another.
    Head,
    /// A key stands in this volume.
    Key,
    /// The volume was full; the next is open now.
    Volume,
    /// A message that is to be changed is another version.
    Version,
    /// It makes no sense, and never will.
    Invalid,
}

impl OrderLog {
    /// Appends as much of `entries` as the volume takes, if the head is still `head` and no key stands in this volume.
    pub fn append(&mut self, head: &Head, entries: &[NewEntry], volume_size: u64) -> Result<Head, Refused> {
        self.visible = self.entries.len();
        if self.head != *head {
            return Err(Refused::Head);
        }
        let end = (u64::from(head.volume) + 1) * volume_size;
        if head.seq.0 >= end {
            self.head.volume += 1;
            return Err(Refused::Volume);
        }
        let room = usize::try_from(end - head.seq.0).unwrap_or(usize::MAX).min(entries.len());
        let entries = &entries[..room];
        if entries.iter().any(|new| self.keys.contains_key(&(head.volume, new.entry.key.clone()))) {
            return Err(Refused::Key);
        }
        if !self.follow(entries) {
            return Err(Refused::Version);
        }
        for new in entries {
            self.put(new.clone());
        }
        self.visible = self.entries.len();
        Ok(self.head)
    }

    /// Whether this name stands in the volume of `head`.
    pub fn has_key(&self, head: &Head, key: &EntryKey) -> bool {
        self.keys.contains_key(&(head.volume, key.clone()))
    }

    /// Whether every change of a message is to its newest version.
    fn follow(&self, entries: &[NewEntry]) -> bool {
        let mut versions: HashMap<Seq, u32> = HashMap::new();
        entries.iter().flat_map(|new| new.entry.body.messages()).all(|message| {
            let stored =
                || self.states.get(&message.seq).and_then(|states| states.last()).map_or(0, |last| last.version);
            let version = versions.entry(message.seq).or_insert_with(stored);
            let follows = *version + 1 == message.version;
            *version = message.version;
            follows
        })
    }

    fn put(&mut self, new: NewEntry) {
        let volume = self.head.volume;
        self.head.seq = new.entry.seq;
        self.head.counts = new.entry.counts;
        self.head.at = new.entry.at;
        self.keys.insert((volume, new.entry.key.clone()), (new.entry.seq, new.fingerprint));
        self.volumes.push(volume);
        for message in new.entry.body.messages() {
            self.states.entry(message.seq).or_default().push(Arc::clone(message));
        }
        self.entries.push(new);
    }

    /// All states that a message was in, oldest first.
    pub fn states(&self, seq: Seq) -> &[Arc<Message>] {
        self.states.get(&seq).map_or(&[], Vec::as_slice)
    }

    /// The messages as they are now.
    pub fn current(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> {
        self.states.values().filter_map(|states| states.last())
    }

    /// Whether clients see none of the entries between two numbers.
    pub fn is_empty_between(&self, after: Seq, before: Seq) -> bool {
        let place = |seq: Seq| usize::try_from(seq.0).unwrap_or(usize::MAX);
        let (from, to) = (place(after), place(before).saturating_sub(1));
        let Some(between) = self.entries.get(from..to.max(from)) else { return false };
        between.iter().all(|new| matches!(new.entry.body, Body::Empty))
    }

    /// A message as a quorum read sees it.
    fn seen(&self, seq: Seq) -> Option<&Arc<Message>> {
        let visible = |message: &&Arc<Message>| message.rev.0 <= self.visible as u64;
        self.states.get(&seq)?.iter().rev().find(visible)
    }

    fn as_it_is_now(&self, mut entry: Entry) -> Entry {
        let now = |message: &mut Arc<Message>| {
            if let Some(seen) = self.seen(message.seq) {
                *message = Arc::clone(seen);
            }
        };
        match &mut entry.body {
            Body::Message(message) | Body::Edit(message) | Body::System(message) => now(message),
            Body::Masking(messages) => messages.iter_mut().for_each(now),
            Body::Closing | Body::Reopening | Body::Empty => {}
        }
        entry
    }

    /// What no store may do: appends at whatever the head is, whether or not the keys are there.
    pub fn append_blindly(&mut self, entries: &[NewEntry]) -> Head {
        for new in entries {
            let mut new = new.clone();
            new.entry.seq = self.head.seq.next();
            if let Body::Message(message) = &new.entry.body {
                let message = Message { seq: new.entry.seq, rev: new.entry.seq, ..(**message).clone() };
                new.entry.body = Body::Message(message.into());
            }
            self.put(new);
        }
        self.visible = self.entries.len();
        self.head
    }

    /// Takes the last `count` entries back.
    pub(super) fn lose(&mut self, count: usize) -> Vec<NewEntry> {
        let kept = self.entries.len().saturating_sub(count);
        let lost = self.entries.split_off(kept);
        self.volumes.truncate(kept);
        self.keys.retain(|_, (seq, _)| seq.0 <= kept as u64);
        self.states.values_mut().for_each(|states| states.retain(|state| state.rev.0 <= kept as u64));
        self.states.retain(|_, states| !states.is_empty());
        self.settle();
        let (last, volume) = (self.entries.last(), self.volumes.last().copied().unwrap_or_default());
        let state = self.head.state;
        self.head = last.map_or(Head { state, ..Head::default() }, |new| {
            let entry = &new.entry;
            Head { seq: entry.seq, counts: entry.counts, volume, state, at: entry.at }
        });
        lost
    }

    /// The last `count` entries are not seen by quorum reads until something serial happens, or [`OrderLog::settle`].
    pub fn hide(&mut self, count: usize) {
        self.visible = self.entries.len().saturating_sub(count);
    }

    /// All is seen.
    pub fn settle(&mut self) {
        self.visible = self.entries.len();
    }

    /// Head and keys at SERIAL.
    pub fn look(&mut self, keys: &[EntryKey]) -> (Head, Vec<Option<Known>>) {
        self.settle();
        let find = |key: &EntryKey| {
            let mut volumes = (0..=self.head.volume).rev();
            let found = volumes.find_map(|volume| self.keys.get(&(volume, key.clone())));
            found.map(|(seq, fingerprint)| Known { seq: *seq, fingerprint: *fingerprint })
        };
        (self.head, keys.iter().map(find).collect())
    }

    /// The head as a quorum read sees it.
    pub fn quorum_head(&self) -> Head {
        if self.visible == self.entries.len() {
            return self.head;
        }
        match self.visible.checked_sub(1) {
            Some(last) => {
                let entry = &self.entries[last].entry;
                let (volume, state) = (self.volumes[last], self.head.state);
                Head { seq: entry.seq, counts: entry.counts, volume, state, at: entry.at }
            }
            None => Head { state: self.head.state, ..Head::default() },
        }
    }

    /// Entries after `after` as a quorum read sees them.
    pub fn after(&self, after: Seq, limit: usize) -> Vec<Entry> {
        let from = usize::try_from(after.0).unwrap_or(usize::MAX).min(self.visible);
        self.entries[from..self.visible].iter().take(limit).map(|new| self.as_it_is_now(new.entry.clone())).collect()
    }

    /// The messages below `before` as a quorum read sees them, at most `limit`, rising.
    pub fn messages_before(&self, before: Option<Seq>, limit: usize) -> Vec<Message> {
        let below = |seq: &Seq| before.is_none_or(|before| *seq < before);
        let seqs = self.states.keys().rev().filter(|seq| below(seq) && seq.0 <= self.visible as u64);
        let mut messages: Vec<Message> =
            seqs.filter_map(|seq| self.seen(*seq)).take(limit).map(|m| (**m).clone()).collect();
        messages.reverse();
        messages
    }

    /// What entries after `after` owe.
    pub fn owed(&self, after: Seq, limit: usize) -> Vec<OwedRow> {
        let mut rows: Vec<OwedRow> = Vec::new();
        for new in self.entries[..self.visible].iter().filter(|new| new.entry.seq > after) {
            if rows.len() >= limit {
                break;
            }
            let order = &self.order.id;
            rows.extend(new.owed.iter().map(|owed| OwedRow {
                order: order.clone(),
                seq: new.entry.seq,
                owed: owed.clone(),
            }));
        }
        rows
    }

    /// Up to here all events went out.
    pub fn events_mark(&self) -> Seq {
        self.events_mark
    }

    /// Raises that mark.
    pub fn raise_events_mark(&mut self, to: Seq) {
        self.events_mark = self.events_mark.max(to);
    }
}

/// All that is stored.
#[derive(Default)]
pub struct History {
    /// Logs by order.
    pub logs: BTreeMap<OrderId, OrderLog>,
    rows: BTreeMap<(UserId, OrderId), ListRow>,
    marks: BTreeMap<(OrderId, UserId), Marks>,
    /// Intents.
    pub intents: Vec<OutboxIntent>,
    /// Signs of life.
    pub heartbeats: Vec<Heartbeat>,
    /// What is kept apart.
    pub kept: super::Kept,
    /// Epochs that began before the one it is in.
    pub(super) epochs: u64,
    /// When that one began.
    pub(super) epoch_began: Timestamp,
}

impl History {
    /// Makes an order, or changes what may change; `None`: it is there with other parties.
    pub fn put_order(&mut self, new: &NewOrder, at: Timestamp) -> Option<(Order, bool)> {
        if let Some(log) = self.logs.get_mut(&new.id) {
            if log.order.client != new.client || log.order.contractor != new.contractor {
                return None;
            }
            log.order.title = new.title.clone().or_else(|| log.order.title.clone());
            log.order.status = new.status.unwrap_or(log.order.status);
            return Some((log.order.clone(), false));
        }
        let order = Order {
            id: new.id.clone(),
            kind: if new.id.is_direct() { ChatKind::Direct } else { ChatKind::Order },
            client: new.client.clone(),
            contractor: new.contractor.clone(),
            title: new.title.clone(),
            status: new.status.unwrap_or_default(),
            created_at: at,
        };
        for user in order.parties() {
            let row = ListRow { order: order.id.clone(), head: Seq::ZERO, others: 0, at, read: Mark::default() };
            self.rows.insert((user.clone(), order.id.clone()), row);
        }
        let log = OrderLog {
            order: order.clone(),
            head: Head::default(),
            entries: Vec::new(),
            volumes: Vec::new(),
            keys: HashMap::new(),
            states: BTreeMap::new(),
            visible: 0,
            events_mark: Seq::ZERO,
        };
        self.logs.insert(order.id.clone(), log);
        Some((order, true))
    }

    /// Raises both parties' rows.
    pub fn advance(&mut self, order: &Order, head: &Head, at: Timestamp) {
        for user in order.parties() {
            let Some(side) = order.side_of(user) else { continue };
            if let Some(row) = self.rows.get_mut(&(user.clone(), order.id.clone()))
                && row.head < head.seq
            {
                row.head = head.seq;
                row.others = head.counts.by(side.other());
                row.at = at;
            }
        }
    }

    /// A person's row of one order.
    pub fn row(&self, user: &UserId, order: &OrderId) -> Option<&ListRow> {
        self.rows.get(&(user.clone(), order.clone()))
    }

    /// A person's rows.
    pub fn list(&self, user: &UserId, limit: usize) -> Vec<ListRow> {
        self.rows.iter().filter(|((owner, _), _)| owner == user).map(|(_, row)| row.clone()).take(limit).collect()
    }

    /// Raises marks.
    pub fn raise(&mut self, order: &OrderId, user: &UserId, delivered: Option<Mark>, read: Option<Mark>) {
        let marks = self.marks.entry((order.clone(), user.clone())).or_default();
        marks.delivered = marks.delivered.max(delivered.unwrap_or_default());
        marks.read = marks.read.max(read.unwrap_or_default());
        let read = marks.read;
        if let Some(row) = self.rows.get_mut(&(user.clone(), order.clone())) {
            row.read = row.read.max(read);
        }
    }

    /// Marks of these people.
    pub fn marks(&self, order: &OrderId, users: &[UserId]) -> Vec<Marks> {
        let of = |user: &UserId| self.marks.get(&(order.clone(), user.clone())).copied().unwrap_or_default();
        users.iter().map(of).collect()
    }

    /// Intents of one process and minute.
    pub fn intents_of(&self, incarnation: &Incarnation, minute: i64, limit: usize) -> Vec<OutboxIntent> {
        let mine = |intent: &&OutboxIntent| intent.incarnation == *incarnation && intent.minute == minute;
        self.intents.iter().filter(mine).take(limit).cloned().collect()
    }

    /// Writes a sign of life.
    pub fn beat(&mut self, beat: &Heartbeat) {
        match self.heartbeats.iter_mut().find(|known| known.incarnation == beat.incarnation) {
            Some(known) if known.beat < beat.beat => *known = beat.clone(),
            Some(_) => {}
            None => self.heartbeats.push(beat.clone()),
        }
    }
}
