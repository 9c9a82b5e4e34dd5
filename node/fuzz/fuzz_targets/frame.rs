//! Bytes from a socket: no panic, bounded memory, and the same messages however the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use souk_node::socket::frame::FrameReader;

fn read(bytes: &[u8], slice: usize) -> Option<Vec<String>> {
    let (mut reader, mut kept, mut seen) = (FrameReader::default(), Vec::new(), Vec::new());
    for chunk in bytes.chunks(slice) {
        kept.extend_from_slice(chunk);
        let used = reader.read(&mut kept, |incoming| {
            seen.push(format!("{incoming:?}"));
            true
        });
        kept.drain(..used.ok()?);
    }
    Some(seen)
}

fuzz_target!(|bytes: &[u8]| {
    let slice = bytes.first().map_or(1, |first| usize::from(*first) + 1);
    assert_eq!(read(bytes, bytes.len().max(1)), read(bytes, slice));
});
