//! What is not written, and that nothing of it is.

use souk_chat::limits::BATCH_ENTRIES;
use souk_chat::log::{Body, Head, Seq};
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{ChatState, Counts, NewEntry, Side};

use super::Engine;
use super::chat::{Chat, key, own_key, step};

/// Fails unless `entries` are refused and nothing of them is there.
pub(super) async fn assert_refused(chat: &Chat, head: &Head, entries: &[NewEntry]) {
    let before = chat.all(50).await;
    let refused = chat.store.append(chat.id(), head, entries).await.unwrap();
    assert_eq!(refused, Appended::Refused);
    assert_eq!(chat.all(50).await, before, "a refused batch wrote something");
    let keys: Vec<_> = entries.iter().map(|new| new.entry.key.clone()).collect();
    let look = chat.store.look(chat.id(), &keys).await.unwrap().unwrap();
    let there = |key| before.iter().find(|entry| entry.key == key).map(|entry| entry.seq);
    let known: Vec<_> = look.known.iter().map(|known| known.as_ref().map(|known| known.seq)).collect();
    assert_eq!(known, keys.into_iter().map(there).collect::<Vec<_>>(), "a refused batch left an id");
    assert_eq!(look.head.seq.0, before.len() as u64);
}

pub async fn a_stale_head_writes_nothing(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let old = chat.head;
    chat.say(Side::Client, "a", "one").await;
    let now = chat.head;
    assert_refused(&chat, &old, &chat.batch_after(&old, &[("b", "x"), ("c", "y")])).await;
    // Every part of the head is compared, not its number alone.
    for wrong in [
        Head { state: ChatState::Closed, ..now },
        Head { counts: Counts { client: 0, ..now.counts }, ..now },
        Head { counts: Counts { contractor: 1, ..now.counts }, ..now },
        Head { seq: Seq(4), ..now },
    ] {
        assert_refused(&chat, &wrong, &chat.batch_after(&wrong, &[("d", "x")])).await;
    }
    chat.say(Side::Client, "b", "two").await;
}

pub async fn a_known_id_writes_nothing(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    let batch = chat.batch_after(&chat.head, &[("a", "1"), ("b", "2"), ("c", "3")]);
    assert!(matches!(chat.try_append(&batch).await.unwrap(), Appended::Applied(_)));
    // Alone, and in every place of a batch.
    for texts in [
        &[("b", "again")][..],
        &[("b", "x"), ("n1", "x"), ("n2", "x")],
        &[("n1", "x"), ("b", "x"), ("n2", "x")],
        &[("n1", "x"), ("n2", "x"), ("b", "x")],
    ] {
        assert_refused(&chat, &chat.head, &chat.batch_after(&chat.head, texts)).await;
    }
    // An edit and an empty entry have ids of the same kind.
    let message = chat.message(Seq(1)).await;
    let edit = chat.entry_after(&chat.head, key(&ann, "c"), Body::Edit(chat.changed(&chat.head, &message, "x")));
    assert_refused(&chat, &chat.head, &[edit]).await;
    assert_eq!(chat.message(Seq(1)).await.version, 1);
    chat.append(|chat, head| chat.entry_after(head, own_key("fence"), Body::Empty)).await;
    let fence = chat.entry_after(&chat.head, own_key("fence"), Body::Empty);
    assert_refused(&chat, &chat.head, &[fence]).await;
    // The rest of a refused batch goes through without the repeat.
    let rest = chat.batch_after(&chat.head, &[("n1", "x"), ("n2", "y")]);
    assert!(matches!(chat.try_append(&rest).await.unwrap(), Appended::Applied(head) if head.seq == Seq(6)));
    chat.assert_dense().await;
}

pub async fn a_moved_version_writes_nothing(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    chat.say(Side::Client, "a", "one").await;
    let stale = chat.message(Seq(1)).await;
    chat.edit(Seq(1), "e-1", "two").await;
    let edit = |chat: &Chat, id: &str, message: &souk_chat::Message| {
        chat.entry_after(&chat.head, key(&ann, id), Body::Edit(chat.changed(&chat.head, message, "x")))
    };
    assert_refused(&chat, &chat.head, &[edit(&chat, "e-2", &stale)]).await;
    // Company does not help, whichever stands first.
    let with = chat.message_after(&chat.head, Side::Client, "b", "x");
    let head = step(&chat.head, &with);
    let late = chat.entry_after(&head, key(&ann, "e-3"), Body::Edit(chat.changed(&head, &stale, "x")));
    assert_refused(&chat, &chat.head, &[with, late]).await;
    // What is no message cannot be changed.
    let edit_of_edit = souk_chat::Message { seq: Seq(2), ..stale.clone() };
    assert_refused(&chat, &chat.head, &[edit(&chat, "e-4", &edit_of_edit)]).await;
    assert_eq!(&*chat.message(Seq(1)).await.content, "two");
}

pub async fn what_makes_no_sense_is_invalid(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    chat.say(Side::Client, "a", "one").await;
    let head = chat.head;
    let good = chat.batch_after(&head, &[("b", "2"), ("c", "3")]);
    let ahead = Head { seq: Seq(5), ..head };
    let twice = chat.batch_after(&head, &[("b", "2"), ("b", "3")]);
    let ids: Vec<String> = (0..=BATCH_ENTRIES).map(|n| format!("n-{n}")).collect();
    let many = chat.batch_after(&head, &ids.iter().map(|id| (id.as_str(), "x")).collect::<Vec<_>>());
    let mut falling = good.clone();
    falling[1].entry.counts.client = 0;
    let mut nothing = chat.entry_after(&head, own_key("mask"), Body::Masking(Vec::new()));
    nothing.entry.counts = head.counts;
    let mut elsewhere = chat.message_after(&head, Side::Client, "d", "x");
    if let Body::Message(message) = &mut elsewhere.entry.body {
        std::sync::Arc::make_mut(message).seq = Seq(1);
    }
    for (what, entries) in [
        ("no entries", Vec::new()),
        ("a hole before", chat.batch_after(&ahead, &[("b", "2")])),
        ("a hole inside", vec![good[0].clone(), good[0].clone()]),
        ("one id twice", twice),
        ("too many", many),
        ("falling counts", falling),
        ("a masking of nothing", vec![nothing]),
        ("a message that is numbered otherwise", vec![elsewhere]),
        ("an id that is too long", vec![chat.entry_after(&head, own_key(&"x".repeat(513)), Body::Empty)]),
    ] {
        let answer = chat.store.append(chat.id(), &head, &entries).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{what}: {answer:?}");
    }
    assert!(matches!(chat.try_append(&good).await.unwrap(), Appended::Applied(_)), "and the good one is taken");
    chat.assert_dense().await;
}

pub async fn a_closed_chat_is_another_head(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    chat.say(Side::Client, "a", "one").await;
    let closing = chat.entry_after(&chat.head, own_key("close"), Body::Closing);
    let open = step(&chat.head, &closing);
    chat.try_append(&[closing]).await.unwrap();
    assert_eq!(chat.head, Head { state: ChatState::Closed, ..open });
    assert_refused(&chat, &open, &chat.batch_after(&open, &[("b", "too late")])).await;
    chat.look().await;
    assert_eq!(chat.head.state, ChatState::Closed);
    chat.append(|chat, head| chat.entry_after(head, own_key("open"), Body::Reopening)).await;
    assert_eq!(chat.head.state, ChatState::Open);
}
