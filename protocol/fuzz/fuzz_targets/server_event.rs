//! A push's name, a line break, its data: what was taken is written and taken again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use souk_protocol::json;
use souk_protocol::push::{PushKind, ServerEvent};

fuzz_target!(|text: &str| {
    let Some((name, data)) = text.split_once('\n') else { return };
    let Some(kind) = PushKind::parse(name) else { return };
    let Ok(event) = ServerEvent::parse(kind, data) else { return };
    let push = event.encode();
    assert!(ServerEvent::parse(push.kind, json::text(&push.body)).is_ok());
});
