//! The conformance suite on SQLite, and what is SQLite's own: one process at a time, grouped commits, damaged files.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod old;
mod suite;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::ports::{AuditAction, AuditId, AuditRow, KeptSettings, OriginalId, OriginalRow, Store, Why};
use souk_chat::{Head, NewEntry, OrderId, Role, Seq, Side, Timestamp};
use souk_store::{OpenError, Opened, Settings, open};
use suite::Engine;
use suite::chat::Chat;

struct Sqlite(Opened);

#[async_trait]
impl Engine for Sqlite {
    fn store(&self) -> Arc<dyn Store> {
        self.0.store.clone()
    }

    fn rival(&self) -> Arc<dyn Store> {
        self.0.store.clone()
    }

    fn settings(&self) -> [Arc<dyn KeptSettings>; 2] {
        [self.0.settings.clone(), self.0.settings.clone()]
    }

    fn volume(&self) -> Option<u64> {
        None
    }

    async fn append_losing_the_answer(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) {
        // Polled once, the write is on its way; the caller goes away before the answer.
        let mut append = self.0.store.append(order, head, entries);
        assert!((&mut append).now_or_never().is_none(), "the answer was there at once: nothing was lost");
    }
}

fn address(folder: &tempfile::TempDir) -> String {
    format!("sqlite:{}", folder.path().join("souk.db").display())
}

async fn opened(folder: &tempfile::TempDir, settings: &Settings) -> Opened {
    open(&address(folder), settings).await.unwrap()
}

async fn store(folder: &tempfile::TempDir) -> Arc<dyn Store> {
    opened(folder, &Settings::default()).await.store
}

/// Indexes lag this many entries behind.
fn lagging_by(recent_entries: usize) -> Settings {
    Settings { recent_entries, ..Settings::default() }
}

