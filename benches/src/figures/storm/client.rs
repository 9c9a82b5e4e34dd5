//! A client of the node that is killed: what it has, and how it comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::RngExt;
use souk_chat::Seq;
use souk_protocol::dto::ReconnectPolicy;
use tokio::sync::Notify;

use crate::latency::Latencies;
use crate::people::{PATH, Person, join_order};
use crate::socket::{Socket, source};

/// What a client has of its order, or a stayer has acknowledged.
#[derive(Default)]
pub(super) struct View {
    /// The cursor: everything up to here came.
    position: u64,
    live: bool,
    pub(super) seen: Vec<u64>,
    pub(super) doubled: u64,
}

impl View {
    pub(super) fn take(&mut self, text: &[u8]) {
        if text.starts_with(b"{\"id\":1,") {
            let Ok(answer) = serde_json::from_slice::<Answer>(text) else { return };
            self.seen.extend(answer.data.messages.iter().map(|message| message.seq));
            self.position = answer.data.up_to;
            self.live = true;
        } else if self.live
            && text.starts_with(b"{\"event\":\"new_message\"")
            && let Ok(push) = serde_json::from_slice::<Push>(text)
        {
            self.doubled += u64::from(push.data.seq <= self.position);
            self.position = self.position.max(push.data.seq);
            self.seen.push(push.data.seq);
        }
    }

    pub(super) fn take_acknowledgement(&mut self, text: &[u8]) {
        // Answers to sends alone: those to joins have no number.
        if text.starts_with(b"{\"id\":")
            && let Ok(answer) = serde_json::from_slice::<Push>(text)
        {
            self.seen.push(answer.data.seq);
        }
    }
}

#[derive(serde::Deserialize)]
struct Numbered {
    seq: u64,
}

#[derive(serde::Deserialize)]
struct Push {
    data: Numbered,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerData {
    up_to: u64,
    messages: Vec<Numbered>,
}

#[derive(serde::Deserialize)]
struct Answer {
    data: AnswerData,
}

/// Who is back.
pub(super) struct Field {
    pub(super) state: Mutex<FieldState>,
    pub(super) changed: Notify,
    pub(super) other: SocketAddr,
    pub(super) policy: ReconnectPolicy,
}

#[derive(Default)]
pub(super) struct FieldState {
    killed: Option<Instant>,
    pub(super) back: Latencies,
    count: usize,
    pub(super) tried: u64,
}

impl Field {
    pub(super) fn begin(&self, killed: Instant) {
        self.state.lock().killed = Some(killed);
    }

    fn tried(&self) {
        self.state.lock().tried += 1;
    }

    fn back(&self) {
        let mut state = self.state.lock();
        if let Some(killed) = state.killed {
            state.back.add(killed.elapsed());
            state.count += 1;
        }
        drop(state);
        self.changed.notify_one();
    }

    pub(super) async fn everybody(&self, count: usize) {
        while self.state.lock().count < count {
            self.changed.notified().await;
        }
    }
}

/// How many entries of the one are not in the other.
pub(super) fn missing(sent: &View, view: &View) -> u64 {
    let seen: std::collections::HashSet<u64> = view.seen.iter().copied().collect();
    sent.seen.iter().filter(|seq| !seen.contains(seq)).count() as u64
}

/// A client of the doomed node.
pub(super) struct Client {
    pub(super) number: usize,
    pub(super) person: Person,
    pub(super) view: Arc<Mutex<View>>,
    pub(super) field: Arc<Field>,
}

impl Client {
    pub(super) async fn live(self, mut socket: Socket) {
        loop {
            while socket.read(|text| self.view.lock().take(text)).await.is_ok() {}
            self.view.lock().live = false;
            socket = self.come_back().await;
            self.field.back();
        }
    }

    /// Comes back to the other node: each try after a random wait, below a bound that grows.
    async fn come_back(&self) -> Socket {
        let policy = &self.field.policy;
        let mut bound = policy.min_ms as f64;
        loop {
            let wait = rand::rng().random_range(0.0..=bound);
            tokio::time::sleep(Duration::from_secs_f64(wait / 1_000.0)).await;
            bound = (bound * policy.factor).min(policy.max_ms as f64);
            self.field.tried();
            if let Some(socket) = self.try_once().await {
                return socket;
            }
        }
    }

    async fn try_once(&self) -> Option<Socket> {
        let mut socket = Socket::open(self.field.other, source(self.number), PATH, &self.person.token).await.ok()?;
        let since = Some(Seq(self.view.lock().position));
        let joined = join_order(&mut socket, &self.person.order, since, |text| self.view.lock().take(text)).await;
        joined.ok().map(|()| socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_twice_and_what_is_missing_shows() {
        let mut view = View::default();
        let push = |seq: u64| format!("{{\"event\":\"new_message\",\"data\":{{\"seq\":{seq}}}}}");
        view.take(push(1).as_bytes());
        assert!(view.seen.is_empty(), "what comes before the join's answer is in that answer");
        view.take(br#"{"id":1,"data":{"messages":[{"seq":1},{"seq":2}],"upTo":2,"head":2,"more":false}}"#);
        for seq in [3, 3, 5] {
            view.take(push(seq).as_bytes());
        }
        let mut sent = View::default();
        for seq in 1..=5 {
            sent.take_acknowledgement(format!("{{\"id\":9,\"data\":{{\"seq\":{seq}}}}}").as_bytes());
        }
        assert_eq!((view.doubled, view.position, missing(&sent, &view)), (1, 5, 1));
    }
}
