//! `souk-loadtest run`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;

use super::args::{Run, TargetArgs};
use super::{Failure, code_of, say};
use crate::crowd::people::Share;
use crate::export::Exporter;
use crate::join::{self, Leader};
use crate::measure::observer::Observer;
use crate::report::{Report, baseline, summary};
use crate::run::found::{self, Began};
use crate::run::part::RunPart;
use crate::run::{Interrupt, OnlyUs, Prepared, Setup, run as run_prepared};
use crate::sabotage::SabotageKind;
use crate::scenario::{Cut, RampOf, Scenario};
use crate::target::{Carriers, GivenTarget, OrderMaking, OwnNodes, Servers, Target};
use crate::view::{Show, View};

/// The secret of tokens, in the environment.
const SECRET: &str = "SOUK_AUTH_SECRET";
/// Where reports go that nobody gave a place.
const REPORTS: &str = "souk-loadtest-reports";

pub(super) async fn run(args: Run) -> Result<ExitCode, Failure> {
    if let Some(address) = args.join {
        return join::follow(address).await.map(|_| ExitCode::SUCCESS).map_err(Failure::unavailable);
    }
    let mut sets = args.set.clone();
    sets.extend(args.knobs.iter().cloned());
    let scenario = Scenario::load(args.scenario.as_deref().unwrap_or_default(), &sets).map_err(Failure::usage)?;
    if args.lead.is_some() && args.processes == 1 {
        return Err(Failure::Usage(
            "--lead waits for other processes: say how many there are with --processes".to_owned(),
        ));
    }
    if args.processes > 1 && scenario.ramp.of != RampOf::None {
        return Err(Failure::Usage("a ramp is searched by one process: leave --processes out".to_owned()));
    }
    let old = args.baseline.as_deref().map(Report::read).transpose().map_err(Failure::usage)?;
    let mut view = View::new(Show::fitting(args.quiet));
    let interrupt = on_interrupt();
    let began = Began::now();
    let (target, own) = target(&args.target, &scenario, &view).await?;
    let session = Session { scenario: &scenario, target, own, extras: Extras::of(&args) };
    let report = session.run(&mut view, interrupt, &began).await?;
    view.end();
    let out = args.out.clone().unwrap_or_else(|| place(&scenario.name));
    finish(&report, old.as_ref(), &out)
}

/// A run and everything around it.
pub(super) struct Session<'a> {
    scenario: &'a Scenario,
    target: Target,
    own: Option<OwnNodes>,
    extras: Extras,
}

/// What a run may have beside its scenario.
#[derive(Clone, Copy, Debug)]
struct Extras {
    sabotage: Option<(SabotageKind, NonZeroU32)>,
    processes: usize,
    lead: Option<SocketAddr>,
    prometheus: Option<SocketAddr>,
    /// What is served may be seen from outside.
    outside: bool,
    observe: bool,
}

impl Extras {
    const NONE: Self =
        Self { sabotage: None, processes: 1, lead: None, prometheus: None, outside: false, observe: false };

    fn of(args: &Run) -> Self {
        Self {
            sabotage: args.sabotage.map(|kind| (kind, args.sabotage_every)),
            processes: usize::from(args.processes),
            lead: args.lead,
            prometheus: args.prometheus,
            outside: args.target.i_own_this_target,
            observe: !args.no_observer,
        }
    }
}

impl<'a> Session<'a> {
    /// A run by this process alone, with nothing around it.
    pub(super) fn alone(scenario: &'a Scenario, target: Target, own: Option<OwnNodes>) -> Self {
        Self { scenario, target, own, extras: Extras::NONE }
    }

    pub(super) async fn run(self, view: &mut View, interrupt: Interrupt, began: &Began) -> Result<Report, Failure> {
        let Self { scenario, target, own, extras } = self;
        let tag = format!("{:08x}", rand::random::<u32>());
        let mut leader = lead(&extras, scenario, &target, &tag, view).await?;
        let observer = match target.redis.as_deref().filter(|_| extras.observe) {
            Some(redis) => Some(Observer::start(redis, &tag).await.map_err(Failure::unavailable)?),
            None => None,
        };
        view.say(&format!(
            "making {} orders and looking at the target",
            scenario.people.orders + scenario.limit.senders
        ));
        let share = Share { process: 0, of: extras.processes };
        let setup = Setup { scenario: scenario.clone(), target, own, sabotage: extras.sabotage, share, tag };
        let mut prepared = Prepared::new(setup).await.map_err(Failure::unavailable)?;
        // Serves until the run is over.
        let _exporter = match extras.prometheus {
            Some(address) => {
                let context = Arc::clone(&prepared.context);
                let exporter = Exporter::start(address, extras.outside, move || context.recorder.glance());
                let exporter = exporter.await.map_err(Failure::unavailable)?;
                view.say(&format!("metrics of the harness at http://{}/metrics", exporter.address()));
                Some(exporter)
            }
            None => None,
        };
        view.begin(scenario, Arc::clone(&prepared.context), Arc::clone(&prepared.crowd));
        let staged = |stage| view.stage(stage);
        let mut part: RunPart = match &mut leader {
            Some(leader) => run_prepared(&mut prepared, interrupt, &staged, leader).await,
            None => run_prepared(&mut prepared, interrupt, &staged, &mut OnlyUs).await,
        };
        if let Some(leader) = &mut leader {
            if part.interrupted {
                leader.stop().await;
            }
            leader.collect(&mut part).await;
        }
        let redis = match observer {
            Some(observer) => Some(observer.finish().await),
            None => None,
        };
        let takes_a_node = matches!(scenario.storm.cut, Cut::Kill | Cut::Drain);
        for node in 0..prepared.own.as_ref().map_or(0, OwnNodes::len) {
            let ended = prepared.own.as_mut().and_then(|own| own.has_ended(node));
            part.remarks.extend(ended.filter(|_| node > 0 || !takes_a_node));
        }
        Ok(found::report(part, &prepared, scenario, began, redis))
    }
}

