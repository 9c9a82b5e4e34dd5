//! From what the lists say to what is found.

use std::ops::Range;

use super::{Candidate, List, name};
use crate::Category;
use crate::find::{Found, gaps};

/// The categories that are found by words, in the order in which they claim.
const CATEGORIES: [Category; 4] = [Category::Profanity, Category::Threat, Category::Insult, Category::Messenger];

/// Takes away what is an exception, a name or switched off, and puts the rest into its place among what others found. Where categories
/// meet the order is profanity, threat, insult, messenger: what is masked wins, and the others keep what is left of them.
pub(super) fn resolve(text: &str, lists: &[List], mut candidates: Vec<Candidate>, out: &mut Vec<Found>) {
    let category = |one: &Candidate| lists[usize::from(one.list)].category;
    candidates.sort_unstable_by_key(|one| (one.start, one.end));
    let excepted = CATEGORIES.map(|of| joined(candidates.iter().filter(|one| one.except && category(one) == of)));
    let is_fine = |one: &Candidate| {
        let of_category = CATEGORIES.iter().zip(&excepted).find(|(of, _)| **of == category(one));
        of_category.is_some_and(|(_, excepted)| is_excepted(excepted, one))
    };
    let is_name = |one: &Candidate| {
        matches!(category(one), Category::Profanity | Category::Insult) && name::is_name(text, &(one.start..one.end))
    };
    candidates.retain(|one| !one.except && lists[usize::from(one.list)].on && !is_fine(one) && !is_name(one));
    if candidates.is_empty() {
        return;
    }
    for category in CATEGORIES {
        let of_category = candidates.iter().filter(|one| lists[usize::from(one.list)].category == category);
        let mut more = Vec::new();
        for one in joined(of_category) {
            let List { category, rule, .. } = lists[usize::from(one.list)];
            free(text, out, one.start..one.end, |piece| more.push(Found::contact(piece, category, rule)));
        }
        out.append(&mut more);
        out.sort_by_key(|found| found.start);
    }
}

/// Ranges that overlap, as one.
fn joined<'c>(candidates: impl Iterator<Item = &'c Candidate>) -> Vec<Candidate> {
    let mut joined: Vec<Candidate> = Vec::new();
    for one in candidates {
        match joined.last_mut() {
            Some(last) if one.start < last.end => last.end = last.end.max(one.end),
            _ => joined.push(*one),
        }
    }
    joined
}

fn is_excepted(excepted: &[Candidate], one: &Candidate) -> bool {
    let next = excepted.partition_point(|except| except.end <= one.start);
    excepted.get(next).is_some_and(|except| except.start < one.end)
}

/// The pieces of a range that nobody claimed and that hold no mask, without the signs at their ends.
fn free(text: &str, claimed: &[Found], range: Range<usize>, mut piece: impl FnMut(Range<usize>)) {
    let first = claimed.partition_point(|found| found.end <= range.start);
    let last = claimed.partition_point(|found| found.start < range.end);
    let inside: Vec<Found> = claimed[first..last.max(first)]
        .iter()
        .map(|found| Found::kept(found.start.max(range.start) - range.start..found.end.min(range.end) - range.start))
        .collect();
    for gap in gaps(&inside, range.len()) {
        let mut rest = range.start + gap.start..range.start + gap.end;
        while let Some(mask) = text[rest.clone()].find("***") {
            trimmed(text, rest.start..rest.start + mask, &mut piece);
            let stars = text[rest.start + mask..rest.end].bytes().take_while(|byte| *byte == b'*').count();
            rest.start += mask + stars;
        }
        trimmed(text, rest, &mut piece);
    }
}

fn trimmed(text: &str, range: Range<usize>, piece: &mut impl FnMut(Range<usize>)) {
    let part = &text[range.clone()];
    if !part.contains(char::is_alphanumeric) {
        return;
    }
    let kept = |c: char| !(c.is_alphanumeric() || matches!(c, '*' | '@' | '$' | '#'));
    let start = range.end - part.trim_start_matches(kept).len();
    let end = range.start + part.trim_end_matches(kept).len();
    piece(start..end);
}
