//! The codes of errors: their names on the wire and their statuses over HTTP.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $title:literal;)*) => {
        /// Why something was refused, as a program reads it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
            /// A code that this build does not know. Read by clients from a newer server, never sent.
            Other,
        }

        impl Code {
            /// All codes that a server sends.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Other => "other" }
            }

            /// The status of a REST answer with this code.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Other => 500 }
            }

            /// A short name for people, the same for each error of the code.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* Self::Other => "Unknown error" }
            }
        }
    };
}

codes! {
    /// The request makes no sense; the message says what to change.
    BadRequest = "bad_request", 400, "Bad request";
    /// A text in which nothing can be seen.
    Empty = "empty", 400, "Empty message";
    /// A text of too many characters.
    TooLong = "too_long", 400, "Message too long";
    /// No token, or one that is not good.
    Unauthorized = "unauthorized", 401, "Not signed in";
    /// Not yours, or not there.
    Forbidden = "forbidden", 403, "Forbidden";
    /// Only the author may do this.
    NotAuthor = "not_author", 403, "Not the author";
    /// No such thing inside a chat of yours.
    NotFound = "not_found", 404, "Not found";
    /// REST: this address has no such method.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The chat is read-only.
    ChatClosed = "chat_closed", 409, "Chat closed";
    /// Too late to edit.
    EditWindowOver = "edit_window_over", 409, "Editing time is over";
    /// What is there under this id is something else.
    IdempotencyConflict = "idempotency_conflict", 409, "Id used for something else";
    /// Text only.
    MediaNotAllowed = "media_not_allowed", 415, "Media not allowed";
    /// The same text too often.
    Spam = "spam", 422, "Spam";
    /// Moderation did not let it pass.
    RefusedByModeration = "refused_by_moderation", 422, "Refused by moderation";
    /// Too many messages; `retryAfterMs` says how long to wait.
    RateLimited = "rate_limited", 429, "Too many messages";
    /// Joined too many chats on one connection.
    TooManyRooms = "too_many_rooms", 429, "Too many chats joined";
    /// Not now; `retryAfterMs` says how long to wait.
    Unavailable = "unavailable", 503, "Unavailable";
}

impl Code {
    /// The code of this name; [`Code::Other`] where this build knows none.
    pub fn parse(name: &str) -> Self {
        Self::ALL.iter().copied().find(|code| code.as_str() == name).unwrap_or(Self::Other)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(Self::parse(&name))
    }
}
