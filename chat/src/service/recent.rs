//! The newest messages of orders: what moderation looks at beside a text.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;
use souk_moderation::{WINDOW_MESSAGES, WINDOW_MS};

use crate::id::{OrderId, UserId};
use crate::limits::{RECENT_BYTES, RECENT_ORDERS};
use crate::log::Seq;
use crate::message::Message;
use crate::time::Timestamp;

/// What a remembered message takes beside its text, in bytes: about.
const MESSAGE_BYTES: usize = 256;

/// Messages that stand in a person's window at the moment `at`: theirs, the newest [`WINDOW_MESSAGES`], not older than
/// [`WINDOW_MS`]. `messages` rise; so does the answer.
pub(super) fn window<'m>(
    messages: impl DoubleEndedIterator<Item = &'m Arc<Message>>,
    sender: &UserId,
    at: Timestamp,
) -> Vec<&'m Arc<Message>> {
    let theirs = messages.rev().filter(|message| message.sender.as_ref() == Some(sender));
    let fresh = theirs.take_while(|message| at.millis() - message.created_at.millis() <= WINDOW_MS);
    let mut window: Vec<_> = fresh.take(WINDOW_MESSAGES).collect();
    window.reverse();
    window
}

struct Kept {
    /// The head they belong to: true of no other.
    head: Seq,
    messages: Vec<Arc<Message>>,
    bytes: usize,
}

/// The windows of the orders that wrote last, as of one head each. Bounded by [`RECENT_ORDERS`] and [`RECENT_BYTES`]; what is
/// forgotten is read from the store.
pub(super) struct Recent {
    kept: Mutex<(LruCache<OrderId, Kept>, usize)>,
}

impl Default for Recent {
    fn default() -> Self {
        let bound = NonZeroUsize::new(RECENT_ORDERS).expect("the bound is a number above zero");
        Self { kept: Mutex::new((LruCache::new(bound), 0)) }
    }
}

impl Recent {
    /// Takes out what is known of the order's newest messages at exactly this head. Who takes them puts them back.
    pub(super) fn take(&self, order: &OrderId, head: Seq) -> Option<Vec<Arc<Message>>> {
        let (kept, bytes) = &mut *self.kept.lock();
        let found = kept.pop(order)?;
        *bytes -= found.bytes;
        (found.head == head).then_some(found.messages)
    }

    /// Keeps those of the order's newest `messages`, complete up to `head` and rising, that still stand in a window.
    pub(super) fn put(&self, order: &OrderId, head: Seq, messages: &[Arc<Message>], at: Timestamp) {
        let mut senders: Vec<&UserId> = messages.iter().filter_map(|message| message.sender.as_ref()).collect();
        senders.sort_unstable();
        senders.dedup();
        let mut in_windows: VecDeque<&Arc<Message>> =
            senders.into_iter().flat_map(|sender| window(messages.iter(), sender, at)).collect();
        in_windows.make_contiguous().sort_unstable_by_key(|message| message.seq);
        let messages: Vec<Arc<Message>> = in_windows.into_iter().map(Arc::clone).collect();
        let size = messages.iter().map(|message| MESSAGE_BYTES + message.content.len()).sum();
        let (kept, bytes) = &mut *self.kept.lock();
        *bytes += size;
        if let Some((_, gone)) = kept.push(order.clone(), Kept { head, messages, bytes: size }) {
            *bytes -= gone.bytes;
        }
        while *bytes > RECENT_BYTES {
            let Some((_, gone)) = kept.pop_lru() else { break };
            *bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Categories;

    fn message(seq: u64, sender: &str, at: i64, text: &str) -> Arc<Message> {
        Arc::new(Message {
            order: OrderId::new("o").unwrap(),
            seq: Seq(seq),
            rev: Seq(seq),
            version: 1,
            sender: Some(UserId::new(sender).unwrap()),
            content: text.into(),
            edited_at: None,
            is_moderated: false,
            flags: Categories::EMPTY,
            created_at: Timestamp(at),
            client_message_id: None,
        })
    }

    fn numbers(messages: &[Arc<Message>]) -> Vec<u64> {
        messages.iter().map(|message| message.seq.0).collect()
    }

    #[test]
    fn a_window_holds_the_senders_newest_within_five_minutes() {
        let ann = UserId::new("ann").unwrap();
        let messages: Vec<_> = (1..=40)
            .map(|n| message(n, if n % 2 == 0 { "ann" } else { "bob" }, i64::try_from(n).unwrap() * 15_000, "x"))
            .collect();
        let window = |at| window(messages.iter(), &ann, Timestamp(at)).iter().map(|m| m.seq.0).collect::<Vec<_>>();
        assert_eq!(window(600_000), [20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40], "five minutes");
        assert_eq!(window(600_000 + 200_000), [34, 36, 38, 40]);
        assert_eq!(window(2_000_000), [0; 0]);
        let messages: Vec<_> = (1..=40).map(|n| message(n, "ann", 0, "x")).collect();
        let window = super::window(messages.iter(), &ann, Timestamp(0));
        assert_eq!((window.len(), window[0].seq.0), (WINDOW_MESSAGES, 41 - WINDOW_MESSAGES as u64));
    }

    #[test]
    fn what_is_known_is_true_of_one_head_and_taken_once() {
        let order = OrderId::new("o").unwrap();
        let recent = Recent::default();
        recent.put(&order, Seq(9), &[message(3, "ann", 0, "a"), message(4, "bob", 10, "b")], Timestamp(WINDOW_MS + 5));
        assert_eq!(numbers(&recent.take(&order, Seq(9)).unwrap()), [4], "the other fell out of its window");
        assert!(recent.take(&order, Seq(9)).is_none());
        recent.put(&order, Seq(9), &[], Timestamp(0));
        assert!(recent.take(&order, Seq(10)).is_none());
        assert_eq!(recent.kept.lock().1, 0);
    }

    #[test]
    fn long_texts_push_out_what_was_used_longest_ago() {
        let recent = Recent::default();
        let text = "x".repeat(RECENT_BYTES / 4);
        let order = |n: usize| OrderId::new(&format!("o-{n}")).unwrap();
        for n in 0..8 {
            recent.put(&order(n), Seq(1), &[message(1, "ann", 0, &text)], Timestamp(0));
        }
        let (kept, bytes) = &*recent.kept.lock();
        assert_eq!((kept.len(), kept.contains(&order(7)), kept.contains(&order(4))), (3, true, false));
        assert!(*bytes <= RECENT_BYTES && *bytes > 0);
    }
}
