//! Runs last and tells what was left out: with SOUK_REQUIRE=all nothing can be.

use souk_tests::left_out;

#[test]
fn the_end_of_the_run() {
    let left_out = left_out::take();
    if !left_out.is_empty() {
        left_out::say(&format!("\n==== this run left out what it could not try ====\n{left_out}\n"));
    }
    assert!(left_out.is_empty() || !left_out::all_is_required(), "nothing may be left out");
}
