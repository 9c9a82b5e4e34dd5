//! Messengers and social networks: a name with a handle or a number, an invitation to go there, a handle alone.

mod beside;
mod invitation;
mod name;
mod service;
mod shape;

use std::ops::Range;

use crate::find::Found;
use crate::text::{BOUNDARY, Text};
use crate::units::Unit;
use crate::vocabulary::{Names, Roles};
use crate::{Category, RuleId};
pub(crate) use name::{is_given, is_personal};
use service::Service;

const MESSENGER_HANDLE: RuleId = "messenger.handle";
/// A part of a contact whose other parts are in other messages.
pub(crate) const MESSENGER_SPLIT: RuleId = "messenger.split";
const MESSENGER_NUMBER: RuleId = "messenger.number";
const MESSENGER_INVITATION: RuleId = "messenger.invitation";
const SOCIAL_HANDLE: RuleId = "social.handle";
const SOCIAL_INVITATION: RuleId = "social.invitation";
const ALONE: RuleId = "social.at";

/// How many words before a service an invitation counts.
const INVITE_REACH: usize = 6;
/// How far from a service's name a number belongs to it, in bytes.
const NUMBER_REACH: usize = 40;
/// The fewest letters of a handle behind an `@` that looks like a name.
const ALONE_MIN: usize = 7;
/// A handle no further than this from its service is masked together with it.
const TOGETHER_MAX: usize = 24;

/// Whether a text names anything that may be a service, or announces a handle.
pub(crate) fn may_hold(text: &Text<'_>, units: &[Unit<'_>], names: &Names) -> bool {
    let services = Roles::MESSENGER.and(Roles::MESSENGER_WORD).and(Roles::SOCIAL).and(Roles::SOCIAL_WORD);
    let roles = services.and(Roles::NICK).and(Roles::COLOUR).and(Roles::PART);
    let is_name =
        |unit: &Unit<'_>| unit.roles.has(roles) || names.parts().iter().any(|(parts, _)| *parts[0] == *unit.word);
    // Between messages a handle can stand alone.
    text.folded().contains(BOUNDARY) || units.iter().any(is_name)
}

/// Finds services and handles in one range of the folded text. `numbers`: where phone numbers and addresses were found.
pub(crate) fn find(
    text: &Text<'_>,
    units: &[Unit<'_>],
    gap: Range<usize>,
    numbers: &[Range<usize>],
    names: &Names,
    out: &mut Vec<Found>,
) {
    let first = units.partition_point(|unit| unit.start < gap.start);
    let past = units.partition_point(|unit| unit.end <= gap.end).max(first);
    let window = &text.folded()[gap.clone()];
    let masked = window.contains(BOUNDARY).then(|| window.find("***")).flatten();
    let masked_before = masked.and_then(|at| window[at..].find(BOUNDARY).map(|end| gap.start + at + end));
    let talk = Talk { text, units: &units[first..past], names, gap, masked_before };
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < talk.units.len() {
        let judged = talk.service(at).map(|service| (service.past, talk.judge(service, numbers)));
        let (past, judged) = match judged {
            Some((past, judged)) if !judged.is_empty() => (past, judged),
            _ => (at + 1, talk.alone(at).into_iter().collect()),
        };
        for (range, category, rule) in judged {
            claim(&mut found, Found::contact(range, category, rule));
        }
        at = past;
    }
    out.append(&mut found);
}

/// The numbers right before and right behind a place; they are in order.
fn nearest<'n>(numbers: &'n [Range<usize>], place: &Range<usize>) -> impl Iterator<Item = &'n Range<usize>> {
    let next = numbers.partition_point(|number| number.start < place.end);
    numbers[next.saturating_sub(1)..numbers.len().min(next + 1)].iter()
}

/// Adds a find; what it touches becomes one with it.
fn claim(found: &mut Vec<Found>, mut new: Found) {
    let first = found.partition_point(|old| old.end <= new.start);
    let past = found.partition_point(|old| old.start < new.end);
    if let [touched @ .., last] = &found[first..past] {
        new.start = new.start.min(touched.first().unwrap_or(last).start);
        new.end = new.end.max(last.end);
    }
    found.splice(first..past, [new]);
}

