//! `souk-figures` measures souk: real nodes over loopback, clients in this process, figures from `/proc` and `/metrics`.
//! The folder's README says what each figure is.

mod args;
mod failure;
mod figures;
mod load;
mod node;
mod people;
mod process;
mod report;
mod socket;

use std::process::ExitCode;

use args::Figure;
use failure::Failure;
use figures::{flood, floor, idle, relay};
use souk_loadtest::scenario::Engines;
use souk_loadtest::target::find_souk;

/// As in the program that is measured, so that the floor stands on the same ground.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    // The floor is a server, on all cores as a node is; everything else is clients, who leave the cores to the nodes.
    let mut runtime = match args.figure {
        Figure::FloorServer { .. } => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let measured = match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(until_told(measure(args))),
        Err(error) => Err(Failure::Io { doing: "starting".into(), source: error }),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::FAILURE
        }
    }
}

/// The measurement, or its end by Ctrl-C: either way what it started is ended.
async fn until_told(measurement: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        measured = measurement => measured,
        _ = tokio::signal::ctrl_c() => Err(Failure::Ended("stopped by hand".into())),
    }
}

async fn measure(args: args::Args) -> Result<(), Failure> {
    if let Figure::FloorServer { listen } = args.figure {
        return floor::serve(listen).await;
    }
    let souk = find_souk(args.souk.as_deref(), &|text| report::say(text)).await?;
    match args.figure {
        Figure::Idle(options) => idle::run(options, &souk).await,
        Figure::Relay(options) => {
            let engines = if options.cluster { Engines::Cluster } else { Engines::Alone };
            relay::run("relay", engines, options.load, &souk).await
        }
        Figure::Latency(options) => {
            if !options.cluster {
                relay::run("latency", Engines::Alone, options.load, &souk).await?;
            }
            if options.alone { Ok(()) } else { relay::run("latency", Engines::Cluster, options.load, &souk).await }
        }
        Figure::Flood(options) => flood::run(options, &souk).await,
        Figure::Floor(options) => floor::run(options, &souk).await,
        Figure::FloorServer { listen } => floor::serve(listen).await,
    }
}

#[allow(clippy::print_stderr)]
fn complain(failure: &Failure) {
    eprintln!("souk-figures: {failure}");
}
