//! An event's name, a line break, its data: as a carrier hands them over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use souk_protocol::{Request, json, request};

fuzz_target!(|text: &str| {
    let Some((name, data)) = text.split_once('\n') else { return };
    let _ = request::client_message_id(Some(data));
    let Ok(read) = Request::parse(name, Some(data)) else { return };
    let written = read.data();
    assert_eq!(Request::parse(read.name(), Some(json::text(&written))), Ok(read));
});
