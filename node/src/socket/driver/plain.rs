//! The plain protocol: one session, a JSON object a frame.

use smallvec::{SmallVec, smallvec};
use souk_chat::Timestamp;
use souk_protocol::{Close, Error, plain};

use super::{Outcome, Protocol, Wire, no_binary_frames};
use crate::hub::{Ack, Encoding};
use crate::session::{SIGN_IN_FIRST, SignedIn};
use crate::socket::seat::Seat;

pub(super) struct Plain(Seat);

impl Plain {
    /// Signed in at once where the handshake brought a good token; `Some`: it may not be.
    pub(super) fn open(wire: &Wire, handshake: Option<(SignedIn, String)>) -> (Self, Option<Close>) {
        let mut seat = Seat::new(Encoding::Plain, 0, 0, wire.now());
        let close = handshake.and_then(|(signed_in, token)| {
            seat.token = wire.context.token_number(&token);
            seat.sign_in(signed_in, &wire.handle, &wire.context)
        });
        (Self(seat), close)
    }
}

impl Protocol for Plain {
    fn text(&mut self, wire: &Wire, text: &str) -> Outcome {
        let Self(seat) = self;
        let decoded = match plain::decode(text) {
            Ok(decoded) => decoded,
            Err(malformed) => {
                wire.write(&plain::error(malformed.id, &malformed.error));
                return if malformed.is_misuse() { Outcome::Offence } else { Outcome::GoOn };
            }
        };
        let ack = decoded.id.map(Ack);
        match decoded.request() {
            Ok(request) => seat.request(ack, request, &wire.handle, &wire.context).into(),
            Err(error) if seat.device().is_none() => {
                let error = Error::unauthorized(format!("{SIGN_IN_FIRST}; {}", error.message));
                wire.write(&plain::error(decoded.id, &error));
                Outcome::End(Close::Unauthorized)
            }
            Err(error) => {
                seat.refuse_event(ack, &error, &decoded.event, decoded.client_message_id(), &wire.handle);
                Outcome::GoOn
            }
        }
    }

    fn binary(&mut self, wire: &Wire) -> Outcome {
        wire.write(&plain::error(None, &no_binary_frames()));
        Outcome::Offence
    }

    fn finished(&mut self, wire: &Wire, _slot: u8, send: bool) -> Option<Close> {
        self.0.finished(send, &wire.handle, &wire.context)
    }

    fn tick(&mut self, wire: &Wire) -> Outcome {
        self.0.tick(&wire.handle, &wire.context).map_or(Outcome::GoOn, Outcome::WindDown)
    }

    fn next_tick(&self) -> Option<Timestamp> {
        self.0.next_tick()
    }

    fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    fn seats(&mut self) -> SmallVec<[&mut Seat; 2]> {
        smallvec![&mut self.0]
    }

    fn tokens(&self) -> SmallVec<[u64; 4]> {
        smallvec![self.0.token]
    }

    /// The close frame says it all.
    fn say_goodbye(&self, _: &Wire, _: Close, _: &str, _: Option<u64>) {}
}
