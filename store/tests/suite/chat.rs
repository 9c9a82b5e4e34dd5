//! An order with two parties, and a writer that keeps its head: the words that cases are written in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use souk_chat::log::{Body, Entry, EntryKey, Head, NewEntry, Seq};
use souk_chat::ports::Store;
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{ClientMessageId, Fingerprint, Message, NewOrder, Order, OrderId, Owed, Side, Timestamp, UserId};
use souk_moderation::Categories;

/// Names that no other case, and no other run on the same database, uses.
pub fn fresh(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("{what}-{now:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The moment that the tests' entry `seq` was written.
pub fn at(seq: u64) -> Timestamp {
    Timestamp(1_700_000_000_000 + i64::try_from(seq).unwrap())
}

/// A person's key.
pub fn key(owner: &UserId, id: &str) -> EntryKey {
    EntryKey { owner: Some(owner.clone()), id: id.into() }
}

/// souk's own key.
pub fn own_key(id: &str) -> EntryKey {
    EntryKey { owner: None, id: id.into() }
}

/// A fingerprint that is different for every text.
pub fn print(text: &str) -> Fingerprint {
    let mut bytes = [7; 20];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to ^= from);
    Fingerprint(bytes)
}

/// Asks, again where there was no answer, for what may be repeated: of several servers that many ask for one thing at once, one
/// may well give none. Returns the answer, and how often there was none.
pub async fn answered<T, A: Future<Output = Result<T, StoreError>>>(mut ask: impl FnMut() -> A) -> (T, usize) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut unanswered = 0;
    loop {
        match ask().await {
            Ok(answer) => return (answer, unanswered),
            Err(StoreError::Unavailable(_) | StoreError::Unknown(_)) if Instant::now() < deadline => unanswered += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

/// An order and its log's head, as this writer knows it.
#[derive(Clone)]
pub struct Chat {
    pub store: Arc<dyn Store>,
    pub order: Order,
    pub head: Head,
}

impl Chat {
    /// Makes an order of two new people.
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let user = |name| UserId::new(&fresh(name)).unwrap();
        let new = NewOrder {
            id: OrderId::new(&fresh("o")).unwrap(),
            client: user("ann"),
            contractor: user("bob"),
            title: Some("A title".into()),
            status: None,
        };
        let (order, made) = store.put_order(&new, at(0)).await.unwrap().unwrap();
        assert!(made);
        Self { store, order, head: Head::default() }
    }

    /// The same order as somebody else sees it.
    pub fn seen_by(&self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self.clone() }
    }

    pub fn id(&self) -> &OrderId {
        &self.order.id
    }

    pub fn party(&self, side: Side) -> &UserId {
        self.order.party(side)
    }

    /// An entry that follows `head`, with the given key and body.
    pub fn entry_after(&self, head: &Head, key: EntryKey, body: Body) -> NewEntry {
        let seq = head.seq.next();
        let counts = match &body {
            Body::Message(message) => head.counts.plus(self.order.side_of(message.sender.as_ref().unwrap()).unwrap()),
            _ => head.counts,
        };
        let entry = Entry { seq, key, at: at(seq.0), counts, body };
        NewEntry { entry, fingerprint: None, owed: Vec::new() }
    }

    /// A message of `side` that follows `head`.
    pub fn message_after(&self, head: &Head, side: Side, id: &str, text: &str) -> NewEntry {
        let seq = head.seq.next();
        let message = Message {
            order: self.id().clone(),
            seq,
            rev: seq,
            version: 1,
            sender: Some(self.party(side).clone()),
            content: text.into(),
            edited_at: None,
            is_moderated: false,
            flags: Categories::EMPTY,
            created_at: at(seq.0),
            client_message_id: Some(ClientMessageId::new(id).unwrap()),
        };
        let mut new = self.entry_after(head, key(self.party(side), id), Body::Message(Arc::new(message)));
        new.fingerprint = Some(print(text));
        new
    }

    /// A batch of messages of the client that follows `head`.
    pub fn batch_after(&self, head: &Head, texts: &[(&str, &str)]) -> Vec<NewEntry> {
        let mut head = *head;
        texts
            .iter()
            .map(|(id, text)| {
                let new = self.message_after(&head, Side::Client, id, text);
                head = step(&head, &new);
                new
            })
            .collect()
    }

    /// A message of the client and what it owes.
    pub fn owing_after(&self, head: &Head, id: &str, owed: Vec<Owed>) -> NewEntry {
        NewEntry { owed, ..self.message_after(head, Side::Client, id, "owes") }
    }

    /// `message` as the next entry changes it.
    pub fn changed(&self, head: &Head, message: &Message, text: &str) -> Arc<Message> {
        let rev = head.seq.next();
        Arc::new(Message {
            rev,
            version: message.version + 1,
            content: text.into(),
            edited_at: Some(at(rev.0)),
            ..message.clone()
        })
    }

    /// Appends against the head that this writer knows, and no other.
    pub async fn try_append(&mut self, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        let appended = self.store.append(&self.order.id, &self.head, entries).await?;
        if let Appended::Applied(head) = appended {
            self.head = head;
        }
        Ok(appended)
    }

    /// Appends one entry made for whatever head it will follow, and opens a volume where one has to be opened.
    pub async fn append(&mut self, make: impl Fn(&Self, &Head) -> NewEntry) -> Seq {
        for _ in 0..4 {
            let new = make(self, &self.head);
            match self.try_append(&[new]).await.unwrap() {
                Appended::Applied(head) => return head.seq,
                Appended::Refused => self.look().await,
            }
        }
        panic!("nobody else writes, yet four heads were refused");
    }

    /// A message of `side`.
    pub async fn say(&mut self, side: Side, id: &str, text: &str) -> Seq {
        self.append(|chat, head| chat.message_after(head, side, id, text)).await
    }

    /// An edit of the message `target`, which is read first.
    pub async fn edit(&mut self, target: Seq, id: &str, text: &str) -> Seq {
        let message = self.message(target).await;
        self.append(|chat, head| {
            let by = message.sender.clone().unwrap();
            chat.entry_after(head, key(&by, id), Body::Edit(chat.changed(head, &message, text)))
        })
        .await
    }

    /// Learns the head.
    pub async fn look(&mut self) {
        self.head = answered(|| self.store.look(self.id(), &[])).await.0.unwrap().head;
    }

    /// The entry that a key made.
    pub async fn known(&self, key: EntryKey) -> Option<Seq> {
        let look = self.store.look(self.id(), &[key]).await.unwrap().unwrap();
        look.known[0].as_ref().map(|known| known.seq)
    }

    /// The message that entry `seq` made.
    pub async fn message(&self, seq: Seq) -> Message {
        self.store.messages(self.id(), &[seq]).await.unwrap().pop().unwrap()
    }

    /// The whole log, read in pages of `page`.
    pub async fn all(&self, page: usize) -> Vec<Entry> {
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let after = all.last().map_or(Seq::ZERO, |entry| entry.seq);
            let entries = self.store.entries(self.id(), after, page).await.unwrap();
            assert!(entries.len() <= page, "{} entries where at most {page} were asked for", entries.len());
            let last = entries.len() < page;
            all.extend(entries);
            if last {
                return all;
            }
        }
    }

    /// All messages, read downwards in pages of `page`.
    pub async fn all_messages(&self, page: usize) -> Vec<Message> {
        let mut all: Vec<Message> = Vec::new();
        loop {
            let before = all.first().map(|message| message.seq);
            let mut messages = self.store.messages_before(self.id(), before, page).await.unwrap();
            assert!(messages.len() <= page);
            let last = messages.len() < page;
            messages.extend(all);
            all = messages;
            if last {
                return all;
            }
        }
    }

    /// Fails unless the log is numbered 1, 2, 3 … and its counts are those of its messages.
    pub async fn assert_dense(&self) -> Vec<Entry> {
        let entries = self.all(7).await;
        let mut counts = souk_chat::Counts::default();
        for (seq, entry) in (1..).zip(&entries) {
            assert_eq!(entry.seq, Seq(seq));
            if let Body::Message(message) = &entry.body {
                assert_eq!(message.seq, entry.seq);
                counts = counts.plus(self.order.side_of(message.sender.as_ref().unwrap()).unwrap());
            }
            assert_eq!(entry.counts, counts, "counts at {seq}");
        }
        let head = self.store.head(self.id()).await.unwrap().unwrap();
        assert_eq!((head.seq.0, head.counts), (entries.len() as u64, counts));
        entries
    }
}

/// The head after `new`, in the same volume.
pub fn step(head: &Head, new: &NewEntry) -> Head {
    Head { seq: new.entry.seq, counts: new.entry.counts, at: new.entry.at, ..*head }
}

/// The texts of messages, in order.
pub fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| &*message.content).collect()
}