/// The others of the run, told what to do; `None`: there are none.
async fn lead(
    extras: &Extras,
    scenario: &Scenario,
    target: &Target,
    tag: &str,
    view: &View,
) -> Result<Option<Leader>, Failure> {
    let processes = extras.processes;
    if processes == 1 {
        return Ok(None);
    }
    let address = extras.lead.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
    let mut leader = Leader::listen(address, processes).await.map_err(Failure::unavailable)?;
    match extras.lead {
        None => leader.start_others().map_err(Failure::unavailable)?,
        Some(_) => view.say(&format!(
            "waiting for {} more processes: souk-loadtest run --join {}",
            processes - 1,
            leader.address()
        )),
    }
    let sabotage = extras.sabotage.map(|(kind, every)| (kind, every.get()));
    leader.gather(scenario, target, tag, sabotage).await.map_err(Failure::unavailable)?;
    Ok(Some(leader))
}

/// The servers: those that are there, or nodes of our own.
async fn target(args: &TargetArgs, scenario: &Scenario, view: &View) -> Result<(Target, Option<OwnNodes>), Failure> {
    if args.target.is_empty() {
        return own_nodes(args.souk.as_deref(), scenario, view).await.map(|own| (own.target(), Some(own)));
    }
    let secret = args.auth_secret.clone().or_else(|| std::env::var(SECRET).ok()).ok_or_else(|| {
        Failure::Usage(format!(
            "--target needs --auth-secret or {SECRET}: the nodes' auth.secret, which tokens are signed with"
        ))
    })?;
    let mut given = GivenTarget::souk(args.target.clone(), secret);
    given.operators = args.operators.clone();
    given.pids = args.pid.clone();
    given.owned = args.i_own_this_target;
    given.redis = args.redis.clone();
    if args.peer {
        given.carriers = Carriers::SOCKETIO;
        given.history = false;
        given.orders = OrderMaking::None;
    }
    let target = Target::given(given).await.map_err(Failure::unavailable)?;
    Ok((target, None))
}

pub(super) async fn own_nodes(souk: Option<&Path>, scenario: &Scenario, view: &View) -> Result<OwnNodes, Failure> {
    let tell = |sentence: &str| view.say(sentence);
    let servers = Servers::find(scenario.nodes.engines, &tell).await.map_err(Failure::unavailable)?;
    OwnNodes::start(&scenario.nodes, Arc::new(servers), souk, &tell).await.map_err(Failure::unavailable)
}

/// Writes the report and says what it says.
fn finish(report: &Report, old: Option<&Report>, out: &Path) -> Result<ExitCode, Failure> {
    let moved = old.map(|old| baseline::compare(report, old));
    let paths = match &moved {
        Some(moved) => report.write_against(out, moved),
        None => report.write(out),
    };
    let paths = paths.map_err(|error| Failure::Unavailable(format!("writing to {}: {error}", out.display())))?;
    say(&summary(report));
    if let Some(moved) = &moved {
        say(&baseline::text(moved));
    }
    say(&format!("\n{}\n{}\n", paths.json.display(), paths.html.display()));
    Ok(code_of(report.outcome.verdict))
}

/// A new place for a report.
pub(super) fn place(name: &str) -> PathBuf {
    let now = time::OffsetDateTime::now_utc();
    let stamp = format!(
        "{:04}{:02}{:02}-{:02}{:02}{:02}",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    );
    Path::new(REPORTS).join(format!("{name}-{stamp}"))
}

/// Counts how often the user asked for an end (Ctrl-C); what that means is said at [`Interrupt`].
pub(super) fn on_interrupt() -> Interrupt {
    let (asked, interrupt) = watch::channel(0);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            asked.send_modify(|asked| *asked += 1);
        }
        // Without signals there is no early end; the receiver must not see its sender vanish.
        std::future::pending::<()>().await;
    });
    interrupt
}
