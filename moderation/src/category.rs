//! What a find is about, and sets of it.

use std::fmt;

/// What a find is about. The names are the flags of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A link that leads away from the marketplace.
    Link,
    /// A messenger with a handle, a number or an invitation.
    Messenger,
    /// A handle on a social network.
    Social,
    /// Profanity.
    Profanity,
    /// A threat.
    Threat,
    /// An insult.
    Insult,
    /// The same text again and again.
    Spam,
}

impl Category {
    /// Every category, in the order of the wire's list.
    pub const ALL: [Self; 9] = [
        Self::Phone,
        Self::Email,
        Self::Link,
        Self::Messenger,
        Self::Social,
        Self::Profanity,
        Self::Threat,
        Self::Insult,
        Self::Spam,
    ];

    /// The flag's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Link => "link",
            Self::Messenger => "messenger",
            Self::Social => "social",
            Self::Profanity => "profanity",
            Self::Threat => "threat",
            Self::Insult => "insult",
            Self::Spam => "spam",
        }
    }

    /// The category of this name, exactly as [`as_str`](Self::as_str) writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == name)
    }

    /// Its place in [`Category::ALL`], and its bit in the stored form: never renumbered.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of categories, two bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Categories(u16);

impl Categories {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    const KNOWN: u16 = (1 << Category::ALL.len()) - 1;

    /// Adds one; adding it again changes nothing.
    pub const fn insert(&mut self, category: Category) {
        self.0 |= category.bit();
    }

    /// Whether it is in the set.
    pub const fn contains(self, category: Category) -> bool {
        self.0 & category.bit() != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in the order of [`Category::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Category> {
        Category::ALL.into_iter().filter(move |category| self.contains(*category))
    }

    /// The set as stored: bit 0 is `phone`, then upwards in the order of [`Category::ALL`].
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set from its stored form. Bits that this version has no category for are dropped: a row written by a newer
    /// node stays readable.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::KNOWN)
    }
}

impl FromIterator<Category> for Categories {
    fn from_iter<I: IntoIterator<Item = Category>>(categories: I) -> Self {
        let mut set = Self::EMPTY;
        categories.into_iter().for_each(|category| set.insert(category));
        set
    }
}

impl fmt::Debug for Categories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_bits_keep_their_place() {
        for category in Category::ALL {
            assert_eq!(Category::parse(category.as_str()), Some(category));
            assert_eq!(Category::ALL[category.index()], category);
        }
        assert_eq!(Category::parse("Phone"), None);
        let set: Categories = [Category::Phone, Category::Spam].into_iter().collect();
        assert_eq!(set.bits(), 0b1_0000_0001);
        assert_eq!(Categories::from_bits(set.bits()), set);
    }

    #[test]
    fn a_set_holds_each_once_in_the_wire_order() {
        let mut set = Categories::EMPTY;
        assert!(set.is_empty());
        for category in [Category::Link, Category::Phone, Category::Link] {
            set.insert(category);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [Category::Phone, Category::Link]);
        assert!(set.contains(Category::Link) && !set.contains(Category::Email));
    }

    #[test]
    fn unknown_bits_are_dropped() {
        assert_eq!(Categories::from_bits(0xFE00), Categories::EMPTY);
        assert_eq!(Categories::from_bits(0xFFFF).iter().count(), Category::ALL.len());
    }
}
