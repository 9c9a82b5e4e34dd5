//! A client of Socket.IO, packet by packet.

use serde_json::{Value, json};

use super::{Frame, Socket};

/// A connection on a Socket.IO path; the open packet was read.
pub(crate) struct SocketIo {
    pub(crate) socket: Socket,
    next: u64,
    /// The data of the open packet.
    pub(crate) open: Value,
}

impl SocketIo {
    pub(crate) async fn over(mut socket: Socket) -> Self {
        let Frame::Text(open) = socket.next().await else { panic!("the first frame is the open packet") };
        let open = open.strip_prefix('0').unwrap_or_else(|| panic!("not an open packet: {open}"));
        let open = serde_json::from_str(open).unwrap();
        Self { socket, next: 0, open }
    }

    /// Sends one text as it is.
    pub(crate) async fn send(&mut self, packet: &str) {
        self.socket.text(packet).await;
    }

    /// The next text that is no heartbeat. Panics when the connection ends.
    pub(crate) async fn packet(&mut self) -> String {
        loop {
            match self.socket.next().await {
                Frame::Text(text) if text == "2" => self.send("3").await,
                Frame::Text(text) => return text,
                end => panic!("the connection ended with {end:?}"),
            }
        }
    }

    /// Asks for a namespace (`""` or `"/chat,"`) with a token; what is answered.
    pub(crate) async fn try_connect(&mut self, prefix: &str, token: &str) -> String {
        self.send(&format!("40{prefix}{}", json!({"token": token}))).await;
        self.packet().await
    }

    /// Opens a namespace.
    pub(crate) async fn connect(&mut self, prefix: &str, token: &str) {
        let answer = self.try_connect(prefix, token).await;
        assert!(answer.starts_with(&format!("40{prefix}{{\"sid\":")), "{answer}");
    }

    /// Sends an event and reads the acknowledgement's argument; pushes in between are dropped.
    pub(crate) async fn ask(&mut self, prefix: &str, event: &str, data: Value) -> Value {
        self.next += 1;
        self.send(&format!("42{prefix}{}{}", self.next, json!([event, data]))).await;
        let wanted = format!("43{prefix}{}[", self.next);
        loop {
            let packet = self.packet().await;
            if let Some(rest) = packet.strip_prefix(&wanted) {
                let argument = rest.strip_suffix(']').expect("an array ends");
                return serde_json::from_str(argument).unwrap_or_else(|_| panic!("not JSON: {packet}"));
            }
            assert!(packet.starts_with(&format!("42{prefix}[")), "neither acknowledgement nor push: {packet}");
        }
    }

    /// The next event: its name and data.
    pub(crate) async fn event(&mut self, prefix: &str) -> (String, Value) {
        let packet = self.packet().await;
        let body = packet.strip_prefix(&format!("42{prefix}")).unwrap_or_else(|| panic!("not an event: {packet}"));
        let [name, data]: [Value; 2] = serde_json::from_str(body).unwrap_or_else(|_| panic!("{packet}"));
        (name.as_str().expect("a name").to_owned(), data)
    }

    /// Holds that the server says goodbye with this code: `closing` and DISCONNECT in these namespaces, then the transport.
    pub(crate) async fn farewell(&mut self, code: u16, prefixes: &[&str]) {
        for prefix in prefixes {
            let (name, data) = self.event(prefix).await;
            assert_eq!((name.as_str(), data["closeCode"].as_u64()), ("closing", Some(code.into())), "{data}");
            assert!(data["code"].is_string() && data["message"].is_string(), "{data}");
            if code < 4_100 {
                assert_eq!(self.packet().await, format!("41{prefix}"));
            } else {
                assert!(code >= 4_200 || data["reconnectAfterMs"].is_u64(), "{data}");
            }
        }
        assert_eq!(self.closed().await, code);
    }

    /// Reads until the transport closes; with which code.
    pub(crate) async fn closed(&mut self) -> u16 {
        self.socket.closed().await
    }
}

/// The code in a CONNECT_ERROR of this namespace.
pub(crate) fn connect_error(packet: &str, prefix: &str) -> String {
    let body = packet.strip_prefix(&format!("44{prefix}")).unwrap_or_else(|| panic!("no CONNECT_ERROR: {packet}"));
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{packet}"));
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{packet}");
    body["data"]["code"].as_str().unwrap_or_else(|| panic!("no code: {packet}")).to_owned()
}
