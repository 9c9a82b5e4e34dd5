//! A client of `souk.v1`.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Frame, Socket, soon};

/// A connection on `/ws`.
pub(crate) struct Plain {
    pub(crate) socket: Socket,
    next: u64,
    /// Pushes that came while an answer was waited for.
    pushes: VecDeque<Value>,
}

impl Plain {
    pub(crate) fn over(socket: Socket) -> Self {
        Self { socket, next: 0, pushes: VecDeque::new() }
    }

    /// The next text as JSON; pings are left unanswered, a close is a panic.
    async fn value(&mut self) -> Value {
        loop {
            match self.socket.next().await {
                Frame::Text(text) => {
                    return serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
                }
                Frame::Ping(_) | Frame::Pong(_) => {}
                end => panic!("the connection ended with {end:?}"),
            }
        }
    }

    /// Sends a text and reads what is no push: an answer, or a refusal without id.
    pub(crate) async fn raw(&mut self, text: &str) -> Value {
        self.socket.text(text).await;
        self.answer().await
    }

    /// The next frame that is no push.
    pub(crate) async fn answer(&mut self) -> Value {
        loop {
            let value = self.value().await;
            if value.get("event").is_none() {
                return value;
            }
            self.pushes.push_back(value);
        }
    }

    /// Asks and waits for the answer under the same id: `{data}` or `{error}`.
    pub(crate) async fn ask(&mut self, event: &str, data: Value) -> Value {
        self.next += 1;
        let answer = self.raw(&json!({"id": self.next, "event": event, "data": data}).to_string()).await;
        assert_eq!(answer["id"], json!(self.next), "an answer to something else: {answer}");
        answer
    }

    /// Asks; the answer's data.
    pub(crate) async fn done(&mut self, event: &str, data: Value) -> Value {
        let answer = self.ask(event, data).await;
        answer.get("data").unwrap_or_else(|| panic!("{event} was refused: {answer}")).clone()
    }

    /// Asks; the refusal's code and message.
    pub(crate) async fn refused(&mut self, event: &str, data: Value) -> (String, String) {
        let answer = self.ask(event, data.clone()).await;
        refusal(&answer).unwrap_or_else(|| panic!("{event} {data} was not refused: {answer}"))
    }

    /// The code of a refusal.
    pub(crate) async fn code(&mut self, event: &str, data: Value) -> String {
        self.refused(event, data).await.0
    }

    /// The next push: its name and data.
    pub(crate) async fn push(&mut self) -> (String, Value) {
        let push = match self.pushes.pop_front() {
            Some(push) => push,
            None => self.value().await,
        };
        let name = push["event"].as_str().unwrap_or_else(|| panic!("not a push: {push}")).to_owned();
        (name, push["data"].clone())
    }

    /// Pushes until the one of this name.
    pub(crate) async fn push_of(&mut self, wanted: &str) -> Value {
        soon(wanted, async {
            loop {
                let (name, data) = self.push().await;
                if name == wanted {
                    return data;
                }
            }
        })
        .await
    }

    /// Asserts that nothing but what is named comes before the answer to a fresh `ping`.
    pub(crate) async fn quiet(&mut self, but: &[&str]) {
        self.done("ping", json!({})).await;
        let surprises: Vec<_> =
            self.pushes.drain(..).filter(|push| !but.contains(&push["event"].as_str().unwrap_or_default())).collect();
        assert!(surprises.is_empty(), "nobody asked for {surprises:?}");
    }

    /// Reads until the server closes; with which code.
    pub(crate) async fn closed(&mut self) -> u16 {
        self.socket.closed().await
    }
}

/// Code and message of `{error}`.
pub(crate) fn refusal(answer: &Value) -> Option<(String, String)> {
    let error = answer.get("error")?;
    let text = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {answer}")).to_owned();
    Some((text("code"), text("message")))
}
