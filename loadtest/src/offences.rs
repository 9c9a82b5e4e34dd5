//! Broken promises, counted as they are found, the first of them kept.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::report::{Offender, ViolationKind};

/// Most offenders that are kept: more of the same say nothing new.
pub(crate) const OFFENDERS_MAX: usize = 100;

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Offences(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    counts: BTreeMap<ViolationKind, u64>,
    first: Vec<Offender>,
}

impl Offences {
    /// One more.
    pub(crate) fn add(&self, kind: ViolationKind, order: &str, device: Option<String>, what: impl FnOnce() -> String) {
        let mut found = self.0.lock();
        *found.counts.entry(kind).or_default() += 1;
        if found.first.len() < OFFENDERS_MAX {
            found.first.push(Offender { kind, order: order.to_owned(), device, what: what() });
        }
    }

    /// How many, of all kinds.
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().counts.values().sum()
    }

    /// Everything, every kind with its count.
    pub(crate) fn take(&self) -> (BTreeMap<ViolationKind, u64>, Vec<Offender>) {
        let mut found = std::mem::take(&mut *self.0.lock());
        for kind in ViolationKind::ALL {
            found.counts.entry(kind).or_default();
        }
        (found.counts, found.first)
    }
}
