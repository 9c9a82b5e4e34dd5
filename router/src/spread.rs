/// The place, out of `places` (at least one), of what has this hash.
pub(crate) fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash % places as u64).expect("a remainder of a usize is a usize")
}

/// FNV-1a: the same on every node and in every build, which the standard hasher does not promise. For names that nobody makes up
/// to meet another.
pub(crate) fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
