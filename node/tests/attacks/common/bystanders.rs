//! Two people who chat quietly on the attacked node, and must notice nothing.

use serde_json::json;

use super::{Plain, TestNode};

/// Alice and Bob, both joined in the order `calm`.
pub(crate) struct Bystanders {
    alice: Plain,
    bob: Plain,
    said: u64,
}

impl Bystanders {
    /// They come before the attack.
    pub(crate) async fn of(node: &TestNode) -> Self {
        node.order("calm", "alice", "bob").await;
        let (mut alice, mut bob) = (node.user("alice").await, node.user("bob").await);
        for one in [&mut alice, &mut bob] {
            one.done("join_order_chat", json!({"orderId": "calm"})).await;
        }
        Self { alice, bob, said: 0 }
    }

    /// Says something each way: it arrives with the next numbers, nothing else did, and both are still connected.
    pub(crate) async fn undisturbed(&mut self) {
        for _ in 0..2 {
            self.said += 1;
            let text = format!("calm {}", self.said);
            let sent = self.alice.done("send_message", json!({"orderId": "calm", "content": text})).await;
            assert_eq!(sent["seq"], json!(self.said), "an entry that nobody of us made: {sent}");
            let (event, message) = self.bob.push().await;
            assert_eq!((event.as_str(), &message["content"]), ("new_message", &json!(text)), "{message}");
            std::mem::swap(&mut self.alice, &mut self.bob);
        }
        self.alice.quiet(&[]).await;
        self.bob.quiet(&[]).await;
    }
}
