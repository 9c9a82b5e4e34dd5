//! Several writers, and answers that get lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use souk_chat::log::{Body, Entry, EntryKey, Seq};
use souk_chat::ports::Store;
use souk_chat::ports::store::{Appended, Look, StoreError};
use souk_chat::{Message, Side};

use super::Engine;
use super::chat::{Chat, answered, key, own_key, step};

/// Appends a batch under ids of its own as the service does: against the head it knows; refused or unknown: look, then again
/// without what is there already. Returns how often it was refused.
async fn insist(chat: &mut Chat, side: Side, ids: &[String]) -> usize {
    let party = chat.party(side).clone();
    let mut left: Vec<&String> = ids.iter().collect();
    let mut refused = 0;
    for _ in 0..500 {
        let mut head = chat.head;
        let batch: Vec<_> = left
            .iter()
            .map(|id| {
                let new = chat.message_after(&head, side, id, id);
                head = step(&head, &new);
                new
            })
            .collect();
        match chat.try_append(&batch).await {
            Ok(Appended::Applied(head)) => {
                let done = left.iter().zip(&batch).filter(|(_, new)| new.entry.seq <= head.seq).count();
                left.drain(..done);
            }
            Ok(Appended::Refused) => refused += 1,
            Err(StoreError::Unknown(_)) => {}
            Err(error) => panic!("{error}"),
        }
        if left.is_empty() {
            return refused;
        }
        let keys: Vec<_> = left.iter().map(|id| key(&party, id)).collect();
        let look = answered(|| chat.store.look(chat.id(), &keys)).await.0.unwrap();
        chat.head = look.head;
        let mut known = look.known.into_iter();
        left.retain(|_| known.next().unwrap().is_none());
        if left.is_empty() {
            return refused;
        }
    }
    panic!("500 attempts did not get {left:?} in");
}

pub(super) async fn fight(chat: &Chat, rival: Arc<dyn Store>, batches: usize, size: usize) -> Vec<Entry> {
    let (mut left, mut right) = (chat.clone(), chat.seen_by(rival));
    let ids = |side: &str| -> Vec<Vec<String>> {
        (0..batches).map(|batch| (0..size).map(|n| format!("{side}-{batch}-{n}")).collect()).collect()
    };
    let (lefts, rights) = (ids("l"), ids("r"));
    let write = async |chat: &mut Chat, side: Side, all: &[Vec<String>]| {
        let mut refused = 0;
        for ids in all {
            refused += insist(chat, side, ids).await;
        }
        refused
    };
    let (one, other) =
        futures_util::join!(write(&mut left, Side::Client, &lefts), write(&mut right, Side::Contractor, &rights));
    assert!(one + other > 0, "nobody ever lost a race: they did not fight");
    let entries = chat.assert_dense().await;
    let written: HashSet<String> = entries.iter().map(|entry| entry.key.id.to_string()).collect();
    let sent: HashSet<String> = lefts.into_iter().chain(rights).flatten().collect();
    assert_eq!(written, sent, "something was lost or made up");
    assert_eq!(entries.len(), sent.len(), "something was doubled");
    entries
}

pub async fn two_writers_fight_over_one_order(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    let entries = fight(&chat, engine.rival(), 10, 3).await;
    // What each sent stands in the order it was sent.
    for prefix in ["l-", "r-"] {
        let own: Vec<_> = entries.iter().map(|entry| &*entry.key.id).filter(|id| id.starts_with(prefix)).collect();
        let sorted: Vec<_> = (0..10).flat_map(|b| (0..3).map(move |n| format!("{prefix}{b}-{n}"))).collect();
        assert_eq!(own, sorted);
    }
}

pub async fn two_writers_of_one_id_make_one_message(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    for round in 0..5 {
        let ids = [format!("same-{round}")];
        let writers = [engine.store(), engine.rival(), engine.store(), engine.rival()];
        join_all(writers.map(|store| {
            let (mut chat, ids) = (chat.seen_by(store), &ids);
            async move {
                chat.look().await;
                insist(&mut chat, Side::Client, ids).await
            }
        }))
        .await;
        assert_eq!(chat.assert_dense().await.len(), round + 1);
    }
}

