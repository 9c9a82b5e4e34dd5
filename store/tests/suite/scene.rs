//! A model of an order's log, and a writer that puts batches together: cases about changes are written in these words.

use std::collections::BTreeMap;
use std::sync::Arc;

use souk_chat::log::{Body, Entry, Head, Seq};
use souk_chat::ports::store::Appended;
use souk_chat::{Message, NewEntry, Side};
use souk_moderation::Category;

use super::Engine;
use super::chat::{Chat, key, own_key, step};

/// What the log should hold.
#[derive(Clone, Default)]
pub struct Model {
    pub log: Vec<Entry>,
    /// The messages as they are now.
    pub now: BTreeMap<Seq, Arc<Message>>,
}

impl Model {
    pub fn apply(&mut self, entries: &[NewEntry]) {
        for NewEntry { entry, .. } in entries {
            self.now.extend(entry.body.messages().iter().map(|message| (message.seq, message.clone())));
            self.log.push(entry.clone());
        }
    }

    /// The message that was made as the `n`th, counted from 0.
    pub fn nth(&self, n: usize) -> &Arc<Message> {
        self.now.values().nth(n).unwrap()
    }

    /// The log as it reads now: each message in its latest state.
    pub fn entries(&self) -> Vec<Entry> {
        let now = |message: &Arc<Message>| self.now[&message.seq].clone();
        let body = |body: &Body| match body {
            Body::Message(message) => Body::Message(now(message)),
            Body::System(message) => Body::System(now(message)),
            Body::Edit(message) => Body::Edit(now(message)),
            Body::Masking(messages) => Body::Masking(messages.iter().map(now).collect()),
            other => other.clone(),
        };
        self.log.iter().map(|entry| Entry { body: body(&entry.body), ..entry.clone() }).collect()
    }

    /// Fails unless every way of reading the order, as `chat` sees it, shows what the model holds.
    pub async fn assert_read(&self, chat: &Chat) {
        let (entries, messages) = (self.entries(), self.now.values().map(|m| (**m).clone()).collect::<Vec<_>>());
        for page in [8, 100] {
            assert_eq!(chat.all(page).await, entries, "entries by {page}");
            assert_eq!(chat.all_messages(page).await, messages, "messages by {page}");
        }
        // From the middle: what an entry changed is not among the entries read.
        for after in (0..entries.len()).step_by(5) {
            let some = chat.store.entries(chat.id(), Seq(after as u64), 4).await.unwrap();
            assert_eq!(some, entries[after..entries.len().min(after + 4)], "entries after {after}");
        }
        let numbers: Vec<Seq> = self.now.keys().copied().collect();
        for some in numbers.chunks(7) {
            let found = chat.store.messages(chat.id(), some).await.unwrap();
            assert!(found.iter().eq(some.iter().map(|seq| &*self.now[seq])), "messages {some:?}");
        }
        for limit in [1, 6] {
            let newest = chat.store.messages_before(chat.id(), None, limit).await.unwrap();
            assert_eq!(newest, messages[messages.len().saturating_sub(limit)..], "the newest {limit}");
        }
    }
}

/// An order, what should be in it, and the entries of the batch that is being put together.
pub struct Scene {
    pub chat: Chat,
    /// What was appended.
    pub model: Model,
    /// That, and the batch.
    pub drawn: Model,
    /// The head after the batch.
    pub head: Head,
    pub batch: Vec<NewEntry>,
}

impl Scene {
    pub async fn new(engine: &dyn Engine) -> Self {
        let chat = Chat::new(engine.store()).await;
        let (model, drawn, head) = (Model::default(), Model::default(), chat.head);
        Self { chat, model, drawn, head, batch: Vec::new() }
    }

    pub fn add(&mut self, new: NewEntry) {
        self.head = step(&self.head, &new);
        self.drawn.apply(std::slice::from_ref(&new));
        self.batch.push(new);
    }

    pub fn say(&mut self, side: Side) -> Seq {
        let seq = self.head.seq.next();
        self.add(self.chat.message_after(&self.head, side, &format!("m-{seq}"), &format!("text {seq}")));
        seq
    }

    pub fn edit(&mut self, target: Seq) {
        let message = self.drawn.now[&target].clone();
        let (by, id) = (message.sender.clone().unwrap(), format!("e-{}", self.head.seq.next()));
        let changed = self.chat.changed(&self.head, &message, &format!("text {target}, edited as {id}"));
        self.add(self.chat.entry_after(&self.head, key(&by, &id), Body::Edit(changed)));
    }

    pub fn masked(&self, target: Seq) -> Arc<Message> {
        let message = &self.drawn.now[&target];
        Arc::new(Message {
            rev: self.head.seq.next(),
            version: message.version + 1,
            content: format!("{}, masked ***", message.content).into(),
            is_moderated: true,
            flags: [Category::Phone, Category::Spam].into_iter().collect(),
            ..(**message).clone()
        })
    }

    pub fn mask(&mut self, targets: &[Seq]) {
        let body = Body::Masking(targets.iter().map(|target| self.masked(*target)).collect());
        let id = format!("mask-{}", self.head.seq.next());
        self.add(self.chat.entry_after(&self.head, own_key(&id), body));
    }

    pub fn nothing(&mut self) {
        let id = format!("fence-{}", self.head.seq.next());
        self.add(self.chat.entry_after(&self.head, own_key(&id), Body::Empty));
    }

    /// Gives up the batch.
    pub fn forget(&mut self) {
        self.drawn = self.model.clone();
        self.head = self.chat.head;
        self.batch.clear();
    }

    /// Appends the batch. Returns how many of its entries are in, 0 where a volume had to be opened first; the rest is forgotten.
    pub async fn send(&mut self) -> usize {
        let batch = std::mem::take(&mut self.batch);
        let before = self.chat.head;
        let sent = match self.chat.try_append(&batch).await.unwrap() {
            Appended::Applied(head) => usize::try_from(head.seq.0 - before.seq.0).unwrap(),
            Appended::Refused => {
                self.chat.look().await;
                assert!(self.chat.head.volume > before.volume, "refused, and no volume was opened");
                0
            }
        };
        self.model.apply(&batch[..sent]);
        self.forget();
        sent
    }

    /// Appends what `draw` draws, all in one batch.
    pub async fn send_whole(&mut self, draw: impl Fn(&mut Self)) {
        for _ in 0..2 {
            draw(self);
            let drawn = self.batch.len();
            match self.send().await {
                0 => {}
                sent if sent == drawn => return,
                sent => panic!("{sent} of {drawn} entries are in"),
            }
        }
        panic!("nobody else writes, yet two heads were refused");
    }

    /// Messages of both sides until the log has `count` entries.
    pub async fn fill(&mut self, count: u64) {
        while self.chat.head.seq.0 < count {
            for n in self.head.seq.0..count.min(self.head.seq.0 + 5) {
                self.say(if n % 3 == 0 { Side::Contractor } else { Side::Client });
            }
            self.send().await;
        }
    }

    pub async fn assert_read(&self, engine: &dyn Engine) {
        for store in [engine.store(), engine.rival()] {
            self.model.assert_read(&self.chat.seen_by(store)).await;
        }
        self.chat.assert_dense().await;
    }
}
