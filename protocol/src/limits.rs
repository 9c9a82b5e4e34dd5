//! The bounds of the wire, each with a name. Those of the domain are in `souk_chat::limits`.

/// Longest WebSocket message of a client, and longest body over REST, in bytes: the node closes with 1009 above it, or answers 413.
/// What the node sends may be longer: see `souk_chat::limits::ANSWER_TEXT_BYTES`.
pub const FRAME_BYTES: usize = 65_536;
/// Deepest nesting of arrays and objects in one frame, the frame's own braces included.
pub const JSON_DEPTH: usize = 8;
/// Largest number that JSON carries between all languages without loss: 2⁵³−1. Request and acknowledgement ids end here.
pub const ID_MAX: u64 = (1 << 53) - 1;
/// Longest event name, in bytes. Longer ones are unknown and are not repeated in the answer.
pub const EVENT_NAME_BYTES: usize = 64;
/// Most binary attachments that a refused Socket.IO packet may announce; what the stock parsers allow too.
pub const ATTACHMENTS_MAX: usize = 10;
/// Longest token, in bytes.
pub const TOKEN_BYTES: usize = 8_192;
/// Longest cursor of a list, in bytes.
pub const CURSOR_BYTES: usize = 512;
/// Longest reason of a report, in Unicode scalar values.
pub const REASON_CHARS: usize = 200;
/// Longest comment of a report, in Unicode scalar values.
pub const COMMENT_CHARS: usize = 2_000;