pub async fn two_editors_of_one_message_take_turns(engine: &dyn Engine) {
    // Of two that write at once, one may be left without a clear answer: then there is nothing to say.
    for _ in 0..20 {
        if two_editors_take_turns(engine).await {
            return;
        }
    }
    panic!("in no round did both editors get an answer");
}

/// False: one of them got no answer.
async fn two_editors_take_turns(engine: &dyn Engine) -> bool {
    let mut chat = Chat::new(engine.store()).await;
    chat.say(Side::Client, "m", "0").await;
    // Both read version 1 and the same head; then each has the head of the other's entry, but not its version.
    let message = chat.message(Seq(1)).await;
    let mut rival = chat.seen_by(engine.rival());
    let edit = |chat: &Chat, id: &str| {
        let changed = chat.changed(&chat.head, &message, id);
        [chat.entry_after(&chat.head, key(chat.party(Side::Client), id), Body::Edit(changed))]
    };
    let (mine, theirs) = (edit(&chat, "mine"), edit(&rival, "theirs"));
    let answers = futures_util::join!(chat.try_append(&mine), rival.try_append(&theirs));
    let (mine, theirs) = match answers {
        (Ok(mine), Ok(theirs)) => (mine, theirs),
        (Err(StoreError::Unknown(_)), _) | (_, Err(StoreError::Unknown(_))) => return false,
        (Err(error), _) | (_, Err(error)) => panic!("{error}"),
    };
    let won = |answer| matches!(answer, Appended::Applied(_));
    assert!(won(mine) != won(theirs), "one of two edits wins: {mine:?}, {theirs:?}");
    let (loser, id) = if won(mine) { (&mut rival, "theirs") } else { (&mut chat, "mine") };
    loser.look().await;
    let late = edit(loser, id);
    assert_eq!(loser.try_append(&late).await.unwrap(), Appended::Refused, "the head is right, the version is not");
    loser.edit(Seq(1), id, id).await;
    assert_eq!(loser.message(Seq(1)).await.version, 3);
    assert_eq!(loser.assert_dense().await.len(), 3);
    true
}

