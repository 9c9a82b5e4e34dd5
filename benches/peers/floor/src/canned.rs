//! What is said, but for the bytes that are put in.

/// Between the id of an answer and its data.
pub(crate) const DATA: &[u8] = b",\"data\":";
pub(crate) const ID: &[u8] = b"{\"id\":";
pub(crate) const DONE: &[u8] = b",\"data\":{}}";
pub(crate) const READ: &[u8] = br#","data":{"unread":0,"unreadTotal":0}}"#;

pub(crate) const UNKNOWN: &[u8] = br#","error":{"code":"bad_request","message":"there is no such event"}}"#;
pub(crate) const INCOMPLETE: &[u8] = br#","error":{"code":"bad_request","message":"a field is missing"}}"#;
pub(crate) const EMPTY: &[u8] =
    br#","error":{"code":"empty","message":"a message needs at least one character that is not white space"}}"#;
pub(crate) const TOO_LONG: &[u8] =
    br#","error":{"code":"too_long","message":"a message has at most 2000 characters","details":{"max":2000}}}"#;

/// A push of a message: order, number, order, number, number, sender, text.
pub(crate) const NEW_MESSAGE: &[u8] = br#"{"event":"new_message","data":"#;
pub(crate) const MESSAGE: [&[u8]; 8] = [
    br#"{"id":""#,
    b":",
    br#"","orderId":""#,
    br#"","seq":"#,
    br#","rev":"#,
    br#","version":1,"senderId":""#,
    br#"","kind":"text","content":""#,
    br#"","status":"sent","isEdited":false,"isModerated":false,"moderationFlags":[],"createdAt":"2026-01-01T00:00:00.000Z""#,
];
pub(crate) const OWN_ID: &[u8] = br#","clientMessageId":""#;

/// A push of somebody typing: order, person.
pub(crate) const TYPING: [&[u8]; 3] =
    [br#"{"event":"typing","data":{"orderId":""#, br#"","userId":""#, br#"","expiresInMs":10000}}"#];

/// The answer of `authenticate`: person.
pub(crate) const SIGNED_IN: [&[u8]; 2] = [br#","data":{"userId":""#, br#"","expiresAt":"2100-01-01T00:00:00.000Z"}}"#];

/// The answer of `join_app`: person, role.
pub(crate) const HELLO: [&[u8]; 3] = [
    br#","data":{"me":{"userId":""#,
    br#"","role":""#,
    br#""},"sessionId":"floor","serverTime":"2026-01-01T00:00:00.000Z","limits":{"messages":0,"windowMs":60000,"contentChars":2000,"rooms":100000,"frameBytes":65536},"reconnect":{"minMs":500,"maxMs":5000,"factor":2.0},"pingIntervalMs":25000,"pingTimeoutMs":20000,"online":[],"unreadTotal":0}}"#,
];

/// The answer of `join_order_chat`: order, number, number, number.
pub(crate) const JOINED: [&[u8]; 5] = [
    br#","data":{"chat":{"orderId":""#,
    br#"","kind":"order","participants":[],"state":"open","head":"#,
    br#","unread":0,"createdAt":"2026-01-01T00:00:00.000Z"},"messages":[],"upTo":"#,
    br#","head":"#,
    br#","more":false}}"#,
];
