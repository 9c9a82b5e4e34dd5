//! The server's end of one connection.

use fastwebsockets::{Frame, OpCode, Payload, WebSocket, WebSocketError};
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::soon;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wire {
    Plain,
    SocketIo,
}

/// The server's end of one connection.
pub struct Peer {
    pub(super) ws: WebSocket<TokioIo<Upgraded>>,
    /// The handshake's request line.
    pub uri: Uri,
    /// The handshake's headers.
    pub headers: HeaderMap,
    pub(super) wire: Wire,
    /// `""` or `"/chat,"`: what stands before the rest of a packet.
    pub(super) namespace: String,
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub id: Option<u64>,
    pub event: String,
    pub data: Value,
}

/// One frame of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Text(String),
    Pong(Vec<u8>),
    Close(Option<u16>),
    Gone,
}

impl Peer {
    /// The next frame.
    pub async fn hear(&mut self) -> Heard {
        self.ws.set_auto_close(false);
        let read = async {
            loop {
                match self.ws.read_frame().await {
                    // After its own close frame the library refuses all others; they are of no interest then.
                    Err(WebSocketError::ConnectionClosed) => {}
                    other => return other,
                }
            }
        };
        match soon("a frame", read).await {
            Ok(frame) => match frame.opcode {
                OpCode::Text => Heard::Text(String::from_utf8(frame.payload.to_vec()).unwrap()),
                OpCode::Pong => Heard::Pong(frame.payload.to_vec()),
                OpCode::Close => {
                    Heard::Close(frame.payload.get(..2).map(|two| u16::from_be_bytes(two.try_into().unwrap())))
                }
                other => panic!("{other:?}"),
            },
            Err(WebSocketError::UnexpectedEOF | WebSocketError::IoError(_)) => Heard::Gone,
            Err(error) => panic!("{error}"),
        }
    }

    /// The next text.
    pub async fn text(&mut self) -> String {
        match self.hear().await {
            Heard::Text(text) => text,
            other => panic!("a text was expected, not {other:?}"),
        }
    }

    /// The next request.
    pub async fn asked(&mut self) -> Asked {
        let text = self.text().await;
        if self.wire == Wire::Plain {
            let mut frame: Value = serde_json::from_str(&text).unwrap();
            let event = frame["event"].as_str().unwrap().to_owned();
            return Asked { id: frame["id"].as_u64(), event, data: frame["data"].take() };
        }
        let rest = text.strip_prefix("42").and_then(|rest| rest.strip_prefix(&self.namespace)).expect("an event");
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let mut arguments: Value = serde_json::from_str(&rest[digits..]).unwrap();
        let event = arguments[0].as_str().unwrap().to_owned();
        Asked { id: rest[..digits].parse().ok(), event, data: arguments[1].take() }
    }

    /// The next request, which must be this event.
    pub async fn expect(&mut self, event: &str) -> Asked {
        let asked = self.asked().await;
        assert_eq!(asked.event, event, "{asked:?}");
        asked
    }

    /// Takes any token. Gives it back.
    pub async fn sign_in(&mut self) -> String {
        if self.wire == Wire::Plain {
            let asked = self.expect("authenticate").await;
            self.answer(&asked, json!({"userId": "ann", "expiresAt": "2026-01-02T03:04:05.678Z"})).await;
            return asked.data["token"].as_str().unwrap().to_owned();
        }
        let auth = self.connect_packet().await;
        self.raw(&format!("40{}{{\"sid\":\"s1\"}}", self.namespace)).await;
        auth["token"].as_str().unwrap().to_owned()
    }

    /// Socket.IO: opens the transport and reads the request for a session.
    pub async fn connect_packet(&mut self) -> Value {
        let open =
            json!({"sid": "t1", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 65536});
        self.raw(&format!("0{open}")).await;
        let text = self.text().await;
        let rest = text.strip_prefix("40").expect("a connect packet");
        let json_at = rest.find('{').unwrap_or(rest.len());
        self.namespace = rest[..json_at].to_owned();
        serde_json::from_str(&rest[json_at..]).unwrap_or(Value::Null)
    }

    /// Answers.
    pub async fn answer(&mut self, asked: &Asked, data: Value) {
        let id = asked.id.expect("an answer is wanted");
        let text = match self.wire {
            Wire::Plain => json!({"id": id, "data": data}).to_string(),
            Wire::SocketIo => format!("43{}{id}[{data}]", self.namespace),
        };
        self.raw(&text).await;
    }

    /// Refuses.
    pub async fn refuse(&mut self, asked: &Asked, error: Value) {
        let id = asked.id.expect("an answer is wanted");
        let text = match self.wire {
            Wire::Plain => json!({"id": id, "error": error}).to_string(),
            Wire::SocketIo => format!("43{}{id}[{}]", self.namespace, json!({"error": error})),
        };
        self.raw(&text).await;
    }

    /// Tells unasked.
    pub async fn push(&mut self, event: &str, data: Value) {
        let text = match self.wire {
            Wire::Plain => json!({"event": event, "data": data}).to_string(),
            Wire::SocketIo => format!("42{}{}", self.namespace, json!([event, data])),
        };
        self.raw(&text).await;
    }

    /// Sends a text as it is.
    pub async fn raw(&mut self, text: &str) {
        let payload = Payload::Owned(text.as_bytes().to_vec());
        self.ws.write_frame(Frame::text(payload)).await.unwrap();
    }

    /// Sends a frame as it is.
    pub async fn frame(&mut self, frame: Frame<'static>) {
        self.ws.write_frame(frame).await.unwrap();
    }

    /// Closes with a number and a reason, and waits for the client's half.
    pub async fn close(mut self, number: u16, reason: &str) {
        self.frame(Frame::close(number, reason.as_bytes())).await;
        while !matches!(self.hear().await, Heard::Close(_) | Heard::Gone) {}
    }

    /// Ends Socket.IO as the server does: `closing`, DISCONNECT where wanted, then the transport.
    pub async fn end_session(mut self, closing: Value, disconnect: bool) {
        self.push("closing", closing).await;
        if disconnect {
            self.raw(&format!("41{}", self.namespace)).await;
        }
        // Dropping the transport is the rest of it.
    }
}
