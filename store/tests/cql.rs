//! The conformance suite on a real CQL cluster, and what is a cluster's own: migrations by several nodes, lost answers, copying
//! back. `SOUK_TEST_CQL=host:port[,host:port]` names the cluster; every test has a keyspace of its own there, and drops it.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(clippy::print_stdout, reason = "how long it took")]

mod cluster;
mod old;
mod proxy;
mod suite;

use std::time::{Duration, Instant};

use cluster::{Cluster, VOLUME, patient, store, with_keyspace};
use futures_util::future::join_all;
use proxy::Way;
use souk_chat::ports::store::{Appended, Incarnation, OutboxIntent, StoreError};
use souk_chat::ports::{AuditAction, AuditId, AuditRow, OriginalId, OriginalRow, Why};
use souk_chat::{OrderId, Role, Seq, Side, Timestamp, UserId};
use souk_store::{OpenError, Settings, migrate, open};
use suite::Engine as _;
use suite::chat::{Chat, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cql_passes_the_suite() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            suite::run(&Cluster::new(&keyspace).await).await;
        })
    })
    .await;
}

#[tokio::test]
async fn several_nodes_migrate_at_once_and_again() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let refused = open(&keyspace.address(), &patient()).await.err().unwrap();
            assert!(matches!(refused, OpenError::Unmigrated { .. }), "{refused}");
            let (address, settings) = (keyspace.address(), patient());
            for outcome in join_all((0..4).map(|_| migrate(&address, &settings))).await {
                outcome.unwrap();
            }
            migrate(&address, &settings).await.unwrap();
            let mut chat = Chat::new(store(&address).await).await;
            assert_eq!(chat.say(Side::Client, "a", "x").await, Seq(1));
            // The size of volumes was fixed, and need not be said again.
            let other = keyspace.address_by(&keyspace.servers, "&volume=9");
            let wrong = OpenError::Volume { made: VOLUME, asked: 9 };
            assert_eq!(migrate(&other, &settings).await, Err(wrong.clone()));
            assert_eq!(open(&other, &settings).await.err(), Some(wrong));
            store(&keyspace.address_by(&keyspace.servers, "")).await;
        })
    })
    .await;
}

#[tokio::test]
async fn schemas_of_another_time_are_refused() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let (address, settings) = (keyspace.address(), patient());
            migrate(&address, &settings).await.unwrap();
            let session = keyspace.session().await;
            session.query_unpaged("TRUNCATE schema_migrations", &[]).await.unwrap();
            let older = open(&address, &settings).await.err().unwrap();
            assert!(matches!(older, OpenError::Unmigrated { .. }), "{older}");
            assert!(older.to_string().contains("souk migrate"));
            let newer = "INSERT INTO schema_migrations (version, done_at) VALUES (99, 0)";
            session.query_unpaged(newer, &[]).await.unwrap();
            assert!(matches!(open(&address, &settings).await.err(), Some(OpenError::Newer { found: 99, .. })));
            assert!(matches!(migrate(&address, &settings).await, Err(OpenError::Newer { found: 99, .. })));
        })
    })
    .await;
}

