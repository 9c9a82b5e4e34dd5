//! What is appended comes back.

use std::sync::Arc;

use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::Appended;
use souk_chat::{ChatState, Message, NewEntry, Side, Timestamp, UserId};
use souk_moderation::{Categories, Category};

use super::Engine;
use super::chat::{Chat, at, fresh, key, own_key, print, step};

pub async fn every_kind_of_entry_comes_back(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let (ann, bob) = (chat.party(Side::Client).clone(), chat.party(Side::Contractor).clone());
    let masked = |mut new: NewEntry| {
        let Body::Message(message) = &mut new.entry.body else { panic!("a message") };
        let message = Arc::make_mut(message);
        message.is_moderated = true;
        message.flags = [Category::Phone, Category::Link].into_iter().collect();
        message.created_at = at(900);
        new
    };
    chat.append(|chat, head| masked(chat.message_after(head, Side::Client, "m-1", "call ***"))).await;
    chat.say(Side::Contractor, "m-1", "the same id of another sender").await;
    let (one, two) = (chat.message(Seq(1)).await, chat.message(Seq(2)).await);

    let edited = chat.changed(&chat.head, &one, "call me");
    chat.append(|chat, head| chat.entry_after(head, key(&ann, "e-1"), Body::Edit(edited.clone()))).await;
    let hidden = [chat.changed(&chat.head, &edited, "***"), chat.changed(&chat.head, &two, "####")];
    chat.append(|chat, head| chat.entry_after(head, own_key("mask/1 б"), Body::Masking(hidden.to_vec()))).await;
    let system = Message { seq: Seq(5), rev: Seq(5), sender: None, client_message_id: None, ..plain(&one, "paid") };
    let system = Arc::new(system);
    chat.append(|chat, head| chat.entry_after(head, own_key("paid"), Body::System(system.clone()))).await;
    for (id, body) in [("close", Body::Closing), ("open", Body::Reopening), ("fence", Body::Empty)] {
        chat.append(|chat, head| chat.entry_after(head, own_key(id), body.clone())).await;
    }
    // A message whose sender and client id are not those of its key.
    let eve = UserId::new(&fresh("eve")).unwrap();
    chat.append(|chat, head| NewEntry {
        entry: souk_chat::Entry {
            key: key(&eve, "from-elsewhere"),
            ..chat.message_after(head, Side::Contractor, "m-9", "relayed").entry
        },
        fingerprint: None,
        owed: Vec::new(),
    })
    .await;

    let entries = chat.assert_dense().await;
    let [first, second] = hidden;
    let bodies = [
        Body::Message(first.clone()),
        Body::Message(second.clone()),
        Body::Edit(first.clone()),
        Body::Masking(vec![first.clone(), second]),
        Body::System(system),
        Body::Closing,
        Body::Reopening,
        Body::Empty,
    ];
    for (entry, body) in entries.iter().zip(&bodies) {
        assert_eq!(entry.body, *body, "entry {}", entry.seq);
        assert_eq!(entry.at, at(entry.seq.0));
    }
    assert_eq!((first.created_at, first.version, first.rev), (at(900), 3, Seq(4)));
    let keys = [key(&ann, "m-1"), key(&bob, "m-1"), key(&ann, "e-1"), own_key("mask/1 б"), own_key("paid")];
    assert_eq!(entries.iter().take(5).map(|entry| entry.key.clone()).collect::<Vec<_>>(), keys);
    let Body::Message(relayed) = &entries[8].body else { panic!("a message") };
    assert_eq!((relayed.sender.as_ref(), entries[8].key.owner.as_ref()), (Some(&bob), Some(&eve)));
    assert_eq!(relayed.client_message_id.as_ref().unwrap().as_str(), "m-9");
    assert_eq!(chat.store.head(chat.id()).await.unwrap().unwrap().state, ChatState::Open);
}

fn plain(message: &Message, text: &str) -> Message {
    Message {
        version: 1,
        content: text.into(),
        edited_at: None,
        is_moderated: false,
        flags: Categories::EMPTY,
        created_at: at(5),
        ..message.clone()
    }
}

