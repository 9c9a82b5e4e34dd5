//! Whether a text invites to a service that it names.

use super::service::Service;
use super::{INVITE_REACH, Talk};
use crate::text::BOUNDARY;
use crate::units::Unit;
use crate::vocabulary::{Roles, invites_swapped};

/// How many words before a service are looked at in its sentence.
const SAID_REACH: usize = 12;

/// How far behind a service a question mark counts, in bytes.
const QUESTION_REACH: usize = 64;

/// What stands around a service in its sentence.
struct Around<'a> {
    /// The words before, and those of them that stand in the same part of the sentence.
    before: &'a [Unit<'a>],
    said: &'a [Unit<'a>],
    /// The words behind, also of the next sentence.
    follows: &'a [Unit<'a>],
    /// The text behind.
    behind: &'a str,
    /// One of the words before is an invitation.
    invites: bool,
    /// A thing of that name: "Skype experience", "discord server".
    thing: bool,
}

impl Around<'_> {
    fn last_has(&self, roles: Roles) -> bool {
        self.before.last().is_some_and(|unit| unit.roles.has(roles))
    }

    /// "In", "on" right before.
    fn via(&self) -> bool {
        let via = |unit: &Unit<'_>| unit.roles.has(Roles::VIA) && !NO_VIA.contains(&&*unit.word);
        self.before.last().is_some_and(via)
    }

    /// A question mark stands behind, in the same sentence.
    fn is_asked(&self) -> bool {
        self.behind.split(['.', '!', '\n', ',']).next().is_some_and(|rest| rest.contains('?'))
    }

    /// "Is there a … I can reach you at", "… où je peux te joindre".
    fn goes_on_inviting(&self) -> bool {
        self.follows.iter().any(|unit| unit.roles.has(Roles::INVITE))
            && self.follows.iter().any(|unit| unit.roles.has(Roles::MINE))
    }

    /// "Same number on …", "my number works with … too".
    fn names_number(&self) -> bool {
        self.said.iter().any(|unit| NUMBER.contains(&&*unit.word))
    }

    /// "Me" right behind: "whatsapp me".
    fn to_me(&self) -> bool {
        self.follows.first().is_some_and(|unit| matches!(&*unit.word, "me" | "moi" | "мне" | "us"))
    }

    /// "My …", "I'm on …", "у меня есть …": nothing of its own stands between, as in "I deleted …".
    fn is_mine(&self) -> bool {
        let passes = Roles::IS.and(Roles::COMMON).and(Roles::VIA);
        let passes = |unit: &Unit<'_>| unit.roles.has(passes) || HAVING.contains(&&*unit.word);
        let mine = self.before.iter().rev().find(|unit| unit.roles.has(Roles::MINE) || !passes(unit));
        let is = self.follows.first().is_some_and(|unit| matches!(&*unit.word, "is" | "s" | "est"));
        !self.thing && !is && mine.is_some_and(|unit| unit.roles.has(Roles::MINE))
    }

    /// "My company is on …", "ma compagnie existe aussi sur …", "моя фирма есть в …".
    fn is_ours_there(&self) -> bool {
        let exists = |unit: &Unit<'_>| EXISTS.contains(&&*unit.word);
        !self.thing
            && self.via()
            && self.said.windows(2).any(|pair| pair[0].roles.has(Roles::MINE) && OURS.contains(&&*pair[1].word))
            && self.said.iter().rev().skip(1).find(|unit| !ALSO.contains(&&*unit.word)).is_some_and(exists)
    }

    /// "T'as insta?": nothing but the name between who is asked and the question mark.
    fn has_it(&self) -> bool {
        self.behind.starts_with('?') && self.before.last().is_some_and(|unit| HAS.contains(&&*unit.word))
    }

    /// "Do you have …", "t'as …", "у вас есть …", "are you on …".
    fn is_question(&self) -> bool {
        let word = |back: usize| self.said.len().checked_sub(back).map_or("", |at| &*self.said[at].word);
        let you = |back| matches!(word(back), "you" | "u" | "vous" | "tu" | "вы" | "ты");
        self.said.iter().any(|unit| ASKING.contains(&&*unit.word) || unit.roles.has(Roles::USE))
            || self.said.windows(2).any(|pair| matches!(&*pair[0].word, "t" | "tu") && pair[1].word == "as")
            || you(1)
            || (you(2) && self.last_has(Roles::VIA))
    }
}

