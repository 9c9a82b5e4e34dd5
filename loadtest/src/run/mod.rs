//! A run, from the first connection to the last proof.

pub(crate) mod found;
pub(crate) mod part;
mod prepare;
mod proof;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use crate::conductor::{Conductor, Controls};
use crate::ingredients::limit::{self, Quota};
use crate::ingredients::ramp::Search;
use crate::ingredients::storm::Cutter;
use crate::ingredients::{churn, storm};
use crate::ledger::Micros;
use crate::measure::observer;
use crate::scenario::{Cut, RampOf, Scenario};
use part::{Found, RunPart};
pub(crate) use prepare::{Prepared, RunError, Setup};

/// Messages per second before a ramp's first step.
const NO_RATE: f64 = 0.0;

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    Warming,
    Loading,
    Settling,
    Leaving,
    Proving,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Warming => "warming up",
            Self::Loading => "load",
            Self::Settling => "settling",
            Self::Leaving => "leaving",
            Self::Proving => "reading histories back",
        }
    }
}

/// How often the user asked for an end: once ends the load, and what there is is settled and proved; twice ends that as well.
pub(crate) type Interrupt = Receiver<u32>;
/// Ends the load.
const END: u32 = 1;
/// Ends everything.
pub(crate) const AT_ONCE: u32 = 2;

/// Tells where a run is, as it gets there.
pub(crate) type Staged<'a> = &'a (dyn Fn(Stage) + Send + Sync);

/// Where the processes of a run wait for each other: before anybody connects, and when everybody is there.
pub(crate) trait Barrier: Send {
    /// This process is that far; returns whether all others are too. Otherwise the run ends.
    fn meet(&mut self) -> impl Future<Output = bool> + Send;
}

/// Nobody else takes part.
pub(crate) struct OnlyUs;

impl Barrier for OnlyUs {
    async fn meet(&mut self) -> bool {
        true
    }
}

/// Runs what was prepared. An interrupt ends it early, with a part of what there is.
pub(crate) async fn run(
    prepared: &mut Prepared,
    mut interrupt: Interrupt,
    staged: Staged<'_>,
    barrier: &mut impl Barrier,
) -> RunPart {
    let (scenario, context, crowd) =
        (prepared.scenario.clone(), Arc::clone(&prepared.context), Arc::clone(&prepared.crowd));
    prepared.watch.mark_empty().await;
    staged(Stage::Connecting);
    let mut found = Found::default();
    let limit_orders = crowd.limit_orders();
    let coming = async {
        if !barrier.meet().await {
            return false;
        }
        let first = first_orders(&scenario, crowd.orders().len());
        crowd.grow_to(first).await;
        crowd.bring_testers(&limit_orders).await;
        let all = barrier.meet().await;
        sleep(scenario.connect.calm).await;
        all
    };
    let mut interrupted = unless(&mut interrupt, END, coming).await != Some(true);
    prepared.watch.mark_full(context.recorder.connected()).await;
    let began = context.recorder.now();
    if !interrupted {
        interrupted = load(prepared, &scenario, &limit_orders, &mut interrupt, staged, &mut found).await;
    }
    if context.recorder.load_window().is_none_or(|(_, to)| to == Micros::MAX) {
        let from = context.recorder.load_window().map_or(began, |(from, _)| from);
        context.recorder.load_is(from, context.recorder.now());
    }
    staged(Stage::Leaving);
    found.interrupted = interrupted;
    found.connected = context.recorder.connected();
    prepared.watch.stop();
    // What comes now is no part of the run any more.
    found.recorded = context.recorder.part();
    let witnesses = crowd.end().await;
    staged(Stage::Proving);
    found.integrity = proof::prove(prepared, &limit_orders, &witnesses, &mut interrupt).await;
    RunPart::new(prepared, crowd.orders().iter().chain(&limit_orders), found)
}

/// The orders that are there from the beginning: all, or those of a ramp's first step.
fn first_orders(scenario: &Scenario, all: usize) -> usize {
    match scenario.ramp.of {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "orders are few and whole")]
        RampOf::Connections => (scenario.ramp.from.round() as usize).min(all),
        RampOf::None | RampOf::Rate => all,
    }
}

