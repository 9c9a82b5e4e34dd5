//! Texts. Each says which message it is, so that whoever receives it knows when it was meant to leave.

/// What people say here: plain talk of three languages, nothing that is masked.
const TALK: [&str; 6] = [
    "I can be there tomorrow in the morning and bring the tools we spoke about",
    "Здравствуйте, подскажите, пожалуйста, когда вам удобно принять заказ и проверить работу",
    "Bonjour, le travail est presque fini; il me reste la porte de la cuisine et le carrelage",
    "Thank you, that works for me. Please ring twice, the bell of the house is not very loud, and mind the dog in the yard",
    "Хорошо, договорились, жду вас у подъезда и передам ключи",
    "Parfait, on fait comme ça, et je laisse le reste de la peinture au garage",
];

/// Letters of a stamp: consonants that make no word of any language, and no number. A stamp begins with the first, which no curse
/// does, and each digit is how far the next letter is from the one before, so that none stands twice in a row: moderation takes `qqh` and
/// `qh` for the same, as it should, and two stamps that differ only so would be spam.
const LETTERS: [u8; 9] = *b"qhjzwxknd";
/// Bits of a digit.
const BITS: usize = 3;
/// Digits for the order, and for the message in it.
const ORDER_DIGITS: usize = 7;
const MESSAGE_DIGITS: usize = 8;
/// Letters of a stamp.
const STAMP: usize = 1 + ORDER_DIGITS + MESSAGE_DIGITS;

/// Most orders of a process: what a stamp can say.
pub(crate) const ORDERS_MAX: usize = 1 << (BITS * ORDER_DIGITS);
/// Most messages of an order.
pub(crate) const MESSAGES_MAX: usize = 1 << (BITS * MESSAGE_DIGITS);

/// Which message a text is: the order's number in this process, and the message's in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) order: u32,
    pub(crate) message: u32,
}

/// A text of about `characters`, a tenth more or less, for this message. The same for the same arguments.
pub(crate) fn text(stamp: Stamp, characters: usize) -> String {
    let mut text = String::with_capacity(characters + characters / 2);
    spell(&mut text, stamp);
    // Spread without a table of random numbers: a message's length and words depend on its number.
    let mixed = (u64::from(stamp.order) << 32 | u64::from(stamp.message)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let mixed = usize::try_from(mixed).unwrap_or(0);
    let wanted = (characters * (90 + mixed % 21) / 100).min(souk_chat::limits::CONTENT_CHARS);
    let mut words = TALK.iter().cycle().skip(mixed % TALK.len()).flat_map(|line| line.split(' '));
    let mut length = STAMP;
    while let Some(word) = words.next().filter(|word| length + 1 + word.chars().count() <= wanted) {
        text.push(' ');
        text.push_str(word);
        length += 1 + word.chars().count();
    }
    text
}

fn spell(text: &mut String, stamp: Stamp) {
    let mut letter = 0;
    text.push(char::from(LETTERS[letter]));
    for (number, digits) in [(stamp.order, ORDER_DIGITS), (stamp.message, MESSAGE_DIGITS)] {
        for place in (0..digits).rev() {
            let digit = usize::try_from(number >> (BITS * place) & 7).unwrap_or(0);
            letter = (letter + 1 + digit) % LETTERS.len();
            text.push(char::from(LETTERS[letter]));
        }
    }
}

/// The stamp of a text; `None`: it has none, or moderation took it away.
pub(crate) fn stamp(text: &str) -> Option<Stamp> {
    let letters = text.as_bytes().get(..STAMP)?;
    let place = |letter: &u8| LETTERS.iter().position(|known| known == letter);
    let mut digits = [0_u32; STAMP - 1];
    if place(&letters[0]) != Some(0) {
        return None;
    }
    for (digit, pair) in digits.iter_mut().zip(letters.windows(2)) {
        let (before, now) = (place(&pair[0])?, place(&pair[1])?);
        let step = (now + LETTERS.len() - before) % LETTERS.len();
        *digit = u32::try_from(step.checked_sub(1)?).ok()?;
    }
    let number = |digits: &[u32]| digits.iter().fold(0, |number, digit| number << BITS | digit);
    let (order, message) = digits.split_at(ORDER_DIGITS);
    Some(Stamp { order: number(order), message: number(message) })
}

/// What tells texts apart in little room.
pub(crate) fn digest(text: &str) -> u32 {
    use std::hash::Hasher;
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(text.as_bytes());
    u32::try_from(hasher.finish() >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_from_texts_of_every_length() {
        for (order, message) in [(0, 0), (1, 15), (0x1f_ffff, 0xff_ffff), (12_345, 678_901)] {
            for characters in [1, 16, 40, 120, 2_000] {
                let text = text(Stamp { order, message }, characters);
                assert_eq!(stamp(&text), Some(Stamp { order, message }), "{text}");
                assert!(text.chars().count() <= (characters * 11 / 10).max(16), "{text}");
                assert_eq!(text.trim(), text);
            }
        }
        assert_eq!(stamp("Hello, how are you?"), None);
        assert_eq!(stamp("qhj"), None);
    }

    #[test]
    fn long_texts_are_about_as_long_as_wanted() {
        let lengths: Vec<_> =
            (0..200).map(|message| text(Stamp { order: 3, message }, 1_000).chars().count()).collect();
        let mean = lengths.iter().sum::<usize>() / lengths.len();
        assert!((950..=1_050).contains(&mean), "{mean}");
    }
}
