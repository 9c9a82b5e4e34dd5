//! Errors over REST, and close codes.

use souk_protocol::{Close, json};

use crate::golden::Golden;
use crate::samples::errors;

#[test]
fn rest_errors_and_close_codes() {
    let mut golden = Golden::new("errors.txt", "Errors over REST (application/problem+json), and close codes.");
    for error in errors() {
        let wait = error.retry_after_seconds().map_or_else(String::new, |s| format!("Retry-After: {s}"));
        let status = format!("{} {wait}", error.code.http_status());
        golden.case(error.code.as_str(), &[status.trim_end(), json::text(&error.problem())]);
    }
    for close in Close::ALL {
        let lines = format!("{} {:?}: {}", close.number(), close.reconnect(), close.text());
        golden.case(&format!("close {}", close.code()), &[&lines]);
    }
    golden.check();
}
