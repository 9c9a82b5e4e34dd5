//! The rules, compiled: finding, deciding, masking.

use std::borrow::Cow;

use crate::find::{self, Found, OrderId};
use crate::host::OwnHosts;
use crate::text::Text;
use crate::{
    Action, Category, Context, Locale, Policies, Policy, RuleId, Settings, SettingsError, Span, Verdict, email, link,
    phone,
};

/// Changes with every change to what the rules find.
const RULES: &str = "1";

/// How often a text is looked at again after something in it was masked. A mask can free what stood glued to it; texts
/// built for that took two rounds, others take one. A bound keeps the time linear whatever somebody builds.
const ROUNDS: usize = 8;

/// What stands in place of everything but links.
const MASK: &str = "***";

/// The rules with an operator's settings, compiled once. Shared by reference: moderating changes nothing in it.
#[derive(Debug)]
pub struct Rules {
    policies: Policies,
    own: OwnHosts,
    shadow: bool,
    version: String,
}

impl Rules {
    /// Compiles the settings.
    ///
    /// # Errors
    /// [`SettingsError`] names everything in the settings that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let own = settings.own_hosts()?;
        let version = format!("{RULES}-{:08x}", settings.fingerprint());
        Ok(Self { policies: settings.policies, own, shadow: settings.shadow, version })
    }

    /// The version of the rules and, after a hyphen, of the settings: equal on every node that decides alike. Recorded
    /// with each decision.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether decisions are recorded and nothing is done about them.
    pub const fn is_shadow(&self) -> bool {
        self.shadow
    }

    /// The policy of a category.
    pub const fn policy(&self, category: Category) -> Policy {
        self.policies.get(category)
    }

    /// Judges one text. Never fails and never panics; time and memory are linear in its length, and a text without
    /// contacts costs no allocation for the verdict. Moderating the answer's text again leaves it as it is.
    ///
    /// Where policies meet, the strongest action wins (refuse, mask, flag), and everything that is to be masked is
    /// masked all the same. In shadow the flags, spans, rules and `decided` are as they would be, the text and `action`
    /// as if nothing had been found.
    pub fn moderate<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        let found = self.settled(text, context.order);
        self.judge(text, &found, context)
    }

    /// What the policies make of the finds.
    fn judge<'t>(&self, text: &'t str, found: &[Found], context: &Context<'_>) -> Verdict<'t> {
        let mut verdict = Verdict::clean(text);
        let mut count = Scalars::new(text);
        for (found, category, rule) in self.reported(found) {
            verdict.flags.insert(category);
            verdict.decided = verdict.decided.max(self.action(category));
            if !verdict.rules.contains(&rule) {
                verdict.rules.push(rule);
            }
            let (start, end) = (count.up_to(found.start), count.up_to(found.end));
            verdict.spans.push(Span { start, end, category, rule });
        }
        if !self.shadow {
            verdict.action = verdict.decided;
            if verdict.action >= Action::Mask {
                verdict.text = Cow::Owned(self.mask(text, found, context.locale));
            }
        }
        verdict
    }

    /// The verdict on a text that its sender keeps repeating: the whole of it is one find of [`Category::Spam`]. Asked when
    /// [`spam::Repetition::is_spam`](crate::spam::Repetition::is_spam) says so.
    pub fn repeated<'t>(&self, text: &'t str, context: &Context<'_>) -> Verdict<'t> {
        let found = [Found::contact(0..text.len(), Category::Spam, "spam.repeated")];
        self.judge(text, &found, context)
    }

    /// Everything that is found until nothing new shows: what is to be masked is covered with as many stars, and the
    /// text looked at again, as it will be when the masked text comes back.
    fn settled(&self, text: &str, order: &str) -> Vec<Found> {
        let mut found = self.find(text, order);
        let is_masked = |found: &Found| found.what.is_some_and(|(category, _)| self.action(category) >= Action::Mask);
        let mut masked = Vec::new();
        let mut covered = String::new();
        for _ in 0..ROUNDS {
            let before = masked.len();
            masked.extend(found.iter().filter(|found| is_masked(found)).copied());
            if masked.len() == before {
                break;
            }
            masked.sort_by_key(|found| found.start);
            covered.clear();
            let mut from = 0;
            for found in &masked {
                covered.push_str(&text[from..found.start]);
                covered.extend(std::iter::repeat_n('*', found.end - found.start));
                from = found.end;
            }
            covered.push_str(&text[from..]);
            found = self.find(&covered, order);
        }
        found.retain(|found| !is_masked(found));
        found.append(&mut masked);
        found.sort_by_key(|found| found.start);
        found
    }

    /// Everything that some rule claims, by place in the text as written.
    fn find(&self, text: &str, order: &str) -> Vec<Found> {
        let text = Text::read(text);
        let mut found = Vec::new();
        self.find_in(&text, order, &mut found);
        to_original(&text, found)
    }

    /// Everything that some rule claims, by place in the folded text. The order of the kinds is part of the rules: an address
    /// owns the digits and the `@` in it.
    fn find_in(&self, text: &Text<'_>, order: &str, found: &mut Vec<Found>) {
        let folded = text.folded();
        let signs = Signs::of(folded);
        let mut id = OrderId::new(folded, order);
        if signs.scheme {
            link::urls(folded, &self.own, found);
        }
        if signs.at {
            find::in_gaps(found, folded.len(), |gap, out| email::find(folded, gap, out));
        }
        if signs.dot {
            find::in_gaps(found, folded.len(), |gap, out| link::domains(folded, gap, &self.own, out));
        }
        // An order's id may hold dots, and so look like a domain.
        for found in found.iter_mut() {
            if id.around(&(found.start..found.end)).is_some() {
                found.what = None;
            }
        }
        if signs.digits >= phone::MIN_DIGITS {
            find::in_gaps(found, folded.len(), |gap, out| phone::find(folded, gap, &mut id, out));
        }
        find::in_gaps(found, folded.len(), |gap, out| phone::hidden::find(text, gap, &mut id, out));
    }

    /// What of it the policies want to hear of.
    fn reported<'f>(&self, found: &'f [Found]) -> impl Iterator<Item = (&'f Found, Category, RuleId)> {
        found
            .iter()
            .filter_map(|found| found.what.map(|(category, rule)| (found, category, rule)))
            .filter(|(_, category, _)| self.policy(*category) != Policy::Off)
    }

    const fn action(&self, category: Category) -> Action {
        match self.policy(category) {
            Policy::Mask => Action::Mask,
            Policy::Refuse => Action::Refuse,
            Policy::Flag => Action::Flag,
            Policy::Off => Action::Pass,
        }
    }

    /// The text with the masks in their places, everything else byte for byte.
    fn mask(&self, text: &str, found: &[Found], locale: Locale) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for (found, category, _) in
            self.reported(found).filter(|(_, category, _)| self.action(*category) >= Action::Mask)
        {
            masked.push_str(&text[from..found.start]);
            masked.push_str(if category == Category::Link { locale.link_removed() } else { MASK });
            from = found.end;
        }
        masked.push_str(&text[from..]);
        masked
    }
}

