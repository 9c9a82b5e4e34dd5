//! What this device has seen of an order.

use std::collections::BTreeMap;
use std::sync::Arc;

use souk_chat::{Seq, Status};
use souk_protocol::dto::Message;

use crate::event::Change;

/// Messages by their numbers, each in the highest version seen.
#[derive(Debug, Default)]
pub(crate) struct View {
    messages: BTreeMap<Seq, Arc<Message>>,
    /// Messages up to here were dropped for room.
    floor: Seq,
}

impl View {
    /// Takes a message in, keeps the newest `most`. `None`: this version, or a higher one, was seen before.
    pub(crate) fn put(&mut self, message: &Arc<Message>, most: usize) -> Option<Change> {
        if message.seq <= self.floor {
            // Of what was dropped only changes can still be new.
            return (message.version > 1).then_some(Change::Changed);
        }
        match self.messages.get_mut(&message.seq) {
            Some(seen) if seen.version > message.version => None,
            Some(seen) if seen.version == message.version => {
                // The status follows the watermarks, not the version.
                if rank(message.status) > rank(seen.status) {
                    *seen = message.clone();
                }
                None
            }
            Some(seen) => {
                *seen = message.clone();
                Some(Change::Changed)
            }
            None => {
                self.messages.insert(message.seq, message.clone());
                while self.messages.len() > most.max(1) {
                    self.floor = self.messages.pop_first().map_or(self.floor, |(seq, _)| seq);
                }
                Some(Change::New)
            }
        }
    }

    pub(crate) fn messages(&self) -> &BTreeMap<Seq, Arc<Message>> {
        &self.messages
    }
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Sent => 0,
        Status::Delivered => 1,
        Status::Read => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::message;

    #[test]
    fn the_highest_version_stays_and_repeats_are_nothing_new() {
        let mut view = View::default();
        let mut put = |seq, version| view.put(&Arc::new(message("o", seq, version)), 3);
        assert_eq!(put(5, 2), Some(Change::New));
        assert_eq!((put(5, 2), put(5, 1)), (None, None));
        assert_eq!(put(5, 3), Some(Change::Changed));
        assert_eq!((put(2, 1), put(7, 1)), (Some(Change::New), Some(Change::New)));
        // A fourth one pushes the oldest out, which is not new when it comes again.
        assert_eq!(put(9, 1), Some(Change::New));
        assert_eq!((put(2, 1), put(2, 2)), (None, Some(Change::Changed)));
        let kept: Vec<_> = view.messages().iter().map(|(seq, message)| (seq.0, message.version)).collect();
        assert_eq!(kept, [(5, 3), (7, 1), (9, 1)]);
    }

    #[test]
    fn a_later_status_of_the_same_version_is_kept_quietly() {
        let mut view = View::default();
        let read = Message { status: Status::Read, ..message("o", 1, 1) };
        assert_eq!(view.put(&Arc::new(message("o", 1, 1)), 3), Some(Change::New));
        assert_eq!(view.put(&Arc::new(read), 3), None);
        assert_eq!(view.put(&Arc::new(message("o", 1, 1)), 3), None);
        assert_eq!(view.messages()[&Seq(1)].status, Status::Read);
    }
}
