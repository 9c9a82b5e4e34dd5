//! Cutting fields off the front of shared bytes.

use std::str::FromStr;

use bytes::Bytes;

use super::EnvelopeError;

pub(super) struct Reader(pub(super) Bytes);

impl Reader {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], EnvelopeError> {
        let array = *self.0.first_chunk::<N>().ok_or(EnvelopeError::CutOff)?;
        let _ = self.0.split_to(N);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, EnvelopeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, EnvelopeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, EnvelopeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, EnvelopeError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, EnvelopeError> {
        self.array().map(i64::from_be_bytes)
    }

    /// The next `length` bytes, shared, not copied.
    pub(super) fn bytes(&mut self, length: usize) -> Result<Bytes, EnvelopeError> {
        if length > self.0.len() {
            return Err(EnvelopeError::CutOff);
        }
        Ok(self.0.split_to(length))
    }

    /// An id behind its length; `None`: length 0.
    pub(super) fn id<T: FromStr>(&mut self, field: &'static str) -> Result<Option<T>, EnvelopeError> {
        let length = self.u8()?;
        if length == 0 {
            return Ok(None);
        }
        let bytes = self.bytes(usize::from(length))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| EnvelopeError::Field(field))?;
        text.parse().map(Some).map_err(|_| EnvelopeError::Field(field))
    }

    pub(super) fn end(&self) -> Result<(), EnvelopeError> {
        if self.0.is_empty() { Ok(()) } else { Err(EnvelopeError::TooLong) }
    }
}
