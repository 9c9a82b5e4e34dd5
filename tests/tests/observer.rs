//! The load test's witness of Redis, on a real one.

use std::time::Duration;

use fred::prelude::{Builder, Client, ClientLike, Config, PubsubInterface};
use souk_loadtest::measure::observer::{Observer, redis_cpu};
use souk_tests::left_out::{program, server};
use souk_tests::redis::Redis;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);

/// A publisher, and a tag that no other run has.
async fn publisher(url: &str) -> (Client, String) {
    let publisher = Builder::from_config(Config::from_url(url).expect("an address")).build().expect("a client");
    publisher.init().await.expect("Redis answers");
    (publisher, format!("{:08x}", rand::random::<u32>()))
}

async fn publish(publisher: &Client, channel: &str, value: &[u8]) -> u64 {
    publisher.publish(channel, value).await.expect("Redis answers")
}

/// Publishes, and returns when Redis has written it to its subscribers. The answer to `PUBLISH` alone does not say so: Redis
/// writes it to the publisher first. The answer to one more command comes a turn of its event loop later.
async fn publish_through(publisher: &Client, channel: &str, value: &[u8]) {
    publish(publisher, channel, value).await;
    publisher.ping::<()>(None).await.expect("Redis answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_through_redis_is_counted_by_room() {
    const EACH: u64 = 5_000;
    let Some(url) = server("observer: counts", "SOUK_TEST_REDIS") else { return };
    let (publisher, tag) = publisher(&url).await;
    let before = redis_cpu(&url).await.expect("Redis answers");
    let observer = Observer::start(&url, &tag).await.expect("Redis answers");
    let channels = [
        format!("souk:order:{{o{tag}-1}}"),
        format!("souk:user:{{u{tag}-1}}"),
        format!("souk:user:{{u{tag}-2}}"),
        "souk:order:{somebody-elses}".to_owned(),
        format!("elsewhere:order:{{o{tag}-1}}"),
    ];
    let body = [7; 300];
    for _ in 0..EACH {
        // In one go, as nodes do.
        let pipeline = publisher.pipeline();
        for channel in &channels {
            pipeline.publish::<(), _, _>(channel.as_str(), &body[..]).await.expect("queued");
        }
        pipeline.all::<()>().await.expect("Redis answers");
    }
    let seen = observer.finish().await;
    assert_eq!((seen.order_rooms, seen.user_rooms, seen.missed, seen.gaps), (EACH, 2 * EACH, 0, 0));
    // The stack is shared: other tests publish, too.
    assert!(seen.others >= EACH && seen.bytes >= 4 * EACH * 300, "{seen:?}");
    assert!(redis_cpu(&url).await.expect("Redis answers") > before, "Redis did all this without time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_goes_is_a_gap_and_nothing_stays_behind() {
    let Some(()) = program("observer: gaps", "redis-server", "apt-get install redis-server") else { return };
    let mut redis = Redis::start(&[]).await.expect("redis-server can be run");
    let (first, tag) = publisher(&redis.url()).await;
    let order = format!("souk:order:{{o{tag}-1}}");
    let observer = Observer::start(&redis.url(), &tag).await.expect("Redis answers");
    assert_eq!(publish(&first, &order, b"one").await, 1, "the observer listens when it has started");
    drop(observer);
    wait::until("the observer's connection ends with it", SOON, || async {
        (publish(&first, &order, b"unheard").await == 0).then_some(())
    })
    .await;

    let observer = Observer::start(&redis.url(), &tag).await.expect("Redis answers");
    publish_through(&first, &order, b"two").await;
    redis.kill();
    redis.restart().await;
    let (again, _) = publisher(&redis.url()).await;
    wait::until("the observer comes back", SOON, || async {
        (publish(&again, &order, b"three").await == 1).then_some(())
    })
    .await;
    let seen = observer.finish().await;
    assert_eq!((seen.order_rooms, seen.bytes, seen.gaps), (2, 8, 1));

    let observer = Observer::start(&redis.url(), &tag).await.expect("Redis answers");
    publish_through(&again, &order, b"four").await;
    redis.kill();
    let seen = wait::within("it finishes without Redis", SOON, observer.finish()).await;
    assert_eq!(seen.order_rooms, 1);
    assert!(seen.gaps > 0, "{seen:?}");
    assert!(redis_cpu(&redis.url()).await.is_err());
}
