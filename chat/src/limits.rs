//! The bounds of the domain, each with a name.

use std::time::Duration;

/// Longest message, in Unicode scalar values after trimming.
pub const CONTENT_CHARS: usize = 2_000;
/// Most entries that one catch-up covers.
pub const CATCH_UP_ENTRIES: usize = 200;
/// Messages shown where a reader names no number.
pub const PAGE_MESSAGES: usize = 50;
/// Most messages of one page.
pub const PAGE_MESSAGES_MAX: usize = 200;
/// Most text of messages that one answer carries, in bytes of UTF-8: as much as a connection's outbox takes, escaped, with room for
/// what stands around it. A single entry, message or chat goes out whatever its length; what is left out comes with the next request.
pub const ANSWER_TEXT_BYTES: usize = 128 * 1024;
/// Most orders that one `sync` may name.
pub const SYNC_ORDERS: usize = 100;
/// Most chats that a list shows at once.
pub const LIST_CHATS_MAX: usize = 200;
/// Chats of a list where a reader names no number.
pub const LIST_CHATS: usize = 50;
/// Most list rows that are read for one person: sorting happens in the node.
pub const LIST_ROWS_MAX: usize = 5_000;
/// How often the marks of one person in one order are written and told at most: what comes faster goes together.
pub const MARKS_EVERY: Duration = Duration::from_millis(200);
/// People in an order whose marks a node raises at once. With more, who asks is told `unavailable`, and what devices were shown counts
/// when more is.
pub const MARKS_RAISED_AT_ONCE: usize = 65_536;
/// Longest title of an order, in Unicode scalar values.
pub const TITLE_CHARS: usize = 200;
/// Most entries that one conditional batch appends.
pub const BATCH_ENTRIES: usize = 16;
/// Most originals that are kept before one batch: what the batch's own entries said, and each message that they change.
pub const ORIGINALS_PER_BATCH: usize = BATCH_ENTRIES * (1 + souk_moderation::WINDOW_MESSAGES);
/// Originals, and rows of the audit log, of one page; also where a reader names no number.
pub const ADMIN_PAGE: usize = 50;
/// Most of them on one page.
pub const ADMIN_PAGE_MAX: usize = 100;
/// How long after it was made its author may edit a message.
pub const EDIT_WINDOW: Duration = Duration::from_secs(5 * 60);
/// Most sends of one order that wait on a node; the next is told `unavailable`.
pub const ORDER_QUEUE: usize = 256;
/// Orders whose last known head and parties a node remembers.
pub const REMEMBERED_ORDERS: usize = 65_536;
/// Orders whose newest messages a node remembers, for moderation …
pub const RECENT_ORDERS: usize = 16_384;
/// … and what they may take in memory, in bytes.
pub const RECENT_BYTES: usize = 64 * 1024 * 1024;
/// Refused texts of one sender in one order that a node records in the log within [`ALLOWANCE_WINDOW`]; more are refused and
/// counted all the same.
pub const REFUSALS_RECORDED: usize = 10;
/// Repeats of one sender in one order for which a node does again what follows a write, within [`ALLOWANCE_WINDOW`]. More are
/// answered all the same; what they might have missed comes by the comparison with the store.
pub const REPEATS_REDONE: usize = 32;
/// Cursors of one reader above one order's log, in the store's own epoch, for which their list is asked whether something was lost,
/// within [`ALLOWANCE_WINDOW`]. More are answered all the same.
pub const CURSORS_LOOKED_INTO: usize = 4;
/// See [`CURSORS_LOOKED_INTO`], [`REFUSALS_RECORDED`] and [`REPEATS_REDONE`].
pub const ALLOWANCE_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Senders whose recorded refusals, and redone repeats, a node counts; the longest silent are forgotten.
pub const ALLOWANCE_SENDERS: usize = 8_192;
/// Chats of a person who is gone that are looked through for what nobody notified them of, the newest.
pub const ABSENCE_CHATS: usize = 200;
/// Messages of such a chat that are looked through, the newest.
pub const ABSENCE_MESSAGES: usize = 50;
/// How long a send tries to learn whether its write was applied, before it is told `unavailable`.
pub const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// How long a typing mark lasts without another.
pub const TYPING_EXPIRES: Duration = Duration::from_secs(10);
/// How much of a message's text a notification shows, in Unicode scalar values.
pub const NOTIFICATION_BODY_CHARS: usize = 50;

/// How many messages a person may send in any stretch of `window`, over all devices and nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Messages; 0 means no limit.
    pub messages: u32,
    /// Length of the sliding window.
    pub window: Duration,
}

impl Default for Quota {
    fn default() -> Self {
        Self { messages: 20, window: Duration::from_secs(60) }
    }
}

/// Within this time repetitions of a text count.
pub const SPAM_WINDOW: Duration = Duration::from_millis(souk_moderation::spam::WINDOW_MS.unsigned_abs());
/// The same text for so many times in one order within [`SPAM_WINDOW`] is spam.
pub const SPAM_TIMES: usize = souk_moderation::spam::TIMES;
/// The same text in so many orders within [`SPAM_WINDOW`] is spam.
pub const SPAM_ORDERS: usize = souk_moderation::spam::ORDERS;
/// Most texts of one person that are remembered for [`SPAM_WINDOW`]; beyond it the oldest are forgotten.
pub const SPAM_REMEMBERED: usize = 256;
