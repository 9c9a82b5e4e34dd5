//! What a client does with a text frame of the plain carrier.
#![no_main]

use libfuzzer_sys::fuzz_target;
use souk_protocol::plain::{self, ServerFrame};
use souk_protocol::push::{PushKind, ServerEvent};

fuzz_target!(|frame: &str| {
    for line in plain::decode_server(frame) {
        if let Ok(ServerFrame::Push { event, data }) = line {
            let _ = PushKind::parse(&event).map(|kind| ServerEvent::parse(kind, data));
        }
    }
});
