//! Logs longer than a volume. An engine with one volume does the same, and its head stays in volume 0.

use std::sync::Arc;

use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::Appended;
use souk_chat::{ChatState, Head, Side};

use super::Engine;
use super::chat::{Chat, key, own_key, texts};

fn assert_volume(engine: &dyn Engine, head: &Head) {
    if let Some(size) = engine.volume() {
        let full = (u64::from(head.volume) + 1) * size;
        assert!(head.seq.0 <= full && head.seq.0 >= full - size, "{head:?} is not in its volume");
    } else {
        assert_eq!(head.volume, 0);
    }
}

/// Messages `m-1` … `m-<count>`, sent in batches of five.
async fn fill(engine: &dyn Engine, chat: &mut Chat, count: u64) {
    while chat.head.seq.0 < count {
        let ids: Vec<_> =
            (chat.head.seq.0 + 1..=count).take(5).map(|n| (format!("m-{n}"), format!("text {n}"))).collect();
        let batch = chat
            .batch_after(&chat.head, &ids.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect::<Vec<_>>());
        let before = chat.head;
        match chat.try_append(&batch).await.unwrap() {
            Appended::Applied(head) => {
                assert!(head.seq > before.seq, "never none");
                assert_eq!(head.volume, before.volume, "a batch stays in its volume");
            }
            Appended::Refused => {
                chat.look().await;
                assert!(chat.head.volume > before.volume, "nobody else writes");
                assert_eq!(chat.head, Head { volume: chat.head.volume, ..before }, "state and counts are carried over");
            }
        }
        assert_volume(engine, &chat.head);
    }
}

pub async fn a_volumes_end_is_crossed_both_ways(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    fill(engine, &mut chat, 28).await;
    if let Some(size) = engine.volume() {
        assert!(u64::from(chat.head.volume) >= 28 / size - 1 && chat.head.volume > 0, "no volume's end was crossed");
    }
    let wanted: Vec<String> = (1..=28).map(|n| format!("text {n}")).collect();
    for page in [1, 3, 7, 8, 9, 100] {
        let entries = chat.all(page).await;
        assert_eq!(entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), (1..=28).collect::<Vec<_>>());
        assert_eq!(texts(&chat.all_messages(page).await), wanted);
    }
    chat.assert_dense().await;
    for before in 1..=30 {
        let found = chat.store.messages_before(chat.id(), Some(Seq(before)), 4).await.unwrap();
        let end = usize::try_from(before - 1).unwrap().min(28);
        assert_eq!(texts(&found), wanted[end.saturating_sub(4)..end].iter().collect::<Vec<_>>(), "before {before}");
    }
    let every_fifth: Vec<Seq> = (1..=28).step_by(5).map(Seq).collect();
    let found = chat.store.messages(chat.id(), &every_fifth).await.unwrap();
    assert_eq!(found.iter().map(|message| message.seq).collect::<Vec<_>>(), every_fifth);
    // Another node, which never saw this order, finds the newest volume, whatever it asks first.
    let mut other = chat.seen_by(engine.rival());
    assert_eq!(texts(&other.store.messages_before(chat.id(), None, 4).await.unwrap()), wanted[24..]);
    assert_eq!(other.store.head(chat.id()).await.unwrap(), Some(chat.head));
    other.look().await;
    assert_eq!(other.head, chat.head);
    assert_eq!(other.say(Side::Contractor, "from-elsewhere", "hello").await, Seq(29));
}

pub async fn the_newest_messages_are_found_by_who_lags_behind(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let rival = engine.rival();
    // The rival reads nothing else: each time it knows the volume that was the newest the last time.
    for count in [3, 8, 9, 16, 17, 30, 33] {
        fill(engine, &mut chat, count).await;
        for limit in [1, 5_u64] {
            let most = usize::try_from(limit).unwrap();
            let newest = rival.messages_before(chat.id(), None, most).await.unwrap();
            let wanted = (count.saturating_sub(limit) + 1..=count).map(|n| format!("text {n}"));
            assert_eq!(texts(&newest), wanted.collect::<Vec<_>>(), "the newest {limit} of {count}");
        }
    }
}

pub async fn an_id_of_an_earlier_volume_is_known(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    fill(engine, &mut chat, 20).await;
    let keys: Vec<_> = (1..=20).map(|n| key(&ann, &format!("m-{n}"))).collect();
    for store in [engine.store(), engine.rival()] {
        let look = store.look(chat.id(), &keys).await.unwrap().unwrap();
        assert_eq!(look.head, chat.head);
        let known: Vec<_> = look.known.iter().map(|known| known.as_ref().unwrap().seq.0).collect();
        assert_eq!(known, (1..=20).collect::<Vec<_>>());
    }
    assert_eq!(chat.known(key(&ann, "m-21")).await, None);
}

