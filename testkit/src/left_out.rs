//! Tests that were left out, told at once and again at the end of the run.
//!
//! Test programs run one after the other and know nothing of each other; what they left out is kept in a file, which the test
//! program that runs last (`zz_left_out`) tells and empties.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::place;

const FILE: &str = "left-out.txt";
/// How servers are had.
pub const SERVERS: &str = "start them with `deploy/stack up`, then `eval \"$(deploy/stack env)\"`";

/// Whether nothing may be left out: `SOUK_REQUIRE=all`.
pub fn all_is_required() -> bool {
    std::env::var_os("SOUK_REQUIRE").is_some_and(|wanted| wanted == "all")
}

/// Leaves a test out, loudly; panics where nothing may be left out.
pub fn leave_out(test: &str, lacks: &str, how: &str) {
    assert!(!all_is_required(), "{test} needs {lacks}, and SOUK_REQUIRE=all: {how}");
    let line = format!("LEFT OUT: {test}: needs {lacks}: {how}\n");
    say(&line);
    place::alone("left-out", || {
        let file = fs::OpenOptions::new().create(true).append(true).open(place::work_dir().join(FILE));
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the target folder can be written");
    });
}

/// A variable of the environment with this name that says something, where a server is that `test` needs. `None`: it was left out.
pub fn server(test: &str, name: &str) -> Option<String> {
    let named = std::env::var(name).ok().filter(|value| !value.is_empty());
    if named.is_none() {
        leave_out(test, name, SERVERS);
    }
    named
}

/// The program `souk` that `SOUK_BIN` names. `None`: `test` was left out.
pub fn souk(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("SOUK_BIN").filter(|path| !path.is_empty());
    if named.is_none() {
        leave_out(test, "SOUK_BIN", "name the program souk: cargo build --release -p souk-node");
    }
    named.map(PathBuf::from)
}

/// Whether a program can be run. `None`: `test` was left out.
pub fn program(test: &str, name: &str, how: &str) -> Option<()> {
    if Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(());
    }
    leave_out(test, name, how);
    None
}

/// Everything that was left out since the last call, one line each.
pub fn take() -> String {
    place::alone("left-out", || {
        let file = place::work_dir().join(FILE);
        let text = fs::read_to_string(&file).unwrap_or_default();
        if !text.is_empty() {
            fs::remove_file(file).expect("the target folder can be written");
        }
        text
    })
}

/// Past the capture of the test harness, which shows nothing of tests that pass.
pub fn say(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).expect("standard error is open");
}
