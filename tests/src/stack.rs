//! Which real servers there are.

use std::process::Command;
use std::sync::OnceLock;

use crate::left_out::leave_out;
use crate::place;

/// How servers are had.
const HOW: &str = "start them with `deploy/stack up`, then `eval \"$(deploy/stack env)\"`";
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
        let mut lacks = Vec::new();
        let mut named = |name| match std::env::var(name) {
            Ok(value) if !value.is_empty() => value,
            _ => {
                lacks.push(name);
                String::new()
            }
        };
        let stack = Self {
            redis: named("SOUK_TEST_REDIS"),
            cql: named("SOUK_TEST_CQL"),
            kafka: named("SOUK_TEST_KAFKA"),
            kafka_tools: named("SOUK_TEST_KAFKA_TOOLS"),
        };
        if !lacks.is_empty() {
            leave_out(test, &lacks.join(", "), HOW);
            return None;
        }
        stack.migrate();
        Some(stack)
    }

    /// The address of Redis alone, for a test that needs no more. `None`: `test` was left out and this was said.
    pub fn find_redis(test: &str) -> Option<String> {
        let named = std::env::var("SOUK_TEST_REDIS").ok().filter(|url| !url.is_empty());
        if named.is_none() {
            leave_out(test, "SOUK_TEST_REDIS", HOW);
        }
        named
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

/// Whether a program can be run. `None`: `test` was left out and this was said.
pub fn program(test: &str, name: &str, how: &str) -> Option<()> {
    if Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(());
    }
    leave_out(test, name, how);
    None
}
