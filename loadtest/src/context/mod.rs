//! What all devices of a run share.

pub(crate) mod storm;

use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use souk_protocol::dto::ReconnectPolicy;
use souk_testkit::token::Signer;

use crate::offences::Offences;
use crate::recorder::Recorder;
use storm::StormBook;

/// Most remarks that are kept.
const REMARKS_MAX: usize = 50;

/// What all devices of a run share.
pub(crate) struct Context {
    pub(crate) recorder: Recorder,
    pub(crate) offences: Offences,
    pub(crate) remarks: Remarks,
    pub(crate) storm: StormBook,
    /// How to come back, as the server told.
    pub(crate) policy: ReconnectPolicy,
    pub(crate) seed: u64,
    pub(crate) signer: Signer,
    /// The nodes' addresses, then those of the proxies in front of them, if there are any.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Addresses of this machine below this one belong to other processes of the run.
    pub(crate) first_address: usize,
    /// Receive buffer of slow readers, in bytes.
    pub(crate) slow_buffer: u32,
    /// Share of received messages that are marked as read.
    pub(crate) read: f64,
    /// How long a reader looks at them, on average.
    pub(crate) think: Duration,
}

impl Context {
    /// How long somebody looks at this message before marking it as read; `None`: it is not marked.
    pub(crate) fn reading(&self, message: u64) -> Option<Duration> {
        let (marked, long) = (unit(self.seed ^ message), unit(self.seed.rotate_left(17) ^ message));
        (marked < self.read).then(|| exponential(self.think, long))
    }
}

/// Sentences about what went wrong, the first of them.
#[derive(Debug, Default)]
pub(crate) struct Remarks(Mutex<Vec<String>>);

impl Remarks {
    pub(crate) fn add(&self, what: impl FnOnce() -> String) {
        let mut remarks = self.0.lock();
        if remarks.len() < REMARKS_MAX {
            remarks.push(what());
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

/// A number from 0 up to 1 that depends on `key` alone, evenly spread: the mixing of splitmix64.
pub(crate) fn unit(key: u64) -> f64 {
    let mut mixed = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let unit = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
    unit
}

/// A time whose mean is `mean`, exponentially spread; `unit`: from 0 up to 1.
pub(crate) fn exponential(mean: Duration, unit: f64) -> Duration {
    mean.mul_f64(-f64::ln(1.0 - unit))
}
