//! One process, no configuration.

use std::time::Duration;

use souk_tests::checker::check;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::node::{Node, Settings, command};
use souk_tests::people::Deal;
use tokio::time::sleep;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_tokens_talk_and_a_restart_keeps_everything() {
    let mut node = Node::start("alone", Settings::default()).await;
    let deal = Deal::offered(&node);
    let alice = Spec::new("alice", &deal.client, &deal.order, &[node.clients], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &[node.clients], SOCKET_IO).start();
    alice.live(SOON).await;
    bob.live(SOON).await;
    let id = alice.send("Hello, Bob");
    alice.acknowledged(&id, SOON).await;
    bob.sees("Hello, Bob", SOON).await;
    node.signal("TERM");
    let status = node.ended(SOON).await;
    assert!(status.success(), "{status}");

    node.restart().await;
    alice.live(SOON).await;
    bob.live(SOON).await;
    let id = bob.send("Hello, Alice");
    bob.acknowledged(&id, SOON).await;
    alice.sees("Hello, Alice", SOON).await;
    let history = History::read(&deal, node.clients).await;
    assert_eq!(history.texts(), ["Hello, Bob", "Hello, Alice"]);
    check(&history, &[&alice.record(), &bob.record()], true);
    // The tokens of the second start are as good: the key was kept.
    assert_eq!(History::read(&Deal::offered(&node), node.clients).await.texts(), history.texts());

    // `souk token` beside it makes tokens that it takes.
    let made = command().args(["token", "--user", "alice"]).env("SOUK_NODE_DATA_DIR", node.data_dir()).output();
    let made = made.expect("souk can be run");
    let token = String::from_utf8(made.stdout).expect("a token is text");
    let list = souk_tests::rest::Rest::new(node.clients, token.trim()).get("/chats").await;
    assert_eq!((list.status, list.json()["chats"][0]["orderId"].as_str()), (200, Some("demo")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_data_is_refused_clearly() {
    let node = Node::start("first", Settings::default()).await;
    let second = command()
        .env("SOUK_NODE_DATA_DIR", node.data_dir())
        .env("SOUK_NODE_LISTEN", "127.0.0.1:0")
        .env("SOUK_NODE_OPERATOR_LISTEN", "127.0.0.1:0")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("souk can be run");
    let mut second = tokio::task::spawn_blocking(move || second.wait_with_output());
    let Ok(output) = tokio::time::timeout(SOON, &mut second).await else { panic!("the second process goes on") };
    let output = output.expect("no panic").expect("it can be waited for");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("another") && said.contains("souk.db"), "it says why: {said}");
    // The first one does not notice.
    let deal = Deal::offered(&node);
    let sent = deal.client.rest(node.clients).send("demo", "still here", None).await;
    assert_eq!(sent.status, 201, "{sent:?}");
}

/// A crash loses nothing that was acknowledged: SQLite writes through before the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_loses_nothing_acknowledged() {
    let mut node = Node::start("crash", Settings::default().with("SOUK_LIMITS_MESSAGES", "0")).await;
    let deal = Deal::offered(&node);
    let alice = Spec::new("alice", &deal.client, &deal.order, &[node.clients], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &[node.clients], SOCKET_IO).start();
    alice.live(SOON).await;
    bob.live(SOON).await;
    for round in 1..=2 {
        for number in 1..=150 {
            alice.send(format!("{number} of alice, round {round}"));
            bob.send(format!("{number} of bob, round {round}"));
        }
        // In the middle: some are acknowledged, some are not.
        let before = alice.record().acknowledged();
        souk_tests::wait::until_true("some are acknowledged", SOON, || alice.record().acknowledged() > before + 20)
            .await;
        node.kill();
        let record = alice.record();
        assert!(record.acknowledged() < record.attempts.len(), "everything was acknowledged: the crash did not bite");
        sleep(Duration::from_millis(100)).await;
        node.restart().await;
        alice.all_acknowledged(SOON).await;
        bob.all_acknowledged(SOON).await;
    }
    let history = History::read(&deal, node.clients).await;
    assert_eq!(history.messages.len(), 600);
    for device in [&alice, &bob] {
        souk_tests::wait::until_true("everything was seen", SOON, || device.is_live() && device.count() == 600).await;
    }
    check(&history, &[&alice.record(), &bob.record()], true);
}
