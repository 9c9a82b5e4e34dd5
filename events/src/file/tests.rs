use std::io::Write;
use std::path::Path;

use souk_chat::ports::EventData;
use souk_chat::{MessageId, OrderId, Seq, Timestamp, UserId};

use super::*;

fn event(number: u64) -> Event {
    let order = OrderId::new("o-1").unwrap();
    Event {
        id: format!("o-1:{number}"),
        order: order.clone(),
        at: Timestamp(0),
        data: EventData::Notification {
            user: UserId::new("ann").unwrap(),
            message: MessageId { order, seq: Seq(number) },
            title: "t".into(),
            body: "b".repeat(50),
            locale: "en".into(),
            unread_total: number,
        },
    }
}

fn open(dir: &Path, file_bytes: u64, keep: usize) -> FileLog {
    FileLog::open(FileOptions { dir: dir.to_owned(), file_bytes, keep }, Settings::default()).unwrap()
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    files.sort();
    files
}

fn ids(dir: &Path) -> Vec<String> {
    let text: String = files(dir).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_was_emitted_is_there_in_order_when_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), 1 << 20, 0);
    log.emit(&[event(1), event(2)]).await.unwrap();
    log.emit(&[]).await.unwrap();
    drop(log);
    let log = open(dir.path(), 1 << 20, 0);
    log.emit(&[event(3)]).await.unwrap();
    assert_eq!(ids(dir.path()), ["o-1:1", "o-1:2", "o-1:3"]);
}

#[tokio::test]
async fn a_torn_last_line_is_cut_and_the_rest_stays() {
    for torn in
        [b"{\"id\":\"o-1:9\",\"da".as_slice(), b"{\"id\":\"o-1:9\"\n", b"\0\0\0\0", b"\0\0\n", b"{}\n{\"x\":\nab"]
    {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path(), 1 << 20, 0);
        log.emit(&[event(1), event(2)]).await.unwrap();
        drop(log);
        let path = files(dir.path()).pop().unwrap();
        let good = std::fs::metadata(&path).unwrap().len();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn).unwrap();
        let log = open(dir.path(), 1 << 20, 0);
        let cut = std::fs::metadata(&path).unwrap().len();
        // A line that is JSON is whole, whoever wrote it.
        assert_eq!(cut - good, if torn.starts_with(b"{}\n") { 3 } else { 0 }, "{torn:?}");
        log.emit(&[event(3)]).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    }
}

#[tokio::test]
async fn no_file_grows_beyond_its_bound_and_old_ones_go_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), 4096, 0);
    let events: Vec<_> = (1..=100).map(event).collect();
    for part in events.chunks(17) {
        log.emit(part).await.unwrap();
    }
    let many = files(dir.path());
    assert!(many.len() > 5, "{many:?}");
    assert!(many.iter().all(|path| std::fs::metadata(path).unwrap().len() <= 4096));
    assert_eq!(ids(dir.path()), (1..=100).map(|n| format!("o-1:{n}")).collect::<Vec<_>>());
    drop(log);

    let log = open(dir.path(), 4096, 2);
    log.emit(&(101..=120).map(event).collect::<Vec<_>>()).await.unwrap();
    drop(log);
    assert_eq!(files(dir.path()).len(), 3);
    assert_eq!(ids(dir.path()).last().unwrap(), "o-1:120");
}

#[tokio::test]
async fn emits_at_once_are_all_written_and_keep_their_own_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(open(dir.path(), 1 << 20, 0));
    let tasks: Vec<_> = (0..40u64)
        .map(|task| {
            let log = std::sync::Arc::clone(&log);
            tokio::spawn(async move {
                for step in 0..5 {
                    log.emit(&[event(task * 10 + step)]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    log.flush(Duration::from_secs(5)).await;
    let ids = ids(dir.path());
    assert_eq!(ids.len(), 200);
    for task in 0..40u64 {
        let own = (0..5).map(|step| format!("o-1:{}", task * 10 + step));
        let places: Vec<_> = own.map(|id| ids.iter().position(|other| *other == id).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
    }
}

#[tokio::test]
async fn the_folder_belongs_to_one_log() {
    let dir = tempfile::tempdir().unwrap();
    let _log = open(dir.path(), 1 << 20, 0);
    let options = FileOptions { dir: dir.path().to_owned(), file_bytes: 1 << 20, keep: 0 };
    let error = FileLog::open(options, Settings::default()).err().unwrap();
    assert!(matches!(&error, ConfigError::Disk(disk) if disk.kind == std::io::ErrorKind::WouldBlock), "{error}");
}

#[tokio::test]
async fn after_a_disk_error_the_log_goes_on_without_half_lines() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), 4096, 0);
    log.emit(&(1..=9).map(event).collect::<Vec<_>>()).await.unwrap();
    // The next file's name is taken by a folder: going on there fails, after this file was filled.
    let next = dir.path().join("events-000000000002.ndjson");
    std::fs::create_dir(&next).unwrap();
    let more: Vec<_> = (10..=30).map(event).collect();
    let error = log.emit(&more).await.unwrap_err();
    assert!(error.0.contains("events-000000000002"), "{error}");
    std::fs::remove_dir(&next).unwrap();
    log.emit(&more).await.unwrap();
    let ids = ids(dir.path());
    let mut first = ids.clone();
    first.dedup();
    let mut seen = std::collections::HashSet::new();
    first.retain(|id| seen.insert(id.clone()));
    assert_eq!(first, (1..=30).map(|n| format!("o-1:{n}")).collect::<Vec<_>>());
}
