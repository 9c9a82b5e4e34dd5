//! Which services a text names.

use super::Talk;
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
            let words = parts.contains(&"up") || parts.contains(&"контакт") || parts == &["v", "k"];
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
    (&["blue", "bird"], true),
    (&["petit", "avion"], false),
    (&["синий", "самолетик"], false),
    (&["в", "контакт"], true),
    (&["бумажный", "самолетик"], false),
    (&["бумажном", "самолетике"], false),
    (&["v", "k"], true),
];
