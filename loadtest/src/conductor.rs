//! When messages leave. The moments are planned before anything is known about answers (an open model), and each message carries
//! its planned moment, so that a late server, or a late harness, makes latencies worse and never hides them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::context::{Context, exponential};
use crate::crowd::Talker;
use crate::device::Command;
use crate::scenario::{Arrivals, Load};

/// Longest sleep: how soon a changed rate or the end is noticed.
const SLEEP_MAX: Duration = Duration::from_millis(20);
/// Nobody types longer than this many times the mean.
const THINKS_MAX: u32 = 4;

/// What can be changed while it goes on.
pub(crate) struct Controls {
    /// Messages per second, as bits.
    rate: AtomicU64,
    /// Who talks, by order.
    talkers: RwLock<Vec<Talker>>,
    stop: AtomicBool,
}

impl Controls {
    pub(crate) fn new(rate: f64, talkers: Vec<Talker>) -> Self {
        Self { rate: AtomicU64::new(rate.to_bits()), talkers: RwLock::new(talkers), stop: AtomicBool::new(false) }
    }

    /// From now on so many messages per second.
    pub(crate) fn set_rate(&self, rate: f64) {
        self.rate.store(rate.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn rate(&self) -> f64 {
        f64::from_bits(self.rate.load(Ordering::Relaxed))
    }

    /// From now on these talk.
    pub(crate) fn set_talkers(&self, talkers: Vec<Talker>) {
        *self.talkers.write() = talkers;
    }

    /// Nothing more is planned.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What is to happen at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Type,
    Say,
}

/// Plans and gives out messages on a thread of its own (an async timer would be a millisecond late), until told to stop.
pub(crate) struct Conductor {
    pub(crate) context: Arc<Context>,
    pub(crate) controls: Arc<Controls>,
    pub(crate) load: Load,
}

impl Conductor {
    /// Begins now. The thread ends soon after [`Controls::stop`].
    pub(crate) fn begin(self) -> std::io::Result<std::thread::JoinHandle<()>> {
        std::thread::Builder::new().name("conductor".into()).spawn(move || self.conduct())
    }

    fn conduct(self) {
        let mut random = StdRng::seed_from_u64(self.context.seed);
        let mut planned: BinaryHeap<Reverse<(Instant, Act, usize)>> = BinaryHeap::new();
        let mut next = Instant::now();
        while !self.controls.stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            while next <= now {
                self.plan(next, &mut random, &mut planned);
                next += self.gap(&mut random);
            }
            while let Some(Reverse((due, act, talker))) =
                planned.peek().copied().filter(|Reverse((due, ..))| *due <= now)
            {
                planned.pop();
                self.act(due, act, talker);
            }
            let soon = planned.peek().map_or(next, |Reverse((due, ..))| (*due).min(next));
            let wait = soon.saturating_duration_since(Instant::now()).min(SLEEP_MAX);
            if !wait.is_zero() {
                std::thread::sleep(wait);
            }
        }
    }

    fn gap(&self, random: &mut StdRng) -> Duration {
        let rate = self.controls.rate() / burst(&self.load);
        if rate <= 0.0 {
            return SLEEP_MAX;
        }
        let mean = Duration::from_secs_f64(1.0 / rate);
        match self.load.arrivals {
            Arrivals::Uniform => mean,
            Arrivals::Poisson => exponential(mean, random.random()),
        }
    }

    /// Somebody has something to say now: at once, or after typing. Independent arrivals stay independent when each is put off by
    /// a time of its own.
    fn plan(&self, now: Instant, random: &mut StdRng, planned: &mut BinaryHeap<Reverse<(Instant, Act, usize)>>) {
        let there = self.controls.talkers.read().len();
        if there == 0 || self.controls.rate() <= 0.0 {
            return;
        }
        let talker = random.random_range(0..there);
        let mut due = now;
        if random.random::<f64>() < self.load.typing {
            planned.push(Reverse((now, Act::Type, talker)));
            due += exponential(self.load.think, random.random()).min(self.load.think * THINKS_MAX);
        }
        planned.push(Reverse((due, Act::Say, talker)));
    }

    fn act(&self, due: Instant, act: Act, talker: usize) {
        // Who went away by their own wish says nothing: the next one who is there does, so that the rate stays.
        let talkers = self.controls.talkers.read();
        let there = talkers.len();
        let mut from_here = (0..there).map(|step| &talkers[(talker + step) % there]);
        let Some(talker) = from_here.find(|talker| !talker.status.is_away()) else { return };
        match act {
            // A device that is too busy to type does not.
            Act::Type => drop(talker.commands.try_send(Command::Typing)),
            Act::Say => (0..self.load.burst.max(1)).for_each(|_| self.say(due, talker)),
        }
    }

    fn say(&self, due: Instant, talker: &Talker) {
        let recorder = &self.context.recorder;
        recorder.intended();
        // What a device does not take, or the order has no number for, stays unanswered: the report counts it.
        if let Some(message) = talker.order.plan(talker.device, talker.person, recorder.micros(due))
            && talker.commands.try_send(Command::Send(message)).is_err()
        {
            self.context.remarks.add(|| {
                format!(
                    "device {} did not take a message: {} waited for it",
                    talker.device,
                    crate::device::COMMANDS_MAX
                )
            });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bursts are small")]
fn burst(load: &Load) -> f64 {
    load.burst.max(1) as f64
}