async fn lagging(folder: &tempfile::TempDir, recent_entries: usize) -> Arc<dyn Store> {
    opened(folder, &lagging_by(recent_entries)).await.store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    suite::run(&Sqlite(opened(&folder, &Settings::default()).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_passes_the_suite_whatever_is_indexed() {
    for recent in [0, 1, 7, 40] {
        let folder = tempfile::tempdir().unwrap();
        suite::run(&Sqlite(opened(&folder, &lagging_by(recent)).await)).await;
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = lagging(&folder, 20).await;
    let mut known = Vec::new();
    for _ in 0..3 {
        let chat = Chat::new(first.clone()).await;
        known.push((chat.order, chat.head));
    }
    drop(first);
    // Each time other entries are indexed already, and others are not.
    for (round, recent) in [20, 5, 0, 1_000, 0].into_iter().enumerate() {
        let store = lagging(&folder, recent).await;
        for (n, known) in known.iter_mut().enumerate() {
            let mut chat = Chat { store: store.clone(), order: known.0.clone(), head: known.1 };
            let before = chat.assert_dense().await;
            assert_eq!(before.len(), round * 10);
            assert_eq!(chat.store.order(chat.id()).await.unwrap().as_ref(), Some(&chat.order));
            let head = chat.head;
            chat.look().await;
            assert_eq!(chat.head, head);
            for m in 0..10 {
                let id = format!("m-{round}-{n}-{m}");
                chat.say(Side::Client, &id, &id).await;
                assert_eq!(chat.known(suite::chat::key(chat.party(Side::Client), &id)).await, Some(chat.head.seq));
            }
            if let Some(first) = before.first() {
                let again = chat.message_after(&chat.head, Side::Client, &first.key.id, "again");
                assert_eq!(chat.try_append(&[again]).await.unwrap(), Appended::Refused, "an old id is known for ever");
            }
            known.1 = chat.head;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_always_see_a_whole_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = lagging(&folder, 10).await;
    let chats = futures_util::future::join_all((0..6).map(|_| Chat::new(store.clone()))).await;
    let writers = chats.clone().into_iter().map(async |mut chat| {
        for n in 0..150 {
            chat.say(Side::Client, &format!("m-{n}"), "x").await;
        }
    });
    let writing = std::sync::atomic::AtomicBool::new(true);
    let readers = chats.iter().map(async |chat| {
        let mut reads = 0;
        while writing.load(std::sync::atomic::Ordering::Relaxed) {
            let head = store.head(chat.id()).await.unwrap().unwrap();
            let entries = store.entries(chat.id(), Seq::ZERO, 1_000).await.unwrap();
            assert!(entries.len() as u64 >= head.seq.0, "{} entries below the head {}", entries.len(), head.seq);
            assert!((1..).zip(&entries).all(|(seq, entry)| entry.seq == Seq(seq)), "a hole");
            let newest = store.messages_before(chat.id(), None, 5).await.unwrap();
            assert!(newest.len() >= entries.len().min(5), "messages that were there are gone");
            assert!(newest.windows(2).all(|pair| pair[0].seq.next() == pair[1].seq), "a hole");
            reads += 1;
        }
        reads
    });
    let write = async {
        futures_util::future::join_all(writers).await;
        writing.store(false, std::sync::atomic::Ordering::Relaxed);
    };
    let ((), reads) = futures_util::join!(write, futures_util::future::join_all(readers));
    assert!(reads.iter().all(|reads| *reads > 5), "too few reads to say anything: {reads:?}");
}

#[tokio::test]
async fn a_file_serves_one_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(&folder).await;
    let refused = open(&address(&folder), &Settings::default()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("is in use"));
    assert!(matches!(
        souk_store::migrate(&address(&folder), &Settings::default()).await,
        Err(OpenError::Locked { .. })
    ));
    drop(first);
    store(&folder).await;
}

#[tokio::test]
async fn files_that_are_not_ours_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("souk.db");
    let opened = async || open(&address(&folder), &Settings::default()).await.err().unwrap();

    std::fs::write(&path, "this is a text, and no database at all ".repeat(100)).unwrap();
    assert!(matches!(opened().await, OpenError::File { why, .. } if why.contains("not a database")));
    std::fs::remove_file(&path).unwrap();

    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(opened().await, OpenError::Foreign { .. }));
    std::fs::remove_file(&path).unwrap();

    drop(store(&folder).await);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(opened().await, OpenError::Newer { found: 99, .. }));

    let nowhere = open("sqlite:/proc/nowhere/souk.db", &Settings::default()).await.err().unwrap();
    assert!(matches!(nowhere, OpenError::File { .. }), "{nowhere}");
}

#[tokio::test]
async fn a_damaged_file_is_told_and_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(lagging(&folder, 0).await).await;
    for n in 0..300 {
        chat.say(Side::Client, &format!("m-{n}"), "a text that is long enough to need some pages").await;
    }
    let (order, head) = (chat.order.clone(), chat.head);
    drop(chat);
    // Everything behind the first pages, which hold the schema: what opens may still be broken inside.
    let path = folder.path().join("souk.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4 * 4096..].fill(0xAB);
    std::fs::write(&path, bytes).unwrap();
    let Ok(opened) = open(&address(&folder), &Settings::default()).await else { return };
    let chat = Chat { store: opened.store, order, head };
    let read = chat.store.entries(chat.id(), Seq::ZERO, 1_000).await;
    assert!(matches!(read, Err(StoreError::Invalid(_))), "{read:?}");
}

#[tokio::test]
async fn a_log_that_makes_no_whole_is_refused_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let opened = self::opened(&folder, &Settings::default()).await;
    let mut broken = Chat::new(opened.store.clone()).await;
    let mut other = Chat::new(opened.store.clone()).await;
    for chat in [&mut broken, &mut other] {
        chat.say(Side::Client, "m-1", "x").await;
    }
    opened.upkeep.close().await;
    drop(opened);
    let tool = rusqlite::Connection::open(folder.path().join("souk.db")).unwrap();
    let raise = "UPDATE logs SET seq = 2 WHERE ord = (SELECT id FROM orders WHERE name = ?1)";
    assert_eq!(tool.execute(raise, [broken.id().as_str()]).unwrap(), 1);
    drop(tool);
    let store = self::opened(&folder, &Settings { readers: 1, ..Settings::default() }).await.store;
    let refused = store.look(broken.id(), &[]).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("whole")), "{refused:?}");
    assert_eq!(store.look(other.id(), &[]).await.unwrap().unwrap().head.seq, Seq(1), "the reader is free");
}

