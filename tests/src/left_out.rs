//! Tests that were left out, told at once and again at the end of the run.
//!
//! Test programs run one after the other and know nothing of each other; what they left out is kept in a file, which the test
//! program that runs last (`zz_left_out`) tells and empties.

use std::fs;
use std::io::Write;

use crate::place;

const FILE: &str = "left-out.txt";

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
