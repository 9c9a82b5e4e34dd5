//! The handle beside a service that a text names.

use super::Talk;
use super::service::Service;
use super::shape::{Handle, NAME_MIN};
use crate::text::BOUNDARY;
use crate::vocabulary::Roles;

/// How many words from a service a handle counts, and the most bytes between two of them.
const HANDLE_REACH: usize = 8;
const BETWEEN_MAX: usize = 10;

impl Talk<'_, '_> {
    /// The handle that follows a service.
    ///
    /// `names`: also a word that nothing else is known of, where something announces it.
    pub(super) fn handle_after(&self, service: Service, names: bool, invited: bool) -> Option<Handle> {
        let mut announced = false;
        let (mut near, mut introduced) = (true, false);
        for at in service.past..self.units.len().min(service.past + HANDLE_REACH) {
            let before = self.before(at);
            if before.len() > BETWEEN_MAX || before.contains("***") {
                return None;
            }
            let unit = &self.units[at];
            let handle = self.handle_at(at);
            let lettered = self.text_of(&handle).starts_with(|c: char| c.is_ascii_alphabetic());
            if before.contains('@') && handle.range.len() > 2 && lettered {
                return Some(handle);
            }
            announced |= before.contains([':', '=', '→', '>', '«', '"', '—', '–']) || before.contains(" - ");
            // The next message: nothing but the handle.
            announced |= before.contains(BOUNDARY) && self.is_message(at, handle.last);
            let told = announced || at == service.past;
            let marked = self.is_marked(&handle);
            let plain = self.text_of(&handle).contains('_');
            if marked
                && (service.sure || plain || (announced && near))
                && (told || introduced || !self.is_dotted(&handle))
            {
                return Some(handle);
            }
            // "ig jmartin", "facebook, Marie Tremblay".
            let reached = at == service.past || service.sure;
            if reached && near && !before.contains(['!', '?', '\n', BOUNDARY]) && self.is_personal(&handle) {
                return Some(handle);
            }
            if reached
                && near
                && invited
                && let Some(handle) = self.full_name(at)
            {
                return Some(handle);
            }
            near &= !before.contains(['.', '!', '?', BOUNDARY, '\n']);
            let adjacent = at == service.past && before == " ";
            let foreign = adjacent && !self.word(service.first).is_ascii();
            // "tg: mikereno"
            let colon = at == service.past && before.contains([':', '=']) && self.is_short(service);
            let named =
                introduced || (near && announced) || foreign || (adjacent && invited && handle.range.len() > NAME_MIN);
            if names && (service.sure || colon) && named && self.is_name(&handle) {
                return Some(handle);
            }
            let goes_on = Roles::NICK
                .and(Roles::IS)
                .and(Roles::MINE)
                .and(Roles::VIA)
                .and(Roles::COMMON)
                .and(Roles::INVITE)
                .and(Roles::AT);
            near &= unit.roles.has(goes_on);
            introduced = unit.roles.has(Roles::INTRO.and(Roles::NICK));
            announced |=
                unit.roles.has(Roles::NICK.and(Roles::AT)) || matches!(&*unit.word, "is" | "as" | "at" | "это");
        }
        None
    }

    /// The handle that stands before a service: "@ivan в телеге", "ivan_77 (telegram)", "paintbymike is my discord".
    pub(super) fn handle_before(&self, service: Service, invited: bool) -> Option<Handle> {
        let (mut is_mine, mut is_said, mut via) = (false, false, false);
        let from = service.first.saturating_sub(HANDLE_REACH);
        for at in (from..service.first).rev() {
            let after = self.before(at + 1);
            if after.len() > BETWEEN_MAX || after.contains(['!', '?', '\n', ';', BOUNDARY]) || after.contains("***") {
                return None;
            }
            let handle = self.handle_ending(at);
            let with_at = self.before(handle.first).ends_with('@') && handle.range.len() > 3;
            let sure = service.sure || self.text_of(&handle).contains('_');
            if with_at || (self.is_marked(&handle) && sure && (via || is_mine || !self.is_dotted(&handle))) {
                return Some(handle);
            }
            if (via || is_mine) && self.is_personal(&handle) {
                return Some(handle);
            }
            // "add paintbymike on telegram", "paintbymike is my discord".
            let asked = via
                && invited
                && handle.first.checked_sub(1).is_some_and(|before| {
                    self.roles(before).has(Roles::INTRO.and(Roles::NICK))
                        || matches!(self.word(before), "a" | "user" | "compte")
                });
            if (asked || (is_mine && is_said)) && service.sure && self.is_name(&handle) {
                return Some(handle);
            }
            let roles = self.roles(at);
            if !(roles.has(Roles::VIA.and(Roles::IS).and(Roles::MINE).and(Roles::COMMON)) || roles.has(Roles::NICK)) {
                return None;
            }
            via |= roles.has(Roles::VIA);
            is_mine |= roles.has(Roles::MINE);
            is_said |= roles.has(Roles::IS);
        }
        None
    }
}
