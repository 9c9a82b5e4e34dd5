//! The bytes of an envelope between nodes.
//!
//! Version 2, numbers big-endian: version (1 byte), kind (1), length of the order id (2), `seq` (8), origin node (8), origin
//! connection (8), time of publishing in milliseconds (8), checksum (4), the order id, and the body up to the end. The checksum is
//! the CRC-32 (as in Ethernet and zip) of all other bytes: what changed on the way must not reach a client. Version 1 has no
//! checksum, and is still read. A later version may change everything after its first byte; who does not know it drops the
//! envelope, counts that, and asks the store.

use bytes::{BufMut, Bytes, BytesMut};
use souk_chat::id::OrderId;
use souk_chat::log::Seq;
use souk_chat::ports::{Envelope, EnvelopeKind, Origin};
use souk_chat::time::Timestamp;

/// The version written here.
pub const VERSION: u8 = 2;
/// The version before, without a checksum.
const UNCHECKED: u8 = 1;
/// Bytes before the checksum, or before the order id where there is none.
const HEADER: usize = 36;
/// Bytes of the checksum.
const CHECKSUM: usize = 4;

/// Why bytes are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer node.
    #[error("version {0} of the envelope is not known here")]
    UnknownVersion(u8),
    /// Written by a newer node.
    #[error("kind {0} of envelope is not known here")]
    UnknownKind(u8),
    /// The checksum is wrong.
    #[error("the envelope was changed on its way")]
    Corrupt,
    /// Cut short, or with an order id that is none.
    #[error("the envelope is malformed")]
    Malformed,
}

/// The envelope as bytes.
pub fn encode(envelope: &Envelope) -> Bytes {
    let order = envelope.order.as_str().as_bytes();
    let length = u16::try_from(order.len()).expect("an order id has at most ORDER_ID_MAX bytes");
    let mut bytes = BytesMut::with_capacity(HEADER + CHECKSUM + order.len() + envelope.body.len());
    bytes.put_u8(VERSION);
    bytes.put_u8(envelope.kind as u8);
    bytes.put_u16(length);
    bytes.put_u64(envelope.seq.0);
    bytes.put_u64(envelope.origin.node);
    bytes.put_u64(envelope.origin.connection);
    bytes.put_i64(envelope.published_at.0);
    bytes.put_u32(0);
    bytes.put_slice(order);
    bytes.put_slice(&envelope.body);
    let checksum = checksum(&bytes);
    bytes[HEADER..HEADER + CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
    bytes.freeze()
}

/// Of all bytes but those of the checksum. There are enough.
fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..HEADER]);
    hasher.update(&bytes[HEADER + CHECKSUM..]);
    hasher.finalize()
}

/// Bytes before the order id in this version; `None`: not known here.
fn header(version: u8) -> Option<usize> {
    match version {
        VERSION => Some(HEADER + CHECKSUM),
        UNCHECKED => Some(HEADER),
        _ => None,
    }
}

/// The order id's bytes, unchecked, without looking at the rest. `None`: of a version that is not known here, or too short.
pub(crate) fn order_of(bytes: &[u8]) -> Option<&[u8]> {
    let header = header(*bytes.first()?)?;
    bytes.get(header..header + order_length(bytes)?)
}

fn order_length(bytes: &[u8]) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))
}

