//! What a seed makes of a run: how many of everything, which faults, how often.

use crate::rng::Rng;

/// What is broken on purpose, to show that the checker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// Gates skip their holes.
    SkippingGate,
    /// The store appends again, at the new head and without looking at the ids, when it got no answer.
    RetryingStore,
    /// Nodes look for the names of senders only, not for those that souk gave.
    BlindLook,
    /// Nodes forget at once which entries came by people's rooms.
    ForgetfulHub,
    /// The store takes from an entry's time what would make it follow the one before.
    OwnClock,
    /// Nodes do not look whether the store lost what they delivered, nor how far people got by it.
    BlindNodes,
    /// Every epoch is good, whatever was lost since.
    AnyEpoch,
    /// Nobody looks after people who are gone.
    ForgottenAbsences,
    /// Nobody looks after the people of nodes that died.
    ForgottenOrphans,
    /// What panics takes everything along that waits for it.
    NoGuards,
}

/// How often things go wrong while faults last, per thousand. Each kind is off in some seeds, so that they are also seen alone.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// A write's answer is lost after it was applied.
    pub answer_lost: u64,
    /// A write lands only after its caller was told that nothing is known.
    pub lands_late: u64,
    /// A request never reaches the store.
    pub request_lost: u64,
    /// A request is answered slowly.
    pub slow: u64,
    /// An envelope does not reach one of its receivers, and nothing tells.
    pub envelope_lost: u64,
    /// An envelope arrives twice.
    pub envelope_doubled: u64,
    /// A publish is told to have failed; half of those arrived all the same.
    pub publish_fails: u64,
    /// A subscription is confirmed late, and who waits is told that it is not.
    pub confirm_fails: u64,
    /// Presence does not answer.
    pub presence_fails: u64,
    /// The limiter refuses.
    pub limited: u64,
    /// Longest delay between a node and the router, in milliseconds.
    pub router_delay: u64,
    /// Interruptions between a node and the router.
    pub cuts: u64,
    /// Nodes that crash.
    pub crashes: u64,
    /// Stretches in which the store answers nobody.
    pub outages: u64,
    /// Clocks that jump.
    pub clock_jumps: u64,
    /// People who go for good, on all their devices at once, unnoticed for a while.
    pub deserters: u64,
    /// A task of a node panics where it asks something, or gets the answer.
    pub panics: u64,
}

/// What a seed decides before anything runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Nodes.
    pub nodes: usize,
    /// Orders.
    pub orders: usize,
    /// Devices of each person.
    pub devices: usize,
    /// Entries of a volume.
    pub volume: u64,
    /// Messages that stand in the first order before the run.
    pub history: u64,
    /// How long things go wrong and people write, in milliseconds.
    pub busy_ms: u64,
    /// Longest pause between two deeds of a client, in milliseconds.
    pub pause_ms: u64,
    /// Messages that all clients together may begin.
    pub messages: u64,
    /// Entries that the store loses when all is quiet again.
    pub loss: usize,
    /// Messages that are sent right after that.
    pub after_loss: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
}

impl Plan {
    /// The plan of a seed.
    pub fn of(rng: &mut Rng, sabotage: Sabotage) -> Self {
        let mut often = |most: u64| if rng.chance(600) { rng.between(1, most) } else { 0 };
        let faults = Faults {
            answer_lost: often(200),
            lands_late: often(200),
            request_lost: often(100),
            slow: often(200),
            envelope_lost: often(300),
            envelope_doubled: often(300),
            publish_fails: often(200),
            confirm_fails: often(300),
            presence_fails: often(200),
            limited: often(80),
            router_delay: 1 + often(120),
            cuts: often(3),
            crashes: often(3),
            outages: often(2),
            clock_jumps: often(3),
            panics: often(20),
            deserters: if rng.chance(400) { rng.between(1, 2) } else { 0 },
        };
        Self {
            nodes: 2 + rng.index(2),
            orders: 1 + rng.index(3),
            devices: 1 + rng.index(2),
            volume: if rng.chance(500) { rng.between(3, 20) } else { 50_000 },
            history: if rng.chance(30) { rng.between(150, 450) } else { 0 },
            busy_ms: rng.between(4_000, 14_000),
            pause_ms: rng.between(100, 1_500),
            messages: rng.between(15, 60),
            loss: if rng.chance(150) { 1 + rng.index(12) } else { 0 },
            after_loss: rng.below(16),
            faults,
            sabotage,
        }
    }
}
