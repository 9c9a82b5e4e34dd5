//! Bytes from another node: no panic, and whatever comes out of them is text.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use souk_chat::{OrderId, Seq};
use souk_protocol::envelope::{EntryEnvelope, Viewpoint, decode_status, decode_typing};

fuzz_target!(|bytes: &[u8]| {
    let body = Bytes::copy_from_slice(bytes);
    let _ = decode_typing(&body);
    let _ = decode_status(&body);
    let order = OrderId::new("o-1").expect("an id");
    let Ok(entry) = EntryEnvelope::read(order, Seq(1), body) else { return };
    for viewpoint in [Viewpoint::Other, Viewpoint::Author(0), Viewpoint::Author(1)] {
        if let Some(push) = entry.push(viewpoint) {
            assert!(std::str::from_utf8(&push.body).is_ok());
        }
    }
});
