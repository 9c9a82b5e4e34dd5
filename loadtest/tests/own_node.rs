//! A real node, started, asked, filled, killed and started again. `SOUK_BIN` names the program; without it this is left out, unless
//! `SOUK_REQUIRE=all`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use souk_chat::{OrderId, Role, UserId};
use souk_client::{AccessToken, Answer, Carrier, ConnectOptions, Connection};
use souk_loadtest::scenario::{Engines, Nodes};
use souk_loadtest::target::{
    Carriers, GivenTarget, OwnNodes, RestPool, Servers, Target, TargetError, make_orders, read_history,
};
use souk_protocol::Request;
use souk_testkit::left_out::souk;
use souk_testkit::token::Signer;

/// Messages in the order whose history is read: more than a page.
const MESSAGES: usize = 450;
const ORDERS: usize = 500;

fn plan(settings: &[(&str, &str)]) -> Nodes {
    let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Nodes { engines: Engines::Alone, count: 1, settings: settings.collect() }
}

async fn start(souk: &std::path::Path, settings: &[(&str, &str)]) -> Result<OwnNodes, TargetError> {
    let servers = Arc::new(Servers::find(Engines::Alone, &|_| {}).await?);
    OwnNodes::start(&plan(settings), servers, Some(souk), &|_| {}).await
}

fn order(number: usize) -> (OrderId, UserId, UserId) {
    let id = |letter: char| format!("{letter}-{number}");
    (id('o').parse().unwrap(), id('c').parse().unwrap(), id('k').parse().unwrap())
}

async fn talk(target: &Target, order: &OrderId, user: &UserId) {
    let token = Signer::new(&target.secret).sign(user.as_str(), Role::Client.as_str(), Duration::from_secs(600));
    let address = format!("ws://{}", target.nodes[0].clients).parse().unwrap();
    let options = ConnectOptions::new(address, Carrier::Plain { batch: false });
    let mut connection = Connection::connect(&options, Some(&AccessToken::from(token))).await.unwrap();
    for number in 0..MESSAGES {
        let request = Request::SendMessage {
            order: order.clone(),
            content: format!("message {number}").into(),
            client_message_id: None,
        };
        let reply = connection.request(&request, Duration::from_secs(15)).await.unwrap();
        assert!(matches!(reply.answer, Answer::Message(_)));
    }
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_our_own_lives_is_killed_and_comes_back() {
    let Some(souk) = souk("a_node_of_our_own_lives_is_killed_and_comes_back") else { return };
    let began = Instant::now();
    let mut nodes = start(&souk, &[("limits.messages", "0"), ("limits.connections_per_user", "7")]).await.unwrap();
    eprintln!("ready after {:?}", began.elapsed());
    let target = nodes.target();
    assert_eq!((target.nodes.len(), target.engines.as_str(), nodes.len()), (1, "alone", 1));

    let probe = target.probe(Carriers::BOTH).await.unwrap();
    assert_eq!(probe.hello.limits.messages, 0);
    let wrong = Target { secret: "another secret, which is long enough".to_owned(), ..target.clone() };
    for carriers in [Carriers::PLAIN, Carriers::SOCKETIO] {
        let error = wrong.probe(carriers).await.unwrap_err();
        assert!(matches!(error, TargetError::Secret { .. }), "{error}");
        eprintln!("{error}");
    }
    let only_plain = Target { carriers: Carriers::PLAIN, ..target.clone() };
    assert!(matches!(only_plain.probe(Carriers::BOTH).await, Err(TargetError::Unfit(_))));

    let began = Instant::now();
    assert_eq!(make_orders(&target, (0..ORDERS).map(order), 8).await.unwrap(), ORDERS);
    eprintln!("{ORDERS} orders: {:?}", began.elapsed());
    let error = make_orders(&wrong, [order(0)], 1).await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");

    let (talked, client, _) = order(0);
    talk(&target, &talked, &client).await;
    let admin = Signer::new(&target.secret).sign("admin", Role::Admin.as_str(), Duration::from_secs(600));
    let history = read_history(&target, &talked, &admin).await.unwrap();
    assert!(history.iter().enumerate().all(|(at, message)| *message.content == *format!("message {at}")));
    assert_eq!(history.len(), MESSAGES);

    // A connection that was kept is broken by the crash; the pool makes another.
    let pool = RestPool::new(&target);
    assert_eq!(pool.history(&admin, &talked).await.unwrap().len(), MESSAGES);
    assert_eq!(nodes.has_ended(0), None);
    nodes.kill(0).unwrap();
    assert!(nodes.has_ended(0).unwrap().starts_with("node-1 ended (signal: 9"));
    let given = GivenTarget::souk(vec![target.nodes[0].clients.to_string()], target.secret.clone());
    assert!(matches!(Target::given(given.clone()).await, Err(TargetError::Down { .. })));
    let began = Instant::now();
    nodes.restart(0).await.unwrap();
    eprintln!("back after {:?}", began.elapsed());
    assert_eq!(nodes.target().nodes[0].clients, target.nodes[0].clients);
    assert_ne!(nodes.target().nodes[0].pid, target.nodes[0].pid);
    assert_eq!(pool.history(&admin, &talked).await.unwrap().len(), MESSAGES);
    Target::given(given).await.unwrap().probe(Carriers::BOTH).await.unwrap();

    nodes.drain(0).unwrap();
    assert!(nodes.gone(0, Duration::from_secs(30)).await);
    assert!(nodes.has_ended(0).unwrap().contains("exit status: 0"));
    nodes.restart(0).await.unwrap();
    let pid = nodes.pid(0);
    drop(nodes);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn a_node_that_does_not_start_says_why() {
    let Some(souk) = souk("a_node_that_does_not_start_says_why") else { return };
    let error = start(&souk, &[("limits.mesages", "0")]).await.unwrap_err().to_string();
    assert!(error.starts_with("node-1 did not start: it ended (exit status: 64); it said:"), "{error}");
    assert!(error.contains("SOUK_LIMITS_MESSAGES"), "{error}");
    eprintln!("{error}");
}
