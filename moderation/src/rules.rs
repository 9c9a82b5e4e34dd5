//! The rules, compiled: finding, deciding, masking.

use std::borrow::Cow;

use crate::find::{self, Found, OrderId};
use crate::host::OwnHosts;
use crate::lexicon::{Lexicon, leads_nowhere};
use crate::text::Text;
use crate::vocabulary::Names;
use crate::{
    Action, Additions, Category, Context, EarlierMasked, Locale, Policies, Policy, RuleId, Settings, SettingsError,
    Span, Verdict, email, handle, ip, link, phone, spelled, split, units,
};

/// Changes with every change to what the rules find.
const RULES: &str = "6";

/// How often a text is looked at again after something in it was masked. A mask can free what stood glued to it; texts
/// built for that took two rounds, others take one. A bound keeps the time linear whatever somebody builds.
const ROUNDS: usize = 8;

/// Leads through every finder.
const WARM: &str = "one 514 a@b.fr x dot com telegram f*ck I will kill you";

/// What stands in place of everything but links.
const MASK: &str = "***";

/// The rules with an operator's settings, compiled once. Shared by reference: moderating changes nothing in it.
#[derive(Debug)]
pub struct Rules {
    policies: Policies,
    own: OwnHosts,
    shadow: bool,
    lexicon: Lexicon,
    names: Names,
    additions: Additions,
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
        let (lexicon, names) = (Lexicon::new(&settings.additions), Names::new(&settings.additions));
        let Settings { policies, shadow, additions, .. } = settings;
        let rules = Self { policies, own, shadow, lexicon, names, additions, version };
        // What is compiled once in a process is compiled now, not at the first message.
        rules.moderate(WARM, &Context { locale: Locale::En, order: "", earlier: &[] });
        Ok(rules)
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
        let read = Text::read(text);
        let mut found = self.settled(text, &read, context);
        let pieces = if context.earlier.is_empty() { Vec::new() } else { self.completed(text, &read, context) };
        let (here, before): (Vec<_>, Vec<_>) =
            pieces.into_iter().partition(|piece| piece.message == context.earlier.len());
        for piece in here {
            // The whole says better what it is than the part.
            let place = merge(&mut found, piece.found);
            found[place].what = piece.found.what;
        }
        let mut verdict = self.judge(text, &found, context);
        if !self.shadow {
            verdict.earlier = self.masked_after(&before, context);
        }
        verdict
    }

    /// What the policies make of the finds.
    fn judge<'t>(&self, text: &'t str, found: &[Found], context: &Context<'_>) -> Verdict<'t> {
        let mut verdict = Verdict::clean(text);
        let mut count = Scalars::new(text);
        for (found, category, rule) in self.reported(found) {
            verdict.flags.insert(category);
            verdict.decided = verdict.decided.max(self.action(category, rule));
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

    /// Everything that is found until nothing new shows: what is to be masked is masked, and the text looked at again as it
    /// will be shown. So moderating what is shown finds nothing.
    fn settled(&self, text: &str, read: &Text<'_>, context: &Context<'_>) -> Vec<Found> {
        let mut found = self.find(read, context.order);
        let mut masked: Vec<Found> = Vec::new();
        for _ in 0..ROUNDS {
            let mut is_quiet = true;
            for new in found.iter().filter(|found| self.is_masked(found)) {
                merge(&mut masked, *new);
                is_quiet = false;
            }
            if is_quiet {
                break;
            }
            let masks: Vec<_> =
                masked.iter().map(|found| (found.start..found.end, mask_of(found, context.locale))).collect();
            found = self.find(&Text::read_masked(text, &masks), context.order);
        }
        found.retain(|found| {
            !self.is_masked(found) && !masked.iter().any(|m| m.start < found.end && found.start < m.end)
        });
        found.append(&mut masked);
        found.sort_by_key(|found| found.start);
        found
    }

    /// What this text completes: the pieces of contacts that begin in earlier messages and end here. By message, rising.
    fn completed(&self, text: &str, read: &Text<'_>, context: &Context<'_>) -> Vec<split::Piece> {
        let mut pieces = self.completed_as_one(text, read, context);
        let mut dictated = phone::dictated::pieces(text, context.earlier, context.order);
        dictated.retain(|piece| self.is_masked(&piece.found) && !pieces.iter().any(|other| other.touches(piece)));
        if !dictated.is_empty() && !self.additions.is_disabled(phone::hidden::SPLIT) {
            pieces.append(&mut dictated);
            pieces.sort_by_key(|piece| (piece.message, piece.found.start));
        }
        pieces
    }

    /// What this text completes when the window is read as one text. Words and phrases are not looked for there: none of them goes over
    /// a boundary.
    fn completed_as_one(&self, text: &str, read: &Text<'_>, context: &Context<'_>) -> Vec<split::Piece> {
        let Some(together) = split::JoinedText::of(text, read, context.earlier) else { return Vec::new() };
        let read = together.read();
        let mut all = Vec::new();
        self.find_contacts(&read, context.order, &mut all);
        let hidden = all.into_iter().filter(|found| self.is_enabled(found) && self.is_masked(found)).collect();
        together.pieces(&read, hidden)
    }

    /// The earlier messages with their pieces masked.
    fn masked_after(&self, pieces: &[split::Piece], context: &Context<'_>) -> Vec<EarlierMasked> {
        let by_message = pieces.chunk_by(|a, b| a.message == b.message);
        by_message
            .map(|pieces| {
                let index = pieces[0].message;
                let found: Vec<Found> = pieces.iter().map(|piece| piece.found).collect();
                let verdict = self.judge(context.earlier[index].text, &found, context);
                EarlierMasked { index, text: verdict.text.into_owned(), flags: verdict.flags, spans: verdict.spans }
            })
            .collect()
    }

    /// Whether the policies want it hidden.
    fn is_masked(&self, found: &Found) -> bool {
        found.what.is_some_and(|(category, rule)| self.action(category, rule) >= Action::Mask)
    }

    /// Everything that some rule claims, by place in the text as written.
    fn find(&self, text: &Text<'_>, order: &str) -> Vec<Found> {
        let mut found = Vec::new();
        self.find_contacts(text, order, &mut found);
        self.lexicon.find(text, &mut found);
        found.retain(|found| self.is_enabled(found));
        to_original(text, found)
    }

    fn is_enabled(&self, found: &Found) -> bool {
        self.additions.is_empty() || found.what.is_none_or(|(_, rule)| !self.additions.is_disabled(rule))
    }

    /// Every contact, and what an operator's patterns find, by place in the folded text. The order of the kinds is part of the rules:
    /// an address owns the digits and the `@` in it.
    fn find_contacts(&self, text: &Text<'_>, order: &str, found: &mut Vec<Found>) {
        let folded = text.folded();
        let signs = Signs::of(folded);
        let mut id = OrderId::new(folded, order);
        if signs.bracket {
            find::masks(folded, found);
        }
        let units = units::units(text, &self.names);
        if spelled::may_hold(text, &units, &signs) {
            find::in_gaps(found, folded.len(), |gap, out| spelled::emails(text, &units, gap, out));
            find::in_gaps(found, folded.len(), |gap, out| spelled::hosts(text, &units, gap, &self.own, out));
        }
        if signs.scheme {
            let mut urls = Vec::new();
            link::urls(folded, &self.own, &mut urls);
            find::add(found, urls);
        }
        if signs.at {
            find::in_gaps(found, folded.len(), |gap, out| email::find(folded, gap, out));
        }
        if signs.digits >= phone::marked::DIGITS_MIN {
            find::in_gaps(found, folded.len(), |gap, out| phone::marked::find(folded, gap, &mut id, out));
        }
        if signs.digits >= ip::MIN_DIGITS {
            find::in_gaps(found, folded.len(), |gap, out| ip::find(folded, gap, out));
        }
        if signs.dot {
            find::in_gaps(found, folded.len(), |gap, out| link::odd_stops(text, gap, &self.own, out));
            find::in_gaps(found, folded.len(), |gap, out| link::domains(folded, gap, &self.own, out));
        }
        found.retain(|found| {
            let ends_in_ca = found.what.is_some() && folded[found.start..found.end].ends_with(".ca");
            let bare = matches!(found.what, Some((Category::Link, link::DOMAIN)));
            let cedilla = ends_in_ca && link::is_ca_with_cedilla(text, found.end - "ca".len()..found.end);
            let participle = bare && link::ends_in_participle(text, &(found.start..found.end));
            !cedilla && !participle
        });
        link::with_schemes(folded, found);
        // An order's id may hold dots, and so look like a domain.
        for found in found.iter_mut() {
            if id.around(&(found.start..found.end)).is_some() {
                found.what = None;
            }
        }
        if signs.digits >= phone::MIN_DIGITS {
            find::in_gaps(found, folded.len(), |gap, out| phone::laced::find(text, gap, &mut id, out));
            find::in_gaps(found, folded.len(), |gap, out| phone::find(folded, gap, &mut id, out));
        }
        phone::hidden::find_between(text, found, &mut id);
        if signs.at || handle::may_hold(text, &units, &self.names) {
            let numbers: Vec<_> = found.iter().filter(|f| f.what.is_some()).map(|f| f.start..f.end).collect();
            find::in_gaps(found, folded.len(), |gap, out| {
                handle::find(text, &units, gap, &numbers, &self.names, out);
            });
        }
        for rule in self.additions.rules() {
            find::in_gaps(found, folded.len(), |gap, out| {
                let places = rule.pattern.find_iter(&text.lower()[gap.clone()]);
                let place = |m: regex::Match<'_>| gap.start + m.start()..gap.start + m.end();
                out.extend(places.map(|m| Found::contact(place(m), rule.category, rule.id)));
            });
        }
    }

    /// What of it the policies want to hear of.
    fn reported<'f>(&self, found: &'f [Found]) -> impl Iterator<Item = (&'f Found, Category, RuleId)> {
        found
            .iter()
            .filter_map(|found| found.what.map(|(category, rule)| (found, category, rule)))
            .filter(|(_, category, _)| self.policy(*category) != Policy::Off)
    }

    fn action(&self, category: Category, rule: RuleId) -> Action {
        match self.policy(category) {
            // A mask would hide words that lead nowhere.
            Policy::Mask if leads_nowhere(rule) => Action::Flag,
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
        for (found, ..) in
            self.reported(found).filter(|(_, category, rule)| self.action(*category, rule) >= Action::Mask)
        {
            masked.push_str(&text[from..found.start]);
            masked.push_str(mask_of(found, locale));
            from = found.end;
        }
        masked.push_str(&text[from..]);
        masked
    }
}

/// What stands in place of a find.
fn mask_of(found: &Found, locale: Locale) -> &'static str {
    match found.what {
        Some((Category::Link, _)) => locale.link_removed(),
        _ => MASK,
    }
}

/// Puts a find among others, in one with those that it touches: what was first found there says what it is.
/// Returns its place.
fn merge(masked: &mut Vec<Found>, new: Found) -> usize {
    let first = masked.partition_point(|found| found.end <= new.start);
    let past = masked.partition_point(|found| found.start < new.end);
    if first == past {
        masked.insert(first, new);
        return first;
    }
    let (start, end) = (masked[first].start.min(new.start), masked[past - 1].end.max(new.end));
    let what = masked[first].what;
    masked.splice(first..past, [Found { start, end, what }]);
    first
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
pub(crate) struct Signs {
    digits: usize,
    pub(crate) at: bool,
    pub(crate) dot: bool,
    /// Something beyond ASCII.
    pub(crate) other: bool,
    scheme: bool,
    bracket: bool,
}

impl Signs {
    fn of(text: &str) -> Self {
        let mut signs = Self::default();
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => signs.digits += 1,
                b'@' => signs.at = true,
                b'.' => signs.dot = true,
                128.. => signs.other = true,
                b'/' => signs.scheme = true,
                b'[' => signs.bracket = true,
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
