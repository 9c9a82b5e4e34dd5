//! Words written apart: `f u c k`, `fu ck`.

use std::sync::LazyLock;

use rustc_hash::FxHashSet as HashSet;

use super::letters::{SPACE, words};

/// Short words of the three languages. A piece of another word is none of them: "he's hit the wall" stays.
const SHORT: &str = include_str!("../../lexicon/short.txt");

/// Longest word that is looked for in every pair of pieces.
const PAIRS_MAX: usize = 10;

/// The ways a word can be written apart, with spaces around and between the pieces.
pub(super) fn apart(letters: &[u8]) -> Vec<Vec<u8>> {
    let spaced = |pieces: &[&[u8]]| {
        let mut out = vec![SPACE];
        for piece in pieces {
            out.extend_from_slice(piece);
            out.push(SPACE);
        }
        out
    };
    let single: Vec<&[u8]> = letters.chunks(1).collect();
    let mut ways = Vec::new();
    if letters.len() >= 3 {
        ways.push(spaced(&single));
    }
    if (4..=PAIRS_MAX).contains(&letters.len()) {
        let fine = |piece: &[u8]| !is_short(piece);
        let pairs = (1..letters.len()).map(|at| letters.split_at(at));
        let pairs = pairs
            .filter(|(a, b)| (fine(a) || a.len() == 1 && !is_short(a)) && (fine(b) || b.len() == 1 && !is_short(b)));
        ways.extend(pairs.map(|(a, b)| spaced(&[a, b])));
        // The first or last letters single, the rest together.
        for at in 2..letters.len() - 1 {
            let (single, rest) = letters.split_at(at);
            if rest.len() > 1 && fine(rest) {
                ways.push(spaced(&single.chunks(1).chain([rest]).collect::<Vec<_>>()));
            }
            let (first, single) = letters.split_at(letters.len() - at);
            if first.len() > 1 && fine(first) {
                ways.push(spaced(&[first].into_iter().chain(single.chunks(1)).collect::<Vec<_>>()));
            }
        }
    }
    ways
}

/// Whether a piece is a short word of some language.
pub(super) fn is_short(piece: &[u8]) -> bool {
    static WORDS: LazyLock<HashSet<Vec<u8>>> = LazyLock::new(|| {
        let mut short = HashSet::default();
        for piece in SHORT.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace) {
            words(piece, |word| {
                short.insert(word);
            });
        }
        short
    });
    WORDS.contains(piece)
}
