//! Addresses whose signs are spelled or stand apart: "ivan собака gmail точка com", "monsite point ca", "example [.] com".
//!
//! Words with a sign between them, written or spelled, make chains. A chain with an at is an e-mail address when what follows is a
//! host; one with dots alone is a link when it ends like one. What is written in the usual way was found before.

mod chain;
mod email;

use std::ops::Range;

use crate::find::Found;
use crate::host::{self, OwnHosts};
use crate::link;
use crate::rules::Signs;
use crate::text::Text;
use crate::tld::{self, Tld};
use crate::units::Unit;
use crate::vocabulary::Roles;
use crate::{Category, RuleId};
use chain::{BETWEEN_MAX, Chains, Form, Sign};
pub(crate) use email::emails;

const LINK: RuleId = "link.spelled";

/// The most labels of a host or a mailbox.
const LABELS_MAX: usize = 8;
/// How many words back an announcement counts ("my e-mail is …").
const REACH: usize = 5;

/// Whether a text holds anything that a spelled address is made of.
pub(crate) fn may_hold(text: &Text<'_>, units: &[Unit<'_>], signs: &Signs) -> bool {
    let made_of = Roles::DOT.and(Roles::AT).and(Roles::PROVIDER).and(Roles::TLD);
    // What stands behind a full stop can end a host.
    let ends_host = |pair: &[Unit<'_>]| {
        let between = &text.folded()[pair[0].end..pair[1].start];
        between.len() <= BETWEEN_MAX && between.contains('.') && tld::class(&pair[1].word).is_some()
    };
    let www = |unit: &Unit<'_>| unit.roles.has(Roles::SITE) && unit.word == "www";
    signs.at
        || units.iter().any(www)
        || units.iter().any(|unit| unit.roles.has(made_of))
        || (signs.dot && units.windows(2).any(ends_host))
        || (signs.other && text.folded().contains(['·', '•', '∙']))
}

/// Finds hosts in one range of the folded text; own ones are kept.
pub(crate) fn hosts(text: &Text<'_>, units: &[Unit<'_>], gap: Range<usize>, own: &OwnHosts, out: &mut Vec<Found>) {
    let chains = Chains::read(text, units, gap.clone());
    let mut at = 0;
    while at < chains.units.len() {
        let Some((range, name, past)) = chains.host(at) else {
            at += 1;
            continue;
        };
        let own_host = own.contains(&name);
        let end = if own_host { range.end } else { chains.path_end(range.end, gap.end) };
        let category = if host::is_messenger(&name) { Category::Messenger } else { Category::Link };
        out.push(if own_host { Found::kept(range) } else { Found::contact(range.start..end, category, LINK) });
        // A path goes over words that are not asked again.
        at = past.max(chains.units.partition_point(|unit| unit.start < end));
    }
}

impl<'a, 't> Chains<'a, 't> {
    /// The units of a chain of labels from one on, over dots and joints; whether any sign was not written as usual.
    fn labels(&self, from: usize) -> Vec<(usize, Form)> {
        let mut labels = vec![(from, Form::Tight)];
        let mut at = from;
        while let Some(link) = self.links[at].filter(|link| matches!(link.sign, Sign::Dot | Sign::Joint | Sign::Comma))
        {
            if labels.len() == LABELS_MAX {
                break;
            }
            at = link.next;
            labels.push((at, link.form.max(if link.sign == Sign::Comma { Form::Apart } else { Form::Tight })));
        }
        labels
    }

    /// What a unit is as a top-level domain.
    fn top(&self, at: usize) -> Option<Tld> {
        let unit = self.units.get(at)?;
        if &*unit.word == "ca" && link::is_ca_with_cedilla(self.text, unit.start..unit.end) {
            return None;
        }
        if !unit.word.is_ascii() {
            return (unit.roles.has(Roles::TLD) || tld::class(&unit.word).is_some()).then_some(Tld::Strong);
        }
        tld::class(&unit.word)
    }

    /// Whether one of the words before says what comes.
    fn is_announced(&self, at: usize, by: Roles) -> bool {
        self.units[at.saturating_sub(REACH)..at].iter().any(|unit| unit.roles.has(by))
    }

