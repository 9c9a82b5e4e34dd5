//! Why a connection ends: the number, whether to come back, and what people are told.

use serde::{Deserialize, Serialize};

/// What a client does after a close. It follows from the number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reconnect {
    /// Not with the same token or behaviour.
    Never,
    /// After a random wait: many others were cut at the same moment.
    AfterWait,
    /// At once: only this connection's state was lost.
    AtOnce,
}

impl Reconnect {
    /// What `number` asks for. Numbers outside souk's own, and a connection that broke without one (1006), mean a network or a
    /// server in trouble: wait.
    pub fn after(number: u16) -> Self {
        match number {
            1000 | 4000..=4099 => Self::Never,
            4200..=4299 => Self::AtOnce,
            _ => Self::AfterWait,
        }
    }
}

macro_rules! closes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal, $text:literal;)*) => {
        /// A reason to close, as the node gives it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Close {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Close {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// A name for programs: `closing` on Socket.IO, labels of metrics.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// A sentence for people, at most 123 bytes: it fits a close frame.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

closes! {
    /// Both sides are done.
    Normal = 1000, "normal", "goodbye";
    /// The peer broke the rules of WebSocket.
    ProtocolError = 1002, "protocol_error", "the frame breaks the rules of WebSocket";
    /// Text that is not UTF-8.
    BadUtf8 = 1007, "bad_utf8", "text frames must be UTF-8";
    /// A message over the bound.
    TooBig = 1009, "too_big", "the message is larger than this server takes";
    /// No good token, or none in time.
    Unauthorized = 4001, "unauthorized", "sign in with a valid token";
    /// The token ended and was not refreshed.
    TokenExpired = 4003, "token_expired", "the token has expired";
    /// The person has as many devices connected as allowed.
    TooManyDevices = 4004, "too_many_devices", "too many devices are connected for this user";
    /// The client sends what is not the protocol: too often, or where it cannot be told in another way.
    ProtocolMisuse = 4008, "protocol_misuse", "too many messages that are not this protocol";
    /// The node is full.
    OverCapacity = 4100, "over_capacity", "this node is full; come back after a wait";
    /// The client did not read what was sent to it.
    SlowConsumer = 4101, "slow_consumer", "the connection was read too slowly";
    /// The node is going away.
    Draining = 4102, "draining", "this node is going away; come back after a wait";
    /// The node no longer knows what it told this connection.
    StateLost = 4200, "state_lost", "the connection's state was lost; come back and catch up";
}

impl Close {
    /// The number of the close frame.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The reason with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|close| close.number() == number)
    }

    /// What clients do after it.
    pub fn reconnect(self) -> Reconnect {
        Reconnect::after(self.number())
    }

    /// Whether Socket.IO namespaces get a DISCONNECT before the transport closes: stock clients stay away after one, and come
    /// back by themselves without.
    pub fn disconnects_namespaces(self) -> bool {
        self.reconnect() == Reconnect::Never
    }

    /// The push that tells Socket.IO clients, which see no close codes.
    pub fn closing(self, reconnect_after_ms: Option<u64>) -> Closing {
        Closing { close_code: self.number(), code: self.code().into(), message: self.text().into(), reconnect_after_ms }
    }
}

/// `closing`: why this connection is about to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// The number that a plain WebSocket would close with.
    pub close_code: u16,
    /// The reason's name.
    pub code: std::borrow::Cow<'static, str>,
    /// The reason for people.
    pub message: std::borrow::Cow<'static, str>,
    /// How long to wait before coming back, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnect_after_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_says_whether_to_come_back() {
        for close in Close::ALL {
            let expected = match close.number() {
                1000 | 4000..=4099 => Reconnect::Never,
                4200..=4299 => Reconnect::AtOnce,
                _ => Reconnect::AfterWait,
            };
            assert_eq!(close.reconnect(), expected, "{close:?}");
            assert_eq!(Close::from_number(close.number()), Some(*close));
        }
        assert_eq!(Reconnect::after(4099), Reconnect::Never);
        assert_eq!(Reconnect::after(4100), Reconnect::AfterWait);
        assert_eq!(Reconnect::after(4200), Reconnect::AtOnce);
        assert_eq!(Reconnect::after(1006), Reconnect::AfterWait);
    }

    #[test]
    fn texts_fit_a_close_frame() {
        assert!(Close::ALL.iter().all(|close| close.text().len() <= 123));
    }
}
