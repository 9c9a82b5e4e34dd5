//! The command line: what is asked, what is answered, and the code to leave with.

mod args;
mod compare;
mod run;

use std::process::ExitCode;

use crate::report::Verdict;
use crate::scenario::{self, Scenario};
use args::{Cli, What};

pub use souk_settings::EXIT_USAGE as USAGE;

/// Exit code of a run that could not begin, or could not be reported (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// Exit code of a run that the user ended.
pub const INTERRUPTED: u8 = 130;

/// Why a command did not do what it should have.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked makes no sense.
    Usage(String),
    /// It made sense, and did not work.
    Unavailable(String),
}

impl Failure {
    fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match answer(cli) {
        Ok(code) => code,
        Err(Failure::Usage(why)) => {
            complain(&why);
            ExitCode::from(USAGE)
        }
        Err(Failure::Unavailable(why)) => {
            complain(&why);
            ExitCode::from(UNAVAILABLE)
        }
    }
}

fn answer(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.what {
        What::List { knobs } => {
            say(&if knobs { scenario::describe_knobs() } else { scenario::list() });
            Ok(ExitCode::SUCCESS)
        }
        What::Check { scenario, set } => {
            let scenario = Scenario::load(&scenario, &set).map_err(Failure::usage)?;
            say(&format!("{}: no mistakes. {}\n", scenario.name, scenario.about));
            Ok(ExitCode::SUCCESS)
        }
        What::Run(run) => on_runtime(run::run(*run)),
        What::Compare(compare) => on_runtime(compare::compare(compare)),
    }
}

fn on_runtime(what: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Unavailable(format!("starting: {error}")))?;
    runtime.block_on(what)
}

/// The code to leave with after a run.
pub(crate) fn code_of(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Passed => ExitCode::SUCCESS,
        Verdict::Threshold => ExitCode::from(1),
        Verdict::Integrity => ExitCode::from(2),
        Verdict::Interrupted => ExitCode::from(INTERRUPTED),
    }
}

/// The program's answer.
#[expect(clippy::print_stdout, reason = "this is what the user asked for")]
pub(crate) fn say(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "this is why there is no answer")]
fn complain(text: &str) {
    eprintln!("{}", text.trim_end());
}
