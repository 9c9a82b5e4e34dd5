//! What a node does with a text frame of the plain carrier: no panic, and what was taken is written and taken again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use souk_protocol::{json, plain};

fuzz_target!(|frame: &str| {
    let Ok(read) = plain::decode(frame) else { return };
    let _ = read.client_message_id();
    let Ok(request) = read.request() else { return };
    let written = plain::request_frame(read.id, &request);
    let again = plain::decode(json::text(&written)).expect("what is written is read");
    assert_eq!(again.request(), Ok(request));
});
