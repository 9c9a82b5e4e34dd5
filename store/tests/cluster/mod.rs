//! A keyspace for each test on the cluster that `SOUK_TEST_CQL` names, and nodes on it.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(unreachable_pub, reason = "a module of a test program is reached by that program alone")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use souk_chat::ports::store::StoreError;
use souk_chat::ports::{KeptSettings, Store};
use souk_chat::{Head, NewEntry, OrderId};
use souk_store::{Settings, migrate, open};
use souk_testkit::left_out;

use crate::proxy::Proxy;
use crate::suite::Engine;
use crate::suite::chat::fresh;

/// Small enough that cases cross it several times.
pub const VOLUME: u64 = 8;

/// A keyspace for one test.
#[derive(Clone)]
pub struct Keyspace {
    pub servers: Vec<SocketAddr>,
    pub name: String,
}

impl Keyspace {
    pub fn address_by(&self, servers: &[SocketAddr], more: &str) -> String {
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let copies = if servers.len() < 3 { 1 } else { 3 };
        format!("cql://{}/{}?replication={copies}{more}", servers.join(","), self.name)
    }

    pub fn address(&self) -> String {
        self.address_by(&self.servers, &format!("&volume={VOLUME}"))
    }

    pub async fn session(&self) -> Session {
        let session = SessionBuilder::new().known_nodes_addr(&self.servers).build().await.unwrap();
        if session.get_cluster_state().get_keyspace(&self.name).is_some() {
            session.use_keyspace(&self.name, false).await.unwrap();
        }
        session
    }
}

/// Runs `test` in a keyspace of its own, and drops that whatever becomes of the test. Left out, loudly, without a cluster.
pub async fn with_keyspace(test: impl FnOnce(Keyspace) -> BoxFuture<'static, ()>) {
    let Some(servers) = left_out::server("the suite over CQL", "SOUK_TEST_CQL") else { return };
    let servers = servers.split(',').map(|server| server.parse().unwrap()).collect();
    let keyspace = Keyspace { servers, name: fresh("t").replace('-', "_") };
    let outcome = tokio::spawn(test(keyspace.clone())).await;
    let drop = format!("DROP KEYSPACE IF EXISTS {}", keyspace.name);
    let mut drop = scylla::statement::unprepared::Statement::new(drop);
    drop.set_request_timeout(Some(Duration::from_secs(60)));
    keyspace.session().await.query_unpaged(drop, &[]).await.unwrap();
    if let Err(failed) = outcome {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// Patient: a cold server on a busy machine answers late, and the suite is not about time.
pub fn patient() -> Settings {
    Settings {
        request_timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(60),
        ..Settings::default()
    }
}

pub async fn store(address: &str) -> Arc<dyn Store> {
    open(address, &patient()).await.unwrap().store
}

/// A migrated keyspace, and three nodes on it.
pub struct Cluster {
    store: Arc<dyn Store>,
    rival: Arc<dyn Store>,
    settings: [Arc<dyn KeptSettings>; 2],
    /// Behind `proxy`.
    pub proxied: Arc<dyn Store>,
    pub proxy: Proxy,
}

impl Cluster {
    pub async fn new(keyspace: &Keyspace) -> Self {
        migrate(&keyspace.address(), &patient()).await.unwrap();
        let proxy = Proxy::before(&keyspace.servers).await;
        let through = keyspace.address_by(&proxy.addresses, "");
        let address = keyspace.address();
        let (one, other) = (open(&address, &patient()).await.unwrap(), open(&address, &patient()).await.unwrap());
        Self {
            store: one.store,
            rival: other.store,
            settings: [one.settings, other.settings],
            proxied: store(&through).await,
            proxy,
        }
    }
}

#[async_trait]
impl Engine for Cluster {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn rival(&self) -> Arc<dyn Store> {
        self.rival.clone()
    }

    fn settings(&self) -> [Arc<dyn KeptSettings>; 2] {
        self.settings.clone()
    }

    fn volume(&self) -> Option<u64> {
        Some(VOLUME)
    }

    async fn append_losing_the_answer(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) {
        // After an answer was lost it connects anew.
        let deadline = Instant::now() + Duration::from_secs(30);
        while let Err(error) = self.proxied.head(order).await {
            assert!(Instant::now() < deadline, "no connection: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let before = self.proxy.lost();
        self.proxy.lose_the_next_answer();
        let answer = self.proxied.append(order, head, entries).await;
        assert!(matches!(answer, Err(StoreError::Unknown(_))), "a lost answer is unknown, not {answer:?}");
        assert_eq!(self.proxy.lost(), before + 1, "the fault did not bite");
    }
}