#[tokio::test]
async fn a_keyspace_of_an_earlier_version_is_refused_until_it_is_migrated() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let (address, settings) = (keyspace.address(), patient());
            let session = keyspace.session().await;
            let make = format!(
                "CREATE KEYSPACE {} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}",
                keyspace.name
            );
            session.query_unpaged(make, &[]).await.unwrap();
            session.use_keyspace(&keyspace.name, false).await.unwrap();
            let text: Vec<&str> = include_str!("old/1.cql").lines().filter(|line| !line.starts_with("--")).collect();
            for statement in text.join("\n").split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
                session.query_unpaged(statement, &[]).await.unwrap();
            }
            let refused = open(&address, &settings).await.err().unwrap();
            assert!(
                matches!(&refused, OpenError::Unmigrated { found, .. } if found.contains("version 1")),
                "{refused}"
            );
            assert!(refused.to_string().contains("souk migrate"));
            for outcome in join_all((0..3).map(|_| migrate(&address, &settings))).await {
                outcome.unwrap();
            }
            old::assert_goes_on(store(&address).await).await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_keyspace_that_older_nodes_write_to_is_left_as_it_is() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let (address, settings) = (keyspace.address(), patient());
            migrate(&address, &settings).await.unwrap();
            let session = keyspace.session().await;
            // One version before this one, with nodes that live and nodes that died.
            let older = "DELETE FROM schema_migrations WHERE version = 3";
            session.query_unpaged(older, &[]).await.unwrap();
            let beat = async |node: &str, beat: i64| {
                let sign =
                    "INSERT INTO heartbeats (bucket, incarnation, beat, oldest_minute, minute) VALUES (1, ?, ?, 0, 0)";
                session.query_unpaged(sign, (node, beat)).await.unwrap();
            };
            beat("node-1", 1).await;
            beat("node-2", 1).await;
            let living = async {
                for number in 2.. {
                    beat("node-2", number).await;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            };
            let refused = tokio::select! {
                outcome = migrate(&address, &settings) => outcome.unwrap_err(),
                () = living => unreachable!("it goes on"),
            };
            let expected = OpenError::InUse { keyspace: keyspace.name.clone(), node: "node-2".into() };
            assert_eq!(refused, expected);
            assert!(matches!(open(&address, &settings).await.err(), Some(OpenError::Unmigrated { .. })));
            // Now it is as dead as the other, and what is up to date is not waited for.
            migrate(&address, &settings).await.unwrap();
            let began = Instant::now();
            migrate(&address, &settings).await.unwrap();
            println!("up to date: {:?}", began.elapsed());
            store(&address).await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_keyspace_that_names_no_data_centre_is_migrated_or_says_what_to_do() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let make = format!(
                "CREATE KEYSPACE {} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}",
                keyspace.name
            );
            if let Err(error) = keyspace.session().await.query_unpaged(make, &[]).await {
                println!("this server makes none: {error}");
                return;
            }
            match migrate(&keyspace.address(), &patient()).await {
                Ok(()) => println!("this server takes it"),
                Err(refused) => assert!(refused.to_string().contains("ALTER KEYSPACE"), "{refused}"),
            }
        })
    })
    .await;
}

#[tokio::test]
async fn more_copies_than_servers_are_refused_before_anything_is_made() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let many = keyspace.address().replace("replication=", "replication=9");
            let refused = migrate(&many, &patient()).await.unwrap_err().to_string();
            assert!(refused.contains("?replication="), "{refused}");
            assert!(keyspace.session().await.get_cluster_state().get_keyspace(&keyspace.name).is_none());
        })
    })
    .await;
}

#[tokio::test]
async fn a_data_centre_can_be_stayed_in() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let session = keyspace.session().await;
            let dc = session.get_cluster_state().get_nodes_info()[0].datacenter.clone().unwrap();
            let address = format!("{}&dc={dc}", keyspace.address());
            migrate(&address, &patient()).await.unwrap();
            let mut chat = Chat::new(store(&address).await).await;
            for n in 1..=VOLUME + 2 {
                assert_eq!(chat.say(Side::Client, &format!("m-{n}"), "x").await, Seq(n));
            }
            chat.assert_dense().await;
        })
    })
    .await;
}

