//! Messengers and social networks: a name with a handle or a number, an invitation to go there, a handle alone.

use std::ops::Range;

use crate::find::Found;
use crate::text::{BOUNDARY, Text};
use crate::units::Unit;
use crate::vocabulary::Roles;
use crate::{Category, RuleId};

const MESSENGER_HANDLE: RuleId = "messenger.handle";
const MESSENGER_NUMBER: RuleId = "messenger.number";
const MESSENGER_INVITATION: RuleId = "messenger.invitation";
const SOCIAL_HANDLE: RuleId = "social.handle";
const SOCIAL_INVITATION: RuleId = "social.invitation";
const ALONE: RuleId = "social.at";

/// How many words before a service an invitation counts, and how many after one speak against.
const INVITE_REACH: usize = 6;
const TALK_REACH: usize = 3;
/// How far from a service's name a number belongs to it, in bytes.
const NUMBER_REACH: usize = 40;
/// The most words between a service and a handle.
const BETWEEN_WORDS: usize = 4;

/// A service that a text names.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// Units of its name.
    first: usize,
    past: usize,
    social: bool,
    /// The name is nothing else.
    sure: bool,
}

/// Whether a text names anything that may be a service, or announces a handle.
pub(crate) fn may_hold(units: &[Unit<'_>]) -> bool {
    let services = Roles::MESSENGER.and(Roles::MESSENGER_WORD).and(Roles::SOCIAL).and(Roles::SOCIAL_WORD);
    let roles = services.and(Roles::NICK).and(Roles::COLOUR);
    units.iter().any(|unit| {
        unit.roles.has(roles) || matches!(&*unit.word, "whats" | "what" | "watts" | "wats" | "tele" | "vi" | "v")
    }) || units.iter().any(|unit| {
        matches!(&*unit.word, "телег" | "теле" | "вотс" | "ватс" | "вайб" | "инста" | "фейс" | "тик" | "tik" | "face")
    })
}

/// Finds services and handles in one range of the folded text. `numbers`: where phone numbers and addresses were found.
pub(crate) fn find(
    text: &Text<'_>,
    units: &[Unit<'_>],
    gap: Range<usize>,
    numbers: &[Range<usize>],
    out: &mut Vec<Found>,
) {
    let first = units.partition_point(|unit| unit.start < gap.start);
    let past = units.partition_point(|unit| unit.end <= gap.end).max(first);
    let talk = Talk { text, units: &units[first..past], gap };
    let mut at = 0;
    while at < talk.units.len() {
        let found = match talk.service(at) {
            Some(service) => talk.judge(service, numbers),
            None => None,
        };
        let found = found.or_else(|| talk.alone(at));
        if let Some((range, past, category, rule)) = found {
            // A handle can stand before its service, and so before what was found last.
            while out.last().is_some_and(|last| last.start >= range.start) {
                out.pop();
            }
            let start = out.last().map_or(range.start, |last| range.start.max(last.end));
            if start < range.end {
                out.push(Found::contact(start..range.end, category, rule));
            }
            at = past;
        } else {
            at += 1;
        }
    }
}

type Judged = (Range<usize>, usize, Category, RuleId);

/// One range of a text.
struct Talk<'a, 't> {
    text: &'a Text<'t>,
    units: &'a [Unit<'a>],
    gap: Range<usize>,
}

impl Talk<'_, '_> {
    fn roles(&self, at: usize) -> Roles {
        self.units.get(at).map(|unit| unit.roles).unwrap_or_default()
    }

    fn word(&self, at: usize) -> &str {
        self.units.get(at).map_or("", |unit| &unit.word)
    }

    /// What stands before a unit, back to the one before.
    fn before(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(self.gap.start, |i| self.units[i].end);
        let end = self.units.get(at).map_or(self.gap.end, |unit| unit.start);
        self.text.folded().get(start..end).unwrap_or_default()
    }

    /// The service that is named at a unit.
    fn service(&self, at: usize) -> Option<Service> {
        let roles = self.roles(at);
        let one = |social, sure| Some(Service { first: at, past: at + 1, social, sure });
        if let Some(service) = self.in_parts(at) {
            return Some(service);
        }
        match roles {
            _ if roles.has(Roles::MESSENGER) => one(false, true),
            _ if roles.has(Roles::SOCIAL) => one(true, true),
            _ if roles.has(Roles::MESSENGER_WORD) => one(false, false),
            _ if roles.has(Roles::SOCIAL_WORD) => one(true, false),
            // "the green app", "зелёное приложение", "l'application verte".
            _ if roles.has(Roles::COLOUR) && self.roles(at + 1).has(Roles::APP) && !roles.has(Roles::APP) => {
                Some(Service { first: at, past: at + 2, social: false, sure: true })
            }
            _ if roles.has(Roles::APP) && self.roles(at + 1).has(Roles::COLOUR) => {
                Some(Service { first: at, past: at + 2, social: false, sure: true })
            }
            _ => None,
        }
    }

    /// A name in two or three parts: "whats app", "tele gram", "what's app".
    fn in_parts(&self, at: usize) -> Option<Service> {
        const PARTS: &[(&[&str], bool)] = &[
            (&["whats", "app"], false),
            (&["what", "s", "app"], false),
            (&["what", "app"], false),
            (&["whats", "up"], false),
            (&["watts", "app"], false),
            (&["wats", "app"], false),
            (&["tele", "gram"], false),
            (&["телег", "рам"], false),
            (&["теле", "грам"], false),
            (&["вотс", "ап"], false),
            (&["ватс", "ап"], false),
            (&["вотс", "апп"], false),
            (&["вайб", "ер"], false),
            (&["vi", "ber"], false),
            (&["snap", "chat"], false),
            (&["insta", "gram"], true),
            (&["инста", "грам"], true),
            (&["face", "book"], true),
            (&["фейс", "бук"], true),
            (&["tik", "tok"], true),
            (&["тик", "ток"], true),
            (&["v", "k"], true),
        ];
        let is_here = |parts: &&(&[&str], bool)| {
            parts.0.iter().enumerate().all(|(i, part)| self.word(at + i) == *part)
                && (1..parts.0.len()).all(|i| self.before(at + i).chars().count() == 1)
        };
        let (parts, social) = PARTS.iter().find(is_here)?;
        let words = parts.contains(&"up") || parts == &["v", "k"];
        Some(Service { first: at, past: at + parts.len(), social: *social, sure: !words })
    }

    fn judge(&self, service: Service, numbers: &[Range<usize>]) -> Option<Judged> {
        let (start, end) = (self.units[service.first].start, self.units[service.past - 1].end);
        let (category, handle, invitation) = match service.social {
            true => (Category::Social, SOCIAL_HANDLE, SOCIAL_INVITATION),
            false => (Category::Messenger, MESSENGER_HANDLE, MESSENGER_INVITATION),
        };
        if let Some(last) = self.handle_after(service) {
            return Some((start..self.units[last].end, last + 1, category, handle));
        }
        if let Some(first) = self.handle_before(service) {
            return Some((first..end, service.past, category, handle));
        }
        let near = |number: &Range<usize>| {
            let (from, to) = if number.start >= end { (end, number.start) } else { (number.end, start) };
            to.checked_sub(from).is_some_and(|far| far <= NUMBER_REACH)
                && !self.text.folded().get(from..to).is_none_or(|between| between.contains(['\n', '!', '?']))
        };
        if numbers.iter().any(near) && (service.sure || self.is_short(service)) {
            return Some((start..end, service.past, category, MESSENGER_NUMBER));
        }
        self.is_invitation(service).then_some((start..end, service.past, category, invitation))
    }

    /// A short form that is hardly a word: "tg", "вц".
    fn is_short(&self, service: Service) -> bool {
        self.word(service.first).chars().count() <= 3
    }

    /// The last unit of the handle that follows a service.
    fn handle_after(&self, service: Service) -> Option<usize> {
        let mut announced = false;
        let mut at = service.past;
        for _ in 0..=BETWEEN_WORDS {
            let unit = self.units.get(at)?;
            let before = self.before(at);
            if before.len() > 8 || before.contains(['!', '?']) || before.contains("***") {
                return None;
            }
            if before.ends_with('@') && unit.word.chars().any(char::is_alphabetic) {
                return Some(self.handle_end(at));
            }
            let colon = before.contains([':', '=', '→', '>', '«', '"', '—', '–']) || before.contains(" - ");
            announced |= colon;
            let last = self.handle_end(at);
            // The next message: nothing but the handle.
            announced |= before.contains(BOUNDARY) && self.is_message(at, last);
            if self.is_handle(at, last, announced, service) {
                return Some(last);
            }
            let goes_on = unit.roles.has(Roles::NICK) || unit.roles.has(Roles::IS) || unit.roles.has(Roles::MINE);
            if !goes_on {
                return None;
            }
            announced |= unit.roles.has(Roles::NICK);
            at += 1;
        }
        None
    }

    /// Whether the units are all that a message says.
    fn is_message(&self, first: usize, last: usize) -> bool {
        let behind = self.before(last + 1);
        self.before(first).contains(BOUNDARY) && (behind.contains(BOUNDARY) || last + 1 == self.units.len())
    }

    /// Whether the units are a handle.
    fn is_handle(&self, first: usize, last: usize, announced: bool, service: Service) -> bool {
        let start = self.units[first].start;
        let handle = &self.text.lower()[start..self.units[last].end];
        let (letters, digits) = (handle.chars().any(char::is_alphabetic), handle.bytes().any(|b| b.is_ascii_digit()));
        let joined = handle.contains('_') || (last > first && handle.contains('.'));
        let ascii = handle.is_ascii();
        if !letters || handle.len() < 3 || !ascii {
            return false;
        }
        if joined || (digits && handle.len() >= 4 && !handle.starts_with(|c: char| c.is_ascii_digit())) {
            return service.sure || announced || joined;
        }
        let roles = self.units[first].roles;
        let word = handle.len() >= 4
            && !roles.has(Roles::COMMON)
            && !roles.has(Roles::INVITE)
            && !roles.has(Roles::TALK)
            && !roles.has(Roles::NICK)
            && !roles.has(Roles::IS)
            && !roles.has(Roles::VIA);
        // A Latin word behind a Russian name; a word that was announced.
        let foreign = !self.word(service.first).is_ascii();
        word && (announced || foreign) && (service.sure || foreign)
    }

    /// The last unit that belongs to a handle: joined by `_`, `.`, `-` without spaces.
    fn handle_end(&self, first: usize) -> usize {
        let mut last = first;
        while let Some(next) = self.units.get(last + 1) {
            let between = self.before(last + 1);
            let joint = matches!(between, "_" | "." | "-" | "__" | "#");
            let sentence = between == "." && self.text.folded()[next.start..].starts_with(char::is_uppercase);
            if !joint || sentence {
                break;
            }
            last += 1;
        }
        last
    }

    /// Where a handle begins that stands right before a service: "@ivan в телеге", "ivan_77 (telegram)".
    fn handle_before(&self, service: Service) -> Option<usize> {
        let mut last = service.first.checked_sub(1)?;
        for _ in 0..2 {
            let roles = self.roles(last);
            if !(roles.has(Roles::VIA) || roles.has(Roles::IS)) {
                break;
            }
            last = last.checked_sub(1)?;
        }
        if self.before(service.first).contains(['!', '?', '\n', ',', '.', ';']) {
            return None;
        }
        let mut first = last;
        while first > 0 && matches!(self.before(first), "_" | "." | "-") {
            first -= 1;
        }
        let handle = &self.text.lower()[self.units[first].start..self.units[last].end];
        let at = self.before(first).ends_with('@');
        let shape = handle.is_ascii()
            && handle.chars().any(char::is_alphabetic)
            && (handle.contains('_') || (handle.bytes().any(|b| b.is_ascii_digit()) && handle.len() >= 5));
        let start = self.units[first].start;
        ((at && handle.len() >= 3) || (shape && service.sure)).then(|| start - usize::from(at))
    }

    fn is_invitation(&self, service: Service) -> bool {
        let from = service.first.saturating_sub(INVITE_REACH);
        // The same sentence only.
        let from = (from..=service.first)
            .rev()
            .find(|at| *at < service.first && self.before(at + 1).contains(['.', '!', '?', '\n', BOUNDARY, ';']))
            .map_or(from, |at| at + 1);
        let before = &self.units[from..service.first];
        let after = &self.units[service.past..self.units.len().min(service.past + TALK_REACH)];
        if before.iter().rev().take(TALK_REACH).chain(after).any(|unit| unit.roles.has(Roles::TALK)) {
            return false;
        }
        let invites = before.iter().any(|unit| unit.roles.has(Roles::INVITE));
        let via = before
            .last()
            .is_some_and(|unit| unit.roles.has(Roles::VIA) && !matches!(&*unit.word, "the" | "a" | "le" | "la" | "au"));
        let mine = before.iter().rev().take(3).any(|unit| unit.roles.has(Roles::MINE));
        let to_me = after.first().is_some_and(|unit| matches!(&*unit.word, "me" | "moi" | "мне" | "us"));
        let asks = self.text.folded()[self.units[service.past - 1].end..self.gap.end].trim_start().starts_with('?')
            && before.iter().any(|unit| {
                matches!(
                    &*unit.word,
                    "have" | "got" | "use" | "есть" | "avez" | "as" | "utilisez" | "вас" | "тебя" | "you"
                )
            });
        if service.sure {
            return invites || to_me || asks || (mine && (via || before.len() <= 2));
        }
        (invites && via) || (to_me && self.is_short(service)) || (asks && self.is_short(service))
    }

    /// A handle that no service is named with: `@name`, or what a word like "nick" announces.
    fn alone(&self, at: usize) -> Option<Judged> {
        let unit = &self.units[at];
        let before = self.before(at);
        let last = self.handle_end(at);
        let range = unit.start..self.units[last].end;
        let handle = &self.text.lower()[range.clone()];
        let ascii = handle.is_ascii() && handle.starts_with(|c: char| c.is_ascii_alphabetic());
        let marked = handle.contains('_') || handle.bytes().any(|b| b.is_ascii_digit());
        if before.ends_with('@') {
            let glued = before.len() == 1 && at > 0;
            let name = handle.len() >= 5 || (handle.len() >= 3 && marked);
            if !ascii || glued || !name || (unit.roles.has(Roles::COMMON) && last == at) {
                return None;
            }
            let near = self.units[at.saturating_sub(INVITE_REACH)..at].iter();
            let messenger =
                near.clone().any(|unit| unit.roles.has(Roles::MESSENGER) || unit.roles.has(Roles::MESSENGER_WORD));
            let (category, rule) =
                if messenger { (Category::Messenger, MESSENGER_HANDLE) } else { (Category::Social, ALONE) };
            return Some((range.start - 1..range.end, last + 1, category, rule));
        }
        let nick = |unit: &Unit<'_>| {
            matches!(
                &*unit.word,
                "nick"
                    | "nickname"
                    | "handle"
                    | "username"
                    | "pseudo"
                    | "ник"
                    | "никнейм"
                    | "юзернейм"
                    | "ником"
                    | "юзер"
            )
        };
        let announced = self.units[at.saturating_sub(3)..at]
            .iter()
            .rev()
            .take_while(|unit| nick(unit) || unit.roles.has(Roles::IS))
            .any(nick);
        (announced && ascii && marked && handle.len() >= 4).then_some((range, last + 1, Category::Social, ALONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::units;

    fn found(text: &str) -> Vec<String> {
        let text = Text::read(text);
        let units = units(&text);
        let mut out = Vec::new();
        find(&text, &units, 0..text.folded().len(), &[], &mut out);
        out.iter().map(|f| text.original()[text.original_range(f.start..f.end)].to_owned()).collect()
    }

    #[test]
    fn services_with_handles_and_invitations() {
        for (text, contact) in [
            ("telegram: @ivan_master", "telegram: @ivan_master"),
            ("my telegram is ivan_master", "telegram is ivan_master"),
            ("мой телеграм ivanmaster", "телеграм ivanmaster"),
            ("тг: ivan_master", "тг: ivan_master"),
            ("пиши мне в телегу @ivan77", "телегу @ivan77"),
            ("insta @joes.plumbing", "insta @joes.plumbing"),
            ("let's move to WhatsApp", "WhatsApp"),
            ("напишите мне в вотсап", "вотсап"),
            ("напиши в тг", "тг"),
            ("ajoute-moi sur whatsapp", "whatsapp"),
            ("whatsapp me", "whatsapp"),
            ("text me on whats app", "whats app"),
            ("write me on the green app", "green app"),
            ("пиши в зеленое приложение", "зеленое приложение"),
            ("find me: @ivan_master", "@ivan_master"),
            ("мой ник ivan_77", "ivan_77"),
            ("@ivan77 в телеграме", "@ivan77 в телеграме"),
            ("пиши в t e l e g r a m", "t e l e g r a m"),
            ("tеlеgrаm @ivan", "tеlеgrаm @ivan"),
            ("у вас есть вотсап?", "вотсап"),
        ] {
            assert_eq!(found(text), [contact], "{text:?}");
        }
    }

    #[test]
    fn talk() {
        for text in [
            "I saw your ad on Instagram",
            "видел вашу рекламу в телеграме",
            "нужна телега с грузом",
            "the signal is weak on this line",
            "12 pcs @ 4.50",
            "mon téléphone est brisé",
            "ok, see you",
            "the green paint and the app",
        ] {
            assert_eq!(found(text), [""; 0], "{text:?}");
        }
    }
}
