//! SQLite and the disk: full, locked, copied, read by others, left in order.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(clippy::print_stderr, reason = "what is left out is said loudly")]

#[allow(dead_code, reason = "of the suite only its words are used here")]
mod suite;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use souk_chat::ports::store::StoreError;
use souk_chat::{Seq, Side};
use souk_store::{BackupError, Opened, Settings, backup, open};
use souk_testkit::disk::TinyDisk;
use suite::chat::Chat;

fn address(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("souk.db").display())
}

async fn opened(folder: &Path) -> Opened {
    open(&address(folder), &Settings::default()).await.unwrap()
}

/// Writes until the disk takes no more; returns why.
async fn fill(chat: &mut Chat) -> StoreError {
    let text = "x".repeat(4_000);
    loop {
        let id = format!("m-{}", chat.head.seq.next());
        let message = chat.message_after(&chat.head, Side::Client, &id, &text);
        match chat.try_append(&[message]).await {
            Ok(_) => chat.look().await,
            Err(error) => return error,
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_seen_until_there_is_room_again() {
    let Some(disk) = TinyDisk::mount("a full disk is seen", "2m") else { return };
    let opened = opened(disk.path()).await;
    let upkeep = &opened.upkeep;
    let mut chat = Chat::new(opened.store.clone()).await;
    assert_eq!(upkeep.writes().map(|writes| (writes.failed, writes.trouble)), Some((0, None)));
    let full = fill(&mut chat).await;
    assert!(matches!(&full, StoreError::Unavailable(why) if why.contains("full")), "{full}");
    let seen = upkeep.writes().unwrap();
    assert!(seen.failed >= 1 && seen.trouble.is_some_and(|why| why.contains("full")));
    assert!(matches!(upkeep.touch().await, Err(StoreError::Unavailable(_))));
    let written = chat.head.seq;
    assert_eq!(chat.assert_dense().await.len() as u64, written.0, "what was answered for is there");

    disk.resize("16m");
    upkeep.touch().await.unwrap();
    assert_eq!(upkeep.writes().unwrap().trouble, None);
    chat.look().await;
    assert_eq!(chat.say(Side::Client, "after", "there is room").await, written.next());
}

#[tokio::test]
async fn a_lock_that_stays_is_told_and_does_not_pile_up() {
    let folder = tempfile::tempdir().unwrap();
    let opened = opened(folder.path()).await;
    let mut chat = Chat::new(opened.store.clone()).await;
    let tool = rusqlite::Connection::open(folder.path().join("souk.db")).unwrap();
    tool.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = Instant::now();
    let messages: Vec<_> =
        (0..8).map(|n| chat.message_after(&chat.head, Side::Client, &format!("m-{n}"), "x")).collect();
    let answers = messages.chunks(1).map(|one| chat.store.append(chat.id(), &chat.head, one));
    let refused = futures_util::future::join_all(answers);
    let seen = async {
        while opened.upkeep.writes().unwrap().running < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (refused, ()) = futures_util::join!(refused, seen);
    for answer in &refused {
        assert!(matches!(answer, Err(StoreError::Unavailable(why)) if why.contains("locked") || why.contains("disk")));
    }
    // One after the other they would have waited for the lock eight times.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(opened.upkeep.writes().unwrap().trouble.is_some());
    tool.execute_batch("ROLLBACK").unwrap();
    assert_eq!(chat.say(Side::Client, "after", "x").await, Seq(1));
    opened.upkeep.touch().await.unwrap();
    assert_eq!(opened.upkeep.writes().unwrap().trouble, None);
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let opened = opened(&data).await;
    Chat::new(opened.store.clone()).await;
    let names = ["souk.db", "souk.db-wal", "souk.db-shm", "souk.db.lock"];
    let modes = || names.map(|name| mode(&data.join(name)));
    assert_eq!((mode(&data), modes()), (0o700, [0o600; 4]));
    // As an earlier version left them.
    opened.upkeep.close().await;
    drop(opened);
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["souk.db", "souk.db.lock"] {
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let again = self::opened(&data).await;
    Chat::new(again.store.clone()).await;
    assert_eq!(modes(), [0o600; 4]);
    assert_eq!(mode(&data), 0o755, "the folder may be somebody else's as well");
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let opened = opened(folder.path()).await;
    let mut chat = Chat::new(opened.store.clone()).await;
    for n in 0..50 {
        chat.say(Side::Client, &format!("m-{n}"), "x").await;
    }
    // Handles are left: a program ends while tasks of it still hold some.
    opened.upkeep.close().await;
    let wal = folder.path().join("souk.db-wal").metadata().map_or(0, |wal| wal.len());
    assert_eq!(wal, 0, "something is left in the log");
    std::fs::copy(folder.path().join("souk.db"), copy.path().join("souk.db")).unwrap();
    let copied = chat.seen_by(self::opened(copy.path()).await.store);
    assert_eq!(copied.assert_dense().await.len(), 50);
    // Whoever comes later is told, and the file is free.
    assert!(matches!(opened.store.head(chat.id()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(opened.upkeep.touch().await, Err(StoreError::Unavailable(_))));
    opened.upkeep.close().await;
    self::opened(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_copied_while_it_is_written() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let opened = opened(folder.path()).await;
    let chat = Chat::new(opened.store.clone()).await;
    let from = address(folder.path());
    let stop = std::sync::atomic::AtomicBool::new(false);
    let writing = async {
        let mut chat = chat.clone();
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            let id = format!("m-{}", chat.head.seq.next());
            chat.say(Side::Client, &id, "a text").await;
        }
        chat.head.seq
    };
    let copying = async {
        let mut copied = Vec::new();
        for n in 0..5 {
            let before = opened.store.head(chat.id()).await.unwrap().unwrap().seq;
            let to = copies.path().join(format!("{n}/souk.db"));
            std::fs::create_dir(to.parent().unwrap()).unwrap();
            let bytes = backup(&from, &to).await.unwrap();
            assert_eq!(to.metadata().unwrap().len(), bytes);
            assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            copied.push((before, to));
            // The next copy is of another moment.
            while opened.store.head(chat.id()).await.unwrap().unwrap().seq.0 < before.0 + 20 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        copied
    };
    let (last, copied) = futures_util::join!(writing, copying);
    for (before, to) in copied {
        let copy = chat.clone().seen_by(self::opened(to.parent().unwrap()).await.store);
        let entries = copy.assert_dense().await.len() as u64;
        assert!((before.0..=last.0).contains(&entries), "{entries} entries of {before} to {last}");
        let left: Vec<_> = std::fs::read_dir(to.parent().unwrap()).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(left.iter().all(|path| !path.to_string_lossy().ends_with(".partial")), "{left:?}");
    }
}

#[tokio::test]
async fn a_copy_takes_nobodys_place() {
    let folder = tempfile::tempdir().unwrap();
    let from = address(folder.path());
    let to = folder.path().join("copy.db");
    assert!(matches!(backup(&from, &to).await, Err(BackupError::Database { .. })), "there is nothing to copy");
    assert!(!to.exists());
    drop(opened(folder.path()).await);
    std::fs::write(&to, "precious").unwrap();
    let refused = backup(&from, &to).await.unwrap_err();
    assert!(matches!(&refused, BackupError::Exists { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "precious");
    std::fs::remove_file(&to).unwrap();
    backup(&from, &to).await.unwrap();
    let nowhere = backup(&from, &folder.path().join("none/copy.db")).await.unwrap_err();
    assert!(matches!(&nowhere, BackupError::File { .. }), "{nowhere}");
    assert!(matches!(backup("cql://127.0.0.1:1/souk", &to).await, Err(BackupError::Cluster)));
    assert!(matches!(backup("nonsense", &to).await, Err(BackupError::Address(_))));
}
