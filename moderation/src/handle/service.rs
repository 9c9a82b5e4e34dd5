//! Which services a text names, and whether it invites there.

use super::{INVITE_REACH, Talk};
use crate::text::BOUNDARY;
use crate::units::Unit;
use crate::vocabulary::Roles;

/// A service that a text names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// Units of its name.
    pub(super) first: usize,
    pub(super) past: usize,
    pub(super) social: bool,
    /// The name is nothing else.
    pub(super) sure: bool,
}

/// How far behind a service a question mark counts, in bytes.
const QUESTION_REACH: usize = 64;

impl Talk<'_, '_> {
    /// The service that is named at a unit.
    pub(super) fn service(&self, at: usize) -> Option<Service> {
        let roles = self.roles(at);
        if let Some(service) = self.in_parts(at) {
            return Some(service);
        }
        let coloured = (roles.has(Roles::COLOUR) && self.roles(at + 1).has(Roles::APP) && !roles.has(Roles::APP))
            || (roles.has(Roles::APP) && self.roles(at + 1).has(Roles::COLOUR));
        if coloured {
            // "the green app", "зелёное приложение", "l'application verte".
            return Some(Service { first: at, past: at + 2, social: false, sure: true });
        }
        let services = Roles::MESSENGER.and(Roles::MESSENGER_WORD).and(Roles::SOCIAL).and(Roles::SOCIAL_WORD);
        if !roles.has(services) {
            return None;
        }
        // "fb messenger", "X (twitter)", "vibes app": one name.
        let mut past = at + 1;
        let mut all = roles;
        while self.roles(past).has(services) && self.before(past).len() <= 2 {
            all = all.and(self.roles(past));
            past += 1;
        }
        if self.roles(past).has(Roles::APP) && self.before(past) == " " && !self.roles(past).has(services) {
            all = all.and(if roles.has(Roles::SOCIAL_WORD) { Roles::SOCIAL } else { Roles::MESSENGER });
            past += 1;
        }
        let messenger = all.has(Roles::MESSENGER) || (all.has(Roles::MESSENGER_WORD) && !all.has(Roles::SOCIAL));
        Some(Service { first: at, past, social: !messenger, sure: all.has(Roles::MESSENGER.and(Roles::SOCIAL)) })
    }

    /// A name in two or three parts: "whats app", "tele gram", "what's app".
    pub(super) fn in_parts(&self, at: usize) -> Option<Service> {
        let is_here = |parts: &[&str]| {
            parts.iter().enumerate().all(|(i, part)| self.word(at + i) == *part)
                && (1..parts.len()).all(|i| self.before(at + i).chars().count() == 1)
        };
        let part = self.roles(at).has(Roles::PART);
        if let Some((parts, social)) = PARTS.iter().filter(|_| part).find(|(parts, _)| is_here(parts)) {
            let words = parts.contains(&"up") || parts == &["v", "k"];
            let past = at + parts.len();
            let past = past + usize::from(self.roles(past).has(Roles::APP) && self.before(past) == " ");
            return Some(Service { first: at, past, social: *social, sure: !words });
        }
        let own = self.names.parts().iter().find(|(parts, _)| {
            let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
            is_here(&parts)
        });
        own.map(|(parts, social)| Service { first: at, past: at + parts.len(), social: *social, sure: true })
    }

