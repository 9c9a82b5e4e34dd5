//! History on the disk of one machine: what a node says of a disk that is full, what it leaves behind, and whose it is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use souk_tests::cluster;
use souk_tests::disk::TinyDisk;
use souk_tests::node::{Node, SECRET, Settings, command};
use souk_tests::people::Deal;
use souk_tests::stack::Stack;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);
/// A node that looks for others with its name, on a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

fn settings() -> Settings {
    Settings::default()
        .with("SOUK_LIMITS_MESSAGES", "0")
        .with("SOUK_MODERATION_POLICY", "off")
        .with("SOUK_AUTH_SECRET", SECRET)
        .with("SOUK_STORE_SECRET", SECRET)
}

/// Runs `souk` with these words on a node's settings and data; it has to end by itself.
async fn souk(words: &[&str], settings: &Settings, data: &Path) -> Output {
    let mut command = command();
    command
        .args(words)
        .envs(settings.0.iter().map(|(name, value)| (name, value)))
        .env("SOUK_NODE_LISTEN", "127.0.0.1:0")
        .env("SOUK_NODE_OPERATOR_LISTEN", "127.0.0.1:0")
        .env("SOUK_NODE_DATA_DIR", data);
    let ended = tokio::process::Command::from(command).kill_on_drop(true).output();
    wait::within("souk ends", ENDS_WITHIN, ended).await.expect("souk can be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_to_everybody_whom_it_concerns() {
    let Some(disk) = TinyDisk::mount("keeping: full disk", "4m") else { return };
    let settings = settings().with("SOUK_STORE_URL", format!("sqlite:{}", disk.path().join("souk.db").display()));
    let node = Node::start("full", settings).await;
    let deal = Deal::make(node.clients).await;
    let rest = deal.client.rest(node.clients);
    let parts = async || node.operator("/readyz").await.expect("it answers").json()["parts"].clone();
    assert_eq!(parts().await["disk"], "ok");

    let text = "x".repeat(2_000);
    let mut kept = 0;
    let refused = loop {
        let sent = rest.send(deal.order.as_str(), &text, None).await;
        if sent.status != 201 {
            break sent;
        }
        kept += 1;
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "unavailable"));
    wait::until("readiness goes off", SOON, || async {
        let ready = node.operator("/readyz").await.ok()?;
        let why = ready.json()["parts"]["disk"].as_str()?.to_owned();
        (ready.status == 503 && why.contains("full")).then_some(())
    })
    .await;
    assert!(node.metric("souk_store_writes_failed_total").await >= 1.0);
    let lines = || node.log().lines().filter(|line| line.contains("history cannot be written")).count();
    wait::until_true("the log says it", SOON, || lines() == 1).await;
    // What is there can be read, all of it.
    let page = rest.get(&format!("/chats/{}/messages?limit=1", deal.order)).await;
    assert_eq!(page.status, 200, "{page:?}");

    disk.resize("64m");
    wait::until("it is ready again", SOON, || async {
        (node.operator("/readyz").await.ok()?.status == 200).then_some(())
    })
    .await;
    let sent = rest.send(deal.order.as_str(), "there is room", None).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    assert!(kept > 10, "the disk was full before anything was written");
    assert_eq!(lines(), 1, "once is enough:\n{}", node.log());
    assert!(node.log().contains("history is written again"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_leaves_behind_is_one_file_of_its_own() {
    let mut node = Node::start("behind", settings()).await;
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    let (data, database) = (node.data_dir(), node.data_dir().join("souk.db"));
    assert_eq!(
        (mode(&data), mode(&database)),
        (0o700, 0o600),
        "secrets were given, and so nobody made the folder before"
    );
    let deal = Deal::make(node.clients).await;
    let rest = deal.client.rest(node.clients);
    for number in 0..20 {
        assert_eq!(rest.send(deal.order.as_str(), &format!("number {number}"), None).await.status, 201);
    }
    // A copy of the database that is in use.
    let copies = tempfile::tempdir().expect("there is a folder for temporary files");
    let copy = copies.path().join("souk.db");
    let words = ["backup", copy.to_str().expect("a name")];
    let copied = souk(&words, &settings(), &data).await;
    assert!(copied.status.success(), "{}", said(&copied));
    let again = souk(&words, &settings(), &data).await;
    assert!(!again.status.success() && said(&again).contains("exists already"), "{}", said(&again));

    node.signal("TERM");
    let status = node.ended(SOON).await;
    assert!(status.success(), "{status}");
    let log = data.join("souk.db-wal").metadata().map_or(0, |log| log.len());
    assert_eq!(log, 0, "something was left in SQLite's log");
    // Both are whole: the one that was copied, and the file that is left.
    for file in [copy, database] {
        let url = format!("sqlite:{}", file.display());
        let node = Node::start("copy", settings().with("SOUK_STORE_URL", url)).await;
        let rest = deal.client.rest(node.clients);
        let page = rest.get(&format!("/chats/{}/messages?limit=100", deal.order)).await;
        assert_eq!(page.json()["messages"].as_array().map(Vec::len), Some(20), "{page:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_that_are_not_the_stores_are_refused() {
    let mut node = Node::start("secrets", settings()).await;
    let data = node.data_dir();
    node.signal("TERM");
    assert!(node.ended(SOON).await.success());
    let other = "another secret of the tests, as good as the first";
    let wrong = settings().with("SOUK_STORE_SECRET", other);
    let refused = souk(&["serve"], &wrong, &data).await;
    assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
    assert!(said(&refused).contains("store.secret is none that this store was used with"), "{}", said(&refused));
    // Lost for good: the operator says so.
    let accepted = souk(&["secrets", "accept"], &wrong, &data).await;
    assert!(accepted.status.success(), "{}", said(&accepted));
    node.restart().await;
    assert!(node.log().contains("the store was used with a newer secret"), "{}", node.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_with_one_name_the_second_leaves() {
    let Some(stack) = Stack::find("keeping: one name") else { return };
    let shared = cluster::settings(&stack, &[]).with("SOUK_NODE_ID", "the-same");
    let mut first = Node::start("first", shared.clone()).await;
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let second = souk(&["serve"], &shared, folder.path()).await;
    assert_eq!(second.status.code(), Some(64), "{}", said(&second));
    assert!(said(&second).contains("is in use by another process that runs"), "{}", said(&second));
    assert_eq!(first.operator("/readyz").await.expect("the first one goes on").status, 200);
    // Nobody holds up one that starts again after a crash, and it stays: nobody else lives.
    first.kill();
    first.restart().await;
}
