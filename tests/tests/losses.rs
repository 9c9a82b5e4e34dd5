//! Stores that lost what they had answered for: an older SQLite file put back, a Cassandra that was killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use souk_tests::checker::differences;
use souk_tests::cluster::{Cluster, settings};
use souk_tests::conversation::Conversation;
use souk_tests::device::{Device, PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::left_out::program;
use souk_tests::node::{Node, Settings, command};
use souk_tests::people::Deal;
use souk_tests::server::Server;
use souk_tests::stack::Stack;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(20);
/// A silent room is compared once a minute; then the others hear of it, and all join again.
const SEEN_WITHIN: Duration = Duration::from_secs(90);

async fn say(device: &Device, texts: &[&str]) {
    for text in texts {
        let id = device.send(*text);
        device.acknowledged(&id, SOON).await;
    }
}

/// Waits until every device is live and sees what history has, no more, no less, and nothing else.
async fn all_see_history(deal: &Deal, devices: &[Device], node: &Node, within: Duration) -> History {
    let history = History::read(deal, node.clients).await;
    let mut last = Vec::new();
    let is_seen = || {
        last = devices.iter().flat_map(|device| differences(&history, &device.record())).collect::<Vec<_>>();
        last.is_empty() && devices.iter().all(Device::is_live)
    };
    let seen = tokio::time::timeout(within, wait::until_true("views equal history", within, is_seen)).await;
    assert!(seen.is_ok(), "{last:#?}");
    history
}

/// Crashes of a store that does not sync first, until one of them loses something.
const CRASHES: usize = 5;

fn copy_database(from: &Path, to: &Path) {
    for tail in ["", "-wal", "-shm"] {
        let name = format!("souk.db{tail}");
        match from.join(&name).exists() {
            true => drop(fs::copy(from.join(&name), to.join(&name)).expect("a file can be copied")),
            false => drop(fs::remove_file(to.join(&name))),
        }
    }
}

async fn stop(node: &mut Node) {
    node.signal("TERM");
    assert!(node.ended(SOON).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_file_put_back_reloads_whoever_saw_what_is_gone_and_a_clean_restart_nobody() {
    let mut node = Node::start("alone", Settings::default().with("SOUK_LIMITS_MESSAGES", "0")).await;
    let deal = Deal::offered(&node);
    let nodes = [node.clients];
    let devices = [
        Spec::new("alice", &deal.client, &deal.order, &nodes, PLAIN).start(),
        Spec::new("bob", &deal.contractor, &deal.order, &nodes, SOCKET_IO).start(),
    ];
    let [alice, bob] = &devices;
    say(alice, &["one", "two"]).await;
    say(bob, &["three"]).await;
    all_see_history(&deal, &devices, &node, SOON).await;
    stop(&mut node).await;
    let kept = tempfile::tempdir().expect("a folder");
    copy_database(&node.data_dir(), kept.path());

    // A restart by itself voids nothing.
    node.restart().await;
    say(alice, &["lost four", "lost five"]).await;
    say(bob, &["lost six"]).await;
    all_see_history(&deal, &devices, &node, SOON).await;
    assert_eq!(node.metric("souk_cursors_reset_total").await, 0.0);
    let rest = deal.client.rest(node.clients);
    let page = rest.get("/chats/demo/messages?since=6").await.json();
    assert_eq!((page["upTo"].as_u64(), page["reset"].as_bool()), (Some(6), None), "{page}");
    let epoch = page["epoch"].as_str().expect("an epoch").to_owned();

    node.kill();
    copy_database(kept.path(), &node.data_dir());
    node.restart().await;
    let history = all_see_history(&deal, &devices, &node, SOON).await;
    assert_eq!(history.texts(), ["one", "two", "three"]);
    assert_eq!(node.metric("souk_cursors_reset_total").await, 2.0);
    // Who keeps no epoch is told in words, who does is told to drop what it kept.
    let refused = rest.get("/chats/demo/messages?since=6").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "bad_request"), "{refused:?}");
    assert!(refused.text.contains("above the newest entry"), "{refused:?}");

    // The numbers are given again, to other texts.
    say(bob, &["another four"]).await;
    say(alice, &["another five", "another six", "seven"]).await;
    let history = all_see_history(&deal, &devices, &node, SOON).await;
    assert_eq!(history.texts()[3..], ["another four", "another five", "another six", "seven"]);
    let page = rest.get(&format!("/chats/demo/messages?since=6&epoch={epoch}")).await.json();
    assert_eq!(page["reset"].as_bool(), Some(true), "{page}");
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(7), "{page}");
    stop(&mut node).await;
    node.restart().await;
    all_see_history(&deal, &devices, &node, SOON).await;
    assert_eq!(node.metric("souk_cursors_reset_total").await, 0.0);
}

/// Four devices on two nodes talk, and Cassandra is killed right after the last acknowledgement. Returns how many acknowledged
/// messages are gone when the devices have said four more and everybody sees what is there.
async fn killed_cassandra(stack: &Stack, sync: &'static str) -> usize {
    let cassandra = Server::cassandra(sync).await;
    let own = Stack { cql: cassandra.address.clone(), ..stack.clone() };
    let shared = settings(&own, &[("SOUK_LIMITS_MESSAGES", "0")]);
    let migrated = command().arg("migrate").envs(shared.0.iter().cloned()).output().expect("souk can be run");
    assert!(migrated.status.success(), "souk migrate: {}", String::from_utf8_lossy(&migrated.stderr));
    let cluster = Cluster::start_with(2, &shared).await;
    let talk = Conversation::start(&cluster.clients()).await;
    talk.stream(30, Duration::from_millis(40)).await.expect("the stream does not panic");
    talk.all_acknowledged(SEEN_WITHIN).await;
    let before = History::read(&talk.deal, cluster.nodes[0].clients).await;
    cassandra.kill().await;
    cassandra.start_again().await;

    for device in talk.devices.iter() {
        device.send(format!("after the crash, {}", device.name));
    }
    talk.all_acknowledged(SEEN_WITHIN).await;
    let history = all_see_history(&talk.deal, &talk.devices, &cluster.nodes[0], SEEN_WITHIN).await;
    let lost = before.messages.values().filter(|known| {
        let there = history.messages.get(&known.seq);
        there.is_none_or(|there| there.client_message_id != known.client_message_id)
    });
    let lost = lost.count();
    let mut noticed = 0.0;
    for node in &cluster.nodes {
        noticed += node.metric("souk_logs_went_back_total").await;
        assert_eq!(
            node.log().contains("the store lost what it had acknowledged"),
            node.metric("souk_logs_went_back_total").await > 0.0
        );
    }
    assert_eq!(noticed > 0.0, lost > 0, "{lost} lost, noticed {noticed} times");
    let told: usize = talk.records().iter().map(|record| record.told("resync_required")).sum();
    assert_eq!(told > 0, lost > 0, "{lost} lost, {told} devices told");
    lost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_cassandra_that_syncs_first_loses_nothing_and_one_that_does_not_is_noticed() {
    let test = "losses: a killed Cassandra";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "apt-get install openjdk-17-jre-headless") else { return };
    assert_eq!(killed_cassandra(&stack, "batch").await, 0);
    // It syncs once a second: where that falls between the last acknowledgement and the crash, nothing is lost, and nothing may be said.
    for _ in 0..CRASHES {
        if killed_cassandra(&stack, "periodic").await > 0 {
            return;
        }
    }
    panic!("nothing was lost in {CRASHES} crashes: the fault did not bite");
}