    /// The host that begins with a unit, its name, and the first unit behind it.
    fn host(&self, from: usize) -> Option<(Range<usize>, String, usize)> {
        let first = &self.units[from];
        let www = first.word.as_ref() == "www";
        let mut labels = self.labels(from);
        if www && labels.len() == 1 && self.between(from).is_some_and(|between| between.trim().is_empty()) {
            // "www example com"
            labels.extend(self.labels(from + 1).into_iter().map(|(at, _)| (at, Form::Spelled)));
        }
        let announced = www || self.is_announced(from, Roles::SITE) || self.is_pointed_at(from);
        if announced && labels.last().is_some_and(|(at, _)| self.top(*at).is_none()) {
            // "сайт ivanmaster ru"
            let last = labels[labels.len() - 1].0;
            let near = self.between(last).is_some_and(|between| between == " ");
            let whole = labels.len() > 1 || !self.units[last].roles.has(Roles::COMMON);
            let country = self.units.get(last + 1).is_some_and(|next| matches!(&*next.word, "ca" | "fr" | "kz"));
            let talk = self.units.get(last + 2).is_some_and(|next| link::goes_on_after_ca(&next.word));
            if near && whole && (self.top(last + 1) == Some(Tld::Strong) || (country && !talk)) {
                labels.push((last + 1, Form::Spelled));
            }
        }
        let top = (1..labels.len()).rev().find(|i| self.ends_host(&labels, *i, announced))?;
        let name = &self.units[labels[top - 1].0];
        let letters = |unit: &Unit<'_>| unit.word.chars().any(char::is_alphabetic);
        if !letters(first) && !letters(name) {
            return None;
        }
        let end = self.units[labels[top].0].end;
        let joined: Vec<&str> = labels[..=top].iter().map(|(at, _)| self.units[*at].word.as_ref()).collect();
        Some((first.start..end, joined.join("."), labels[top].0 + 1))
    }

    /// Whether the label at this place of a chain is the end of a host.
    fn ends_host(&self, labels: &[(usize, Form)], place: usize, announced: bool) -> bool {
        let (at, form) = labels[place];
        let Some(class) = self.top(at) else { return false };
        let before = &self.units[labels[place - 1].0];
        let common = before.roles.has(Roles::COMMON) || before.word.chars().nth(1).is_none();
        let tight = labels[1..=place].iter().all(|(_, form)| *form == Form::Tight);
        if tight && !self.units[at].word.is_ascii() {
            // Written in the other alphabet: "example.ком"; not "закрыта.Ком снега", the next sentence.
            let capital = self.text.folded()[self.units[at].start..].starts_with(char::is_uppercase);
            let spoken = matches!(&*self.units[at].word, "ком" | "ру") && !capital;
            return !common && (before.word.is_ascii() || spoken);
        }
        if tight || (common && !(announced && self.is_announced(labels[place - 1].0, Roles::SITE))) {
            return false;
        }
        let cyrillic_word = |at: usize| !self.units[at].word.is_ascii();
        match form {
            Form::Bracketed => class != Tld::File,
            Form::Spelled => {
                // "point" and "точка" are words of their own: then the name must look like one.
                let point = self.units[at - 1].word.as_ref();
                let said = matches!(point, "point" | "poin") && before.word.len() < 4;
                (class != Tld::File || announced) && !said
            }
            Form::Apart => {
                let written = &self.text.folded()[self.units[at].start..self.units[at].end];
                let small = written.starts_with(char::is_lowercase)
                    || before.word != self.text.folded()[before.start..before.end];
                let hyphen = place >= 2 && matches!(self.between(labels[place - 2].0), Some("-"));
                let digits = before.word.len() >= 4 && before.word.bytes().any(|b| b.is_ascii_digit());
                let name = small && (digits || hyphen || before.apart);
                let strong = class == Tld::Strong && (!cyrillic_word(at) || announced);
                let telling = announced || name || TELLING.contains(&&*self.units[at].word);
                let is_word = self.units[at].roles.has(Roles::COMMON);
                let first = labels[0].0;
                let scheme = first.checked_sub(1).is_some_and(|before| self.units[before].word.starts_with("http"));
                let sure = scheme || self.units[first].word == "www" || self.has_path(at);
                let word = class == Tld::Word && ((name && !is_word) || sure);
                let talk = self.units[at].word == "ca"
                    && self.units.get(at + 1).is_some_and(|next| link::goes_on_after_ca(&next.word));
                !talk && (strong || (telling && small && class == Tld::Common) || word)
            }
            // The sign before is written as usual, an earlier one is not.
            Form::Tight => class != Tld::File && (class != Tld::Word || announced),
        }
    }

    /// The word right before says where to look: "see", "at", "на".
    fn is_pointed_at(&self, from: usize) -> bool {
        from.checked_sub(1).is_some_and(|before| POINTING.contains(&&*self.units[before].word))
    }

