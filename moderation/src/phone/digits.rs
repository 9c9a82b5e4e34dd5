//! Reading digits in groups, with what people put between them.

/// The most digits of a number: 15 by E.164, two more for `00` before it or `(0)` inside.
pub(super) const MAX_DIGITS: usize = 17;
/// The most groups of a number (`00 33 6 12 34 56 78` has 7).
pub(super) const MAX_GROUPS: usize = 9;
/// The most characters between two groups, as in `) - `.
const MAX_BETWEEN: usize = 3;

/// What stands between two groups: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Between(u8);

impl Between {
    pub(super) const SPACE: Self = Self(1);
    pub(super) const DASH: Self = Self(2);
    pub(super) const DOT: Self = Self(4);
    pub(super) const OPEN: Self = Self(8);
    pub(super) const CLOSE: Self = Self(16);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Only spaces.
    pub(super) fn is_space(self) -> bool {
        self == Self::SPACE
    }
}

/// One separator at `at`, and its length in bytes. Line breaks are none: a number does not go over two lines.
pub(super) fn separator(bytes: &[u8], at: usize) -> Option<(Between, usize)> {
    let rest = bytes.get(at..)?;
    let found = match rest {
        [b' ', ..] => (Between::SPACE, 1),
        [b'-', ..] => (Between::DASH, 1),
        [b'.', ..] => (Between::DOT, 1),
        [b'(', ..] => (Between::OPEN, 1),
        [b')', ..] => (Between::CLOSE, 1),
        // No-break space.
        [0xC2, 0xA0, ..] => (Between::SPACE, 2),
        // Thin and narrow no-break space.
        [0xE2, 0x80, 0x89 | 0xAF, ..] => (Between::SPACE, 3),
        // Hyphen, no-break hyphen, figure dash, en dash.
        [0xE2, 0x80, 0x90..=0x93, ..] => (Between::DASH, 3),
        _ => return None,
    };
    Some(found)
}

/// Groups of digits that follow each other, from one group on. Fixed size: reading allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Groups {
    digits: [u8; MAX_DIGITS],
    lens: [u8; MAX_GROUPS],
    /// `between[i]` stands before group `i`; nothing before the first.
    between: [Between; MAX_GROUPS],
    /// Where group `i` ends: bytes of the text.
    ends: [usize; MAX_GROUPS],
    count: usize,
}

/// The first groups of a [`Groups`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) digits: &'a [u8],
    pub(super) lens: &'a [u8],
    /// Between the groups: one fewer than `lens`.
    pub(super) between: &'a [Between],
    pub(super) end: usize,
}

impl Groups {
    /// Reads from the group that starts at `start`, as far as one number can go.
    pub(super) fn read(bytes: &[u8], start: usize) -> Self {
        let mut groups = Self::default();
        let (mut at, mut before, mut total) = (start, Between::default(), 0);
        while groups.count < MAX_GROUPS {
            let len = bytes[at..].iter().take(MAX_DIGITS - total + 1).take_while(|b| b.is_ascii_digit()).count();
            if len == 0 || total + len > MAX_DIGITS {
                break;
            }
            groups.digits[total..total + len].copy_from_slice(&bytes[at..at + len]);
            total += len;
            at += len;
            groups.lens[groups.count] = u8::try_from(len).expect("at most MAX_DIGITS");
            groups.between[groups.count] = before;
            groups.ends[groups.count] = at;
            groups.count += 1;
            (before, at) = between(bytes, at);
            if before == Between::default() {
                break;
            }
        }
        groups
    }

    /// The first groups: all of them, then one fewer, down to one.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        (1..=self.count).rev().map(|count| {
            let digits = self.lens[..count].iter().map(|len| usize::from(*len)).sum();
            Part {
                digits: &self.digits[..digits],
                lens: &self.lens[..count],
                between: &self.between[1..count],
                end: self.ends[count - 1],
            }
        })
    }
}

/// What stands at `at` up to the next digit, and where that digit is. Empty when it is not what stands inside a number.
fn between(bytes: &[u8], mut at: usize) -> (Between, usize) {
    let mut all = Between::default();
    for _ in 0..MAX_BETWEEN {
        let Some((one, len)) = separator(bytes, at) else { break };
        all.0 |= one.0;
        at += len;
    }
    if bytes.get(at).is_some_and(u8::is_ascii_digit) { (all, at) } else { (Between::default(), at) }
}

impl Part<'_> {
    /// How many digits a group holds.
    pub(super) fn is_layout(&self, lens: &[u8]) -> bool {
        self.lens == lens
    }

    /// One run of digits.
    pub(super) fn is_bare(&self) -> bool {
        self.between.is_empty()
    }

    /// Something beside spaces is between its groups.
    pub(super) fn is_punctuated(&self) -> bool {
        self.between.iter().any(|between| !between.is_space())
    }

    pub(super) fn any_between(&self, what: Between) -> bool {
        self.between.iter().any(|between| between.has(what))
    }
}
