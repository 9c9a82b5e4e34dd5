//! Sentinel and Cluster, each as small as it can be.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod suite;

use souk_chat::ports::{Admission, Gap, Subscription};
use souk_router::{Parts, Settings};

use souk_testkit::redis::Redis;
use suite::{Recorder, envelope, eventually, order_channel, server, user};

/// Two nodes hear each other, see each other's people and share a limit.
async fn works(a: &Parts, b: &Parts, at_b: &Recorder, seq: u64) {
    let channel = order_channel("o");
    let held = Subscription::new(b.router.clone(), channel.clone());
    eventually("both are connected", async || a.router.is_connected() && b.router.is_connected()).await;
    held.confirmed().await.unwrap();
    a.router.publish(std::slice::from_ref(&channel), envelope("o", seq)).await.unwrap();
    eventually("it arrives", async || at_b.seqs(&channel).contains(&seq)).await;
    let ann = user(&format!("ann{seq}"));
    a.presence.set(&ann, 1);
    eventually("she is online", async || b.presence.online(&[ann.clone(), user("zoe")]).await == Ok(vec![true, false]))
        .await;
    for n in 0..20 {
        let parts = if n % 2 == 0 { a } else { b };
        assert_eq!(
            parts.limiter.admit(&suite::attempt(&ann, &n.to_string())).await,
            Admission::Allowed { counted: true, repeated: false }
        );
    }
    assert!(matches!(b.limiter.admit(&suite::attempt(&ann, "one more")).await, Admission::Limited { .. }));
}

fn nodes(url: &str) -> (Parts, Parts) {
    let node =
        |name: &str| souk_router::connect(url, &Settings { node: name.to_owned(), ..Settings::default() }).unwrap();
    (node("a"), node("b"))
}

/// A file of this test's own, which the server will write.
fn scratch(what: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("souk-{what}-{}.conf", std::process::id()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_serves() {
    let file = scratch("cluster");
    let arguments = ["--cluster-enabled", "yes", "--cluster-config-file", file.to_str().unwrap()];
    let Some(server) = Redis::start(&arguments).await else { return };
    let mut redis = server::connection(&server.url()).await;
    let slots = redis::cmd("CLUSTER").arg(&["ADDSLOTSRANGE", "0", "16383"]).query_async::<String>(&mut redis).await;
    slots.unwrap();
    eventually("the cluster stands", async || {
        let state: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut redis).await.unwrap();
        state.contains("cluster_state:ok")
    })
    .await;
    let (a, b) = nodes(&format!("redis-cluster://127.0.0.1:1,127.0.0.1:{}", server.address.port()));
    let at_b = Recorder::attached(&b);
    works(&a, &b, &at_b, 1).await;
    assert_eq!(a.metrics.limiter_fallbacks.get() + b.metrics.limiter_fallbacks.get(), 0);
    drop(server);
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_name_the_master_and_the_next_one() {
    let Some(mut master) = Redis::start(&[]).await else { return };
    let of = master.address.port().to_string();
    let Some(replica) = Redis::start(&["--replicaof", "127.0.0.1", &of]).await else { return };
    let file = scratch("sentinel");
    let watch = "sentinel monitor main 127.0.0.1";
    let quick = "sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n";
    std::fs::write(&file, format!("{watch} {of} 1\n{quick}")).unwrap();
    let Some(sentinel) = Redis::start_sentinel(&file).await else { return };

    let (a, b) = nodes(&format!("redis-sentinel://127.0.0.1:1,127.0.0.1:{}/main", sentinel.address.port()));
    let at_b = Recorder::attached(&b);
    works(&a, &b, &at_b, 1).await;

    let mut sentinel_client = server::connection(&sentinel.url()).await;
    eventually("the sentinel knows the replica", async || {
        let replicas: Vec<redis::Value> =
            redis::cmd("SENTINEL").arg(&["REPLICAS", "main"]).query_async(&mut sentinel_client).await.unwrap();
        replicas.len() == 1
    })
    .await;
    at_b.gaps.lock().clear();
    master.kill();
    eventually("the replica is master", async || {
        // The sentinel cuts connections when it changes a server's role.
        let mut redis = server::connection(&replica.url()).await;
        let role = redis::cmd("ROLE").query_async::<Vec<redis::Value>>(&mut redis).await;
        role.is_ok_and(|role| role[0] == redis::Value::BulkString(b"master".to_vec()))
    })
    .await;
    eventually("the gap is told", async || at_b.has_gap(&Gap::All)).await;
    works(&a, &b, &at_b, 2).await;
    drop(sentinel);
    std::fs::remove_file(&file).unwrap();
}
