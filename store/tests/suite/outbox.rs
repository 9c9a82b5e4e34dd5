//! Owed events, intents and signs of life.

use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::{Heartbeat, Incarnation, OutboxIntent};
use souk_chat::{ModerationAction, Owed, OwedRow, Side, UserId};

use super::Engine;
use super::chat::{Chat, fresh, key, own_key};

fn notify(to: &UserId, name: Option<&str>) -> Owed {
    Owed::Notification { to: to.clone(), sender_name: name.map(str::to_owned) }
}

fn moderation(rules: &[&str]) -> Owed {
    Owed::Moderation {
        action: ModerationAction::Masked,
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        rules_version: "7=&%".into(),
        subject: souk_chat::Subject::Entry,
    }
}

pub async fn owed_rows_come_in_order_and_whole(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let (ann, bob) = (chat.party(Side::Client).clone(), chat.party(Side::Contractor).clone());
    let mut expected = Vec::new();
    for seq in 1..=20 {
        let owed = match seq % 4 {
            0 => vec![moderation(&["email", "phone.na"]), notify(&ann, None), notify(&bob, Some("Ann & Ко = 100%"))],
            1 => vec![notify(&bob, Some("Ann"))],
            _ => Vec::new(),
        };
        expected.extend(owed.iter().map(|owed| OwedRow {
            order: chat.id().clone(),
            seq: Seq(seq),
            owed: owed.clone(),
        }));
        chat.append(|chat, head| chat.owing_after(head, &format!("m-{seq}"), owed.clone())).await;
    }
    // An entry that shows nothing may owe as well.
    chat.append(|chat, head| {
        let mut fence = chat.entry_after(head, own_key("notify"), Body::Empty);
        fence.owed = vec![notify(&bob, None)];
        fence
    })
    .await;
    expected.push(OwedRow { order: chat.id().clone(), seq: Seq(21), owed: notify(&bob, None) });
    for limit in [1, 2, 3, 4, 100] {
        let mut found: Vec<OwedRow> = Vec::new();
        loop {
            let after = found.last().map_or(Seq::ZERO, |row| row.seq);
            let rows = chat.store.owed(chat.id(), after, limit).await.unwrap();
            let Some(last) = rows.last().cloned() else { break };
            let whole = |rows: &[OwedRow]| rows.iter().filter(|row| row.seq == last.seq).count();
            assert_eq!(whole(&rows), whole(&expected), "entry {} was split, limit {limit}", last.seq);
            assert!(rows.len() < limit + 3);
            found.extend(rows);
        }
        let order = |rows: &[OwedRow]| {
            let mut ids: Vec<_> = rows.iter().map(|row| (row.seq, row.event_id())).collect();
            assert!(ids.is_sorted_by_key(|(seq, _)| *seq), "owed rows rise");
            ids.sort();
            ids
        };
        assert_eq!(order(&found), order(&expected), "limit {limit}");
        assert!(expected.iter().all(|row| found.contains(row)), "what is owed comes back as it was");
    }
    assert_eq!(chat.store.events_mark(chat.id()).await.unwrap(), Seq::ZERO);
    for (to, now) in [(5, 5), (3, 5), (21, 21), (20, 21)] {
        chat.store.raise_events_mark(chat.id(), Seq(to)).await.unwrap();
        assert_eq!(engine.rival().events_mark(chat.id()).await.unwrap(), Seq(now));
    }
}

pub async fn an_intent_is_found_until_it_is_settled(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    intended(engine, OutboxIntent::shard_of(chat.id()), chat).await;
}

/// The same, of an intent that is kept in this part.
pub async fn intended(engine: &dyn Engine, shard: u8, mut chat: Chat) {
    let bob = chat.party(Side::Contractor).clone();
    let incarnation = Incarnation(fresh("node").into());
    let minute = 28_333_333;
    let intent = OutboxIntent {
        incarnation: incarnation.clone(),
        minute,
        shard,
        order: chat.id().clone(),
        key: key(chat.party(Side::Client), "m-1"),
        head: Seq::ZERO,
    };
    chat.store.intend(std::slice::from_ref(&intent)).await.unwrap();
    chat.append(|chat, head| chat.owing_after(head, "m-1", vec![notify(&bob, None)])).await;
    let found = async || {
        let found = engine.rival().intents(&incarnation, minute, 10_000).await.unwrap();
        found.into_iter().filter(|found| found.order == *chat.id()).collect::<Vec<_>>()
    };
    assert_eq!(found().await, std::slice::from_ref(&intent));
    chat.store.raise_events_mark(chat.id(), Seq(1)).await.unwrap();
    for _ in 0..2 {
        chat.store.drop_intents(std::slice::from_ref(&intent)).await.unwrap();
        assert!(found().await.is_empty());
    }
    chat.store.intend(&[]).await.unwrap();
    chat.store.drop_intents(&[]).await.unwrap();
}

pub async fn heartbeats_are_kept_until_forgotten(engine: &dyn Engine) {
    let (store, rival) = (engine.store(), engine.rival());
    let beat = |name: &str, beat| Heartbeat {
        incarnation: Incarnation(name.into()),
        beat,
        oldest_minute: 28_333_000,
        minute: 28_333_001,
    };
    let (one, two) = (fresh("n1"), fresh("n2"));
    let ours = async || {
        let mut all = Vec::new();
        for shard in 0..rival.heartbeat_shards() {
            all.extend(rival.heartbeats(shard).await.unwrap());
        }
        all.retain(|beat| *beat.incarnation.0 == *one || *beat.incarnation.0 == *two);
        all.sort_by_key(|beat| beat.beat);
        all
    };
    store.beat(&beat(&one, 1)).await.unwrap();
    rival.beat(&beat(&two, 7)).await.unwrap();
    store.beat(&Heartbeat { minute: 28_333_002, ..beat(&one, 2) }).await.unwrap();
    assert_eq!(ours().await, [Heartbeat { minute: 28_333_002, ..beat(&one, 2) }, beat(&two, 7)]);
    for _ in 0..2 {
        store.forget(&Incarnation(one.as_str().into())).await.unwrap();
        assert_eq!(ours().await, [beat(&two, 7)]);
    }
}
