//! Words that say what stands beside them: spelled signs, names of services, invitations. One look-up per word.

mod bent;
mod lists;

use std::sync::LazyLock;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::text::Text;
use crate::{Additions, Category};
pub(crate) use bent::{begins_service, bent, invites_swapped, is_signed_service, may_begin_service, with_signs};
use lists::LISTS;

/// What a word can be: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Roles(u32);

impl Roles {
    /// A full stop, spelled.
    pub(crate) const DOT: Self = Self(1);
    /// An `@`, spelled so that it is hardly anything else behind a name.
    pub(crate) const AT: Self = Self(1 << 1);
    /// An English "at": a word like any other.
    pub(crate) const AT_WORD: Self = Self(1 << 2);
    /// A sign inside a name, spelled: underscore, dash.
    pub(crate) const JOINT: Self = Self(1 << 3);
    /// A mail provider that is nothing else.
    pub(crate) const PROVIDER: Self = Self(1 << 4);
    /// A mail provider whose name is a word as well.
    pub(crate) const PROVIDER_WORD: Self = Self(1 << 5);
    /// A messenger.
    pub(crate) const MESSENGER: Self = Self(1 << 6);
    /// A messenger whose name is a word as well, or a short form of it.
    pub(crate) const MESSENGER_WORD: Self = Self(1 << 7);
    /// A social network.
    pub(crate) const SOCIAL: Self = Self(1 << 8);
    /// One whose name is a word as well, or a short form of it.
    pub(crate) const SOCIAL_WORD: Self = Self(1 << 9);
    /// Write, add, find, move: an invitation when a service follows.
    pub(crate) const INVITE: Self = Self(1 << 10);
    /// Announces a name: nick, handle, login.
    pub(crate) const NICK: Self = Self(1 << 11);
    /// Announces an e-mail address.
    pub(crate) const MAIL: Self = Self(1 << 12);
    /// Announces a web address.
    pub(crate) const SITE: Self = Self(1 << 13);
    /// So common that it is no name of a person or host.
    pub(crate) const COMMON: Self = Self(1 << 14);
    /// Me, my.
    pub(crate) const MINE: Self = Self(1 << 15);
    /// "in", "on", "via": between an invitation and a service.
    pub(crate) const VIA: Self = Self(1 << 16);
    /// "is", "это": between a service and a name.
    pub(crate) const IS: Self = Self(1 << 17);
    /// The service is named without inviting anybody: broken, saw, ad.
    pub(crate) const TALK: Self = Self(1 << 18);
    /// Colours and things that stand for a messenger before "app": green, зелёный.
    pub(crate) const COLOUR: Self = Self(1 << 19);
    /// App, messenger, приложение.
    pub(crate) const APP: Self = Self(1 << 20);
    /// A top-level domain as it is pronounced.
    pub(crate) const TLD: Self = Self(1 << 21);
    /// Right before a name that nothing else is known of: "I'm", "look for", "je suis".
    pub(crate) const INTRO: Self = Self(1 << 22);
    /// Not: what is denied is no invitation.
    pub(crate) const NOT: Self = Self(1 << 23);
    /// Pictures: what is shown somewhere, or what is sent there.
    pub(crate) const PICTURE: Self = Self(1 << 25);
    /// The first part of a name that is written in parts.
    pub(crate) const PART: Self = Self(1 << 24);
    /// Your, ваш.
    pub(crate) const YOURS: Self = Self(1 << 26);
    /// Asks who uses something.
    pub(crate) const USE: Self = Self(1 << 27);