#[tokio::test]
async fn nodes_that_agree_elsewhere_are_refused() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let session = keyspace.session().await;
            let dc = session.get_cluster_state().get_nodes_info()[0].datacenter.clone().unwrap();
            let (global, settings) = (keyspace.address(), patient());
            let local = format!("{global}&dc={dc}");
            // Of several that migrate at once with different addresses one kind has its way, and only its nodes start.
            let both = [&global, &local, &global, &local].map(|address| migrate(address, &settings));
            let done: Vec<bool> = join_all(both).await.iter().map(Result::is_ok).collect();
            assert!(done == [true, false, true, false] || done == [false, true, false, true], "{done:?}");
            let (right, wrong) = if done[0] { (&global, &local) } else { (&local, &global) };
            store(right).await;
            for refused in [open(wrong, &settings).await.err().unwrap(), migrate(wrong, &settings).await.unwrap_err()] {
                assert!(matches!(&refused, OpenError::DataCentre { .. }) && refused.is_misconfigured(), "{refused}");
                let mended =
                    if done[0] { "leave dc= out in store.url".into() } else { format!("write dc={dc} in store.url") };
                assert!(refused.to_string().contains(&mended), "{refused}");
            }
            // Another data centre is as wrong as none: here the keyspace's is made another one.
            session.use_keyspace(&keyspace.name, false).await.unwrap();
            let elsewhere = "UPDATE settings SET value = 'LOCAL_SERIAL elsewhere' WHERE name = 'serial' IF EXISTS";
            session.query_unpaged(elsewhere, &[]).await.unwrap();
            for address in [&global, &local] {
                let refused = open(address, &settings).await.err().unwrap().to_string();
                assert!(refused.contains("write dc=elsewhere"), "{refused}");
            }
            let nowhere = open(&format!("{global}&dc=elsewhere"), &settings).await.err().unwrap();
            assert!(matches!(&nowhere, OpenError::Address(why) if why.contains(&dc)), "{nowhere}");
        })
    })
    .await;
}

#[tokio::test]
async fn a_keyspace_that_does_not_say_where_it_agrees_is_migrated_first() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let (address, settings) = (keyspace.address(), patient());
            migrate(&address, &settings).await.unwrap();
            let session = keyspace.session().await;
            session.query_unpaged("DELETE FROM settings WHERE name = 'serial' IF EXISTS", &[]).await.unwrap();
            let refused = open(&address, &settings).await.err().unwrap();
            assert!(matches!(&refused, OpenError::Unmigrated { .. }), "{refused}");
            migrate(&address, &settings).await.unwrap();
            store(&address).await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_of_opening_a_volume_is_no_loss() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let mut chat = Chat::new(cluster.proxied.clone()).await;
            for n in 1..=VOLUME {
                chat.say(Side::Client, &format!("m-{n}"), "x").await;
            }
            let next = [chat.message_after(&chat.head, Side::Client, "next", "y")];
            cluster.proxy.lose_the_next_answer();
            let answer = chat.try_append(&next).await;
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "nothing was written: {answer:?}");
            assert_eq!(cluster.proxy.lost(), 1, "the fault did not bite");
            // The proxied one is still connecting anew.
            let mut chat = chat.seen_by(cluster.store());
            chat.look().await;
            assert_eq!((chat.head.volume, chat.head.seq), (1, Seq(VOLUME)));
            assert!(matches!(chat.try_append(&next).await.unwrap(), Appended::Applied(_)));
            chat.assert_dense().await;
        })
    })
    .await;
}

/// Sending works so soon after a cluster is back.
const WORKS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_cluster_that_was_away_is_used_again_soon() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let through = keyspace.address_by(&cluster.proxy.addresses, "");
            let mut chat = Chat::new(open(&through, &Settings::default()).await.unwrap().store).await;
            // Long enough that the driver waits for seconds before it tries again.
            for way in [Way::Refused, Way::Hole] {
                cluster.proxy.set(way);
                let until = Instant::now() + Duration::from_secs(20);
                let mut failed = 0;
                while Instant::now() < until {
                    failed += usize::from(chat.store.head(chat.id()).await.is_err());
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                assert!(failed > 3, "{way:?}: the fault did not bite");
                cluster.proxy.set(Way::Open);
                let back = Instant::now();
                while chat.store.head(chat.id()).await.is_err() {
                    assert!(back.elapsed() < WORKS_WITHIN, "{way:?}: still no answer");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                println!("{way:?}: answered again after {:?}", back.elapsed());
                chat.look().await;
                chat.say(Side::Client, &format!("{way:?}"), "x").await;
            }
            chat.assert_dense().await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_connection_in_a_hole_is_given_up_soon() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let chat = Chat::new(cluster.proxied.clone()).await;
            cluster.proxy.set(Way::Hole);
            // Its request would be waited for half a minute.
            let asked = Instant::now();
            chat.store.head(chat.id()).await.unwrap_err();
            assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
        })
    })
    .await;
}

