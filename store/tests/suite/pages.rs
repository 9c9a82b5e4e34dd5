//! Long logs, in pages.

use souk_chat::Side;
use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::{Appended, StoreError};

use super::Engine;
use super::chat::{Chat, own_key, step};

pub async fn a_long_log_reads_the_same_both_ways(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    // 1 in 4 entries makes no message, and some stand in a row.
    let mut left = 90;
    while left > 0 {
        let mut head = chat.head;
        let mut batch = Vec::new();
        for _ in 0..15.min(left) {
            let seq = head.seq.0 + 1;
            let new = match seq % 20 {
                4..=7 | 0 => chat.entry_after(&head, own_key(&format!("fence-{seq}")), Body::Empty),
                n if n % 2 == 0 => chat.message_after(&head, Side::Client, &format!("c-{seq}"), &format!("text {seq}")),
                _ => chat.message_after(&head, Side::Contractor, &format!("k-{seq}"), &format!("text {seq}")),
            };
            head = step(&head, &new);
            batch.push(new);
        }
        let before = chat.head.seq;
        match chat.try_append(&batch).await.unwrap() {
            Appended::Applied(head) => left -= head.seq.0 - before.0,
            Appended::Refused => chat.look().await,
        }
    }
    let entries = chat.assert_dense().await;
    let up: Vec<_> = entries.iter().flat_map(|entry| entry.body.messages()).map(|m| (**m).clone()).collect();
    assert!(up.iter().all(|message| *message.content == *format!("text {}", message.seq)));
    for page in [1, 2, 3, 50, 89, 200] {
        assert_eq!(chat.all(page).await, entries, "upwards by {page}");
        assert_eq!(chat.all_messages(page).await, up, "downwards by {page}");
    }
    let before = |seq| chat.store.messages_before(chat.id(), Some(Seq(seq)), 3);
    let seqs = |found: Vec<souk_chat::Message>| found.iter().map(|m| m.seq.0).collect::<Vec<_>>();
    assert_eq!(seqs(before(8).await.unwrap()), [1, 2, 3]);
    assert_eq!(seqs(before(9).await.unwrap()), [2, 3, 8]);
    assert_eq!(seqs(before(10).await.unwrap()), [3, 8, 9]);
    for none in [0, 1] {
        assert!(before(none).await.unwrap().is_empty());
    }
    assert_eq!(seqs(before(u64::MAX).await.unwrap()), seqs(up[up.len() - 3..].to_vec()));
    for beyond in [90, 91, 1 << 40, u64::MAX] {
        assert!(chat.store.entries(chat.id(), Seq(beyond), 5).await.unwrap().is_empty(), "after {beyond}");
    }
    assert!(chat.store.entries(chat.id(), Seq(3), 0).await.unwrap().is_empty());
}

pub async fn messages_are_found_by_number(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    for n in 1..=20 {
        if n % 5 == 0 {
            chat.append(|chat, head| chat.entry_after(head, own_key(&format!("f-{n}")), Body::Empty)).await;
        } else {
            chat.say(Side::Client, &format!("m-{n}"), &format!("text {n}")).await;
        }
    }
    let asked = [19, 3, 5, 11, 3, 21, 1, 1 << 50, 0].map(Seq);
    let found = chat.store.messages(chat.id(), &asked).await.unwrap();
    assert_eq!(super::chat::texts(&found), ["text 1", "text 3", "text 11", "text 19"]);
    assert!(chat.store.messages(chat.id(), &[]).await.unwrap().is_empty());
    let many: Vec<Seq> = (1..=201).map(Seq).collect();
    assert_eq!(chat.store.messages(chat.id(), &many[..200]).await.unwrap().len(), 16);
    assert!(matches!(chat.store.messages(chat.id(), &many).await, Err(StoreError::Invalid(_))));
}
