//! Writing and reading JSON: the few lines that all of this crate shares.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// `{}`: the body of an answer that has nothing to say.
pub const EMPTY_OBJECT: Bytes = Bytes::from_static(b"{}");

/// Encodes a value of this crate's wire forms, once, to be shared by all frames that carry it.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Bytes {
    let mut out = Vec::with_capacity(256);
    write(&mut out, value);
    Bytes::from(out)
}

/// Appends a value of this crate's wire forms.
pub(crate) fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing to memory cannot fail, and no wire form has map keys other than text or a serialiser that gives up.
    serde_json::to_writer(out, value).expect("wire forms always serialise");
}

/// The text of an encoded body or frame, for those who print or compare it. Panics on bytes that this crate did not make.
pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("this crate writes UTF-8 only")
}

/// Reads an object into `T`. A derived `Deserialize` would also take an array for a struct; the wire does not.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    if !starts_with(text, b'{') {
        return Err(Unreadable("the data must be a JSON object".to_owned()));
    }
    serde_json::from_str(text).map_err(Unreadable::from)
}

/// Whether the first character that is not white space is `first`.
pub(crate) fn starts_with(text: &str, first: u8) -> bool {
    text.bytes().find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')) == Some(first)
}

/// A value that is there and not `null`.
pub(crate) fn present(raw: Option<&RawValue>) -> Option<&str> {
    raw.map(RawValue::get).filter(|text| *text != "null")
}

/// JSON that is not what was expected; the text says what and where, and repeats nothing of the input but field names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(explain(&error))
    }
}

/// What serde says, without its position (which is that inside the data, not inside the frame), and cut where it quotes input.
fn explain(error: &serde_json::Error) -> String {
    const LONGEST: usize = 160;
    let mut text = error.to_string();
    if let Some(at) = text.rfind(" at line ") {
        text.truncate(at);
    }
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
