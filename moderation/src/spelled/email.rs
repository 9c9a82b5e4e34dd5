//! E-mail addresses whose signs are spelled or stand apart.

use std::ops::Range;

use super::LABELS_MAX;
use super::chain::{Chains, Form, Sign};
use crate::find::Found;
use crate::handle::is_personal;
use crate::text::Text;
use crate::tld::Tld;
use crate::units::Unit;
use crate::vocabulary::Roles;
use crate::{Category, RuleId};

const EMAIL: RuleId = "email.spelled";

/// Finds e-mail addresses in one range of the folded text.
pub(crate) fn emails(text: &Text<'_>, units: &[Unit<'_>], gap: Range<usize>, out: &mut Vec<Found>) {
    let chains = Chains::read(text, units, gap);
    let mut floor = 0;
    for at in 0..chains.units.len() {
        if at < floor {
            continue;
        }
        let found = chains.email(at).or_else(|| chains.email_without_at(at)).or_else(|| chains.mailbox_at(at));
        if let Some((range, past)) = found
            && out.last().is_none_or(|last| last.end <= range.start)
        {
            out.push(Found::contact(range, Category::Email, EMAIL));
            floor = past;
        }
    }
}

impl Chains<'_, '_> {
    /// Where the mailbox begins that ends with a unit.
    fn mailbox(&self, last: usize) -> usize {
        let mut first = last;
        for _ in 0..LABELS_MAX {
            let Some(before) = self.back[first] else { break };
            let Some(link) = self.links[before] else { break };
            let joins = match link.sign {
                Sign::Joint => true,
                // A full stop with a space is the end of a sentence.
                Sign::Dot => link.form != Form::Apart || self.units[first].apart || self.units[before].apart,
                _ => false,
            };
            if !joins || (link.form == Form::Spelled && self.units[before].roles.has(Roles::COMMON)) {
                break;
            }
            first = before;
        }
        first
    }

    /// The end of the host that begins with a unit: the unit of its top-level domain, or of a provider that needs none.
    fn mail_host(&self, from: usize, sure: bool) -> Option<usize> {
        let labels = self.labels(from);
        let top = labels[1..].iter().rev().find(|(at, _)| self.top(*at).is_some()).map(|(at, _)| *at);
        let provider = self.units[from].roles;
        let is_provider = provider.has(Roles::PROVIDER) || (sure && provider.has(Roles::PROVIDER_WORD));
        // "gmail com", without anything between.
        let apart = || {
            let next = from + 1;
            let near = self.between(from).is_some_and(|between| between.trim().is_empty());
            (is_provider && near && self.top(next) == Some(Tld::Strong)).then_some(next)
        };
        top.or_else(apart).or_else(|| is_provider.then_some(from))
    }

    /// The address around the at behind a unit, and the first unit behind it.
    fn email(&self, local: usize) -> Option<(Range<usize>, usize)> {
        let link = self.links[local].filter(|link| matches!(link.sign, Sign::At | Sign::AtWord))?;
        let services = Roles::MESSENGER.and(Roles::MESSENGER_WORD).and(Roles::SOCIAL).and(Roles::SOCIAL_WORD);
        if self.units[local].roles.has(services) && link.form == Form::Apart {
            // "вацап @misha.kim": a handle.
            return None;
        }
        let sure = link.sign == Sign::At;
        let top = self.mail_host(link.next, sure)?;
        let has_top = top != link.next;
        let labels = self.labels(link.next);
        let usual = labels.iter().all(|(_, form)| *form == Form::Tight) && labels.iter().any(|(at, _)| *at == top);
        if link.form == Form::Tight && has_top && usual {
            // As usual: found by who looks for those.
            return None;
        }
        let unit = &self.units[local];
        let common = unit.roles.has(Roles::COMMON) && !sure;
        if link.sign == Sign::AtWord {
            let provider = self.units[link.next].roles.has(Roles::PROVIDER);
            let spelled = labels.iter().any(|(_, form)| *form == Form::Spelled) || self.is_named(local);
            // "ivan77 on gmail": a name, or announced.
            let said = self.units[local + 1].roles.has(Roles::AT_WORD.and(Roles::AT))
                || self.is_named(local)
                || self.is_announced(local, Roles::MAIL);
            if common || !said || !(provider || (has_top && (spelled || self.is_announced(local, Roles::MAIL)))) {
                return None;
            }
        }
        // "3 @ 4", "gmail @ free": something must be a name.
        if !has_top && !self.units[link.next].roles.has(Roles::PROVIDER) && !self.is_announced(local, Roles::MAIL) {
            return None;
        }
        let start = if common { self.units[link.next].start } else { self.units[self.mailbox(local)].start };
        Some((start..self.units[top].end, top + 1))
    }

    /// A mailbox that is no word: joined parts, digits.
    fn is_named(&self, local: usize) -> bool {
        self.back[local].is_some() || self.units[local].word.bytes().any(|b| b.is_ascii_digit())
    }

    /// "gmail: jmartin", "my gmail is ivan77": a mailbox that is named behind its provider.
    fn mailbox_at(&self, provider: usize) -> Option<(Range<usize>, usize)> {
        if !self.units[provider].roles.has(Roles::PROVIDER) {
            return None;
        }
        let colon = matches!(self.between(provider), Some(":" | ": " | " : " | " - " | " = " | "="));
        let is = self.between(provider) == Some(" ")
            && self.units.get(provider + 1).is_some_and(|unit| matches!(&*unit.word, "is" | "это" | "est"));
        let first = provider + if is { 2 } else { 1 };
        let unit = self.units.get(first).filter(|unit| colon || (is && unit.roles.is_empty()))?;
        let digits =
            unit.word.bytes().any(|b| b.is_ascii_digit()) && unit.word.starts_with(|c: char| c.is_ascii_alphabetic());
        let mut last = first;
        while let Some(link) = self.links[last].filter(|link| link.form == Form::Tight && link.next == last + 1) {
            if !matches!(link.sign, Sign::Dot | Sign::Joint) || last - first > LABELS_MAX {
                break;
            }
            last = link.next;
        }
        let joined = last > first && !self.units[last].roles.has(Roles::COMMON);
        (digits || joined || is_personal(&unit.word))
            .then(|| (self.units[provider].start..self.units[last].end, last + 1))
    }

    /// "почта ivan77 gmail com": an announced name before a provider.
    fn email_without_at(&self, local: usize) -> Option<(Range<usize>, usize)> {
        let provider = local + 1;
        let near =
            self.between(local).is_some_and(|between| between.trim_matches(['-', '*', '#', ' ', '(', '/']).is_empty());
        if !near || !self.units[provider].roles.has(Roles::PROVIDER) || self.units[local].roles.has(Roles::COMMON) {
            return None;
        }
        let top = self.mail_host(provider, false).filter(|top| *top != provider);
        let named = self.is_named(local);
        let announced = self.is_announced(self.mailbox(local), Roles::MAIL);
        // Without "com" it takes both: an announcement and what only names look like.
        if !(top.is_some() && (named || announced) || named && announced) {
            return None;
        }
        let top = top.unwrap_or(provider);
        Some((self.units[self.mailbox(local)].start..self.units[top].end, top + 1))
    }
}