impl Talk<'_, '_> {
    pub(super) fn is_invitation(&self, service: Service) -> bool {
        let around = self.around(service);
        if self.is_talk(service, &around) {
            return false;
        }
        let asked = around.is_asked();
        let asks = !around.thing && around.is_question() && (asked || service.sure);
        // "your whatsapp?", "скинь свой вайбер"
        let yours = around.last_has(Roles::YOURS) && !around.thing && (asked || around.invites);
        if service.sure {
            return around.invites
                || around.to_me()
                || asks
                || yours
                || self.is_alone(service, &around)
                || around.goes_on_inviting()
                || around.names_number()
                || around.is_mine()
                || around.is_ours_there()
                || self.asks_to_join(service, &around)
                || (!around.thing && self.is_known_there(service, &around));
        }
        let (short, messenger) = (self.is_short(service), !service.social);
        let via = around.via();
        if around.to_me() && (short || (messenger && around.before.len() <= 1)) {
            return true;
        }
        let used = asked && around.said.iter().any(|unit| unit.roles.has(Roles::USE));
        let has_it = around.has_it() && !ALSO_THINGS.contains(&self.word(service.first));
        let mine = || around.is_mine();
        (via && (around.invites || around.names_number()))
            || has_it
            || (messenger && self.is_known_there(service, &around))
            || (messenger && (used || (yours && around.invites)))
            || ((messenger || short) && via && mine() && self.invites_behind(&around))
            || (short && (asks || yours || (messenger && (around.goes_on_inviting() || (mine() && via)))))
    }

    fn around(&self, service: Service) -> Around<'_> {
        let from = service.first.saturating_sub(SAID_REACH);
        // The same sentence only.
        let from = (from..service.first)
            .rev()
            .find(|at| self.before(at + 1).contains(['.', '!', '?', '\n', BOUNDARY, ';']))
            .map_or(from, |at| at + 1);
        // "don't message me on …", "не пишите в …": in the same part of the sentence.
        let clause = (from..service.first).rev().find(|at| self.before(at + 1).contains(',')).map_or(from, |at| at + 1);
        let before = &self.units[from..service.first];
        let said = &self.units[clause..service.first];
        let follows = &self.units[service.past..self.units.len().min(service.past + INVITE_REACH)];
        let behind = &self.text.folded()[self.units[service.past - 1].end..self.gap.end];
        let behind = behind[..behind.floor_char_boundary(QUESTION_REACH)].trim_start();
        // "Type what stands above my messages into …": only who is to search is told so much before the name.
        let near = &before[before.len().saturating_sub(INVITE_REACH)..];
        let invites = near.iter().any(|unit| unit.roles.has(Roles::INVITE) || is_swapped_invitation(unit))
            || before.iter().any(|unit| SEARCH.contains(&&*unit.word))
            || said.windows(2).any(|pair| PAIRS.contains(&(&*pair[0].word, &*pair[1].word)));
        // "В скайпе легко": the name of a thing is not in the case that places are in.
        let placed = before.last().is_some_and(|unit| matches!(&*unit.word, "в" | "на"))
            && self.word(service.past - 1).ends_with('е');
        let bare = |unit: &Unit<'_>| unit.roles.is_empty() && !placed;
        let thing = follows.first().is_some_and(bare) && self.before(service.past) == " ";
        Around { before, said, follows, behind, invites, thing }
    }

    /// The service is denied, or only spoken of.
    fn is_talk(&self, service: Service, around: &Around<'_>) -> bool {
        let known = around.said.iter().any(|unit| unit.roles.has(Roles::SAME));
        let known = known || around.goes_on_inviting();
        let talk = if around.invites || known { Roles::TALK } else { Roles::TALK.and(Roles::PICTURE) };
        let sentence = |at: &usize| !self.before(*at).contains(['.', '!', '?', ',', '\n', BOUNDARY]);
        let behind_it = (service.past..self.units.len()).take(2).take_while(sentence).map(|at| &self.units[at]);
        // "There is a group on … for my clients, join": it is spoken of to bring somebody there.
        let joins = self.asks_to_join(service, around);
        let talk = |unit: &Unit<'_>| unit.roles.has(talk) && !(joins && GROUPS.contains(&&*unit.word));
        // "Send from Messenger, receive in …": what comes from there.
        let mine = around.before.iter().chain(around.follows).any(|unit| unit.roles.has(Roles::MINE));
        let comes_from = !mine && around.before.last().is_some_and(|unit| FROM.contains(&&*unit.word));
        comes_from
            || around.said.iter().any(|unit| unit.roles.has(Roles::NOT))
            || around.said.iter().chain(behind_it).any(talk)
    }

    /// "There is a group on … for my clients, join".
    fn asks_to_join(&self, service: Service, around: &Around<'_>) -> bool {
        around.said.iter().any(|unit| GROUPS.contains(&&*unit.word))
            && self.units[service.past..].iter().take(SAID_REACH).any(|unit| JOIN.contains(&&*unit.word))
    }

    /// Nothing but the name, in the message or in the sentence: "whatsapp?"; or it ends the sentence and is a question by its
    /// capital: "… a crazy week Viber?".
    fn is_alone(&self, service: Service, around: &Around<'_>) -> bool {
        let begins = around.before.is_empty()
            && (service.first == 0 || self.before(service.first).contains(['.', '!', '?', '\n']));
        let capital = self.text.folded()[self.units[service.first].start..].starts_with(char::is_uppercase)
            && !around.last_has(Roles::VIA.and(Roles::MINE));
        self.units.len() == service.past - service.first || ((begins || capital) && around.behind.starts_with('?'))
    }

    /// "In … you'll recognise the picture", "même nom sur …", "…? ник не отличается": who it is there is told.
    fn is_known_there(&self, service: Service, around: &Around<'_>) -> bool {
        const REACH: usize = 8;
        let near = self.units[service.first.saturating_sub(REACH)..service.first]
            .iter()
            .chain(&self.units[service.past..self.units.len().min(service.past + REACH)]);
        let last = || service.past == self.units.len() && around.said.is_empty();
        let colon = || service.sure && self.before(service.first).trim_end().ends_with(':');
        let placed =
            around.via() || colon() || (service.sure && (around.before.is_empty() || around.said.is_empty())) || last();
        placed && (near.into_iter().any(|unit| unit.roles.has(Roles::SAME)) || self.is_same_person(service))
    }

    /// "… i am who i am here", "… я тот же что и здесь".
    fn is_same_person(&self, service: Service) -> bool {
        const REACH: usize = 8;
        let from = service.first.saturating_sub(REACH);
        let near = &self.units[from..self.units.len().min(service.past + REACH)];
        near.windows(2).any(|pair| SAME_PERSON.contains(&(&*pair[0].word, &*pair[1].word)))
    }

    /// "… all evening, write there".
    fn invites_behind(&self, around: &Around<'_>) -> bool {
        around.follows.iter().any(|unit| unit.roles.has(Roles::INVITE))
    }
}