#[tokio::test]
async fn a_change_from_a_later_volume_is_copied_back() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let mut chat = Chat::new(cluster.store()).await;
            for n in 1..=VOLUME {
                chat.say(Side::Client, &format!("m-{n}"), "x").await;
            }
            chat.edit(Seq(2), "edit", "changed").await;
            let session = keyspace.session().await;
            let select =
                "SELECT content, version FROM log WHERE order_id = ? AND volume = 0 AND section = 1 AND seq = 2";
            let own_row = async || {
                let rows = session.query_unpaged(select, (chat.id().as_str(),)).await.unwrap();
                rows.into_rows_result().unwrap().first_row::<(String, i32)>().unwrap()
            };
            assert_eq!(own_row().await, ("x".to_owned(), 1), "nobody has read it yet");
            assert_eq!(&*chat.message(Seq(2)).await.content, "changed");
            let deadline = Instant::now() + Duration::from_secs(30);
            while own_row().await != ("changed".to_owned(), 2) {
                assert!(Instant::now() < deadline, "it was read, and not copied back");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(&*chat.message(Seq(2)).await.content, "changed");
        })
    })
    .await;
}

#[tokio::test]
async fn the_newest_messages_of_a_hot_order_are_one_request() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let mut chat = Chat::new(cluster.proxied.clone()).await;
            // First in the order's first volume, then in its second; one of four entries makes no message.
            for end in [6, VOLUME + 6] {
                while chat.head.seq.0 < end {
                    let seq = chat.head.seq.next();
                    if seq.0 % 4 == 0 {
                        chat.edit(Seq(seq.0 - 1), &format!("e-{seq}"), &format!("text {seq}")).await;
                    } else {
                        chat.say(Side::Contractor, &format!("m-{seq}"), &format!("text {seq}")).await;
                    }
                }
                let mut fewest = (usize::MAX, usize::MAX);
                // The driver asks for things of its own now and then: not five times in a row.
                for _ in 0..5 {
                    let before = cluster.proxy.executed();
                    let newest = chat.store.messages_before(chat.id(), None, 4).await.unwrap();
                    fewest.0 = fewest.0.min(cluster.proxy.executed() - before);
                    let before = cluster.proxy.executed();
                    let above = chat.store.messages_before(chat.id(), Some(Seq(end)), 3).await.unwrap();
                    fewest.1 = fewest.1.min(cluster.proxy.executed() - before);
                    assert_eq!(above, newest[..3]);
                    assert_eq!(newest.iter().map(|m| m.seq.0).collect::<Vec<_>>(), [end - 4, end - 3, end - 1, end]);
                    for message in &newest {
                        assert_eq!(message.sender.as_ref(), Some(chat.party(Side::Contractor)));
                        assert_eq!(message.created_at, suite::chat::at(message.seq.0));
                    }
                }
                assert_eq!(fewest, (1, 1), "requests for the newest page, and for one below a number");
            }
        })
    })
    .await;
}

#[tokio::test]
async fn originals_lie_in_the_partition_of_their_time() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let mut chat = Chat::new(cluster.store()).await;
            let ann = chat.party(Side::Client).clone();
            for n in 1..=3 * VOLUME {
                let id = OriginalId { key: key(&ann, &format!("m-{n}")), message: None, why: Why::Masked };
                let (order, sender, at) = (chat.id().clone(), ann.clone(), suite::chat::at(n));
                let row = OriginalRow { order, id, version: 1, sender, at, sealed: vec![0; 40] };
                chat.store.keep(&[row]).await.unwrap();
                chat.say(Side::Client, &format!("m-{n}"), "***").await;
            }
            let count = "SELECT volume, count(*) FROM originals WHERE order_id = ? AND volume IN (0, 1, 2, 3) \
                 GROUP BY order_id, volume";
            let rows = keyspace.session().await.query_unpaged(count, (chat.id().as_str(),)).await.unwrap();
            let rows = rows.into_rows_result().unwrap();
            let sizes: Vec<(i32, i64)> = rows.rows().unwrap().map(Result::unwrap).collect();
            // The first entry of a volume is kept while the one before is still the newest.
            let size = i64::try_from(VOLUME).unwrap();
            assert_eq!(sizes, [(0, size + 1), (1, size), (2, size - 1)]);
        })
    })
    .await;
}

