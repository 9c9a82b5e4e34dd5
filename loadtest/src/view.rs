//! What a run looks like while it runs: a few lines that change in place on a terminal, one line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::context::Context;
use crate::crowd::Crowd;
use crate::run::Stage;
use crate::scenario::{RampOf, Scenario};

/// How often lines change on a terminal.
const REFRESH: Duration = Duration::from_millis(500);
/// How often a line is written elsewhere.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// In place.
    Live,
    /// Line by line.
    Lines,
    /// Not at all.
    Nothing,
}

impl Show {
    /// What suits standard error.
    pub(crate) fn fitting(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Nothing,
            (false, true) => Self::Live,
            (false, false) => Self::Lines,
        }
    }
}

/// Shows a run.
pub(crate) struct View {
    show: Show,
    bars: MultiProgress,
    state: Arc<Mutex<State>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    since: Instant,
}

impl View {
    pub(crate) fn new(show: Show) -> Self {
        let target = if show == Show::Live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let state = State { stage: Stage::Connecting, since: Instant::now() };
        let bars = MultiProgress::with_draw_target(target);
        Self { show, bars, state: Arc::new(Mutex::new(state)), task: None }
    }

    /// Says a sentence, above what changes.
    pub(crate) fn say(&self, sentence: &str) {
        match self.show {
            // A terminal that went away needs no words.
            Show::Live => drop(self.bars.println(sentence)),
            Show::Lines => line(sentence),
            Show::Nothing => {}
        }
    }

    /// The run is somewhere else now.
    pub(crate) fn stage(&self, stage: Stage) {
        *self.state.lock() = State { stage, since: Instant::now() };
        if self.show == Show::Lines {
            line(&format!("· {}", stage.name()));
        }
    }

    /// From now on shows this run.
    pub(crate) fn begin(&mut self, scenario: &Scenario, context: Arc<Context>, crowd: Arc<Crowd>) {
        if self.show == Show::Nothing {
            return;
        }
        let lines: Vec<ProgressBar> = (0..4).map(|_| self.bars.add(bar())).collect();
        let watched = Watched { scenario: scenario.clone(), context, crowd, state: Arc::clone(&self.state) };
        let show = self.show;
        self.task = Some(tokio::spawn(async move {
            let mut every = tokio::time::interval(if show == Show::Live { REFRESH } else { LINE_EVERY });
            every.tick().await;
            loop {
                every.tick().await;
                let now = watched.lines();
                match show {
                    Show::Live => lines.iter().zip(now).for_each(|(bar, text)| bar.set_message(text)),
                    _ => line(&format!("  {}", now[..3].join(" · "))),
                }
            }
        }));
    }

    /// Shows nothing more.
    pub(crate) fn end(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        // A terminal that went away needs no cleaning.
        let _ = self.bars.clear();
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{msg}").expect("a message is a template"));
    bar
}

/// Where progress goes: not into what a program answers.
#[expect(clippy::print_stderr, reason = "the answer of the program goes to standard output; this is how it is going")]
fn line(text: &str) {
    eprintln!("{text}");
}

struct Watched {
    scenario: Scenario,
    context: Arc<Context>,
    crowd: Arc<Crowd>,
    state: Arc<Mutex<State>>,
}

impl Watched {
    fn lines(&self) -> [String; 4] {
        let glance = self.context.recorder.glance();
        let (totals, second) = (&glance.totals, &glance.second);
        let refused: u64 = totals.refused.values().sum();
        let failures: u64 = totals.connect_failures.values().sum();
        let cuts: u64 = totals.cuts.values().sum();
        let latency = |quantiles: Option<crate::report::Quantiles>| match quantiles {
            Some(found) => format!("p50 {:.1} p99 {:.1} ms", found.p50, found.p99),
            None => "–".to_owned(),
        };
        let violations = match self.context.offences.count() {
            0 => "no violation seen".to_owned(),
            count => format!("{count} VIOLATIONS"),
        };
        let storm = self.context.storm.progress();
        let storm = storm.map(|(back, all)| format!(" · storm: {back} of {all} back")).unwrap_or_default();
        [
            format!("{} · {}", self.scenario.name, self.progress()),
            format!(
                "{} of {} devices live · {failures} connects failed · {cuts} cut{storm}",
                glance.connected,
                self.crowd.wanted()
            ),
            format!(
                "{}/s sent · {}/s acknowledged ({}) · {}/s received ({})",
                second.intended,
                second.acknowledged,
                latency(second.ack),
                second.received,
                latency(second.receive),
            ),
            format!(
                "{} acknowledged · {} received · {refused} refused · {violations}",
                totals.acknowledged, totals.received
            ),
        ]
    }

    fn progress(&self) -> String {
        let state = self.state.lock();
        let gone = state.since.elapsed().as_secs();
        let of = match state.stage {
            Stage::Warming => Some(self.scenario.load.warm),
            Stage::Loading if self.scenario.ramp.of == RampOf::None => Some(self.scenario.load.duration),
            Stage::Settling => Some(self.scenario.settle.within),
            _ => None,
        };
        match of {
            Some(of) => format!("{} {gone} of {} s", state.stage.name(), of.as_secs_f64().ceil()),
            None => format!("{} {gone} s", state.stage.name()),
        }
    }
}