#[tokio::test]
async fn a_lock_of_an_operators_tool_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(store(&folder).await).await;
    let tool = rusqlite::Connection::open(folder.path().join("souk.db")).unwrap();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = tokio::task::spawn_blocking(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        tool.execute_batch("ROLLBACK").unwrap();
    });
    assert_eq!(chat.say(Side::Client, "a", "x").await, Seq(1));
    release.await.unwrap();
}

#[tokio::test]
async fn a_bad_request_does_not_fail_its_company() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let chat = Chat::new(store.clone()).await;
    let nobody =
        Chat { order: souk_chat::Order { id: OrderId::new("none").unwrap(), ..chat.order.clone() }, ..chat.clone() };
    let mark = Some(souk_chat::Mark { seq: Seq(1), others: 1 });
    // All are polled before the thread can answer the first, so that they share transactions.
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        good.push(store.raise(chat.id(), chat.party(Side::Client), mark, None));
        bad.push(store.raise(nobody.id(), chat.party(Side::Client), mark, None));
    }
    let (good, bad) = futures_util::join!(futures_util::future::join_all(good), futures_util::future::join_all(bad));
    assert!(good.iter().all(Result::is_ok));
    assert!(bad.iter().all(|answer| matches!(answer, Err(StoreError::Invalid(_)))));
}

#[tokio::test]
async fn many_orders_at_once_are_each_dense() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let writers = (0..40).map(|_| {
        let store = store.clone();
        async move {
            let mut chat = Chat::new(store).await;
            for n in 0..25 {
                let message = chat.message_after(&chat.head, Side::Client, &format!("m-{n}"), "x");
                assert!(matches!(chat.try_append(&[message]).await.unwrap(), Appended::Applied(_)));
            }
            assert_eq!(chat.assert_dense().await.len(), 25);
        }
    });
    futures_util::future::join_all(writers).await;
}

#[tokio::test]
async fn a_file_of_an_earlier_version_is_brought_up_to_date() {
    for migrated_first in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = rusqlite::Connection::open(folder.path().join("souk.db")).unwrap();
        file.execute_batch(include_str!("old/1.sql")).unwrap();
        drop(file);
        if migrated_first {
            souk_store::migrate(&address(&folder), &Settings::default()).await.unwrap();
        }
        let opened = opened(&folder, &Settings::default()).await;
        assert_eq!(opened.settings.keep_setting("name", "value").await.unwrap(), "value");
        old::assert_goes_on(opened.store.clone()).await;
        drop(opened);
        // And a second time, as the current version.
        Chat::new(store(&folder).await).await;
    }
}

#[tokio::test]
async fn what_was_kept_survives_a_crash() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let chat = Chat::new(store(&folder).await).await;
    let ann = chat.party(Side::Client).clone();
    let id = OriginalId { key: suite::chat::key(&ann, "m"), message: None, why: Why::Refused };
    let (order, at) = (chat.id().clone(), suite::chat::at(1));
    let original = OriginalRow { order, id, version: 1, sender: ann.clone(), at, sealed: b"sealed".to_vec() };
    let audit = AuditRow {
        id: AuditId { at, number: 7 },
        actor: ann,
        role: Role::Admin,
        action: AuditAction::OriginalsRead,
        order: Some(chat.id().clone()),
        details: "all".into(),
    };
    // The files as they are on the disk right after the answer, with the store still open.
    let crash = || {
        for name in ["souk.db", "souk.db-wal"] {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
    };
    chat.store.keep(std::slice::from_ref(&original)).await.unwrap();
    crash();
    let after = chat.seen_by(store(&copy).await);
    assert_eq!(after.store.originals(chat.id(), None, 10).await.unwrap(), std::slice::from_ref(&original));
    assert!(after.store.audit(None, 10).await.unwrap().is_empty());
    drop(after);
    chat.store.record(&audit).await.unwrap();
    crash();
    assert_eq!(store(&copy).await.audit(None, 10).await.unwrap(), [audit]);
}

