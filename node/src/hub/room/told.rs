//! How far the parties of an order got, as the devices that joined it were told.

use std::sync::Arc;

use smallvec::SmallVec;
use souk_chat::{Marks, OrderId, Timestamp, UserId};
use souk_protocol::ServerEvent;
use souk_protocol::push::MessageStatus;

use super::super::device::Device;
use super::super::encoded_entry::Frames;
use super::{Inner, MemberState, Room};

/// How far a party got, as devices here were told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) user: UserId,
    pub(super) marks: Marks,
    at: Timestamp,
}

impl Told {
    pub(super) fn frames(&self, order: &OrderId) -> Frames {
        let status = MessageStatus::new(order.clone(), self.user.clone(), &self.marks, self.at);
        Frames::from(&ServerEvent::MessageStatus(status))
    }
}

impl Room {
    /// A party got so far, by the router or by the store: who is live is told, unless all of it is known here.
    pub fn tell_marks(&self, user: &UserId, marks: Marks, at: Timestamp) {
        let mut inner = self.inner.lock();
        let Inner { told, members, .. } = &mut *inner;
        let there = match told.iter_mut().position(|told| told.user == *user) {
            Some(place) => {
                let told = &mut told[place];
                let risen = told.marks.max(marks);
                if risen == told.marks {
                    return;
                }
                (told.marks, told.at) = (risen, at);
                told
            }
            None if told.len() < 2 => {
                told.push(Told { user: user.clone(), marks, at });
                told.last_mut().expect("it was pushed just now")
            }
            None => return,
        };
        let frames = there.frames(&self.order);
        for member in members.iter().filter(|member| matches!(member.state, MemberState::Live(_))) {
            member.device.push(&frames);
        }
    }

    /// How far the parties are by the answer of a join of `device`, which is not live yet. Who is live is told what they did not know.
    pub fn know_marks<'u>(
        &self,
        device: &Arc<Device>,
        parties: impl IntoIterator<Item = (&'u UserId, Marks)>,
        at: Timestamp,
    ) {
        let parties: Vec<_> = parties.into_iter().map(|(user, marks)| (user.clone(), marks)).collect();
        {
            let mut inner = self.inner.lock();
            for (user, marks) in &parties {
                if inner.told.len() < 2 && inner.told.iter().all(|told| told.user != *user) {
                    inner.told.push(Told { user: user.clone(), marks: *marks, at });
                }
            }
            if let Some(member) = inner.members.iter_mut().find(|member| Arc::ptr_eq(&member.device, device)) {
                member.answered.clone_from(&parties);
            }
        }
        for (user, marks) in &parties {
            self.tell_marks(user, *marks, at);
        }
    }

    /// The parties, as far as a join told of them.
    pub fn parties(&self) -> SmallVec<[UserId; 2]> {
        self.inner.lock().told.iter().map(|told| told.user.clone()).collect()
    }
}
