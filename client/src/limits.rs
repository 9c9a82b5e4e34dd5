//! The bounds of the client, each with a name. Those of the wire are in `souk_protocol::limits`.

use std::time::Duration;

/// Longest message from a server, in bytes: 200 messages of 2,000 characters, escaped, fit.
pub const MESSAGE_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes that wait to be written to one connection.
pub const OUT_BYTES: usize = 1024 * 1024;
/// Most requests of one connection that are not answered yet.
pub const PENDING_REQUESTS: usize = 1_024;
/// Most items that wait on a connection while its owner waits for one answer.
pub const INBOX_ITEMS: usize = 4_096;
/// Longest text of a close reason that is kept, in bytes. A close frame carries no more.
pub const REASON_BYTES: usize = 123;
/// How long connecting and signing in may take together. In a storm a node lets handshakes wait for 10 seconds: who gave up by then
/// would stand in line again for nothing.
pub const CONNECT_TIME: Duration = Duration::from_secs(15);
/// How long a polite close waits for the server's half.
pub const CLOSE_TIME: Duration = Duration::from_secs(2);
/// How long a request of the caller waits for its answer.
pub const REQUEST_TIME: Duration = Duration::from_secs(15);
/// How long a join or a send may stay unanswered before the connection counts as broken. Servers answer within 10 seconds.
pub const ANSWER_TIME: Duration = Duration::from_secs(20);
/// How long a send goes on, over all reconnects.
pub const SEND_TIME: Duration = Duration::from_secs(60);
/// How long a join goes on, over all reconnects.
pub const JOIN_TIME: Duration = Duration::from_secs(30);
/// How long a token provider may take.
pub const TOKEN_TIME: Duration = Duration::from_secs(10);
/// A connection that lived this long was a good one: the next cut starts with the shortest wait again.
pub const STABLE_TIME: Duration = Duration::from_secs(5);
/// Heartbeat and patience until a server says its own: 25 and 20 seconds.
pub const SILENCE: Duration = Duration::from_secs(45);
/// Sends that wait for their acknowledgement.
pub const OUTBOX_MESSAGES: usize = 256;
/// Other requests that wait to be written.
pub const WAITING_REQUESTS: usize = 256;
/// Callers that wait for the same join.
pub const JOIN_WAITERS: usize = 64;
/// Orders of which a client keeps cursor and messages.
pub const ORDERS: usize = 1_024;
/// Joins that are asked at the same time.
pub const JOINS_IN_FLIGHT: usize = 8;
/// Messages kept per order.
pub const VIEW_MESSAGES: usize = 1_000;
/// Events that wait for the user.
pub const EVENTS: usize = 1_024;
/// The longest wait that a server can announce; longer ones are cut.
pub const ANNOUNCED_WAIT: Duration = Duration::from_secs(300);
