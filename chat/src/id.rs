//! Names of people, orders and messages, checked once where they enter.

use std::fmt;
use std::sync::Arc;

use crate::seq::Seq;

/// Longest user id, in bytes (the alphabet is ASCII).
pub const USER_ID_MAX: usize = 128;
/// Longest order id, in bytes: room for `dm~` and two user ids with a `~` between them, and some.
pub const ORDER_ID_MAX: usize = 264;
/// Longest client message id, in bytes.
pub const CLIENT_MESSAGE_ID_MAX: usize = 64;
/// Longest name of an epoch, in bytes. souk's own are shorter.
pub const EPOCH_MAX: usize = 64;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("an id must not be empty")]
    Empty,
    /// Longer than the kind allows.
    #[error("an id of this kind has at most {max} characters")]
    TooLong {
        /// Most bytes this kind of id may have.
        max: usize,
    },
    /// A character outside `A–Z a–z 0–9 . _ -` (orders: also `~`), or `.` or `..` alone.
    #[error(
        "an id may hold only letters A–Z a–z, digits, '.', '_' and '-' (order ids also '~'), and is not '.' or '..'"
    )]
    Character,
    /// A message id that is not `<orderId>:<seq>`.
    #[error("a message id is the order id, a colon and the entry's number, without sign or leading zero")]
    NotAMessageId,
}

fn check(text: &str, max: usize, tilde: bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > max {
        return Err(IdError::TooLong { max });
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') || (tilde && b == b'~');
    if text == "." || text == ".." || !text.bytes().all(allowed) {
        return Err(IdError::Character);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $max:expr, $tilde:expr) => {
        $(#[$doc])*
        ///
        /// Cheap to clone: the text is shared.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` against the alphabet and length of this kind.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text, $max, $tilde).map(|()| Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

id!(
    /// A person, as the marketplace names them (the token's `sub`).
    UserId, USER_ID_MAX, false
);
id!(
    /// An order, and so its chat. `dm~<smaller>~<larger>` is the direct chat of two people.
    OrderId, ORDER_ID_MAX, true
);
id!(
    /// The sender's own name for a message, unique per sender and order for ever.
    ClientMessageId, CLIENT_MESSAGE_ID_MAX, false
);

id!(
    /// An epoch of a store: a stretch of its life in which no history was put in the place of another. See
    /// [`Epochs`](crate::ports::Epochs).
    Epoch, EPOCH_MAX, false
);

impl OrderId {
    /// The direct chat of two people; `None` with oneself.
    pub fn direct(one: &UserId, other: &UserId) -> Option<Self> {
        let (smaller, larger) = if one < other { (one, other) } else { (other, one) };
        (smaller != larger).then(|| Self(format!("dm~{smaller}~{larger}").into()))
    }

    /// Whether the id has the form that souk alone gives out, to direct chats.
    pub fn is_direct(&self) -> bool {
        self.0.starts_with("dm~")
    }
}

/// A message: the order and the number of the entry that made it. Shown as `<orderId>:<seq>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId {
    /// The chat.
    pub order: OrderId,
    /// The entry that made the message.
    pub seq: Seq,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.order, self.seq)
    }
}

impl std::str::FromStr for MessageId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (order, seq) = text.rsplit_once(':').ok_or(IdError::NotAMessageId)?;
        let seq = decimal(seq).filter(|seq| *seq > 0).ok_or(IdError::NotAMessageId)?;
        Ok(Self { order: OrderId::new(order)?, seq: Seq(seq) })
    }
}

/// The number that `text` writes in the one way there is to write it: digits, without sign or leading zero. `None`: it does not, or the number
/// has no place in 64 bits.
pub fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_keep_to_their_alphabet_and_length() {
        assert!(UserId::new("Ann_1.b-2").is_ok());
        assert_eq!(UserId::new("a~b"), Err(IdError::Character));
        assert!(OrderId::new("dm~a~b").is_ok());
        for bad in [".", "..", "a b", "é", "a/b", "a:b", "{a}"] {
            assert_eq!(OrderId::new(bad), Err(IdError::Character), "{bad}");
        }
        assert_eq!(UserId::new(""), Err(IdError::Empty));
        assert!(UserId::new(&"a".repeat(128)).is_ok());
        assert_eq!(UserId::new(&"a".repeat(129)), Err(IdError::TooLong { max: 128 }));
        assert_eq!(ClientMessageId::new(&"a".repeat(65)), Err(IdError::TooLong { max: 64 }));
    }

    #[test]
    fn the_direct_chat_of_two_is_one_whoever_asks() {
        let (a, b) = (UserId::new("a").unwrap(), UserId::new("B").unwrap());
        assert_eq!(OrderId::direct(&a, &b).unwrap().as_str(), "dm~B~a");
        assert_eq!(OrderId::direct(&a, &b), OrderId::direct(&b, &a));
        assert_eq!(OrderId::direct(&a, &a), None);
    }

    #[test]
    fn a_message_id_is_the_order_and_the_number() {
        let id: MessageId = "o-1:42".parse().unwrap();
        assert_eq!((id.order.as_str(), id.seq), ("o-1", Seq(42)));
        assert_eq!(id.to_string(), "o-1:42");
        assert!("o:01:1".parse::<MessageId>().is_err(), "an order id has no colon");
        assert!("01:1".parse::<MessageId>().is_ok(), "order ids may look like numbers");
        for bad in [
            "o-1",
            "o-1:0",
            "o-1:x",
            ":1",
            "o-1:",
            "o-1:01",
            "o-1:+1",
            "o-1:-1",
            "o-1:1.0",
            "o-1: 1",
            "o-1:1 ",
            "o-1:١",
            "o-1:00",
            "o-1:1e1",
            "o-1:0x1",
            "o-1:1_0",
            "o-1:18446744073709551616",
        ] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn one_message_has_one_id(text in "[A-Za-z0-9._~-]{1,4}:[0-9+ -]{0,5}") {
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn one_number_has_one_text(text in "[0-9+.-]{0,4}") {
            prop_assert!(decimal(&text).is_none_or(|number| number.to_string() == text));
        }
    }
}
