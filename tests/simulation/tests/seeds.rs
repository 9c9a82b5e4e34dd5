//! The run that must find nothing, and the broken builds that it must find.

use std::time::Instant;

use souk_simulation::{Sabotage, run, run_many};

/// Seeds of a run.
const SEEDS: u64 = 2_000;
/// Seeds within which a broken build must be found.
const SABOTAGED_SEEDS: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn no_seed_breaks_an_invariant() {
    if let Some(seed) = number("SOUK_SEED") {
        let outcome = run(seed, Sabotage::None, true);
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        return;
    }
    let (first, count) = (number("SOUK_FIRST_SEED").unwrap_or(1), number("SOUK_SEEDS").unwrap_or(SEEDS));
    let start = Instant::now();
    let report = run_many(first, count, threads(), Sabotage::None, None);
    let seconds = start.elapsed().as_secs_f64();
    println!("{} seeds, {} messages in {seconds:.1} s: {}", report.seeds, report.messages, report.coverage);
    for (seed, failures) in report.failed.iter().take(10) {
        println!("SOUK_SEED={seed} cargo test -p souk-simulation no_seed -- --nocapture\n  {}", failures.join("\n  "));
    }
    let failed: Vec<u64> = report.failed.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "{} seeds broke an invariant: {failed:?}; replay one as printed above", failed.len());
    if count >= SEEDS {
        assert!(report.coverage.missing().is_empty(), "never met: {:?}", report.coverage.missing());
    }
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 1..=60 {
        let (one, other) = (run(seed, Sabotage::None, false), run(seed, Sabotage::None, false));
        assert_eq!(one, other, "seed {seed} went another way the second time");
    }
}

#[test]
fn a_gate_that_skips_its_hole_is_found() {
    is_found(Sabotage::SkippingGate, "hole");
}

#[test]
fn nodes_that_do_not_look_for_all_they_write_are_found() {
    is_found(Sabotage::BlindLook, "spin");
}

#[test]
fn a_hub_that_forgets_what_it_pushed_is_found() {
    is_found(Sabotage::ForgetfulHub, "twice");
}

#[test]
fn entries_by_their_writers_clocks_are_found() {
    is_found(Sabotage::OwnClock, "time");
}

/// Fails unless the broken build is found, by the check of this name.
fn is_found(sabotage: Sabotage, check: &str) {
    let report = run_many(1, SABOTAGED_SEEDS, threads(), sabotage, Some(check));
    let found = report.failed.iter().any(|(_, failures)| failures.iter().any(|failure| failure.starts_with(check)));
    assert!(found, "{sabotage:?}: {} seeds and {check} was not broken: {:?}", report.seeds, report.failed);
}

#[test]
fn a_store_that_retries_an_unknown_write_is_found() {
    is_found(Sabotage::RetryingStore, "one id");
}

#[test]
fn nodes_that_do_not_look_for_losses_are_found() {
    is_found(Sabotage::BlindNodes, "views");
    is_found(Sabotage::BlindNodes, "marks");
}

#[test]
fn a_store_that_takes_any_epoch_for_its_own_is_found() {
    is_found(Sabotage::AnyEpoch, "views");
}

#[test]
fn nodes_that_forget_who_is_gone_are_found() {
    is_found(Sabotage::ForgottenAbsences, "owed");
    is_found(Sabotage::ForgottenOrphans, "owed");
}

#[test]
fn a_panic_that_nobody_guards_against_is_found() {
    is_found(Sabotage::NoGuards, "heals");
}
