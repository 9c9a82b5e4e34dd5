//! Which real servers there are.

use std::sync::OnceLock;

use souk_testkit::left_out::server;
use souk_testkit::place;

/// Where all tests keep history: their orders and people are different, so they can share it.
const KEYSPACE: &str = "souk_tests";

/// The servers that nodes share.
#[derive(Clone, Debug)]
pub struct Stack {
    /// `redis://host:port`
    pub redis: String,
    /// `host:port[,host:port]` of CQL servers.
    pub cql: String,
    /// `host:port` of a Kafka broker.
    pub kafka: String,
    /// Class path with Kafka's console tools.
    pub kafka_tools: String,
}

impl Stack {
    /// The servers named by the environment, with the tables made. `None`: `test` was left out and this was said.
    pub fn find(test: &str) -> Option<Self> {
        let stack = Self {
            redis: server(test, "SOUK_TEST_REDIS")?,
            cql: server(test, "SOUK_TEST_CQL")?,
            kafka: server(test, "SOUK_TEST_KAFKA")?,
            kafka_tools: server(test, "SOUK_TEST_KAFKA_TOOLS")?,
        };
        stack.migrate();
        Some(stack)
    }

    /// The address of the tests' keyspace, behind these CQL servers or others in front of them.
    pub fn store_url(&self, cql: &str) -> String {
        let replication = if self.cql.matches(',').count() >= 2 { 3 } else { 1 };
        format!("cql://{cql}/{KEYSPACE}?replication={replication}")
    }

    fn migrate(&self) {
        static DONE: OnceLock<()> = OnceLock::new();
        DONE.get_or_init(|| {
            place::alone("migrate", || {
                let output = crate::node::command()
                    .arg("migrate")
                    .env("SOUK_STORE_URL", self.store_url(&self.cql))
                    .env("SOUK_STORE_SECRET", crate::node::SECRET)
                    .env("SOUK_AUTH_SECRET", crate::node::SECRET)
                    .env("SOUK_ROUTER_URL", &self.redis)
                    .env("SOUK_EVENTS_URL", format!("kafka://{}", self.kafka))
                    .output()
                    .expect("souk can be run");
                assert!(output.status.success(), "souk migrate: {}", String::from_utf8_lossy(&output.stderr));
            });
        });
    }
}