    /// Says that somebody is to be known by name or picture.
    pub(crate) const SAME: Self = Self(1 << 28);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A name of a service that is a word as well, as one that is nothing else: so written it is no word.
    pub(crate) const fn sure(self) -> Self {
        let messenger = if self.has(Self::MESSENGER_WORD) { Self::MESSENGER.0 } else { 0 };
        let social = if self.has(Self::SOCIAL_WORD) { Self::SOCIAL.0 } else { 0 };
        Self(self.0 | messenger | social)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What a word can be, in small letters, folded. Names of services are known in all their Russian cases.
pub(crate) fn roles(word: &str) -> Roles {
    let vocabulary = &*VOCABULARY;
    if let Some(roles) = vocabulary.words.get(word) {
        return *roles;
    }
    // Endings of Russian nouns have up to three letters.
    if word.len() < STEM_MIN || word.is_ascii() || !vocabulary.beginnings.contains(&beginning(word)) {
        return Roles::default();
    }
    let mut stem = word;
    for _ in 0..3 {
        let Some((end, _)) = stem.char_indices().next_back() else { break };
        stem = &stem[..end];
        if let Some(roles) = vocabulary.stems.get(stem) {
            return *roles;
        }
    }
    Roles::default()
}

/// Names of services that an operator added or took away, over the built-in ones.
#[derive(Debug, Default)]
pub(crate) struct Names {
    words: HashMap<Box<str>, Roles>,
    /// Names of several words; whether they are social networks.
    parts: Vec<(Vec<Box<str>>, bool)>,
}

impl Names {
    /// Names as an operator wrote them; they are folded as a message is.
    pub(crate) fn new(additions: &Additions) -> Self {
        let mut names = Self::default();
        for (category, roles) in [(Category::Messenger, Roles::MESSENGER), (Category::Social, Roles::SOCIAL)] {
            for removed in additions.removed(category) {
                names.put(removed, Roles::default(), false);
            }
            for added in additions.added(category) {
                names.put(added, roles, category == Category::Social);
            }
        }
        names
    }

    fn put(&mut self, name: &str, roles: Roles, social: bool) {
        let text = Text::read(name);
        let words: Vec<Box<str>> = text.tokens().iter().map(|token| text.word(token).into()).collect();
        match &words[..] {
            [] => {}
            [word] => {
                self.words.insert(word.clone(), roles);
            }
            _ if roles.is_empty() => self.parts.retain(|(parts, _)| *parts != words),
            _ => self.parts.push((words, social)),
        }
    }

    /// What a word is by the operator's word; `None`: nothing was said of it.
    pub(crate) fn roles(&self, word: &str) -> Option<Roles> {
        if self.words.is_empty() { None } else { self.words.get(word).copied() }
    }

    /// Added names of several words.
    pub(crate) fn parts(&self) -> &[(Vec<Box<str>>, bool)] {
        &self.parts
    }
}

/// Bytes of the shortest stem: three Cyrillic letters.
const STEM_MIN: usize = 6;

fn beginning(word: &str) -> [u8; 4] {
    let mut first = [0; 4];
    for (to, from) in first.iter_mut().zip(word.bytes()) {
        *to = from;
    }
    first
}

struct Vocabulary {
    words: HashMap<&'static str, Roles>,
    /// Nouns that take endings.
    stems: HashMap<&'static str, Roles>,
    beginnings: HashSet<[u8; 4]>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut words: HashMap<&'static str, Roles> = HashMap::default();
    let mut stems = HashMap::default();
    let mut beginnings = HashSet::default();
    for (roles, list) in LISTS {
        for word in list.split_whitespace() {
            let slot = match word.strip_suffix('*') {
                Some(stem) => {
                    beginnings.insert(beginning(stem));
                    words.entry(stem).or_default().0 |= roles.0;
                    stems.entry(stem).or_insert_with(Roles::default)
                }
                None => words.entry(word).or_default(),
            };
            *slot = slot.and(*roles);
        }
    }
    Vocabulary { words, stems, beginnings }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_words() {
        assert!(roles("telegram").has(Roles::MESSENGER));
        assert!(roles("телеграмме").has(Roles::MESSENGER));
        assert!(roles("вотсапом").has(Roles::MESSENGER));
        assert!(roles("яндексе").has(Roles::PROVIDER));
        assert!(roles("at").has(Roles::AT_WORD) && roles("at").has(Roles::COMMON));
        assert!(roles("шкаф").is_empty());
    }
}
