//! Contacts that are cut over several messages: the window is read as one text, with a boundary between messages that the rules
//! see, and what crosses into the last message is cut at the boundaries again.

use std::ops::Range;

use crate::Earlier;
use crate::find::Found;
use crate::handle::MESSENGER_SPLIT;
use crate::numbers;
use crate::phone::hidden::SPLIT;
use crate::text::{BOUNDARY_TEXT, Text};
use crate::vocabulary::{Roles, roles};

/// The most bytes of earlier messages that are read; of longer ones, the end. Nobody dictates a number in essays.
const EARLIER_BYTES_MAX: usize = 2_048;

/// A piece of a contact in one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Its place in the window; one past the earlier messages is the judged one.
    pub(crate) message: usize,
    /// Where in it.
    pub(crate) found: Found,
}

/// The window as one text.
pub(crate) struct Together {
    text: String,
    /// Where the boundaries are.
    boundaries: Vec<Range<usize>>,
    messages: Vec<Message>,
}

/// A message in the window.
struct Message {
    index: usize,
    /// Its bytes in the text.
    range: Range<usize>,
    /// How many of its first bytes are left out.
    skipped: usize,
}

impl Together {
    /// `None`: the text holds nothing that could complete anything.
    pub(crate) fn of(text: &str, earlier: &[Earlier<'_>]) -> Option<Self> {
        if !completes(text) {
            return None;
        }
        let mut bytes = 0;
        let first = earlier.iter().rev().take_while(|earlier| {
            bytes += earlier.text.len().min(EARLIER_BYTES_MAX);
            bytes <= EARLIER_BYTES_MAX
        });
        let first = earlier.len() - first.count();
        let mut together = Self { text: String::new(), boundaries: Vec::new(), messages: Vec::new() };
        for (index, earlier) in earlier.iter().enumerate().skip(first) {
            together.add(index, earlier.text, EARLIER_BYTES_MAX);
        }
        if together.messages.is_empty() {
            return None;
        }
        together.add(earlier.len(), text, usize::MAX);
        Some(together)
    }

    fn add(&mut self, index: usize, text: &str, most: usize) {
        if !self.text.is_empty() {
            let at = self.text.len();
            self.text.push('\n');
            self.boundaries.push(at..at + 1);
        }
        let skipped = text.ceil_char_boundary(text.len().saturating_sub(most));
        let start = self.text.len();
        self.text.push_str(&text[skipped..]);
        self.messages.push(Message { index, range: start..self.text.len(), skipped });
    }

    /// Reads the window.
    pub(crate) fn read(&self) -> Text<'_> {
        let masks: Vec<(Range<usize>, &str)> =
            self.boundaries.iter().map(|range| (range.clone(), BOUNDARY_TEXT)).collect();
        Text::read_masked(&self.text, &masks)
    }

    /// Cuts what was found in the window at the boundaries, and keeps what ends in the last message and begins before it. By
    /// message, rising.
    pub(crate) fn pieces(&self, read: &Text<'_>, found: Vec<Found>) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for found in found {
            let range = read.original_range(found.start..found.end);
            let is_part = found.what.is_some_and(|(_, rule)| rule == SPLIT || rule == MESSENGER_SPLIT);
            let touched: Vec<&Message> = self
                .messages
                .iter()
                .filter(|message| message.range.start < range.end && range.start < message.range.end)
                .collect();
            let crosses = touched.len() > 1 && touched.last().is_some_and(|last| last.index + 1 == self.past());
            if is_part || crosses {
                pieces.extend(touched.into_iter().filter_map(|message| self.piece(message, &range, found)));
            }
        }
        // Parts of a number that does not end here were there before.
        let last = self.past() - 1;
        if !pieces.iter().any(|piece| piece.message == last) {
            pieces.clear();
        }
        pieces.sort_by_key(|piece| (piece.message, piece.found.start));
        pieces
    }

    fn past(&self) -> usize {
        self.messages.last().map_or(0, |message| message.index + 1)
    }

    /// What of a find stands in one message, without white space around.
    fn piece(&self, message: &Message, range: &Range<usize>, found: Found) -> Option<Piece> {
        let (start, end) = (range.start.max(message.range.start), range.end.min(message.range.end));
        let part = &self.text[start..end];
        let trimmed = part.trim();
        let start = start + (part.len() - part.trim_start().len());
        let place = |at: usize| at - message.range.start + message.skipped;
        let found = Found { start: place(start), end: place(start + trimmed.len()), what: found.what };
        (!trimmed.is_empty()).then_some(Piece { message: message.index, found })
    }
}

/// Whether a text holds anything that can be the end of a contact.
fn completes(text: &str) -> bool {
    if text.contains(['@', '_']) || text.chars().any(char::is_numeric) {
        return true;
    }
    let read = Text::read(text);
    let signs = Roles::DOT
        .and(Roles::AT)
        .and(Roles::AT_WORD)
        .and(Roles::PROVIDER)
        .and(Roles::PROVIDER_WORD)
        .and(Roles::TLD)
        .and(Roles::MESSENGER)
        .and(Roles::SOCIAL);
    let tokens = read.tokens();
    // One word alone can be a handle.
    tokens.len() == 1
        || tokens.iter().any(|token| {
            let word = read.word(token);
            roles(word).has(signs) || numbers::meaning(word).is_some_and(|meaning| !meaning.weak)
        })
}
