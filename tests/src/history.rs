//! What is stored, read back over REST.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use souk_chat::Seq;
use souk_protocol::dto::{Message, Page};

use crate::people::{Deal, Person};
use crate::wait;

/// How long reading a page may take, tries included.
const PAGE_WITHIN: Duration = Duration::from_secs(20);

/// All messages of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// By number. `clientMessageId` is there for both parties' messages.
    pub messages: BTreeMap<Seq, Message>,
    /// The last entry.
    pub head: Seq,
}

impl History {
    /// Reads it as both parties on `node`, from the first entry on. Panics if the two do not agree, or a page is not in order.
    pub async fn read(deal: &Deal, node: SocketAddr) -> Self {
        loop {
            let (first, first_head) = pages(deal, &deal.client, node).await;
            let (second, second_head) = pages(deal, &deal.contractor, node).await;
            if first_head != second_head {
                continue;
            }
            let keys = |side: &BTreeMap<Seq, Message>| side.keys().copied().collect::<Vec<_>>();
            assert_eq!(keys(&first), keys(&second), "the parties read different histories");
            let mut messages = first;
            for (seq, theirs) in second {
                let mine = messages.get_mut(&seq).expect("the keys are the same");
                assert_eq!(mine.content, theirs.content, "the parties read different texts at {seq:?}");
                let id = mine.client_message_id.take().or(theirs.client_message_id);
                mine.client_message_id = id;
            }
            return Self { messages, head: first_head };
        }
    }

    /// Entries that are no messages: what a sweep after a crash leaves.
    pub fn empty_entries(&self) -> u64 {
        self.head.0 - self.messages.len() as u64
    }

    /// The texts in order.
    pub fn texts(&self) -> Vec<&str> {
        self.messages.values().map(|message| &*message.content).collect()
    }
}

async fn pages(deal: &Deal, person: &Person, node: SocketAddr) -> (BTreeMap<Seq, Message>, Seq) {
    let rest = person.rest(node);
    let mut messages = BTreeMap::new();
    let mut since = Seq(0);
    loop {
        let path = format!("/chats/{}/messages?since={}&limit=200", deal.order, since.0);
        let page: Page = wait::until("a page of history", PAGE_WITHIN, || async {
            let reply = rest.call("GET", &path, None, &[]).await.ok()?;
            assert!(matches!(reply.status, 200 | 503), "GET {path}: {reply:?}");
            (reply.status == 200).then(|| serde_json::from_str(&reply.text).expect("a page"))
        })
        .await;
        for message in page.messages {
            assert!(message.seq > since && message.seq <= page.up_to, "{:?} is not in its page", message.id);
            let doubled = messages.insert(message.seq, message);
            assert!(doubled.is_none(), "twice in history: {doubled:?}");
        }
        since = page.up_to;
        if !page.more {
            return (messages, page.head);
        }
    }
}
