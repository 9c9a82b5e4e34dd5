//! `souk-loadtest compare`: the same against several servers in turn, and one table.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::args::Compare;
use super::run::{Session, on_interrupt, place};
use super::{Failure, code_of, say};
use crate::report::{self, Report, Verdict, compare_table};
use crate::run::Interrupt;
use crate::run::found::Began;
use crate::scenario::{Cut, Engines, Scenario};
use crate::target::{Carriers, CompareFile, Contestant, OwnNodes, Peers, Servers, Target};
use crate::view::{Show, View};

/// Where the table goes.
const TABLE: &str = "compare.md";

pub(super) async fn compare(args: Compare) -> Result<ExitCode, Failure> {
    let file = CompareFile::read(&args.file).map_err(Failure::usage)?;
    let given = args.set.clone();
    let named = args.scenario.as_deref().unwrap_or(&file.scenario);
    // What the file sets is meant for its own scenario; what the command line says wins.
    let mut sets = if named == file.scenario { file.set.clone() } else { Vec::new() };
    sets.retain(|(knob, _)| given.iter().all(|(other, _)| other != knob));
    sets.extend(given);
    let scenario = Scenario::load(named, &sets).map_err(Failure::usage)?;
    if matches!(scenario.storm.cut, Cut::Kill | Cut::Drain) {
        return Err(Failure::Usage(
            "servers of others are not killed or drained: compare with --set storm.cut=close or network".to_owned(),
        ));
    }
    let wanted = |one: &&Contestant| args.only.as_deref().is_none_or(|text| one.name().contains(text));
    let contestants: Vec<&Contestant> = file.contestants.iter().filter(wanted).collect();
    if contestants.is_empty() {
        let names: Vec<_> = file.contestants.iter().map(Contestant::name).collect();
        return Err(Failure::Usage(format!("--only fits nobody; there are: {}", names.join(", "))));
    }
    let out = args.out.clone().unwrap_or_else(|| place(&format!("compare-{}", scenario.name)));
    let interrupt = on_interrupt();
    let stage = Stage { scenario, args: &args, out, interrupt };
    let rows = stage.all_rounds(&contestants, args.rounds.unwrap_or(file.rounds)).await?;
    stage.tell(&rows)
}

/// What is the same for all.
struct Stage<'a> {
    scenario: Scenario,
    args: &'a Compare,
    out: PathBuf,
    interrupt: Interrupt,
}

impl Stage<'_> {
    /// Round by round, so that what else the machine does meets all of them alike.
    async fn all_rounds(&self, contestants: &[&Contestant], rounds: usize) -> Result<Vec<report::Contestant>, Failure> {
        let view = View::new(Show::fitting(self.args.quiet));
        let tell = |sentence: &str| view.say(sentence);
        for contestant in contestants {
            if let Contestant::Peer(spec) = contestant {
                spec.prepare(&tell).await.map_err(Failure::unavailable)?;
            }
        }
        let mut rows: Vec<_> = contestants
            .iter()
            .map(|contestant| report::Contestant { name: contestant.name().to_owned(), reports: Vec::new() })
            .collect();
        for round in 1..=rounds.max(1) {
            for (contestant, row) in contestants.iter().zip(&mut rows) {
                view.say(&format!("round {round} of {rounds}: {}", contestant.name()));
                let report = self.one(contestant, &view).await?;
                let folder = self.out.join(format!("{round}-{}", slug(contestant.name())));
                report.write(&folder).map_err(|error| cannot_write(&folder, &error))?;
                let interrupted = report.outcome.verdict == Verdict::Interrupted;
                row.reports.push(report);
                if interrupted {
                    return Ok(rows);
                }
            }
        }
        Ok(rows)
    }

    async fn one(&self, contestant: &Contestant, view: &View) -> Result<Report, Failure> {
        let tell = |sentence: &str| view.say(sentence);
        let mut scenario = self.scenario.clone();
        match contestant {
            Contestant::Souk { engines, nodes, carriers, .. } => {
                scenario.nodes.engines = *engines;
                scenario.nodes.count = nodes.unwrap_or(if *engines == Engines::Alone { 1 } else { 2 });
                let servers = Servers::find(*engines, &tell).await.map_err(Failure::unavailable)?;
                let souk = self.args.souk.as_deref();
                let own = OwnNodes::start(&scenario.nodes, Arc::new(servers), souk, &tell);
                let own = own.await.map_err(Failure::unavailable)?;
                let target = Target { carriers: *carriers, ..own.target() };
                self.run(&scenario, target, Some(own)).await
            }
            Contestant::Peer(spec) => {
                let servers = match spec.needs_redis() {
                    true => Some(Servers::only_redis(&tell).await.map_err(Failure::unavailable)?),
                    false => None,
                };
                let redis = servers.as_ref().and_then(Servers::redis);
                let peers = Peers::start(spec, redis).await.map_err(Failure::unavailable)?;
                self.run(&scenario, peers.target(), None).await
            }
        }
    }

    async fn run(&self, scenario: &Scenario, target: Target, own: Option<OwnNodes>) -> Result<Report, Failure> {
        let mut scenario = scenario.clone();
        // The knob says what share speaks Socket.IO; a server that speaks one carrier only leaves no choice.
        match target.carriers {
            Carriers { plain: true, socketio: false } => scenario.people.socketio = 0.0,
            Carriers { plain: false, socketio: true } => scenario.people.socketio = 1.0,
            Carriers { .. } => {}
        }
        let session = Session::alone(&scenario, target, own);
        let mut view = View::new(Show::fitting(self.args.quiet));
        let report = session.run(&mut view, self.interrupt.clone(), &Began::now()).await;
        view.end();
        report
    }

    /// Prints the table, and keeps it beside the reports.
    fn tell(&self, rows: &[report::Contestant]) -> Result<ExitCode, Failure> {
        let mut text = format!("# {}\n\n{}\n\n", self.scenario.name, self.scenario.about);
        text.push_str(&compare_table(rows));
        text.push_str("\n\nKnobs:");
        for (knob, value) in self.scenario.knobs() {
            // Writing to a text cannot fail.
            let _ = write!(text, " {knob}={value}");
        }
        text.push('\n');
        let path = self.out.join(TABLE);
        std::fs::write(&path, &text).map_err(|error| cannot_write(&path, &error))?;
        say(&text);
        say(&format!("\n{}\n", path.display()));
        // What others' servers lose is in the table; what souk breaks is a failure.
        let with_history = rows.iter().flat_map(|row| &row.reports).filter(|report| report.integrity.histories);
        let worst = with_history.map(|report| report.outcome.verdict).max_by_key(|verdict| match verdict {
            Verdict::Passed => 0,
            Verdict::Threshold => 1,
            Verdict::Interrupted => 2,
            Verdict::Integrity => 3,
        });
        Ok(code_of(worst.unwrap_or(Verdict::Passed)))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Unavailable(format!("writing to {}: {error}", path.display()))
}

/// A name as part of a path.
fn slug(name: &str) -> String {
    let letters =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    let slug: String = letters.collect();
    slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_folders() {
        assert_eq!(super::slug("Socket.IO 4.8 on Node 20"), "socket-io-4-8-on-node-20");
        assert_eq!(super::slug("souk, alone (SQLite)"), "souk-alone-sqlite");
    }
}
