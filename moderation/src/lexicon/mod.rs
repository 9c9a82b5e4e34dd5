//! Words and phrases: profanity, insults, threats. The data is in `moderation/lexicon/`.

mod entry;

use entry::Entry;

/// Whether an operator may add this word or phrase.
///
/// # Errors
/// What is wrong with it, to be read after it.
pub(crate) fn check(word: &str) -> Result<(), String> {
    let entry = Entry::parse(word)?;
    if entry.except {
        return Err("is an exception, which belongs into remove".to_owned());
    }
    if entry.words().is_some_and(|mut words| words.any(|word| word.letters.chars().count() < 2)) {
        return Err("would match nearly everything".to_owned());
    }
    Ok(())
}
