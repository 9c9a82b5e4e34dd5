//! Words that differ by one slip of the pen, found by look-up: each known word stands also without each of its letters.

/// Whether two words that are the same without one letter each begin alike (the first letter is seldom the wrong one) and differ
/// by one slip.
pub(crate) fn is_slip(word: &str, near: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), near.chars().collect());
    if a.first() != b.first() {
        // "овсемь": the first two swapped.
        return a.len() == b.len() && a.len() >= SUBSTITUTED_MIN && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    }
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    match (rest_a, rest_b) {
        // In a short word another consonant makes another word: "окно" is not "одно".
        ([x], [y]) => a.len() >= SUBSTITUTED_MIN || (a.len() + 1 == SUBSTITUTED_MIN && is_vowel(*x) && is_vowel(*y)),
        ([] | [_], [] | [_]) => true,
        ([x, y], [z, w]) => x == w && y == z,
        _ => false,
    }
}

/// The fewest letters of a word in which any letter may be a wrong one.
const SUBSTITUTED_MIN: usize = 5;

fn is_vowel(c: char) -> bool {
    "aeiouyаеиоуыэюя".contains(c)
}

/// The word without one of its letters, each in turn.
pub(crate) fn shortened(word: &str) -> impl Iterator<Item = Box<str>> {
    word.char_indices().map(move |(at, c)| [&word[..at], &word[at + c.len_utf8()..]].concat().into_boxed_str())
}

/// What `known` answers for the word without one of its letters, each in turn, until it answers. Asks without allocating for
/// each.
pub(crate) fn find_shortened<T>(word: &str, mut known: impl FnMut(&str) -> Option<T>) -> Option<T> {
    let mut less = String::with_capacity(word.len());
    word.char_indices().find_map(|(at, c)| {
        less.clear();
        less.push_str(&word[..at]);
        less.push_str(&word[at + c.len_utf8()..]);
        known(&less)
    })
}
