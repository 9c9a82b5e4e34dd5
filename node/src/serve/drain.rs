//! Leaving (D14): readiness off, wait, then socket by socket, then what is still on its way out.

use std::sync::Arc;
use std::time::Duration;

use souk_chat::ports::Runtime as _;
use souk_protocol::Close;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::hub::Notice;

use super::{Node, ServeError, hangup, twin};

/// Connections told to leave in one step: a share of all, so that nodes that take them up are not flooded.
const SHARE_PER_STEP: usize = 200;
/// Length of a step. With [`SHARE_PER_STEP`] it makes at most 5 % a second.
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
    let census = &parts.shared.surroundings.census;
    if !census.is_empty() {
        tokio::time::sleep(parts.config.node.drain_wait).await;
    }
    parts.shared.leaving.cancel();
    let deadline = Instant::now() + parts.config.node.drain_limit;
    send_away(&parts, deadline).await;
    parts.shared.connections.close();
    let _ = tokio::time::timeout_at(deadline.max(Instant::now() + LAST_WORDS), parts.shared.connections.wait()).await;
    // Whoever asked for them is gone; they are in the log, or about to be, and the other nodes are to hear of them now.
    if !parts.shared.chats.settle(WRITES_WITHIN).await || !parts.delivery.flush(WRITES_WITHIN).await {
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

/// Tells every connection to come back elsewhere, a few at a time; those that come meanwhile too.
async fn send_away(parts: &super::Parts, deadline: Instant) {
    let census = &parts.shared.surroundings.census;
    let all = census.len();
    let per_step = all.div_ceil(SHARE_PER_STEP).max(1);
    let mut waiting = census.links().into_iter();
    loop {
        let hurry = Instant::now() >= deadline;
        let count = if hurry { usize::MAX } else { per_step };
        let mut told = 0;
        for link in waiting.by_ref().take(count) {
            Arc::clone(&link).notify(Notice::Close(Close::Draining));
            told += 1;
        }
        if told == 0 {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
}
