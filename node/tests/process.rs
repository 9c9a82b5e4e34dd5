//! The program as a process: what ends it, with which status, and what does not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use souk_testkit::http::Ask;
use souk_testkit::node::{Node, Plan};
use souk_testkit::wait;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(60);

/// A node that stands alone and that nobody watches, with these settings. It is not ready yet.
fn start(settings: &[(&str, &str)]) -> (Node, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        program: env!("CARGO_BIN_EXE_souk").into(),
        name: "data".to_owned(),
        folder: folder.path().to_owned(),
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    };
    (Node::launch(plan).unwrap(), folder)
}

#[tokio::test]
async fn a_hangup_does_not_end_a_node_without_files_to_read_again() {
    let (mut souk, _folder) = start(&[]);
    souk.ready().await.unwrap();
    souk.signal("HUP").unwrap();
    wait::until_true("the signal is heard", SOON, || souk.log().contains("SIGHUP")).await;
    assert_eq!(Ask::new("GET", "/livez").at(souk.operators).await.unwrap().status, 200);
    souk.signal("TERM").unwrap();
    assert_eq!(souk.gone(SOON).await.unwrap().code(), Some(0), "{}", souk.log());
}

/// The task that panics is in no other build.
#[cfg(feature = "sabotage")]
#[tokio::test]
async fn a_node_whose_task_cannot_go_on_leaves_by_itself_and_says_which() {
    let (mut souk, _folder) = start(&[("SABOTAGE_TASK", "1")]);
    wait::until("the panics are counted", SOON, || async {
        let figures = Ask::new("GET", "/metrics").at(souk.operators).await.ok()?.text;
        figures.lines().any(|line| line.starts_with("souk_task_panics_total{task=\"sabotaged\"} ")).then_some(())
    })
    .await;
    assert_eq!(souk.gone(SOON).await.unwrap().code(), Some(1), "{}", souk.log());
    let log = souk.log();
    assert!(log.contains("a task panicked") && log.contains("the task \"sabotaged\" cannot go on"), "{log}");
}