/// Talk, and everything that happens meanwhile. Returns whether it was interrupted.
async fn load(
    prepared: &mut Prepared,
    scenario: &Scenario,
    limit_orders: &[Arc<crate::ledger::Order>],
    interrupt: &mut Interrupt,
    staged: Staged<'_>,
    found: &mut Found,
) -> bool {
    let (context, crowd) = (Arc::clone(&prepared.context), Arc::clone(&prepared.crowd));
    let rate = if scenario.ramp.of == RampOf::Rate { NO_RATE } else { scenario.load.rate };
    let controls = Arc::new(Controls::new(rate, crowd.talkers(crowd.orders_there())));
    let conductor =
        Conductor { context: Arc::clone(&context), controls: Arc::clone(&controls), load: scenario.load.clone() };
    let thread = match conductor.begin() {
        Ok(thread) => thread,
        Err(error) => {
            context.remarks.add(|| format!("no thread for the load: {error}"));
            return true;
        }
    };
    staged(Stage::Warming);
    let mut interrupted = unless(interrupt, END, sleep(scenario.load.warm)).await.is_none();
    context.recorder.load_is(context.recorder.now(), Micros::MAX);
    let redis_before = redis_cpu(prepared).await;
    staged(Stage::Loading);
    let phones = (scenario.churn.rate > 0.0)
        .then(|| tokio::spawn(churn::churn(scenario.churn.clone(), Arc::clone(&crowd), Arc::clone(&context))));
    if !interrupted {
        let everything = ingredients(prepared, scenario, limit_orders, &controls, found);
        interrupted = unless(interrupt, END, everything).await.is_none();
    }
    let (from, now) = (context.recorder.load_window().map_or(0, |(from, _)| from), context.recorder.now());
    context.recorder.load_is(from, now);
    controls.stop();
    found.redis_cpu = redis_cpu(prepared).await.zip(redis_before).map(|(after, before)| after.saturating_sub(before));
    if let Some(phones) = phones {
        phones.abort();
    }
    // The thread sleeps in short pieces.
    if tokio::task::spawn_blocking(move || thread.join()).await.is_err() {
        context.remarks.add(|| "the thread of the load broke off".to_owned());
    }
    staged(Stage::Settling);
    found.unsettled = unless(interrupt, AT_ONCE, crowd.settled(scenario.settle.within)).await.unwrap_or(0);
    interrupted
}

/// Everything that happens beside the talk; returns when the load's time is over and all of it is done.
async fn ingredients(
    prepared: &mut Prepared,
    scenario: &Scenario,
    limit_orders: &[Arc<crate::ledger::Order>],
    controls: &Arc<Controls>,
    found: &mut Found,
) {
    let (context, crowd) = (Arc::clone(&prepared.context), Arc::clone(&prepared.crowd));
    if scenario.ramp.of != RampOf::None {
        let search = Search::new(scenario.ramp.clone(), crowd, Arc::clone(controls), context);
        found.ramp = Some(search.run().await);
        return;
    }
    let quota = Quota::of(&prepared.hello);
    let limit = async {
        if scenario.limit.senders == 0 {
            return None;
        }
        if quota.messages == 0 {
            context.remarks.add(|| "the server has no rate limit: nothing of it was tested".to_owned());
            return None;
        }
        let testers = crowd.testers(limit_orders);
        Some(limit::test(scenario.limit.clone(), quota, testers, Arc::clone(&context)).await)
    };
    let storm = async {
        if scenario.storm.cut != Cut::None {
            let cutter = Cutter {
                own: prepared.own.as_mut(),
                proxies: &prepared.proxies,
                watch: &prepared.watch,
                nodes: prepared.target.nodes.len(),
            };
            storm::strike(&scenario.storm, cutter, &crowd, &context).await;
        }
    };
    let (limit, (), ()) = tokio::join!(limit, storm, sleep(scenario.load.duration));
    found.limit = limit;
}

/// What the Redis between the nodes used so far; `None`: there is none, or it does not say.
async fn redis_cpu(prepared: &Prepared) -> Option<Duration> {
    observer::redis_cpu(prepared.target.redis.as_deref()?).await.ok()
}

/// Does something unless the user asked for an end so often; `None`: that came first.
async fn unless<T>(interrupt: &mut Interrupt, often: u32, what: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = what => Some(done),
        Ok(_) = interrupt.wait_for(|asked| *asked >= often) => None,
    }
}
