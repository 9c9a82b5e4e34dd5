//! The first frames: who I am.

use std::time::Duration;

use souk_protocol::{Request, socketio};

use super::{Answer, Connection, Reply};
use crate::close::CloseReason;
use crate::codec::{self, Signal};
use crate::error::{ConnectError, RequestError};
use crate::limits::{CONNECT_TIME, REQUEST_TIME};
use crate::{AccessToken, Carrier};

/// What the first frames of Socket.IO told.
enum Step {
    Wait,
    Opened(Duration),
    Session,
    Refused(souk_protocol::Error),
}

impl Connection {
    pub(super) async fn sign_in(mut self, token: Option<&AccessToken>) -> Result<Self, ConnectError> {
        match (self.carrier, token) {
            (Carrier::Plain { .. }, None) => Ok(self),
            (Carrier::Plain { .. }, Some(token)) => self.authenticate(token).await.map(|()| self),
            (Carrier::SocketIo(namespace), token) => {
                let request = socketio::connect_request(namespace, token.map(AccessToken::secret));
                self.open_session(request).await.map(|()| self)
            }
        }
    }

    async fn authenticate(&mut self, token: &AccessToken) -> Result<(), ConnectError> {
        let request = Request::Authenticate { token: token.for_request() };
        // The whole of connecting has its own limit, which is the sooner one.
        match self.request(&request, CONNECT_TIME.max(REQUEST_TIME)).await {
            Ok(Reply { answer: Answer::SignedIn(signed_in), .. }) => {
                self.signed_in = Some(signed_in);
                Ok(())
            }
            Ok(_) => Err(ConnectError::NotAServer("signing in has another answer")),
            Err(RequestError::Refused(error)) => Err(ConnectError::Refused(error)),
            Err(RequestError::Lost(reason)) => Err(ConnectError::Closed(reason)),
            Err(RequestError::TooLarge) => Err(ConnectError::Header),
            Err(_) => Err(ConnectError::TimedOut),
        }
    }

    async fn open_session(&mut self, request: bytes::Bytes) -> Result<(), ConnectError> {
        loop {
            let text = self.socket.next().await.map_err(ConnectError::Closed)?;
            let mut step = Step::Wait;
            let read = codec::read(self.carrier, &text, |signal| {
                step = match signal {
                    Signal::Opened(open) => {
                        let silence = open.ping_interval.saturating_add(open.ping_timeout);
                        Step::Opened(Duration::from_millis(silence))
                    }
                    Signal::Session => Step::Session,
                    Signal::NoSession(error) => Step::Refused(error),
                    other => return self.take(other),
                };
                Ok(())
            });
            if let Err(reason) = read {
                self.end(reason);
                return Err(ConnectError::Closed(self.ended.clone().unwrap_or(CloseReason::Disconnected)));
            }
            match step {
                Step::Wait => {}
                Step::Opened(silence) => {
                    self.silence = silence;
                    self.queue_frame(request.clone()).map_err(|_| ConnectError::NotAServer("the token is too long"))?;
                }
                Step::Session => return Ok(()),
                Step::Refused(error) => return Err(ConnectError::Refused(error)),
            }
        }
    }
}
