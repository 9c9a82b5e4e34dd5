//! The bytes of an envelope between nodes.
//!
//! Version 1, numbers big-endian: version (1 byte), kind (1), length of the order id (2), `seq` (8), origin node (8), origin
//! connection (8), time of publishing in milliseconds (8), the order id, and the body up to the end. A later version may change
//! everything after its first byte; who does not know it drops the envelope and counts that.

use bytes::{BufMut, Bytes, BytesMut};
use souk_chat::id::OrderId;
use souk_chat::log::Seq;
use souk_chat::ports::{Envelope, EnvelopeKind, Origin};
use souk_chat::time::Timestamp;

/// The version written here.
pub const VERSION: u8 = 1;
/// Bytes before the order id.
const HEADER: usize = 36;

/// Why bytes are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer node.
    #[error("version {0} of the envelope is not known here")]
    UnknownVersion(u8),
    /// Written by a newer node.
    #[error("kind {0} of envelope is not known here")]
    UnknownKind(u8),
    /// Cut short, or with an order id that is none.
    #[error("the envelope is malformed")]
    Malformed,
}

/// The envelope as bytes.
pub fn encode(envelope: &Envelope) -> Bytes {
    let order = envelope.order.as_str().as_bytes();
    let length = u16::try_from(order.len()).expect("an order id has at most ORDER_ID_MAX bytes");
    let mut bytes = BytesMut::with_capacity(HEADER + order.len() + envelope.body.len());
    bytes.put_u8(VERSION);
    bytes.put_u8(envelope.kind as u8);
    bytes.put_u16(length);
    bytes.put_u64(envelope.seq.0);
    bytes.put_u64(envelope.origin.node);
    bytes.put_u64(envelope.origin.connection);
    bytes.put_i64(envelope.published_at.0);
    bytes.put_slice(order);
    bytes.put_slice(&envelope.body);
    bytes.freeze()
}

/// The order id's bytes, unchecked, without looking at the rest. `None`: not of this version, or too short.
pub(crate) fn order_of(bytes: &[u8]) -> Option<&[u8]> {
    if *bytes.first()? != VERSION {
        return None;
    }
    bytes.get(HEADER..HEADER + order_length(bytes)?)
}

fn order_length(bytes: &[u8]) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))
}

/// Reads an envelope; the body shares memory with `bytes`. `likely` is an order id that is taken when it is the same, which saves
/// making one.
pub fn decode(bytes: &Bytes, likely: Option<&OrderId>) -> Result<Envelope, DecodeError> {
    let version = *bytes.first().ok_or(DecodeError::Malformed)?;
    if version != VERSION {
        return Err(DecodeError::UnknownVersion(version));
    }
    let number = *bytes.get(1).ok_or(DecodeError::Malformed)?;
    let kind = EnvelopeKind::from_number(number).ok_or(DecodeError::UnknownKind(number))?;
    let order = order_of(bytes).ok_or(DecodeError::Malformed)?;
    let body = bytes.slice(HEADER + order.len()..);
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

    /// These bytes travel between nodes of different builds: they never change for version 1.
    #[test]
    fn version_1_is_written_like_this_for_ever() {
        let golden: &[u8] = b"\x01\x02\x00\x03\
            \x00\x00\x00\x00\x00\x00\x01\x02\
            \xA1\xB2\xC3\xD4\xE5\xF6\x07\x18\
            \x00\x00\x00\x00\x00\x00\x00\x09\
            \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE\
            o-1{}";
        assert_eq!(&encode(&sample())[..], golden);
        assert_eq!(decode(&Bytes::from_static(golden), None).unwrap(), sample());
    }

    #[test]
    fn what_a_newer_node_writes_is_told_apart_from_rubbish() {
        let changed = |at: usize, byte: u8| {
            let mut bytes = encode(&sample()).to_vec();
            bytes[at] = byte;
            decode(&Bytes::from(bytes), None)
        };
        assert_eq!(changed(0, 2), Err(DecodeError::UnknownVersion(2)));
        assert_eq!(changed(1, 77), Err(DecodeError::UnknownKind(77)));
        assert_eq!(changed(3, 200), Err(DecodeError::Malformed), "the order id ends after the bytes");
        assert_eq!(changed(36, b' '), Err(DecodeError::Malformed), "no order id");
        assert_eq!(changed(36, 0xFF), Err(DecodeError::Malformed), "no text");
        let whole = encode(&sample());
        for end in 0..whole.len() - 2 {
            assert_eq!(decode(&whole.slice(..end), None), Err(DecodeError::Malformed), "cut at {end}");
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
        fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>, first in 0u8..3) {
            let mut bytes = bytes;
            if let Some(version) = bytes.first_mut() {
                *version = first;
            }
            let _ = order_of(&bytes);
            let _ = decode(&Bytes::from(bytes), None);
        }
    }
}