    /// A path follows, tight or apart.
    fn has_path(&self, at: usize) -> bool {
        self.between(at).is_some_and(|between| between.trim() == "/")
    }

    /// Where the path behind a host ends.
    fn path_end(&self, end: usize, limit: usize) -> usize {
        let rest = &self.text.folded()[end..limit];
        let slash = rest.trim_start_matches(' ');
        if !slash.starts_with('/') {
            return end;
        }
        let spaces = rest.len() - slash.len();
        let path = slash[1..].trim_start_matches(' ');
        let begin = end + spaces + (slash.len() - path.len());
        let len = path
            .find(|c: char| c.is_whitespace() || matches!(c, '*' | '[' | ']' | '<' | '>' | '"'))
            .unwrap_or(path.len());
        let trimmed = path[..len].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        if trimmed.is_empty() { end } else { begin + trimmed.len() }
    }
}

/// What says where to look.
const POINTING: &[&str] =
    &["see", "visit", "check", "at", "from", "on", "sur", "voir", "chez", "на", "здесь", "тут", "ici", "here"];

/// Top-level domains that are no words.
const TELLING: &[&str] =
    &["biz", "info", "app", "io", "ca", "kz", "ua", "qc", "eu", "tech", "xyz", "co", "uk", "shop", "online"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::units;

    fn found(text: &str) -> Vec<(String, &'static str)> {
        let text = Text::read(text);
        let units = units(&text, &crate::vocabulary::Names::default());
        let (mut out, own) = (Vec::new(), OwnHosts::new(&["market.example".to_owned()]));
        emails(&text, &units, 0..text.folded().len(), &mut out);
        let mut links = Vec::new();
        crate::find::in_gaps(&mut out, text.folded().len(), |gap, out| hosts(&text, &units, gap, &own, out));
        out.append(&mut links);
        out.iter()
            .filter_map(|f| {
                f.what.map(|(category, _)| {
                    (text.original()[text.original_range(f.start..f.end)].to_owned(), category.as_str())
                })
            })
            .collect()
    }

    #[test]
    fn spelled_addresses() {
        for (text, address, category) in [
            ("write ivan.petrov at gmail dot com", "ivan.petrov at gmail dot com", "email"),
            ("почта ivan77 собака яндекс точка ру", "ivan77 собака яндекс точка ру", "email"),
            ("мой мейл ivan_p собачка gmail.com", "ivan_p собачка gmail.com", "email"),
            ("jean.tremblay arobase videotron point ca", "jean.tremblay arobase videotron point ca", "email"),
            ("jean (at) exemple (dot) fr", "jean (at) exemple (dot) fr", "email"),
            ("jean [at] exemple.fr", "jean [at] exemple.fr", "email"),
            ("bob @ gmail . com", "bob @ gmail . com", "email"),
            ("bob@gmail", "bob@gmail", "email"),
            ("my email: bob dot smith at site dot ca", "bob dot smith at site dot ca", "email"),
            (
                "ivan нижнее подчеркивание p собака mail точка ru",
                "ivan нижнее подчеркивание p собака mail точка ru",
                "email",
            ),
            ("b o b @ g m a i l . c o m", "b o b @ g m a i l . c o m", "email"),
            ("пиши на почту ivan77 gmail com", "ivan77 gmail com", "email"),
            ("visit example dot com", "example dot com", "link"),
            ("мой сайт master точка рф", "master точка рф", "link"),
            ("mon site monsite point ca", "monsite point ca", "link"),
            ("see example[.]com", "example[.]com", "link"),
            ("see example . com / photos", "example . com / photos", "link"),
            ("www example com", "www example com", "link"),
            ("сайт ivanmaster ru", "ivanmaster ru", "link"),
            ("example,com", "example,com", "link"),
            ("t . me / ivan", "", ""),
        ] {
            let expected: Vec<_> =
                Some((address.to_owned(), category)).filter(|(a, _)| !a.is_empty()).into_iter().collect();
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn talk() {
        for text in [
            "meet me at home. com",
            "look at the point. Go on",
            "on se voit au point de vente",
            "il est au point ca va",
            "это точка. ру",
            "we are at 5 . ok",
            "12 pcs @ 4.50",
            "собака лает, точка",
            "C'est fini . ca va",
            "market [.] example",
            "the dot com era, at last",
        ] {
            assert_eq!(found(text), [], "{text:?}");
        }
    }
}