pub async fn an_edit_never_shows_what_was_before_it(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    for n in 1..=10 {
        chat.say(Side::Client, &format!("m-{n}"), "0").await;
    }
    let (reader, done) = (chat.seen_by(engine.rival()), AtomicBool::new(false));
    let write = async {
        for n in 1..=30 {
            // From another volume than the message's, where there are several.
            chat.edit(Seq(2), &format!("e-{n}"), &format!("{n}")).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let read = async {
        let mut reads = 0;
        while !done.load(Ordering::Relaxed) {
            let entries = reader.store.entries(reader.id(), Seq::ZERO, 100).await.unwrap();
            for entry in &entries {
                if let Body::Edit(message) = &entry.body {
                    assert!(message.rev >= entry.seq, "entry {} shows the state of {}", entry.seq, message.rev);
                }
            }
            reads += 1;
        }
        assert!(reads > 3, "too few reads to say anything: {reads}");
    };
    futures_util::join!(write, read);
}

/// Looks until all of `keys` are known: what was on its way when its answer got lost may still be a moment from landing.
async fn look_until_found(chat: &Chat, keys: &[EntryKey]) -> Look {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let look = chat.store.look(chat.id(), keys).await.unwrap().unwrap();
        if look.known.iter().all(Option::is_some) {
            return look;
        }
        assert!(Instant::now() < deadline, "the write was applied, yet looking does not find it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn a_lost_answer_is_found_by_looking(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    chat.say(Side::Client, "before", "x").await;
    let batch = chat.batch_after(&chat.head, &[("lost-1", "one"), ("lost-2", "two")]);
    engine.append_losing_the_answer(chat.id(), &chat.head, &batch).await;
    let look = look_until_found(&chat, &[key(&ann, "lost-2"), key(&ann, "lost-1")]).await;
    let known: Vec<_> = look.known.iter().map(|known| known.as_ref().unwrap().seq.0).collect();
    assert_eq!((known, look.head.seq), (vec![3, 2], Seq(3)));
    // Sending the same again, against the old head and against the new one, makes nothing twice.
    assert_eq!(chat.try_append(&batch).await.unwrap(), Appended::Refused);
    chat.head = look.head;
    let again = chat.batch_after(&chat.head, &[("lost-1", "one"), ("lost-2", "two")]);
    assert_eq!(chat.try_append(&again).await.unwrap(), Appended::Refused);
    assert_eq!(chat.assert_dense().await.len(), 3);
}

pub async fn a_lost_answer_of_a_change_is_found_by_looking(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    // 2 stands in an earlier volume than the batch, where there are several; 9 in the same.
    for n in 1..=9 {
        chat.say(Side::Client, &format!("m-{n}"), "x").await;
    }
    let before = chat.message(Seq(2)).await;
    let batch = |chat: &Chat, two: &Message, nine: &Message| {
        let message = chat.message_after(&chat.head, Side::Client, "lost", "the number's other half");
        let head = step(&chat.head, &message);
        let masked = [two, nine].map(|message| chat.changed(&head, message, "***"));
        let masking = chat.entry_after(&head, own_key("mask-lost"), Body::Masking(masked.into()));
        vec![message, masking]
    };
    let lost = batch(&chat, &before, &chat.message(Seq(9)).await);
    engine.append_losing_the_answer(chat.id(), &chat.head, &lost).await;
    let look = look_until_found(&chat, &[key(&ann, "lost"), own_key("mask-lost")]).await;
    assert_eq!(look.head.seq, Seq(11));
    let (two, nine) = (chat.message(Seq(2)).await, chat.message(Seq(9)).await);
    assert_eq!((&*two.content, two.version, &*nine.content, nine.version), ("***", 2, "***", 2));
    // The same again, as it was and as it would be now, changes nothing.
    assert_eq!(chat.try_append(&lost).await.unwrap(), Appended::Refused);
    chat.head = look.head;
    let again = batch(&chat, &two, &nine);
    assert_eq!(chat.try_append(&again).await.unwrap(), Appended::Refused, "its key is known");
    assert_eq!(chat.message(Seq(2)).await, two);
    assert_eq!(chat.assert_dense().await.len(), 11);
}

pub async fn a_look_shows_one_state(engine: &dyn Engine) {
    const ROUNDS: usize = 300;
    let mut chat = Chat::new(engine.store()).await;
    let (reader, done) = (chat.seen_by(engine.rival()), AtomicBool::new(false));
    let own = |seq: u64| own_key(&format!("k-{seq}"));
    let write = async {
        for seq in 1..=ROUNDS as u64 {
            chat.append(|chat, head| chat.entry_after(head, own(seq), Body::Empty)).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let read = async {
        let (mut next, mut looks) = (1, 0);
        while !done.load(Ordering::Relaxed) {
            let keys: Vec<EntryKey> = (next..next + 8).map(own).collect();
            let look = reader.store.look(reader.id(), &keys).await.unwrap().unwrap();
            for (seq, known) in (next..).zip(&look.known) {
                let known = known.as_ref().map(|known| known.seq.0);
                let stands = (seq <= look.head.seq.0).then_some(seq);
                assert_eq!(known, stands, "the key of {seq}, where the head is {}", look.head.seq);
            }
            // All of them: any number may have been written since the last look.
            let entries = reader.store.entries(reader.id(), Seq(next - 1), ROUNDS).await.unwrap();
            let reached = entries.last().map_or(next - 1, |last| last.seq.0);
            assert!(reached >= look.head.seq.0, "entries end at {reached} below the head {}", look.head.seq);
            next = look.head.seq.0.max(next);
            looks += 1;
        }
        assert!(looks > 3, "too few looks to say anything: {looks}");
    };
    futures_util::join!(write, read);
}