pub async fn a_message_of_an_earlier_volume_is_changed(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    fill(engine, &mut chat, 6).await;
    chat.edit(Seq(2), "e-7", "changed at home").await;
    for n in 8..=11 {
        chat.say(Side::Client, &format!("m-{n}"), &format!("text {n}")).await;
    }
    let stale = chat.message(Seq(2)).await;
    // 12 and 13 stand in the second volume, where there is one; 2 and 3 in the first.
    assert_eq!(chat.edit(Seq(2), "e-12", "changed from afar").await, Seq(12));
    let three = chat.message(Seq(3)).await;
    let both = |chat: &Chat, head: &Head| {
        let two = Arc::new(souk_chat::Message { version: 3, rev: Seq(12), ..stale.clone() });
        vec![chat.changed(head, &two, "two masked"), chat.changed(head, &three, "three masked")]
    };
    chat.append(|chat, head| chat.entry_after(head, own_key("mask"), Body::Masking(both(chat, head)))).await;
    let late = chat.entry_after(&chat.head, own_key("late"), Body::Masking(both(&chat, &chat.head)));
    assert_eq!(chat.try_append(&[late]).await.unwrap(), Appended::Refused, "versions moved on");
    let ann = chat.party(Side::Client).clone();
    let late = chat.entry_after(&chat.head, key(&ann, "late"), Body::Edit(chat.changed(&chat.head, &stale, "late")));
    assert_eq!(chat.try_append(&[late]).await.unwrap(), Appended::Refused, "versions moved on");
    for n in 14..=18 {
        chat.say(Side::Client, &format!("m-{n}"), &format!("text {n}")).await;
    }
    assert_eq!(chat.edit(Seq(2), "e-19", "changed from farther").await, Seq(19));
    assert_eq!(chat.edit(Seq(10), "e-20", "ten changed").await, Seq(20));

    for store in [engine.store(), engine.rival()] {
        let chat = chat.seen_by(store);
        let now = chat.message(Seq(2)).await;
        assert_eq!((&*now.content, now.version, now.rev), ("changed from farther", 5, Seq(19)));
        assert_eq!((now.edited_at, now.created_at), (Some(super::chat::at(19)), super::chat::at(2)));
        let three = chat.message(Seq(3)).await;
        assert_eq!((&*three.content, three.version, three.rev), ("three masked", 2, Seq(13)));
        let (now, three) = (Arc::new(now), Arc::new(three));
        for page in [3, 100] {
            let entries = chat.all(page).await;
            assert_eq!(entries[1].body, Body::Message(now.clone()));
            for edit in [7, 12, 19] {
                assert_eq!(entries[edit - 1].body, Body::Edit(now.clone()), "entry {edit}");
            }
            assert_eq!(entries[12].body, Body::Masking(vec![now.clone(), three.clone()]));
            let messages = chat.all_messages(page).await;
            assert_eq!(texts(&messages)[..4], ["text 1", "changed from farther", "three masked", "text 4"]);
            assert!(texts(&messages).contains(&"ten changed"));
        }
    }
    chat.assert_dense().await;
}

pub async fn two_writers_cross_a_volumes_end(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    super::races::fight(&chat, engine.rival(), 6, 3).await;
    let head = chat.store.head(chat.id()).await.unwrap().unwrap();
    assert_volume(engine, &head);
    assert!(engine.volume().is_none() || head.volume > 0, "no volume's end was crossed");
}

pub async fn a_closed_chat_stays_closed_in_the_next_volume(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    fill(engine, &mut chat, 7).await;
    chat.append(|chat, head| chat.entry_after(head, own_key("close"), Body::Closing)).await;
    for n in 9..=10 {
        chat.append(|chat, head| chat.entry_after(head, own_key(&format!("fence-{n}")), Body::Empty)).await;
    }
    chat.look().await;
    assert_eq!((chat.head.state, chat.head.seq, chat.head.counts.client), (ChatState::Closed, Seq(10), 7));
    chat.append(|chat, head| chat.entry_after(head, own_key("open"), Body::Reopening)).await;
    assert_eq!(chat.head.state, ChatState::Open);
    chat.assert_dense().await;
}