#[tokio::test]
async fn the_audit_log_costs_what_is_in_it() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            let (store, proxy) = (&cluster.proxied, &cluster.proxy);
            let hour = 3_600_000;
            let row = |hours: i64, number| AuditRow {
                id: AuditId { at: Timestamp(1_790_000_000_000 - hours * hour), number },
                actor: UserId::new("root").unwrap(),
                role: Role::Admin,
                action: AuditAction::OriginalsRead,
                order: None,
                details: "".into(),
            };
            // Three busy hours, decades apart.
            let mut rows: Vec<_> = [0, 90_000, 300_000].iter().flat_map(|h| (0..4).map(|n| row(*h, n))).collect();
            for row in &rows {
                store.record(row).await.unwrap();
            }
            rows.sort_by_key(|row| std::cmp::Reverse(row.id));
            let mut fewest = (usize::MAX, usize::MAX);
            for _ in 0..5 {
                let before = proxy.executed();
                assert_eq!(store.audit(None, 50).await.unwrap(), rows);
                let read = proxy.executed() - before;
                store.record(&rows[11]).await.unwrap();
                fewest = (fewest.0.min(read), fewest.1.min(proxy.executed() - before - read));
            }
            // The list of hours and each of the three; one row in an hour that is on the list.
            assert_eq!(fewest, (4, 1), "requests of reading and of recording");
        })
    })
    .await;
}

/// What a busy minute leaves behind is spread: no partition takes more than a sixteenth of it, and earlier builds' are found.
#[tokio::test]
async fn intents_are_spread_over_a_minute_and_those_of_an_earlier_build_are_found() {
    with_keyspace(|keyspace| {
        Box::pin(async move {
            let cluster = Cluster::new(&keyspace).await;
            suite::outbox::intended(&cluster, 0, Chat::new(cluster.store()).await).await;
            let (store, minute) = (cluster.store(), 28_333_333);
            let incarnation = Incarnation("node-1".into());
            let intents: Vec<OutboxIntent> = (0..320)
                .map(|number| {
                    let order = OrderId::new(&format!("o-{number}")).unwrap();
                    let (shard, key) = (OutboxIntent::shard_of(&order), key(&UserId::new("ann").unwrap(), "m"));
                    OutboxIntent { incarnation: incarnation.clone(), minute, shard, order, key, head: Seq::ZERO }
                })
                .collect();
            store.intend(&intents).await.unwrap();
            let mut found = store.intents(&incarnation, minute, 1_000).await.unwrap();
            found.sort_by_key(|intent| intents.iter().position(|known| known == intent));
            assert!(found == intents, "all of them, and nothing else");
            assert_eq!(store.intents(&incarnation, minute, 7).await.unwrap().len(), 7);
            let count = "SELECT incarnation, minute FROM intents";
            let session = keyspace.session().await;
            session.use_keyspace(&keyspace.name, false).await.unwrap();
            let rows = session.query_unpaged(count, &[]).await.unwrap().into_rows_result().unwrap();
            let mut parts = std::collections::HashMap::<String, usize>::new();
            for row in rows.rows::<(String, i64)>().unwrap() {
                *parts.entry(row.unwrap().0).or_default() += 1;
            }
            assert!(parts.len() == 16 && parts.values().all(|rows| *rows < 60), "{parts:?}");
            store.drop_intents(&intents).await.unwrap();
            assert!(store.intents(&incarnation, minute, 1_000).await.unwrap().is_empty());
        })
    })
    .await;
}
