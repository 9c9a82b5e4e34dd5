//! WebSocket frames as a client sends and reads them, as light as can be.

/// Opcode of a text frame.
pub(crate) const TEXT: u8 = 1;
/// Opcode of a close frame.
pub(crate) const CLOSE: u8 = 8;
/// Opcode of a ping.
pub(crate) const PING: u8 = 9;
/// Opcode of a pong.
pub(crate) const PONG: u8 = 10;

/// One mask for all frames: it must be there and be undone, but nothing here needs to be unforeseeable.
const MASK: [u8; 4] = [0x5f, 0x13, 0xa6, 0xc9];

/// A whole, masked frame, put behind `out`.
pub(crate) fn encode(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => out.push(0x80 | length.to_le_bytes()[0]),
        Ok(length) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A masked text frame.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    encode(TEXT, payload, &mut out);
    out
}

/// A frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What it is.
    pub(crate) opcode: u8,
    /// What it holds.
    pub(crate) payload: &'a [u8],
    /// How many bytes it took.
    pub(crate) length: usize,
}

/// The first frame in `buffer`, once it is there in whole.
pub(crate) fn decode(buffer: &[u8]) -> Option<Frame<'_>> {
    let [first, second, rest @ ..] = buffer else { return None };
    let (length, header): (usize, usize) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (usize::try_from(u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h])).ok()?, 10)
        }
        (126 | 127, _) => return None,
        (short, _) => (usize::from(short), 2),
    };
    let payload = buffer.get(header..header.checked_add(length)?)?;
    Some(Frame { opcode: first & 0x0f, payload, length: header + length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_once_it_is_whole() {
        for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut masked = text(&payload);
            // A server's frame is the same without the mask.
            let header = masked.len() - length - MASK.len();
            masked[1] &= 0x7f;
            let frame = [&masked[..header], &payload].concat();
            assert_eq!(decode(&frame[..frame.len() - 1]), None);
            assert_eq!(decode(&frame), Some(Frame { opcode: TEXT, payload: &payload, length: frame.len() }));
        }
    }
}
