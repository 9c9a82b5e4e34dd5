//! The rate limit, over nodes, devices and carriers.

use std::time::{Duration, Instant};

use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::people::{Deal, tail};
use souk_tests::stack::Stack;
use souk_tests::wait;
use tokio::time::sleep;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_a_minute_over_all_nodes_and_devices() {
    let Some(stack) = Stack::find("limits: twenty") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let devices = [("one", first, PLAIN), ("two", second, SOCKET_IO), ("three", second, PLAIN)]
        .map(|(name, node, carrier)| Spec::new(name, &deal.client, &deal.order, &[node], carrier).start());
    for device in &devices {
        device.live(SOON).await;
    }
    let ids: Vec<Vec<_>> = devices
        .iter()
        .map(|device| (1..=9).map(|number| device.send(format!("{number} of {}", device.name))).collect())
        .collect();
    let rest = deal.client.rest(first);
    let mut by_rest = Vec::new();
    for number in 1..=6 {
        let key = format!("rest-{}", tail());
        let reply = rest.send(deal.order.as_str(), &format!("{number} over REST"), Some(&key)).await;
        assert!(matches!(reply.status, 201 | 429), "{reply:?}");
        by_rest.push((key, number, reply));
    }
    let decided = |device: usize| {
        let record = devices[device].record();
        ids[device]
            .iter()
            .all(|id| record.attempts[id].acknowledged.is_some() || !record.attempts[id].refusals.is_empty())
    };
    wait::until_true("every send is answered", SOON, || (0..devices.len()).all(decided)).await;

    let taken = by_rest.iter().filter(|(_, _, reply)| reply.status == 201).count();
    let taken = taken + devices.iter().map(|device| device.record().acknowledged()).sum::<usize>();
    assert_eq!(taken, 20, "27 by sockets and 6 over REST");
    assert_eq!(History::read(&deal, second).await.messages.len(), 20);
    let refusals = devices.iter().flat_map(|device| device.record().attempts.into_values());
    assert!(refusals.flat_map(|attempt| attempt.refusals).all(|code| code == "rate_limited"));

    // What is there is answered, on whichever node, however full the window is.
    let record = devices[0].record();
    let (id, attempt) =
        record.attempts.iter().find(|(_, attempt)| attempt.acknowledged.is_some()).expect("some were taken");
    let again = deal.client.rest(second).send(deal.order.as_str(), &attempt.content, Some(id.as_str())).await;
    assert_eq!(again.status, 200, "{again:?}");
    // The other party has a limit of their own.
    let theirs = deal.contractor.rest(second).send(deal.order.as_str(), "mine is not used up", None).await;
    assert_eq!(theirs.status, 201, "{theirs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_and_refusals_do_not_count_and_the_wait_is_honest() {
    const LIMIT: usize = 5;
    const WINDOW: Duration = Duration::from_secs(6);
    let Some(stack) = Stack::find("limits: honest wait") else { return };
    let settings = [("SOUK_LIMITS_MESSAGES", "5"), ("SOUK_LIMITS_WINDOW", "6s")];
    let cluster = Cluster::start(&stack, 2, &settings).await;
    let deal = Deal::make(cluster.nodes[0].clients).await;
    let rests = [0, 1].map(|node: usize| deal.client.rest(cluster.nodes[node].clients));
    let order = deal.order.as_str();

    let began = Instant::now();
    for number in 1..=LIMIT {
        let (key, text) = (format!("once-{number}"), format!("message {number}"));
        assert_eq!(rests[0].send(order, &text, Some(&key)).await.status, 201);
        // A repeat on each node, a conflict and an empty text: none of them counts.
        assert_eq!(rests[1].send(order, &text, Some(&key)).await.status, 200);
        assert_eq!(rests[0].send(order, &text, Some(&key)).await.status, 200);
        assert_eq!(rests[1].send(order, "another text", Some(&key)).await.code(), "idempotency_conflict");
        assert_eq!(rests[1].send(order, " \n ", None).await.code(), "empty");
    }
    let refused = rests[1].send(order, "one too many", Some("late")).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"), "{refused:?}");
    assert!(began.elapsed() < WINDOW, "this machine is too slow for a window of {WINDOW:?}");
    let wait = Duration::from_millis(refused.json()["retryAfterMs"].as_u64().expect("it says how long to wait"));
    assert!(wait > Duration::ZERO && wait <= WINDOW, "{wait:?}");
    let seconds: u64 =
        refused.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After in seconds");
    assert!(Duration::from_secs(seconds) >= wait && Duration::from_secs(seconds) < wait + Duration::from_secs(1));

    // Earlier it is still refused, and these refusals do not make the wait longer.
    let told = Instant::now();
    let early = Duration::from_millis(400);
    assert!(wait > early, "nothing to try in {wait:?}");
    sleep((wait - early).saturating_sub(told.elapsed())).await;
    for _ in 0..3 {
        assert_eq!(rests[0].send(order, "one too many", Some("late")).await.status, 429);
    }
    sleep((wait + Duration::from_millis(50)).saturating_sub(told.elapsed())).await;
    let taken = rests[0].send(order, "one too many", Some("late")).await;
    assert_eq!(taken.status, 201, "{taken:?} after the announced {wait:?}");
}
