//! Two real nodes on Redis, CQL and Kafka: those of the environment, otherwise of `deploy/stack`, where `SOUK_STACK_DIR` says that
//! starting it is wanted. Left out where neither is said, or `SOUK_BIN` is not, unless `SOUK_REQUIRE=all`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use souk_chat::{OrderId, Role, UserId};
use souk_client::{AccessToken, Answer, Carrier, ConnectOptions, Connection, Item};
use souk_loadtest::scenario::{Engines, Nodes};
use souk_loadtest::target::{Carriers, OwnNodes, Servers, Target, make_orders, read_history};
use souk_protocol::socketio::Namespace;
use souk_protocol::{Request, ServerEvent};
use souk_testkit::left_out;
use souk_testkit::token::Signer;

const WAIT: Duration = Duration::from_secs(15);
const ORDERS: usize = 100;

fn souk() -> Option<PathBuf> {
    let is_named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_named("SOUK_ROUTER_URL") && !is_named("SOUK_STACK_DIR") {
        left_out::leave_out("two_nodes_share_a_cluster", "servers", left_out::SERVERS);
        return None;
    }
    left_out::souk("two_nodes_share_a_cluster")
}

async fn connect(target: &Target, node: usize, user: &UserId, carrier: Carrier) -> Connection {
    let token = Signer::new(&target.secret).sign(user.as_str(), Role::Client.as_str(), Duration::from_secs(600));
    let address = format!("ws://{}", target.nodes[node].clients).parse().unwrap();
    Connection::connect(&ConnectOptions::new(address, carrier), Some(&AccessToken::from(token))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_a_cluster() {
    let Some(souk) = souk() else { return };
    let tell = |text: &str| eprintln!("{text}");
    let began = Instant::now();
    let servers = Arc::new(Servers::find(Engines::Cluster, &tell).await.unwrap());
    eprintln!("servers after {:?}", began.elapsed());
    let plan = Nodes { engines: Engines::Cluster, count: 2, settings: Vec::new() };
    let mut nodes = OwnNodes::start(&plan, servers.clone(), Some(&souk), &tell).await.unwrap();
    eprintln!("nodes after {:?}", began.elapsed());
    let target = nodes.target();
    assert_eq!((target.nodes.len(), target.engines.as_str()), (2, "cluster"));
    assert!(target.redis.as_deref().unwrap().starts_with("redis"));
    target.probe(Carriers::BOTH).await.unwrap();

    let tag: u32 = rand::random();
    let order = |number: usize| {
        let id = |letter: char| format!("{letter}{tag:08x}-{number}");
        let ids: (OrderId, UserId, UserId) =
            (id('o').parse().unwrap(), id('c').parse().unwrap(), id('k').parse().unwrap());
        ids
    };
    let making = Instant::now();
    assert_eq!(make_orders(&target, (0..ORDERS).map(order), 8).await.unwrap(), ORDERS);
    eprintln!("{ORDERS} orders: {:?}", making.elapsed());

    // What is said on one node is heard on the other.
    let (talked, client, contractor) = order(0);
    let mut ann = connect(&target, 0, &client, Carrier::Plain { batch: false }).await;
    let mut bob = connect(&target, 1, &contractor, Carrier::SocketIo(Namespace::Root)).await;
    let join = Request::JoinOrderChat { order: talked.clone(), cursor: None };
    assert!(matches!(bob.request(&join, WAIT).await.unwrap().answer, Answer::Joined(_)));
    let say = Request::SendMessage { order: talked.clone(), content: "good morning".into(), client_message_id: None };
    ann.request(&say, WAIT).await.unwrap();
    let heard = tokio::time::timeout(WAIT, async {
        loop {
            if let Item::Push(push) = bob.next().await.unwrap().item
                && let ServerEvent::NewMessage(message) = *push
            {
                return message;
            }
        }
    });
    assert_eq!(*heard.await.unwrap().content, *"good morning");

    // A crash, and back.
    nodes.kill(0).unwrap();
    assert_eq!(nodes.has_ended(1), None);
    nodes.restart(0).await.unwrap();
    let admin = Signer::new(&target.secret).sign("admin", Role::Admin.as_str(), Duration::from_secs(600));
    assert_eq!(read_history(&nodes.target(), &talked, &admin).await.unwrap().len(), 1);
    let ending = Instant::now();
    drop((nodes, servers));
    eprintln!("all ended after {:?}", ending.elapsed());
}
