//! WebSocket frames, as far as whole, short ones go.

use std::ops::Range;

/// Longest frame, header and all. souk takes no longer ones either.
pub(crate) const FRAME_BYTES: usize = 64 * 1024;

/// Opcodes with FIN.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// A frame of a client.
pub(crate) struct Frame {
    /// FIN and the opcode.
    pub(crate) first: u8,
    /// Where in the buffer its payload is, unmasked.
    pub(crate) payload: Range<usize>,
}

/// What is not spoken here: no mask, or too long.
#[derive(Debug)]
pub(crate) struct Broken;

/// The frame at `from`, once it is there whole; unmasks it.
pub(crate) fn next(buffer: &mut [u8], from: usize) -> Result<Option<Frame>, Broken> {
    let (first, length, size) = match &buffer[from..] {
        [_, second, ..] if second & 0x80 == 0 => return Err(Broken),
        [first, 0xfe, high, low, ..] => (*first, usize::from(u16::from_be_bytes([*high, *low])), 4),
        [_, 0xff, ..] => return Err(Broken),
        [_, 0xfe, ..] | [] | [_] => return Ok(None),
        [first, second, ..] => (*first, usize::from(second & 0x7f), 2),
    };
    let start = from + size + 4;
    let payload = start..start + length;
    if payload.end - from > FRAME_BYTES {
        return Err(Broken);
    }
    if buffer.len() < payload.end {
        return Ok(None);
    }
    let mask = [buffer[start - 4], buffer[start - 3], buffer[start - 2], buffer[start - 1]];
    for (byte, key) in buffer[payload.clone()].iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= key;
    }
    Ok(Some(Frame { first, payload }))
}

/// Puts a frame of these parts behind `out`.
pub(crate) fn put(out: &mut Vec<u8>, first: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(length + 10);
    out.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..126), _) => out.push(short),
        (_, Ok(long)) => {
            out.push(126);
            out.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        put(&mut frame, TEXT, &[payload]);
        let header = frame.len() - payload.len();
        frame[1] |= 0x80;
        let mask = [1, 2, 3, 4];
        frame.splice(header..header, mask);
        frame[header + 4..].iter_mut().zip(mask.into_iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        frame
    }

    #[test]
    fn a_frame_is_found_when_it_is_whole() {
        for length in [0, 1, 125, 126, 4_000] {
            let payload = vec![b'x'; length];
            let frame = masked(&payload);
            for cut in 0..frame.len() {
                assert!(next(&mut frame[..cut].to_vec(), 0).is_ok_and(|found| found.is_none()), "{cut} of {length}");
            }
            let mut bytes = [b"-".as_slice(), &frame, b"more"].concat();
            let found = next(&mut bytes, 1).unwrap().unwrap();
            assert_eq!((found.first, &bytes[found.payload]), (TEXT, &*payload));
        }
        assert!(next(&mut [0x81, 5, 0, 0, 0, 0], 0).is_err(), "clients mask");
        assert!(next(&mut [0x81, 0xff, 0, 0, 0, 0], 0).is_err(), "too long");
    }
}