    pub(super) fn is_invitation(&self, service: Service) -> bool {
        let from = service.first.saturating_sub(INVITE_REACH);
        // The same sentence only.
        let from = (from..service.first)
            .rev()
            .find(|at| self.before(at + 1).contains(['.', '!', '?', '\n', BOUNDARY, ';']))
            .map_or(from, |at| at + 1);
        let before = &self.units[from..service.first];
        let after = self.units.get(service.past);
        // "don't message me on …", "не пишите в …": in the same part of the sentence.
        let clause = (from..service.first).rev().find(|at| self.before(at + 1).contains(',')).map_or(from, |at| at + 1);
        let said = &self.units[clause..service.first];
        let invites = before.iter().any(|unit| unit.roles.has(Roles::INVITE));
        let talk = if invites { Roles::TALK } else { Roles::TALK.and(Roles::PICTURE) };
        let denied = said.iter().any(|unit| unit.roles.has(Roles::NOT));
        let sentence = |at: &usize| !self.before(*at).contains(['.', '!', '?', ',', '\n', BOUNDARY]);
        let behind_it = (service.past..self.units.len()).take(2).take_while(sentence).map(|at| &self.units[at]);
        if denied || said.iter().chain(behind_it).any(|unit| unit.roles.has(talk)) {
            return false;
        }
        // "is there a … I can reach you at", "… où je peux te joindre".
        let follows = &self.units[service.past..self.units.len().min(service.past + INVITE_REACH)];
        let follows_on = follows.iter().any(|unit| unit.roles.has(Roles::INVITE))
            && follows.iter().any(|unit| unit.roles.has(Roles::MINE));
        // "same number on …", "my number works with … too".
        let number =
            said.iter().any(|unit| matches!(&*unit.word, "number" | "numero" | "номер" | "num" | "номером" | "номере"));
        let behind = &self.text.folded()[self.units[service.past - 1].end..self.gap.end];
        let behind = behind[..behind.floor_char_boundary(QUESTION_REACH)].trim_start();
        // Nothing but the name, in the message or in the sentence: "whatsapp?"
        let begins =
            before.is_empty() && (service.first == 0 || self.before(service.first).contains(['.', '!', '?', '\n']));
        let alone = self.units.len() == service.past - service.first || (begins && behind.starts_with('?'));
        let find_me = said.windows(2).any(|pair| pair[0].word == "trouve" && matches!(&*pair[1].word, "moi" | "nous"));
        let invites = invites || find_me;
        let via = before.last().is_some_and(|unit| {
            unit.roles.has(Roles::VIA)
                && !matches!(&*unit.word, "the" | "a" | "le" | "la" | "au" | "under" | "под" | "с" | "or" | "ou")
        });
        let mine = self.is_mine(before);
        let to_me = after.is_some_and(|unit| matches!(&*unit.word, "me" | "moi" | "мне" | "us"));
        // "Skype experience", "discord server": a thing of that name.
        let thing = after.is_some_and(|unit| unit.roles.is_empty()) && self.before(service.past) == " ";
        let marked = behind.split(['.', '!', '\n', ',']).next().is_some_and(|rest| rest.contains('?'));
        let asks = !thing && self.is_question(said) && (marked || service.sure);
        let mine = mine && !thing && !after.is_some_and(|unit| matches!(&*unit.word, "is" | "s" | "est"));
        if service.sure {
            return invites || to_me || asks || alone || follows_on || number || mine;
        }
        let short = self.is_short(service);
        let messenger = !service.social;
        let me = to_me && (short || (messenger && before.len() <= 1));
        (invites && via) || me || (short && (asks || (messenger && (follows_on || (mine && via)))))
    }

    /// "My …", "I'm on …", "у меня есть …": nothing of its own stands between, as in "I deleted …".
    fn is_mine(&self, before: &[Unit<'_>]) -> bool {
        let passes = Roles::IS.and(Roles::COMMON).and(Roles::VIA);
        let has = |unit: &Unit<'_>| matches!(&*unit.word, "есть" | "have" | "got" | "ai" | "only" | "serai" | "am");
        let mine =
            before.iter().rev().find(|unit| unit.roles.has(Roles::MINE) || !(unit.roles.has(passes) || has(unit)));
        mine.is_some_and(|unit| unit.roles.has(Roles::MINE))
    }

    /// "Do you have …", "t'as …", "у вас есть …", "are you on …".
    pub(super) fn is_question(&self, said: &[Unit<'_>]) -> bool {
        let has = |unit: &Unit<'_>| {
            matches!(
                &*unit.word,
                "have"
                    | "got"
                    | "use"
                    | "koi"
                    | "какой"
                    | "quel"
                    | "what"
                    | "which"
                    | "whats"
                    | "есть"
                    | "avez"
                    | "utilisez"
                    | "utilises"
                    | "пользуетесь"
                    | "пользуешься"
            )
        };
        let word = |back: usize| said.len().checked_sub(back).map_or("", |at| &*said[at].word);
        let you = |back| matches!(word(back), "you" | "u" | "vous" | "tu" | "вы" | "ты");
        said.iter().any(has)
            || matches!((word(2), word(1)), ("t" | "tu", "as"))
            || you(1)
            || (you(2) && said.last().is_some_and(|unit| unit.roles.has(Roles::VIA)))
    }
}

/// Names that are written in parts; whether they are social networks.
pub(super) const PARTS: &[(&[&str], bool)] = &[
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
    (&["snap", "chat"], true),
    (&["insta", "gram"], true),
    (&["инста", "грам"], true),
    (&["face", "book"], true),
    (&["фейс", "бук"], true),
    (&["livre", "des", "visages"], true),
    (&["tik", "tok"], true),
    (&["тик", "ток"], true),
    (&["linked", "in"], true),
    (&["avion", "en", "papier"], false),
    (&["avion", "bleu"], false),
    (&["paper", "plane"], false),
    (&["blue", "plane"], false),
    (&["бумажный", "самолетик"], false),
    (&["бумажном", "самолетике"], false),
    (&["v", "k"], true),
];
