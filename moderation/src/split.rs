//! Contacts that are cut over several messages: the window is read as one text, with a boundary between messages that the rules
//! see, and what crosses into the last message is cut at the boundaries again.

use std::ops::Range;

use crate::find::Found;
use crate::handle::MESSENGER_SPLIT;
use crate::numbers;
use crate::phone::hidden::SPLIT;
use crate::text::{BOUNDARY_TEXT, Text};
use crate::vocabulary::{Roles, roles};
use crate::{Earlier, WINDOW_LONG, WINDOW_MESSAGES, WINDOW_SHORT_BYTES};

/// The most bytes of the beginning and of the end that are read of each earlier message. Of a longer one the middle is left
/// out: no message crowds out another.
const EDGE_BYTES_MAX: usize = 256;

/// A piece of a contact in one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Its place in the window; one past the earlier messages is the judged one.
    pub(crate) message: usize,
    /// Where in it.
    pub(crate) found: Found,
}

impl Piece {
    /// Whether both stand in one place.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.message == other.message && self.found.start < other.found.end && other.found.start < self.found.end
    }
}

/// The window as one text.
pub(crate) struct JoinedText {
    text: String,
    /// Where the boundaries are.
    boundaries: Vec<Range<usize>>,
    messages: Vec<Message>,
}

/// A message in the window, or its beginning or end.
struct Message {
    index: usize,
    /// Its bytes in the text.
    range: Range<usize>,
    /// How many of its first bytes are left out.
    skipped: usize,
}

impl JoinedText {
    /// `None`: the text holds nothing that could complete anything.
    pub(crate) fn of(text: &str, read: &Text<'_>, earlier: &[Earlier<'_>]) -> Option<Self> {
        if !completes(text, read) {
            return None;
        }
        let mut together = Self { text: String::new(), boundaries: Vec::new(), messages: Vec::new() };
        let first = earlier.len().saturating_sub(WINDOW_MESSAGES);
        let long = earlier.len().saturating_sub(WINDOW_LONG);
        for (index, earlier) in earlier.iter().enumerate().skip(first) {
            let text = earlier.text;
            if index < long && text.len() > WINDOW_SHORT_BYTES {
                continue;
            }
            let (head, tail) = (text.floor_char_boundary(EDGE_BYTES_MAX), text.len().saturating_sub(EDGE_BYTES_MAX));
            let tail = text.ceil_char_boundary(tail);
            if head < tail {
                together.add(index, text, 0..head);
                together.add(index, text, tail..text.len());
            } else {
                together.add(index, text, 0..text.len());
            }
        }
        if together.messages.is_empty() {
            return None;
        }
        together.add(earlier.len(), text, 0..text.len());
        Some(together)
    }

    fn add(&mut self, index: usize, text: &str, part: Range<usize>) {
        if !self.text.is_empty() {
            let at = self.text.len();
            self.text.push('\n');
            self.boundaries.push(at..at + 1);
        }
        let (start, skipped) = (self.text.len(), part.start);
        self.text.push_str(&text[part]);
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
fn completes(text: &str, read: &Text<'_>) -> bool {
    if text.contains(['@', '_']) || text.chars().any(char::is_numeric) {
        return true;
    }
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
