//! Heartbeats and timers of all connections, in one task.

use std::sync::Arc;
use std::time::Duration;

use souk_protocol::Close;

use crate::hub::Notice;

use super::context::SocketContext;

/// How often the server pings a connection, in seconds.
pub const PING_EVERY: u32 = 25;
/// How long it waits for anything to come back, in seconds.
pub const PONG_WITHIN: u32 = 20;
/// How often connections are looked through.
const ROUND: Duration = Duration::from_secs(1);

/// Every so many rounds it is noted what arrived: in a lively chat each time is a write, and a push to both.
const ARRIVALS_EVERY: u32 = 5;
/// Messages that are noted as arrived in one round: each may be a write.
const ARRIVALS_PER_ROUND: usize = 2_000;

/// Looks through all connections once a second, for ever: pings those that are due, wakes sessions that asked for it, ends those
/// from which nothing came back, and notes what was certainly shown. A few atomic reads for each; no timer per connection.
pub async fn sweep(sockets: Arc<SocketContext>) {
    for round in (0..ARRIVALS_EVERY).cycle() {
        sockets.runtime.sleep(ROUND).await;
        let now = sockets.seconds();
        let mut arrivals = Vec::new();
        sockets.census.each(|handle, socket_io| {
            if handle.take_tick(now) {
                handle.notify(Notice::Tick);
            }
            if now.saturating_sub(handle.heard_at()) >= PING_EVERY + PONG_WITHIN {
                handle.notify(Notice::Close(Close::StateLost));
            } else if now.saturating_sub(handle.pinged_at()) >= PING_EVERY {
                handle.pinged(now);
                handle.ping(socket_io);
            }
            // What is too much for one round is told in the next.
            if round == 0 && arrivals.len() < ARRIVALS_PER_ROUND {
                handle.arrived(&mut arrivals);
            }
        });
        sockets.commands.note_arrivals(arrivals);
    }
}