/// Says so many things in an order, by whatever store is open.
async fn talk(chat: &Chat, store: &Arc<dyn Store>, names: std::ops::Range<u32>) -> Chat {
    let mut chat = chat.seen_by(store.clone());
    for name in names {
        chat.say(Side::Client, &format!("m-{name}"), "text").await;
    }
    chat
}

#[tokio::test]
async fn opening_again_voids_no_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(&folder).await;
    let chat = talk(&Chat::new(first.clone()).await, &first, 0..3).await;
    let mut epochs = vec![(first.epoch().await.unwrap(), chat.head.seq)];
    let (order, mut head) = (chat.order.clone(), chat.head);
    drop((chat, first));
    for round in 1..5 {
        let store = lagging(&folder, 4).await;
        let chat = Chat { store: store.clone(), order: order.clone(), head };
        head = talk(&chat, &store, 10 * round..10 * round + 2).await.head;
        epochs.push((store.epoch().await.unwrap(), head.seq));
        for (epoch, since) in &epochs {
            assert!(store.is_ours(&order.id, epoch, *since).await.unwrap(), "{epoch} at {since}");
        }
    }
    assert_eq!(epochs.len(), 5);
}

#[tokio::test]
async fn a_file_put_back_voids_the_cursors_of_who_saw_what_is_gone_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("souk.db");
    let kept = folder.path().join("kept.db");
    let made = store(&folder).await;
    let chat = talk(&Chat::new(made.clone()).await, &made, 0..5).await;
    let early = made.epoch().await.unwrap();
    let (order, head) = (chat.order.clone(), chat.head);
    drop((chat, made));
    std::fs::copy(&file, &kept).unwrap();

    // It goes on, and somebody sees that.
    let went_on = store(&folder).await;
    let late = went_on.epoch().await.unwrap();
    let chat = Chat { store: went_on.clone(), order, head };
    let Chat { order, head: later, .. } = talk(&chat, &went_on, 5..8).await;
    assert_eq!(later.seq, Seq(8));
    drop((chat, went_on));
    std::fs::copy(&kept, &file).unwrap();

    let back = store(&folder).await;
    let chat = Chat { store: back.clone(), order: order.clone(), head };
    let is_ours = async |epoch, since| back.is_ours(&order.id, epoch, Seq(since)).await.unwrap();
    assert!(is_ours(&early, 5).await && is_ours(&early, 3).await);
    assert!(!is_ours(&late, 8).await && !is_ours(&late, 5).await, "an epoch that this file never had");
    let chat = talk(&chat, &back, 20..24).await;
    assert_eq!(chat.head.seq, Seq(9), "the numbers are given again");
    assert!(is_ours(&early, 5).await, "who saw no more than was kept goes on");
    assert!(!is_ours(&early, 8).await, "what it saw under 8 was written in its epoch, what is there was written later");
    assert!(is_ours(&back.epoch().await.unwrap(), 9).await);
}

#[tokio::test]
async fn the_orders_written_to_last_are_named_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    assert_eq!(store.stirred(Duration::from_secs(60), 9).await.unwrap(), []);
    let mut orders = Vec::new();
    for minute in 0..4 {
        let (mut chat, at) = (Chat::new(Arc::clone(&store)).await, Timestamp(minute * 60_000));
        chat.append(|chat, head| {
            let mut new = chat.message_after(head, Side::Client, "m", "x");
            new.entry.at = at;
            new
        })
        .await;
        orders.push((chat.id().clone(), at));
    }
    Chat::new(Arc::clone(&store)).await;
    orders.reverse();
    assert_eq!(store.stirred(Duration::from_secs(60), 9).await.unwrap(), orders[..2], "one that is silent is none");
    assert_eq!(store.stirred(Duration::from_secs(600), 3).await.unwrap(), orders[..3]);
}