/// The finds by place in the text as written. A character that was read as several belongs to the first find that touches it.
fn to_original(text: &Text<'_>, found: Vec<Found>) -> Vec<Found> {
    let mut from = 0;
    let place = |found: Found| {
        let range = text.original_range(found.start..found.end);
        let (start, end) = (range.start.max(from), range.end);
        from = from.max(end);
        (start < end).then_some(Found { start, end, what: found.what })
    };
    found.into_iter().filter_map(place).collect()
}

/// Which kinds of contact a text can hold at all, in one pass over its bytes.
#[derive(Default)]
struct Signs {
    digits: usize,
    at: bool,
    dot: bool,
    scheme: bool,
}

impl Signs {
    fn of(text: &str) -> Self {
        let mut signs = Self::default();
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => signs.digits += 1,
                b'@' => signs.at = true,
                b'.' => signs.dot = true,
                b'/' => signs.scheme = true,
                _ => {}
            }
        }
        signs
    }
}

/// Counts scalar values up to rising places, each byte once.
struct Scalars<'t> {
    text: &'t str,
    at: usize,
    count: usize,
}

impl<'t> Scalars<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, at: 0, count: 0 }
    }

    fn up_to(&mut self, byte: usize) -> usize {
        self.count += self.text[self.at..byte].chars().count();
        self.at = byte;
        self.count
    }
}

#[cfg(test)]
mod tests;
