//! What was really written, apart from history.

use souk_chat::limits::ORIGINALS_PER_BATCH;
use souk_chat::ports::{OriginalId, OriginalRow, Store, StoreError, Why};
use souk_chat::{EntryKey, OrderId, Seq, Side, Timestamp, UserId};

use super::Engine;
use super::chat::{Chat, at, fresh, key, own_key};

fn id(key: EntryKey, message: Option<u64>, why: Why) -> OriginalId {
    OriginalId { key, message: message.map(Seq), why }
}

/// A row with a sealed text of its own.
fn row(chat: &Chat, id: OriginalId, kept: u64) -> OriginalRow {
    let sealed = (0..=255).chain(id.key.id.bytes()).map(|byte: u8| byte.wrapping_add(kept.to_le_bytes()[0])).collect();
    let sender = chat.party(Side::Client).clone();
    OriginalRow { order: chat.id().clone(), id, version: 3, sender, at: at(kept), sealed }
}

/// All rows of an order, read in pages of `page`.
async fn all(store: &dyn Store, order: &OrderId, page: usize) -> Vec<OriginalRow> {
    let mut all: Vec<OriginalRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.id.clone());
        let rows = store.originals(order, after.as_ref(), page).await.unwrap();
        assert!(rows.len() <= page, "{} rows where at most {page} were asked for", rows.len());
        let last = rows.len() < page;
        all.extend(rows);
        if last {
            return all;
        }
    }
}

async fn assert_there(engine: &dyn Engine, chat: &Chat, rows: &[OriginalRow]) {
    for store in [engine.store(), engine.rival()] {
        for page in [1, 2, 5, 1_000] {
            assert_eq!(all(&*store, chat.id(), page).await, rows, "by {page}");
        }
    }
}

pub async fn rows_come_in_the_order_of_their_names(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    let user = |name: &str| UserId::new(name).unwrap();
    // As the names rise: souk itself before all people, then byte by byte.
    let ids = [
        id(own_key("mask/1"), Some(7), Why::MaskedLater),
        id(own_key("mask/10"), Some(2), Why::MaskedLater),
        id(own_key("mask/10"), Some(10), Why::MaskedLater),
        id(own_key("mask/2"), Some(1 << 40), Why::MaskedLater),
        id(key(&user("Zoe"), "a"), None, Why::Masked),
        id(key(&user("ann"), "M"), None, Why::Refused),
        id(key(&user("ann"), "m"), None, Why::Masked),
        id(key(&user("ann"), "m"), None, Why::Refused),
        id(key(&user("ann"), "m"), Some(1), Why::MaskedLater),
        id(key(&user("ann"), "m"), Some(1), Why::Replaced),
        id(key(&user("ann"), "m"), Some(1), Why::Edited),
        id(key(&user("ann"), "m"), Some(300), Why::Replaced),
        id(key(&user("ann"), "m-1"), None, Why::Masked),
        id(key(&user("ann"), "é 😀 '; --"), None, Why::Masked),
        id(key(&user("ann"), "я"), None, Why::Masked),
        id(key(&user("ann."), "a"), None, Why::Masked),
        id(key(&user("anna"), "a"), None, Why::Masked),
    ];
    let rows: Vec<_> = (1..).zip(ids).map(|(n, id)| row(&chat, id, n)).collect();
    let mut shuffled = rows.clone();
    shuffled.reverse();
    shuffled.rotate_left(5);
    chat.store.keep(&shuffled[..9]).await.unwrap();
    for one in &shuffled[9..] {
        engine.rival().keep(std::slice::from_ref(one)).await.unwrap();
    }
    assert_there(engine, &chat, &rows).await;
    // From a name that is not there.
    let nowhere = id(key(&user("ann"), "m"), Some(2), Why::Masked);
    assert_eq!(chat.store.originals(chat.id(), Some(&nowhere), 2).await.unwrap(), rows[11..13]);
    assert!(chat.store.originals(chat.id(), None, 0).await.unwrap().is_empty());
    // History knows nothing of it.
    assert!(chat.all(10).await.is_empty());
}

pub async fn a_row_that_is_there_is_overwritten(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    let (one, two) = (id(key(&ann, "a"), None, Why::Masked), id(key(&ann, "b"), Some(1), Why::Replaced));
    let old = [row(&chat, one.clone(), 1), row(&chat, two.clone(), 1)];
    for _ in 0..2 {
        // Repeating adds nothing.
        chat.store.keep(&old).await.unwrap();
        assert_there(engine, &chat, &old).await;
    }
    let new = OriginalRow { version: 9, sender: chat.party(Side::Contractor).clone(), ..row(&chat, two.clone(), 2) };
    chat.store.keep(std::slice::from_ref(&new)).await.unwrap();
    assert_there(engine, &chat, &[old[0].clone(), new]).await;
    // Of one call's rows of one name the last counts, all of it.
    let last = OriginalRow { version: 2, sealed: vec![0], ..row(&chat, two.clone(), 3) };
    chat.store.keep(&[row(&chat, two, 9), row(&chat, one, 8), last.clone()]).await.unwrap();
    let found = all(&*engine.store(), chat.id(), 10).await;
    assert_eq!((found.len(), &found[1]), (2, &last));
}