fn is_swapped_invitation(unit: &Unit<'_>) -> bool {
    unit.roles.is_empty() && invites_swapped(&unit.word)
}

/// Between an invitation and a thing that is no service: "call the line".
const NO_VIA: &[&str] = &["the", "a", "le", "la", "au", "under", "под", "с", "or", "ou"];

const NUMBER: &[&str] = &["number", "numero", "номер", "num", "номером", "номере"];

const HAVING: &[&str] = &[
    "есть", "have", "got", "ai", "only", "serai", "am", "ll", "буду", "exist", "exists", "existe", "existons", "sits",
    "sit", "too", "aussi",
];

const EXISTS: &[&str] = &["is", "are", "exists", "exist", "est", "sont", "existe", "existent", "есть"];
#[rustfmt::skip]
const OURS: &[&str] = &[
    "company", "shop", "firm", "business", "team", "studio", "workshop", "store", "crew", "compagnie", "boutique", "entreprise", "atelier", "equipe", "commerce", "фирма",
    "мастерская", "магазин", "бригада", "контора", "студия", "компания",
];
const ALSO: &[&str] = &["also", "too", "aussi", "тоже", "также", "и"];

const HAS: &[&str] = &["have", "as", "avez", "got", "use", "есть", "the", "le"];

/// Services whose names are things that a buyer asks for.
const ALSO_THINGS: &[&str] = &[
    "line",
    "signal",
    "сигнал",
    "телега",
    "телеги",
    "телегу",
    "телеге",
    "slack",
    "tele",
    "x",
    "disc",
    "самолетик",
    "mess",
    "whats",
];

const ASKING: &[&str] = &["have", "got", "use", "koi", "какой", "quel", "what", "which", "whats", "есть", "avez"];

/// What people join, and the words that ask them to.
const GROUPS: &[&str] = &[
    "group",
    "channel",
    "server",
    "groupe",
    "canal",
    "serveur",
    "группа",
    "группе",
    "группу",
    "канал",
    "канале",
    "чат",
];
#[rustfmt::skip]
const JOIN: &[&str] = &[
    "join", "subscribe", "rejoins", "rejoignez", "joins", "joignez", "joindre", "embarque", "embarquez", "abonne", "abonnez", "заходи", "заходите", "вступай", "вступайте",
    "подписывайся", "подписывайтесь", "подпишись", "подпишитесь", "присоединяйся", "присоединяйтесь", "добавляйся", "добавляйтесь", "добавься", "добавьтесь",
];

/// Type it in and search.
const SEARCH: &[&str] = &["tapez", "tape", "type", "вбейте", "вбей", "наберите", "набери"];

/// Where something comes from.
const FROM: &[&str] = &["from", "depuis", "из"];

/// Two words that say that somebody is the same there.
#[rustfmt::skip]
const SAME_PERSON: &[(&str, &str)] = &[
    ("am", "who"), ("who", "i"), ("same", "me"), ("the", "same"), ("suis", "qui"), ("qui", "je"), ("le", "meme"), ("la", "meme"), ("тот", "же"), ("та", "же"),
    ("то", "же"), ("те", "же"), ("тем", "же"), ("так", "же"), ("такой", "же"), ("я", "кто"), ("same", "guy"), ("everybody", "knows"), ("everyone", "knows"), ("all", "know"),
    ("monde", "me"), ("все", "знают"), ("все", "меня"), ("know", "who"), ("know", "whom"), ("savez", "qui"), ("sais", "qui"), ("знаете", "кого"), ("знаешь", "кого"),
];

/// Two words that invite together.
const PAIRS: &[(&str, &str)] = &[
    ("trouve", "moi"),
    ("trouve", "nous"),
    ("fait", "ca"),
    ("fais", "ca"),
    ("faisons", "ca"),
    ("do", "it"),
    ("look", "me"),
    ("look", "us"),
];