/// What announces a handle of its own.
const NICKS: &[&str] =
    &["nick", "nickname", "handle", "username", "pseudo", "ник", "никнейм", "юзернейм", "ником", "юзер"];

/// What belongs to a name such as "avion bleu".
const ARTICLES: &[&str] = &["l", "le", "la", "p", "tit", "ptit", "petit"];

type Judged = (Range<usize>, Category, RuleId);

/// One range of a text.
struct Talk<'a, 't> {
    text: &'a Text<'t>,
    units: &'a [Unit<'a>],
    names: &'a Names,
    gap: Range<usize>,
    /// The end of the first message that holds a mask.
    masked_before: Option<usize>,
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

    fn judge(&self, service: Service, numbers: &[Range<usize>]) -> Vec<Judged> {
        let mut name = self.units[service.first].start..self.units[service.past - 1].end;
        // "l'appli verte", "le p'tit avion bleu"
        let coloured = self.roles(service.first).has(Roles::COLOUR.and(Roles::APP));
        let mut first = service.first;
        while coloured
            && first > 0
            && ARTICLES.contains(&self.word(first - 1))
            && matches!(self.before(first), "'" | "’" | " ")
        {
            first -= 1;
            name.start = self.units[first].start;
        }
        let (category, by_handle, invitation) = match service.social {
            true => (Category::Social, SOCIAL_HANDLE, SOCIAL_INVITATION),
            false => (Category::Messenger, MESSENGER_HANDLE, MESSENGER_INVITATION),
        };
        // Who disguises the name of a service invites there.
        let disguised = service.sure && self.units[service.first..service.past].iter().any(|unit| unit.disguised);
        let invited = disguised || self.is_invitation(service);
        let service = Service { sure: service.sure || invited, ..service };
        let handle = self
            .handle_after(service, false, invited)
            .or_else(|| self.handle_before(service, invited))
            .or_else(|| self.handle_after(service, true, invited));
        if let Some(handle) = handle {
            let (start, end) = (name.start.min(handle.range.start), name.end.max(handle.range.end));
            let between = if handle.range.start >= name.end {
                name.end..handle.range.start
            } else {
                handle.range.end..name.start
            };
            let near = self
                .text
                .folded()
                .get(between)
                .is_some_and(|between| between.len() <= TOGETHER_MAX && !between.contains(BOUNDARY));
            let split = (category, MESSENGER_SPLIT);
            return match near {
                true => vec![(start..end, category, by_handle)],
                // In another message each is a part.
                false if self.text.folded().get(start..end).is_some_and(|all| all.contains(BOUNDARY)) => {
                    vec![(name, split.0, split.1), (handle.range, split.0, split.1)]
                }
                false => vec![(name, category, by_handle), (handle.range, category, by_handle)],
            };
        }
        let near = |number: &Range<usize>| {
            let (from, to) = if number.start >= name.end { (name.end, number.start) } else { (number.end, name.start) };
            to.checked_sub(from).is_some_and(|far| far <= NUMBER_REACH)
                && !self.text.folded().get(from..to).is_none_or(|between| between.contains(['\n', BOUNDARY, '!', '?']))
        };
        let short = !service.social
            && self.is_short(service)
            && !matches!(self.word(service.first), "imo" | "имо" | "kik" | "wu" | "дс");
        let by_number = (service.sure || short) && nearest(numbers, &name).any(near);
        match (by_number, invited) {
            (true, _) => vec![(name, category, MESSENGER_NUMBER)],
            (false, true) => vec![(name, category, invitation)],
            _ => Vec::new(),
        }
    }

    /// A short form that is hardly a word: "tg", "вц".
    fn is_short(&self, service: Service) -> bool {
        self.word(service.first).chars().count() <= 3
    }

    /// A handle that no service is named with: `@name`, or what a word like "nick" announces.
    fn alone(&self, at: usize) -> Option<Judged> {
        let unit = &self.units[at];
        let before = self.before(at);
        let handle = self.handle_at(at);
        let text = self.text_of(&handle);
        let ascii = text.is_ascii() && text.starts_with(|c: char| c.is_ascii_alphabetic());
        let marked = text.contains('_') || text.bytes().any(|b| b.is_ascii_digit());
        if before.ends_with('@') {
            let glued = before.len() == 1 && at > 0;
            let invited = self.units[at.saturating_sub(INVITE_REACH)..at]
                .iter()
                .any(|unit| unit.roles.has(Roles::INVITE.and(Roles::NICK).and(Roles::MESSENGER).and(Roles::SOCIAL)));
            // "@Marie can you check?" calls somebody.
            let name = text.len() >= ALONE_MIN || (text.len() >= 3 && (marked || text.contains('.') || invited));
            if !ascii || glued || !name || (unit.roles.has(Roles::COMMON) && handle.last == at) {
                return None;
            }
            let mut near = self.units[at.saturating_sub(INVITE_REACH)..at].iter();
            let messenger = near.any(|unit| unit.roles.has(Roles::MESSENGER.and(Roles::MESSENGER_WORD)));
            let (category, rule) =
                if messenger { (Category::Messenger, MESSENGER_HANDLE) } else { (Category::Social, ALONE) };
            return Some((handle.range, category, rule));
        }
        // A contact was masked in an earlier message of the window, and this is what only handles look like.
        if self.masked_before.is_some_and(|end| unit.start > end) && self.is_marked(&handle) {
            return Some((handle.range, Category::Messenger, MESSENGER_SPLIT));
        }
        let nick = |unit: &Unit<'_>| NICKS.contains(&&*unit.word);
        let near = self.units[at.saturating_sub(3)..at].iter().rev();
        let announced = near.take_while(|unit| nick(unit) || unit.roles.has(Roles::IS)).any(nick);
        (announced && ascii && marked && text.len() >= 4).then_some((handle.range, Category::Social, ALONE))
    }
}

