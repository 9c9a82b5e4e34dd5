//! A run, from the first connection to the last proof.

pub(crate) mod context;
pub(crate) mod crowd;
pub(crate) mod found;
pub(crate) mod part;
pub(crate) mod people;
mod prepare;
mod proof;
pub(crate) mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use crate::ingredients::limit::{self, Quota};
use crate::ingredients::ramp::Search;
use crate::ingredients::storm::Cutter;
use crate::ingredients::{churn, storm};
use crate::ledger::Micros;
use crate::load::conductor::{Conductor, Controls};
use crate::measure::observer;
use crate::scenario::{Cut, RampOf, Scenario};
use crowd::Crowd;
use part::{Found, RunPart};
pub(crate) use prepare::{Prepared, RunError, Setup};

/// How long what is under way is waited for after an interrupt. If it is not there then, nothing can be proved of it.
const HURRY: Duration = Duration::from_secs(3);
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

/// What ends a run early: `true` once the user wants that.
pub(crate) type Interrupt = Receiver<bool>;

/// Tells where a run is, as it gets there.
pub(crate) type Staged<'a> = &'a (dyn Fn(Stage) + Send + Sync);

/// What waits for the others of a run with several processes, at the two moments that matter.
pub(crate) trait Together: Send {
    /// Everybody of mine is there; returns when those of the others are too.
    fn connected(&mut self) -> impl Future<Output = ()> + Send;
}

/// Nobody else takes part.
pub(crate) struct OnlyUs;

impl Together for OnlyUs {
    async fn connected(&mut self) {}
}

/// Runs what was prepared. An interrupt ends it early, with a part of what there is.
pub(crate) async fn run(
    prepared: &mut Prepared,
    mut interrupt: Interrupt,
    staged: Staged<'_>,
    together: &mut impl Together,
) -> RunPart {
    let (scenario, context, crowd) =
        (prepared.scenario.clone(), Arc::clone(&prepared.context), Arc::clone(&prepared.crowd));
    prepared.watch.mark_empty().await;
    staged(Stage::Connecting);
    let mut found = Found::default();
    let limit_orders = crowd.limit_orders();
    let coming = async {
        let first = first_orders(&scenario, crowd.orders().len());
        crowd.grow_to(first).await;
        crowd.bring_testers(&limit_orders).await;
        together.connected().await;
        sleep(scenario.connect.calm).await;
    };
    let mut interrupted = or_interrupted(&mut interrupt, coming).await.is_none();
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
    // Whoever ended the load wants to know what there is; only who comes to wish an end now ends the reading.
    let (_never, mut nobody) = tokio::sync::watch::channel(false);
    let ends_reading = if interrupted && !found.not_settled { &mut nobody } else { &mut interrupt };
    found.integrity = proof::prove(prepared, &limit_orders, &witnesses, ends_reading).await;
    found.interrupted |= *interrupt.borrow();
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
    let talkers = crowd.talkers();
    let controls = Arc::new(Controls::new(rate, talkers.len()));
    let conductor = Conductor {
        context: Arc::clone(&context),
        talkers,
        controls: Arc::clone(&controls),
        load: scenario.load.clone(),
    };
    let thread = match conductor.begin() {
        Ok(thread) => thread,
        Err(error) => {
            context.remarks.add(|| format!("no thread for the load: {error}"));
            return true;
        }
    };
    staged(Stage::Warming);
    let mut interrupted = or_interrupted(interrupt, sleep(scenario.load.warm)).await.is_none();
    context.recorder.load_is(context.recorder.now(), Micros::MAX);
    let redis_before = redis_cpu(prepared).await;
    staged(Stage::Loading);
    let phones = (scenario.churn.rate > 0.0)
        .then(|| tokio::spawn(churn::churn(scenario.churn.clone(), Arc::clone(&crowd), Arc::clone(&context))));
    if !interrupted {
        let everything = ingredients(prepared, scenario, limit_orders, &controls, found);
        interrupted = or_interrupted(interrupt, everything).await.is_none();
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
    found.not_settled = !settled(&crowd, scenario, interrupt).await;
    interrupted || *interrupt.borrow()
}

/// Waits for what is under way. An interrupt shortens it, and does not end it at once: what nobody waited for would look lost.
async fn settled(crowd: &Crowd, scenario: &Scenario, interrupt: &mut Interrupt) -> bool {
    match or_interrupted(interrupt, crowd.settled(scenario.settle.within)).await {
        Some(settled) => settled,
        None => crowd.settled(scenario.settle.within.min(HURRY)).await,
    }
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
            let cutter = Cutter { own: prepared.own.as_mut(), proxies: &prepared.proxies, watch: &prepared.watch };
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

/// Does something unless the user wants an end; `None`: that came first.
async fn or_interrupted<T>(interrupt: &mut Interrupt, what: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = what => Some(done),
        Ok(_) = interrupt.wait_for(|wanted| *wanted) => None,
    }
}
