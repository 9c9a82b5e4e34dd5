//! Several nodes on the same servers.

use std::net::SocketAddr;

use crate::node::{Node, SECRET, Settings};
use crate::stack::Stack;

/// Nodes that share Redis, the CQL servers and Kafka.
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Node>,
}

impl Cluster {
    /// Starts `count` nodes with `more` settings, all at once.
    pub async fn start(stack: &Stack, count: usize, more: &[(&str, &str)]) -> Self {
        Self::start_with(count, &settings(stack, more)).await
    }

    /// Starts `count` nodes with exactly these settings.
    pub async fn start_with(count: usize, settings: &Settings) -> Self {
        let starting: Vec<_> = (1..=count)
            .map(|number| {
                let settings = settings.clone();
                tokio::spawn(async move { Node::start(&format!("node{number}"), settings).await })
            })
            .collect();
        let mut nodes = Vec::with_capacity(count);
        for node in starting {
            nodes.push(node.await.expect("the node starts"));
        }
        Self { nodes }
    }

    /// Where clients connect, node by node.
    pub fn clients(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.clients).collect()
    }
}

/// The settings of a node on these servers.
pub fn settings(stack: &Stack, more: &[(&str, &str)]) -> Settings {
    let shared = Settings::default()
        .with("SOUK_ROUTER_URL", &stack.redis)
        .with("SOUK_STORE_URL", stack.store_url(&stack.cql))
        .with("SOUK_EVENTS_URL", format!("kafka://{}", stack.kafka))
        .with("SOUK_AUTH_SECRET", SECRET)
        .with("SOUK_STORE_SECRET", SECRET);
    more.iter().fold(shared, |settings, (name, value)| settings.with(name, *value))
}