pub async fn a_change_is_seen_wherever_the_message_is_read(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    for n in 1..=3 {
        chat.say(Side::Client, &format!("m-{n}"), &format!("text {n}")).await;
    }
    assert_eq!(chat.edit(Seq(2), "e-1", "better").await, Seq(4));
    assert_eq!(chat.edit(Seq(2), "e-2", "best").await, Seq(5));
    let now = chat.message(Seq(2)).await;
    assert_eq!((&*now.content, now.version, now.rev, now.edited_at), ("best", 3, Seq(5), Some(at(5))));
    assert_eq!(now.created_at, at(2));
    let now = Arc::new(now);
    let entries = chat.all(100).await;
    assert_eq!(entries[1].body, Body::Message(now.clone()));
    assert_eq!(entries[3].body, Body::Edit(now.clone()));
    // From the middle, where the message itself is not among the entries.
    let late = chat.store.entries(chat.id(), Seq(3), 10).await.unwrap();
    assert_eq!(late.iter().map(|entry| &entry.body).collect::<Vec<_>>(), [&Body::Edit(now.clone()); 2]);
    assert_eq!(chat.store.messages_before(chat.id(), Some(Seq(3)), 1).await.unwrap(), [(*now).clone()]);
}

pub async fn a_batch_may_change_what_it_makes(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    chat.say(Side::Client, "m-0", "zero").await;
    let zero = chat.message(Seq(1)).await;
    let made = chat.message_after(&chat.head, Side::Client, "m-1", "one");
    let mut head = step(&chat.head, &made);
    let mut batch = vec![made];
    let push = |id: &str, message: Arc<Message>, head: &mut souk_chat::Head, batch: &mut Vec<NewEntry>| {
        batch.push(chat.entry_after(head, key(&ann, id), Body::Edit(message)));
        *head = step(head, batch.last().unwrap());
    };
    let one = batch[0].entry.body.messages()[0].clone();
    let one = chat.changed(&head, &one, "one, edited");
    push("e-1", one.clone(), &mut head, &mut batch);
    let first = chat.changed(&head, &zero, "zero, edited");
    push("e-2", first.clone(), &mut head, &mut batch);
    let second = chat.changed(&head, &first, "zero, edited twice");
    push("e-3", second.clone(), &mut head, &mut batch);
    assert!(matches!(chat.try_append(&batch).await.unwrap(), Appended::Applied(head) if head.seq == Seq(5)));
    assert_eq!(chat.message(Seq(1)).await, *second);
    assert_eq!(chat.message(Seq(2)).await, *one);
    assert_eq!(chat.assert_dense().await[3].body, Body::Edit(second));
}

pub async fn texts_of_every_script_come_back(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let long = "😀".repeat(2_000);
    let texts = ["Привет,\nмир", "œuvre à Montréal", "สวัสดี", "👩‍👩‍👧", "a\u{0}b", "'; DROP TABLE log; --", &long];
    for (n, text) in texts.iter().enumerate() {
        chat.say(Side::Contractor, &format!("t-{n}"), text).await;
    }
    let back = chat.store.messages_before(chat.id(), None, 100).await.unwrap();
    assert_eq!(super::chat::texts(&back), texts);
}

pub async fn an_absent_key_is_told_beside_a_known_one(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let (ann, bob) = (chat.party(Side::Client).clone(), chat.party(Side::Contractor).clone());
    let batch = chat.batch_after(&chat.head, &[("a", "one"), ("b", "two")]);
    chat.try_append(&batch).await.unwrap();
    let stranger = UserId::new(&fresh("eve")).unwrap();
    let keys = [key(&ann, "none"), key(&ann, "b"), key(&bob, "b"), key(&ann, "a"), own_key("a"), key(&stranger, "a")];
    let look = chat.store.look(chat.id(), &keys).await.unwrap().unwrap();
    assert_eq!(look.head, chat.head);
    let known: Vec<_> = look.known.iter().map(|known| known.as_ref().map(|known| known.seq.0)).collect();
    assert_eq!(known, [None, Some(2), None, Some(1), None, None]);
    assert_eq!(look.known[1].as_ref().unwrap().fingerprint, Some(print("two")));
}

pub async fn a_head_knows_when_its_last_entry_was_written(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    assert_eq!(chat.head.at, Timestamp::default());
    // Over volumes' ends, where there are some; the last is no message.
    for n in 1..=20 {
        chat.say(Side::Client, &format!("m-{n}"), "x").await;
    }
    chat.append(|chat, head| chat.entry_after(head, own_key("fence"), Body::Empty)).await;
    for store in [engine.store(), engine.rival()] {
        let look = store.look(chat.id(), &[]).await.unwrap().unwrap();
        assert_eq!((look.head, look.head.at), (chat.head, at(21)));
        assert_eq!(store.head(chat.id()).await.unwrap(), Some(chat.head));
    }
}
