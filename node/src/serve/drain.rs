//! Leaving: readiness off, wait, then socket by socket, then what is still on its way out.

use std::collections::HashSet;
use std::time::Duration;

use souk_chat::ports::Runtime as _;
use souk_protocol::Close;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::hub::Notice;
use crate::socket::Census;

use super::{Node, ServeError, hangup, twin};

/// The share of all connections that is told to leave in one step, at least one: so that nodes that take them up are not flooded.
const SHARE_PER_STEP: usize = 200;
/// Length of a step. With [`SHARE_PER_STEP`] it makes 5 % a second where there are hundreds, ten a second where there are few.
const STEP: Duration = Duration::from_millis(100);
/// How long events on their way out are waited for.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);
/// How long writes under way are waited for, and then what they publish.
const WRITES_WITHIN: Duration = Duration::from_secs(5);
/// How long the store gets to finish its writes.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// How long sockets get to say their last words.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs until SIGTERM or SIGINT, until a task cannot go on, or until another is seen that has this node's name, then leaves; a
/// second signal cuts that short.
pub(super) async fn until_told(node: Node) -> Result<(), ServeError> {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be heard on this system; the node runs until it is killed");
        return std::future::pending().await;
    };
    let parts = &node.parts;
    let tasks = parts.system.tasks().clone();
    let outcome = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = hangup::terminal_gone(node.on_hangup) => Ok(()),
        task = tasks.beyond_help() => Err(ServeError::BeyondHelp(task)),
        () = twin::seen(&*parts.store, &parts.config, &parts.incarnation) => {
            Err(ServeError::Twin(parts.config.node.id.clone()))
        }
    };
    match &outcome {
        Ok(()) => tracing::info!("leaving; a second signal ends the node at once"),
        Err(error) => tracing::error!(%error, "leaving"),
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = leave(node) => {}
    }
    outcome
}

/// Leaves in order.
pub(super) async fn leave(node: Node) {
    let Node { parts, kept, .. } = node;
    parts.readiness.not_ready("node", "leaving");
    let census = &parts.shared.sockets.census;
    if !census.is_empty() {
        tokio::time::sleep(parts.config.node.drain_wait).await;
    }
    parts.shared.leaving.cancel();
    let deadline = Instant::now() + parts.config.node.drain_limit;
    let mut told = HashSet::new();
    send_away(census, &mut told, deadline).await;
    parts.shared.connections.close();
    let last_words = tokio::time::sleep_until(deadline.max(Instant::now() + LAST_WORDS));
    tokio::select! {
        () = parts.shared.connections.wait() => {}
        () = last_words => {}
        // A handshake that was let in just before the node left is a socket a moment later.
        () = send_away_for_ever(census, &mut told, deadline) => {}
    }
    // Whoever asked for them is gone; they are in the log, or about to be, and the other nodes are to hear of them now.
    if !both(parts.shared.chats.settle(WRITES_WITHIN), parts.delivery.flush(WRITES_WITHIN)).await {
        tracing::warn!("writes under way were not published in time; the other nodes find them in the store");
    }
    parts.presence.leave().await;
    parts.relay.stop(FLUSH_WITHIN).await;
    parts.events.flush(FLUSH_WITHIN).await;
    kept.end(FLUSH_WITHIN).await;
    parts.background.shutdown().await;
    drop((parts.delivery, parts.hub, parts.system));
    if tokio::time::timeout(CLOSE_WITHIN, parts.upkeep.close()).await.is_err() {
        tracing::error!("the disk hangs: history was not closed in order; what was acknowledged is in its log");
    }
    tracing::info!("left");
}

/// Tells every connection to come back elsewhere, a few at a time; those that come meanwhile too. `told`: the handles that were told
/// before; those that are told now are added.
async fn send_away(census: &Census, told: &mut HashSet<u64>, deadline: Instant) {
    let per_step = census.len().div_ceil(SHARE_PER_STEP).max(1);
    loop {
        let mut untold = census.handles();
        untold.retain(|handle| told.insert(handle.id()));
        if untold.is_empty() {
            return;
        }
        let mut untold = untold.into_iter().peekable();
        while untold.peek().is_some() {
            let count = if Instant::now() >= deadline { usize::MAX } else { per_step };
            untold.by_ref().take(count).for_each(|handle| handle.notify(Notice::Close(Close::Draining)));
            tokio::time::sleep(STEP).await;
        }
    }
}

/// The same again and again.
async fn send_away_for_ever(census: &Census, told: &mut HashSet<u64>, deadline: Instant) {
    loop {
        tokio::time::sleep(STEP).await;
        send_away(census, told, deadline).await;
    }
}

/// Whether both succeed. The second is tried whatever became of the first.
async fn both(first: impl Future<Output = bool>, second: impl Future<Output = bool>) -> bool {
    let first = first.await;
    second.await && first
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::hub::ConnectionHandle;

    fn enter(census: &Census, id: u64) -> Arc<ConnectionHandle> {
        let handle = Arc::new(ConnectionHandle::new(id, 0));
        census.enter(Arc::clone(&handle), false);
        handle
    }

    /// What the handle's connection was told since the last time.
    fn told(handle: &ConnectionHandle) -> Vec<Notice> {
        match handle.poll_take(&Context::from_waker(Waker::noop()), true) {
            Poll::Ready(outgoing) => outgoing.notices,
            Poll::Pending => Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_while_others_are_sent_away_is_sent_away_too() {
        let (census, mut known) = (Census::default(), HashSet::new());
        let deadline = Instant::now() + STEP * 1_000;
        let mut handles = vec![enter(&census, 1), enter(&census, 2)];
        // One to a step: each of these is in none of the looks before it.
        let later = async {
            let mut later = Vec::new();
            for id in 3..6 {
                tokio::time::sleep(STEP * 3 / 4).await;
                later.push(enter(&census, id));
            }
            later
        };
        let ((), later) = tokio::join!(send_away(&census, &mut known, deadline), later);
        handles.extend(later);
        for handle in &handles {
            assert_eq!(told(handle), [Notice::Close(Close::Draining)], "handle {}, once", handle.id());
        }
        let last = async {
            let handle = enter(&census, 6);
            tokio::time::sleep(STEP * 2).await;
            handle
        };
        let last = tokio::select! {
            handle = last => handle,
            () = send_away_for_ever(&census, &mut known, deadline) => unreachable!("it has no end"),
        };
        assert_eq!(told(&last), [Notice::Close(Close::Draining)]);
        assert!(handles.iter().all(|handle| told(handle).is_empty()), "nobody is told twice");
    }

    #[tokio::test]
    async fn what_was_written_is_published_though_something_else_hangs() {
        for (first, second) in [(false, true), (false, false), (true, true), (true, false)] {
            let mut tried = false;
            let second_of_both = async {
                tried = true;
                second
            };
            assert_eq!(both(ready(first), second_of_both).await, first && second);
            assert!(tried, "after {first}");
        }
    }
}
