/// The place, out of `places` (at least one), of what has this hash.
pub(crate) fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash % places as u64).expect("a remainder of a usize is a usize")
}
