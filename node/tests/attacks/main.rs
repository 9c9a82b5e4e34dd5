//! The node under attack, over real sockets.
//!
//! Every test does to a node what no honest client does, asserts the exact answer of docs/protocol.md, and that two people who chat on the same
//! node meanwhile notice nothing.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bounds;
mod common;
mod floods;
mod frames;
mod handshakes;
mod requests;
mod rest;
mod socketio;
mod texts;
mod timing;
mod tokens;

/// Those that have to wait for a deadline of ten seconds wait together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_ten_seconds() {
    tokio::join!(
        tokens::who_does_not_sign_in_is_closed_after_ten_seconds(),
        handshakes::who_dawdles_over_a_head_is_cut_off(),
        handshakes::handshakes_over_the_rate_wait_and_then_are_refused(),
        rest::bodies_have_bounds_of_size_and_time(),
        socketio::leaving_what_is_not_open_wins_no_time(),
    );
}
