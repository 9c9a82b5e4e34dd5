//! Bytes from Redis: no panic, and what was taken is written as the same bytes.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use souk_router::envelope;

fuzz_target!(|bytes: &[u8]| {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(envelope) = envelope::decode(&bytes, None) {
        assert_eq!(envelope::encode(&envelope), bytes);
    }
});
