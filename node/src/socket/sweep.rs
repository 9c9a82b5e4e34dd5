//! Heartbeats and timers of all connections, in one task.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::OpCode;
use souk_protocol::{Close, socketio};

use crate::hub::Notice;

use super::context::SocketContext;
use super::frame;

/// How often the server pings a connection, in seconds.
pub const PING_EVERY: u32 = 25;
/// How long it waits for anything to come back, in seconds.
pub const PONG_WITHIN: u32 = 20;
/// How often connections are looked through.
const ROUND: Duration = Duration::from_secs(1);

/// Looks through all connections once a second, for ever: pings those that are due, wakes sessions that asked for it, ends those
/// from which nothing came back, and notes what was certainly shown. A few atomic reads for each; no timer per connection.
pub async fn sweep(sockets: Arc<SocketContext>) {
    let plain_ping = Bytes::from(frame::encode(OpCode::Ping, b""));
    let socket_io_ping = Bytes::from(frame::encode(OpCode::Text, socketio::PING.as_bytes()));
    loop {
        sockets.runtime.sleep(ROUND).await;
        let now = sockets.seconds();
        sockets.census.each(|handle, socket_io| {
            if handle.take_tick(now) {
                handle.notify(Notice::Tick);
            }
            if now.saturating_sub(handle.heard_at()) >= PING_EVERY + PONG_WITHIN {
                handle.notify(Notice::Close(Close::StateLost));
            } else if now.saturating_sub(handle.pinged_at()) >= PING_EVERY {
                handle.pinged(now);
                handle.push(if socket_io { socket_io_ping.clone() } else { plain_ping.clone() });
            }
        });
        sockets.commands.note_arrivals();
    }
}