#[cfg(test)]
mod tests {
    use super::service::PARTS;
    use super::*;
    use crate::units::units;

    fn found(text: &str) -> Vec<String> {
        let text = Text::read(text);
        let names = Names::default();
        let units = units(&text, &names);
        let mut out = Vec::new();
        find(&text, &units, 0..text.folded().len(), &[], &names, &mut out);
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
            ("wh@tsapp", "wh@tsapp"),
            ("в@йбер", "в@йбер"),
            ("тсс д!ск0рд", "д!ск0рд"),
            ("в@тс@п. сэкономим", "в@тс@п"),
            ("send me your $ignal", "$ignal"),
            ("телег@, ок?", "телег@"),
            ("<d><i><s><c><o><r><d> then", "d><i><s><c><o><r><d"),
            ("s~k~y~p~e, ok?", "s~k~y~p~e"),
            ("contacte-moi via what  sapp", "what  sapp"),
            ("I go by the same nickname over on discord", "discord"),
            ("on se reparle ailleurs, sur messenger", "messenger"),
            ("on telegram i am who i am here", "telegram"),
            ("same luke, other place: telegram", "telegram"),
            ("there is a group on viber for my clients, join", "viber"),
            ("my company is also on messenger", "messenger"),
            ("в скайпе легко найти, имя и фамилия", "скайпе"),
            ("связаться можно и в с~и~г~н~а~л", "с~и~г~н~а~л"),
        ] {
            assert_eq!(found(text), [contact], "{text:?}");
        }
    }

    #[test]
    fn names_in_parts_are_known_by_their_first() {
        for (parts, _) in PARTS {
            assert!(crate::vocabulary::roles(parts[0]).has(Roles::PART), "{parts:?}");
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
            "the dog next door",
            "send from Messenger, receive in the CRM",
            "there is a group on Facebook about roofing, I read it",
            "S I G N A L is lost here",
            "signal is w e a k today",
            "t!le, t1le, whatever",
            "the logo reads P!ZZA",
            "s, m, l, x and xl",
        ] {
            assert_eq!(found(text), [""; 0], "{text:?}");
        }
    }
}