pub async fn each_order_has_its_own(engine: &dyn Engine) {
    let (chat, other) = (Chat::new(engine.store()).await, Chat::new(engine.store()).await);
    let name = id(own_key("mask"), Some(1), Why::MaskedLater);
    let (here, there) = (row(&chat, name.clone(), 1), row(&other, name, 2));
    chat.store.keep(std::slice::from_ref(&here)).await.unwrap();
    chat.store.keep(std::slice::from_ref(&there)).await.unwrap();
    assert_there(engine, &chat, &[here]).await;
    assert_there(engine, &other, &[there]).await;
    let nobody = OrderId::new(&fresh("o")).unwrap();
    assert!(engine.store().originals(&nobody, None, 10).await.unwrap().is_empty());
}

pub async fn an_order_of_many_volumes_has_all_of_them(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let ann = chat.party(Side::Client).clone();
    let mut rows = Vec::new();
    // Kept before each message, as it is done; the names fall and rise, and the volumes pass by.
    for n in 1..=26_u64 {
        let name = format!("m-{:02}", (n * 7) % 27);
        let one = row(&chat, id(key(&ann, &name), None, Why::Masked), n);
        chat.store.keep(std::slice::from_ref(&one)).await.unwrap();
        chat.say(Side::Client, &name, "***").await;
        rows.push(one);
    }
    rows.sort_by(|one, other| one.id.key.id.cmp(&other.id.key.id));
    assert_there(engine, &chat, &rows).await;
    // A name that was kept in an earlier volume, and is kept again now: the later one, and once.
    rows[4] = row(&chat, rows[4].id.clone(), 50);
    chat.store.keep(&rows[4..5]).await.unwrap();
    assert_there(engine, &chat, &rows).await;
}

pub async fn a_node_that_lags_behind_overwrites_as_well(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let name = id(key(chat.party(Side::Client), "m"), None, Why::Masked);
    for n in 1..=10 {
        chat.say(Side::Client, &format!("m-{n}"), "x").await;
    }
    chat.store.keep(&[row(&chat, name.clone(), 20)]).await.unwrap();
    // The rival never saw this order, and so none of its later volumes.
    let later = row(&chat, name, 21);
    engine.rival().keep(std::slice::from_ref(&later)).await.unwrap();
    assert_there(engine, &chat, &[later]).await;
}

pub async fn as_many_as_one_batch_needs_are_kept_at_once(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    let longest = |n: usize| OriginalRow {
        sealed: vec![n.to_le_bytes()[0]; 4 * souk_chat::limits::CONTENT_CHARS + 33],
        at: Timestamp(i64::MAX),
        version: 1 << 30,
        ..row(&chat, id(own_key(&format!("{n:0512}")), Some(n as u64 + 1), Why::MaskedLater), 1)
    };
    let rows: Vec<_> = (0..=ORIGINALS_PER_BATCH).map(longest).collect();
    chat.store.keep(&rows[1..]).await.unwrap();
    assert_there(engine, &chat, &rows[1..]).await;
    let refused = chat.store.keep(&rows).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "one too many: {refused:?}");
}

pub async fn rows_that_make_no_sense_are_invalid(engine: &dyn Engine) {
    let (chat, other) = (Chat::new(engine.store()).await, Chat::new(engine.store()).await);
    let good = row(&chat, id(own_key("a"), None, Why::Masked), 1);
    let with = |id: OriginalId| OriginalRow { id, ..good.clone() };
    for (what, bad) in [
        ("another order", OriginalRow { order: other.id().clone(), ..good.clone() }),
        ("no id", with(id(own_key(""), None, Why::Masked))),
        ("an id that is too long", with(id(own_key(&"x".repeat(513)), None, Why::Masked))),
        ("the message 0", with(id(own_key("a"), Some(0), Why::Replaced))),
    ] {
        let answer = chat.store.keep(&[good.clone(), bad]).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{what}: {answer:?}");
    }
    assert_there(engine, &chat, &[]).await;
    chat.store.keep(&[]).await.unwrap();
    chat.store.keep(std::slice::from_ref(&good)).await.unwrap();
    assert_there(engine, &chat, &[good]).await;
}