/// Reads an envelope; the body shares memory with `bytes`. `likely` is an order id that is taken when it is the same, which saves
/// making one.
pub fn decode(bytes: &Bytes, likely: Option<&OrderId>) -> Result<Envelope, DecodeError> {
    let version = *bytes.first().ok_or(DecodeError::Malformed)?;
    let header = header(version).ok_or(DecodeError::UnknownVersion(version))?;
    if version == VERSION {
        // Before anything else is believed of it.
        let told = bytes.get(HEADER..HEADER + CHECKSUM).ok_or(DecodeError::Malformed)?;
        if told != checksum(bytes).to_be_bytes() {
            return Err(DecodeError::Corrupt);
        }
    }
    let number = *bytes.get(1).ok_or(DecodeError::Malformed)?;
    let kind = EnvelopeKind::from_number(number).ok_or(DecodeError::UnknownKind(number))?;
    let order = order_of(bytes).ok_or(DecodeError::Malformed)?;
    let body = bytes.slice(header + order.len()..);
    let eight =
        |at: usize| -> [u8; 8] { bytes[at..at + 8].try_into().expect("eight bytes of the header, whose end was read") };
    let order = match likely {
        Some(likely) if likely.as_str().as_bytes() == order => likely.clone(),
        _ => {
            let text = std::str::from_utf8(order).map_err(|_| DecodeError::Malformed)?;
            OrderId::new(text).map_err(|_| DecodeError::Malformed)?
        }
    };
    Ok(Envelope {
        kind,
        order,
        seq: Seq(u64::from_be_bytes(eight(4))),
        origin: Origin { node: u64::from_be_bytes(eight(12)), connection: u64::from_be_bytes(eight(20)) },
        published_at: Timestamp(i64::from_be_bytes(eight(28))),
        body,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Envelope {
        Envelope {
            kind: EnvelopeKind::Typing,
            order: OrderId::new("o-1").unwrap(),
            seq: Seq(0x0102),
            origin: Origin { node: 0xA1B2_C3D4_E5F6_0718, connection: 9 },
            published_at: Timestamp(-2),
            body: Bytes::from_static(b"{}"),
        }
    }

    const HEADER_BYTES: &[u8] = b"\x02\x00\x03\
        \x00\x00\x00\x00\x00\x00\x01\x02\
        \xA1\xB2\xC3\xD4\xE5\xF6\x07\x18\
        \x00\x00\x00\x00\x00\x00\x00\x09\
        \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE";

    /// These bytes travel between nodes of different builds: they never change for these versions.
    #[test]
    fn versions_are_written_and_read_like_this_for_ever() {
        let two = [b"\x02", HEADER_BYTES, b"\x28\xA1\x7C\x1D", b"o-1{}"].concat();
        assert_eq!(&encode(&sample())[..], two);
        let one = [b"\x01", HEADER_BYTES, b"o-1{}"].concat();
        for bytes in [one, two] {
            assert_eq!(decode(&Bytes::from(bytes), None).unwrap(), sample());
        }
    }

    /// With the checksum of what it says now.
    fn signed(mut bytes: Vec<u8>) -> Bytes {
        let checksum = checksum(&bytes);
        bytes[HEADER..HEADER + CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        bytes.into()
    }

    #[test]
    fn what_a_newer_node_writes_is_told_apart_from_rubbish() {
        let changed = |at: usize, byte: u8| {
            let mut bytes = encode(&sample()).to_vec();
            bytes[at] = byte;
            decode(&signed(bytes), None)
        };
        assert_eq!(changed(0, 3), Err(DecodeError::UnknownVersion(3)));
        assert_eq!(changed(1, 77), Err(DecodeError::UnknownKind(77)));
        assert_eq!(changed(3, 200), Err(DecodeError::Malformed), "the order id ends after the bytes");
        assert_eq!(changed(40, b' '), Err(DecodeError::Malformed), "no order id");
        assert_eq!(changed(40, 0xFF), Err(DecodeError::Malformed), "no text");
        let whole = encode(&sample());
        for end in 0..whole.len() {
            let cut = decode(&whole.slice(..end), None);
            assert!(matches!(cut, Err(DecodeError::Malformed | DecodeError::Corrupt)), "cut at {end}: {cut:?}");
        }
    }

    #[test]
    fn a_bit_that_changed_on_the_way_is_noticed_wherever_it_is() {
        let whole = encode(&sample());
        for bit in 8..whole.len() * 8 {
            let mut bytes = whole.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&Bytes::from(bytes), None), Err(DecodeError::Corrupt), "bit {bit}");
        }
        // One of the version makes it another's; none of these is written without a checksum.
        for bit in 0..8 {
            let mut bytes = whole.to_vec();
            bytes[0] ^= 1 << bit;
            assert!(matches!(decode(&Bytes::from(bytes), None), Err(DecodeError::UnknownVersion(_))), "bit {bit}");
        }
    }

    #[test]
    fn a_likely_order_is_taken_only_when_it_is_the_same() {
        let bytes = encode(&sample());
        for likely in ["o-1", "o-2"] {
            let likely = OrderId::new(likely).unwrap();
            assert_eq!(decode(&bytes, Some(&likely)).unwrap(), sample());
        }
    }

    proptest! {
        #[test]
        fn every_envelope_comes_back_as_it_was(
            order in "[A-Za-z0-9_~-]{1,264}", seq: u64, node: u64, connection: u64, at: i64, typing: bool, body: Vec<u8>,
        ) {
            let kind = if typing { EnvelopeKind::Typing } else { EnvelopeKind::Entry };
            let envelope = Envelope {
                kind,
                order: OrderId::new(&order).unwrap(),
                seq: Seq(seq),
                origin: Origin { node, connection },
                published_at: Timestamp(at),
                body: Bytes::from(body),
            };
            let bytes = encode(&envelope);
            prop_assert_eq!(order_of(&bytes), Some(order.as_bytes()));
            prop_assert_eq!(decode(&bytes, None).unwrap(), envelope);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>, first in 0u8..4) {
            let mut bytes = bytes;
            if let Some(version) = bytes.first_mut() {
                *version = first;
            }
            let _ = order_of(&bytes);
            let _ = decode(&Bytes::from(bytes), None);
        }
    }
}
