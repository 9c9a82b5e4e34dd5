//! What was found so far, and what is left to look at.

use std::ops::Range;

use crate::{Category, RuleId};

/// A range that some kind of contact claimed: bytes of the text, on character borders, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it is. `None`: claimed so that no other kind looks at it, and nothing to report (own links, this order's id).
    pub(crate) what: Option<(Category, RuleId)>,
}

impl Found {
    pub(crate) const fn contact(range: Range<usize>, category: Category, rule: RuleId) -> Self {
        Self { start: range.start, end: range.end, what: Some((category, rule)) }
    }

    pub(crate) const fn kept(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end, what: None }
    }
}

/// The ranges of `0..len` that nothing in `found` (sorted, not overlapping) claims; empty ones are left out.
pub(crate) fn gaps(found: &[Found], len: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(found.iter().map(|f| f.end));
    let ends = found.iter().map(|f| f.start).chain([len]);
    starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty())
}

/// Runs one kind over every gap and puts what it finds in its place.
pub(crate) fn in_gaps(found: &mut Vec<Found>, len: usize, mut kind: impl FnMut(Range<usize>, &mut Vec<Found>)) {
    let mut more = Vec::new();
    for gap in gaps(found, len) {
        kind(gap, &mut more);
    }
    if !more.is_empty() {
        debug_assert!(more.windows(2).all(|pair| pair[0].end <= pair[1].start), "finds of one kind overlap");
        found.append(&mut more);
        // Two sorted runs: the standard stable sort merges them in linear time.
        found.sort_by_key(|f| f.start);
    }
}

/// Adds finds (rising) of a kind that looked at the whole text: what was claimed before stays claimed.
pub(crate) fn add(found: &mut Vec<Found>, more: Vec<Found>) {
    let old = std::mem::take(found);
    let mut old = old.into_iter().peekable();
    for new in more {
        while let Some(before) = old.next_if(|old| old.end <= new.start) {
            found.push(before);
        }
        if old.peek().is_none_or(|next| new.end <= next.start) {
            found.push(new);
        }
    }
    found.extend(old);
}

/// Claims the masks that a text holds, in the folded form: what stands in them is nobody's contact.
pub(crate) fn masks(folded: &str, found: &mut Vec<Found>) {
    const PHRASES: [&str; 3] = ["[link removed]", "[lien supprime]", "[ссылка удалена]"];
    for (at, _) in folded.match_indices('[') {
        if let Some(phrase) = PHRASES.iter().find(|phrase| folded[at..].starts_with(**phrase)) {
            found.push(Found::kept(at..at + phrase.len()));
        }
    }
}

/// Where this order's real id stands in a text.
#[derive(Debug)]
pub(crate) struct OrderId<'a> {
    text: &'a str,
    order: &'a str,
    /// Filled at the first question: most messages hold no candidate to ask about.
    places: Option<Vec<Range<usize>>>,
}

impl<'a> OrderId<'a> {
    pub(crate) const fn new(text: &'a str, order: &'a str) -> Self {
        Self { text, order, places: None }
    }

    /// The place of the id that holds this range whole. An id that is part of a longer word or number is not the id.
    pub(crate) fn around(&mut self, range: &Range<usize>) -> Option<Range<usize>> {
        if self.order.len() < range.len() {
            return None;
        }
        let (text, order) = (self.text, self.order);
        let places = self.places.get_or_insert_with(|| {
            let whole = |place: &Range<usize>| {
                let before = text[..place.start].chars().next_back();
                let after = text[place.end..].chars().next();
                ![before, after].into_iter().flatten().any(char::is_alphanumeric)
            };
            text.match_indices(order).map(|(at, id)| at..at + id.len()).filter(whole).collect()
        });
        let next = places.partition_point(|place| place.end < range.end);
        places.get(next).filter(|place| place.start <= range.start).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_is_left() {
        let found = [Found::kept(0..2), Found::kept(2..3), Found::kept(5..6)];
        assert_eq!(gaps(&found, 9).collect::<Vec<_>>(), [3..5, 6..9]);
        assert_eq!(gaps(&[], 4).next(), Some(0..4));
        assert_eq!(gaps(&[], 0).count(), 0);
    }

    #[test]
    fn the_order_id_counts_only_whole() {
        let text = "7 777 x777 #777.";
        let mut id = OrderId::new(text, "777");
        assert_eq!(id.around(&(2..5)), Some(2..5));
        assert_eq!(id.around(&(3..5)), Some(2..5));
        assert_eq!(id.around(&(7..10)), None);
        assert_eq!(id.around(&(12..15)), Some(12..15));
        assert_eq!(id.around(&(11..15)), None);
    }
}
